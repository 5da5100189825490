"""sin, cos and atan.

    >>> from llvmlite import ir
    >>> from microgradx.compiler.native.elementary.vector_math import VectorMath
    >>> f = ir.Function(ir.Module(), ir.FunctionType(ir.DoubleType(), [ir.DoubleType()]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> _ = builder.ret(atan(VectorMath(builder, f.args[0])).value)
    >>> len(f.blocks[0].instructions)
    35
"""
from __future__ import annotations

import math

from .vector_math import VectorMath, fma, horner, muladd


def _sine(x: VectorMath, quarters: int) -> VectorMath:
    """sin(x + quarters*pi/2) for |x| < 1e5, of float32 1e4. The first step of the reduction to |r| < pi/4 is exact if
    fused; the others round."""
    of = x.precision
    shifted = muladd(x, 2 / math.pi, of.shift)
    n, quadrant = shifted - of.shift, shifted.bits + quarters
    r = x
    for part in of.half_pi:
        r = fma(n, -part, r)
    z = r * r
    sine = muladd(r * z, horner(z, of.sin), r)
    half = z * 0.5
    near = 1.0 - half
    cosine = near + muladd(z * z, horner(z, of.cos), 1.0 - near - half)
    return (quadrant.odd().where(cosine, sine).bits ^ ((quadrant & 2) << (of.width - 2))).real


def sin(x: VectorMath) -> VectorMath:
    """sin x; sin(-0.0) is -0.0."""
    near = x.equals(0.0).where(x, _sine(x, 0))
    return (abs(x) > x.precision.far).if_any(lambda: x.by_lane("sin"), near)


def cos(x: VectorMath) -> VectorMath:
    """cos x = sin(x + pi/2)."""
    return (abs(x) > x.precision.far).if_any(lambda: x.by_lane("cos"), _sine(x, 1))


def atan(x: VectorMath) -> VectorMath:
    """atan(a) = pi/4 + atan((a - 1)/(a + 1)) = pi/2 + atan(-1/a): it takes the form whose argument is below
    tan(pi/8) = 0.414."""
    a = abs(x)
    middle, large = a > 0.4142135623730951, a > 2.414213562373095
    t = large.where(-1.0, middle.where(a - 1.0, a)) / large.where(a, middle.where(a + 1.0, 1.0))
    z, (first, second, _) = t * t, x.precision.half_pi
    angle = large.where(t.of(first), middle.where(t.of(first / 2), 0.0))
    low = large.where(t.of(second), middle.where(t.of(second / 2), 0.0))
    return (angle + (t + muladd(t * z, horner(z, x.precision.atan), low))).signed(x)
