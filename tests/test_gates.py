"""Absence, not zero: no gradient flows where a branch is not taken, and everything else is a plain product.

What carries nothing is known by structure, a gate in the slope of a row, and never by the value 0. Over the table and
in every mode; held against torch, one-sided limits, and the derivatives that a calculus book gives.
"""
import math
from importlib.util import find_spec
from itertools import product
from math import inf, nan

import pytest

import microgradx as mg
from microgradx import Value, grad, gradients, hessian, hvp, jit, jvp, row, steps, value_and_grad
from microgradx.checking.samples import kink_points
from microgradx.table import TABLE, Op, Reduction, gate

from .budget import budget
from .compiled import every_way

# Every way to a first derivative at a float --------------------------------------------------------------------------


def backward(f, x):
    v = Value(x)
    f(v).backward()
    return v.grad


def by_gradients(f, x):
    v = Value(x)
    return gradients(f(v), [v])[0]


def recorded(f, x):
    v = Value(x)
    return gradients(f(v), [v], create_graph=True)[0].data


def forward(f, x):
    return jvp(f, [x], [1.0])[1]


def forward_recorded(f, x):
    """Forward mode within another transform; the value of what is recorded."""
    return value_and_grad(lambda v: jvp(f, [v], [1.0])[1])(x)[0]


def stepped(f, x):
    v = Value(x)
    return [step for step in steps(f(v)) if step.phase == "backward" and step.target is v][-1].after


def compiled(backend, strict=False):
    def way(f, x):
        return jit(grad(f), backend=backend, strict=strict)(x)
    way.__name__ = f"{backend}{', strict' * strict}"
    return way


def compiled_forward(f, x):
    return jit(lambda x: jvp(f, [x], [1.0])[1], backend="python")(x)


MODES = [backward, by_gradients, recorded, forward, forward_recorded, stepped, compiled("python"),
         compiled("python", True), compiled_forward]
if find_spec("llvmlite"):
    MODES += [compiled("native"), compiled("native", True)]
every_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)


def same(a, b):
    return a == b or (a != a and b != b)


# Plain products: 0 * inf is nan --------------------------------------------------------------------------------------

UNDETERMINED = {                                    # the slope is 1 at 0; by the chain rule it is 0 * inf
    "sqrt(x)*sqrt(x)": lambda x: mg.sqrt(x) * mg.sqrt(x),
    "exp(log(x))": lambda x: mg.exp(mg.log(x)),
    "1/(1/x)": lambda x: 1 / (1 / x),
    "square(sqrt(x))": lambda x: mg.square(mg.sqrt(x)),
    "0*sqrt(x)": lambda x: 0.0 * mg.sqrt(x),
}


@every_mode
@pytest.mark.parametrize("name", UNDETERMINED)
def test_a_product_of_0_and_infinity_is_nan(mode, name):
    found = mode(UNDETERMINED[name], 0.0)
    assert found != found or found == 1.0           # never 0, which is wrong


def shared(x, s):
    return mg.where(x > 0, s * s, 0.0) + mg.where(x > 1, s, 0.0)


ABSENT = {
    "sqrt(clamp(x, 0))": (lambda x: mg.sqrt(mg.clamp(x, 0.0)), -1.0),
    "sqrt(relu(x))": (lambda x: mg.sqrt(mg.relu(x)), -1.0),
    "log(1/maximum(1e-200, x))": (lambda x: mg.log(1 / mg.maximum(1e-200, x)), 0.0),
    "where(x > 0, sqrt(x), 0)": (lambda x: mg.where(x > 0, mg.sqrt(x), 0.0), 0.0),
    "where(x > 0, log(x), 0)": (lambda x: mg.where(x > 0, mg.log(x), 0.0), -2.0),
    "where(x > 0, x*sqrt(x), x*0)": (lambda x: mg.where(x > 0, x * mg.sqrt(x), 0.0), -1.0),
    "max([sqrt(x), 1])": (lambda x: mg.max([mg.sqrt(x), 1.0]), 0.0),
    "first_max([sqrt(x), 1])": (lambda x: TABLE["first_max"]([mg.sqrt(x), 1.0]), 0.0),
    "min([log(x) + 1, -inf])": (lambda x: mg.min([-mg.sqrt(x), -1.0]), 0.0),
    "take([sqrt(x), 2], 1)": (lambda x: mg.take([mg.sqrt(x), 2.0], Value(1.0)), 0.0),
    "x**0": (lambda x: mg.sqrt(x**0 - 1), 2.0),
    "hard_tanh": (lambda x: mg.sqrt(mg.hard_tanh(x) - 1), 5.0),
    "a relu behind a relu": (lambda x: mg.sqrt(mg.relu(mg.relu(x) - 1)), -1.0),
    "two shut branches": (lambda x: mg.where(x > 0, 1 / x, 0.0) + mg.sqrt(mg.relu(x)), 0.0),
    "a dot behind a gate": (lambda x: mg.where(x > 0, mg.dot([x, mg.sqrt(x)], [mg.log(x), 1 / x]), 3.0), 0.0),
    "a shared node": (lambda x: shared(x, mg.sqrt(x)), 0.0),
}


