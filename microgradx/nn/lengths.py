"""The length of a vector, of any size: no square overflows or vanishes.

    >>> from microgradx.nn.lengths import length
    >>> length([3.0, 4.0]), length([3e200, 3e200]) / 3e200, length([3.0, -4.0], 1), length([3.0, -4.0], float("inf"))
    (5.0, 1.4142135623730951, 7.0, 4.0)
"""
from collections.abc import Sequence
from typing import Any

from ..ieee import inf
from ..ops import abs, detach, sqrt, where
from ..reductions import dot, max, sum

LARGE = 1e140                   # the squares of numbers up to it, added up, have all their digits


def length(xs: Sequence[Any], p: float = 2.0) -> Any:
    """The p-norm: the p-th root of the sum of |x|**p; the largest |x| if p is infinite. Its slope at 0 is 0.

    torch: linalg.vector_norm.

    >>> from microgradx import Value
    >>> v = Value(0.0)
    >>> length([v, 0.0]).backward(); v.grad
    0.0
    """
    sizes = list(map(abs, xs))
    if p in (1, inf):
        return max(sizes) if p == inf else sum(sizes)
    largest = detach(max(sizes))                            # a common factor changes neither length nor slopes
    unit = where((largest > LARGE) + (largest < 1 / LARGE) * (largest > 0), largest, 1.0)
    if p == 2:
        parts = [x / unit for x in xs]
        whole = sqrt(dot(parts, parts))
    else:
        whole = sum([(size / unit) ** p for size in sizes]) ** (1 / p)
    return where(largest > 0, unit * whole, 0.0)
