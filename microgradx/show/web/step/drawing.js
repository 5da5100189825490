// Small things of the picture: frames around groups, arrows, text that fits, presses by mouse and keys.

// A frame around the boxes of every open group, where no other box is inside.
function framesOf(items, corners) {
  const inside = new Map();
  items.forEach(({path}, b) =>
    path.forEach((key, level) => {
      if (!inside.has(key)) inside.set(key, {level, boxes: []});
      inside.get(key).boxes.push(b);
    }),
  );
  return [...inside].flatMap(([key, {level, boxes}]) => {
    const pad = Math.max(3, 8 - 2 * level);
    const left = Math.min(...boxes.map((b) => corners[b].x)) - pad,
      top = Math.min(...boxes.map((b) => corners[b].y)) - pad;
    const right = Math.max(...boxes.map((b) => corners[b].x + BOX.width)) + pad;
    const low = Math.max(...boxes.map((b) => corners[b].y + BOX.height)) + pad;
    const clear = corners.every(
      ({x, y}, b) => boxes.includes(b) || x > right || x + BOX.width < left || y > low || y + BOX.height < top,
    );
    if (!clear || !key.startsWith("scope ")) return [];
    const title = key.slice(6).split("/").at(-1);
    return [
      element("svg:rect", {x: left, y: top, width: right - left, height: low - top, rx: 8}),
      element("svg:text", {x: left + 4, y: top - 3}, cut(title, 20)),
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
  return text.length > length ? `${text.slice(0, length - 1)}\u2026` : text;
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
