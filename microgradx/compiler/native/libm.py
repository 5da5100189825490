"""Libm: finds the function of the C library for a row whose value is a function of `math`.

    >>> from microgradx import silu, tanh
    >>> from microgradx.compiler.native.libm import libm
    >>> libm(tanh, strict=True), libm(silu, strict=True)
    ('tanh', '')

There is no list of such rows: this also finds a user's row("cbrt", math.cbrt, ...). Python's math calls C for most of
its functions. When a row is first used, libm() measures whether this one does, and whether the row has C's answers at
the edges (unlike, say, a row that does not name a pole).
"""
from __future__ import annotations

import ctypes
import itertools
import math
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from ...ieee import RAISED
from ...table import Op, of_math

# CPython computes these itself (Modules/mathmodule.c): its results differ from C's in the last digit, at few numbers.
OWN = ("hypot", "gamma", "lgamma")
DIGITS = 1e-14                          # the relative difference allowed if the bits need not be Python's

EDGES = (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, 1e5, -1e5, 2.0, -2.0, -3.0)
BETWEEN = tuple((-1)**k * 1.37**(k - 20) for k in range(40))        # 0.0018 to 210, of both signs


@cache
def libm(op: Op, strict: bool) -> str:
    """The name of the C function that computes a row; "" if there is none. Strict: one with the same bits."""
    name, inputs = of_math(op), len(op.inputs)
    if not name or inputs > 2 or (strict and name in OWN):
        return ""
    function = _found(name, inputs)
    return name if function and all(_agree(op, function, xs, strict) for xs in _sample(inputs)) else ""


def _sample(inputs: int) -> list[tuple[float, ...]]:
    """Arguments to compare at: all combinations of EDGES, and ordinary numbers."""
    return [*itertools.product(EDGES, repeat=inputs), *zip(*(BETWEEN[k:] + BETWEEN[:k] for k in range(inputs)))]


def _found(name: str, inputs: int) -> Callable[..., float] | None:
    """The function of this name in the C library that this process has loaded."""
    try:
        found: Any = getattr(ctypes.CDLL(None if os.name == "posix" else "ucrtbase"), name)
    except (AttributeError, OSError):
        return None
    found.restype, found.argtypes = ctypes.c_double, [ctypes.c_double] * inputs
    return found  # type: ignore[no-any-return]


def _agree(op: Op, function: Callable[..., float], xs: tuple[float, ...], strict: bool) -> bool:
    """Whether row and C function agree at xs. It does not call C unless the row returns a float; frexp does not."""
    try:
        if op.value(*xs).__class__ is not float:
            return False
    except RAISED:
        pass
    except TypeError:
        return False
    a, b = op.at(*xs), function(*xs)
    if a == b:
        return a != 0 or math.copysign(1, a) == math.copysign(1, b)
    return (a != a and b != b) or (not strict and abs(a - b) <= DIGITS * abs(a) < math.inf)
