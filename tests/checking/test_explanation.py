"""The first node that is not finite, and how a node is told in words."""
import math

import pytest

import microgradx as mg
from microgradx import Value, dot, sqrt, where
from microgradx.checking.check import gradcheck
from microgradx.checking.explanation import described, first_nonfinite
from microgradx.checking.samples import is_finite
from microgradx.table import Reduction

from .. import points
from .test_check import ROWS


def build_nonfinite():
    """What was computed from x, and the node that made the first infinity or nan of it."""
    x, zero, bad = Value(2.0, "x"), Value(0.0, "zero"), Value(math.nan, "bad")
    pole, root, product = mg.log(zero), sqrt(zero), x * math.inf
    return [
        (x * x + 1, None),
        (zero * sqrt(x), None),
        (pole * 0 + x, pole),                       # nan at the end, -inf at its source
        (root + x, root),                           # the value is finite, its slope is not
        (x * bad, bad),                             # a leaf
        (product + 1, product),                     # an infinite constant belongs to its node
        (mg.clamp(x) * 2, None),                    # from -inf to inf, constants that do no harm
        (where(x > 1, x, zero), None),
        (bad, bad),
    ]


@pytest.mark.parametrize("case", range(9))
def test_first_nonfinite(case):
    root, source = build_nonfinite()[case]
    assert first_nonfinite(root) is source


def test_first_nonfinite_is_the_first_in_order():
    zero = Value(0.0)
    first, second = 1 / zero, mg.log(zero)
    assert first_nonfinite(first + second) is first


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_regular_inputs_make_nothing_infinite(op):
    for xs in points.smooth(op, 5, (points.MODERATE,)):
        y = op.apply(op.called(list(map(Value, xs))))
        assert is_finite(op, xs) == (first_nonfinite(y) is None)


def test_reductions_are_called_with_lists():
    energy = Reduction("energy", lambda *xs: math.fsum(x * x for x in xs), lambda y, *xs: [2 * x for x in xs])
    assert gradcheck(energy, [1.0, 2.0, 3.0])


def test_a_node_is_described_by_its_row_and_a_leaf_by_its_number():
    x = Value(3.0)
    assert described(x) == "the input 3.0" and described(x * 2) == "row 'mul' at a = 3.0, b = 2.0"
    assert described(dot([x] * 2, [1.0, 2.0])) == "row 'dot' at x1 = 3.0, x2 = 3.0, x3 = 1.0, ..."
