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

// The slopes of every node by its inputs; null where no gradient flows.
function slopesOf(nodes, data) {
  return nodes.map((node, k) => (node.op === null ? [] : slopes[node.op](data[k], ...inputs(node, data))));
}

// The effect of each step on a gradient, with the same additions in the same order as backward() in Python.
function backward(nodes, steps, data) {
  const frozen = slopesOf(nodes, data);
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
    const before = grad[target],
      after = before + contribution;
    grad[target] = after;
    terms[target].push(contribution);
    // all steps to one target share terms; up to this step there are the first `use`
    return {
      node,
      i,
      target,
      slope,
      incoming,
      contribution,
      flows,
      before,
      after,
      terms: terms[target],
      use: terms[target].length,
    };
  });
}

// The steps of the way back, in the order of step.py: from the root, one for each input that is a node.
function stepsBack(nodes) {
  const steps = [[nodes.length - 1, null]];
  for (let k = nodes.length - 1; k >= 0; k -= 1) {
    nodes[k].args.forEach((a, i) => {
      if (typeof a === "number") steps.push([k, i]);
    });
  }
  return steps;
}
