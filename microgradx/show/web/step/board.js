// One step on the board: the rule in symbols and in numbers, and the sum that it adds to.
// described() returns {heading, lines, heard}; heard is the step as a sentence for screen readers.

const TERMS = 6;                                        // a longer sum is not written out
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
  if (length > 30) made.className = length > 60 ? "long longest" : "long";
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

function slopeLines({node, target, i, slope}, secret) {
  const from = nameOf(node),
    to = nameOf(target);
  if (slope === null) return [remark("Slope", `none: no gradient flows from ${from} into ${to}`)];
  const {slopes: trees, textbook} = rule(node),
    tree = textbook === null ? trees[i] : aboutInput(textbook, i);
  const written = [partial(node, target), formula(tree, byName(node))[0]];
  const found = secret ? unknown()[0] : number(slope)[0];
  if (tree === "...") return [line("Slope", written[0], found)];
  if (typeof tree === "string") return [line("Slope", ...written)];  // dy/da = 1
  if (typeof tree === "number") return [line("Slope", ...written, found)];  // dy/da = b = 2
  const lines = [line("Slope", ...written), line("In numbers", formula(tree, byNumber(node))[0], found)];
  if (textbook === null || trees[i] === "...") return lines;                          // else it loses digits far out
  lines.push(line("Computed as", formula(trees[i], byName(node))[0]));
  lines.at(-1).className = "aside";
  return lines;
}

// On a kink of its row the slope is a convention: said at the step that uses it.
function kinkLines({node, i}) {
  const kink = kinkAt(node, i);
  if (!kink) return [];
  const [left, right] = kink.map((slope) => typeset(slope));
  return [
    remark("A kink", `the slope is ${left} from the left and ${right} from the right; between them it is a choice`),
  ];
}

// The slopes of the row of node k by input i from the left and from the right, if they are apart; else null.
function kinkAt(k, i) {
  const node = state.graph.nodes[k];
  if (!KINKED.has(node.op)) return null;
  const xs = inputs(node, state.data),
    x = xs[i];
  const [left, right] = oneSided(
    (t) => attempt(() => Number(values[node.op](...xs.slice(0, i), t, ...xs.slice(i + 1)))),
    x,
  );
  return apart(left, right) ? [left.value, right.value] : null;
}

// The result of f(); nan where a look-up has no such index.
function attempt(f) {
  try {
    return f();
  } catch {
    return NaN;
  }
}

// One application of the chain rule.
function chainLine({node, target, slope, incoming, contribution, flows}, secret) {
  const name = nameOf(node);
  if (slope === null) return remark("Contribution", `0: no gradient flows from ${name} into ${nameOf(target)}`);
  if (!flows) return remark("Contribution", `0: no gradient reaches ${name}`);
  const known = (x) => (secret ? unknown() : number(x));
  return line(
    "Contribution",
    times([gradientOf(node), ATOM], [partial(node, target), FRACTION]),
    times(number(incoming), known(slope)),
    known(contribution)[0],
  );
}

// The sum over all uses of the target: known terms as numbers, later ones as products.
function sumLine(event, secret) {
  const {target, use: nth, before, contribution, after, terms} = event;
  const few = state.graph.uses[target] <= TERMS,
    coming = few && nth < state.graph.uses[target];
  const earlier = few ? terms.slice(0, nth - 1) : nth > 1 ? [before] : [];
  const mine = term(secret ? undefined : contribution, earlier.length);
  mine.at(-1).setAttribute("class", "now");
  const sum = [...earlier.flatMap(term), ...mine];
  for (const {node} of coming ? state.events.filter((other) => other.target === target).slice(nth) : []) {
    const product = times([gradientOf(node), ATOM], [partial(node, target), FRACTION]);
    product.setAttribute("class", "coming");
    sum.push(operator("+"), product);
  }
  const total = coming || sum.length === 1 ? [] : [secret ? unknown()[0] : number(after)[0]];
  const made = line("Gradient", gradientOf(target), group(...sum), ...total);
  made.lastChild.append(element("span", {class: "use"}, use(event)));
  return made;
}

// Term k of a sum with its sign: 2, + 2, - 2; a question mark for one that is not known.
function term(x, k) {
  const [sign, size] = k && x < 0 ? ["-", -x] : ["+", x];
  return [...(k ? [operator(sign)] : []), x === undefined ? unknown()[0] : number(size)[0]];
}

function use({target, use: nth}) {
  const all = state.graph.uses[target];
  if (all === 1) return "its only use: complete";
  return `use ${nth} of ${all}: ${nth === all ? "complete" : "more to come"}`;
}
