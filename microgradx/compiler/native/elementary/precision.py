"""Precision: what a form needs to know of its numbers, float64 or float32.

    >>> from microgradx.compiler.native.elementary.precision import DOUBLE, SINGLE
    >>> hex(DOUBLE.one), hex(SINGLE.one), SINGLE.tiny           # the bits of 1.0, and the smallest normal number
    ('0x3ff0000000000000', '0x3f800000', 1.1754943508222875e-38)

The forms are the same in both; parts of constants, polynomials and bounds have a column each.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir

from . import coefficients as of


class Precision(NamedTuple):
    """A type of numbers.

    real        its LLVM type
    whole       the integers with as many bits
    digits      bits of the fraction
    bias        what is added to the exponent
    ln2         log(2) in two parts (Cody & Waite 1980). The first ends in zero bits: n times it is exact for each n
                that an exponent has
    half_pi     pi/2 in parts of all digits. Close to a multiple of pi/2 the difference needs all digits
    root_half   the bits of a number next to sqrt(1/2)
    most        exp(most) is infinite, exp(-most) is 0
    alone       from here on expm1 is exp, and expm1(-alone) is -1
    far         beyond it sin and cos call libm
    erfc_end    erfc is 0 from here on
    """

    real: Any
    whole: Any
    digits: int
    bias: int
    ln2: tuple[float, float]
    half_pi: tuple[float, float, float]
    root_half: int
    most: float
    alone: float
    far: float
    erfc_end: float
    exp: tuple[float, ...]
    log: tuple[float, ...]
    sin: tuple[float, ...]
    cos: tuple[float, ...]
    atan: tuple[float, ...]
    erf: tuple[float, ...]
    erfc: tuple[float, ...]

    @property
    def width(self) -> int:
        """Bits of a number."""
        return int(self.whole.width)

    @property
    def one(self) -> int:
        """The bits of 1.0."""
        return self.bias << self.digits

    @property
    def sign(self) -> int:
        """The bit of the sign."""
        return 1 << (self.width - 1)

    @property
    def shift(self) -> float:
        """x + shift is rounded to a whole number; its last bits are that number."""
        return 1.5 * 2.0**self.digits

    @property
    def tiny(self) -> float:
        """The smallest number with all digits; those below are subnormal."""
        return 2.0**(1 - self.bias)


DOUBLE = Precision(
    ir.DoubleType(), ir.IntType(64), 52, 1023,
    ln2=(float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")),
    half_pi=(float.fromhex("0x1.921fb54442d18p+0"), float.fromhex("0x1.1a62633145c07p-54"),
             float.fromhex("-0x1.f1976b7ed8fbcp-110")),
    root_half=0x3fe6a09e00000000, most=800.0, alone=50.0, far=1e5, erfc_end=28.0,
    exp=of.EXP, log=of.LOG, sin=of.SIN, cos=of.COS, atan=of.ATAN, erf=of.ERF, erfc=of.ERFC)
SINGLE = Precision(
    ir.FloatType(), ir.IntType(32), 23, 127,
    ln2=(float.fromhex("0x1.62e4p-1"), float.fromhex("0x1.7f7d1cp-20")),
    half_pi=(float.fromhex("0x1.921fb6p+0"), float.fromhex("-0x1.777a5cp-25"), float.fromhex("-0x1.ee59dap-50")),
    root_half=0x3f3504f3, most=105.0, alone=20.0, far=1e4, erfc_end=11.0,
    exp=of.EXP_SINGLE, log=of.LOG_SINGLE, sin=of.SIN_SINGLE, cos=of.COS_SINGLE, atan=of.ATAN_SINGLE,
    erf=of.ERF_SINGLE, erfc=of.ERFC_SINGLE)


def of_lane(kind: Any) -> Precision:
    """The precision of numbers, or of integers that are their bits, of this type."""
    return SINGLE if kind in (SINGLE.real, SINGLE.whole) else DOUBLE
