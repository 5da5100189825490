"""Sample inputs of a row of the table: where it is smooth, on its kinks, whole numbers. All come from the row itself.

    >>> from microgradx import hard_tanh, log
    >>> from microgradx.checking.samples import is_regular, kink_points
    >>> is_regular(log, [2.0]), is_regular(log, [0.0]), is_regular(hard_tanh, [1.0])
    (True, False, False)
    >>> kink_points(hard_tanh)
    [(1.0,), (-1.0,)]
"""
import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ..derivatives import gradients
from ..engine import Value
from ..table import REAL, Domain, Op, Reduction

SMALL, LARGE = 2.0**-10, 8.0                # sizes of moderate numbers
MOST = 100                                  # kink points of a row
SAMPLES = (0.0, 1.0, -1.0, 0.5, 2.0, -2.0)  # numbers tried as kinks and regular points, if they are in the domain


def edges(domain: Domain) -> tuple[float, float]:
    """The largest closed interval in an open domain that keeps a small distance from its ends."""
    if isinstance(domain, range):
        return float(domain[0]), float(domain[-1])
    low, high = domain
    gaps = [min(SMALL * max(1.0, abs(end)), (high - low) / 8) if math.isfinite(end) else 0.0 for end in domain]
    return low + gaps[0], high - gaps[1]


def moderate(domain: Domain) -> tuple[float, float]:
    """The part of a domain within 8 of 0, or of the end that is nearest to 0, or up to twice that end."""
    return reachable(*edges(domain))


def reachable(low: float, high: float) -> tuple[float, float]:
    """The same of an interval, its ends included."""
    above, below = max(low, 0.0), min(high, 0.0)
    return max(low, min(below - LARGE, 2 * below)), min(high, max(above + LARGE, 2 * above))


def least(low: float, high: float) -> float:
    """The distance from 0 and from kinks that numbers in an interval keep: 1/1024, or less in a small one."""
    return min(SMALL, max(abs(low), abs(high)) * SMALL)


def is_regular(op: Op, xs: Sequence[float]) -> bool:
    """Whether `xs` are inside the domain, away from kinks, with a finite value and finite slopes."""
    domains = op.domains(len(xs))
    gap = min((least(*moderate(domain)) for domain in domains if not isinstance(domain, range)), default=SMALL)
    return (all(low <= x <= high for x, (low, high) in zip(xs, map(edges, domains), strict=True))
            and all(abs(k) >= gap for k in _quantities(op, xs)) and is_finite(op, xs))


def is_finite(op: Op, xs: Sequence[float]) -> bool:
    """Whether value and slopes are finite."""
    return all(map(math.isfinite, _value_and_slopes(op, xs)))


@cache
def is_smooth(op: Op) -> bool:
    """Whether the row has regular points at all. detach has none: its slope is defined, not derived.

    >>> from microgradx import detach, relu
    >>> is_smooth(relu), is_smooth(detach)
    (True, False)
    """
    return any(is_regular(op, xs) for xs in _grid(op))


def kink_points(op: Op) -> list[tuple[float, ...]]:
    """Up to 100 inputs exactly on a kink or jump of the row, with a finite value and finite slopes; small ones first.

    >>> from microgradx import maximum
    >>> kink_points(maximum)[:3]
    [(0.0, 0.0), (1.0, 1.0), (-1.0, -1.0)]
    """
    if not op.kinks:
        return []
    points = [xs for xs in _grid(op) if 0 in _quantities(op, xs)]
    if not points:
        points = [xs for start in _grid(op) for xs in _steps_onto(op, start) if 0 in _quantities(op, xs)]
    return [*itertools.islice((xs for xs in dict.fromkeys(points) if is_finite(op, xs)), MOST)]


@cache
def is_whole(op: Op) -> bool:
    """Whether whole inputs give whole results and slopes, which floats hold exactly: rows of + - * without kinks.

    >>> from microgradx import div, dot, exp, mul
    >>> [is_whole(op) for op in (mul, dot, div, exp)]
    [True, True, False, False]
    """
    if op.kinks or any(isinstance(domain, tuple) and domain != REAL for domain in op.domain):
        return False
    points = [xs for xs in _grid(op) if all(x.is_integer() for x in xs)]
    return all(number.is_integer() for xs in points for number in _value_and_slopes(op, xs))


def called_with(op: Op, xs: Sequence[Any]) -> tuple[Any, ...]:
    """A flat sequence of inputs as the arguments of a call: a reduction takes lists.

    >>> from microgradx import dot
    >>> called_with(dot, [1.0, 2.0, 3.0, 4.0])
    ([1.0, 2.0], [3.0, 4.0])
    """
    if not isinstance(op, Reduction):
        return tuple(xs)
    size = (len(xs) - op.index) // op.lists
    return (*(list(xs[k * size:(k + 1) * size]) for k in range(op.lists)), *xs[op.lists * size:])


def _sizes(op: Op) -> Sequence[int]:
    """Numbers of inputs to try: for a reduction lists of one to three elements, at most six numbers in all."""
    if not isinstance(op, Reduction):
        return [len(op.inputs)]
    return [size * op.lists + op.index for size in (1, 2, 3) if size * op.lists <= 6]


def _grid(op: Op) -> Iterator[tuple[float, ...]]:
    """Points inside the domain, small whole numbers first."""
    for size in _sizes(op):
        yield from itertools.product(*map(_samples, op.domains(size)))


def _samples(domain: Domain) -> list[float]:
    """The samples in a domain; if there are one or none, also five numbers spread over it."""
    low, high = moderate(domain)
    found = [x for x in SAMPLES if low <= x <= high and (x in domain or not isinstance(domain, range))]
    few = len(found) < 2 and not isinstance(domain, range)
    return found + [low + (high - low) * k / 6 for k in range(1, 6)] if few else found


def _value_and_slopes(op: Op, xs: Sequence[float]) -> list[float]:
    y = op.at(*xs)
    return [y, *(slope or 0.0 for slope in op.partials([True] * len(xs), y, *xs))]


def _quantities(op: Op, xs: Sequence[Any]) -> Sequence[Any]:
    return op.kinks(*xs) if op.kinks else ()


def _steps_onto(op: Op, xs: tuple[float, ...]) -> Iterator[tuple[float, ...]]:
    """Each input moved to where a kink quantity is 0, by one Newton step: exact if it is linear, as x - 0.3."""
    values = [Value(x) for x in xs]
    for quantity in _quantities(op, values):
        for i, slope in enumerate(gradients(quantity, values)):
            if slope:
                yield (*xs[:i], xs[i] - quantity.data / slope, *xs[i + 1:])
