// Where the fault is of a text that cannot be read: at the first token that does not fit, unless Python's parser has a
// rule of its own that guesses what was meant (the rules called invalid_... in its grammar). Such a rule looks for what
// follows the fault, and puts it where the part begins that is wrong.

class SyntaxFault extends Error {
  constructor(column, reason) {
    super(reason);
    this.column = column;
  }
}

class Guesses {
  guess(column) {
    return Object.assign(new SyntaxFault(column, "invalid syntax"), {guess: true});
  }

  // Whether something can be read from here on, with guesses or without: all of it, or at least how it begins.
  tried(part, guessing = false) {
    const {first, last, guessing: before} = this;
    this.first = this.tokens.findIndex(({text}, k) => k >= this.at && !["+", "-", "~"].includes(text));
    Object.assign(this, {last: null, guessing});
    try {
      part();
      return true;
    } catch (error) {
      if (!(error instanceof SyntaxFault) || error === this.fault || error.guess) throw error;
      this.at = this.last ?? this.at;
      return this.last !== null;
    } finally {
      Object.assign(this, {first, last, guessing: before});
    }
  }

  // In brackets, two expressions side by side are refused at the first of them: a comma may be missing.
  apart(from, tree) {
    const {kind, text} = this.tokens[from];
    if (kind === "name" && ["_", "case", "match"].some((word) => word.startsWith(text))) return;       // as CPython
    const {at} = this;
    const another = this.tried(() => this.expression()) && this.tokens[this.at - 1].level > 0;
    this.at = at;
    if (another) throw this.guess(tree.start);
  }

  // `x = 3` in brackets, as if == were meant, is refused at its left side. Not that of a comparison, a list, a tuple.
  compared(from, tree) {
    const bare = tree.kind === "compare" && tree.start === this.tokens[from].start;
    if (bare || ["list", "tuple"].includes(tree.kind)) return;
    const {at} = this;
    this.at += 1;
    const meant = this.tried(() => this.binary(0), true) && !this.is("=", ":=");
    this.at = at;
    if (meant) throw this.guess(tree.start);
  }

  // A starred expression in brackets, without a comma, is refused at its star.
  alone(star) {
    this.at = star + 1;
    if (this.guessing && this.tried(() => this.expression(), true) && this.is(")")) {
      throw this.guess(this.tokens[star].start);
    }
    this.fail();
  }
}

// Whether no input of a call without a name stands after one with a name.
function ordered(parts) {
  const named = parts.findIndex(({kind}) => kind === "keyword");
  return named < 0 || parts.slice(named).every(({kind}) => ["keyword", "starred"].includes(kind));
}
