"""Every row of the table at numbers that matter: inside its domain, on its kinks and ties, at ±0, infinities and nan.

    >>> from microgradx import maximum
    >>> [1.5, 1.5] in points(maximum), len(points(maximum)) > 50
    (True, True)
"""
import itertools
import math
import random
from functools import cache

from hypothesis import HealthCheck, Phase, given, seed, settings

import microgradx as mg
from microgradx import Value
from microgradx.checking.strategies import graphs
from microgradx.table import Reduction

from ..budget import ANEW

EDGES = (-math.inf, -2.0, -0.5, -0.0, 0.0, 0.5, 1.5, math.inf, math.nan)
MOST = 120                                  # points of a row of many inputs, out of all that there are


def points(op):
    """Lists of inputs: for a row of lists three numbers in each, and an index where it has one."""
    count = 3 * op.lists if isinstance(op, Reduction) else len(op.inputs)
    found = list(map(list, itertools.islice(itertools.product(EDGES, repeat=count), 10_000)))
    rng = random.Random(op.name)
    found = rng.sample(found, min(len(found), MOST)) + [[rng.uniform(-3, 3) for _ in range(count)] for _ in range(20)]
    found += [[x] * count for x in EDGES]                               # ties
    return [[*xs, float(k % 3)] for k, xs in enumerate(found)] if getattr(op, "index", 0) else found


def at(op, xs):
    """The row at a list of inputs."""
    if not isinstance(op, Reduction):
        return op(*xs)
    lists = [xs[k:k + 3] for k in range(0, 3 * op.lists, 3)]
    return op(*lists, *[int(x) if isinstance(x, float) else x for x in xs[3 * op.lists:]])


@cache
def expected(op):
    """Value and slopes at all points, by eager code; a slope that has no edge is 0."""
    found = []
    for xs in points(op):
        given = [Value(x) for x in xs[:len(xs) - getattr(op, "index", 0)]]
        y = at(op, [*given, *xs[len(given):]])
        found.append((y.data, mg.gradients(y, given)))
    return found


def same(a, b, digits=1e-12):
    """Equal, both nan, or equal to twelve digits."""
    return a == b or (a != a and b != b) or (math.isfinite(a) and abs(a - b) <= digits * max(abs(a), abs(b), 1e-290))


def drawn(count, part=0):
    """Random graphs, the roots. Each part of a test has others."""
    found = []

    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate])
    @given(graphs())
    def keep(root):
        found.append(root)
    (keep if ANEW else seed(part)(keep))()
    return found
