// One step on the board: the rule in symbols and in numbers, and the sum that it adds to.
// described() returns {heading, lines, heard}; heard is the step as a sentence for screen readers.

const TERMS = 6;                                        // a longer sum is not written out
const unknown = () => [identifier("?"), ATOM];

// The inputs of node k in its formulas, as names or as numbers; -1 is node k itself.
const named = (k) => (i) => {
  const a = i < 0 ? k : nodes[k].args[i];
  return typeof a === "string" ? number(Number(a)) : [identifier(nodes[a].name), ATOM];
};
const numbered = (k) => (i) => number(i < 0 ? now.data[k] : inputs(nodes[k], now.data)[i]);

const gradient = (k) => applied("grad", [identifier(nodes[k].name)]);
const derivative = (k, by) => fraction(group(identifier("d"), identifier(nodes[k].name)),
                                       group(identifier("d"), identifier(nodes[by].name)));
const times = (a, b) => group(within(a, SIGNED), operator("*"), within(b, TIMES));

// A line of the board: formulas that are equal to each other.
function line(term, ...parts) {
  const formulas = parts.map((part, k) => element("math:math", {displaystyle: "true"},
                                                  ...(k ? [operator("=")] : []), part));
  const made = element("div", {}, element("dt", {}, term), element("dd", {}, ...formulas));
  if (made.textContent.length > 70) made.className = "long";
  return made;
}

function remark(term, text) {
  return element("div", {class: "remark"}, element("dt", {}, term), element("dd", {}, text));
}

function described(step) {
  if (step < nodes.length) return nodes[step].op === null ? leaf(step) : computed(step);
  const event = now.events[step - nodes.length];
  return event.i === null ? beginning(event.node) : handedBack(event, hidden());
}

function leaf(k) {
  const {name} = nodes[k], x = now.data[k];
  return {heading: `${name} is a leaf: its number is given`, heard: `${name} = ${brief(x)}.`,
          lines: [line("Data", identifier(name), number(x)[0])]};
}

function computed(k) {
  const {name, rule} = nodes[k];
  return {heading: `${name} is computed`, heard: `${name} = ${brief(now.data[k])}.`, lines: [
    formulaLine(k),
    line("In numbers", formula(rules[rule].value, numbered(k))[0], number(now.data[k])[0]),
  ]};
}

function formulaLine(k) {
  return line("Formula", identifier(nodes[k].name), formula(rules[nodes[k].rule].value, named(k))[0]);
}

function beginning(k) {
  const {name} = nodes[k];
  return {heading: `The way back begins: how ${name} changes with itself`, heard: `grad(${name}) = 1.`, lines: [
    line("Slope", derivative(k, k), digits("1")),
    line("Gradient", gradient(k), digits("1")),
  ]};
}

function handedBack(event, secret) {
  const from = nodes[event.node].name, to = nodes[event.target].name;
  return {
    heading: `${from} hands its gradient back to ${to}`,
    heard: secret ? `What is grad(${to})?`
      : `contribution ${brief(event.contribution)}, grad(${to}) = ${brief(event.after)}, ${use(event)}.`,
    lines: [formulaLine(event.node), ...slopeLines(event, secret), chainLine(event, secret), sumLine(event, secret)],
  };
}

function slopeLines({node, target, i, slope}, secret) {
  const from = nodes[node].name, to = nodes[target].name;
  if (slope === null) return [remark("Slope", `none: no gradient flows from ${from} into ${to}`)];
  const {slopes: trees, textbook} = rules[nodes[node].rule], tree = textbook || trees[i];
  const rule = [derivative(node, target), formula(tree, named(node))[0]];
  const found = secret ? unknown()[0] : number(slope)[0];
  if (tree === "...") return [line("Slope", rule[0], found)];
  if (typeof tree === "string") return [line("Slope", ...rule)];                    // dy/da = 1
  if (typeof tree === "number") return [line("Slope", ...rule, found)];             // dy/da = b = 2
  const lines = [line("Slope", ...rule), line("In numbers", formula(tree, numbered(node))[0], found)];
  if (!textbook) return lines;                                                      // else it loses digits far out
  lines.push(line("Computed as", formula(trees[i], named(node))[0]));
  lines.at(-1).className = "aside";
  return lines;
}

// One application of the chain rule.
function chainLine({node, target, slope, incoming, contribution, flows}, secret) {
  const name = nodes[node].name;
  if (slope === null) return remark("Contribution", `0: no gradient flows from ${name} into ${nodes[target].name}`);
  if (!flows) return remark("Contribution", `0: no gradient reaches ${name}`);
  const known = (x) => (secret ? unknown() : number(x));
  return line("Contribution", times([gradient(node), ATOM], [derivative(node, target), FRACTION]),
              times(number(incoming), known(slope)), known(contribution)[0]);
}

// The sum over all uses of the target: known terms as numbers, later ones as products.
function sumLine(event, secret) {
  const {target, use: nth, before, contribution, after, terms} = event;
  const few = uses[target] <= TERMS, coming = few && nth < uses[target];
  const earlier = few ? terms.slice(0, nth - 1) : nth > 1 ? [before] : [];
  const mine = term(secret ? undefined : contribution, earlier.length);
  mine.at(-1).setAttribute("class", "now");
  const sum = [...earlier.flatMap(term), ...mine];
  for (const {node} of coming ? now.events.filter((other) => other.target === target).slice(nth) : []) {
    const product = times([gradient(node), ATOM], [derivative(node, target), FRACTION]);
    product.setAttribute("class", "coming");
    sum.push(operator("+"), product);
  }
  const total = coming || sum.length === 1 ? [] : [secret ? unknown()[0] : number(after)[0]];
  const made = line("Gradient", gradient(target), group(...sum), ...total);
  made.lastChild.append(element("span", {class: "use"}, use(event)));
  return made;
}

// Term k of a sum with its sign: 2, + 2, - 2; a question mark for one that is not known.
function term(x, k) {
  const [sign, size] = k && x < 0 ? ["-", -x] : ["+", x];
  return [...(k ? [operator(sign)] : []), x === undefined ? unknown()[0] : number(size)[0]];
}

function use({target, use: nth}) {
  const all = uses[target];
  if (all === 1) return "its only use: complete";
  return `use ${nth} of ${all}: ${nth === all ? "complete" : "more to come"}`;
}
