"""Where a row is asked: points inside its domain, tails included, and points exactly on its kinks.

    >>> from microgradx import log
    >>> all(x > 0 for x, in smooth(log, 20))
    True

Everything is read from the row (domain, kinks, number of inputs); the draws are seeded with its name.
"""
import itertools
import math
import random
from collections.abc import Callable, Iterator

from microgradx.table import Domain, Op, Reduction

MODERATE, WIDE, ALL = 0.5, 3, 300           # decades: 0.3 to 3, 1e-3 to 1e3, all that floats can hold


def counts(op: Op) -> list[int]:
    """How many inputs to try: lists of 1 to 6 elements for a reduction."""
    if isinstance(op, Reduction):
        return [length * op.lists + op.index for length in range(1, 7)]
    return [len(op.inputs)]


def inside(domain: Domain, decades: float, rng: random.Random) -> float:
    """A number of the open interval: its size, or its distance from an end, is even in the logarithm."""
    if isinstance(domain, range):
        return float(rng.choice(domain))
    lo, hi = domain
    if math.isinf(lo):
        return rng.choice((-1, 1)) * 10 ** rng.uniform(-decades, decades)
    if math.isinf(hi):
        return lo + 10 ** rng.uniform(-decades, decades)
    gap = (hi - lo) * 10 ** rng.uniform(-decades, 0) / 2
    return rng.choice((lo + gap, hi - gap))


def smooth(op: Op, count: int, spread: tuple[float, ...] = (MODERATE, WIDE, ALL)) -> Iterator[list[float]]:
    """Up to `count` points inside the domain and on no kink, each with decades drawn from `spread`."""
    rng = random.Random(op.name)
    for _ in range(4 * count):                      # none at all for a row that is on a kink everywhere
        size = rng.choice(counts(op))
        decades = rng.choice(spread)
        if isinstance(op, Reduction):
            decades = min(decades, ALL / size)      # a product of all its inputs is a float still
        domains = op.domains(size)
        xs = [inside(domain, decades, rng) for domain in domains]
        if all(map(within, xs, domains)) and not on_kink(op, xs):
            yield xs
            count -= 1
            if count == 0:
                return


def within(x: float, domain: Domain) -> bool:
    """Is x in the domain? 1 + 1e-300 has been rounded onto the edge."""
    return x in domain if isinstance(domain, range) else domain[0] < x < domain[1]


def on_kink(op: Op, xs: list[float]) -> bool:
    """Is one of the row's kink quantities zero here?"""
    return op.kinks is not None and any(k == 0 for k in op.kinks(*xs))


def cancelling(op: Op, count: int) -> Iterator[list[float]]:
    """Points right next to a zero of the value or of a slope, found by bisection between `count` pairs of points."""
    rng = random.Random(op.name)
    for xs in smooth(op, count, (MODERATE,)):
        domains = op.domains(len(xs))
        k = rng.choice([i for i, domain in enumerate(domains) if not isinstance(domain, range)])
        beside = [*xs[:k], inside(domains[k], MODERATE, rng), *xs[k + 1:]]
        for n in range(1 + len(xs)):
            found = bisected(lambda x, n=n: quantities(op, x)[n], xs, beside)
            if found and not on_kink(op, found):
                yield found


def bisected(f: Callable[[list[float]], float], a: list[float], b: list[float]) -> list[float] | None:
    """The point between a and b where f changes its sign, to the last bit; None if it does not (or only at 0)."""
    for _ in range(80):
        middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
        if not f(a) * f(b) < 0:
            return None
        if middle in (a, b) or f(middle) == 0:
            return middle
        a, b = (a, middle) if f(a) * f(middle) < 0 else (middle, b)
    return None


def quantities(op: Op, xs: list[float]) -> list[float]:
    """The value and the slopes."""
    y = op.at(*xs)
    return [y, *(slope or 0.0 for slope in op.partials([True] * len(xs), y, *xs))]


def kinks(op: Op) -> Iterator[list[float]]:
    """Points exactly on a kink, jump or pole of the row, out of a grid of small integers."""
    for size in counts(op)[:3]:
        numbers = (-1.0, 0.0, 1.0, 2.0)[:4 if size < 6 else 2]          # of nine inputs two each are 512 points
        grids = [map(float, d) if isinstance(d, range) else numbers for d in op.domains(size)]
        for xs in map(list, itertools.product(*grids)):
            if all(map(within, xs, op.domains(size))) and on_kink(op, xs):
                yield xs
