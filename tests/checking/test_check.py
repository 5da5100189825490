"""gradcheck: true on what is right, an error that says what is wrong on what is wrong, and nothing touched."""
import contextlib
import itertools
import math
import pickle
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, detach, dot, grad, gradients, no_grad, relu, sin, sqrt, tanh, tape, where
from microgradx.checking import evaluation_point
from microgradx.checking.check import GradientError, gradcheck
from microgradx.checking.differences import derivative
from microgradx.checking.samples import is_smooth, kink_points
from microgradx.checking.strategies import arguments, graphs
from microgradx.table import TABLE, Op

from .. import points
from ..budget import budget, sweep
from ..test_table import wrong as bent
from .rows import KINKED

ROWS = [op for op in TABLE.values() if is_smooth(op)]       # all but detach, whose slope is a decree

cube = Op("cube", lambda x: x * x * x, lambda y, x: 3 * x * x)
wrong = Op("wrong", lambda x: x * x * x, lambda y, x: 3.0003 * x * x)
once = Op("once", lambda x: x * x * x, lambda y, x: 3 * detach(x * x))          # right, but only once


def denied(f, *args):
    """The error that gradcheck raises."""
    with pytest.raises(GradientError) as caught:
        gradcheck(f, *args)
    return caught.value


def passes(f, *args):
    """Does gradcheck accept it?"""
    try:
        return gradcheck(f, *args)
    except GradientError:
        return False


def on_inputs(op):
    """The row as a function of its inputs one after the other."""
    return lambda *xs: op.apply(op.called(xs))


class Line:
    """The smallest Module."""

    def __init__(self, slope=2.0):
        self.weight, self.bias = [Value(slope), Value(-1.0)], Value(1.0)

    def named_parameters(self):
        return iter([("weight", self.weight), ("bias", self.bias)])

    def __call__(self, x):
        return dot(self.weight, [x, x * x]) + self.bias


# How much it finds ---------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_share_of_errors_found_over_the_whole_table():
    """Measured at 30 points a row: 2,384 slopes off by 1e-4 or 1e-7, one at a time, are all found; no false alarm."""
    found, alarms, total = {1e-4: 0, 1e-7: 0}, 0, 0
    for op in ROWS:
        for xs in points.smooth(op, 6, (points.MODERATE,)):
            alarms += not passes(on_inputs(op), *xs)
            if not any(op.apply(op.called(list(map(Value, xs)))).slopes):
                continue
            total += 1
            for share in found:
                found[share] += not passes(on_inputs(bent(op, lambda slope, share=share: slope * (1 + share))), *xs)
    assert total > 300 and alarms == 0
    assert found[1e-4] == total and found[1e-7] >= 0.95 * total


@sweep(7)
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
@settings(max_examples=budget(20))
@given(data=st.data())
def test_every_row(op, data):
    assert gradcheck(op, *data.draw(arguments(op)))


@sweep(7)
@pytest.mark.parametrize("op", KINKED, ids=lambda op: op.name)
def test_every_row_on_its_kinks(op):
    for xs in kink_points(op):
        assert gradcheck(on_inputs(op), *xs)


@pytest.mark.slow
def test_every_row_on_its_kinks_has_slopes_that_are_too_large_found():
    """The test of the test. A jump is as steep as the steps are small; nothing else is."""
    for op in KINKED:
        steep = on_inputs(bent(op, lambda slope: 0 * slope + 1e9))
        for xs in kink_points(op):
            slopes = steep(*map(Value, xs)).slopes
            if any(slope == 1e9 and not jumps(op, xs, i) for i, slope in enumerate(slopes)):
                assert not passes(steep, *xs), (op, xs)


def jumps(op, xs, i):
    """Do differences by input i not settle?"""
    return derivative(lambda t: op.at(*xs[:i], t, *xs[i + 1:]), xs[i]).error == math.inf


@settings(max_examples=budget(60))
@given(graphs())
def test_random_graphs(root):
    order = tape(root)
    leaves = [v for v in order if v.op is None]

    def again(*xs):
        now = dict(zip(leaves, xs))
        for v in order:
            if v.op is not None:
                now[v] = v.op.apply(v.op.called([now.get(a, a) for a in v.args]))
        return now[root]

    assert gradcheck(again, *(v.data for v in leaves))


