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

from .coefficients import ATAN, COS, SIN
from .exponentials import SHIFT
from .vector_math import VectorMath, fma, horner, muladd

# pi/2 in three parts of 53 bits. A double may be within 1e-17 of a multiple of pi/2; the difference needs 53 bits, too.
HALF_PI = tuple(map(float.fromhex, ("0x1.921fb54442d18p+0", "0x1.1a62633145c07p-54", "-0x1.f1976b7ed8fbcp-110")))
FAR = 1e5                       # beyond it sin and cos call libm


def _sine(x: VectorMath, quarters: int) -> VectorMath:
    """sin(x + quarters*pi/2) for |x| < 1e5. The first step of the reduction to |r| < pi/4 is exact if fused; the others
    round."""
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


def sin(x: VectorMath) -> VectorMath:
    """sin x; sin(-0.0) is -0.0."""
    near = x.equals(0.0).where(x, _sine(x, 0))
    return (abs(x) > FAR).if_any(lambda: x.by_lane("sin"), near)


def cos(x: VectorMath) -> VectorMath:
    """cos x = sin(x + pi/2)."""
    return (abs(x) > FAR).if_any(lambda: x.by_lane("cos"), _sine(x, 1))


def atan(x: VectorMath) -> VectorMath:
    """atan(a) = pi/4 + atan((a - 1)/(a + 1)) = pi/2 + atan(-1/a): it takes the form whose argument is below
    tan(pi/8) = 0.414."""
    a = abs(x)
    middle, large = a > 0.4142135623730951, a > 2.414213562373095
    t = large.where(-1.0, middle.where(a - 1.0, a)) / large.where(a, middle.where(a + 1.0, 1.0))
    z = t * t
    angle = large.where(t.of(HALF_PI[0]), middle.where(t.of(HALF_PI[0] / 2), 0.0))
    low = large.where(t.of(HALF_PI[1]), middle.where(t.of(HALF_PI[1] / 2), 0.0))
    return (angle + (t + muladd(t * z, horner(z, ATAN), low))).signed(x)
