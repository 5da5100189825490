// Tokens to a syntax tree, by the precedence of Python's operators. Also what no expression may have has a node here,
// so that its refusal (reader.js) names it with its column: a tuple, a slice, an attribute.
//
// A node is {kind, start, end, ...}; start and end are columns in characters.

const BINARY = [
  // from the loosest to the tightest
  {"|": "bit or"},
  {"^": "bit xor"},
  {"&": "bit and"},
  {"<<": "lshift", ">>": "rshift"},
  {"+": "", "-": ""},
  {"*": "", "/": "", "//": "floor div", "%": "mod", "@": "mat mult"},
];
const COMPARING = ["<", "<=", ">", ">=", "==", "!="];

class SyntaxFault extends Error {
  constructor(column, reason) {
    super(reason);
    this.column = column;
  }
}

class Grammar extends Atoms {
  constructor(characters) {
    super();
    const {found, fault} = tokens(characters);
    Object.assign(this, {tokens: found, at: 0, furthest: 0, commas: 0});
    try {
      this.tree = this.listed("end", "tuple");
      if (this.peek().kind !== "end") this.fail();
    } catch (error) {
      // as in Python: a faulty token counts wherever it is, a bracket that is not closed if the parser had come so far
      const sure = fault && !fault.open;
      const seen = error.guess || sure || (fault && fault.token <= this.furthest);
      throw error instanceof SyntaxFault && fault && seen ? new SyntaxFault(fault.column, fault.reason) : error;
    }
    if (fault) throw new SyntaxFault(fault.column, fault.reason);
  }

  peek() {
    this.furthest = Math.max(this.furthest, this.at);
    return this.tokens[this.at];
  }

  is(...texts) {
    const {kind, text} = this.peek();
    return kind === "sign" && texts.includes(text);
  }

  take(text) {
    if (!this.is(text)) this.fail();
    this.at += 1;
  }

  fail() {
    throw new SyntaxFault(this.tokens[this.furthest].start, "invalid syntax");
  }

  node(kind, from, more = {}) {
    return {kind, start: this.tokens[from].start, end: this.tokens[this.at - 1].end, ...more};
  }

  // Expressions with commas between them, up to `close`: one without a comma is itself.
  listed(close, kind, element = () => this.expression()) {
    const from = this.at,
      parts = [element()];
    if (!this.is(",")) return this.apart(from, parts[0]);
    while (this.is(",")) {
      this.at += 1;
      if (this.is(close) || this.peek().kind === "end") break;
      const start = this.at;
      parts.push(this.apart(start, element()));
    }
    return this.node(kind, from, {parts});
  }

  // In brackets, two expressions side by side are refused at the first of them: a comma may be missing.
  apart(from, tree) {
    const {kind, text, level} = this.peek();
    if (level === 0 || !(["name", "number"].includes(kind) || ["{", "~"].includes(text))) return tree;
    const column = this.tokens[tree.kind === "keyword" ? from + 2 : from].start;
    throw Object.assign(new SyntaxFault(column, "invalid syntax"), {guess: true});
  }

  expression() {
    const from = this.at,
      left = this.binary(0),
      signs = [],
      parts = [];
    while (this.is(...COMPARING)) {
      signs.push(this.tokens[this.at].text);
      this.at += 1;
      parts.push(this.binary(0));
    }
    return signs.length ? this.node("compare", from, {left, signs, parts}) : left;
  }

  binary(level) {
    if (level === BINARY.length) return this.unary();
    const from = this.at;
    let left = this.binary(level + 1);
    while (this.is(...Object.keys(BINARY[level]))) {
      const sign = this.tokens[this.at].text;
      this.at += 1;
      const right = this.binary(level + 1);
      left = this.node("binary", from, {sign, called: BINARY[level][sign], left, right});
    }
    return left;
  }

  unary() {
    const from = this.at;
    if (!this.is("+", "-", "~")) return this.power();
    const sign = this.tokens[this.at].text;
    this.at += 1;
    const part = this.unary();
    return this.node("unary", from, {sign, part});
  }

  power() {
    const from = this.at,
      left = this.primary();
    if (!this.is("**")) return left;
    this.at += 1;
    const right = this.unary();
    return this.node("binary", from, {sign: "**", called: "", left, right});
  }
}
