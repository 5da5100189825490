// The one state of the network lab, and how it changes; the stepper has its own (step/state.js). Data flows one way: an
// action calls alter(), which makes what follows from it, and the next frame lets every view show the state.
//
//   config     what the reader chose: data, layers, loss, optimiser, ... (CONFIG has the first)
//   trainer    the network with its data and its run (trainer.js), made from config
//   seen       what the weights of this moment do: loss, gradients, health, the plane (observe.js)

const CONFIG = {
  data: "moons",
  count: 100,
  noise: 0.1,
  share: 0.2,
  seed: 1,
  own: [],
  layers: [
    {units: 8, act: "tanh"},
    {units: 8, act: "tanh"},
  ],
  init: "xavier",
  loss: "cross entropy",
  optimiser: "adam",
  rate: 0.03,
  momentum: 0.9,
  batch: 0,
  decay: 0,
};
const SETTINGS = ["rate", "momentum", "batch", "decay"];  // change on the way; anything else starts anew

const lab = {
  config: CONFIG,
  trainer: null,
  seen: null,
  playing: false,
  pace: "normal",
  maps: "activation",
  edges: "weight",
  unit: null,
  edge: null,
  sample: null,                                         // what is chosen: {l, j}, {l, j, i}, the place of a sample
  message: "",
  mission: null,
  earlier: null,                                        // earlier: the trainer of the run before, to compare with
};
const labViews = [];
let frameAsked = false;

function alter(part) {
  const before = lab.config;
  job = null;
  Object.assign(lab, part);
  if (part.config || !lab.trainer) {
    const changed = Object.keys(lab.config).filter((key) => lab.config[key] !== before[key]);
    if (lab.trainer && changed.every((key) => SETTINGS.includes(key))) {
      if (changed.length) lab.trainer.change(Object.fromEntries(changed.map((key) => [key, lab.config[key]])));
    } else {
      start();
    }
  }
  askFrame();
}

// A new run with the same settings. The last one stays to compare with, if it went anywhere.
function start() {
  const {config, trainer} = lab,
    {samples, train} = dataOf(config);
  const sizes = [DATA[config.data].inputs, ...config.layers.map(({units}) => units), 1];
  const network = new Network(sizes, [...config.layers.map(({act}) => act), "identity"]);
  const given = config.data === "given" && config.init === CONFIG.init ? GIVEN.weights : [];
  if (given.length === network.weights.length)
    network.weights.set(given);                         // those of lab(model, xs, ys)
  else initialise(network, config.init, config.seed);
  const went = trainer && trainer.t > 1;
  if (went) trainer.measure();
  const fits = trainer && lab.unit && lab.unit.l < network.depth && lab.unit.j < sizes[lab.unit.l + 1];
  Object.assign(lab, {
    trainer: new Trainer(network, samples, train, config),
    earlier: went ? trainer : lab.earlier,
    unit: fits ? lab.unit : null,
    edge: null,
    sample: null,
  });
}

function askFrame() {
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(frame);
}

const PACES = {slow: 1, normal: 5, fast: 100000};       // updates in a frame at most
const SLICE = 8;                                        // milliseconds of work in a frame while it trains; else REST
const REST = 24;
const EACH = 3;                                         // frames of training between two that show it
const ENOUGH = "enough for this frame";
let frames = 0,
  job = null;                                           // what is under way, in parts: a generator

// Updates for some frames, then what they did, view by view. An action in between starts it anew: an update that is not
// complete has changed nothing.
function* work() {
  const last = frames + EACH;
  while (lab.playing && frames < last) {
    const now = frames;
    for (let n = 0; n < PACES[lab.pace] && frames === now && lab.trainer.t < KEPT; n += 1)
      yield* lab.trainer.stepInParts();
    if (lab.trainer.t >= KEPT) lab.playing = false;
    if (frames === now) yield ENOUGH;
  }
  yield* observeInParts();
  for (const view of labViews) {
    yield* view(lab) ?? [];
    yield;
  }
}

// As many parts as a frame has time for, and a view is one; the rest in the next frame.
function frame() {
  frameAsked = false;
  frames += 1;
  if (document.body.dataset.view !== "network") return;
  job ??= work();
  const until = performance.now() + (lab.playing ? SLICE : REST);
  let part;
  do part = job.next();
  while (!part.done && part.value !== ENOUGH && performance.now() < until);
  if (part.done) job = null;
  if (lab.playing || job) askFrame();
}

// To another moment of the run.
function travel(t) {
  lab.trainer.goTo(t);
  alter({playing: false});
}
