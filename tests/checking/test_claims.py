"""gradcheck(f, *args, grad=df): what is right passes, what is wrong is named, with its likely cause."""
import array
import ctypes
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import GradientError, check_hessian, check_jvp, exp, gradcheck, hessian, jvp, sin
from microgradx.checking.causes import Entries, likely_cause
from microgradx.checking.noise import roundings

from ..budget import budget

MATRIX = np.arange(6.0).reshape(2, 3) / 7 + 0.3


def denied(check, *args, **named):
    """The error that a check raises."""
    with pytest.raises(GradientError) as caught:
        check(*args, **named)
    return caught.value


# What it takes -------------------------------------------------------------------------------------------------

DOUBLES, FLOATS = ctypes.c_double * 2, ctypes.c_float * 2

TAKEN = [
    (math.sin, (0.5,), math.cos),
    (lambda x: x**3, (2,), lambda x: 3 * x * x),
    (lambda x, y: x * y * y, (3.0, 2.0), lambda x, y: (y * y, 2 * x * y)),
    (lambda x, y: x * y * y, (3.0, 2.0), lambda x, y: np.array([y * y, 2 * x * y])),
    (lambda p: p[0] * p[1][0], ([3.0, [2.0]],), lambda p: [p[1][0], [p[0]]]),
    (lambda p: p[0] ** 2, ([3.0],), lambda p: [2 * p[0]]),
    (lambda p: p["w"] * p["b"][1], ({"b": (1.0, 2.0), "w": 3.0},), lambda p: {"w": p["b"][1], "b": (0.0, p["w"])}),
    (lambda x, name: x if name == "id" else -x, (2.0, "id"), lambda x, name: 1.0),
    (lambda x, name: x if name == "id" else -x, (2.0, "id"), lambda x, name: (1.0, None)),
    (lambda x: [x, [x * x]], (2.0,), lambda x: [1.0, [2 * x]]),
    (lambda x, y: [x * y, x + y, y], (2.0, 3.0), lambda x, y: [(y, x), (1.0, 1.0), (0.0, 1.0)]),
    (lambda x, y: [x * y, x + y, y], (2.0, 3.0), lambda x, y: ([y, 1.0, 0.0], [x, 1.0, 1.0])),
    (lambda a: np.sum(np.sin(a)), (MATRIX,), np.cos),
    (lambda a: np.sum(np.sin(a)), (MATRIX.T,), np.cos),                                     # not contiguous
    (np.sin, (MATRIX,), lambda a: np.diag(np.cos(a).ravel())),
    (lambda a, b: a @ b, (MATRIX, np.ones(3)), lambda a, b: (
        np.einsum("ij,k->ijk", np.eye(2), b), a)),
    (lambda a, axis: np.sum(a * a, axis)[0], (MATRIX, 1), lambda a, axis: np.array([2 * a[0], 0 * a[1]])),
    (lambda a: np.sum(a * a), (MATRIX.astype(np.float32),), lambda a: 2 * a),
    (lambda a: float(np.sum(np.sin(a.astype(np.float32)))), (MATRIX,), np.cos),             # single inside
    (lambda x: np.float32(x) * np.float32(x), (1.3,), lambda x: np.float32(2 * x)),
    (lambda x: x * x, (np.float32(2.3),), lambda x: 2 * x),
    (lambda x: x * x, (np.array(2.0),), lambda x: 2 * x),
    (lambda a: (np.float16(a) / np.float16(a)).sum(), (MATRIX,), lambda a: 0 * a + 1e-5),   # constant, and roughly so
    (lambda a, i: a[i] ** 2, (np.array([1.0, 2.0]), 1), lambda a, i: np.array([0.0, 2 * a[1]])),
    (lambda a: a[0] * a[1], (array.array("d", [2.0, 3.0]),), lambda a: [a[1], a[0]]),
    (lambda a: a[0] * a[1], (DOUBLES(2.0, 3.0),), lambda a: [a[1], a[0]]),
    (lambda a: a[0] * a[1], (FLOATS(2.1, 3.2),), lambda a: [a[1], a[0]]),
    (abs, (0.0,), lambda x: 0.3),                                                           # between the sides
    (lambda x: x**1.5, (0.0,), lambda x: 0.0),                                              # complex left of 0
    (lambda x: math.sqrt(x) * x, (0.0,), lambda x: 0.0),
    (lambda a: np.sum(np.sin(1e3 * a)), (np.float32([0.3, 1.7]),), lambda a: 1000 * np.cos(1e3 * a)),
]


