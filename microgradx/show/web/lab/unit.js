// A closer look at one unit: its map, its weights with their gradients, and, for one weight, why it moved: the samples
// whose terms add up to its gradient. From here a click leads to the unit's own graph of scalars.

const SHOWN = 8;                                        // samples listed, the largest terms first

class UnitPanel {
  constructor(place) {
    this.place = place;
    this.map = element("canvas", {class: "large", "aria-hidden": "true"});
    this.dots = element("canvas", {class: "large dots", "aria-hidden": "true"});
    this.text = element("div", {});
    place.replaceChildren(element("div", {class: "stack"}, this.map, this.dots), this.text);
  }

  // A view of the lab.
  show(lab) {
    const {unit, trainer} = lab;
    byId("unit-card").hidden = !unit;
    if (!unit) return;
    const {network} = trainer,
      u = network.unitAt[unit.l + 1] + unit.j;
    write(byId("unit-heading"), unitName(network, unit));
    drawUnit(this.map, this.dots, lab, u);
    if (!lab.playing || !this.text.firstChild) refill(this.text, this.lines(lab, network, u));
  }

  lines(lab, network, u) {
    const {unit, edge, trainer, seen, sample} = lab,
      {l, j} = unit,
      count = trainer.training.length;
    const ill = seen.ill.filter((found) => found.l === l && (found.j === j || found.j === null));
    const row = network.row(l, j),
      size = network.sizes[l];
    const rows = Array.from({length: size + 1}, (_, i) => this.weight(network, row + i, i, l, size));
    const s = sample ?? 0,
      open = element("button", {id: "open-graph", class: "main"}, "Step through its chain rule");
    open.addEventListener("click", () => openScalar(unit, s));
    return [
      ...ill.map((found) => element("p", {class: "ill"}, illText(network, found))),
      element(
        "p",
        {},
        `${network.acts[l]} of ${size} weighted input${size === 1 ? "" : "s"} and a bias. ` +
          `Gradients: of the mean loss of all ${count} training points.`,
      ),
      element("table", {}, element("tbody", {}, ...rows)),
      ...(edge
        ? this.why(network, edge, trainer)
        : [element("p", {class: "quiet"}, "Press a weight to see which points pull at it.")]),
      element(
        "p",
        {},
        `Point ${s + 1}${sample === null ? " (press another in the output)" : ""}: ` +
          `output ${typeset(this.at(network, trainer.samples[s], l, j), 4)}.`,
      ),
      open,
    ];
  }

  // The output of the unit at a sample.
  at(network, sample, l, j) {
    if (!sample) return NaN;
    network.forward(sample.x);
    return network.h[network.count * network.units + network.unitAt[l + 1] + j];
  }

  weight(network, place, i, l, size) {
    const {
        unit: {j},
        edge,
      } = lab,
      name = i === size ? "bias" : l ? `from unit ${i + 1}` : `of x${i + 1}`;
    const button = element("button", {"aria-pressed": String(Boolean(edge && edge.i === i))}, name);
    button.addEventListener("click", () => alter({edge: edge && edge.i === i ? null : {l, j, i}}));
    return element(
      "tr",
      {},
      element("th", {scope: "row"}, button),
      element("td", {}, typeset(network.weights[place], 4)),
      element("td", {class: "exact"}, `grad ${typeset(network.grad[place], 4)}`),
    );
  }

  // The terms of a weight's gradient, one for each training point: gradient of the sum times the input.
  why(network, {l, j, i}, trainer) {
    const terms = largestTerms(trainer, {l, j, i});
    const items = terms.map(({s, term}) => {
      const button = element("button", {}, `${typeset(term, 4)} from point ${s + 1}`);
      button.addEventListener("click", () => alter({sample: s}));
      return element("li", {}, button);
    });
    return [
      element(
        "p",
        {},
        `Why it moves: its gradient ${typeset(network.grad[network.row(l, j) + i], 4)} is a sum over ` +
          `${trainer.training.length} points. The largest terms:`,
      ),
      element("ol", {class: "terms"}, ...items),
    ];
  }
}

// The training points that add most to the gradient of a weight: each term is the gradient of the unit's sum at this
// point, times the input that the weight multiplies.
function largestTerms({network, training}, {l, j, i}) {
  const {units, dz, h, unitAt, sizes} = network,
    out = unitAt[l + 1] + j,
    input = i === sizes[l] ? null : unitAt[l] + i;
  const terms = training.map((_, s) => ({s, term: dz[s * units + out] * (input === null ? 1 : h[s * units + input])}));
  return terms.sort((a, b) => Math.abs(b.term) - Math.abs(a.term)).slice(0, SHOWN);
}

function unitName({depth}, {l, j}) {
  return l === depth - 1 ? "The output unit" : `Layer ${l + 1}, unit ${j + 1}`;
}

function illText(network, {l, j, what, share, remedy}) {
  const who = j === null ? `Layer ${l + 1}` : unitName(network, {l, j});
  return `${who} is ${what}${share ? ` at ${share} of the points` : ""}: ${remedy}.`;
}

// The list of what is ill, each with a way to it.
function showHealth({seen, trainer: {network}}) {
  const text = seen.ill.map((found) => illText(network, found)).join("\n");
  const place = byId("health");
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  refill(
    place,
    seen.ill.map((found) => {
      const button = element("button", {class: "ill"}, illText(network, found));
      button.addEventListener("click", () => alter({unit: {l: found.l, j: found.j ?? 0}, edge: null}));
      return element("li", {}, button);
    }),
  );
  byId("health-card").hidden = seen.ill.length === 0;
}
