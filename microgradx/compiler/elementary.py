"""Elementary functions on vectors of doubles: rows of the table as LLVM functions, made of a few dozen instructions.

    >>> from llvmlite import ir
    >>> kind = ir.VectorType(ir.DoubleType(), 8)
    >>> f = ir.Function(ir.Module(), ir.FunctionType(kind, [kind]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> y = call(builder, "tanh", f.args[0])
    >>> [g.name for g in f.module.functions]
    ['f', 'tanh.v8', 'llvm.fabs.v8f64', 'llvm.fmuladd.v8f64']

A chapter on how such a function is computed. It is the same three steps each time:

1. Reduce. exp(x) = 2**n * exp(x - n*log(2)), and what is left lies within ±0.35.
2. Approximate. There a polynomial of degree 10 is as exact as a double can be (coefficients.py).
3. Rebuild, in an order of additions that adds the small terms up first.

No lane branches, each does the work of all cases and `where` picks one, so a lane's answer depends neither on its
neighbours nor on the width. Edges are IEEE's (exp(-inf) = 0, log(-1) = nan, tanh(-0.0) = -0.0), with nan passed on:
nothing here is reordered by "fast" flags. The largest errors that were found, in units in the last place of the result:

    exp 0.6 · log 0.7 · tanh 1.6 · sigmoid 2.0 · sech 2.3
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from .coefficients import ATAN, COS, ERF, ERFC, EXP, LOG, SIN
from .lanes import Lanes, Number, fma, horner, muladd

# log(2) in two parts (Cody & Waite 1980): the first one ends in 21 zero bits, so n times it is exact for n < 2**21.
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
SHIFT = 1.5 * 2.0**52           # x + SHIFT is rounded to a whole number, which stands in its last bits
ONE = 1023 << 52                # the bits of 1.0: above the fraction's 52 bits stands the exponent, plus 1023
WHOLE = (1023 + 52) << 52       # the bits of 2.0**52: the last bits of what follows are a whole number
FRACTION = (1 << 52) - 1
ROOT_HALF = 0x3fe6a09e00000000  # the bits of a number next to sqrt(1/2)
TINY = 2.0**-1022               # the smallest number with all 53 bits; those below are subnormal
HALF_PI = tuple(map(float.fromhex, ("0x1.921fb54442d18p+0", "0x1.1a62633145c07p-54", "-0x1.f1976b7ed8fbcp-110")))
FAR = 1e5                       # where sin and cos begin to be libm's


# Exponentials --------------------------------------------------------------------------------------------------

class Reduced:
    """x = n*log(2) + r with a whole number n and |r| < 0.347, and rest = e**r - 1 - r."""

    def __init__(self, x: Lanes) -> None:
        self.shifted = muladd(x, 1 / math.log(2), SHIFT)
        self.n = self.shifted - SHIFT
        self.high = muladd(self.n, -LN2_HIGH, x)
        self.r = muladd(self.n, -LN2_LOW, self.high)
        self.rest = self.r * self.r * horner(self.r, EXP)

    def exp(self, more: int = 0) -> Lanes:
        """e**x * 2**more. 2**n comes in two halves, for it may be out of range where the product is not."""
        half = muladd(self.n, 0.5, SHIFT).bits
        other = self.shifted.bits - half
        y = self.r + self.rest + 1.0
        return y * ((half << 52) + ONE).double * ((other << 52) + (ONE + (more << 52))).double

    def expm1(self) -> Lanes:
        """e**x - 1 for x below 700: 2**n - 1, 2**n*r and small terms; what roundings have lost is added last."""
        power = ((self.shifted.bits << 52) + ONE).double
        ones, linear = power - 1.0, power * self.r
        total = ones + linear
        lost = ones - total + linear                            # exact, as n = 0 or |ones| > |linear| (Dekker 1971)
        low = muladd(self.n, -LN2_LOW, self.high - self.r)      # and this is what r has lost
        return total + muladd(power, self.rest + low, lost)


def _exp(x: Lanes, more: int = 0) -> Lanes:
    """e**x * 2**more; it is 0 or infinite at the bounds."""
    return Reduced(x.at_most(800.0).at_least(-800.0)).exp(more)


def _expm1(x: Lanes) -> Lanes:
    of = Reduced(x.at_most(800.0).at_least(-50.0))
    return (x > 50.0).where(of.exp(), of.expm1()).signed(x)


def _tanh(x: Lanes) -> Lanes:
    """With e = exp(2|x|) - 1 it is e/(e + 2), in which no digit cancels; 1 from 19.1 on."""
    e = Reduced(abs(x).at_most(22.0) * 2.0).expm1()
    return (e / (e + 2.0)).signed(x)


def _sinh(x: Lanes) -> Lanes:
    """With e = exp(|x|) - 1 it is (e + e/(e + 1))/2, and the half of exp(|x|) where that has all the digits."""
    a = abs(x)
    of = Reduced(a.at_most(800.0))
    e = of.expm1()
    return (a > 50.0).where(of.exp(more=-1), (e + e / (e + 1.0)) * 0.5).signed(x)


def _cosh(x: Lanes) -> Lanes:
    half = _exp(abs(x), more=-1)
    return half + 0.25 / half


def _sech(x: Lanes) -> Lanes:
    """2/(exp(a) + exp(-a)) with a = |x|; times exp(-a) above and below the line: z/(1 + z*z/4), z = 2*exp(-a)."""
    z = _exp(-abs(x), more=1)
    return z / muladd(z * 0.25, z, 1.0)


def _sigmoid(x: Lanes) -> Lanes:
    """exp(-|x|) cannot overflow. It is the numerator left of 0, and 1 is right of it."""
    z = _exp(-abs(x))
    return (x < 0.0).where(z, 1.0) / (z + 1.0)


# Logarithms ----------------------------------------------------------------------------------------------------

def _split(x: Lanes) -> tuple[Lanes, Lanes]:
    """Whole k and m from sqrt(1/2) to sqrt(2) with x = 2**k * m, for positive x that is not subnormal."""
    bits = x.bits + (ONE - ROOT_HALF)
    k = ((bits >> 52) | WHOLE).double - (2.0**52 + 1023)
    return k, ((bits & FRACTION) + ROOT_HALF).double


def _log_product(k: Lanes, f: Lanes, more: Number = 0.0) -> Lanes:
    """log(2**k * (1 + f)) + more. With s = f/(2 + f), log(1 + f) = 2*atanh(s) = 2*s + ..., and 2*s = f - s*f
    = f - f*f/2 + s*f*f/2, where f, the largest term, has no error (fdlibm's way, Sun 1993)."""
    s = f / (f + 2.0)
    z, half = s * s, f * 0.5 * f
    small = muladd(s, muladd(z, horner(z, LOG), half), more)
    return muladd(k, LN2_HIGH, f - (half - muladd(k, LN2_LOW, small)))


def _log_edges(x: Lanes, y: Lanes) -> Lanes:
    """The logarithm y of x, corrected where x is no positive number."""
    return (x > 0.0).where((x < math.inf).where(y, x), x.equals(0.0).where(-math.inf, x * math.nan))


def _log(x: Lanes) -> Lanes:
    subnormal = x < TINY
    k, m = _split(subnormal.where(x * 2.0**54, x))
    return _log_edges(x, _log_product(k - subnormal.where(k.of(54.0), 0.0), m - 1.0))


def _log_of_one_more(x: Lanes) -> tuple[Lanes, Lanes]:
    """u = 1 + x, rounded, and log(1 + x): log(u) + error/u; where u needs no reduction, x itself is its f."""
    u = x + 1.0
    k, m = _split(u)
    error = (x > 1.0).where(x - u + 1.0, x - (u - 1.0)) / u
    whole = k.equals(0.0)
    return u, _log_product(k, whole.where(x, m - 1.0), whole.where(0.0, error))


def _log1p(x: Lanes) -> Lanes:
    return _log_edges(*_log_of_one_more(x)).signed(x)


def _softplus(x: Lanes) -> Lanes:
    return x.at_least(0.0) + _log_of_one_more(_exp(-abs(x)))[1]


def _log_sigmoid(x: Lanes) -> Lanes:
    return -_softplus(-x)


# Angles --------------------------------------------------------------------------------------------------------

def _sine(x: Lanes, quarters: int) -> Lanes:
    """sin(x + quarters*pi/2) for |x| < 1e5: each fused step of the reduction is exact but for its own last bit."""
    shifted = muladd(x, 2 / math.pi, SHIFT)
    n, quadrant = shifted - SHIFT, shifted.bits + quarters
    r = x
    for part in HALF_PI:
        r = fma(n, -part, r)
    z = r * r
    sine = muladd(r * z, horner(z, SIN), r)
    half = z * 0.5
    near = 1.0 - half
    cosine = near + muladd(z * z, horner(z, COS), 1.0 - near - half)
    return (quadrant.odd().where(cosine, sine).bits ^ ((quadrant & 2) << 62)).double


def _sin(x: Lanes) -> Lanes:
    near = x.equals(0.0).where(x, _sine(x, 0))                  # -0.0 stays what it is
    return (abs(x) > FAR).if_any(lambda: x.by_lane("sin"), near)


def _cos(x: Lanes) -> Lanes:
    return (abs(x) > FAR).if_any(lambda: x.by_lane("cos"), _sine(x, 1))


def _atan(x: Lanes) -> Lanes:
    """atan(a) = pi/4 + atan((a - 1)/(a + 1)) = pi/2 + atan(-1/a), whichever leaves less than tan(pi/8) = 0.414."""
    a = abs(x)
    middle, large = a > 0.4142135623730951, a > 2.414213562373095
    t = large.where(-1.0, middle.where(a - 1.0, a)) / large.where(a, middle.where(a + 1.0, 1.0))
    z = t * t
    angle = large.where(t.of(HALF_PI[0]), middle.where(t.of(HALF_PI[0] / 2), 0.0))
    low = large.where(t.of(HALF_PI[1]), middle.where(t.of(HALF_PI[1] / 2), 0.0))
    return (angle + (t + muladd(t * z, horner(z, ATAN), low))).signed(x)


# The error function --------------------------------------------------------------------------------------------

def _erf_near(x: Lanes) -> Lanes:
    """erf for |x| < 0.75."""
    return muladd(x, horner(x * x, ERF), x)


def _erfc_far(a: Lanes) -> Lanes:
    """erfc for a > 0.75: exp(-a*a)/(1 + 2*a) times a factor between 1.1 and 1.3, a polynomial of (a - 4)/(a + 4)
    (Shepherd & Laframboise 1981). a*a is taken in two parts, for exp makes its rounding up to 700 times as large."""
    a = a.at_most(28.0)                                         # erfc(27.3) is 0
    square = a * a
    low = fma(a, a, -square)
    factor = horner((a - 4.0) / (a + 4.0), ERFC)
    return _exp(-square) * (muladd(-low, factor, factor) / muladd(a, 2.0, 1.0))


def _erf(x: Lanes) -> Lanes:
    a = abs(x)
    return (a < 0.75).where(_erf_near(a), 1.0 - _erfc_far(a)).signed(x)


def _erfc(x: Lanes) -> Lanes:
    a = abs(x)
    far = _erfc_far(a)
    return (a < 0.75).where(1.0 - _erf_near(x), (x < 0.0).where(2.0 - far, far))


FORMS: dict[str, Callable[[Lanes], Lanes]] = {
    "exp": _exp, "expm1": _expm1, "tanh": _tanh, "sinh": _sinh, "cosh": _cosh, "sech": _sech, "sigmoid": _sigmoid,
    "log": _log, "log1p": _log1p, "softplus": _softplus, "log_sigmoid": _log_sigmoid,
    "sin": _sin, "cos": _cos, "atan": _atan, "erf": _erf, "erfc": _erfc,
}


# Powers --------------------------------------------------------------------------------------------------------

# x**n with at most three roundings; the way back from an intermediate result that is out of range, there is none.
POWERS: dict[float, Callable[[Lanes], Lanes]] = {
    -3.0: lambda x: 1.0 / x / x / x, -2.0: lambda x: 1.0 / x / x, -1.0: lambda x: 1.0 / x,
    0.0: lambda x: x.of(1.0), 1.0: lambda x: x, 2.0: lambda x: x * x, 3.0: lambda x: x * x * x,
    4.0: lambda x: x * x * (x * x),
}


def constant(x: Any) -> float | None:
    """The number that stands in every lane of `x`, if `x` is a constant."""
    parts = getattr(x, "constant", None)
    if not isinstance(parts, (list, tuple)):
        return parts
    numbers = {part.constant for part in parts}
    return numbers.pop() if len(numbers) == 1 else None


# Calls ---------------------------------------------------------------------------------------------------------

def call(builder: Any, name: str, *xs: Any) -> Any:
    """The row `name` of doubles or vectors of them: a call of a function that the module gets with its first call.

    None where there is no such form: an unknown row, or a power whose exponent is no small whole constant.
    """
    form = FORMS.get(name)
    if name == "pow":
        n = constant(xs[1])
        form, name = POWERS.get(n) if n is not None else None, f"pow{n}"
    if form is None:
        return None
    kind = xs[0].type
    name = f"{name}.v{getattr(kind, 'count', 1)}"
    function = builder.module.globals.get(name) or _defined(builder.module, name, kind, form)
    return builder.call(function, xs[:1])


def _defined(module: Any, name: str, kind: Any, form: Callable[[Lanes], Lanes]) -> Any:
    function = ir.Function(module, ir.FunctionType(kind, [kind]), name)
    function.linkage = "internal"
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(form(Lanes(builder, function.args[0])).value)
    return function