@pytest.mark.parametrize("f, args, df", TAKEN)
def test_it_takes(f, args, df):
    assert gradcheck(f, *args, grad=df)


def test_a_function_of_a_c_library():
    library = ctypes.CDLL(None)
    library.erf.restype, library.erf.argtypes = ctypes.c_double, [ctypes.c_double]
    assert gradcheck(library.erf, 0.7, grad=lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x))
    assert denied(gradcheck, library.erf, 0.7, grad=lambda x: math.exp(-x * x)).input == "args[0]"


def test_value_and_grad_in_one():
    assert gradcheck(lambda x: x * x, 2.0, value_and_grad=lambda x: (x * x, 2 * x))
    assert gradcheck(lambda x: (x * x, 2 * x), 2.0, value_and_grad=True)
    assert denied(gradcheck, lambda x: (x * x, x), 2.0, value_and_grad=True).source == "value_and_grad"


def test_arguments_are_not_touched():
    x = MATRIX.copy()

    def spoils(a):
        y = np.sum(a * a)
        a[:] = 0
        return y

    assert gradcheck(spoils, x, grad=lambda a: 2 * a)
    assert (x == MATRIX).all()


def test_a_function_of_arrays_needs_a_gradient():
    with pytest.raises(TypeError, match=re.escape("for a function of arrays write gradcheck(f, x, grad=df)")):
        gradcheck(lambda a: (a * a).sum(), MATRIX)
    assert gradcheck(lambda a: a[0][1] * a[1][2], MATRIX)            # of nested lists of Values none


def test_f_may_write_into_any_of_its_arguments():
    given = {"w": [1.0, 2.0], "b": np.array([3.0, 4.0])}, np.ones(2)

    def spoils(p, x):
        y = p["w"][0] * p["b"][0] + x[0] * p["w"][1]
        p["w"][0], p["b"][:], x[:] = 7.0, 5.0, 3.0
        p["w"].append(1.0)
        return y

    assert gradcheck(spoils, *given, grad=lambda p, x: ({"b": np.array([p["w"][0], 0.0]), "w": [p["b"][0], x[0]]},
                                                        np.array([p["w"][1], 0.0])))
    assert given[0]["w"] == [1.0, 2.0] and (given[0]["b"] == [3, 4]).all() and (given[1] == 1).all()


@pytest.mark.parametrize("f, df", [
    (lambda p: [p["a"] * p["b"], p["a"]], lambda p: [{"b": p["a"], "a": p["b"]}, {"a": 1.0, "b": 0.0}]),
    (lambda p: {"y": p["a"] * p["b"], "z": p["a"]},
     lambda p: {"z": {"a": 1.0, "b": 0.0}, "y": {"b": p["a"], "a": p["b"]}}),
    (lambda p: np.array([p["a"] * p["b"], p["a"]]),                 # as jax.jacrev
     lambda p: {"b": np.array([p["a"], 0.0]), "a": np.array([p["b"], 1.0])}),
])
def test_a_jacobian_in_dicts(f, df):
    assert gradcheck(f, {"a": 2.0, "b": 3.0}, grad=df)
    assert denied(gradcheck, f, {"a": 2.0, "b": 3.0}, grad=lambda p: df({"a": p["b"], "b": p["a"]}))


def test_a_jacobian_nested_as_the_layers_of_a_network():
    """As jax.jacrev's by [(w, b), ...]: the axes of the results in front of those of each array."""
    def f(layers, x):
        (w, b), (v,) = layers
        return v * (w @ x + b)

    def right(layers, x):
        (w, b), (v,) = layers
        by_w = np.einsum("i,ik,l->ikl", v, np.eye(2), x)
        return [(by_w, np.diag(v)), (np.diag(w @ x + b),)], np.diag(v) @ w

    given = [(MATRIX, np.array([0.5, -1.0])), (np.array([2.0, 3.0]),)], np.array([1.0, -0.5, 0.25])
    assert gradcheck(f, *given, grad=right)
    assert gradcheck(lambda layers: f(layers, given[1]), given[0], grad=lambda layers: right(layers, given[1])[0])
    assert "[1][0]" in denied(gradcheck, f, *given, grad=lambda layers, x: (
        [right(layers, x)[0][0], (2 * right(layers, x)[0][1][0],)], right(layers, x)[1])).input