@every_mode
@pytest.mark.parametrize("name", ABSENT)
def test_a_branch_that_is_not_taken_has_no_edge(mode, name):
    f, x = ABSENT[name]
    assert mode(f, x) == 0.0


@every_way
@pytest.mark.parametrize("name", ABSENT)
def test_nor_has_it_one_at_a_higher_order(way, name):
    f, x = ABSENT[name]
    assert grad(grad(f))(x) == 0.0 and grad(grad(grad(f)))(x) == 0.0
    assert hessian(lambda p: f(p[0]))([x]) == [[0.0]] and hvp(f, [x], [1.0]) == [0.0]
    assert way.jit(grad(grad(f)))(x) == 0.0
    assert way.jit(lambda x: hvp(f, [x], [1.0]))(x) == [0.0]


def test_what_nothing_reaches_has_gradient_0_and_keeps_none_of_an_earlier_pass():
    x = Value(4.0)
    s = mg.sqrt(x)
    (3 * s).backward()
    assert (s.grad, x.grad) == (3.0, 0.75)
    mg.where(x > 5, s, 0.0).backward()
    assert (s.grad, x.grad) == (0.0, 0.75)


# Any order at 0 ------------------------------------------------------------------------------------------------------

@every_way
@pytest.mark.parametrize("n", range(7))
def test_a_bell_at_its_top(way, n):
    """exp(-x**2) = 1 - x**2 + x**4/2 - x**6/6 + ..."""
    def f(x):
        return mg.exp(-(x**2))
    for _ in range(n):
        f = grad(f)
    assert f(0.0) == way.jit(f)(0.0) == [1.0, 0.0, -2.0, 0.0, 12.0, 0.0, -120.0][n]


@pytest.mark.parametrize("n, order", [(n, order) for n in range(5) for order in range(n + 5)])
def test_a_power_times_exp_at_0(n, order):
    """The derivatives of x**n * exp(x) at 0: order!/(order - n)!, from its series."""
    def f(x):
        return x**n * mg.exp(x)
    for _ in range(order):
        f = grad(f)
    assert f(0.0) == math.perm(order, n)


@every_way
@pytest.mark.parametrize("n, order", [(0, 2), (1, 3), (2, 4), (4, 5)])
def test_a_power_times_exp_at_0_compiled(way, n, order):
    def f(x):
        return x**n * mg.exp(x)
    for _ in range(order):
        f = grad(f)
    assert way.jit(f)(0.0) == math.perm(order, n)


# Over the table: whatever has a gate ----------------------------------------------------------------------------------

def shut_edges(op, xs):
    """The inputs whose edge is not there, though the row has a slope by them."""
    y = op.at(*xs)
    everywhere = op.partials([True] * len(xs), y, *xs)
    rules = op.rules if not isinstance(op, Reduction) else [True] * (len(xs) - op.index) + [None] * op.index
    return [i for i, (slope, rule) in enumerate(zip(everywhere, rules)) if rule and slope is None]


SAMPLES = (-2.0, -0.5, 0.5, 2.0)
FEW = budget(40)                        # cases of a row


def cases():
    """A row, inputs and the place of a shut edge: everywhere on a grid where one is found."""
    for op in TABLE.values():
        counts = [len(op.inputs)] if not isinstance(op, Reduction) else [2 * op.lists + op.index]
        for count in counts:
            domains = op.domains(count)
            grids = [list(map(float, d)) if isinstance(d, range) else [x for x in SAMPLES if d[0] < x < d[1]] or [1.5]
                     for d in domains]
            for xs in product(*grids):
                for i in shut_edges(op, xs):
                    yield op, xs, i


