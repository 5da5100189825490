"""Powers with a constant exponent: a product, a quotient, a root.

    >>> from llvmlite import ir
    >>> constant(ir.DoubleType()(2.0)), constant(ir.VectorType(ir.DoubleType(), 2)([3.0, 3.0]))
    (2.0, 3.0)
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .lanes import Lanes


def root(x: Lanes) -> Lanes:
    """x**0.5, which differs from the root at -0.0 and -inf: it is 0.0 and inf there (C's pow)."""
    return x.equals(-math.inf).where(math.inf, (x + 0.0).sqrt())


# x**n with two or three roundings, in an order in which nothing on the way is out of range where the result is not.
POWERS: dict[float, Callable[[Lanes], Lanes]] = {
    -3.0: lambda x: 1.0 / x / x / x,
    -2.0: lambda x: 1.0 / x / x,
    -1.5: lambda x: 1.0 / root(x) / abs(x),
    -1.0: lambda x: 1.0 / x,
    -0.5: lambda x: 1.0 / root(x),
    0.0: lambda x: x.of(1.0),
    0.5: root,
    1.0: lambda x: x,
    2.0: lambda x: x * x,
    3.0: lambda x: x * x * x,
    4.0: lambda x: x * x * (x * x),
}


def constant(x: Any) -> float | None:
    """The number that stands in every lane of `x`; None if `x` is no constant, or has several."""
    parts = getattr(x, "constant", None)
    if not isinstance(parts, (list, tuple)):
        return parts
    numbers = {part.constant for part in parts}
    return numbers.pop() if len(numbers) == 1 else None
