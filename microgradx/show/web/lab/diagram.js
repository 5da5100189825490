// The network as a picture: a small map for every unit, lines for the weights, a bar of gradient size under each layer,
// and the output over the plane with all points, large, beside it.

const TILE = 40;                                        // of a unit's map, in pixels; smaller where there is no room
const BUNDLE = 64;                                      // wires that are shown at a time
const NARROW = 480;                                     // pixels of a phone, on which the output is to be seen as well

class Diagram {
  constructor(place) {
    this.place = place;
    this.tiles = [];
    this.wires = [];
    const name = "Weights: the arrow keys go from one to the next";
    this.svg = element("svg:svg", {class: "wires", role: "group", "aria-label": name});
    place.append(this.svg);
    rove(this.svg, () => this.wires.map(({all}) => all));
    new ResizeObserver(() => {
      this.shape = "";
      askFrame();
    }).observe(place);
  }

  // A view of the lab, in parts: a new picture is made layer by layer.
  *show(lab) {
    const {network} = lab.trainer,
      shape = `${network.sizes} ${network.acts} ${this.place.clientWidth}`;
    if (this.shape !== shape) {
      yield* this.build(network);
      this.shape = shape;
    }
    this.tiles.forEach((tile) => this.paint(tile, lab));
    const {weights, grad} = network,
      shown = {weight: weights, gradient: grad, update: lab.trainer.last}[lab.edges];
    const most = sizeOf(shown);
    yield;
    for (const [n, wire] of this.wires.entries()) {
      this.weigh(wire, lab, shown[wire.place], most);
      if (n % BUNDLE === BUNDLE - 1) yield;                 // with all their numbers in words, where it rests
    }
    this.bars.forEach(({bar, text}, l) => {
      const norm = lab.seen.norms[l],
        most = Math.max(...lab.seen.norms, 1e-300);
      bar.value = norm > 0 ? Math.max(0.02, 1 + Math.log10(norm / most) / 6) : 0;
      write(text, norm.toExponential(0));
    });
  }

  // Units and lines that can be pressed.
  controls() {
    return [...this.tiles.map(({button}) => button), ...this.wires.map(({all}) => all)];
  }

  *build(network) {
    const focused = this.controls().indexOf(document.activeElement);
    const {sizes, depth} = network,
      width = this.place.clientWidth,
      most = Math.max(...sizes);
    const tile = Math.min(width < NARROW ? 0.7 * TILE : TILE, Math.max(22, width / (depth + 1) - 22)),
      gap = most > 6 ? 6 : 12;
    const height = most * (tile + gap) + 58,
      across = (width - tile - 8) / Math.max(1, depth);
    this.place.style.height = `${height}px`;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const at = (l, j) => ({
      x: 4 + l * across,
      y: 4 + (most * (tile + gap) - sizes[l] * (tile + gap)) / 2 + j * (tile + gap),
    });
    this.place.replaceChildren(this.svg);
    this.tiles = [];
    this.bars = [];
    for (let l = 0; l <= depth; l += 1) {
      for (let j = 0; j < sizes[l]; j += 1) this.tiles.push(this.tile(network, l, j, at(l, j), tile));
      const wide = Math.min(44, across - 4);
      if (l) this.bars.push(this.bar(l, Math.min(at(l, 0).x + (tile - wide) / 2, width - wide), height - 50, wide));
    }
    this.wires = [];
    this.svg.replaceChildren();
    for (let l = 0; l < depth; l += 1) {
      for (let j = 0; j < sizes[l + 1]; j += 1) {
        for (let i = 0; i < sizes[l]; i += 1)
          this.wires.push(this.wire(network, l, j, i, at(l, i), at(l + 1, j), tile));
      }
      this.svg.append(...this.wires.slice(-sizes[l] * sizes[l + 1]).map(({all}) => all));
      yield;
    }
    if (focused >= 0 && document.activeElement === document.body)
      this.controls()[focused]?.focus({preventScroll: true});
  }

  tile(network, l, j, {x, y}, size) {
    const canvas = element("canvas", {"aria-hidden": "true"}),
      dots = element("canvas", {"aria-hidden": "true", class: "dots"});
    const name = l === 0 ? `Input x${j + 1}` : l === network.depth ? "The output" : `Unit ${j + 1} of layer ${l}`;
    const button = element("button", {class: "tile", "aria-label": name, title: name}, canvas, dots);
    Object.assign(button.style, {left: `${x}px`, top: `${y}px`, width: `${size}px`, height: `${size}px`});
    if (l) button.addEventListener("click", () => alter({unit: {l: l - 1, j}, edge: null}));
    else button.disabled = true;
    this.place.append(button);
    return {button, canvas, dots, l, j, unit: network.unitAt[l] + j};
  }

  bar(l, x, y, width) {
    const bar = element("meter", {min: 0, max: 1, "aria-label": `Size of the gradient of layer ${l}`}),
      text = element("span", {});
    const all = element(
      "div",
      {
        class: "norm",
        title: "Size of the gradient of this layer's weights (root mean square), on a scale of powers of ten",
      },
      bar,
      text,
    );
    Object.assign(all.style, {left: `${x}px`, top: `${y}px`, width: `${width}px`});
    this.place.append(all);
    return {bar, text};
  }

  wire(network, l, j, i, from, to, size) {
    const [x1, y1, x2, y2] = [from.x + size, from.y + size / 2, to.x, to.y + size / 2],
      middle = (x1 + x2) / 2;
    const d = `M${x1} ${round(y1)}C${middle} ${round(y1)} ${middle} ${round(y2)} ${x2} ${round(y2)}`;
    const line = element("svg:path", {class: "wire", d}),
      touch = element("svg:path", {class: "touch", d}),
      title = element("svg:title", {});
    const all = element("svg:g", {role: "button", tabindex: this.wires.length ? "-1" : "0"}, title, line, touch);
    onPress(all, () => alter({unit: {l, j}, edge: {l, j, i}}));
    return {all, line, title, place: network.row(l, j) + i, l, j, i};
  }

  paint({button, canvas, dots, l, j, unit}, lab) {
    const {unit: chosen} = lab,
      ill = lab.seen.ill.find((found) => found.l === l - 1 && found.j === j);
    button.classList.toggle("chosen", Boolean(l && chosen && chosen.l === l - 1 && chosen.j === j));
    button.classList.toggle("ill", Boolean(ill));
    drawUnit(canvas, dots, lab, unit, l === 0);
  }

  weigh({all, line, title, place, l, j, i}, lab, x, most) {
    const {network, last} = lab.trainer,
      width = round(0.6 + 5 * Math.min(1, Math.abs(x) / most || 0));
    if (line.shown !== width) Object.assign(line, {shown: width}).style.strokeWidth = width;
    const {edge} = lab,
      chosen = edge && edge.l === l && edge.j === j && edge.i === i;
    assign(all, [x < 0 && "minus", chosen && "chosen"]);
    if (lab.playing) return;
    const [weight, slope, step] = [network.weights, network.grad, last].map((numbers) => brief(numbers[place], 4));
    write(title, `weight ${weight}, gradient ${slope}, last update ${step}`);
    const from = l ? `unit ${i + 1}` : `input x${i + 1}`;
    if (!all.hasAttribute("aria-label")) {
      all.setAttribute("aria-label", `Weight of ${from} in ${layerName(network, l)}, unit ${j + 1}`);
    }
  }
}
