"""Loops as vector code: sums in parts, in order where they must be; every count of results, terms and lanes."""
import random

import pytest

import microgradx as mg
from microgradx import Value

from ...budget import sweep
from ...compiled import LOOPS, close, different, identical, needs_llvmlite

pytestmark = needs_llvmlite
pytest.importorskip("llvmlite")

from microgradx.compiler.loops.nests import Nest  # noqa: E402
from microgradx.compiler.loops.shapes import shaped  # noqa: E402


def numbers(count, seed=0):
    """Of all sizes, so that the order in which they are added up shows."""
    rng = random.Random(seed)
    return [rng.uniform(-1, 1) * 10 ** rng.uniform(-3, 3) for _ in range(count)]


def eager(f, xs):
    return [y.data for y in f(list(map(Value, xs)))]


def scattered(xs):
    """Sums and dot products whose terms lie anywhere, as many short loops."""
    rng = random.Random(1)
    picks = [[rng.randrange(len(xs)) for _ in range(rng.choice([3, 5, 9, 20]))] for _ in range(30)]
    return [f(pick) for pick in picks for f in (
        lambda pick: mg.sum([xs[i] for i in pick]),
        lambda pick: mg.dot([xs[i] for i in pick], [xs[7 * i % len(xs)] for i in pick]))]


@pytest.mark.slow
def test_a_sum_in_parts_stays_in_order_in_strict_code():
    xs = numbers(40)
    assert different(LOOPS.jit(scattered, strict=True)(xs), eager(scattered, xs), identical) == []
    assert different(LOOPS.jit(scattered)(xs), eager(scattered, xs), identical)       # in this order it shows


@pytest.mark.sweep(997)
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 31, 32, 33, 70])
def test_any_number_of_results_and_of_terms(count):
    """Vectors end anywhere: rows and sums of one number, of a vector, of one more, of several blocks."""
    def f(xs, ys):
        return [*[x * y + xs[0] for x, y in zip(xs, ys)], *[x * y for x, y in zip(xs, ys[::-1])],
                mg.sum(xs), mg.dot(xs, ys), mg.dot(xs, ys[::-1]), mg.dot(xs[::2], ys[::2]),
                *[mg.dot(xs, [y * y for y in ys[i:] + ys[:i]]) for i in range(min(count, 5))]]
    xs, ys = numbers(count, 2), numbers(count, 3)
    expected = eager(lambda both: f(both[:count], both[count:]), xs + ys)
    assert different(LOOPS.jit(f, strict=True)(xs, ys), expected, identical) == []
    scale = sum(map(abs, xs)) * max(map(abs, ys)) ** 2
    assert different(LOOPS.jit(f)(xs, ys), expected, lambda a, b: close(a, b, scale)) == []


@sweep(997)
@pytest.mark.parametrize("units", [4, 8, 12, 16, 24])
@pytest.mark.parametrize("terms", [5, 8, 9, 16, 31])
def test_short_sums_side_by_side(units, terms):
    """A vector of them at a time or one by one: of two lists, of one, of lists in two pieces that lie apart."""
    def f(rows, xs, ys):
        return [*[mg.dot(row, xs) for row in rows], *[mg.sum(row) for row in rows],
                *[mg.dot(row + row, xs + ys) for row in rows]]
    rows, xs, ys = [numbers(terms, k) for k in range(units)], numbers(terms, 50), numbers(terms, 51)
    flat = [x for row in rows for x in row]
    expected = eager(lambda flat: f([flat[k * terms:][:terms] for k in range(units)], xs, ys), flat)
    assert different(LOOPS.jit(f, strict=True)(rows, xs, ys), expected, identical) == []
    scale = 2 * sum(abs(x) for row in (*rows, xs, ys) for x in row)
    assert different(LOOPS.jit(f)(rows, xs, ys), expected, lambda a, b: close(a, b, scale)) == []


@pytest.mark.parametrize("terms", [16, 32])
def test_short_sums_of_numbers_that_lie_apart(terms):
    """Rows times columns: of a few full vectors each is read."""
    def f(xs):
        rows = [xs[k * terms:][:terms] for k in range(16)]
        return [mg.dot(rows[k], xs[3 * k:][:16 * terms:16]) for k in range(16)]
    xs = numbers(16 * terms + 48, 50)
    assert different(LOOPS.jit(f)(xs), eager(f, xs), lambda a, b: close(a, b, sum(x * x for x in xs))) == []


def test_where_short_sums_are_a_vector():
    """Their results lie side by side, and they fill whole vectors; else as many side by side as share an operand."""
    def found(units, terms, step=1, other=0):
        loops = ((units, step, (terms, other)),), ((terms, (1, 1)),)
        shape, _ = shaped(Nest(mg.dot, 900, (0, 500), *loops), 8, False)
        return shape.jam, bool(shape.block)
    assert [found(16, 16), found(8, 9)] == [(8, True)] * 2
    assert [found(12, 16), found(16, 16, step=2), found(16, 400)] == [(6, False), (8, False), (8, False)]
    assert [found(13, 400), found(16, 400, other=400)] == [(1, False)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("count", [5, 8, 9, 16, 40])
def test_a_gradient_of_0_carries_nothing_in_a_loop(strict, count):
    """Where slopes are infinite and gradients 0, the plain sum is nan and is computed again."""
    def f(xs, weights):
        roots = [mg.sqrt(x) for x in xs]                            # slope inf at 0
        ys = [mg.dot(roots, row) for row in weights]
        return mg.sum([mg.where(y > 0, y, 0) for y in ys]) + mg.sum([w * mg.sqrt(xs[0]) for w in weights[0]])
    rng = random.Random(count)
    xs = [rng.choice([0.0, 0.0, 1.0, 4.0]) for _ in range(count)]
    weights = [[rng.choice([0.0, 0.0, 1.0, -1.0]) for _ in xs] for _ in range(count)]
    for row in weights:
        row[:] = [w if x else 0.0 for w, x in zip(row, xs)]         # what is infinite is never asked for
    expected = mg.value_and_grad(f, (0, 1))(xs, weights)
    assert 0.0 in xs and str(LOOPS.jit(mg.value_and_grad(f, (0, 1)), strict=strict)(xs, weights)) == str(expected)


def test_a_table_whose_entries_lie_anywhere():
    """Computed by different operations, in different loops, some entries twice."""
    def f(xs, i):
        table = [xs[3], xs[1] * xs[2], mg.exp(xs[0]), xs[3], xs[0] - 1, 2.5, mg.tanh(xs[2])]
        return [mg.take(table[k:], i) for k in range(4)] + [mg.take([xs[1], xs[4], xs[2]], i)]
    xs = numbers(5)
    compiled = LOOPS.jit(f, strict=True)
    for i in range(3):
        assert compiled(xs, float(i)) == eager(lambda xs, i=i: f(xs, Value(i)), xs)
    for i in (3.0, -1.0, 0.5, 1e9, float("nan"), float("inf")):
        with pytest.raises(IndexError, match="take: expected a whole number from 0"):
            compiled(xs, i)
    assert compiled(xs, 2.0)                                        # and goes on
