// Is this gradient right? The rule of checking/mismatch.py: a right derivative differs from the differences by at most
// 1e-8 relative plus ten times their estimated error; on a kink any slope between those of the two sides is right.

const LEAST_NORMAL = 2 ** -1022;                        // a slope below it has lost digits

// The rounding errors of the root and of its derivative by each node: the chain rule on absolute values
// (Linnainmaa 1976). Inputs are exact.
function roundings(nodes, data) {
  const frozen = slopesOf(nodes, data),
    pull = nodes.map(() => 0),
    reached = nodes.map(() => false);
  const finite = (x) => (Number.isFinite(x) ? x : 0);
  pull[nodes.length - 1] = 1;
  reached[nodes.length - 1] = true;
  let noise = 0;
  for (let k = nodes.length - 1; k >= 0; k -= 1) {
    if (!reached[k]) continue;
    frozen[k].forEach((slope, i) => {
      const a = nodes[k].args[i];
      if (slope === null || typeof a !== "number") return;
      pull[a] += (Math.abs(slope) + LEAST_NORMAL) * pull[k];
      reached[a] = true;
    });
    if (nodes[k].op !== null) noise += finite(pull[k] * ownRounding(nodes[k], data[k], frozen[k], data));
  }
  return {noise, blurs: pull.map((force) => finite(Number.EPSILON * force))};
}

// The rounding error of one node at exact inputs. A row of more than two inputs rounds partial sums; one with branches
// that returns an input as it is does not round.
function ownRounding({op, args}, y, slopes, data) {
  const open = args.map((a, i) => i).filter((i) => typeof args[i] === "number" && slopes[i] !== null);
  if (KINKED.has(op) && open.every((i) => data[args[i]] === y)) return 0;
  const parts = args.length > 2 ? open.map((i) => Math.abs(data[args[i]] * slopes[i])) : [];
  return ulp(parts.reduce((most, part) => Math.max(most, part), Math.abs(y)));
}

// Distances at which a function of these numbers may have detail: the sizes of those that are far from 1, roughly.
function scalesOf(xs) {
  const sizes = new Set(xs.filter((x) => x !== 0 && Number.isFinite(x)).map((x) => evenly(exponent(x) / 16)));
  sizes.delete(0);
  return [...sizes]
    .filter((size) => size > -67)
    .sort((a, b) => a - b)
    .map((size) => 2 ** (16 * size - 4));
}

// The nearest whole number, of two the even one, as Python rounds.
function evenly(x) {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(x);
}

// The verdict on a slope of f at x: {seen, kink, agrees}; kink is [left, right] where the slopes of the sides are
// apart.
function judged(f, x, slope, noise = 0, blur = 0, scales = []) {
  const [seen, left, right] = [0, -1, 1].map((side) => {
    const {value, error} = derivative(f, x, side, noise, scales);
    return {value, error: error + blur};
  });
  const kink = apart(left, right) ? [left.value, right.value] : null;
  if (agrees(seen, slope) || seen.value === slope) return {seen, kink, agrees: true};
  if (Number.isFinite(slope) && (isOpen(left) || isOpen(right))) return {seen, kink, agrees: true};
  if (!kink) return {seen, kink, agrees: false};
  const [low, high] = left.value < right.value ? [left, right] : [right, left];
  return {seen, kink, agrees: low.value - bound(low) <= slope && slope <= high.value + bound(high)};
}
