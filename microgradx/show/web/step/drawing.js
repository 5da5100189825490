// Small things of the picture: the ground under groups, arrows, text that fits, presses by mouse and keys.

// The ground under every open scope: in each column a strip under its boxes, as wide as the column, so that strips side
// by side make one field. No other box stands on it.
function groundOf(items, corners) {
  const columns = new Map(),
    scopes = new Map();
  corners.forEach(({x}, b) => columns.set(x, [...(columns.get(x) ?? []), b]));
  for (const column of columns.values()) column.sort((a, b) => corners[a].y - corners[b].y);
  items.forEach(({path}) =>
    path.forEach((key, level) => {
      if (key.startsWith("scope ")) scopes.set(key, level);
    }),
  );
  return [...scopes].flatMap(([key, level]) => {
    const strips = [];
    for (const [x, column] of columns) {
      let last = null;
      for (const b of column) {
        if (!items[b].path.includes(key)) last = null;
        else if (last) last.low = corners[b].y + BOX.height;
        else strips.push((last = {x, top: corners[b].y, low: corners[b].y + BOX.height}));
      }
    }
    const pad = 7 - 2 * Math.min(level, 2);
    const first = strips.reduce((p, q) => (q.x < p.x || (q.x === p.x && q.top < p.top) ? q : p));
    const shown = items.some(({path}) => path.at(-1) === key);         // else a name within says it all
    return [
      ...strips.map(({x, top, low}) => {
        const [width, height] = [BOX.width + GAP.across, low - top + 2 * pad];
        return element("svg:rect", {x: x - GAP.across / 2, y: top - pad, width, height});
      }),
      ...(shown ? [element("svg:text", {x: first.x, y: first.top - 4}, cut(key.slice(6).replace("/", " "), 24))] : []),
    ];
  });
}

function arrow(id, path) {
  return element(
    "svg:marker",
    {
      id,
      viewBox: "0 0 8 8",
      refX: id === "back-tip" ? 0 : 8,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      markerUnits: "userSpaceOnUse",
      orient: "auto",
    },
    element("svg:path", {d: path}),
  );
}

function assign(node, classes) {
  const text = classes.filter(Boolean).join(" ");
  if (node.getAttribute("class") !== text) node.setAttribute("class", text);
}

// Writes a text; one that is too long is set narrower.
function fit(place, text, width) {
  write(place, text);
  if (text.length * 8.2 > width) {
    // in a wide face
    place.setAttribute("textLength", width);
    place.setAttribute("lengthAdjust", "spacingAndGlyphs");
  } else {
    place.removeAttribute("textLength");
  }
}

function cut(text, length) {
  const letters = [...printable(text)];
  return letters.length > length ? `${letters.slice(0, length - 1).join("")}\u2026` : letters.join("");
}

const typographic = (text) => text.replaceAll("-", "\u2212");

// Calls act() on a click, and on Enter or the space bar while it has the focus.
function onPress(part, act) {
  part.addEventListener("click", act);
  part.addEventListener("keydown", (key) => {
    if (key.key !== "Enter" && key.key !== " ") return;
    key.preventDefault();
    key.stopPropagation();
    act();
  });
}