# What it takes -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("f, args", [
    (lambda w, x: tanh(w * x), (0.5, 2.0)),
    (lambda w, x: tanh(w * x), (Value(0.5), 2)),
    (lambda w, x: tanh(dot(w, x)), ([0.5, 1.0], [Value(3.0), 2.0])),
    (lambda w, x: [tanh(dot(row, x)) for row in w], ([[0.5, 1.0], [-1.0, 0.25]], (3.0, 2.0))),
    (lambda w, x: [[w * x, w + x], (w / x,)], (0.5, 2.0)),
    (lambda model, x: tanh(model(x)), (Line(), 0.5)),
    (lambda x, power, name, flag: x**power if name == "p" and flag else x, (2.0, 3.0, "p", True)),
    (lambda x: x, (2.0,)),
    (lambda x: Value(5.0), (2.0,)),
    (lambda x: grad(lambda t: x * t**3)(x), (2.0,)),                   # a function that differentiates
    (mg.dot, ([1.0, 2.0], [3.0, 4.0])),
    (mg.take, ([1.0, 2.0, 3.0], 1)),
    (TABLE["take"], ([1.0, 2.0, 3.0], 1.0)),                           # an index has no neighbours, and slope 0
    (mg.softmax, ([1.0, 2.0, 0.5],)),
    (sin, (1e6,)), (lambda x: sin(1e6 * x), (1.0,)), (mg.log, (1e-300,)), (mg.exp, (700.0,)),
])
def test_it_takes(f, args):
    assert gradcheck(f, *args)


def test_it_records_also_within_no_grad():
    with no_grad():
        assert gradcheck(cube, 2.0)
        assert denied(wrong, 2.0)


def test_each_output_is_checked():
    error = denied(lambda x: [[cube(x)], [x, wrong(x)]], 2.0)
    assert error.what == "d f[1][1] / d args[0]"


def test_each_input_is_checked():
    for i in range(4):
        assert denied(lambda xs, i=i: mg.sum([wrong(x) if k == i else cube(x) for k, x in enumerate(xs)]),
                      [1.0, 2.0, 3.0, 4.0]).input == f"args[0][{i}]"


# What the error says -------------------------------------------------------------------------------------------

def test_the_fields_of_an_error():
    error = denied(lambda w, x: sin(wrong(w) * x), 1.0, 2.0)
    exact = 6 * math.cos(2.0)
    assert isinstance(error, AssertionError)
    assert (error.what, error.input, error.op, error.kink) == ("d f / d args[0]", "args[0]", "wrong", None)
    assert error.slope == pytest.approx(exact * 1.0001, rel=1e-12)
    assert error.expected == pytest.approx(exact, rel=1e-10)
    assert 0 < error.bound < 1e-6
    assert str(error) == (
        f"d f / d args[0] is {error.slope} by the chain rule, {error.expected} by finite differences: "
        f"0.00025 apart, {error.bound:.2g} allowed. The slope of row 'wrong' at x = 1.0 is wrong.")


def test_an_error_survives_pickling():
    error = denied(wrong, 2.0)
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.op, twin.bound) == (str(error), "wrong", error.bound)


@pytest.mark.parametrize("args, name", [
    ((2.0, [1.0, [0.0, 3.0]]), "args[1][1][1]"),
    ((2.0, [1.0, (0.0, Value(3.0, "w"))]), "w"),
    ((2.0, Line(3.0)), "args[1].weight[0]"),
])
def test_an_input_is_named_by_label_or_place(args, name):
    given = [x.data if isinstance(x, Value) else x for x in mg.nesting.leaves(args)]
    place = given.index(3.0)

    def f(*args):
        return mg.sum([wrong(x) if i == place else cube(x) for i, x in enumerate(mg.nesting.leaves(args))])

    assert denied(f, *args).input == name


def test_a_slope_that_is_right_only_once():
    error = denied(lambda x: sin(once(x)), 1.0)
    assert (error.what, error.op) == ("d (d f / d args[0]) / d args[0]", "once")
    assert "not the derivative of that slope" in error.meaning
    assert error.expected == pytest.approx(6 * math.cos(1) - 9 * math.sin(1))


def test_a_mixed_second_derivative():
    mixed = Op("mixed", lambda a, b: a * b, lambda y, a, b: detach(b), lambda y, a, b: detach(a))
    assert denied(mixed, 2.0, 3.0).what == "d (d f / d args[1]) / d args[0]"


