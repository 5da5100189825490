// A graph to step through: what a list of nodes does not say by itself.
//
// A node is {name, op, args, data, scope}: see engine.js; scope is its path of scopes from outside in, such as
// ["layers.0", "neurons.1"]; data, its number when it was recorded, only matters for a leaf.

// Nodes as a graph: the steps of the way back, and how often each node is used.
function graphOf(nodes, more = {}) {
  const steps = stepsBack(nodes),
    uses = nodes.map(() => 0);
  for (const [node, i] of steps) uses[i === null ? node : nodes[node].args[i]] += 1;
  return {nodes, steps, uses, ...more};
}

// Nodes in the order of Python's tape from `top`, those it was not computed from left out, with the indices set anew.
function taped(nodes, top) {
  const order = [],
    place = new Map(),
    stack = [[top, false]];
  while (stack.length) {
    const [k, done] = stack.pop();
    if (done) {
      place.set(k, order.length);
      order.push(k);
    } else if (!place.has(k)) {
      if (nodes[k].op === null) {
        place.set(k, order.length);
        order.push(k);
        continue;
      }
      place.set(k, -1);
      stack.push([k, true]);
      for (const a of [...nodes[k].args].reverse()) {
        if (typeof a === "number" && !place.has(a)) stack.push([a, false]);
      }
    }
  }
  return order.map((k) => ({...nodes[k], args: nodes[k].args.map((a) => (typeof a === "number" ? place.get(a) : a))}));
}

// Names for nodes without one, as naming.py gives them: x1, x2, ... for leaves, v1, v2, ... for results, y for the
// last.
function named(nodes) {
  const taken = new Set(nodes.map((node) => node.name).filter(Boolean));
  const next = {x: 0, v: 0};
  const numbered = (stem) => {
    do next[stem] += 1;
    while (taken.has(`${stem}${next[stem]}`));
    return `${stem}${next[stem]}`;
  };
  const last = taken.has("y") ? null : "y";
  return nodes.map((node, k) => ({
    ...node,
    name: node.name || (node.op !== null && k === nodes.length - 1 && last) || numbered(node.op === null ? "x" : "v"),
  }));
}

// Paths -------------------------------------------------------------------------------------------------------

// The ways from node k to the root with the largest products of slopes, at most `most`: [{path, product}], path a list
// of [node, i] from k on. It keeps the best of every node, which is enough: a product grows with each of its factors.
function paths(nodes, frozen, k, most = 10) {
  const best = nodes.map(() => []),
    uses = nodes.map(() => []);
  nodes.forEach((node, n) => node.args.forEach((a, i) => typeof a === "number" && uses[a].push([n, i])));
  best[nodes.length - 1] = [{path: [], product: 1}];
  for (let a = nodes.length - 2; a >= k; a -= 1) {
    const found = uses[a].flatMap(([n, i]) =>
      frozen[n][i] === null
        ? []
        : best[n].map(({path, product}) => ({path: [[n, i], ...path], product: frozen[n][i] * product})),
    );
    best[a] = found.sort((p, q) => Math.abs(q.product) - Math.abs(p.product)).slice(0, most);
  }
  return best[k];
}

// How many ways there are from node k to the root, behind closed branches none.
function pathCount(nodes, frozen, k) {
  const ways = nodes.map(() => 0);
  ways[nodes.length - 1] = 1;
  for (let n = nodes.length - 1; n > k; n -= 1) {
    nodes[n].args.forEach((a, i) => {
      if (typeof a === "number" && frozen[n][i] !== null) ways[a] += ways[n];
    });
  }
  return ways[k];
}