@pytest.mark.parametrize("size", [1e-308, 1e-200, 1e150, 1e200, 1e300])
def test_planted_errors_are_found_at_any_scale(size):
    assert gradcheck(lambda x: math.sin(x) * size, 0.7, grad=lambda x: math.cos(x) * size)
    assert denied(gradcheck, lambda x: math.sin(x) * size, 0.7, grad=lambda x: math.cos(x) * size * 1.0001)


def test_calls_of_f_grow_with_the_number_of_inputs():
    calls = []
    assert gradcheck(lambda a: calls.append(1) or np.sum(np.sin(a)), np.linspace(0.1, 2, 50), grad=np.cos)
    assert len(calls) <= 30 * 50 + 50


@pytest.mark.parametrize("f, args, df", [
    (lambda a: np.sum(np.sin(a), -1), (MATRIX[0],), np.cos),
    (lambda a: np.sum(np.sin(a), (-1, -2)), (MATRIX,), np.cos),
    (lambda a, w: np.sum(a * w, -1), (MATRIX[0], MATRIX[1]), lambda a, w: (w, a)),
    (lambda a: np.sum(a * a, -1), (MATRIX[0].astype(np.float32),), lambda a: 2 * a),
    (np.sin, (0.5,), np.cos), (np.sin, (MATRIX[0],), lambda a: np.diag(np.cos(a))),
    (lambda p: p["w"] * np.sum(p["x"], -1), ({"w": 2.0, "x": MATRIX[0]},),
     lambda p: {"w": np.sum(p["x"]), "x": 0 * p["x"] + p["w"]}),
    (lambda a, n: np.sum(a, -1)**n, (MATRIX[0], 3), lambda a, n: 0 * a + n * np.sum(a)**(n - 1)),
])
def test_many_points_in_one_call(f, args, df):
    assert gradcheck(f, *args, grad=df, batched=True)
    assert "2 times" in denied(gradcheck, f, *args, grad=lambda *xs: twice(df(*xs)), batched=True).meaning


def twice(gradient):
    if isinstance(gradient, dict):
        return {key: twice(x) for key, x in gradient.items()}
    return tuple(map(twice, gradient)) if isinstance(gradient, tuple) else 2 * gradient


def test_many_points_at_an_edge_of_the_domain():
    f = lambda a: np.sqrt(a[..., 0]) * a[..., 0]        # noqa: E731
    with np.errstate(invalid="ignore"):
        assert gradcheck(f, np.zeros(2), grad=np.zeros_like, batched=True)
        assert denied(gradcheck, f, np.zeros(2), grad=np.ones_like, batched=True).expected == pytest.approx(0, abs=1e-6)

    def raises(x):
        return np.vectorize(math.sqrt)(x) * x
    assert gradcheck(raises, 0.0, grad=lambda x: 0.0, batched=True)


def test_many_points_take_few_calls():
    calls = []
    f = lambda a: calls.append(a.shape) or np.sum(np.sin(a), -1)      # noqa: E731
    assert gradcheck(lambda a: np.sum(np.sin(a)), np.linspace(0.1, 2, 100), grad=np.cos, batched=f)
    assert len(calls) <= 100 + 45 and len(set(calls)) <= 3             # f itself, one input, many inputs


