// One step on the board: the rule in symbols and in numbers, and the sum that it adds to.
// described() returns {heading, lines, heard}; heard is the step as a sentence for screen readers.

const unknown = () => [identifier("?"), ATOM];

// The inputs of node k in its formulas, as names or as numbers; -1 is node k itself.
const byName = (k) => (i) => {
  const {nodes} = state.graph,
    a = i < 0 ? k : nodes[k].args[i];
  return typeof a === "string" ? number(Number(a)) : [identifier(nodes[a].name), ATOM];
};
const byNumber = (k) => (i) => number(i < 0 ? state.data[k] : inputs(state.graph.nodes[k], state.data)[i]);

// The trees of the row of node k (notation.py), with its constants in place of letters.
function rule(k) {
  const {op, args} = state.graph.nodes[k];
  const constant = args.map((a) => (typeof a === "string" ? Number(a) : undefined));
  const {value, slopes: trees, textbook} = rules[op];
  return {
    value,
    slopes: trees.map((tree) => simplified(tree, constant)),
    textbook: textbook === null ? null : simplified(textbook, constant),
  };
}

const gradientOf = (k) => applied("grad", [identifier(nameOf(k))]);
const partial = (k, by) =>
  fraction(group(identifier("d"), identifier(nameOf(k))), group(identifier("d"), identifier(nameOf(by))));
const times = (a, b) => group(within(a, SIGNED), operator("*"), within(b, TIMES));

// A line of the board: formulas that are equal to each other.
function line(term, ...parts) {
  const formulas = parts.map((part, k) =>
    element("math:math", {displaystyle: "true"}, ...(k ? [operator("=")] : []), part),
  );
  const made = element("div", {}, element("dt", {}, term), element("dd", {}, ...formulas));
  const {length} = made.lastChild.textContent;
  if (length > 24) made.className = length > 60 ? "long longest" : "long";
  return made;
}

function remark(term, text) {
  return element("div", {class: "remark"}, element("dt", {}, term), element("dd", {}, text));
}

function described(step) {
  if (step < count()) return state.graph.nodes[step].op === null ? leaf(step) : computed(step);
  const event = eventAt(step);
  return event.i === null ? beginning(event.node) : handedBack(event, hidden());
}

function leaf(k) {
  const name = nameOf(k),
    x = state.data[k];
  return {
    heading: `${name} is a leaf: its number is given`,
    heard: `${name} = ${brief(x)}.`,
    lines: [line("Data", identifier(name), number(x)[0])],
  };
}

function computed(k) {
  const name = nameOf(k);
  return {
    heading: `${name} is computed`,
    heard: `${name} = ${brief(state.data[k])}.`,
    lines: [
      formulaLine(k),
      line("In numbers", formula(rule(k).value, byNumber(k))[0], number(state.data[k])[0]),
      ...sourceLine(k),
    ],
  };
}

function formulaLine(k) {
  return line("Formula", identifier(nameOf(k)), formula(rule(k).value, byName(k))[0]);
}

// The line of Python that computed node k, if it is known.
function sourceLine(k) {
  const {line: source} = state.graph.nodes[k];
  return source ? [remark("Line", element("mark", {}, source))] : [];
}

function beginning(k) {
  const name = nameOf(k);
  return {
    heading: `The way back begins: how ${name} changes with itself`,
    heard: `grad(${name}) = 1.`,
    lines: [line("Slope", partial(k, k), digits("1")), line("Gradient", gradientOf(k), digits("1"))],
  };
}

function handedBack(event, secret) {
  const from = nameOf(event.node),
    to = nameOf(event.target);
  return {
    heading: `${from} hands its gradient back to ${to}`,
    heard: secret
      ? `What is grad(${to})?`
      : `contribution ${brief(event.contribution)}, grad(${to}) = ${brief(event.after)}, ${use(event)}.`,
    lines: [
      formulaLine(event.node),
      ...slopeLines(event, secret),
      ...kinkLines(event),
      chainLine(event, secret),
      sumLine(event, secret),
      ...sourceLine(event.node),
    ],
  };
}
