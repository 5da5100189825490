"""log and the functions that use it: log1p, softplus, log_sigmoid.

    >>> from llvmlite import ir
    >>> from microgradx.compiler.native.elementary.vector_math import VectorMath
    >>> f = ir.Function(ir.Module(), ir.FunctionType(ir.DoubleType(), [ir.DoubleType()]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> _ = builder.ret(log(VectorMath(builder, f.args[0])).value)
    >>> len(f.blocks[0].instructions)
    40
"""
from __future__ import annotations

import math

from .coefficients import LOG
from .exponentials import LN2_HIGH, LN2_LOW, exp
from .vector_math import ONE, Number, VectorMath, horner, muladd

WHOLE = (1023 + 52) << 52       # the bits of 2.0**52: or-ed with a whole number n they are 2.0**52 + n
FRACTION = (1 << 52) - 1        # all bits below the exponent
ROOT_HALF = 0x3fe6a09e00000000  # the bits of a number next to sqrt(1/2)
TINY = 2.0**-1022               # the smallest number with all 53 bits; those below are subnormal


def _split(x: VectorMath) -> tuple[VectorMath, VectorMath]:
    """k and m with x = 2**k * m, k whole, m from sqrt(1/2) to sqrt(2); for positive x that is not subnormal."""
    bits = x.bits + (ONE - ROOT_HALF)
    k = ((bits >> 52) | WHOLE).double - (2.0**52 + 1023)
    return k, ((bits & FRACTION) + ROOT_HALF).double


def _log_product(k: VectorMath, f: VectorMath, more: Number = 0.0) -> VectorMath:
    """log(2**k * (1 + f)) + more. With s = f/(2 + f), log(1 + f) = 2*atanh(s) = 2*s + ..., and 2*s = f - s*f
    = f - f*f/2 + s*f*f/2, where f, the largest term, has no error (as in fdlibm, Sun 1993)."""
    s = f / (f + 2.0)
    z, half = s * s, f * 0.5 * f
    small = muladd(s, muladd(z, horner(z, LOG), half), more)
    return muladd(k, LN2_HIGH, f - (half - muladd(k, LN2_LOW, small)))


def _log_edges(x: VectorMath, y: VectorMath) -> VectorMath:
    """The logarithm y of x, corrected if x is 0, negative, infinite or nan."""
    return (x > 0.0).where((x < math.inf).where(y, x), x.equals(0.0).where(-math.inf, x * math.nan))


def log(x: VectorMath) -> VectorMath:
    """The natural logarithm; a subnormal x is scaled up first."""
    subnormal = x < TINY
    k, m = _split(subnormal.where(x * 2.0**54, x))
    return _log_edges(x, _log_product(k - subnormal.where(k.of(54.0), 0.0), m - 1.0))


def _log_of_one_more(x: VectorMath) -> tuple[VectorMath, VectorMath]:
    """u = 1 + x, rounded, and log(1 + x) = log(u) + error/u. If u needs no reduction (k = 0), f is x itself."""
    u = x + 1.0
    k, m = _split(u)
    error = (x > 1.0).where(x - u + 1.0, x - (u - 1.0)) / u
    whole = k.equals(0.0)
    return u, _log_product(k, whole.where(x, m - 1.0), whole.where(0.0, error))


def log1p(x: VectorMath) -> VectorMath:
    """log(1 + x)."""
    return _log_edges(*_log_of_one_more(x)).signed(x)


def softplus(x: VectorMath) -> VectorMath:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), without overflow or cancellation."""
    return x.at_least(0.0) + _log_of_one_more(exp(-abs(x)))[1]


def log_sigmoid(x: VectorMath) -> VectorMath:
    """log(1/(1 + exp(-x)))."""
    return -softplus(-x)