@pytest.mark.parametrize("f", [
    lambda x: x * Value(x.data), lambda x: x * math.sin(x.data), lambda x: x * float(f"{x:.20f}"),
])
def test_a_cut_graph(f):
    error = denied(f, 3.0)
    assert error.op is None and "the graph is cut" in error.meaning


def test_forward_mode_is_compared_too(monkeypatch):
    jvp = evaluation_point.jvp

    def broken(f, xs, vs):
        y, tangent = jvp(f, xs, vs)
        return y, tangent * (1 + 1e-6)

    monkeypatch.setattr(evaluation_point, "jvp", broken)
    error = denied(cube, 2.0)
    assert error.what == "d f / d args[0] in forward mode" and "Backward mode has it right" in error.meaning


def test_backward_mode_is_compared(monkeypatch):
    monkeypatch.setattr(evaluation_point, "gradients", lambda y, xs, create_graph=False: [
        g * (1 + 1e-6) for g in gradients(y, xs, create_graph)])
    assert denied(cube, 2.0).what == "d f / d args[0]"


@pytest.mark.parametrize("f, x, op", [
    (sqrt, 0.0, "sqrt"), (lambda x: sqrt(x * x), 0.0, "sqrt"), (lambda x: mg.asin(x) * 2, 1.0, "asin"),
])
def test_an_infinite_slope_is_never_right(f, x, op):
    error = denied(f, x)
    assert not math.isfinite(error.slope) and error.op == op and f"row '{op}'" in error.meaning


def test_without_neighbours_only_a_slope_of_0_is_right():
    lonely = Op("lonely", lambda x: 1.0 if x == 2 else math.nan, lambda y, x: 1.0)
    assert "no differences to compare with" in denied(lonely, 2.0).meaning
    assert gradcheck(Op("lone", lambda x: 1.0 if x == 2 else math.nan, 0.0), 2.0)


# Kinks ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("slope, right", [(-1.001, False), (-1.0, True), (0.0, True), (0.3, True), (1.0, True),
                                          (1.001, False), (math.nan, False)])
def test_on_a_kink_what_lies_between_the_sides_is_right(slope, right):
    choice = Op("choice", lambda x: math.fabs(x - 2), lambda y, x: slope)
    if right:
        assert gradcheck(lambda x: choice(x) * 1.0, 2.0)
    else:
        error = denied(lambda x: choice(x) * 1.0, 2.0)
        assert (error.op, error.kink) == ("choice", (-1.0, 1.0))


@pytest.mark.parametrize("f, args", [
    (lambda x: 3 * relu(sin(x)) + x, (0.0,)),
    (lambda x: where(x > 1, x * x, 2 - x), (1.0,)),                    # one node's kink is hidden in another
    (lambda x: x * x if x.data > 0 else -x, (0.0,)),                   # Python chooses
    (lambda x, y: mg.maximum(x * y, x + y), (2.0, 2.0)),
    (lambda x: mg.max([x, 2 * x, -x]), (0.0,)),
    (lambda x: relu(x - 5), (5 + 1e-9,)), (lambda x: relu(x - 5), (5 - 1e-13,)),
    (lambda x: mg.sign(x) * 2 + mg.heaviside(x), (0.0,)),              # a jump
])
def test_kinks_inside_a_function(f, args):
    assert gradcheck(f, *args)


def test_conventions_that_do_not_add_up():
    """relu(x) - relu(-x) is x, but at 0 torch, JAX and this engine all say that its slope is 0 (Kakade & Lee 2018)."""
    error = denied(lambda x: relu(x) - relu(-x), 0.0)
    assert (error.slope, error.expected, error.op) == (0.0, 1.0, None)
    assert "row 'relu' at x = 0.0 stands on a kink" in error.meaning


def test_second_derivatives_across_a_kink_are_undetermined():
    """Report 17: they were not looked at, so that bad(y), which is wrong alone, was right beside abs(x) at 0."""
    bad = Op("bad", lambda x: x * x * x, lambda y, x: 3 * detach(x * x))
    assert gradcheck(lambda x, y: mg.abs(x) + cube(y), 0.0, 1.0) and gradcheck(relu, 0.0)
    assert denied(lambda x, y: mg.abs(x) + bad(y), 0.0, 1.0).what == "d (d f / d args[1]) / d args[1]"


