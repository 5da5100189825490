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

class Grammar {
  constructor(characters) {
    const {found, fault} = tokens(characters);
    Object.assign(this, {tokens: found, at: 0, furthest: 0, commas: 0});
    try {
      this.tree = this.listed("end", "tuple");
      if (this.peek().kind !== "end") this.fail();
    } catch (error) {
      if (fault && error instanceof SyntaxFault) throw new SyntaxFault(fault.column, fault.reason);
      throw error;
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
    throw new SyntaxFault(this.tokens[tree.kind === "keyword" ? from + 2 : from].start, "invalid syntax");
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

  primary() {
    const from = this.at;
    let tree = this.atom();
    for (;;) {
      if (this.is("(")) {
        this.at += 1;
        const parts = this.inside(")", () => this.argument());
        tree = this.node("call", from, {of: tree, parts});
      } else if (this.is("[")) {
        this.at += 1;
        const part = this.listed("]", "tuple", () => this.slice());
        this.take("]");
        tree = this.node("subscript", from, {of: tree, part});
      } else if (this.is(".")) {
        this.at += 1;
        if (this.peek().kind !== "name") this.fail();
        this.at += 1;
        tree = this.node("attribute", from);
      } else {
        return tree;
      }
    }
  }

  // The elements up to a closing bracket, which is taken.
  inside(close, element) {
    const parts = [];
    while (!this.is(close)) {
      const from = this.at;
      parts.push(this.apart(from, element()));
      if (!this.is(",")) break;
      this.at += 1;
    }
    this.take(close);
    return parts;
  }

  argument() {
    const from = this.at,
      next = this.tokens[this.at + 1];
    if (this.is("*", "**")) {
      this.at += 1;
      this.expression();
      return this.node("starred", from);
    }
    if (this.peek().kind === "name" && next.text === "=") {
      this.at += 2;
      this.expression();
      return this.node("keyword", from);
    }
    return this.walrus();
  }

  walrus() {
    const from = this.at,
      tree = this.expression();
    if (tree.kind !== "name" || !this.is(":=")) return tree;
    this.at += 1;
    this.expression();
    return this.node("named expr", from);
  }

  slice() {
    const from = this.at;
    if (!this.is(":")) {
      const tree = this.walrus();
      if (!this.is(":")) return tree;
    }
    for (let colons = 0; this.is(":") && colons < 2; colons += 1) {
      this.at += 1;
      if (!this.is(":", "]", ",")) this.expression();
    }
    return this.node("slice", from);
  }

  atom() {
    const from = this.at,
      {kind, text} = this.peek();
    if (kind === "number" || kind === "name") {
      this.at += 1;
      return this.node(/[jJ]$/.test(text) && kind === "number" && !/^0[xX]/.test(text) ? "complex" : kind, from, {
        text,
      });
    }
    if (this.is("...")) {
      this.at += 1;
      return this.node("ellipsis", from);
    }
    if (this.is("(")) {
      this.at += 1;
      if (this.is(")")) {
        this.at += 1;
        return this.node("tuple", from);
      }
      const tree = this.listed(")", "tuple", () => this.starredOr(() => this.walrus()));
      this.take(")");
      return tree.kind === "tuple" && tree.parts ? this.node("tuple", from) : tree;
    }
    if (this.is("[")) {
      this.at += 1;
      const parts = this.inside("]", () => this.starredOr(() => this.walrus()));
      return this.node("list", from, {parts});
    }
    if (this.is("{")) {
      this.at += 1;
      let kindOf = this.is("}") ? "dict" : "set";
      this.inside("}", () => {
        if (this.is("**")) {
          this.at += 1;
          kindOf = "dict";
          return this.expression();
        }
        const tree = this.starredOr(() => this.walrus());
        if (!this.is(":")) return tree;
        kindOf = "dict";
        this.at += 1;
        return this.expression();
      });
      return this.node(kindOf, from);
    }
    return this.fail();
  }

  starredOr(element) {
    const from = this.at;
    if (!this.is("*")) return element();
    this.at += 1;
    this.binary(0);
    return this.node("starred", from);
  }
}
