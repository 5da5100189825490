// The two passes over the graph, as in engine.py, by the rows of the table that are written above: values, slopes.
//
// A node is {name, op, args}: op is the name of its row, null for a leaf; in args a number is the index of a node, a
// string a constant. A step is [node, i]: the node passes its gradient to its input i; the first is [root, null].

function inputs(node, data) {
  return node.args.map((a) => (typeof a === "string" ? Number(a) : data[a]));
}

// The number of every node. One of them, result or leaf, may be set to x.
function forward(nodes, leaves, set = -1, x = 0) {
  const data = [];
  nodes.forEach((node, k) => {
    if (k === set) data.push(x);
    else data.push(node.op === null ? leaves[k] : Number(values[node.op](...inputs(node, data))));
  });
  return data;
}

// The effect of each step on a gradient, with the same additions in the same order as backward() in Python.
function backward(nodes, steps, data) {
  const frozen = nodes.map((node, k) => (node.op === null ? [] : slopes[node.op](data[k], ...inputs(node, data))));
  const grad = nodes.map(() => 0);
  const terms = nodes.map(() => []);
  const reached = nodes.map(() => false);               // behind a branch that is not taken no gradient flows
  return steps.map(([node, i]) => {
    const target = i === null ? node : nodes[node].args[i];
    const slope = i === null ? 1 : frozen[node][i];
    const incoming = i === null ? 1 : grad[node];
    const flows = slope !== null && (i === null || reached[node]);
    const contribution = flows ? slope * incoming : 0;
    if (flows) reached[target] = true;
    const before = grad[target], after = before + contribution;
    grad[target] = after;
    terms[target].push(contribution);
    // all steps to one target share terms; up to this step there are the first `use`
    return {node, i, target, slope, incoming, contribution, flows, before, after, terms: terms[target],
            use: terms[target].length};
  });
}

// The derivative of f at x by central differences, with halved steps and extrapolation (Ridders 1982). It keeps the
// extrapolation that changes least; that change is its error. {value: NaN} if f is not finite nearby.
function differences(f, x) {
  let best = {value: NaN, error: Infinity};
  for (let h = Math.max(1, Math.abs(x)) / 4; h > 1e-6 * Math.max(1, Math.abs(x)); h /= 64) {
    const found = extrapolated(f, x, h);
    if (found.error < best.error) best = found;
  }
  return best;
}

function extrapolated(f, x, start) {
  let best = {value: NaN, error: Infinity};
  let above = [];
  for (let h = start, n = 0; n < 8; h /= 2, n += 1) {
    const high = f(x + h), low = f(x - h);
    const rounding = Number.EPSILON * Math.max(Math.abs(high), Math.abs(low)) / h;
    const row = [(high - low) / ((x + h) - (x - h))];
    above.forEach((coarse, k) => {
      row.push(row[k] + (row[k] - coarse) / (4 ** (k + 1) - 1));
      const error = Math.max(Math.abs(row[k + 1] - row[k]), Math.abs(row[k + 1] - coarse)) + rounding;
      if (error < best.error) best = {value: row[k + 1], error};
    });
    above = row;
  }
  return best;
}

// The slopes of f from the left and from the right; at a kink they differ.
function oneSided(f, x) {
  const h = 1e-7 * Math.max(1, Math.abs(x));
  return [(f(x) - f(x - h)) / h, (f(x + h) - f(x)) / h];
}

// Six digits of a number, as Python writes f"{x:.6g}".
function brief(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (x === 0) return "0";
  const [digits, power] = x.toExponential(5).split("e");
  if (power < -4 || power >= 6) {
    return `${trimmed(digits)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trimmed(Number(`${digits}e${power}`).toFixed(Math.max(0, 5 - power)));
}

function trimmed(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
