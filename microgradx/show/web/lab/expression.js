// The field for an expression: read over the rows (core/reader.js), with sliders for its variables, presets, and an
// error that shows its column.

// Matt Mazur, "A Step by Step Backpropagation Example" (2015): two inputs, two hidden units, two outputs.
const HIDDEN = ["sigmoid(w1*i1 + w2*i2 + b1)", "sigmoid(w3*i1 + w4*i2 + b1)"];
const MAZUR =
  `(t1 - sigmoid(w5*${HIDDEN[0]} + w6*${HIDDEN[1]} + b2))**2/2` +
  ` + (t2 - sigmoid(w7*${HIDDEN[0]} + w8*${HIDDEN[1]} + b2))**2/2`;
const MAZUR_NUMBERS = {
  w1: 0.15,
  w2: 0.2,
  w3: 0.25,
  w4: 0.3,
  w5: 0.4,
  w6: 0.45,
  w7: 0.5,
  w8: 0.55,
  i1: 0.05,
  i2: 0.1,
  b1: 0.35,
  b2: 0.6,
  t1: 0.01,
  t2: 0.99,
};
const PRESETS = {
  neuron: ["tanh(w1*x1 + w2*x2 + b)", {w1: -3, x1: 2, w2: 1, x2: 0, b: 6.8813735870195432}],
  square: ["(w*x - t)**2", {w: 0.5, x: 2, t: 3}],
  product: ["a*b*c", {a: 2, b: -3, c: 0.5}],
  twice: ["w*w + w", {w: 3}],
  relu: ["relu(w*x + b)", {w: 0.5, x: 1, b: -0.5}],
  where: ["where(x > 0, sqrt(x), 0)", {x: 0}],
  logistic: ["softplus(-t*(w*x + b))", {t: 1, w: 0.5, x: 2, b: -0.5}],
  attention: [
    "dot([v1, v2], [softmax([k1*q, k2*q])[0], softmax([k1*q, k2*q])[1]])",
    {v1: 1, v2: -1, k1: 0.5, k2: 2, q: 1},
  ],
  entropy: ["logsumexp([a, b, c]) - b", {a: 1, b: 2, c: 0}],
  bell: ["exp(-x**2/2)/sqrt(2*pi)", {x: 1}],
  quotient: ["sin(x)/x", {x: 1}],
  sigmoids: ["sigmoid(w4*sigmoid(w3*sigmoid(w2*sigmoid(w1*x))))", {w1: 1, w2: 1, w3: 1, w4: 1, x: 1}],
  mazur: [MAZUR, MAZUR_NUMBERS],
};
// What the graph on the page was read from, and its numbers while a unit's graph is there in its place.
const typed = {text: "", names: [], numbers: null};

// Reads a text and opens its graph; a variable without a number starts at 1. Returns the error, or null.
function tryExpression(text, numbers) {
  let found;
  try {
    found = read(text, {}, 1);
    const known = Object.fromEntries(found.names.map((name) => [name, own(numbers, name)]));
    found = read(text, known);
    const {nodes} = found;
    openGraph(graphOf(nodes.map((node) => ({...node, data: node.op === null ? String(node.data) : undefined}))));
  } catch (error) {
    return error instanceof Refusal ? error : new Refusal(error.message);
  }
  Object.assign(typed, {text, names: found.names, numbers: null});
  byId("expression").value = text;
  showError(null);
  return null;
}

// The number that a variable has; 1 if it has none. A variable may be called constructor, which every object has.
function own(numbers, name) {
  return Object.hasOwn(numbers, name) ? numbers[name] : 1;
}

// The numbers of the variables on the page now, by name.
function numbersNow() {
  return Object.fromEntries(
    state.graph.nodes.flatMap(({op, name}, k) => (op === null ? [[name, state.leaves[k]]] : [])),
  );
}

function choosePreset(key) {
  const [text, numbers] = PRESETS[key];
  tryExpression(text, numbers);
  share();
}

// The message under the field, with a mark under the column.
function showError(error) {
  byId("expression").setAttribute("aria-invalid", String(Boolean(error)));
  write(byId("expression-error"), error ? error.message : "");
  const mark =
    error && error.column !== undefined ? " ".repeat(error.column) + "^".repeat(Math.min(error.length ?? 1, 60)) : "";
  byId("expression-mark").hidden = !mark;
  byId("expression-mark").replaceChildren(element("span", {}, byId("expression").value), "\n", element("b", {}, mark));
}

function buildExpression() {
  byId("presets").replaceChildren(
    element("option", {value: ""}, "Examples \u2026"),
    ...Object.entries(PRESETS).map(([key, [text]]) => element("option", {value: key}, cut(text, 46))),
  );
  byId("presets").addEventListener("change", () => byId("presets").value && choosePreset(byId("presets").value));
  byId("expression").addEventListener("input", () => {
    const {value} = byId("expression"),
      error = tryExpression(value, numbersNow());
    showError(error);
    if (!error) share();
  });
}
