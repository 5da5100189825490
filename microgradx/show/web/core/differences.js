// Finite differences that know their error: the algorithm of checking/differences.py, number for number.
//
// A difference quotient errs by its step (too large) or by rounding (too small). Ridders (1982) halves the step,
// extrapolates to step 0, and keeps the extrapolation that changes least; that change is its error.

const UNKNOWN = {value: NaN, error: Infinity};
const HALVINGS = 8,
  EXACT = 1e-10,
  CLOSER = 2 ** -16;

// How far from its value a right derivative may be.
const bound = ({value, error}) => 1e-8 * Math.abs(value) + 10 * error;
const agrees = (estimate, slope) => Math.abs(slope - estimate.value) <= bound(estimate);
const apart = (left, right) => Math.abs(left.value - right.value) > bound(left) + bound(right);

// The derivative of f at x: {value, error}. side: 0 both, 1 from the right only, -1 from the left only.
function derivative(f, x, side = 0, noise = 0) {
  const here = f(x),
    way = openSide(f, x, side);
  if (way === null || !Number.isFinite(here)) return UNKNOWN;
  noise = Math.max(noise, ulp(here));
  let best = UNKNOWN,
    bestStep = Infinity,
    reach = Infinity,
    sure = false;
  for (const start of firstSteps(x)) {
    if (start >= reach) continue;                       // this step leaves the domain
    const exactly = best.error <= EXACT * Math.abs(best.value),
      rounded = best.error <= (2 * noise) / bestStep;
    if (sure && (exactly || (rounded && start < bestStep))) continue;  // only rounding is left
    const step = retreat(f, x, start, way);
    if (step < start) reach = step;
    const found = ridders(f, x, step, way, noise);
    // if two estimates contradict each other, the larger step is wrong: it misses detail, as for sin(1e6*x)
    if (apart(found, best) ? step < bestStep : found.error < best.error) {
      [best, bestStep] = [found, step];
      const [close] = quotient(f, x, step * CLOSER, way);
      sure = !apart(best, {value: close, error: noise / (step * CLOSER)});
    }
  }
  return best;
}

// The slopes from the left and from the right; if they are apart, f has a kink.
function oneSided(f, x, noise = 0) {
  return [derivative(f, x, -1, noise), derivative(f, x, 1, noise)];
}

// `side`, or the only side on which f is defined, or null if f has no neighbouring value there.
function openSide(f, x, side) {
  if (Number.isFinite(quotient(f, x, firstSteps(x)[0], side)[0])) return side;
  const sides = [-1, 1].filter((way) => Number.isFinite(f(neighbour(x, way))));
  if (sides.length === 1 && (side === 0 || sides[0] === side)) return sides[0];
  return sides.length === 2 ? side : null;
}

// First steps, powers of two: of the size of x, of size 1 if x is far from 1, then smaller ones.
function firstSteps(x) {
  const size = exponent(x),
    sizes = x === 0 ? [1] : Math.abs(size) < 5 ? [size] : [size, 1];
  return [4, 12, 20, 28].flatMap((shrink) => sizes.map((power) => 2 ** (power - shrink)));
}

// The largest of h, h/2, h/4, ... at which the difference quotient is finite.
function retreat(f, x, h, side) {
  while (h >= 32 * ulp(x) && !Number.isFinite(quotient(f, x, h, side)[0])) h /= 2;
  return h;
}

// Neville's table: each row halves the step, each column removes one more power of it from the error.
function ridders(f, x, h, side, noise) {
  const power = side ? 1 : 2;                           // the error is a series in h, or, central, in h*h
  let above = [],
    best = UNKNOWN;
  for (let n = 0; n < HALVINGS && h >= 32 * ulp(x) && best.error > noise / h; n += 1) {
    const [slope, size] = quotient(f, x, h, side);
    if (!Number.isNaN(size)) noise = Math.max(noise, ulp(size));
    const row = [slope];
    above.forEach((coarse, k) => {
      row.push(row[k] + (row[k] - coarse) / (2 ** (power * (k + 1)) - 1));
      const error = Math.max(Math.abs(row[k + 1] - row[k]), Math.abs(row[k + 1] - coarse)) + noise / h;
      if (error < best.error) best = {value: row[k + 1], error};
    });
    above = row;
    h /= 2;
  }
  return best;
}

// The difference quotient with step h, and the size of f there.
function quotient(f, x, h, side) {
  h = Math.abs(x) + h - Math.abs(x);                    // the step that x + h, rounded, really takes
  const a = x - h * Number(side <= 0),
    b = x + h * Number(side >= 0),
    low = f(a),
    high = f(b);
  return [(high - low) / (b - a), Math.max(Math.abs(low), Math.abs(high))];
}

// Of a graph --------------------------------------------------------------------------------------------------

// The rounding errors of the root and of its derivative by each node: the chain rule on absolute values
// (Linnainmaa 1976), as in checking/mismatch.py.
function roundings(nodes, data) {
  const frozen = slopesOf(nodes, data),
    pull = nodes.map(() => 0);
  pull[nodes.length - 1] = 1;
  let noise = 0;
  for (let k = nodes.length - 1; k >= 0; k -= 1) {
    if (pull[k] === 0) continue;
    frozen[k].forEach((slope, i) => {
      const a = nodes[k].args[i];
      if (slope !== null && slope !== 0 && typeof a === "number") pull[a] += Math.abs(slope) * pull[k];
    });
    noise += pull[k] * ulp(data[k]);
  }
  const finite = (x) => (Number.isFinite(x) ? x : 0);
  return {noise: finite(noise), blurs: pull.map((force) => finite(Number.EPSILON * force))};
}

// The verdict on a slope of f at x: {seen, kink, agrees}. On a kink, where the slopes on the two sides are apart, kink
// is [left, right], and any slope between them is right.
function judged(f, x, slope, noise, blur) {
  const [seen, left, right] = [0, -1, 1].map((side) => {
    const {value, error} = derivative(f, x, side, noise);
    return {value, error: error + blur};
  });
  if (!apart(left, right)) return {seen, kink: null, agrees: agrees(seen, slope)};
  const [low, high] = left.value < right.value ? [left, right] : [right, left];
  const between = low.value - bound(low) <= slope && slope <= high.value + bound(high);
  return {seen, kink: [left.value, right.value], agrees: between || agrees(seen, slope)};
}
