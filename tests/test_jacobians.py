"""jacobian, jacfwd, jacrev, vjp, hessian: against each other, against closed forms, and in each other and jit."""
import math
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import (
    Value,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    nn,
    relu,
    sin,
    tanh,
    value_and_grad,
    vjp,
    where,
)

from .budget import budget
from .compiled import every_way

WAYS = {"jacfwd": jacfwd, "jacrev": jacrev, "jacobian": jacobian}
every_jacobian = pytest.mark.parametrize("jac", WAYS.values(), ids=WAYS)
NUMBERS = st.floats(-2, 2)


class Pair(NamedTuple):
    a: object
    b: object


def curve(x):
    """Three results of two inputs: by the columns of its matrix [[x1, x0], [cos x0, 0], [0, exp x1]]."""
    return [x[0] * x[1], sin(x[0]), exp(x[1])]


def matrix(x):
    return [[x[1], x[0]], [math.cos(x[0]), 0.0], [0.0, math.exp(x[1])]]


@every_jacobian
@given(st.lists(NUMBERS, min_size=2, max_size=2))
@settings(max_examples=budget(50))
def test_closed_form(jac, x):
    assert jac(curve)(x) == [pytest.approx(row, rel=1e-15) for row in matrix(x)]


@given(st.lists(NUMBERS, min_size=2, max_size=4), st.integers(1, 4), st.randoms())
@settings(max_examples=budget(100))
def test_forward_against_backward(x, results, random):
    weights = [[random.uniform(-1, 1) for _ in x] for _ in range(results)]

    def f(x):
        return [tanh(sum(w * v for w, v in zip(row, x))) * x[0] for row in weights]
    forward, backward = jacfwd(f)(x), jacrev(f)(x)
    assert forward == [pytest.approx(row, rel=1e-13, abs=1e-15) for row in backward]
    assert jacobian(f)(x) == (forward if len(x) < results else backward)


def test_the_mode_with_fewer_passes_is_chosen(monkeypatch):
    from microgradx import jacobians
    seen = []
    for name in ("_forward", "_backward"):
        way = getattr(jacobians, name)
        monkeypatch.setattr(jacobians, name, lambda *args, way=way, name=name: (seen.append(name), way(*args))[1])
    jacobian(curve)([1.0, 2.0])
    jacobian(lambda x: [sum(x), x[0]])([1.0, 2.0, 3.0])
    assert seen == ["_forward", "_backward"]


@every_jacobian
def test_nesting_is_that_of_the_results_and_within_it_that_of_the_argument(jac):
    f = lambda d: {"y": d["a"] * d["b"][0], "z": (d["b"][1], [d["a"] ** 2, 0.0])}  # noqa: E731
    assert jac(f)({"a": 3.0, "b": [5.0, 7.0]}) == {
        "y": {"a": 5.0, "b": [3.0, 0.0]},
        "z": ({"a": 0.0, "b": [0.0, 1.0]}, {"a": [6.0, 0.0], "b": [[0.0, 0.0], [0.0, 0.0]]})}
    pair = jac(lambda p: Pair(p.a * p.b, p.b))(Pair(2.0, 3.0))
    assert pair == Pair(Pair(3.0, 2.0), Pair(0.0, 1.0)) and type(pair) is type(pair.a) is Pair


@every_jacobian
def test_arguments_options_and_more(jac):
    f = lambda x, y, *, by=1.0: ([x * y * by, y], {"sum": x + y, "kept": "it", "count": 2})  # noqa: E731
    assert jac(f, (1, 0), has_aux=True)(2.0, 3.0, by=10.0) == (
        ([20.0, 1.0], [30.0, 0.0]), {"sum": 5.0, "kept": "it", "count": 2})
    assert jac(lambda x, y: [x * y, y], -1)(2.0, 3.0) == [2.0, 1.0]
    assert jac(lambda x: x * x)(3.0) == 6.0


@every_jacobian
def test_of_a_module_and_of_ragged_lists(jac):
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": [[2.0, 3.0]], "bias": [1.0]})
    assert jac(lambda m: m([5.0, 7.0]))(layer) == {"weight": [[[5.0, 7.0]]], "bias": [[1.0]]}
    assert jac(lambda x: [x[0][0] * x[1][1]])([[2.0], [3.0, 5.0]]) == [[[5.0]], [[0.0, 2.0]]]


@every_jacobian
def test_within_other_transforms(jac):
    """The trace of the Jacobian of a gradient is the Laplacian."""
    f = lambda x: x[0] ** 3 * x[1] + sin(x[1])  # noqa: E731
    laplace = lambda x: sum(jac(grad(f))(x)[i][i] for i in range(2))  # noqa: E731
    assert laplace([2.0, 3.0]) == pytest.approx(36.0 - math.sin(3.0))
    assert grad(laplace)([2.0, 3.0]) == pytest.approx([18.0, 12.0 - math.cos(3.0)])
    assert jac(jac(f))([2.0, 3.0]) == hessian(f)([2.0, 3.0])
    assert jvp(jac(f), [[2.0, 3.0]], [[1.0, 0.0]])[1] == hvp(f, [[2.0, 3.0]], [[1.0, 0.0]])[0]


@pytest.mark.sweep(997)
@every_way
def test_compiled(way):
    x = [0.5, -1.5]
    for f in (jacfwd(curve), jacrev(curve), jacobian(curve), lambda x: vjp(curve, x)[1]([1.0, 2.0, 3.0])):
        assert way.jit(f, strict=True)(x) == f(x)
    both = jacobian(lambda x: (curve(x), {"first": x[0]}), has_aux=True)
    assert way.jit(both, strict=True)(x) == both(x)
    assert way.jit(grad(lambda x: jacfwd(curve)(x)[1][0]))(x) == pytest.approx([-math.sin(0.5), 0.0])


