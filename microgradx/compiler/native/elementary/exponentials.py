"""exp and the functions that use it: expm1, tanh, sinh, cosh, sech, sigmoid.

    >>> from llvmlite import ir
    >>> from microgradx.compiler.native.elementary.vector_math import VectorMath
    >>> f = ir.Function(ir.Module(), ir.FunctionType(ir.DoubleType(), [ir.DoubleType()]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> _ = builder.ret(exp(VectorMath(builder, f.args[0])).value)
    >>> len(f.blocks[0].instructions)
    35
"""
from __future__ import annotations

import math

from .vector_math import VectorMath, horner, muladd


class Reduced:
    """x = n*log(2) + r with a whole number n and |r| < 0.347, and rest = e**r - 1 - r."""

    def __init__(self, x: VectorMath) -> None:
        self.of = x.precision
        high, self.low = self.of.ln2
        self.shifted = muladd(x, 1 / math.log(2), self.of.shift)
        self.n = self.shifted - self.of.shift
        self.high = muladd(self.n, -high, x)
        self.r = muladd(self.n, -self.low, self.high)
        self.rest = self.r * self.r * horner(self.r, self.of.exp)

    def exp(self, more: int = 0) -> VectorMath:
        """e**x * 2**more. It multiplies by 2**n in two steps: 2**n may be out of range even if the product is not."""
        half = muladd(self.n, 0.5, self.of.shift).bits
        other = self.shifted.bits - half
        y = self.r + self.rest + 1.0
        digits, one = self.of.digits, self.of.one
        return y * ((half << digits) + one).real * ((other << digits) + (one + (more << digits))).real

    def expm1(self) -> VectorMath:
        """e**x - 1 if that is below 2**1000: 2**n - 1, plus 2**n*r, plus small terms with the rounding errors of the
        first two; of float32 below 2**100."""
        power = ((self.shifted.bits << self.of.digits) + self.of.one).real
        ones, linear = power - 1.0, power * self.r
        total = ones + linear
        lost = ones - total + linear                            # exact, as n = 0 or |ones| > |linear| (Dekker 1971)
        low = muladd(self.n, -self.low, self.high - self.r)     # the rounding error of r
        return total + muladd(power, self.rest + low, lost)


def exp(x: VectorMath, more: int = 0) -> VectorMath:
    """e**x * 2**more, which is 0 or infinite at the bounds ±most."""
    most = x.precision.most
    return Reduced(x.at_most(most).at_least(-most)).exp(more)


def expm1(x: VectorMath) -> VectorMath:
    """e**x - 1, which is e**x above 50 and -1 below -50; of float32 from 20 on."""
    of = x.precision
    reduced = Reduced(x.at_most(of.most).at_least(-of.alone))
    return (x > of.alone).where(reduced.exp(), reduced.expm1()).signed(x)


def tanh(x: VectorMath) -> VectorMath:
    """With e = exp(2|x|) - 1: e/(e + 2), without cancellation; 1 from 19.1 on."""
    e = Reduced(abs(x).at_most(22.0) * 2.0).expm1()
    return (e / (e + 2.0)).signed(x)


def sinh(x: VectorMath) -> VectorMath:
    """With e = exp(|x|) - 1: (e + e/(e + 1))/2; for large |x| exp(|x|)/2, which has all the digits there."""
    a = abs(x)
    reduced = Reduced(a.at_most(x.precision.most))
    e = reduced.expm1()
    return (a > x.precision.alone).where(reduced.exp(more=-1), (e + e / (e + 1.0)) * 0.5).signed(x)


def cosh(x: VectorMath) -> VectorMath:
    """h + 1/(4*h) with h = exp(|x|)/2, which is finite if cosh is."""
    half = exp(abs(x), more=-1)
    return half + 0.25 / half


def sech(x: VectorMath) -> VectorMath:
    """2/(exp(a) + exp(-a)) with a = |x|; multiplied by exp(-a) on both sides: z/(1 + z*z/4), z = 2*exp(-a)."""
    z = exp(-abs(x), more=1)
    return z / muladd(z * 0.25, z, 1.0)


def sigmoid(x: VectorMath) -> VectorMath:
    """With z = exp(-|x|), which cannot overflow: z/(z + 1) for x < 0, else 1/(z + 1)."""
    z = exp(-abs(x))
    return (x < 0.0).where(z, 1.0) / (z + 1.0)
