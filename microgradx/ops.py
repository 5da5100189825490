"""The table: every operation with its derivative, one row each. Read a row as a line of a calculus book:

    row("sin", math.sin, lambda y, x: cos(x))        y = sin(x)  has  dy/dx = cos(x)

Letters: y the result; x or a, b the inputs; n an exponent. A slope is written with + - * / ** and the rows
themselves, so the same line is read on floats (backward), on Values (higher derivatives) and on symbols (text).
A `gate` (table.py) in a slope is closed where an input has no effect on the result: a branch that is not taken.
(`: Op` is for type checkers, on rows that another row uses above their own line.)

    >>> from microgradx import Value, sin
    >>> sin(0.0), sin(Value(0.0))
    (0.0, Value(data=0.0, grad=0.0))
"""
import math
import operator
from typing import Any

from .ieee import divide, inf, nan, power
from .table import REAL, Op, gate, row

POSITIVE, UNIT = (0.0, inf), (-1.0, 1.0)
ROOT_PI = math.sqrt(math.pi)


# Arithmetic ----------------------------------------------------------------------------------------------------

add = row("add", operator.add, 1.0, 1.0, infix="+")
sub = row("sub", operator.sub, 1.0, -1.0, infix="-")
mul = row("mul", operator.mul, lambda y, a, b: b, lambda y, a, b: a, infix="*")
div = row("div", divide, lambda y, a, b: 1 / b, lambda y, a, b: -y / b, infix="/", kinks=lambda a, b: [b])
neg = row("neg", operator.neg, -1.0, prints=lambda x: -x)
identity = row("identity", operator.pos, 1.0)

# Its slope is defined as 0, not derived (torch's detach, JAX's stop_gradient), so every point is declared a kink.
detach = row("detach", operator.pos, 0.0, kinks=lambda x: [0 * x])

# x**0 is constant in x, and 0**n in n where n > 0: n*x**(n-1) would be 0*inf at x = 0, and y*log(x) 0*-inf.
pow: Op = row("pow", power, lambda y, x, n: gate(abs(n), n * pow(x, n - 1), point=True),
              lambda y, x, n: gate(maximum(abs(x), 1 - (n > 0)), xlogy(y, x), point=True),
              domain=[POSITIVE, REAL], infix="**")


def _xlogy(a: float, b: float) -> float:
    return a if a == 0 and b == b else a * log.at(b)


def _xlogy_lowered(a: Any, b: Any) -> Any:
    return where(a, a * log(b), where(b <= inf, a, b))


# a*log(b), but 0 where a is 0, for every number b.
xlogy: Op = row("xlogy", _xlogy, lambda y, a, b: log(b),
                lambda y, a, b: gate(maximum(abs(a), 1 - (b <= inf)), a / b, point=True),
                domain=[REAL, POSITIVE], prints=lambda a, b: a * log(b), lowering=_xlogy_lowered)


def _weighted(a: float, b: float) -> float:
    return a if a == 0 and abs(b) == inf else a * b


# a*b, but 0 where the weight a is 0, also for an infinite b: a class of probability 0 adds nothing to a loss.
weighted: Op = row("weighted", _weighted, lambda y, a, b: b,
                   lambda y, a, b: gate(abs(a), where(maximum(abs(a), abs(b) < inf), a, nan), point=True),
                   prints=lambda a, b: a * b)

square = row("square", lambda x: x * x, lambda y, x: 2 * x, prints=lambda x: x**2)
reciprocal = row("reciprocal", lambda x: divide(1.0, x), lambda y, x: -square(y),
                 kinks=lambda x: [x], prints=lambda x: 1 / x)


# Exponentials and logarithms -----------------------------------------------------------------------------------

