// A closer look at what the reader has chosen. An edge: its rule, its numbers, and the operation's curve with the
// tangent at this point. A value: the terms that its gradient receives, and the ways to the root with their products.

const WAYS = 10,
  TERM_LINES = 12;

// A click on a box or a line. A box also leads to its step: forward, the one that computes it; on the way back, the one
// that completes its gradient.
function choose(chosen) {
  const {node, i} = chosen;
  let at;
  if (state.at < count()) at = node;
  else
    at =
      count() +
      state.events.findLastIndex((event) =>
        i === undefined ? event.target === node : event.node === node && event.i === i,
      );
  change({chosen, at, verdict: "", flight: null, playing: false});
}

function openGroup(key) {
  change({open: new Set([...state.open, key])});
}

class Closer {
  constructor(place) {
    this.place = place;
  }

  // A view of the state.
  show({chosen, graph, predict, events}) {
    byId("fold").hidden = state.open.size === 0;
    if (this.chosen === chosen && this.events === events && this.graph === graph && this.predict === predict) return;
    Object.assign(this, {chosen, events, graph, predict});
    if (!chosen) this.place.replaceChildren(element("p", {class: "quiet"}, HINT));
    else if (predict)
      this.place.replaceChildren(element("p", {class: "quiet"}, "Not while you predict: it would tell."));
    else this.place.replaceChildren(...(chosen.i === undefined ? valueCloser(chosen.node) : edgeCloser(chosen)));
  }
}

const HINT =
  "Press a box for the terms of its gradient and its ways to the result; press a line for its slope as a tangent.";

function valueCloser(k) {
  const {
      graph: {nodes},
      data,
      events,
      grads,
    } = state,
    frozen = slopesOf(nodes, data);
  const terms = events.filter((event) => event.target === k),
    name = nameOf(k),
    y = nameOf(root());
  const found = paths(nodes, frozen, k, WAYS),
    ways = pathCount(nodes, frozen, k);
  const listed = terms
    .slice(0, TERM_LINES)
    .map(({node, i, slope, incoming, contribution, flows}) =>
      element(
        "li",
        {},
        i === null
          ? "1: the result itself"
          : flows
            ? `${typeset(contribution)} = ${typeset(incoming)} \u00d7 ${typeset(slope)}, from ${nameOf(node)}`
            : `nothing from ${nameOf(node)}: no gradient flows here`,
      ),
    );
  const routes = found
    .filter(({path}) => path.length)
    .map(({path, product}) =>
      element("li", {}, `${typeset(product)}: ${[name, ...path.map(([n]) => nameOf(n))].join(" \u2192 ")}`),
    );
  return [
    element("h3", {}, `${name} = ${typeset(data[k])}, grad(${name}) = ${typeset(grads[k])}`),
    element(
      "p",
      {},
      terms.length > 1 ? `A sum of ${terms.length} terms, one for each use:` : "One term, for its one use:",
    ),
    element("ul", {}, ...listed),
    ...(terms.length > TERM_LINES ? [element("p", {class: "quiet"}, `and ${terms.length - TERM_LINES} more`)] : []),
    ...(routes.length
      ? [
          element(
            "p",
            {},
            ways > routes.length
              ? `${many(ways)} ways lead to ${y}; the ${routes.length} with the largest products of slopes:`
              : `${ways === 1 ? "The one way" : `All ${ways} ways`} to ${y}, with the product of the slopes:`,
          ),
          element("ol", {}, ...routes),
        ]
      : []),
  ];
}

function edgeCloser({node, i}) {
  const {
      graph: {nodes},
      data,
      events,
    } = state,
    event = events.find((e) => e.node === node && e.i === i);
  const lines = [formulaLine(node), ...slopeLines(event, false), ...kinkLines(event), chainLine(event, false)];
  return [
    element("h3", {}, `How ${nameOf(node)} changes with ${nameOf(event.target)}`),
    element("dl", {class: "lines"}, ...lines),
    ...curve(nodes[node], data, i, event.slope),
  ];
}

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

const many = (ways) => (Number.isSafeInteger(ways) ? ways.toLocaleString("en") : "Very many");
const clampTo = (x) => Math.max(-1e5, Math.min(1e5, x));
