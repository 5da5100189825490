"""Formulas as trees: they mean what the table computes."""
import math

import pytest

from microgradx.show.web.bundle import CORE, asset
from microgradx.show.web.notation import RESULT, notation
from microgradx.table import TABLE, Op

from ... import points
from ...budget import sweep
from .test_javascript import answer, needs_node

ROWS = list(TABLE.values())


def meaning(tree, y, xs, i=0):
    """The number that a tree stands for, a slope by input i; its numbers are written with six digits."""
    if isinstance(tree, int):
        return y if tree == RESULT else xs[tree]
    if isinstance(tree, str):
        return float(tree)
    sign, *parts = tree
    if sign == "call":
        return TABLE[parts[0]](*(meaning(part, y, xs, i) for part in parts[1:]))
    numbers = [meaning(part, y, xs, i) for part in parts]
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
        y, trees = op.at(*xs), notation(op, len(xs))
        if "..." in str(trees):                         # too long to show
            found += 1
            continue
        assert meaning(trees["value"], y, xs) == pytest.approx(y, rel=1e-12)
        slopes = op.partials([True] * len(xs), y, *xs)
        for tree, slope in zip(trees["slopes"], slopes):          # a gate that is shut reads as 0
            if tree is None:
                assert slope is None
            else:
                assert meaning(tree, y, xs) == pytest.approx(slope or 0.0, rel=1e-4, abs=1e-6)
        for i, slope in enumerate(slopes if trees["textbook"] else ()):
            assert meaning(trees["textbook"], y, xs, i) == pytest.approx(slope, rel=1e-5, abs=1e-300)
        found += 1
    assert found or not list(points.smooth(op, 1))


@needs_node
def test_constants_are_written_out():
    """The page puts numbers in the place of letters, and leaves out what is 1."""
    slope = notation(TABLE["pow"], 2)["slopes"][0]
    found = answer("".join(map(asset, (*CORE, "step/formula.js"))) + """
data.map(([tree, ...xs]) => simplified(tree, xs.map((x) => x ?? undefined)))""",
                   [[slope, None, 2], [slope, None, 3], [slope, None, -1], [slope, None, None], [["*", "1", 0], None]])
    assert found == [
        ["*", "2", "0"], ["*", "3", ["**", "0", "2"]], ["*", ["-", "1"], ["**", "0", ["-", "2"]]],
        ["*", "1", ["**", "0", ["-", "1", "1"]]], "0"]


def test_a_long_list_is_cut_and_a_long_slope_left_out():
    found = notation(TABLE["max"], 100)
    assert found["value"] == ["call", "max", ["list", 0, 1, "...", 99]] and set(found["slopes"]) == {"..."}
    assert notation(TABLE["dot"], 20)["value"][2:] == [["list", 0, 1, "...", 9], ["list", 10, 11, "...", 19]]


@pytest.mark.parametrize("name", ["my own", "a(b", "1", "lambda", "\0", "f" * 1000])
def test_a_row_of_any_name(name):
    found = notation(Op(name, lambda x: x, lambda y, x: 2 * x), 1)
    assert found["slopes"] == [["*", "2", 0]] and isinstance(found["value"], (str, list))


def test_numbers_have_six_digits():
    found = notation(Op("turn", lambda x: math.pi * x, lambda y, x: math.pi * x), 1)
    assert found["slopes"] == [["*", "3.14159", 0]]