@pytest.mark.parametrize("f, args", [
    (lambda x: mg.abs(x) ** 2, (0.0,)), (lambda a, b: mg.hypot(a, b) ** 2, (0.0, 0.0)),
    (lambda x: relu(x) ** 2 + relu(-x) ** 2, (0.0,)),
])
def test_a_removable_kink_is_said_to_be_undetermined(f, args):
    """The function is x*x, but the table's conventions at 0 give its second derivative as 0 (report 17)."""
    error = denied(f, *args)
    assert (error.slope, error.expected) == (0.0, 2.0)
    assert "on a kink" in error.meaning and "undetermined" in error.meaning
    assert gradcheck(f, *(x + 1e-3 for x in args))


def test_second_derivatives_are_checked_where_detach_is_used():
    """detach has no smooth point, but no kink either: softmax, shifted by a detached maximum, is checked in full."""
    assert denied(lambda x: once(x) + 0 * detach(x), 2.0).op == "once"


# Looking changes nothing ---------------------------------------------------------------------------------------

def test_no_value_is_touched():
    x, known, root = Value(2.0, "x"), Value(3.0), Value(4.0) * 2
    for v in (x, known, root):
        v.grad = 7.0
    assert gradcheck(lambda a, b: a * known * b, x, root)
    assert denied(lambda a, b: wrong(a) * known * b, x, root)
    assert [(v.data, v.grad) for v in (x, known, root)] == [(2.0, 7.0), (3.0, 7.0), (8.0, 7.0)]
    assert x.label == "x" and root.op is not None


@pytest.mark.parametrize("f", [
    lambda model, x: model(x), lambda model, x: wrong(model(x)), lambda model, x: model(x) / 0])
def test_a_module_is_put_back(f):
    model = Line(0.1)
    for p in mg.nesting.leaves(model):
        p.grad = 7.0
    before = list(model.named_parameters())
    with contextlib.suppress(GradientError, ValueError):
        gradcheck(f, model, 0.3)
    assert list(model.named_parameters()) == before
    assert [(p.data, p.grad) for p in mg.nesting.leaves(model)] == [(0.1, 7.0), (-1.0, 7.0), (1.0, 7.0)]


def test_a_module_is_put_back_when_f_raises():
    model, calls = Line(0.1), []

    def fails_nearby(m, x):
        calls.append(m.weight[0].data)
        if m.weight[0].data != 0.1:
            raise KeyboardInterrupt
        return m(x)

    with pytest.raises(KeyboardInterrupt):
        gradcheck(fails_nearby, model, 2.0)
    assert model.weight[0].data == 0.1 and len(calls) > 2


def test_copies_of_one_value_are_separate_inputs():
    x = Value(3.0, "x")
    assert gradcheck(lambda a, b: a * b, x, x)


# What cannot be checked ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("call, kind, said", [
    (lambda: gradcheck(cube), TypeError, "expected numbers to check f at"),
    (lambda: gradcheck(cube(2.0), 2.0), TypeError, "expected a function and its arguments, got 8.0"),
    (lambda: gradcheck(lambda x: 1.0, "a"), TypeError, "expected numbers"),
    (lambda: gradcheck(lambda x: 1.0, 2.0), TypeError, "f is 1.0, not a Value"),
    (lambda: gradcheck(lambda x: [x, 2.0], 2.0), TypeError, "f[1] is 2.0, not a Value"),
    (lambda: gradcheck(lambda x: None, 2.0), TypeError, "f returned no Value"),
    (lambda: gradcheck(lambda x: [], 2.0), TypeError, "f returned no Value"),
    (lambda: gradcheck(cube, math.nan), ValueError, "expected finite inputs, args[0] is nan"),
    (lambda: gradcheck(mg.sum, [1.0, math.inf]), ValueError, "args[0][1] is inf"),
    (lambda: gradcheck(mg.log, -1.0), ValueError, "f is nan here"),
    (lambda: gradcheck(lambda x: x * random.random(), 2.0), ValueError, "at the same point"),
    (lambda: gradcheck(lambda x: x / "2", 2.0), TypeError, "expected a number or a Value"),
])
def test_bad_input(call, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        call()


# Cost ----------------------------------------------------------------------------------------------------------

def test_calls_of_f_grow_with_the_number_of_inputs():
    calls = []

    def f(xs):
        calls.append(1)
        return mg.sum([tanh(x * y) for x, y in itertools.pairwise(xs)])

    assert gradcheck(f, [0.1 * i + 0.3 for i in range(12)])
    assert len(calls) <= 12 * 30
