"""The error function: erf and erfc = 1 - erf.

    >>> from llvmlite import ir
    >>> from microgradx.compiler.native.elementary.vector_math import VectorMath
    >>> f = ir.Function(ir.Module(), ir.FunctionType(ir.DoubleType(), [ir.DoubleType()]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> _ = builder.ret(erf(VectorMath(builder, f.args[0])).value)
    >>> len(f.blocks[0].instructions)
    90
"""
from __future__ import annotations

from .exponentials import exp
from .vector_math import VectorMath, fma, horner, muladd


def _erf_near(x: VectorMath) -> VectorMath:
    """erf for |x| < 0.75."""
    return muladd(x, horner(x * x, x.precision.erf), x)


def _erfc_far(a: VectorMath) -> VectorMath:
    """erfc for a > 0.75: exp(-a*a)/(1 + 2*a) times a factor between 1.1 and 1.3, a polynomial in (a - 4)/(a + 4)
    (Shepherd & Laframboise 1981). a*a is split in two parts, since exp magnifies its rounding error up to 700 times."""
    a = a.at_most(a.precision.erfc_end)
    square = a * a
    low = fma(a, a, -square)
    factor = horner((a - 4.0) / (a + 4.0), a.precision.erfc)
    return exp(-square) * (muladd(-low, factor, factor) / muladd(a, 2.0, 1.0))


def erf(x: VectorMath) -> VectorMath:
    """The error function."""
    a = abs(x)
    return (a < 0.75).where(_erf_near(a), 1.0 - _erfc_far(a)).signed(x)


def erfc(x: VectorMath) -> VectorMath:
    """1 - erf(x), with all digits even if that is close to 0."""
    a = abs(x)
    far = _erfc_far(a)
    return (a < 0.75).where(1.0 - _erf_near(x), (x < 0.0).where(2.0 - far, far))
