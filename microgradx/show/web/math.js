// What rows of the table need and JavaScript's own Math lacks. Each answers as IEEE 754 and Python do.

// JavaScript answers NaN to 1 ** NaN and (-1) ** Infinity, where C and Python answer 1.
function power(x, n) {
  return x === 1 || (x === -1 && Math.abs(n) === Infinity) ? 1 : Math.pow(x, n);
}

// a * log(b), where a = 0 wins over an infinite logarithm.
function xlogy(a, b) {
  return a === 0 && !Number.isNaN(b) ? a : a * Math.log(b);
}

function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const z = Math.exp(x);                                // exp(-x) would overflow
  return z / (1 + z);
}

function softplus(x) {
  return (x > 0 || Number.isNaN(x) ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)));
}


// The error function: its series near 0, a continued fraction far from it -------------------------------------

// erf(x) = 2/sqrt(pi) * exp(-x*x) * (x + x**3 * 2/3 + x**5 * 4/15 + ...): no term is negative, so no digit cancels.
function erf(x) {
  if (!(Math.abs(x) < 2)) return Number.isNaN(x) ? x : Math.sign(x) * (1 - erfc(Math.abs(x)));
  let term = x, total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n += 1) {
    term *= 2 * x * x / (2 * n + 1);
    total += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * total;
}

// erfc(x) = exp(-x*x)/sqrt(pi) / (x + 1/2/(x + 2/2/(x + 3/2/(x + ...)))), from the innermost fraction outwards.
function erfc(x) {
  if (!(x > 1)) return Number.isNaN(x) ? x : x < -1 ? 2 - erfc(-x) : 1 - erf(x);
  if (x > 28) return 0;                                 // below the smallest float
  let fraction = x;
  for (let n = Math.ceil(20 + 160 / (x * x)); n > 0; n -= 1) fraction = x + n / 2 / fraction;
  // x*x rounds, and exp() would multiply that error by x*x: the square of the leading digits of x is exact
  const lead = Math.fround(x);
  return Math.exp(-lead * lead) * Math.exp((lead - x) * (lead + x)) / Math.sqrt(Math.PI) / fraction;
}


// Reductions: any number of inputs, added from left to right ---------------------------------------------------

function sum(...xs) {
  let total = 0;
  for (const x of xs) total += x;
  return total;
}

function dot(...xs) {
  const half = xs.length / 2;
  let total = 0;
  for (let i = 0; i < half; i += 1) total += xs[i] * xs[half + i];
  return total;
}

// The products where the mask, the first third, is not 0.
function maskedDot(...xs) {
  const third = xs.length / 3;
  let total = 0;
  for (let i = 0; i < third; i += 1) if (xs[i] !== 0) total += xs[third + i] * xs[2 * third + i];
  return total;
}

function product(...xs) {
  let total = 1;
  for (const x of xs) total *= x;
  return total;
}

// The largest element plus what the others add to it, so that nothing overflows and a small excess is kept.
function logsumexp(...xs) {
  const top = Math.max(...xs);                          // of no elements: -Infinity
  if (!Number.isFinite(top)) return top;
  let rest = 0, ties = -1;
  for (const x of xs) {
    if (x < top) rest += Math.exp(x - top);
    else ties += 1;
  }
  return top + Math.log1p(rest + ties);
}

function take(...xs) {
  const i = xs.pop();
  if (!(i >= 0 && i < xs.length && Number.isInteger(i))) {
    throw new RangeError(`take: expected a whole number from 0 to ${xs.length - 1} as index, got ${i}`);
  }
  return xs[i];
}
