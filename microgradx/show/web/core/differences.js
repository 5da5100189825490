// Finite differences that know their error: the algorithm of checking/differences.py, number for number.
//
// A difference quotient errs by its step (too large) or by rounding (too small). Ridders (1982) halves the step,
// extrapolates to step 0, and keeps the extrapolation that changes least; that change is its error. The error is
// infinite where differences do not settle, as at a jump; the value is nan where f has no neighbouring value.

const UNKNOWN = {value: NaN, error: Infinity};
const HALVINGS = 8,
  EXACT = 1e-10,
  CLOSER = 2 ** -16,
  SETTLED = 1e-3;

// How far from its value a right derivative may be.
const bound = ({value, error}) => 1e-8 * Math.abs(value) + 10 * error;
const agrees = (estimate, slope) => Number.isFinite(slope) && Math.abs(slope - estimate.value) <= bound(estimate);
const apart = (left, right) => Math.abs(left.value - right.value) > bound(left) + bound(right);
const isOpen = ({value, error}) => error === Infinity && !Number.isNaN(value);

// The derivative of f at x: {value, error}. side: 0 both, 1 from the right only, -1 from the left only; scales:
// distances at which f may have detail, besides the size of x and 1.
function derivative(f, x, side = 0, noise = 0, scales = []) {
  if (!Number.isFinite(x)) return UNKNOWN;
  const near = new Near(f, x, side),
    here = near.at(x),
    way = near.openSide();
  if (way === null || !Number.isFinite(here)) return UNKNOWN;
  Object.assign(near, {side: way, noise: Math.max(noise, ulp(here))});
  let best = UNKNOWN,
    bestStep = Infinity,
    reach = Infinity,
    sure = false;
  for (const start of near.steps()) {
    if (start >= reach) continue;                       // this step leaves the domain
    const exactly = best.error <= EXACT * Math.abs(best.value),
      rounded = best.error <= (2 * near.noise) / bestStep;
    if (sure && (exactly || (rounded && start < bestStep))) continue;  // only rounding is left
    const step = near.retreat(start);
    if (step < start) reach = step;
    const {found, settled} = near.ridders(here, step);
    if (!settled) continue;
    // if two estimates contradict each other, the larger step is wrong: it misses detail, as for sin(1e6*x)
    if (apart(found, best) ? step < bestStep : found.error < best.error) {
      [best, bestStep] = [found, step];
      const closer = [step * CLOSER, ...scales.filter((h) => h < step * CLOSER)];
      sure = closer.every((h) => near.confirms(found, Math.max(h, near.least)));
    }
  }
  return sure ? best : {value: near.quotient(near.retreat(near.steps()[0])).slope, error: Infinity};
}

// The slopes from the left and from the right; if they are apart, f has a kink.
function oneSided(f, x) {
  return [derivative(f, x, -1), derivative(f, x, 1)];
}

// A function near x, on one side or both: its values, its quotients, and the steps for them.
class Near {
  constructor(f, x, side) {
    Object.assign(this, {f, x, side, noise: 0, least: 32 * ulp(x)});  // nearer, x + h and x + h/2 may be one number
  }

  at(x) {
    const y = this.f(x);
    return Number.isFinite(y) ? y : NaN;
  }

  // The difference quotient with step h, and the size and the mean of f there; nan where f is not finite.
  quotient(h) {
    const {x, side} = this,
      real = Math.abs(x) + h - Math.abs(x);             // the step that x + h, rounded, really takes
    const a = x - real * Number(side <= 0),
      b = x + real * Number(side >= 0),
      low = this.at(a),
      high = this.at(b);
    return {slope: (high - low) / (b - a), size: Math.max(Math.abs(low), Math.abs(high)), mean: low / 2 + high / 2};
  }

  // First steps, powers of two: of the size of x, of size 1 if x is far from 1, then smaller ones, the least.
  steps() {
    const {x, least} = this,
      size = exponent(x),
      sizes = x === 0 ? [1] : Math.abs(size) < 5 ? [size] : [size, 1];
    const steps = [4, 12, 20, 28].flatMap((shrink) => sizes.map((power) => 2 ** (power - shrink)));
    return [...steps.filter((step) => step >= least), ...(Math.min(...steps) < least ? [16 * least] : [])];
  }

  // The side asked for, or the only one on which f is defined, or null if f has no neighbouring value there.
  openSide() {
    const {x, side} = this;
    if (Number.isFinite(this.quotient(this.steps()[0]).slope)) return side;
    const sides = [-1, 1].filter((way) => Number.isFinite(this.at(x + way * ulp(x))));
    if (sides.length === 1 && (side === 0 || sides[0] === side)) return sides[0];
    return sides.length === 2 ? side : null;
  }

  // The largest of h, h/2, h/4, ... at which f is defined.
  retreat(h) {
    while (h >= ulp(this.x) && Number.isNaN(this.quotient(h).slope)) h /= 2;
    return h;
  }

  // Whether the quotient with a smaller step does not contradict an estimate.
  confirms(found, h) {
    let close = this.quotient(h).slope;
    if (this.side) close = 2 * close - this.quotient(2 * h).slope;  // the error of a one-sided one grows with h
    return !apart(found, {value: close, error: (4 * this.noise) / h});
  }

  // Neville's table: each row halves the step, each column removes one more power of it from the error. It has settled
  // if its error is small beside it, or as large as rounding explains, and f bends less over smaller steps.
  ridders(here, h) {
    const power = this.side ? 1 : 2,
      bends = [];                                       // the error is a series in h, or, central, in h*h
    let above = [],
      best = UNKNOWN,
      {noise} = this;
    for (let n = 0; n < HALVINGS && h >= this.least && !(best.error <= noise / h); n += 1) {
      const {slope, size, mean} = this.quotient(h);
      if (!Number.isNaN(size)) noise = Math.max(noise, ulp(size));
      bends.push(this.side ? 0 : Math.abs(mean - here));
      const row = [slope];
      for (const [k, coarse] of above.entries()) {
        row.push(row[k] + (row[k] - coarse) / (2 ** (power * (k + 1)) - 1));
        const error = Math.max(Math.abs(row[k + 1] - row[k]), Math.abs(row[k + 1] - coarse)) + noise / h;
        if (error < best.error) best = {value: row[k + 1], error};
      }
      above = row;
      h /= 2;
    }
    const straight = !bends.length || bends.at(-1) <= bends[0] / 2 + 4 * noise;
    return {found: best, settled: straight && best.error <= SETTLED * Math.abs(best.value) + (8 * noise) / h};
  }
}
