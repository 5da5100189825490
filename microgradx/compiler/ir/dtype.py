"""Dtype: the numbers that a program computes with, float64 or float32.

    >>> from microgradx.compiler.ir.dtype import FLOAT32, FLOAT64
    >>> FLOAT32.rounded(0.1), FLOAT32.rounded(1e39), FLOAT64.rounded(0.1)
    (0.10000000149011612, inf, 0.1)
"""
from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

LINE = 64                               # bytes in a line of the cache


class Dtype(NamedTuple):
    """A type of numbers, by numpy's name.

    size        bytes of a number
    c           its class in ctypes
    exponent    of the largest power of two whose reciprocal has all bits, too
    """

    name: str
    size: int
    c: Any
    exponent: int

    @property
    def line(self) -> int:
        """How many there are in a line of the cache."""
        return LINE // self.size

    def rounded(self, x: float) -> float:
        """The number nearest to x; infinity if x is out of range."""
        return x if self.c is ctypes.c_double else float(self.c(x).value)


FLOAT64 = Dtype("float64", 8, ctypes.c_double, 1022)
FLOAT32 = Dtype("float32", 4, ctypes.c_float, 126)
DTYPES = {one.name: one for one in (FLOAT64, FLOAT32)}
