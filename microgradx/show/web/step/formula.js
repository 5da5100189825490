// Trees of formulas (notation.py) as MathML: fractions, powers, roots, cases.
//
// `leaf` returns the name or the number of an input. Every element comes with its level, its precedence, so that only
// the necessary parentheses are written.

const LEVELS = {"<": 0, "<=": 0, ">": 0, ">=": 0, "+": 1, "-": 1, "*": 2};
const NAMED = 13;                                       // letters of a name in a formula; all of it on hover
const SIGNED = 1.5,
  TIMES = 2,
  FRACTION = 3,
  ATOM = 4;
const PRINTED = {"*": "\u22c5", "-": "\u2212", "<=": "\u2264", ">=": "\u2265"};

function group(...parts) {
  return element("math:mrow", {}, ...parts);
}

function operator(sign) {
  return element("math:mo", {}, PRINTED[sign] || sign);
}

// Brackets grow with their contents if these are more than one line high.
function bracketed(open, parts, close) {
  const tall = parts.some((part) => part.matches("mfrac, mtable") || part.querySelector("mfrac, mtable"));
  const bracket = (sign) => element("math:mo", {stretchy: String(tall)}, sign);
  return group(bracket(open), ...separated(parts), bracket(close));
}

// A long name, shorter; its end tells it from others. What Python has cut (the_weights..._2) ends behind the dots.
function abridged(name, length) {
  if (name.length <= length) return name;
  const [, cut] = name.match(/\.\.\.(.*)$/) || [];
  const end = cut ?? name.slice(name.includes(".") ? 1 - length : -4);
  return `${name.slice(0, Math.max(0, length - 1 - end.length))}\u2026${end}`;
}

// A name: w1 with a small 1. (mi sets a single letter in italics.)
function identifier(text) {
  const [, letter, index] = text.match(/^(\p{L})(\d+)$/u) || [];
  return letter
    ? element("math:msub", {}, element("math:mi", {}, letter), element("math:mn", {}, index))
    : element("math:mi", text.length > NAMED ? {title: text} : {}, abridged(text, NAMED));
}

function words(text) {
  return element("math:mtext", {}, text);
}

function digits(text) {
  return element("math:mn", {}, text.replaceAll("-", "\u2212"));
}

function number(x) {
  const text = brief(x);
  return [digits(text), text.startsWith("-") ? SIGNED : text.includes("e") ? TIMES : ATOM];
}

function fraction(above, below) {
  return element("math:mfrac", {}, above, below);
}

function applied(name, parts) {
  return group(identifier(name), bracketed("(", parts, ")"));
}

function separated(parts) {
  return parts.flatMap((part, k) => (k ? [operator(","), part] : [part]));
}

// An element, in parentheses if its precedence is below `level`.
function within([made, own], level) {
  return own < level ? bracketed("(", [made], ")") : made;
}

// A tree as [element, level].
function formula(tree, leaf) {
  if (typeof tree === "number") return leaf(tree);
  if (typeof tree === "string") return [/^[\d.]/.test(tree) && tree !== "..." ? digits(tree) : words(tree), ATOM];
  const [sign, ...parts] = tree;
  const part = (k, level) => within(formula(parts[k], leaf), level);
  if (sign === "call") return called(parts, leaf);
  if (sign === "list") return [bracketed("[", listed(parts, leaf), "]"), ATOM];
  if (sign === "/") return [fraction(part(0, 0), part(1, 0)), FRACTION];
  if (sign === "**") return [element("math:msup", {}, part(0, ATOM), part(1, 0)), ATOM];
  if (parts.length === 1) return [group(operator(sign), part(0, TIMES)), SIGNED];
  const level = LEVELS[sign];
  const [left, right] = level === TIMES ? [SIGNED, TIMES] : [level, level + 1];
  return [group(part(0, left), operator(sign), part(1, right)), level];
}

function called([name, ...parts], leaf) {
  if (name === "where") return [cases(parts, leaf), FRACTION];
  if (name === "sqrt") return [element("math:msqrt", {}, ...listed(parts, leaf)), ATOM];
  return [applied(name, listed(parts, leaf)), ATOM];
}

function listed(parts, leaf) {
  return parts.map((part) => formula(part, leaf)[0]);
}

// where(c, p, where(d, q, r)): p if c, q if d, r otherwise.
function cases([condition, chosen, rest], leaf) {
  const table = element("math:mtable", {class: "cases"});
  const line = (value, ...when) =>
    table.append(
      element("math:mtr", {}, element("math:mtd", {}, formula(value, leaf)[0]), element("math:mtd", {}, ...when)),
    );
  while (condition !== undefined) {
    line(chosen, words("if\u00a0"), formula(condition, leaf)[0]);
    [condition, chosen, rest] = Array.isArray(rest) && rest[1] === "where" ? rest.slice(2) : [undefined, rest, rest];
  }
  line(rest, words("otherwise"));
  return group(operator("{"), table);
}

// A slope with constants for some inputs (undefined for the others), shorter: 2*x for n*x**(n - 1) at n = 2.
function simplified(tree, constant) {
  if (!Array.isArray(tree))
    return typeof tree === "number" && constant[tree] !== undefined ? exactText(constant[tree]) : tree;
  const [sign, ...rest] = tree,
    parts = rest.map((part) => simplified(part, constant));
  const [a, b] = parts,
    known = parts.map(numberOf);
  if (sign === "-" && parts.length === 2 && !known.some(Number.isNaN)) return exactText(known[0] - known[1]);
  if (sign === "*" && a === "1") return b;
  return ["*", "/", "**"].includes(sign) && b === "1" ? a : [sign, ...parts];
}

// The number that a tree is; nan for any other tree.
function numberOf(tree) {
  if (Array.isArray(tree)) return tree[0] === "-" && tree.length === 2 ? -numberOf(tree[1]) : NaN;
  return typeof tree === "string" ? Number(tree) : NaN;
}

// A constant in a tree: its digits, with a minus sign as an operation.
function exactText(x) {
  return x < 0 ? ["-", brief(-x)] : brief(x);
}