exp = row("exp", math.exp, lambda y, x: y)
expm1 = row("expm1", math.expm1, lambda y, x: exp(x))
log: Op = row("log", math.log, lambda y, x: 1 / x, domain=[POSITIVE], poles={0.0: -inf})
log1p = row("log1p", math.log1p, lambda y, x: 1 / (1 + x), domain=[(-1.0, inf)], poles={-1.0: -inf})
sqrt = row("sqrt", math.sqrt, lambda y, x: 1 / (2 * y), domain=[POSITIVE])


# Trigonometry --------------------------------------------------------------------------------------------------

def _below_one(x: Any) -> Any:
    """1 - x**2. The product keeps its digits near 1; but its slope (1 - x) - (1 + x) is 0 at x = 1e-20."""
    return where(abs(x) < 0.5, 1 - square(x), (1 - x) * (1 + x))


sin = row("sin", math.sin, lambda y, x: cos(x), limits=(nan, nan))
cos: Op = row("cos", math.cos, lambda y, x: -sin(x), limits=(nan, nan))
tan = row("tan", math.tan, lambda y, x: 1 + square(y), kinks=lambda x: [cos(x)])
asin = row("asin", math.asin, lambda y, x: 1 / sqrt(_below_one(x)), domain=[UNIT], textbook="1/sqrt(1 - x**2)")
acos = row("acos", math.acos, lambda y, x: -1 / sqrt(_below_one(x)), domain=[UNIT], textbook="-1/sqrt(1 - x**2)")
# 1 + x**2 is x**2 to the last digit beyond 1e8; but 1/(x**2)**2, in the second derivative, underflows beyond 1e80. (The
# clamp is for compiled code, which computes both branches: 0*inf in one that is not taken.)
atan = row("atan", math.atan,
           lambda y, x: where(abs(x) < 1e9, 1 / (1 + square(clamp(x, -1e9, 1e9))), square(1 / x)),
           limits=(-math.pi / 2, math.pi / 2), textbook="1/(1 + x**2)")

# The angle of the point (b, a): it jumps by 2*pi across the negative b axis, and has no slope at the origin.
atan2 = row("atan2", math.atan2,
            lambda y, a, b: where(hypot(a, b) <= 0, 0, b / hypot(a, b) / hypot(a, b)),
            lambda y, a, b: where(hypot(a, b) <= 0, 0, -a / hypot(a, b) / hypot(a, b)),
            kinks=lambda a, b: [hypot(a, maximum(b, 0))])


# Hyperbolic functions ------------------------------------------------------------------------------------------

sinh = row("sinh", math.sinh, lambda y, x: cosh(x))
cosh: Op = row("cosh", math.cosh, lambda y, x: sinh(x))

def _sech(x: float) -> float:
    if x * x < 400:
        return 1 / math.cosh(x)
    z = math.exp(-math.fabs(x) / 2)         # cosh(x) would overflow
    return 2 * z * z


# 1 - y**2 has lost every digit where y rounds to 1, beyond |x| = 19; sech**2, which is the same, keeps them all.
sech: Op = row("sech", _sech, lambda y, x: -y * tanh(x), lowering=lambda x: where(
    square(x) < 400, 1 / cosh(x), 2 * exp(-abs(x) / 2) * exp(-abs(x) / 2)))
tanh: Op = row("tanh", math.tanh, lambda y, x: square(sech(x)), textbook="1 - tanh(x)**2",
               limits=(-1.0, 1.0))
asinh = row("asinh", math.asinh, lambda y, x: 1 / hypot(1, x), limits=(-inf, inf))
acosh = row("acosh", math.acosh, lambda y, x: 1 / (sqrt(x - 1) * sqrt(x + 1)), domain=[(1.0, inf)])
atanh = row("atanh", math.atanh, lambda y, x: 1 / _below_one(x), domain=[UNIT], poles={1.0: inf, -1.0: -inf},
            textbook="1/(1 - x**2)")


# Error function, distance --------------------------------------------------------------------------------------

