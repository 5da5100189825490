"""Formulas as trees: they mean what the table computes."""
import math

import pytest

from microgradx.show.web.notation import notation
from microgradx.table import TABLE, Op

from ... import points
from ...budget import sweep

ROWS = list(TABLE.values())


def meaning(tree, y, xs):
    """The number that a tree stands for; its numbers are written with six digits."""
    if isinstance(tree, int):
        return y if tree < 0 else xs[tree]
    if isinstance(tree, str):
        return float(tree)
    sign, *parts = tree
    if sign == "call":
        return TABLE[parts[0]](*(meaning(part, y, xs) for part in parts[1:]))
    numbers = [meaning(part, y, xs) for part in parts]
    if sign == "list":
        return numbers
    if len(numbers) == 1:
        return -numbers[0]
    return float({op.infix: op for op in ROWS}[sign](*numbers))


@sweep(3)
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_a_tree_means_the_value_and_the_slopes(op):
    found = 0
    for xs in points.smooth(op, 40, (points.MODERATE,)):
        y, trees = op.at(*xs), notation(op, [None] * len(xs))
        if "..." in str(trees):
            continue
        assert meaning(trees["value"], y, xs) == pytest.approx(y, rel=1e-12)
        slopes = op.partials([True] * len(xs), y, *xs)
        for tree, slope in zip(trees["slopes"], slopes):          # a gate that is shut reads as 0
            if tree is None:
                assert slope is None
            else:
                assert meaning(tree, y, xs) == pytest.approx(slope or 0.0, rel=1e-4, abs=1e-6)
        if trees["textbook"]:
            assert meaning(trees["textbook"], y, xs) == pytest.approx(slopes[0], rel=1e-9)
        found += 1
    assert found or not list(points.smooth(op, 1))


def test_constants_are_written_out():
    found = notation(TABLE["pow"], [None, 2.0])
    assert found["value"] == ["**", 0, "2"] and found["slopes"] == [["*", "2", 0], None]


def test_a_long_list_is_cut_and_a_long_slope_left_out():
    found = notation(TABLE["max"], [None] * 100)
    assert found["value"] == ["call", "max", ["list", 0, 1, "...", 99]] and set(found["slopes"]) == {"..."}
    assert notation(TABLE["dot"], [None] * 20)["value"][2:] == [["list", 0, 1, "...", 9], ["list", 10, 11, "...", 19]]


@pytest.mark.parametrize("name", ["my own", "a(b", "1", "lambda", "\0", "f" * 1000])
def test_a_row_of_any_name(name):
    found = notation(Op(name, lambda x: x, lambda y, x: 2 * x), [None])
    assert found["slopes"] == [["*", "2", 0]] and isinstance(found["value"], (str, list))


def test_numbers_have_six_digits():
    found = notation(Op("turn", lambda x: math.pi * x, lambda y, x: math.pi * x), [None])
    assert found["slopes"] == [["*", "3.14159", 0]]
