// What if? A leaf set to another number, its gradient compared with finite differences, and one step down the slope.

const WORK = 2000000;                                   // values that may be recomputed while a slider moves

class Panel {
  constructor(place) {
    this.place = place;
    this.rows = [];
  }

  // A view of the state: numbers, gradients and checks. A gradient is shown once its last step is passed, or on
  // request.
  show(state) {
    if (this.graph !== state.graph) this.build(state);
    const {given, data, graph, leaves, events, grads} = state,
      y = nameOf(root());
    const [was, is] = [given[root()], data[root()]].map((x) => typeset(x));
    write(byId("result"), `${y} = ${is}${is === was || Number.isNaN(given[root()]) ? "" : `, was ${was}`}`);
    const latest = new Map(seenEvents().map((event) => [event.target, event.use]));
    const all = this.rows.length * count() * 300 < WORK;
    for (const row of this.rows) {
      const {k} = row,
        open = latest.get(k) === graph.uses[k] || (state.told && !state.predict);
      if (row.seen === events && row.open === open && row.looked === (this.active === k)) continue;
      Object.assign(row, {seen: events, open, looked: this.active === k});
      row.field.setAttribute("aria-invalid", String(Boolean(row.wrong)));
      if (document.activeElement !== row.slider) reachTo(row.slider, leaves[k]);
      if (document.activeElement !== row.field) row.field.value = brief(leaves[k]);
      row.all.classList.toggle("changed", !Object.is(leaves[k], given[k]));
      write(row.slope, `d${y}/d${nameOf(k)} = ${open ? typeset(grads[k]) : "?"}`);
      if (!row.wrong) write(row.check, open && (all || k === this.active) ? checked(k, grads[k]) : "");
    }
    enable("undo", state.past.length > 0, "down");
  }

  build({graph}) {
    this.graph = graph;
    this.rows = graph.nodes.flatMap((node, k) => (node.op === null ? [this.row(node, k)] : []));
    this.active = this.rows[0]?.k;
    this.place.replaceChildren(...this.rows.map((row) => row.all));
  }

  row({name}, k) {
    const slider = element("input", {type: "range", "aria-label": `${name}, slider`});
    const field = element("input", {
      type: "text",
      inputmode: "decimal",
      id: `leaf-${k}`,
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": name,
      "aria-describedby": `about-${k}`,
    });
    const slope = element("p", {class: "exact"}),
      check = element("p", {class: "check"});
    const row = {
      k,
      slider,
      field,
      slope,
      check,
      wrong: "",
      all: element(
        "div",
        {class: "knob"},
        element("label", {for: `leaf-${k}`}, name),
        field,
        slider,
        element("div", {id: `about-${k}`}, slope, check),
      ),
    };
    reachTo(slider, state.leaves[k]);
    slider.addEventListener("input", () => this.tried(row, Number(slider.value)));
    field.addEventListener("input", () => this.tried(row, parsed(field.value)));
    slider.addEventListener("focus", () => this.look(row));
    field.addEventListener("focus", () => {
      this.look(row);
      field.select();
    });
    field.addEventListener("change", () => {
      const {wrong} = row;
      field.value = brief(state.leaves[k]);             // the field shows the leaf's number, also after invalid input
      this.look(row);
      if (wrong) write(row.check, `${wrong}; ${name} stays ${brief(state.leaves[k])}`);
    });
    return row;
  }

  // The reader has typed or slid to x; undefined if the text is not a number.
  tried(row, x) {
    row.wrong = "";
    row.wrong = x === undefined ? "write a number: 0.5, -2, 1e-3, 1/3, inf or nan" : setLeaf(row.k, x);
    row.field.setAttribute("aria-invalid", String(row.wrong !== ""));
    if (row.wrong) write(row.check, row.wrong);
  }

  // The reader is about to change this leaf; in a large graph only its gradient is checked.
  look(row) {
    this.active = row.k;
    Object.assign(row, {seen: null, wrong: ""});
    this.show(state);
  }
}

// A slider around x, wide enough for what is typed.
function reachTo(slider, x) {
  const size = Number.isFinite(x) ? Math.abs(x) : 1;
  if (!(Number(slider.max) >= size) || !slider.min) {
    const reach = 2 * Math.max(1, size);
    Object.assign(slider, {min: -reach, max: reach, step: reach / 200});
  }
  slider.value = x;
}

// The derivative by differences, and whether it agrees.
function checked(k, slope) {
  const {
    graph: {nodes},
    leaves,
    data,
  } = state;
  const f = (x) => attempt(() => forward(nodes, leaves, k, x).at(-1));
  const {noise, blurs} = roundings(nodes, data);
  const {
    seen: {value, error},
    kink,
    agrees: right,
  } = judged(f, data[k], slope, noise, blurs[k], scalesOf(leaves.filter((_, n) => nodes[n].op === null)));
  if (kink) return `a kink: slope ${typeset(kink[0])} from the left, ${typeset(kink[1])} from the right`;
  if (Number.isNaN(value)) return "differences: not finite nearby";
  if (error === Infinity) return "differences: they do not settle here";
  const verdict = right ? "\u2713 agrees" : "\u2717 DIFFERS";
  return `differences: ${typeset(value)} \u00b1 ${error.toExponential(0)} ${verdict}`;
}

// One step down: every leaf moves against its gradient ---------------------------------------------------------

function stepDown(rate) {
  const {leaves, grads, graph, past} = state;
  change({
    leaves: leaves.map((x, k) => (graph.nodes[k].op === null ? x - rate * grads[k] : x)),
    ...FRESH,
    past: [...past, leaves],
  });
}

function undoStep() {
  const {past} = state;
  if (past.length) change({leaves: past.at(-1), ...FRESH, past: past.slice(0, -1)});
}