# exp(-30**2) is 0; but beyond, the second derivative at infinity would be 0*inf.
erf = row("erf", math.erf, lambda y, x: 2 / ROOT_PI * exp(-square(clamp(x, -30, 30))), limits=(-1.0, 1.0),
          textbook=f"{2 / ROOT_PI}*exp(-x**2)")
erfc = row("erfc", math.erfc, lambda y, x: -2 / ROOT_PI * exp(-square(clamp(x, -30, 30))),
           textbook=f"-{2 / ROOT_PI}*exp(-x**2)")


def _part(a: Any, b: Any, y: Any) -> Any:
    """a/y, where y = hypot(a, b); 0 at the origin. Its slope by a is (1 - (a/y)**2)/y, which cancels if b is small:
    then a/y is written as 1/hypot(1, b/a) with the sign of a."""
    return where(abs(a) > abs(b), sign(a) / hypot(1, b / a), where(y <= 0, 0, a / y))


hypot: Op = row("hypot", math.hypot, lambda y, a, b: _part(a, b, y), lambda y, a, b: _part(b, a, y),
                kinks=lambda a, b: [hypot(a, b)])


# Steps and choices: slopes at a kink lie between the one-sided slopes; nan in gives nan out ---------------------

def _sign(x: float) -> float:
    return 1.0 if x > 0 else -1.0 if x < 0 else x


def _maximum(a: float, b: float) -> float:
    return a if a >= b or a != a else b


def _minimum(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def _clamp(x: float, lo: float, hi: float) -> float:
    return _minimum(_maximum(x, lo), hi)


sign = row("sign", _sign, 0.0, kinks=lambda x: [x])
abs: Op = row("abs", math.fabs, lambda y, x: sign(x), kinks=lambda x: [x], limits=(inf, inf))
heaviside = row("heaviside", lambda x: 1.0 if x > 0 else 0.0 if x <= 0 else x, 0.0, kinks=lambda x: [x])

less = row("less", operator.lt, 0.0, 0.0, infix="<", kinks=lambda a, b: [a - b])
less_equal = row("less_equal", operator.le, 0.0, 0.0, infix="<=", kinks=lambda a, b: [a - b])
greater = row("greater", operator.gt, 0.0, 0.0, infix=">", kinks=lambda a, b: [a - b])
greater_equal = row("greater_equal", operator.ge, 0.0, 0.0, infix=">=", kinks=lambda a, b: [a - b])

# c is a comparison (or any number: 0 is false); only the chosen branch has a slope.
where: Op = row("where", lambda c, p, q: p if c else q,
            0.0, lambda y, c, p, q: gate(where(c, 1, 0)), lambda y, c, p, q: gate(where(c, 0, 1)),
            kinks=lambda c, p, q: [c])

# A tie is split in halves, so maximum(x, x) has slope 1.
maximum: Op = row("maximum", _maximum,
              lambda y, a, b: gate(where(a > b, 1, where(a < b, 0, 0.5))),
              lambda y, a, b: gate(where(a > b, 0, where(a < b, 1, 0.5))), kinks=lambda a, b: [a - b],
              limits=lambda other: (other, inf))
minimum = row("minimum", _minimum,
              lambda y, a, b: gate(where(a < b, 1, where(a > b, 0, 0.5))),
              lambda y, a, b: gate(where(a < b, 0, where(a > b, 1, 0.5))), kinks=lambda a, b: [a - b],
              limits=lambda other: (-inf, other))
clamp: Op = row("clamp", _clamp,
            lambda y, x, lo, hi: gate(where(x < lo, 0, where(x > hi, 0, where(lo < hi, 1, 0)))),
            lambda y, x, lo, hi: gate(where(maximum(x, lo) > hi, 0, where(x < lo, 1, 0))),
            lambda y, x, lo, hi: gate(where(maximum(x, lo) > hi, 1, 0)),
            kinks=lambda x, lo, hi: [x - lo, x - hi, lo - hi], defaults=(-inf, inf),
            limits=lambda lo, hi: (lo, hi))
