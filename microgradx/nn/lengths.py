"""The length of a vector, of any size: no square overflows or vanishes.

    >>> from microgradx.nn.lengths import length
    >>> length([3.0, 4.0]), length([3e200, 3e200]) / 3e200, length([3.0, -4.0], 1), length([3.0, -4.0], float("inf"))
    (5.0, 1.4142135623730951, 7.0, 4.0)
"""
from collections.abc import Sequence
from typing import Any

from ..ieee import LARGEST, inf
from ..ops import abs, detach, minimum, sqrt, where
from ..reductions import dot, max, sum

TINY, HUGE = 1e-280, 1e280              # between them a sum of squares has all its digits


def length(xs: Sequence[Any], p: float = 2.0) -> Any:
    """The p-norm: the p-th root of the sum of |x|**p; the largest |x| if p is infinite. Its slope at 0 is 0.

    It is 0 only if all numbers are, infinite with an infinite one, and nan with a nan. torch: linalg.vector_norm.

    >>> from microgradx import Value
    >>> v = Value(0.0)
    >>> length([v, 0.0]).backward(); v.grad
    0.0
    """
    sizes = list(map(abs, xs))
    if p in (1, inf):
        return max(sizes) if p == inf else sum(sizes)
    largest = detach(max(sizes))                            # a common factor changes neither length nor slopes
    unit = where(largest > 0, minimum(largest, LARGEST), 1.0)
    if p == 2:
        square, parts = dot(xs, xs), [x / unit for x in xs]
        found = where((square > TINY) * (square < HUGE), sqrt(square), unit * sqrt(dot(parts, parts)))
    else:
        found = unit * sum([(size / unit) ** p for size in sizes]) ** (1 / p)
    return where((largest >= 0) * (largest <= 0), 0.0, found)           # nan is neither
