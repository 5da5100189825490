// The network at one sample as a graph of scalars: the same numbers as in network.js, to step through one by one.

// Nodes for the loss of `sample`: weights, inputs, a dot and an activation for each unit, the loss. `open` has the keys
// of the groups that show unit j of layer l.
function scalarGraph(network, sample, loss) {
  const {sizes, acts, depth, weights} = network,
    nodes = [];
  const leaf = (name, data, scope) => nodes.push({name, op: null, args: [], data, scope}) - 1;
  const result = (name, row, args, scope) => {
    const {js, symbol, lists} = LANGUAGE.rows[row];
    return nodes.push({name, op: lists ? `${js}${args.length}` : js, sign: symbol, args, scope}) - 1;
  };
  let inputs = sample.x.map((x, i) => leaf(`x${i + 1}`, x, []));
  for (let l = 0; l < depth; l += 1) {
    const outputs = [];
    for (let j = 0; j < sizes[l + 1]; j += 1) {
      const scope = [layerName(network, l), `unit ${j + 1}`],
        own = scalarName(network, {l, j});
      const row = network.row(l, j);
      const ws = inputs.map((_, i) => leaf(`${own}.w${i + 1}`, weights[row + i], scope));
      ws.push(leaf(`${own}.b`, weights[row + sizes[l]], scope));
      const linear = acts[l] === "identity",
        total = result(linear ? own : `${own}.z`, "dot", [...ws, ...inputs, "1"], scope);
      const {defaults} = LANGUAGE.rows[acts[l]];
      outputs.push(linear ? total : result(own, acts[l], [total, ...defaults.map(String)], scope));
    }
    inputs = outputs;
  }
  const [steps] = LOSS_GRAPHS[loss],
    made = [];
  steps.forEach(([row, args], k) => {
    const pick = (a) => (typeof a === "string" ? a : a < 0 ? made[-1 - a] : a === 0 ? inputs[0] : String(sample.t));
    made.push(result(k === steps.length - 1 ? "loss" : "", row, args.map(pick), []));
  });
  return named(taped(nodes, nodes.length - 1));
}

// The name of a unit's output in the graph: h1_2 for unit 2 of layer 1.
const scalarName = ({depth}, {l, j}) => (l === depth - 1 ? "out" : `h${l + 1}_${j + 1}`);

function layerName({depth}, l) {
  return l === depth - 1 ? "output" : `layer ${l + 1}`;
}

// The groups of the picture that are open around unit j of layer l.
function openAround(network, l, j) {
  const layer = layerName(network, l);
  return [`scope ${layer}`, `scope ${layer}/unit ${j + 1}`];
}