# vjp -----------------------------------------------------------------------------------------------------------

@given(st.lists(NUMBERS, min_size=2, max_size=2), st.lists(NUMBERS, min_size=3, max_size=3))
@settings(max_examples=budget(50))
def test_vjp_is_the_jacobian_from_the_left(x, factors):
    y, back = vjp(curve, x)
    found, = back(factors)
    rows = matrix(x)
    assert y == [v.data for v in curve(list(map(Value, x)))]
    assert found == pytest.approx([sum(c * row[j] for c, row in zip(factors, rows)) for j in range(2)], abs=1e-14)
    assert back(factors) == (found,)                        # as often as wanted


def test_vjp_of_several_arguments_and_more():
    y, back, more = vjp(lambda x, d: ({"y": x * d["a"]}, x + 1), 3.0, {"a": 2.0}, has_aux=True)
    assert (y, more, back({"y": 10.0})) == ({"y": 6.0}, 4.0, (20.0, {"a": 30.0}))


def test_vjp_within_a_gradient():
    """Also with a factor that is differentiated, and one that is 0: the derivative by it is not."""
    assert grad(lambda x: vjp(lambda v: v**3, x)[1](1.0)[0])(2.0) == 12.0
    assert grad(lambda c: vjp(lambda v: v**3, 2.0)[1](c)[0])(0.0) == 12.0
    _y, back = vjp(sin, 0.5)
    assert grad(lambda c: back(c)[0])(3.0) == math.cos(0.5)


def test_a_factor_of_zero_is_absent():
    """As a direction of 0 is for jvp: what does not count passes no nan on."""
    _y, back = vjp(lambda x: [x.sqrt() * x.sqrt(), x], 0.0)
    assert back([0.0, 1.0]) == (1.0,) and math.isnan(back([1.0, 1.0])[0])


def test_the_same_result_twice():
    def f(x):
        y = x * x
        return [y, y, x]
    assert vjp(f, 3.0)[1]([1.0, 10.0, 100.0]) == (166.0,)


@pytest.mark.parametrize("factors, said", [
    ([1.0], "1 numbers for 3 results"), ([1.0] * 4, "4 numbers for 3 results"), (1.0, "1 numbers for 3 results")])
def test_a_wrong_count_of_factors(factors, said):
    with pytest.raises(ValueError, match=said):
        vjp(curve, [1.0, 2.0])[1](factors)


# has_aux, Hessians, bad input ----------------------------------------------------------------------------------

@every_way
def test_more_results_of_value_and_grad(way):
    f = lambda x, n: (x**n, {"half": x / 2, "n": n, "name": "it", "nothing": None})  # noqa: E731
    more = {"half": 1.5, "n": 2, "name": "it", "nothing": None}
    for wrap in (lambda f: f, way.jit):
        assert wrap(value_and_grad(f, has_aux=True))(3.0, 2) == ((9.0, more), 6.0)
        assert wrap(grad(f, has_aux=True))(3.0, 2) == (6.0, more)
    assert grad(lambda x: grad(f, has_aux=True)(x, 3)[1]["half"] * x)(3.0) == 3.0       # more is differentiated


@pytest.mark.parametrize("transform", [value_and_grad, grad, jacfwd, jacrev, jacobian])
@pytest.mark.parametrize("made", [lambda x: x * x, lambda x: [x, x, x], lambda x: {"y": x, "more": x}])
def test_what_returns_no_pair(transform, made):
    with pytest.raises(TypeError, match=r"with has_aux=True the function must return \(value, more\)"):
        transform(made, has_aux=True)(1.0)


def test_hessian_of_several_arguments_is_blocks():
    f = lambda x, y: x[0] * x[1] * y  # noqa: E731
    assert hessian(f, (0, 1))([2.0, 3.0], 5.0) == (([[0.0, 5.0], [5.0, 0.0]], [3.0, 2.0]), ([3.0, 2.0], 0.0))


@every_jacobian
def test_a_branch_that_is_not_taken_has_no_derivative(jac):
    assert jac(lambda x: [where(x > 0, x.sqrt(), 0.0), relu(x)])(0.0) == [0.0, 0.0]


@every_jacobian
def test_bad_input(jac):
    with pytest.raises(TypeError, match=r"\(set\)"):
        jac(lambda x: {x})(1.0)
    with pytest.raises(TypeError, match=r"\(str\) as argument 0"):
        jac(curve)("ab")
    with pytest.raises(TypeError, match="cannot differentiate by argument 1: the function was given 1"):
        jac(curve, 1)([1.0, 2.0])
    with pytest.raises(ValueError, match="argnums names an argument twice"):
        jac(curve, (0, 0))([1.0, 2.0])
    with pytest.raises(TypeError, match="expected a function to differentiate, got 3"):
        jac(3)(1.0)
    for argnums in (None, 1.0, "x"):
        with pytest.raises(TypeError, match=f"cannot differentiate by argument {argnums!r}"):
            jac(curve, argnums)([1.0, 2.0])


def test_gradients_of_what_is_left_stay_as_they_were():
    x = Value(3.0)
    assert jacobian(lambda v: [v * x])(2.0) == [3.0] and x.grad == 0.0 and gradients(x * x, [x]) == [6.0]
