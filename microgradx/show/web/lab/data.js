// Data sets: points with a target, 1 or -1 for a class, any number for a curve. All fit into the plane from -2 to 2.

const REACH_OF_PLANE = 2;
const DATA = {
  moons: {title: "Moons", inputs: 2, make: moons},
  circles: {title: "Circles", inputs: 2, make: circles},
  xor: {title: "Xor", inputs: 2, make: xor},
  spirals: {title: "Two spirals", inputs: 2, make: spirals},
  curve: {title: "Curve y = x\u00b2", inputs: 1, make: parabola},
  own: {title: "Your own points", inputs: 2, make: (count, chance, own) => own},
};
if (GIVEN) {
  // by Python: lab(model, xs, ys)
  const {own, inputs: given} = GIVEN.config;
  delete GIVEN.config.inputs;
  DATA.given = {title: "The model's data", inputs: given, make: () => own};
}

function moons(count, chance) {
  return classes(count, (k, side) => {
    const angle = Math.PI * chance.random();
    return side > 0 ? [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25] : [0.5 - Math.cos(angle), 0.25 - Math.sin(angle)];
  });
}

function circles(count, chance) {
  return classes(count, (k, side) => {
    const angle = 2 * Math.PI * chance.random(),
      radius = side > 0 ? 0.5 : 1.3;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

function xor(count, chance) {
  return Array.from({length: count}, (_, k) => {
    const signs = [k & 1 ? 1 : -1, k & 2 ? 1 : -1];
    return {x: signs.map((sign) => sign * chance.uniform(0.15, 1.6)), t: signs[0] === signs[1] ? -1 : 1};
  });
}

function spirals(count, chance) {
  return classes(count, (k, side) => {
    const along = 0.1 + 0.9 * chance.random(),
      angle = 3.5 * along * Math.PI + (side > 0 ? 0 : Math.PI);
    return [1.7 * along * Math.cos(angle), 1.7 * along * Math.sin(angle)];
  });
}

function parabola(count, chance) {
  return Array.from({length: count}, () => {
    const x = chance.uniform(-1.4, 1.4);
    return {x: [x], t: x * x};
  });
}

// Points of the two classes in turn.
function classes(count, point) {
  return Array.from({length: count}, (_, k) => ({x: point(k, k % 2 ? 1 : -1), t: k % 2 ? 1 : -1}));
}

// {samples, train}: all samples with noise, and how many of them, the first ones, are for training.
function dataOf({data, count, noise, share, seed, own}) {
  const samples = DATA[data].make(count, new Chance(seed, STREAMS.data), own).map(({x, t}) => ({x: [...x], t}));
  const blur = new Chance(seed, STREAMS.noise);
  if (data !== "own" && data !== "given") {
    for (const sample of samples) {
      if (data === "curve") sample.t += noise * blur.gauss();
      else sample.x = sample.x.map((x) => x + noise * blur.gauss());
    }
  }
  const order = new Chance(seed, STREAMS.split).shuffled(samples.length);
  const train = Math.max(Math.min(1, samples.length), Math.round(samples.length * (1 - share)));
  return {samples: order.map((k) => samples[k]), train};
}

// Pasted points: a line for each, its numbers and then its class or value, with commas, spaces or tabs between.
// {samples, error}; nothing is taken of a text with an error.
function pasted(text, most = 500) {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  if (!lines.length) return {samples: [], error: "write one point a line: x1, x2, class (1 or -1)"};
  if (lines.length > most) return {samples: [], error: `at most ${most} points are taken, these are ${lines.length}`};
  const samples = [];
  for (const [k, line] of lines.entries()) {
    const numbers = line
      .split(/[\s,;]+/)
      .filter(Boolean)
      .map(parsed);
    if (numbers.length !== 3 || numbers.some((x) => x === undefined || !Number.isFinite(x))) {
      return {samples: [], error: `line ${k + 1}: expected three numbers, x1, x2, class; got ${cut(line, 40)}`};
    }
    const [first, second, t] = numbers;
    if (t !== 1 && t !== -1 && t !== 0) return {samples: [], error: `line ${k + 1}: a class is 1 or -1, got ${t}`};
    if (Math.max(Math.abs(first), Math.abs(second)) > REACH_OF_PLANE) {
      return {samples: [], error: `line ${k + 1}: the plane reaches from -2 to 2; scale the points`};
    }
    samples.push({x: [first, second], t: t || -1});
  }
  return {samples, error: ""};
}
