// The panel of leaves: set another number, and compare the exact gradient with differences.

const WORK = 400000;                                    // values that may be recomputed while a slider moves

class Panel {
  // `change(k, x)` sets leaf k to x and returns an error message, or "".
  constructor(place, change) {
    this.change = change;
    this.rows = nodes.map((node, k) => (node.op === null ? this.row(node, k) : null));
    this.active = this.rows.findIndex((row) => row);
    place.replaceChildren(...this.rows.filter((row) => row).map((row) => row.all));
  }

  row({name}, k) {
    const reach = 2 * Math.max(1, Number.isFinite(given[k]) ? Math.abs(given[k]) : 1);
    const slider = element("input", {type: "range", min: -reach, max: reach, step: reach / 200,
                                     "aria-label": `${name}, slider`});
    const field = element("input", {type: "text", inputmode: "decimal", id: `leaf-${k}`, autocomplete: "off",
                                    spellcheck: "false", "aria-describedby": `about-${k}`});
    const slope = element("p", {class: "exact"}), check = element("p", {class: "check"});
    const row = {k, slider, field, slope, check, all: element("div", {class: "knob"},
      element("label", {for: `leaf-${k}`}, name), field, slider, element("div", {id: `about-${k}`}, slope, check))};
    slider.addEventListener("input", () => this.tried(row, Number(slider.value)));
    field.addEventListener("input", () => this.tried(row, parsed(field.value)));
    slider.addEventListener("focus", () => this.look(row));
    field.addEventListener("focus", () => {
      this.look(row);
      field.select();
    });
    field.addEventListener("change", () => {
      field.value = brief(now.leaves[k]);               // the field shows the leaf's number, also after invalid input
      this.look(row);
      if (row.wrong) write(row.check, `${row.wrong}; ${name} stays ${brief(now.leaves[k])}`);
    });
    return row;
  }

  // The reader has typed or slid to x; undefined if the text is not a number.
  tried(row, x) {
    row.wrong = x === undefined ? "write a number: 0.5, -2, 1e-3, 1/3, inf or nan" : this.change(row.k, x);
    row.field.setAttribute("aria-invalid", String(row.wrong !== ""));
    if (row.wrong) write(row.check, row.wrong);
  }

  // The reader is about to change this leaf; in a large graph only its gradient is checked.
  look(row) {
    this.active = row.k;
    row.seen = undefined;
    this.show(this.isOpen);
  }

  // Shows numbers, gradients and checks; gradient k is hidden unless isOpen(k).
  show(isOpen) {
    this.isOpen = isOpen;
    const y = nodes[root].name, [was, is] = [given[root], now.data[root]].map(typeset);
    write(byId("result"), `${y} = ${is}${is === was ? "" : `, was ${was}`}`);
    const rows = this.rows.filter((row) => row), all = rows.length * nodes.length * 64 < WORK;
    for (const row of rows) {
      const {k} = row, open = isOpen(k);
      if (row.seen === now.events && row.open === open) continue;       // nothing has changed since
      Object.assign(row, {seen: now.events, open});
      row.field.setAttribute("aria-invalid", "false");
      if (document.activeElement !== row.slider) row.slider.value = now.leaves[k];
      if (document.activeElement !== row.field) row.field.value = brief(now.leaves[k]);
      row.all.classList.toggle("changed", !Object.is(now.leaves[k], given[k]));
      write(row.slope, `d${y}/d${nodes[k].name} = ${open ? typeset(now.grads[k]) : "?"}`);
      write(row.check, open && (all || k === this.active) ? checked(k, now.grads[k]) : "");
    }
  }
}

// The derivative by differences, and whether it agrees.
function checked(k, exact) {
  const f = (x) => {
    try {
      return forward(nodes, now.leaves, k, x).at(-1);
    } catch {
      return NaN;                                       // take() has no such index
    }
  };
  const x = now.data[k];
  const {value, error} = differences(f, x), [left, right] = oneSided(f, x);
  if (Math.abs(left - right) > 1e-3 * Math.max(Math.abs(left), Math.abs(right)) + 1e-6) {
    return `a kink: slope ${typeset(left)} from the left, ${typeset(right)} from the right`;
  }
  if (Number.isNaN(value)) return "differences: not finite nearby";
  const agrees = Math.abs(exact - value) <= 1e-8 * Math.abs(value) + 10 * error;
  const verdict = agrees ? "\u2713 agrees" : "\u2717 DIFFERS";
  return `differences: ${typeset(value)} \u00b1 ${error.toExponential(0)} ${verdict}`;
}

// A typed number: 0.5, -2, 1e-3, 1/3, inf, nan. Undefined if the text is not one.
function parsed(text) {
  const words = text.trim().toLowerCase().replaceAll("\u2212", "-");
  if (/^[+-]?inf(inity)?$/.test(words)) return words.startsWith("-") ? -Infinity : Infinity;
  if (words === "nan") return NaN;
  const number = "([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?)";
  const [all, above, below] = words.match(`^${number}(?: */ *${number})?$`) || [];
  return all === undefined ? undefined : Number(above) / Number(below ?? 1);
}

function typeset(x) {
  return brief(x).replaceAll("-", "\u2212");
}
