// The tightest parts of the grammar: names, numbers, brackets, calls, and what is picked from a list. On top of them
// Grammar (grammar.js) has the operators.

class Atoms extends Guesses {
  primary() {
    const from = this.at;
    let tree = this.atom();
    if (from === this.first) this.last = this.at;
    for (;;) {
      if (this.is("(")) {
        this.at += 1;
        const parts = this.inside(")", () => this.argument(), ordered);
        tree = this.node("call", from, {of: tree, parts});
      } else if (this.is("[")) {
        this.at += 1;
        if (this.is("]")) {
          this.at -= 1;                                 // an empty list beside it, not what is picked from it
          return tree;
        }
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

  // The elements up to a closing bracket, which is taken; before that they are looked at together.
  inside(close, element, check = () => true) {
    const parts = [];
    while (!this.is(close)) {
      parts.push(element());
      if (!this.is(",")) break;
      this.at += 1;
    }
    if (!check(parts)) throw this.guess(this.tokens[this.furthest].start);
    this.take(close);
    return parts;
  }

  argument() {
    const from = this.at,
      next = this.tokens[this.at + 1];
    if (this.is("*", "**")) {
      const kind = this.is("*") ? "starred" : "keyword";
      this.at += 1;
      this.expression();
      return this.node(kind, from);
    }
    if (this.peek().kind === "name" && next.text === "=") {
      this.at += 2;
      this.expression();
      return this.node("keyword", from);
    }
    const tree = this.assigned(from, this.expression());
    if (this.is("=")) throw this.guess(tree.start);
    return tree;
  }

  walrus() {
    const from = this.at,
      tree = this.expression();
    if (this.guessing && this.is("=")) this.compared(from, tree);
    return this.assigned(from, tree);
  }

  // The tree, or the := that it is on the left of.
  assigned(from, tree) {
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
      if (this.is("**")) this.alone(this.at);
      const tree = this.listed(")", "tuple", () => this.starredOr(() => this.walrus()));
      if (tree.kind === "starred") this.alone(from + 1);
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
