"""The length of a vector, of any size: no square overflows or vanishes.

    >>> from microgradx.nn.lengths import length
    >>> length([3.0, 4.0]), length([3e200, 3e200]) / 3e200, length([3.0, -4.0], 1), length([3.0, -4.0], float("inf"))
    (5.0, 1.4142135623730951, 7.0, 4.0)
"""
from collections.abc import Sequence
from typing import Any

from ..engine import Value, tracer
from ..ieee import LARGEST, inf
from ..ops import abs, detach, minimum, sqrt, where
from ..reductions import dot, max, sum

TINY, HUGE = 1e-280, 1e280              # between them a sum of squares has all its digits


def unit(xs: Sequence[Any], least: float = 0.0) -> Any:
    """What numbers are divided by before they are squared: the largest |x|, or `least`, where squares would overflow or
    vanish, else 1.0. Not recorded, for a common factor changes no slope; a compiled program chooses as it runs.

    >>> unit([3.0, -4.0]), unit([3e200, -4e200]), unit([3e-200, 0.0]), unit([3e-200], least=0.1), unit([0.0])
    (1.0, 4e+200, 3e-200, 1.0, 1.0)
    """
    now = [x.data if isinstance(x, Value) and tracer() is None else x for x in xs]
    largest = detach(max([*map(abs, now), least]))
    return where((largest > 1e140) * (largest < inf) + (largest < 1e-140) * (largest > 0), largest, 1.0)


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
    size = where(largest > 0, minimum(largest, LARGEST), 1.0)
    if p == 2:
        square, parts = dot(xs, xs), [x / size for x in xs]
        found = where((square > TINY) * (square < HUGE), sqrt(square), size * sqrt(dot(parts, parts)))
    else:
        found = size * sum([(one / size) ** p for one in sizes]) ** (1 / p)
    return where((largest >= 0) * (largest <= 0), 0.0, found)           # nan is neither
