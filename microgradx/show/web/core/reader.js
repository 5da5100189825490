// A typed expression as a graph, by the grammar, the limits and the messages of expr.py: interpreted over the rows of
// the table, never run as a program. LANGUAGE, written by Python above, has the rows, limits, words and constants.

class Refusal extends Error {}

class Ref {
  // a node, where a number is none
  constructor(k) {
    this.k = k;
  }
}

// {nodes, names}: the graph of a text as nodes, the last one the result; names of its variables in order. Numbers come
// from `variables`; with `lacking`, a variable without a number gets this one. Throws a Refusal of one line.
function read(text, variables, lacking) {
  return new Reader(text, variables, lacking).result();
}

class Reader {
  constructor(text, variables, lacking) {
    // Python's white space: not the byte order mark, which \s has
    this.characters = [...text.replace(/[^\S\ufeff]|[\x1c-\x1f\x85]/g, " ").replace(/ +$/, "")];
    this.given = new Map(Object.entries(variables).map(([name, x]) => [name.normalize("NFKC"), x]));
    Object.assign(this, {lacking, nodes: [], leaves: new Map(), depth: 0, parts: 0});
  }

  result() {
    this.margin = this.characters.findIndex((c) => c !== " ");
    this.tree = this.parsed();
    if (this.lacking !== undefined) {
      for (const name of this.names()) if (!this.given.has(name)) this.given.set(name, this.lacking);
    }
    const found = this.one(this.tree);
    const unused = [...this.given.keys()].filter((name) => !this.leaves.has(name));
    if (unused.length && this.lacking === undefined) {
      const text = shortened(this.characters.join(""));
      throw new Refusal(`${printable(unused.join(" and "))} given but not used in ${text}`);
    }
    const top = found instanceof Ref ? found.k : this.nodes.push({name: "", op: null, args: [], data: found}) - 1;
    return {nodes: named(taped(this.nodes, top)), names: [...this.leaves.keys()]};
  }

  parsed() {
    const {characters} = this,
      text = characters.join("");
    if (characters.length > LANGUAGE.length) {
      throw new Refusal(`the expression has ${characters.length} characters; at most ${LANGUAGE.length} are read`);
    }
    if (!text) throw new Refusal(`the expression is empty; ${LANGUAGE.allowed}`);
    const at = (index) => [...text.slice(0, index)].length;
    for (const word of text.matchAll(/[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}_]*/gu)) {
      if (LANGUAGE.keywords.includes(word[0])) {
        this.refuseAt(
          at(word.index),
          word[0],
          "is a word of Python's own; name a variable otherwise, " + "and choose with where(x > 0, p, q)",
        );
      }
    }
    this.refuseDeep();
    const strange = text.match(/[#'"\\\0]/);
    if (strange) this.refuseAt(at(strange.index), strange[0], `is not allowed; ${LANGUAGE.allowed}`);
    if (/\p{Surrogate}/u.test(text))
      throw new Refusal(`the expression cannot be read (surrogates not allowed); ${LANGUAGE.allowed}`);
    try {
      return new Grammar(characters).tree;
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      return this.refuseAt(
        error.column,
        characters.slice(error.column).join(""),
        `cannot be read (${error.message}); ${LANGUAGE.allowed}`,
      );
    }
  }

  refuseDeep() {
    let brackets = 0,
      signs = 0;
    this.characters.forEach((c, column) => {
      brackets += Number("([".includes(c)) - Number(")]".includes(c));
      signs = "+-~".includes(c) ? signs + 1 : c === " " ? signs : 0;
      if (Math.max(brackets, signs) > LANGUAGE.depth) {
        this.refuseAt(column, this.characters.slice(column).join(""), `is nested more than ${LANGUAGE.depth} deep`);
      }
    });
  }

  // The meaning of a node: a Ref, a number, or a list of them.
  visit(node) {
    this.depth += 1;
    this.parts += 1;
    if (this.depth > LANGUAGE.depth) {
      this.refuse(node, `stands more than ${LANGUAGE.depth} deep; write a long sum as sum([a, b, c])`);
    }
    if (this.parts > LANGUAGE.nodes) this.refuse(node, `is one part too many; at most ${LANGUAGE.nodes} are read`);
    const found = KINDS[node.kind]
      ? KINDS[node.kind](this, node)
      : this.refuse(node, `is not allowed (${node.kind}); ${LANGUAGE.allowed}`);
    this.depth -= 1;
    return found;
  }

  one(node) {
    const found = this.visit(node);
    if (Array.isArray(found)) {
      this.refuse(
        node,
        "is a list where one number is needed; lists go into sum([...]), dot([...], [...]), and [0] picks from one",
      );
    }
    return found;
  }

  refuse(node, reason) {
    this.refuseAt(node.start, this.characters.slice(node.start, node.end).join(""), reason);
  }

  refuseAt(column, part, reason) {
    const error = new Refusal(`column ${column + 1}: ${part ? shortened(part) : "the end"} ${reason}`);
    throw Object.assign(error, {column, length: [...part].length || 1});
  }

  // The names in the text that stand for numbers, each once, in order.
  names() {
    const found = [];
    const walk = (node) => {
      if (node.kind === "name") found.push(node.text.normalize("NFKC"));
      const called = node.kind === "call" && node.of.kind === "name";
      for (const part of [called ? null : node.of, node.left, node.right, node.part, ...(node.parts ?? [])])
        if (part) walk(part);
    };
    walk(this.tree);
    return [...new Set(found)].filter((name) => !Object.hasOwn(LANGUAGE.constants, name) && !isFunction(name));
  }
}

// A piece of text for a message: in quotes, cut.
function shortened(text) {
  const safe = [...printable(text.replaceAll("\\", "\\\\"))];
  return `'${safe.length > 40 ? `${safe.slice(0, 37).join("")}...` : safe.join("")}'`;
}
