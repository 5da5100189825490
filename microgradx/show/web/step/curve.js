// An operation as a curve, for a closer look at one of its inputs.

// The operation as a curve over this one input, with the tangent: the slope at this point.
function curve(node, data, i, slope) {
  const xs = inputs(node, data),
    x = xs[i],
    y = data[state.graph.nodes.indexOf(node)];
  if (!Number.isFinite(x) || !Number.isFinite(y)) return [];
  const f = (t) => attempt(() => Number(values[node.op](...xs.slice(0, i), t, ...xs.slice(i + 1))));
  const reach = Math.max(2, 1.5 * Math.abs(x)),
    points = [];
  for (let n = 0; n <= 160; n += 1) points.push([x - reach + (n * reach) / 80, f(x - reach + (n * reach) / 80)]);
  const near = points
    .map(([, t]) => t)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const cutOff = Math.max(1, Math.abs(y)) * 4;
  const low = Math.max(near[0] ?? y - 1, y - cutOff),
    high = Math.min(near.at(-1) ?? y + 1, y + cutOff);
  const pad = Math.max(0.15 * (high - low), 0.3),
    width = 320,
    height = 180;
  const right = (t) => round(((t - x + reach) / (2 * reach)) * width);
  const down = (t) => round(height - ((t - low + pad) / (high - low + 2 * pad)) * height);
  let d = "";
  points.forEach(([t, value], n) => {
    const seen = Number.isFinite(value) && down(value) > -height && down(value) < 2 * height;
    if (seen) d += `${d.endsWith("-") || !n ? "M" : "L"}${right(t)} ${down(value)}`.replace(/^L/, d ? "L" : "M");
    else if (d && !d.endsWith("-")) d += "-";
  });
  const line = element(
    "svg:svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      class: "curve",
      role: "img",
      "aria-label": `The operation over its input, with the tangent of slope ${brief(slope ?? 0)}`,
    },
    element("svg:path", {class: "axis", d: `M0 ${down(0)}H${width}M${right(0)} 0V${height}`}),
    element("svg:path", {class: "graph", d: d.replaceAll("-M", "M").replace(/-$/, "")}),
  );
  if (slope !== null && Number.isFinite(slope)) {
    line.append(
      element("svg:path", {
        class: "tangent",
        d: `M0 ${clampTo(down(y - slope * reach))}L${width} ${clampTo(down(y + slope * reach))}`,
      }),
    );
  }
  line.append(element("svg:circle", {cx: right(x), cy: down(y), r: 5}));
  return [line];
}

const clampTo = (x) => Math.max(-1e5, Math.min(1e5, x));
