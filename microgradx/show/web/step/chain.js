// One application of the chain rule, line by line: the slope in symbols and numbers, a kink, the product, and the sum
// over all uses of the target.

const TERMS = 6;                                        // a longer sum is not written out

function slopeLines({node, target, i, slope}, secret) {
  const from = nameOf(node),
    to = nameOf(target);
  if (slope === null) return [remark("Slope", `none: no gradient flows from ${from} into ${to}`)];
  const {slopes: trees, textbook} = rule(node),
    tree = textbook === null ? trees[i] : textbook;
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
