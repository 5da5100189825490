// Functions that rows need and JavaScript's own Math lacks. Each returns the result of IEEE 754 and Python.

// In JavaScript 1 ** NaN and (-1) ** Infinity are NaN, in C and Python they are 1.
function power(x, n) {
  return x === 1 || (x === -1 && Math.abs(n) === Infinity) ? 1 : Math.pow(x, n);
}

// Functions of Python's math that have another name in JavaScript, or are operators.
function fabs(x) {
  return Math.abs(x);
}

function fmod(a, b) {
  return a % b;
}

function exp2(x) {
  return 2 ** x;
}

function copysign(x, sign) {
  return Math.abs(x) * (sign < 0 || Object.is(sign, -0) ? -1 : 1);
}

function degrees(x) {
  return x * (180 / Math.PI);
}

function radians(x) {
  return x * (Math.PI / 180);
}

// The error function: its series near 0, a continued fraction far from it -------------------------------------

// erf(x) = 2/sqrt(pi) * exp(-x*x) * (x + x**3 * 2/3 + x**5 * 4/15 + ...): no term is negative, so no digit cancels.
function erf(x) {
  if (!(Math.abs(x) < 2)) return Number.isNaN(x) ? x : Math.sign(x) * (1 - erfc(Math.abs(x)));
  let term = x,
    total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

// erfc(x) = exp(-x*x)/sqrt(pi) / (x + 1/2/(x + 2/2/(x + 3/2/(x + ...)))), from the innermost fraction outwards.
function erfc(x) {
  if (!(x > 1)) return Number.isNaN(x) ? x : x < -1 ? 2 - erfc(-x) : 1 - erf(x);
  if (x > 28) return 0;                                 // below the smallest float
  let fraction = x;
  for (let n = Math.ceil(20 + 160 / (x * x)); n > 0; n -= 1) fraction = x + n / 2 / fraction;
  // x*x rounds, and exp() would multiply that error by x*x: the square of the leading digits of x is exact
  const lead = Math.fround(x);
  return (Math.exp(-lead * lead) * Math.exp((lead - x) * (lead + x))) / Math.sqrt(Math.PI) / fraction;
}

// A look-up in a table: the arguments are its entries, then an index ---------------------------------------------

function take(...xs) {
  const i = xs.pop();
  if (!(i >= 0 && i < xs.length && Number.isInteger(i))) {
    throw new RangeError(`take: expected a whole number from 0 to ${xs.length - 1} as index, got ${i}`);
  }
  return xs[i];
}
