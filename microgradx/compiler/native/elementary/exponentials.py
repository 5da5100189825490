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

from .coefficients import EXP
from .vector_math import ONE, VectorMath, horner, muladd

# log(2) in two parts (Cody & Waite 1980). The first ends in 21 zero bits, so n times it is exact for n < 2**21.
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
SHIFT = 1.5 * 2.0**52           # x + SHIFT is rounded to a whole number; its last bits are that number


class Reduced:
    """x = n*log(2) + r with a whole number n and |r| < 0.347, and rest = e**r - 1 - r."""

    def __init__(self, x: VectorMath) -> None:
        self.shifted = muladd(x, 1 / math.log(2), SHIFT)
        self.n = self.shifted - SHIFT
        self.high = muladd(self.n, -LN2_HIGH, x)
        self.r = muladd(self.n, -LN2_LOW, self.high)
        self.rest = self.r * self.r * horner(self.r, EXP)

    def exp(self, more: int = 0) -> VectorMath:
        """e**x * 2**more. It multiplies by 2**n in two steps: 2**n may be out of range even if the product is not."""
        half = muladd(self.n, 0.5, SHIFT).bits
        other = self.shifted.bits - half
        y = self.r + self.rest + 1.0
        return y * ((half << 52) + ONE).double * ((other << 52) + (ONE + (more << 52))).double

    def expm1(self) -> VectorMath:
        """e**x - 1 for x < 700: 2**n - 1, plus 2**n*r, plus small terms with the rounding errors of the first two."""
        power = ((self.shifted.bits << 52) + ONE).double
        ones, linear = power - 1.0, power * self.r
        total = ones + linear
        lost = ones - total + linear                            # exact, as n = 0 or |ones| > |linear| (Dekker 1971)
        low = muladd(self.n, -LN2_LOW, self.high - self.r)      # the rounding error of r
        return total + muladd(power, self.rest + low, lost)


def exp(x: VectorMath, more: int = 0) -> VectorMath:
    """e**x * 2**more, which is 0 or infinite at the bounds ±800."""
    return Reduced(x.at_most(800.0).at_least(-800.0)).exp(more)


def expm1(x: VectorMath) -> VectorMath:
    """e**x - 1, which is e**x above 50 and -1 below -50."""
    of = Reduced(x.at_most(800.0).at_least(-50.0))
    return (x > 50.0).where(of.exp(), of.expm1()).signed(x)


def tanh(x: VectorMath) -> VectorMath:
    """With e = exp(2|x|) - 1: e/(e + 2), without cancellation; 1 from 19.1 on."""
    e = Reduced(abs(x).at_most(22.0) * 2.0).expm1()
    return (e / (e + 2.0)).signed(x)


def sinh(x: VectorMath) -> VectorMath:
    """With e = exp(|x|) - 1: (e + e/(e + 1))/2; above 50 exp(|x|)/2, which has all the digits there."""
    a = abs(x)
    of = Reduced(a.at_most(800.0))
    e = of.expm1()
    return (a > 50.0).where(of.exp(more=-1), (e + e / (e + 1.0)) * 0.5).signed(x)


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
