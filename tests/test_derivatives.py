"""Transforms: against closed forms, against each other, and against what goes wrong elsewhere."""
import inspect
import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, grad, gradients, hessian, hvp, jvp, value_and_grad

NUMBERS = st.floats(-3, 3)


class Line:
    """The smallest Module: parameters by name, and a call."""

    def __init__(self) -> None:
        self.weight, self.bias = Value(2.0), Value(1.0)

    def named_parameters(self):
        return iter([("weight", self.weight), ("bias", self.bias)])

    def __call__(self, x):
        return self.weight * x + self.bias


# gradients -----------------------------------------------------------------------------------------------------

def test_gradients_leave_grad_alone_and_reach_results_too():
    x = Value(3.0)
    square = x * x
    y = square * 2
    x.grad = square.grad = 7.0
    assert gradients(y, [x, square, y, Value(1.0)]) == [12.0, 2.0, 1.0, 0.0]
    assert (x.grad, square.grad, y.grad) == (7.0, 7.0, 0.0)


def test_gradients_by_a_result_count_only_what_passes_through_it():
    x = Value(3.0)
    square = x * x
    assert gradients(square + x, [square, x]) == [1.0, 7.0]


def test_any_order():
    x = Value(0.5)
    y = x.sin()
    expected = [math.cos, lambda v: -math.sin(v), lambda v: -math.cos(v), math.sin] * 2
    for f in expected:
        y, = gradients(y, [x], create_graph=True)
        assert y.data == pytest.approx(f(0.5), rel=1e-14)


def test_a_recorded_zero_still_carries():
    assert grad(grad(lambda x: x * mg.sin(x)))(0.0) == 2.0


@pytest.mark.parametrize("order, expected", [(1, 0.0), (2, 0.0), (3, 0.0), (4, 24.0), (5, 0.0), (6, 0.0)])
def test_powers_at_zero_are_clean_at_every_order(order, expected):
    f = lambda x: x**4  # noqa: E731
    for _ in range(order):
        f = grad(f)
    assert f(0.0) == expected


@pytest.mark.parametrize("f", [
    lambda x: mg.where(x > 0, mg.log(x), 0.0),
    lambda x: mg.where(x > 0, x**-2, x * 0),
])
def test_a_dead_branch_with_an_infinite_slope_gives_zero(f):
    x = Value(0.0)
    f(x).backward()
    assert x.grad == 0.0
    assert grad(f)(0.0) == 0.0
    assert grad(grad(f))(0.0) == 0.0


def test_zero_times_zero_at_a_pole_of_the_power_keeps_its_mixed_derivative():
    """d/dn d/dx x**n at n = 0 is 1/x: torch answers 0, since it masks the slope where n = 0."""
    by_x = grad(lambda x, n: x**n, 0)
    assert by_x(2.0, 0.0) == 0.0
    assert grad(by_x, 1)(2.0, 0.0) == 0.5


def test_setting_a_leaf_after_recording_keeps_the_float_gradient_and_refuses_the_recorded_one():
    x = Value(3.0)
    y = x * x * x
    x.data = 100.0
    assert gradients(y, [x]) == [27.0]
    with pytest.raises(RuntimeError, match="compute the result again"):
        gradients(y, [x], create_graph=True)


# Transforms ----------------------------------------------------------------------------------------------------

def test_value_and_grad_of_nested_arguments():
    f = lambda p, x: p[0][0] * x + p[1][0] * p[1][1]  # noqa: E731
    assert value_and_grad(f)([[3.0], (5.0, 2)], 4.0) == (22.0, [[4.0], (2.0, 5.0)])
    assert grad(f, 1)([[3.0], (5.0, 2.0)], 4) == 3.0
    assert grad(f, (1, 0))([[3.0], (5.0, 2.0)], 4.0) == (3.0, [[4.0], (2.0, 5.0)])


def test_a_module_is_differentiated_by_name():
    model = Line()
    assert value_and_grad(lambda m, x: m(x))(model, 5.0) == (11.0, {"weight": 5.0, "bias": 1.0})
    assert grad(lambda m: m[0](2.0) * m[1])([model, 10.0]) == [{"weight": 20.0, "bias": 10.0}, 5.0]
    assert hessian(lambda m: m(3.0) ** 2)(model) == {
        "weight": {"weight": 18.0, "bias": 6.0}, "bias": {"weight": 6.0, "bias": 2.0}}
    assert model.weight.grad == model.bias.grad == 0.0


def test_no_confusion_of_inner_and_outer_variables():
    """Siskind & Pearlmutter 2005, "Perturbation confusion": d/dx (x * d/dy (x*y))."""
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y)(2.0))(3.0) == 1.0


def test_a_closed_over_value_is_a_constant_outside_transforms():
    w = Value(2.0)
    assert value_and_grad(lambda x: w * x)(3.0) == (6.0, 2.0)
    assert value_and_grad(lambda x: w * x)(Value(3.0)) == (6.0, 2.0)
    assert w.grad == 0.0


