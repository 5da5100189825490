// The graph as a picture: a box for every value with its number and its gradient, lines from inputs to results. As in
// draw(), leaves have square corners, results round ones, and the output has a thick border. places.py computes columns
// and rows; a step changes only texts and classes.

const WRITTEN = 4;                                      // nodes with at most so many inputs show all their slopes
const BOX = {width: 142, height: 78}, GAP = {across: 88, down: 18}, MARGIN = 12;

class Picture {
  // `choose(k)` is called when the box of node k is clicked.
  constructor(place, nodes, choose) {
    this.nodes = nodes;
    this.place = place;
    this.under = element("svg:g", {class: "lines"});
    this.over = element("svg:g", {class: "boxes"});
    this.lines = nodes.map((node, k) => node.args.map((a, i) => typeof a === "string" ? null : this.line(a, k, i)));
    this.boxes = nodes.map((node, k) => this.box(node, k, choose));
    const width = this.x(Math.max(...nodes.map((node) => node.at[0]))) + BOX.width + MARGIN;
    const height = this.y(Math.max(...nodes.map((node) => Math.max(...node.at.slice(1))))) + BOX.height / 2 + MARGIN;
    const many = nodes.reduce((sum, node) => sum + node.args.length, 0) > 300;
    const tips = element("svg:defs", {}, arrow("ahead-tip", "M0 0 L8 4 L0 8 z"), arrow("back-tip", "M8 0 L0 4 L8 8 z"));
    this.svg = element("svg:svg", {viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true"},
                       tips, this.under, this.over);
    this.svg.classList.toggle("dense", many);
    // a small graph grows with the window, up to 1.5 times its size; a larger one scrolls
    this.svg.style.maxWidth = `${1.5 * width}px`;
    this.svg.style.minWidth = `${0.72 * width}px`;
    this.svg.style.maxHeight = `max(40vh, ${0.72 * height}px)`;
    place.replaceChildren(this.svg);
  }

  x(column) {
    return MARGIN + column * (BOX.width + GAP.across);
  }

  y(row) {
    return MARGIN + BOX.height / 2 + row * (BOX.height + GAP.down);
  }

  // The line from node a to input i of node k, past the columns between them.
  line(a, k, i) {
    const [start, row, ...bends] = this.nodes[a].at, [end, below] = this.nodes[k].at;
    const ports = this.nodes[k].args.length;            // a*a has two lines, which arrive side by side
    const port = (i - (ports - 1) / 2) * Math.min(16, (BOX.height - 20) / ports);
    const passed = bends.length >= end - start - 1 ? bends.slice(0, end - start - 1) : [];
    let [x, y] = [this.x(start) + BOX.width, this.y(row)];
    let path = `M${x} ${round(y)}`;
    const reach = (toX, toY) => {
      path += `C${(x + toX) / 2} ${round(y)} ${(x + toX) / 2} ${round(toY)} ${toX} ${round(toY)}`;
    };
    passed.forEach((bend, n) => {
      reach(this.x(start + 1 + n), this.y(bend));
      [x, y] = [this.x(start + 1 + n) + BOX.width, this.y(bend)];
      path += `H${x}`;
    });
    const [tipX, tipY] = [this.x(end) - 1, this.y(below) + port];
    reach(tipX, tipY);
    const line = element("svg:path", {d: path});
    this.under.append(line);
    return {line, middle: {x: (x + tipX) / 2, y: round((y + tipY) / 2 - 5)}, slope: null};
  }

  // The number on a line; its element is made on first use, because a wide graph has thousands of lines.
  write(drawn, text) {
    if (text && !drawn.slope) drawn.line.after(drawn.slope = element("svg:text", {class: "slope", ...drawn.middle}));
    if (drawn.slope) fit(drawn.slope, text, GAP.across - 8);
  }

  box(node, k, choose) {
    const [left, top] = [this.x(node.at[0]), this.y(node.at[1]) - BOX.height / 2];
    const text = (kind, x, y, words = "") => element("svg:text", {class: kind, x, y}, words);
    const data = text("data", 15, 47), grad = text("grad", 15, 67);
    const box = element("svg:g", {transform: `translate(${left} ${round(top)})`},
      element("svg:rect", {width: BOX.width, height: BOX.height, rx: node.op === null ? 0 : 16}),
      element("svg:title", {}, node.name),
      text("name", 15, 26, cut(node.name, node.sign.length > 1 ? 9 : 13)),
      text("sign", BOX.width - 15, 26, cut(node.sign, 8)), data, grad);
    box.addEventListener("click", () => choose(k));
    this.over.append(box);
    return {box, data, grad};
  }

  // Sets texts and classes of node k; `slopes` has a text for each of its inputs.
  show(k, classes, data, grad, slopes) {
    const {box, data: first, grad: second} = this.boxes[k];
    assign(box, classes);
    fit(first, data, BOX.width - 28);
    fit(second, grad, BOX.width - 28);
    this.lines[k].forEach((drawn, i) => {
      if (drawn) {
        this.write(drawn, slopes.length <= WRITTEN || slopes[i].kind ? slopes[i].text : "");
        assign(drawn.line, slopes[i].kind);
      }
    });
  }

  // Scrolls until node k is visible, in the middle, with its neighbours.
  follow(k) {
    const seen = this.place.getBoundingClientRect(), box = this.boxes[k].box.getBoundingClientRect();
    if (box.left < seen.left || box.right > seen.right) {
      this.place.scrollLeft += (box.left + box.right - seen.left - seen.right) / 2;
    }
    if (box.top < seen.top || box.bottom > seen.bottom) {
      this.place.scrollTop += (box.top + box.bottom - seen.top - seen.bottom) / 2;
    }
  }
}

function arrow(id, path) {
  return element("svg:marker", {id, viewBox: "0 0 8 8", refX: id === "back-tip" ? 0 : 8, refY: 4, markerWidth: 8,
                                markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto"},
                 element("svg:path", {d: path}));
}

function assign(node, classes) {
  if (node.getAttribute("class") !== classes) node.setAttribute("class", classes);
}

// Writes a text; a long one, such as -1.55322e-258, is set narrower.
function fit(place, text, width) {
  write(place, text);
  if (text.length * 9.5 > width) {                      // bold, in a wide face
    place.setAttribute("textLength", width);
    place.setAttribute("lengthAdjust", "spacingAndGlyphs");
  } else {
    place.removeAttribute("textLength");
  }
}

function cut(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}\u2026` : text;
}

function round(x) {
  return Math.round(x * 10) / 10;
}
