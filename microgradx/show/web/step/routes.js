// Where the boxes and lines of the picture are, in its own units, and free places for the numbers on the lines.

const BOX = {width: 112, height: 68},
  GAP = {across: 66, down: 16},
  MARGIN = 14;
const LABEL = {width: 58, height: 18};
const ASIDE = [0, -12, 12];                             // on the line, then a little above or below it
const TRIED = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.12, 0.88];  // places of a number along its line

// {boxes: [{x, y}], lines: [{d, at, label}], width, height} of a layout (layout.js); x, y is the upper left corner;
// at(t) is the point of a line at t from 0 to 1; label, the middle of its number, is null where there is no room.
function routed(boxes, edges, {column, row, bends, ports}, labelled) {
  const left = (c) => MARGIN + c * (BOX.width + GAP.across);
  const middle = (r) => MARGIN + BOX.height / 2 + r * (BOX.height + GAP.down);
  const corners = boxes.map((_, k) => ({x: left(column[k]), y: middle(row[k]) - BOX.height / 2}));
  const lines = edges.map(({from, to}, e) => {
    const port = ports[e] * Math.min(BOX.height - 20, 16 * edges.filter((other) => other.to === to).length);
    const pieces = [];
    let [x, y] = [left(column[from]) + BOX.width, middle(row[from])];
    const reach = (toX, toY) => {
      pieces.push([x, y, (x + toX) / 2, y, (x + toX) / 2, toY, toX, toY]);
      [x, y] = [toX, toY];
    };
    bends[e].forEach((bend, n) => {
      reach(left(column[from] + 1 + n), middle(bend));
      reach(x + BOX.width, y);
    });
    reach(left(column[to]) - 1, middle(row[to]) + port);
    return {pieces, d: pathOf(pieces), at: (t) => along(pieces, t), label: null};
  });
  placeLabels(corners, lines, labelled);
  return {
    boxes: corners,
    lines,
    width: Math.max(...corners.map(({x}) => x)) + BOX.width + MARGIN,
    height:
      Math.max(...corners.map(({y}) => y), ...lines.map(({pieces}) => Math.max(...pieces.map((p) => p[7])))) +
      BOX.height +
      MARGIN,
  };
}

function pathOf(pieces) {
  const [[x, y]] = pieces;
  return `M${round(x)} ${round(y)}${pieces.map((p) => `C${p.slice(2).map(round).join(" ")}`).join("")}`;
}

function round(x) {
  return Math.round(x * 10) / 10;
}

// The point at t from 0 to 1 along some Bezier curves, all counted as equally long.
function along(pieces, t) {
  const n = Math.min(pieces.length - 1, Math.floor(t * pieces.length)),
    s = t * pieces.length - n,
    r = 1 - s;
  const p = pieces[n],
    mix = (k) => r * r * r * p[k] + 3 * r * r * s * p[k + 2] + 3 * r * s * s * p[k + 4] + s * s * s * p[k + 6];
  return {x: mix(0), y: mix(1)};
}

// A place for the number of each labelled line, on or beside the line, clear of all boxes and of the other numbers.
function placeLabels(corners, lines, labelled) {
  const taken = corners.map(({x, y}) => ({x: x + BOX.width / 2, y: y + BOX.height / 2, ...BOX}));
  const meets = (p) =>
    taken.some(
      (q) => Math.abs(p.x - q.x) < (LABEL.width + q.width) / 2 && Math.abs(p.y - q.y) < (LABEL.height + q.height) / 2,
    );
  lines.forEach((line, e) => {
    if (!labelled[e]) return;
    const places = ASIDE.flatMap((aside) => TRIED.map((t) => ({x: line.at(t).x, y: line.at(t).y + aside})));
    line.label = places.find((p) => !meets(p)) ?? null;
    if (line.label) taken.push({...line.label, ...LABEL});
  });
}