def test_a_constant_function_has_gradient_zero():
    assert value_and_grad(lambda x: 3)(1.0) == (3.0, 0.0)
    assert hessian(lambda x: 3)(1.0) == 0.0
    assert jvp(lambda x: 3, [1.0], [1.0]) == (3.0, 0.0)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_forward_mode_agrees_with_reverse_mode(a, b, da, db):
    f = lambda x, y: mg.sin(x * y) + mg.exp(x) * y**2 + mg.hypot(x, y + 5)  # noqa: E731
    y, dy = jvp(f, [a, b], [da, db])
    value, (ga, gb) = value_and_grad(f, (0, 1))(a, b)
    assert y == value
    assert dy == pytest.approx(ga * da + gb * db, rel=1e-12, abs=1e-12)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_hvp_is_the_hessian_times_the_direction(a, b, da, db):
    f = lambda p: mg.sin(p[0]) * p[1] ** 3 + mg.exp(p[0] * p[1])  # noqa: E731
    rows = hessian(f)([a, b])
    product, = hvp(f, [[a, b]], [[da, db]])
    for row, got in zip(rows, product):
        assert got == pytest.approx(row[0] * da + row[1] * db, rel=1e-9, abs=1e-9)
    assert rows[0][1] == pytest.approx(rows[1][0], rel=1e-12, abs=1e-12)


def test_a_hessian_tells_a_saddle_from_a_minimum():
    """A minimum has only positive eigenvalues; a diagonal Hessian shows them."""
    saddle = hessian(lambda p: p[0] ** 2 - p[1] ** 2)([0.0, 0.0])
    bowl = hessian(lambda p: p[0] ** 2 + p[1] ** 2)([0.0, 0.0])
    assert saddle == [[2.0, 0.0], [0.0, -2.0]]
    assert bowl == [[2.0, 0.0], [0.0, 2.0]]


def test_transforms_of_transforms():
    f = lambda x: x**3  # noqa: E731
    assert grad(hessian(f))(2.0) == 6.0
    assert jvp(grad(f), [2.0], [1.0]) == (12.0, 12.0)
    assert grad(lambda x: jvp(f, [x], [1.0])[1])(2.0) == 12.0
    assert grad(lambda x: hvp(f, [x], [1.0])[0])(2.0) == 6.0


def test_transforms_record_inside_no_grad():
    with mg.no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0


def test_transforms_in_threads_are_independent():
    found = {}

    def curvatures(k):
        return [grad(grad(lambda x: mg.sin(k * x)))(0.1 * i) for i in range(50)]

    def work(k):
        found[k] = curvatures(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert found == {k: curvatures(k) for k in range(4)}


@pytest.mark.parametrize("call, error, words", [
    (lambda: grad(lambda x: [x])(1.0), TypeError, "must return one Value"),
    (lambda: grad(lambda x: x, 2)(1.0), TypeError, "given 1 arguments"),
    (lambda: gradients(3.0, []), TypeError, "takes Values"),
    (lambda: gradients(Value(1.0), [2.0]), TypeError, "takes Values"),
    (lambda: jvp(lambda x: x, [1.0], [1.0, 2.0]), ValueError, "2 numbers for 1 inputs"),
    (lambda: hvp(lambda p: p[0], [[1.0, 2.0]], [1.0]), ValueError, "1 numbers for 2 inputs"),
    (lambda: grad(lambda x: x + "a")(1.0), TypeError, "expected a number"),
])
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_forward_mode_takes_no_direction_that_is_still():
    """The slope of x**n by n is nan at x = -2, and n does not move."""
    assert jvp(lambda x, n: x**n, [-2.0, 3.0], [1.0, 0.0]) == (-8.0, 12.0)
    assert jvp(lambda x: mg.where(x > 0, mg.log(x), x), [0.0], [1.0]) == (0.0, 1.0)
    assert grad(lambda x: jvp(lambda t, n: t**n, [x, 3.0], [1.0, 0.0])[1])(-2.0) == -12.0


@pytest.mark.parametrize("compiled", [lambda f: f, mg.jit], ids=["eager", "jit"])
def test_the_derivative_by_the_direction_also_where_the_point_is_a_constant(compiled):
    """It was 0 without a word, in eager code only."""
    by_jvp = compiled(grad(lambda t: jvp(lambda x: x * x, [3.0], [t])[1]))
    by_hvp = compiled(grad(lambda t: hvp(lambda x: x**3, [3.0], [t])[0]))
    assert (by_jvp(1.0), by_jvp(0.0), by_hvp(1.0), by_hvp(0.0)) == (6.0, 6.0, 18.0, 18.0)
    assert compiled(grad(lambda t: jvp(mg.sqrt, [0.0], [t])[1]))(0.0) == math.inf       # t*inf: not absent at t = 0
    assert jvp(mg.sqrt, [0.0], [0.0]) == (0.0, 0.0)                                     # but a number is
    assert grad(lambda t: grad(lambda s: jvp(lambda x: x**3, [2.0], [s * t])[1])(1.0))(1.0) == 12.0


@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian, mg.jacobian, mg.jacfwd, mg.jacrev, mg.jit])
def test_a_transform_has_the_name_and_the_signature_of_its_function(transform):
    """help() and completion show them."""
    def energy(w, *, scale=2.0):
        """Half of w squared."""
        return w * w / scale
    found = transform(energy)
    assert str(inspect.signature(found)) == "(w, *, scale=2.0)" and found.__doc__ == energy.__doc__
    assert found.__name__ == "energy" and str(inspect.signature(transform(mg.sin))) == "(x, /)"