@pytest.mark.parametrize("batched, kind, said", [
    (np.sum, ValueError, "batched returned one number for 19 points"),
    (lambda a: np.sum(a, 0), ValueError, "batched returned (2,) for 19 points"),
    (lambda a: 2 * np.sum(a, -1), ValueError, "each row must be computed by itself"),
    (lambda a: np.sum(a, -1) + np.mean(a), ValueError, "each row must be computed by itself"),
    (lambda a: np.sum(a, -1)[::-1], ValueError, "for point 0 of 19"),
    ("yes", TypeError, "batched is 'yes'; write a function"),
])
def test_rows_that_are_not_f_are_refused(batched, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        gradcheck(np.sum, np.array([1.0, 2.0]), grad=np.ones_like, batched=batched)
    with pytest.raises(TypeError, match="write gradcheck"):
        gradcheck(sin, 1.0, batched=batched)
    with pytest.raises(TypeError, match="is of array"):
        gradcheck(sum, array.array("d", [1.0]), grad=lambda a: [1.0], batched=sum)


# What is wrong -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("share", [1e-4, 1e-7])
@settings(max_examples=budget(50))
@given(data=st.data())
def test_planted_errors_are_found(share, data):
    x = np.array(data.draw(st.lists(st.floats(0.25, 2), min_size=1, max_size=4)))
    f, df = data.draw(st.sampled_from([
        (lambda a: np.sum(np.exp(a)), np.exp), (lambda a: np.sum(a**3), lambda a: 3 * a * a),
        (np.prod, lambda a: np.prod(a) / a),
        (lambda a: np.log(np.sum(a)), lambda a: 0 * a + 1 / np.sum(a))]))
    k = data.draw(st.integers(0, len(x) - 1))
    assert gradcheck(f, x, grad=df)
    error = denied(gradcheck, f, x, grad=lambda a: df(a) * (1 + share * (np.arange(len(a)) == k)))
    assert error.input == f"args[0][{k}]"


def test_single_precision_is_judged_by_its_own_noise():
    x = np.float32([0.3, 1.1, 1.7])
    for share in (1e-2, 1e-3):
        off = np.float32(1 + share)
        assert denied(gradcheck, lambda a: np.sum(np.sin(a)), x, grad=lambda a, off=off: np.cos(a) * off)


@pytest.mark.parametrize("kind, sizes", [(float, (1e-5, 1e-7, 1e-12, 1e-17, 1e-200)),
                                         (np.float32, (3e-3, 1e-5, 1e-7, 1e-12))])
@pytest.mark.parametrize("f, df", [
    (lambda x: np.log(1 + x * x), lambda x: 2 * x / (1 + x * x)),
    (lambda x: np.log(1 + x * x) + x / 5, lambda x: 2 * x / (1 + x * x) + 0.2),
    (lambda x: 1 - np.cos(x), np.sin), (lambda x: np.sqrt(1 + x) - 1, lambda x: 0.5 / np.sqrt(1 + x)),
    (lambda x: (1 + x) - 1 + x / 1000, lambda x: 1.001)])
def test_what_stands_still_for_rounding(f, df, kind, sizes):
    """1 + x*x is a staircase: over a step on one of its treads f does not move, or moves less than it should."""
    assert all(gradcheck(f, kind(x), grad=df) for x in sizes)
    assert "2 times" in denied(gradcheck, f, kind(0.5), grad=lambda x: 2 * df(x)).meaning


def test_it_is_not_blind_where_nothing_stands_still():
    for scale in (1e-100, 1e-9, 1e9):
        assert gradcheck(lambda x: x * x, scale, grad=lambda x: 2 * x)
        assert "2 times" in denied(gradcheck, lambda x: x * x, scale, grad=lambda x: 4 * x).meaning
    assert "No gradient" in denied(gradcheck, lambda x: x * 1e-9, 1.0, grad=lambda x: 0.0).meaning
    assert denied(gradcheck, lambda x: 1.0, 1.0, grad=lambda x: 1e-9).expected == 0


WRONG = [                                   # a gradient of sum(sin(a)) for a matrix a of 2 by 3, and what is said of it
    (lambda a: 2 * np.cos(a), "2 times what they should be: a factor 2"),
    (lambda a: -np.cos(a), "the sign is wrong"),
    (lambda a: np.cos(a) / 6, "there are 6 of them, so a mean where there should be a sum"),
    (lambda a: np.cos(a) * 0, "No gradient arrives"),
    (lambda a: np.cos(a) * 1.0002, "1.0002 times what they should be: a constant with too few digits"),
    (lambda a: np.cos(a) - 0.1 * a, r"lacks the term 0.1*args[0]"),
    (lambda a: np.cos(a) - 0.25, "lacks the same term, 0.25"),
    (lambda a: np.cos(a.ravel()[::-1]).reshape(2, 3), "each at another's place"),
    (lambda a: np.roll(np.cos(a), 1, 1), "1 place too far right along axis 1: an index is off"),
    (lambda a: np.roll(np.cos(a), 1, 0), "1 place too far right along axis 0"),
    (lambda a: np.cos(a)[:, ::-1], "in reverse order along axis 1"),
    (lambda a: np.cos(a).ravel()[[1, 0, 2, 3, 4, 5]].reshape(2, 3), "each at another's place"),
    (lambda a: -12 * np.cos(a), "the sign is wrong, and there are 6 of them, so a sum where there should be a mean, or "
                                "a division by 6 is missing; and a factor 2"),
    (lambda a: 0 * a + np.sum(np.cos(a)), "are the sum of what they should be"),
    (lambda a: 0 * a + np.mean(np.cos(a)), "are the mean of what they should be"),
    (lambda a: np.cos(a) * (1 - 2 * (a > 1)), "1 of 6 entries of args[0] is minus what it should be: the sign is"),
    (lambda a: np.cos(a) * 1.0000002, "1.0000002 times"),
    (lambda a: np.cos(a).astype(np.float32), "in single precision"),
    (lambda a: np.cos(a) / (a > 0.5), "inf where f is finite"),
    (lambda a: np.cos(a) + (a > 1) * 0.1, "The other 5 entries of args[0] are right"),
]


@pytest.mark.parametrize("df, said", WRONG)
def test_the_likely_cause(df, said):
    with np.errstate(all="ignore"):
        error = denied(gradcheck, lambda a: np.sum(np.sin(a)), MATRIX, grad=df)
    assert said in error.meaning and error.source == "grad" and error.kink is None


@pytest.mark.parametrize("f, args, df, said", [
    (lambda a: np.sum(a * np.arange(9).reshape(3, 3)), (np.ones((3, 3)),),
     lambda a: np.arange(9.0).reshape(3, 3).T, "is transposed: entry [i, j] stands at [j, i]"),
    (lambda a: np.sum(a * np.arange(9).reshape(3, 3)), (np.ones((3, 3)),),
     lambda a: -np.arange(9.0).reshape(3, 3).T, "is transposed and minus what it should be"),
    (lambda x, y, z: x * y * y + z, (3.0, 2.0, 1.0), lambda x, y, z: (y * y, y * y, 1.0),
     "What stands for args[1] is the gradient by args[0]: a name or an index is mistaken"),
    (lambda a: np.sum(a**3), (np.array([0.5, 2.0, -1.0]),), lambda a: (3 * a * a)[::-1], "in reverse order"),
    (lambda x, y: x * y * y, (3.0, 2.0), lambda x, y: (2 * x * y, y * y), "the two inputs are exchanged"),
    (lambda x, y: x * y * y, (3.0, 2.0), lambda x, y: (y * y, x * y), "1/2 of what it should be"),
    (lambda x, y: x * y * y, (3.0, 2.0), lambda x, y: (y * y, 0.1), "The gradient by args[0] is right"),
    (lambda p: p[0] + p[1] ** 2, ([3.0, 2.0],), lambda p: [1.0, 0.0], "No gradient arrives at 1 of 2 entries"),
    (abs, (0.0,), lambda x: 1.3, "There is a kink, with slopes -1.0 and 1.0 on its sides"),
    (np.sin, (MATRIX,), lambda a: np.diag(2 * np.cos(a).ravel()), "2 times what they should be"),
])
def test_the_likely_cause_with_several_arguments(f, args, df, said):
    assert said in denied(gradcheck, f, *args, grad=df).meaning


def test_the_error_in_full():
    error = denied(gradcheck, lambda p: p["w"] * p["b"], {"w": 3.0, "b": 2.0}, grad=lambda p: {"w": 2.0, "b": 6.0})
    assert (error.what, error.slope, error.expected) == ("d f / d args[0]['b']", 6.0, 3.0)
    assert str(error).startswith("d f / d args[0]['b'] is 6.0 by grad, 3.0 by finite differences: 3 apart, 3e-08 all")


def test_a_right_gradient_has_no_cause():
    assert likely_cause([Entries("w", (2,), [1.0, 2.0], [1.0, 2.0])]) == ""


# Bad input -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("f, args, df, kind, said", [
    (lambda x: math.nan, (1.0,), lambda x: 1.0, ValueError, "f is nan here"),
    (lambda x: "text", (1.0,), lambda x: 1.0, TypeError, "f is 'text', not a number"),
    (lambda x: None, (1.0,), lambda x: 1.0, TypeError, "f is None, not a number"),
    (lambda x: [], (1.0,), lambda x: 1.0, TypeError, "f returned no number"),
    (lambda x: x, ("a",), lambda x: 1.0, TypeError, "expected floats"),
    (lambda x: x, (math.inf,), lambda x: 1.0, ValueError, "args[0] is inf"),
    (lambda x: x, ({1.0},), lambda x: 1.0, TypeError, "write list(...)"),
    (np.sum, (MATRIX,), lambda a: a.T, ValueError, "shape (3, 2) for args[0], which has shape (2, 3); trans"),
    (np.sum, (MATRIX,), lambda a: [[1, 2, 3], [4, 5]], ValueError, "has 5 numbers for args[0], which has 6"),
    (np.sum, (MATRIX,), lambda a: {"a": a}, TypeError, "for args[0], which is an array; return one of its shape"),
    (np.sum, (MATRIX,), lambda a: "abc", TypeError, "grad returned 'abc' (str), not numbers"),
    (np.sum, (np.array([1, 2]),), lambda a: a, TypeError, "for an array of ints x.astype(float)"),
    (np.sum, (np.ma.array([1.0, 2.0], mask=[0, 1]),), lambda a: a, TypeError, "got MaskedArray; write numpy.asarray"),
    (lambda p: p[0], ([1.0, 2.0],), lambda p: (x for x in p), ValueError, "(generator) for args[0], which has 2; ret"),
    (np.sum, (MATRIX,), lambda a: 1.0, ValueError, "shape () for args[0], which has shape (2, 3)"),
    (lambda x, y: x * y, (1.0, 2.0), lambda x, y: 1.0, TypeError, "one gradient for each of the 2 arguments"),
    (lambda x, y: x * y, (1.0, 2.0), lambda x, y: (1.0,), TypeError, "one gradient for each of the 2 arguments"),
    (lambda p: p[0], ([1.0, 2.0],), lambda p: [1.0, 0.0, 0.0], ValueError, "has 3 entries for args[0], which has 2"),
    (lambda p: p["a"], ({"a": 1.0},), lambda p: {"b": 1.0}, ValueError, "no key 'a'"),
    (lambda p: p["a"], ({"a": 1.0},), lambda p: [1.0], TypeError, "which is a dict"),
    (lambda p: p["a"], ({"a": 1.0},), lambda p: {"a": 1.0, "z": 0.0}, ValueError, "a key 'z'"),
    (lambda p: p[0], ([1.0, 2.0],), lambda p: {0: 1.0, 1: 0.0}, TypeError, "which has no keys; return a list"),
    (lambda x: x**0.5, (-1.0,), lambda x: 1.0, ValueError, "a complex number; check f where it is real"),
    (lambda a, b: b, (np.ones(2, np.longdouble), 1.0), lambda a, b: (a, b), TypeError, "write numpy.asarray(x, float)"),
    (lambda a, b: b, (np.ones(2, object), 1.0), lambda a, b: (a, b), TypeError, "floats, got one of object"),
    (sum, (memoryview(np.ones(2)),), lambda a: [1.0, 1.0], TypeError, "args[0] is a memoryview; write f with NumPy"),
    (lambda x: [x, x], (1.0,), lambda x: [1.0], ValueError, "grad has 1 numbers, expected 2 outputs times 1 inputs"),
    (lambda x: x, (1.0,), lambda x: "one", TypeError, "grad returned 'one' (str), not numbers"),
    (lambda x: x, (1.0,), 5, TypeError, "grad is 5; write a function"),
    (lambda a: a[0], (np.array([1j]),), lambda a: a, TypeError, "expected real numbers"),
    (lambda x, seen=[]: seen.append(x) or float(len(seen)), (1.0,), lambda x: 1.0, ValueError, "at the same point"),
])
def test_bad_input(f, args, df, kind, said):
    with pytest.raises(kind, match=re.escape(said)) as caught:
        gradcheck(f, *args, grad=df)
    assert "\n" not in str(caught.value)


