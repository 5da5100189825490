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

from .exponentials import exp
from .vector_math import Number, VectorMath, horner, muladd


def _split(x: VectorMath) -> tuple[VectorMath, VectorMath]:
    """k and m with x = 2**k * m, k whole, m from sqrt(1/2) to sqrt(2); for positive x that is not subnormal."""
    of = x.precision
    bits = x.bits + (of.one - of.root_half)
    whole = (of.bias + of.digits) << of.digits          # the bits of 2.0**digits: or-ed with n they are 2.0**digits + n
    k = ((bits >> of.digits) | whole).real - (2.0**of.digits + of.bias)
    return k, ((bits & ((1 << of.digits) - 1)) + of.root_half).real


def _log_product(k: VectorMath, f: VectorMath, more: Number = 0.0) -> VectorMath:
    """log(2**k * (1 + f)) + more. With s = f/(2 + f), log(1 + f) = 2*atanh(s) = 2*s + ..., and 2*s = f - s*f
    = f - f*f/2 + s*f*f/2, where f, the largest term, has no error (as in fdlibm, Sun 1993)."""
    s, (high, low) = f / (f + 2.0), f.precision.ln2
    z, half = s * s, f * 0.5 * f
    small = muladd(s, muladd(z, horner(z, f.precision.log), half), more)
    return muladd(k, high, f - (half - muladd(k, low, small)))


def _log_edges(x: VectorMath, y: VectorMath) -> VectorMath:
    """The logarithm y of x, corrected if x is 0, negative, infinite or nan."""
    return (x > 0.0).where((x < math.inf).where(y, x), x.equals(0.0).where(-math.inf, x * math.nan))


def log(x: VectorMath) -> VectorMath:
    """The natural logarithm; a subnormal x is scaled up first."""
    places = x.precision.digits + 2
    subnormal = x < x.precision.tiny
    k, m = _split(subnormal.where(x * 2.0**places, x))
    return _log_edges(x, _log_product(k - subnormal.where(k.of(float(places)), 0.0), m - 1.0))


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
