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

// As Python's parser, it reads twice: what cannot be read is read again to guess what was meant. A guess says where the
// fault is; without one it is at the furthest token of the first reading. A faulty token counts wherever it is.
class Grammar extends Atoms {
  constructor(characters) {
    super();
    const {found, fault} = tokens(characters);
    this.tokens = found;
    this.fault = fault && Object.assign(new SyntaxFault(fault.column, fault.reason), fault);
    try {
      this.tree = this.whole(false);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      if (this.fault && !this.fault.open) throw this.fault;
      throw error === this.fault ? error : this.guessed() ?? error;
    }
  }

  whole(guessing) {
    Object.assign(this, {at: 0, furthest: 0, guessing});
    const tree = this.listed("end", "tuple");
    if (this.peek().kind !== "end") this.fail();
    return tree;
  }

  // The fault of the second reading, if it is a guess or a bracket that is not closed.
  guessed() {
    try {
      this.whole(true);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      return error.guess || error === this.fault ? error : undefined;
    }
    return undefined;
  }

  peek() {
    this.furthest = Math.max(this.furthest, this.at);
    if (this.fault?.token === this.at) throw this.fault;
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
    if (!this.is(",")) return parts[0];
    while (this.is(",")) {
      this.at += 1;
      if (this.is(close) || this.peek().kind === "end") break;
      parts.push(element());
    }
    return this.node(kind, from, {parts});
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
    const tree = signs.length ? this.node("compare", from, {left, signs, parts}) : left;
    if (this.guessing) this.apart(from, tree);
    return tree;
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