# jvp, Hessian --------------------------------------------------------------------------------------------------

def test_a_jvp():
    def f(x, p):
        return [x * p[0], x + p[1]]

    assert check_jvp(f, 2.0, [3.0, 1.0], jvp=lambda xs, vs: jvp(f, xs, vs))
    assert check_jvp(f, 2.0, [3.0, 1.0], jvp=lambda xs, vs: jvp(f, xs, vs)[1])
    assert check_jvp(lambda x, y: x * sin(y), 2.0, 1.0)
    assert check_jvp(lambda a: np.sum(a * a), MATRIX, jvp=lambda xs, vs: np.sum(2 * xs[0] * vs[0]))
    wrong = denied(check_jvp, lambda a: np.sum(a * a), MATRIX, jvp=lambda xs, vs: np.sum(xs[0] * vs[0]))
    assert wrong.source == "jvp" and "1/2 of" in wrong.meaning
    crooked = denied(check_jvp, lambda x, y: x + y, 1.0, 2.0, jvp=lambda xs, vs: math.hypot(*vs))
    assert "not linear" in crooked.meaning


def test_a_hessian():
    def f(p):
        return p[0] ** 2 * p[1] + p[1] ** 3

    def wrong(p):
        return [[2 * p[1], 2 * p[0]], [p[0], 6 * p[1]]]

    assert check_hessian(f, [3.0, 2.0], hessian=hessian(f))
    assert check_hessian(f, [3.0, 2.0], hessian=hessian(f), grad=lambda p: [2 * p[0] * p[1], p[0] ** 2 + 3 * p[1] ** 2])
    assert check_hessian(lambda p, x: p[0] * exp(p[1]) * x, [2.0, 0.5], 3.0)
    error = denied(check_hessian, f, [3.0, 2.0], hessian=wrong)
    assert (error.what, error.slope) == ("d (d f / d args[0][1]) / d args[0][0]", 3.0)
    assert check_hessian(lambda p: p["a"]**2 * p["b"], {"a": 3.0, "b": 2.0}, hessian=lambda p: {
        "b": {"b": 0.0, "a": 2 * p["a"]}, "a": {"a": 2 * p["b"], "b": 2 * p["a"]}},
        grad=lambda p: {"b": p["a"]**2, "a": 2 * p["a"] * p["b"]})
    blocks = lambda a, b: ((np.zeros((2, 2)), np.ones((2, 1))), (np.ones((1, 2)), np.zeros((1, 1))))  # noqa: E731
    assert check_hessian(lambda a, b: np.sum(a) * b[0], np.ones(2), np.ones(1), hessian=blocks)


# Noise ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("f, low, high, digits", [
    (lambda s: math.exp(1 + s), 1e-16, 4e-15, 53),
    (lambda s: float(np.exp(np.float32(1 + s))), 1e-8, 2e-6, 24),
    (lambda s: (math.sin(1 + s) + 1e6) - 1e6, 1e-11, 1e-9, 53),
    (lambda s: 3.0, 1e-16, 1e-15, 53),
    (lambda s: float(np.log(np.float32(0.0175 * (1 + s)) ** 2 + 1) + 1e-3 * np.float32(1 + s)), 1e-8, 1e-6, 24),
    (lambda s: float(np.log(np.float32(0.0033 * (1 + s)) ** 2 + 1) + 1e-3 * np.float32(1 + s)), 1e-8, 1e-6, 24),
    (lambda s: max(1 + s, 1.01) + s, 1e-16, 1e-14, 53),             # a kink is no rounding
    (lambda s: math.sin(1e3 * s), 0.0, 1e-14, None),
    (lambda s: float(np.float16(math.exp(1 + s))), 1e-4, 1e-2, 24),
])
def test_noise_is_measured(f, low, high, digits):
    [found] = roundings(lambda s: [f(s)])
    assert low <= found.noise <= high and found.digits == (digits or found.digits)
