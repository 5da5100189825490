"""Functions as JAX's: the numbers and gradients of eager code, through JAX's transforms."""
import math
from unittest import mock

import pytest

import microgradx as mg
from microgradx import Value, value_and_grad
from microgradx.export import to_jax
from microgradx.nesting import leaves
from microgradx.nn import Dropout, Linear, Sequential, Tanh, mse
from microgradx.table import TABLE

from .. import nn_cases
from ..budget import budget
from ..compiled import as_function, close, different
from . import rows

jax = pytest.importorskip("jax", reason='jax is not installed: pip install "microgradx[jax]"')
jax.config.update("jax_enable_x64", True)


def flat(tree):
    return [float(x) for part in jax.tree.leaves(tree) for x in jax.numpy.ravel(part)]


LAYERS = [c for c in nn_cases.CASES if not c.is_loss and not (c.training and "BatchNorm" in c.name)]


@pytest.mark.parametrize("case", LAYERS[::37], ids=str)        # each takes XLA seconds
def test_every_layer(case):
    drawn = nn_cases.numbers(case)
    model = nn_cases.layer(case)
    model.load_state_dict(drawn.state)
    f = nn_cases.weighted(case, drawn)
    by = (0, *(k + 1 for k, x in enumerate(drawn.inputs) if isinstance(leaves(x)[0], float)))
    by = by if model.parameters() else by[1:]
    expected, gradient = value_and_grad(f, by)(model, *drawn.inputs)
    exported = to_jax(f, model, *drawn.inputs)
    given = [arrays(dict(model.named_parameters())), *map(arrays, drawn.inputs)]
    y, slopes = jax.value_and_grad(exported, by)(*given)
    assert close(float(y), expected)
    for one, two in zip(slopes, gradient):
        parts = [(a, two[name]) for name, a in one.items()] if isinstance(two, dict) else [(one, two)]
        for a, b in parts:
            assert different(flat(a), leaves(b), lambda x, z: close(x, z, 1.0)) == []


@pytest.mark.slow                       # XLA takes seconds for each
@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_row(op):
    """Value and slopes at edges, ties and infinities, too."""
    points = rows.points(op)
    size = len(points[0]) - getattr(op, "index", 0)
    x = [xs[:size] for xs in points]
    f = to_jax(lambda x: [rows.at(op, [*one, *xs[size:]]) for one, xs in zip(x, points)], x)
    found, pullback = jax.vjp(f, jax.numpy.array(x))
    slopes, = pullback(jax.numpy.ones(len(x)))
    both = zip(points, found.tolist(), slopes.tolist(), rows.expected(op))
    assert [(xs, y, row, expected) for xs, y, row, expected in both
            if not all(map(rows.same, [y, *row], [expected[0], *expected[1]]))] == []


@pytest.mark.slow
def test_random_graphs():
    """As one program, whose waves they share: XLA takes a second for each wave. What cancels leaves its rounding."""
    fs, xs = zip(*map(as_function, rows.drawn(budget(200))))
    y, pullback = jax.vjp(to_jax(lambda xs: [f(x) for f, x in zip(fs, xs)], xs), xs)
    slopes, = pullback(jax.numpy.ones(len(fs)))
    expected = [value_and_grad(f)(x) for f, x in zip(fs, xs)]
    assert different(y.tolist(), [value for value, _ in expected], close) == []
    found = leaves([gradient for _, gradient in expected])
    assert different(flat(slopes), found, lambda a, b: close(a, b, 1.0)) == []


def arrays(tree):
    """Nested lists as arrays; a dict or a tuple of them, too."""
    if isinstance(tree, dict):
        return {name: arrays(x) for name, x in tree.items()}
    if isinstance(tree, tuple):
        return tuple(map(arrays, tree))
    if isinstance(leaves(tree)[0], int):
        return tree
    data = [v.data if isinstance(v, Value) else v for v in leaves(tree)]
    return jax.numpy.array(data).reshape(nn_cases.shape(tree))


def test_it_goes_through_jit_and_vmap():
    model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    exported = to_jax(lambda x, y: mse(model(x), [y]), [0.5, -1.0], 1.0)
    xs, ys = jax.numpy.array([[0.5, -1.0], [2.0, 0.1]]), jax.numpy.array([1.0, 0.0])
    losses = jax.jit(jax.vmap(exported))(xs, ys)
    assert different(list(map(float, losses)), [mse(model(x.tolist()), [float(y)]).data for x, y in zip(xs, ys)],
                     close) == []


def test_a_branch_that_is_not_taken_stays_absent():
    """jax.grad of where(x > 0, sqrt(x), 0) at 0 is nan; the table's is 0."""
    assert float(jax.grad(to_jax(lambda x: mg.where(x > 0, mg.sqrt(x), 0.0), 1.0))(0.0)) == 0.0


def test_results_keep_their_nesting():
    found = to_jax(lambda x, n: {"a": [x[0] * n, x[1]], "b": (x[0], n)}, [1.0, 2.0], 3)([5.0, 6.0], 3)
    assert found["a"].tolist() == [15.0, 6.0] and found["b"][0] == 5.0


@pytest.mark.parametrize("args, said", [
    (([1.0], 3), "expected shape"), (([1.0, 2.0], 4), "part of the exported function"),
    (([1.0, 2.0],), "expected 2 arguments"), (("text", 3), "text|float")])
def test_arguments_of_another_structure_are_refused(args, said):
    with pytest.raises((TypeError, ValueError), match=said):
        to_jax(lambda x, n: x[0] * n, [1.0, 2.0], 3)(*args)


@pytest.mark.parametrize("f, args, said", [
    (3.0, (), "expected a function or a Module"), (lambda x: "a", (1.0,), "expected a function that returns numbers"),
    (Sequential(Dropout(0.5)), ([1.0],), "draws random numbers"),
])
def test_what_has_no_form_in_jax_is_refused(f, args, said):
    with pytest.raises(TypeError, match=said):
        to_jax(f, *args)


def test_what_sets_numbers_is_refused():
    w = Value(1.0)

    def step(x):
        w.data = w.data - x
        return w * x
    with pytest.raises(TypeError, match="step sets numbers"):
        to_jax(step, 1.0)


def test_a_row_that_only_python_computes_is_refused_by_name():
    odd = mg.row("odd", math.ulp, lambda y, x: 1.0)
    try:
        with pytest.raises(TypeError, match="JAX has no odd"):
            to_jax(lambda x: odd(x) + 1, 3.0)
    finally:
        del TABLE["odd"]


def test_without_jax_it_says_what_to_install():
    with mock.patch.dict("sys.modules", jax=None), pytest.raises(ImportError, match="jax"):
        to_jax(lambda x: x, 1.0)