CASES = [*dict.fromkeys((op.name, xs, i) for op, xs, i in cases())]


def test_the_rows_with_branches_are_found():
    """By what they answer. (A row that lost its gate would be missed, so the names are told here once.)"""
    assert {name for name, _, _ in CASES} >= {
        "where", "maximum", "minimum", "clamp", "relu", "hard_tanh", "max", "min", "first_max", "take", "leaky_relu",
        "elu"}


@pytest.mark.sweep(997)
@pytest.mark.parametrize("outer", [mg.sqrt, mg.log], ids=lambda op: op.name)
@pytest.mark.parametrize("name", sorted({name for name, _, _ in CASES}))
def test_an_infinite_gradient_does_not_pass_a_shut_gate(name, outer):
    """sqrt(r(x) - r(x).data) and log likewise: the gradient that arrives is infinite, the edge is not there."""
    for _, xs, i in [case for case in CASES if case[0] == name][:FEW]:
        op = TABLE[name]
        height = op.at(*xs)

        def f(x, op=op, xs=xs, i=i, height=height):
            return outer(op.apply(op.called([*xs[:i], x, *xs[i + 1:]])) - height)
        for mode in MODES:
            assert mode(f, xs[i]) == 0.0, f"{name}{xs} by input {i}, {mode.__name__}"


def test_a_row_whose_gate_is_missing_is_found():
    """The negative control: a relu whose slope is the number 0 where it is off, and one open on the wrong side."""
    assert TABLE["relu"].at(-1.0) == 0.0
    zero = Op("zero_relu", lambda x: max(x, 0.0), lambda y, x: mg.heaviside(x))
    wrong = Op("wrong_relu", lambda x: max(x, 0.0), lambda y, x: gate(1 - mg.heaviside(x)))
    for op in (zero, wrong):
        found = backward(lambda x, op=op: mg.sqrt(op(x)), -1.0)
        assert found != 0.0
    assert backward(mg.relu, 1.0) == 1.0 != backward(wrong, 1.0)


@pytest.mark.parametrize("name", ["relu", "hard_tanh", "maximum", "minimum", "clamp"])
@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
def test_as_in_torch(name):
    import torch
    fs = {"relu": torch.relu, "hard_tanh": torch.nn.functional.hardtanh,
          "maximum": lambda x: torch.maximum(x, torch.tensor(1.0, dtype=torch.float64)),
          "minimum": lambda x: torch.minimum(x, torch.tensor(1.0, dtype=torch.float64)),
          "clamp": lambda x: torch.clamp(x, -1.0, 1.0)}
    ours = {"relu": mg.relu, "hard_tanh": mg.hard_tanh, "maximum": lambda x: mg.maximum(x, 1.0),
            "minimum": lambda x: mg.minimum(x, 1.0), "clamp": lambda x: mg.clamp(x, -1.0, 1.0)}[name]
    for x in (-3.0, -0.5, 0.5, 3.0):
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        y = fs[name](t)
        torch.sqrt(y - y.detach()).backward()
        height = ours(x)
        assert same(backward(lambda v, height=height: mg.sqrt(ours(v) - height), x), t.grad.item()), (name, x)


# A row of yours ------------------------------------------------------------------------------------------------------

def test_a_row_of_yours_has_gates_too():
    ramp = row("ramp", lambda x: min(max(x, 0.0), 1.0), lambda y, x: gate(mg.where(x > 0, mg.where(x < 1, 1, 0), 0)))
    try:
        for mode in MODES:
            assert mode(lambda x: mg.sqrt(ramp(x)), -1.0) == 0.0, mode.__name__
            assert mode(ramp, 0.5) == 1.0
    finally:
        del TABLE["ramp"]


@pytest.mark.slow
def test_kinks_keep_their_conventions():
    for op in TABLE.values():
        for xs in kink_points(op)[:3]:
            y = op.apply(op.called([Value(x) for x in xs]))
            assert all(slope is None or math.isfinite(slope) for slope in y.slopes), (op, xs)
    assert [gate(x) for x in (0.0, 1.0, 0.5)] == [None, 1.0, 0.5] and gate(nan) != gate(nan) and gate(inf, 2.0) == 2.0
