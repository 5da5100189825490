"""How much rounding there is in a function that is known only by its values.

    >>> import math
    >>> from microgradx.checking.noise import roundings
    >>> [found] = roundings(lambda s: [math.sin(1 + s)])
    >>> 1e-17 < found.noise < 1e-15, found.digits
    (True, 53)

A function is computed at nine points so close together that it is a parabola there. What is left of it after four or
more differences is rounding. Source: R. Hamming, Introduction to Applied Numerical Analysis (1971), chapter 6; J. Moré
and S. Wild, SIAM J. Sci. Comput. 33 (2011) 1292.
"""
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .arguments import is_single
from .differences import GRAINS

POINTS = 9
ORDERS = (4, 5, 6)                          # differences that are taken for rounding alone
STEPS = (2.0**-42, 2.0**-30, 2.0**-18, 2.0**-12, 2.0**-8)     # the larger ones for functions with fewer digits
LOOKS = 2                                   # steps that are always believed
STEADY = 3                                  # the largest ratio of the errors that three orders show


class Rounding(NamedTuple):
    """The rounding error of a function near a point, and the bits that it computes with: 24 in single precision.

    steady  whether differences of each order show the same error; what is left of a curve shrinks from order to order
    """

    noise: float
    digits: int
    steady: bool = True


def roundings(f: Callable[[float], Sequence[float]]) -> list[Rounding]:
    """The rounding of each result of f, which takes a step along some direction.

    Over small steps a part of f may stand still, as log(x*x + 1) near 0. So larger ones are looked at as well; what
    they show is believed if it may be the rounding of a number of size 1, and no kink or curve.
    """
    here = f(0.0)
    found: list[list[Rounding]] = [[] for _ in here]
    for step in STEPS:
        for known, y, column in zip(found, here, zip(*(f(k * step) for k in range(POINTS)))):
            seen = rounding(column)
            if seen and (len(known) < LOOKS or (
                    seen.steady and seen.noise <= GRAINS * 2.0**-known[0].digits * max(1.0, abs(y)))):
                known.append(seen)
    return [Rounding(max(r.noise for r in known), known[0].digits) if known else Rounding(math.ulp(y), 53)
            for known, y in zip(found, here)]


def rounding(values: Sequence[float]) -> Rounding | None:
    """The rounding in values at equal distances; None where it cannot be seen: on a staircase of two or three steps."""
    if not all(map(math.isfinite, values)) or len(set(values)) < 5:
        return None
    sizes, row = list[float](), list(values)
    for order in range(1, max(ORDERS) + 1):
        row = [b - a for a, b in pairwise(row)]
        if order in ORDERS:                 # of independent errors of size 1 a difference has (2n)!/(n!)**2, squared
            sizes.append(math.hypot(*row) / math.sqrt(len(row) * math.comb(2 * order, order)))
    return Rounding(max(min(sizes), math.ulp(values[0])), 24 if all(map(is_single, values)) else 53,
                    max(sizes) <= STEADY * min(sizes))
