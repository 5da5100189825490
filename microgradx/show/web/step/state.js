// The one state of the stepper, and how it changes. Data flows one way: an action calls change(), which computes what
// follows and then lets every view show the state. A view reads; it never changes what another view shows.
//
//   graph      {nodes, steps, uses, frame}: what is stepped through (graph.js)
//   leaves     the number of every leaf as the reader set it; given, as it was at first
//   at         the current step: forward steps first, one for each node, then the way back
//   data, events, grads     follow from graph and leaves: numbers, steps of the way back, complete gradients

const state = {
  graph: null,
  given: [],
  leaves: [],
  data: [],
  events: [],
  grads: [],
  at: 0,
  predict: false,
  revealed: new Set(),
  score: {right: 0, asked: 0},
  verdict: "",
  playing: false,
  speed: 1,
  flight: null,                                         // the step of the way back that is on its way along an edge
  chosen: null,                                         // {node} or {node, i}: what the reader looks at more closely
  open: new Set(),                                      // groups of the picture that are open
  told: false,                                          // whether what-if shows gradients before their step
  past: [],                                             // the leaves before each step down
};
const views = [];                                       // functions of the state, called in this order

const count = () => state.graph.nodes.length;
const root = () => count() - 1;
const lastStep = () => count() + state.graph.steps.length - 1;
const nameOf = (k) => state.graph.nodes[k].name;
const eventAt = (step) => (step < count() ? null : state.events[step - count()]);

// Sets a part of the state, and shows it. Throws, with nothing changed, if the numbers cannot be computed.
function change(part) {
  const before = {...state};
  Object.assign(state, part);
  if ("graph" in part || "leaves" in part) {
    try {
      compute();
    } catch (error) {
      // an index outside its list
      Object.assign(state, before);
      throw error;
    }
  }
  show();
}

function show() {
  for (const view of views) view(state);
}

function compute() {
  const {nodes, steps} = state.graph;
  state.data = forward(nodes, state.leaves);
  state.events = backward(nodes, steps, state.data);
  state.grads = nodes.map(() => 0);
  for (const event of state.events) state.grads[event.target] = event.after;
}

// Another graph to step through, from its first step on or from step `at`.
function openGraph(graph, at = 0) {
  const given = graph.nodes.map((node) => Number(node.data ?? NaN));
  change({
    graph,
    given,
    leaves: [...given],
    at,
    ...FRESH,
    chosen: null,
    past: [],
    playing: false,
    open: new Set(graph.open ?? []),
    score: {right: 0, asked: 0},
  });
}

// With new numbers every step can be predicted again.
const FRESH = {
  get revealed() {
    return new Set();
  },
  verdict: "",
  flight: null,
};

// Sets leaf k to x. Returns an error message, or "".
function setLeaf(k, x) {
  const leaves = [...state.leaves];
  leaves[k] = x;
  try {
    change({leaves, ...FRESH});
  } catch (error) {
    return error.message;
  }
  return "";
}

// Whether the reader should predict this step first.
function hidden() {
  return state.predict && state.at > count() && !state.revealed.has(state.at);
}

// The steps of the way back whose numbers may be seen now.
function seenEvents() {
  const waits = hidden() || state.flight;
  return state.events.slice(0, Math.max(0, state.at - count() + (waits ? 0 : 1)));
}
