"""Loops whose steps are connected by sums alone run in lanes, and no others do."""
import math

import pytest

import microgradx as mg
from microgradx import ops, reductions
from microgradx.compiler.ir.program import Program
from microgradx.compiler.ir.repeat import Repeat

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
from microgradx.compiler.loops import lane_code  # noqa: E402


@pytest.fixture
def seen(monkeypatch):
    """Makes each vmap() of 20 samples a loop, and tells how many steps the loops in lanes have."""
    monkeypatch.setattr("microgradx.compiler.trace.tracer.MANY", 20)
    monkeypatch.setattr("microgradx.compiler.trace.scan.MUCH", 0)
    monkeypatch.setenv("MICROGRADX_CACHE", "off")
    found, write = [], lane_code.InLanes.write
    monkeypatch.setattr(lane_code.InLanes, "write", lambda self: (found.append(self.op.steps), write(self))[1])
    return found


def energy(w, row):
    """With a number that all samples share, exp(w[1]), and a branch that some of them take."""
    return mg.exp(w[1]) * mg.tanh(w[0] * row[0]) ** 2 + mg.relu(row[1] - w[2])


def total(w, rows):
    return mg.sum(mg.vmap(energy, in_axes=(None, 0))(w, rows))


def expected(w, x, y):
    """The gradient of total, by hand."""
    t, e = np.tanh(w[0] * x), math.exp(w[1])
    return [np.sum(e * 2 * t * (1 - t * t) * x), np.sum(e * t * t), -np.sum(y > w[2])]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [64, 67, 515])
def test_the_gradient_of_a_sum_over_samples(seen, count, dtype):
    rows, w = np.random.default_rng(count).normal(size=(count, 2)), np.array([0.7, -0.2, 0.1])
    got = mg.jit(mg.grad(total), dtype=dtype)(w, rows)
    assert np.allclose(got, expected(w, *rows.T), rtol=1e-12 if dtype == "float64" else 1e-4)
    assert seen == [count]


def test_a_derivative_of_the_gradient_and_values_of_all_samples(seen):
    rows, w = np.random.default_rng(0).normal(size=(67, 2)), np.array([0.7, -0.2, 0.1])
    found = mg.jit(lambda w, rows: mg.jvp(lambda w: mg.grad(total)(w, rows), [w], [[1.0, 0.0, 0.0]]))(w, rows)
    t, x = np.tanh(w[0] * rows[:, 0]), rows[:, 0]
    second = math.exp(w[1]) * 2 * (1 - t * t) * x * x * (1 - 3 * t * t)
    assert np.allclose(found[0], expected(w, *rows.T), rtol=1e-12) and math.isclose(found[1][0], second.sum())
    values = mg.jit(lambda w, rows: (total(w, rows), mg.vmap(energy, in_axes=(None, 0))(w, rows)))(w, rows)
    assert np.allclose(values[1], math.exp(w[1]) * t * t + np.maximum(rows[:, 1] - w[2], 0.0), rtol=1e-13)
    assert seen and set(seen) == {67}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_one_sample_without_a_number(seen, bad):
    rows, w = np.zeros((66, 2)), np.array([0.7, -0.2, 0.1])
    rows[37, 0] = bad
    compiled, eager = mg.jit(mg.grad(total))(w, rows), mg.grad(total)(w, rows)
    assert np.array_equal(np.isnan(compiled), np.isnan(eager)) and np.isnan(compiled[0]) and seen


def loop(add, steps=64, more=()):
    """A loop of one carry and one column, whose new carry is add(program, carry, x); the `more`th inputs are y."""
    p = Program()
    carry, x = p.input(), p.input()
    p.results = [add(p, carry, x), *((carry, x)[k] for k in more)]
    return Repeat(p, steps, 1, 0, [False], False, lambda p, given: list(given))


def plus(p, c, x):
    """The sum."""
    return p.add(reductions.sum, (c, x, x))


@pytest.mark.parametrize("op, whether", [
    (loop(plus), True),
    (loop(lambda p, c, x: p.add(reductions.dot, (x, c, x, p.constant(1.0)))), True),
    (loop(lambda p, c, x: p.add(reductions.dot, (x, c, x, p.constant(2.0)))), False),
    (loop(lambda p, c, x: p.add(reductions.dot, (c, x, x, x))), False),
    (loop(lambda p, c, x: p.add(reductions.sum, (c, c, x))), False),
    (loop(lambda p, c, x: p.add(ops.mul, (c, x))), False),
    (loop(lambda p, c, x: p.add(ops.tanh, (plus(p, c, x),))), False),
    (loop(lambda p, c, x: c), True),
    (loop(plus, more=[0]), False),          # each carry is asked for
    (loop(plus, more=[1]), True),
    (loop(plus, steps=4), False),           # few steps
])
def test_which_loops_run_in_lanes(op, whether):
    assert lane_code.adds(op, False) == whether and not lane_code.adds(op, True)
