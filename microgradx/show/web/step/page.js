// The page of one graph: its data, then the stepper.

const {graph: recorded, rules, kinked} = JSON.parse(byId("data").textContent);
const KINKED = new Set(kinked);                         // rows with kinks

openGraph(graphOf(recorded));
noteStale(state.graph);
listenToKeys(() => true);
