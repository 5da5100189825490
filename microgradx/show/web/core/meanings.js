// What each kind of syntax node means (reader.js): calls of the rows of the table, and nothing else.

const KINDS = {
  number: (reader, {text}) => Number(text.replaceAll("_", "")),
  complex: (reader, node) => reader.refuse(node, `is no real number; ${LANGUAGE.allowed}`),
  ellipsis: (reader, node) => reader.refuse(node, `is no real number; ${LANGUAGE.allowed}`),
  name: nameMeaning,
  binary(reader, node) {
    if (!LANGUAGE.signs[node.sign]) {
      const power = node.sign === "^" ? "; a power is written x**2" : "";
      reader.refuse(node, `is not allowed (${node.called})${power}; ${LANGUAGE.allowed}`);
    }
    return apply(reader, LANGUAGE.signs[node.sign], [reader.one(node.left), reader.one(node.right)]);
  },
  unary(reader, node) {
    if (node.sign === "+") return reader.one(node.part);
    if (node.sign === "-") return apply(reader, "neg", [reader.one(node.part)]);
    return reader.refuse(node, `is not allowed (invert); ${LANGUAGE.allowed}`);
  },
  compare(reader, node) {
    if (!LANGUAGE.signs[node.signs[0]] || node.signs.length > 1) {
      reader.refuse(node, "is not the comparison of two numbers by one of < <= > >=");
    }
    return apply(reader, LANGUAGE.signs[node.signs[0]], [reader.one(node.left), reader.one(node.parts[0])]);
  },
  call: callMeaning,
  list: (reader, {parts}) => parts.map((part) => reader.one(part)),
  subscript(reader, node) {
    const elements = reader.visit(node.of),
      i = reader.visit(node.part);
    if (!Array.isArray(elements) || typeof i !== "number" || !Number.isInteger(i) || i < 0 || i >= elements.length) {
      reader.refuse(node, "picks nothing; from a list pick by a whole number: softmax([a, b])[0]");
    }
    return elements[i];
  },
};

const isFunction = (name) => Object.hasOwn(LANGUAGE.rows, name) || Object.hasOwn(LANGUAGE.composed, name);

function nameMeaning(reader, node) {
  const name = node.text.normalize("NFKC");
  if (reader.given.has(name)) {
    if (!reader.leaves.has(name)) {
      reader.leaves.set(name, new Ref(reader.nodes.push({name, op: null, args: [], data: reader.given.get(name)}) - 1));
    }
    return reader.leaves.get(name);
  }
  if (Object.hasOwn(LANGUAGE.constants, name)) return Number(LANGUAGE.constants[name]);
  if (isFunction(name)) reader.refuse(node, `is a function; write ${name}(...)`);
  const lacking = reader
    .names()
    .filter((other) => !reader.given.has(other))
    .map((other) => `${other}=1`);
  const given = reader.given.size ? `; given: ${printable([...reader.given.keys()].join(", "))}` : "";
  return reader.refuse(node, `has no value; add ${lacking.join(" ")}${given}`);
}

function callMeaning(reader, node) {
  const {of, parts} = node;
  if (of.kind !== "name") reader.refuse(of, `is no function of the table; ${LANGUAGE.allowed}`);
  const name = of.text.normalize("NFKC");
  if (!isFunction(name)) reader.refuse(of, `is no function of the table; ${meant(name)}`);
  if (parts.some((part) => part.kind === "keyword")) reader.refuse(node, "takes its inputs in order, without names");
  const found = parts.map((part) => reader.visit(part));
  try {
    return Object.hasOwn(LANGUAGE.composed, name) ? composed(reader, name, found) : callRow(reader, name, found);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return reader.refuse(node, `is refused (${error.message})`);
  }
}

// A row at its arguments. Error for arguments that it does not take.
function callRow(reader, name, args) {
  const {inputs: letters, defaults, lists, index, least} = LANGUAGE.rows[name];
  if (!lists) {
    const missing = letters.length - args.length;
    if (missing < 0 || missing > defaults.length) {
      throw new Error(
        `${name}(${letters.join(", ")}) takes ${letters.length} input${letters.length > 1 ? "s" : ""}, ` +
          `got ${args.length}`,
      );
    }
    if (args.some(Array.isArray)) throw new Error("expected a number or a Value, got a list");
    return apply(reader, name, [...args, ...defaults.slice(defaults.length - missing).map(Number)]);
  }
  const form = `${name}(${[...Array(lists).fill("[...]"), ...Array(index).fill("i")].join(", ")})`;
  if (args.length !== lists + index) {
    throw new Error(`${name} got ${args.length} argument${args.length === 1 ? "" : "s"}; write ${form}`);
  }
  const rows = args.slice(0, lists);
  if (!rows.every(Array.isArray)) throw new Error(`${name} takes a list of Values; write ${form}`);
  if (rows.some((row) => row.length !== rows[0].length)) {
    throw new Error(`${name} takes lists of one length, got ${rows.map((row) => row.length).join(" and ")}`);
  }
  if (rows[0].length < least) {
    throw new Error(`${name} of an empty list has no value; give it at least ${least} element`);
  }
  if (index && Array.isArray(args.at(-1))) throw new Error("expected a number or a Value, got a list");
  if (rows[0].length > LANGUAGE.most) {
    throw new Error(`the page reads lists of at most ${LANGUAGE.most} elements; Python's parse reads any`);
  }
  return apply(reader, name, [...rows.flat(), ...args.slice(lists)]);
}

// A row at numbers and Refs: a number if all are numbers, else a new node.
function apply(reader, name, args) {
  const {lists, symbol, js} = LANGUAGE.rows[name],
    op = lists ? `${js}${args.length}` : js;
  const number = (a) => (a instanceof Ref ? reader.nodes[a.k].data : a);
  const data = Number(values[op](...args.map(number)));
  if (!args.some((a) => a instanceof Ref)) return data;
  const written = args.map((a) => (a instanceof Ref ? a.k : Object.is(a, -0) ? "-0" : String(a)));
  return new Ref(reader.nodes.push({name: "", op, sign: symbol, args: written, data}) - 1);
}

// A function made of rows, as Python recorded it for a list of this length: [[row, inputs], ...], then its results. An
// input i from 0 on is an element of the list, below 0 the result -1 - i.
function composed(reader, name, [xs, ...more]) {
  if (!Array.isArray(xs) || more.length) throw new Error(`${name} takes a list of Values; write ${name}([...])`);
  const [steps, results] = LANGUAGE.composed[name][xs.length] ?? [];
  if (!steps) throw new Error(`the page reads lists of 1 to ${LANGUAGE.most} elements`);
  const made = [],
    pick = (i) => (typeof i === "string" ? Number(i) : i < 0 ? made[-1 - i] : xs[i]);
  for (const [row, args] of steps) made.push(apply(reader, row, args.map(pick)));
  return results.map(pick);
}

// Advice: known names that are close to this one, or where all are listed.
function meant(name) {
  const near = [...Object.keys(LANGUAGE.rows), ...Object.keys(LANGUAGE.composed)].filter(
    (known) => distance(known, name) <= 2 && known.length > 2,
  );
  return near.length ? `did you mean ${near.slice(0, 3).join(" or ")}?` : "see them all with: microgradx ops";
}

// Letters to insert, delete, change or swap to make b of a.
function distance(a, b) {
  const rows = [[...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const changed = rows[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1]);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2][j - 2] + 1 : Infinity;
      rows[i].push(Math.min(changed, rows[i - 1][j] + 1, rows[i][j - 1] + 1, swapped));
    }
  }
  return rows[a.length][b.length];
}
