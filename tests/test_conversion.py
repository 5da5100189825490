"""Arrays through every transform: the bits of nested lists, the shape of the argument, one rule for what comes back."""
import collections
import itertools
from array import array
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import (
    Value,
    dot,
    exp,
    grad,
    gradcheck,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    nn,
    sin,
    value_and_grad,
    vjp,
    vmap,
)
from microgradx.arrays import FromArray
from microgradx.conversion import arrayed, even, listed

from .budget import budget
from .test_arrays import TAKEN

np = pytest.importorskip("numpy")


def energy(x):
    """Of a matrix: a number."""
    return sum(sin(a) * b for row in x for a, b in itertools.pairwise(row)) + x[0][0] * x[1][2] * x[1][1]


def field(x):
    """Of a matrix: a list, and a number."""
    return [dot(row, row) * x[0][1] for row in x], exp(x[1][0] / 8)


TRANSFORMS = {
    "grad": grad(energy), "value_and_grad": value_and_grad(energy),
    "hessian": hessian(energy), "jvp": lambda x: jvp(field, [x], [x]),
    "hvp": lambda x: hvp(energy, [x], [x]), "jacfwd": jacfwd(field), "jacrev": jacrev(field),
    "jacobian": jacobian(field), "vmap": vmap(lambda row: [2 * a for a in row]),
    "vjp": lambda x: vjp(field, x)[1](([1.0, 2.0], 3.0)),
    "more": grad(lambda x: (energy(x), x), has_aux=True),
    "several": lambda x: grad(lambda x, y: energy(x) * y[0][0], (0, 1))(x, x),
    "dict": lambda x: grad(lambda d: energy(d["x"]) * d["by"])({"x": x, "by": 2.0}),
}


def plain(tree):
    """A result with nested lists in place of arrays; each must be of float64, but what is no derivative."""
    if isinstance(tree, np.ndarray):
        assert tree.dtype in (float, int)
        return tree.tolist()
    if isinstance(tree, (list, tuple)):
        return type(tree)(map(plain, tree))
    return {key: plain(x) for key, x in tree.items()} if isinstance(tree, dict) else tree


def count(tree):
    """How many arrays are in a result."""
    if isinstance(tree, (list, tuple, dict)):
        return sum(map(count, tree.values() if isinstance(tree, dict) else tree))
    return isinstance(tree, np.ndarray)


@pytest.mark.parametrize("x", TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_bits_of_nested_lists(transform, x):
    """Whatever the layout and the dtype; a call of lists returns lists."""
    f = TRANSFORMS[transform]
    before = np.array(x, copy=True)
    found, expected = f(x), f(np.array(x, float).tolist())
    assert plain(found) == expected and count(found) > 0 and count(expected) == 0
    assert np.array_equal(np.array(x), before)


@given(st.lists(st.lists(st.floats(-3, 3), min_size=3, max_size=3), min_size=2, max_size=3), st.sampled_from(
    sorted(TRANSFORMS)))
@settings(max_examples=budget(100))
def test_at_any_numbers(rows, transform):
    if transform == "vjp":
        rows = rows[:2]
    f = TRANSFORMS[transform]
    assert plain(f(np.array(rows))) == f(rows)


def test_shapes():
    x = np.arange(6.0).reshape(2, 3)
    slopes = grad(energy)(x)
    assert (slopes.shape, slopes.dtype) == ((2, 3), float) and hessian(energy)(x).shape == (2, 3, 2, 3)
    by_rows, by_number = jacobian(field)(x)
    assert by_rows.shape == (2, 2, 3) and by_number.shape == (2, 3)
    assert isinstance(value_and_grad(energy)(x)[0], float)
    assert vmap(energy)(np.arange(24.0).reshape(4, 2, 3)).shape == (4,)


@pytest.mark.parametrize("sizes", [(0,), (0, 3), (2, 0)])
def test_an_empty_array(sizes):
    x = np.zeros(sizes)
    assert grad(lambda x, y: y * y)(x, 3.0).shape == sizes
    assert grad(lambda x, y: y * y, 1)(x, 3.0) == 6.0
    assert hvp(lambda x, y: y * y, [x, 3.0], [x, 1.0])[0].shape == sizes
    assert jacrev(lambda x: [Value(1.0)] * 2)(x).shape == (2, *sizes)


def test_what_has_no_dimensions_is_a_number():
    for x in (np.array(3.0), np.float64(3.0), np.float32(3.0), np.int64(3)):
        assert value_and_grad(lambda x: x * x)(x) == (9.0, 6.0) and type(grad(lambda x: x * x)(x)) is float


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Plain:
    a: Any
    b: Any


def test_containers_keep_their_arrays_apart():
    """A list of arrays is one, though they have the same shape; a list beside an array comes back as an array, too."""
    x, y = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    f = lambda p: dot(p[0], p[1])  # noqa: E731
    found = grad(f)([x, y])
    assert type(found) is list and plain(found) == [[3.0, 5.0], [1.0, 2.0]] and count(found) == 2
    assert type(grad(f)((x, y))) is tuple
    assert count(grad(lambda p: dot(p.a, p.b))(Pair(x, y))) == 2 and type(grad(lambda p: p.a[0])(Pair(x, y))) is Pair
    assert isinstance(grad(lambda p: p.a[0])(Plain(x, y)).b, np.ndarray)
    d = collections.OrderedDict(a=x, b=y)
    second = hessian(lambda d: dot(d["a"], d["b"]))(d)
    assert type(second) is collections.OrderedDict and second["a"]["b"].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert count(grad(dot)([1.0, 2.0], x)) == 1


def test_a_module_beside_an_array():
    layer, x = nn.Linear(2, 1), np.array([3.0, 5.0])
    found = grad(lambda m, x: m(x)[0])(layer, x)
    assert found["weight"].tolist() == [[3.0, 5.0]] and found["bias"].tolist() == [1.0]
    assert grad(lambda m, x: m(x)[0])(layer, [3.0, 5.0]) == {"weight": [[3.0, 5.0]], "bias": [1.0]}


def test_arrays_that_are_not_differentiated_and_options():
    data = np.arange(6).reshape(2, 3)
    assert grad(lambda w, data, *, shift: data[1][2] * w + shift[0] * w)(2.0, data, shift=np.array([10.0])) == 15.0
    seen = []
    grad(lambda w, log: log.append(1) or w * w)(2.0, seen)
    assert seen == [1]                                      # what holds no array is handed on itself


def test_within_another_transform_there_are_lists():
    x = np.array([2.0, 3.0])
    inner = lambda s: grad(lambda v: dot(v, v) * s)(x)  # noqa: E731
    assert grad(lambda s: inner(s)[0] * s)(5.0) == 40.0
    assert jacobian(inner)(5.0) == [4.0, 6.0]


def test_a_function_that_computes_with_numpy():
    """Operators of numpy on an array of Values."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    f = lambda x: (np.array(x) @ np.array(x)).sum()  # noqa: E731
    assert grad(f)(x).tolist() == (np.ones((2, 2)) @ x.T + x.T @ np.ones((2, 2))).tolist()
    assert jacobian(lambda x: np.array(x) ** 2)(x).shape == (2, 2, 2, 2)
    assert jvp(lambda x: np.array(x) * 2, [x], [x])[1].tolist() == (2 * x).tolist()


@pytest.mark.slow
def test_gradcheck_and_its_kin():
    x = np.array([[0.5, 1.5, 2.5], [1.0, 2.0, 3.0]])
    assert gradcheck(energy, x) and gradcheck(field, x) and mg.check_jvp(field, x) and mg.check_hessian(energy, x)
    assert gradcheck(lambda x, y: dot(x[0], y), x, [1.0, 2.0, 3.0])
    assert mg.check_hessian(lambda x, y: dot(x, x) * y, [1.0, 2.0], 3.0)
    with pytest.raises(mg.GradientError, match=r"args\[0\]\[1\]"):
        gradcheck(lambda x: x[0] * Value(x[1].data), np.array([2.0, 3.0]))


@pytest.mark.slow
def test_torch_pandas_and_python(torch):
    pandas = pytest.importorskip("pandas")
    for x in (torch.tensor([2.0, 3.0]), pandas.Series([2.0, 3.0], [5, 6]), array("d", [2.0, 3.0]), memoryview(
            array("f", [2.0, 3.0]))):
        assert grad(lambda x: x[0] * x[1])(x).tolist() == [3.0, 2.0]


BAD = {"complex128": np.array([1j, 2.0]), "object": np.array([1.0, 2.0], object), "<U1": np.array(["a", "b"]),
       "datetime64": np.array(["2020-01-01"], "M8[D]"), "masked array": np.ma.array([1.0, 2.0], mask=[0, 1])}


@pytest.mark.parametrize("said", BAD)
@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian, jacfwd, jacrev, jacobian, vmap])
def test_what_holds_no_real_numbers(transform, said):
    for args in ((BAD[said],), ({"x": [BAD[said]]},), (1.0, BAD[said])):
        with pytest.raises(TypeError, match=said) as error:
            transform(lambda *_: Value(1.0))(*args)
        assert str(BAD[said].shape) in str(error.value)


@pytest.mark.parametrize("transform", [jvp, hvp])
@pytest.mark.parametrize("x, v", [
    (np.zeros((2, 3)), np.zeros((3, 2))), (np.zeros(2), np.zeros((2, 1))), (np.zeros(2), np.zeros(3)),
    (np.zeros(2), [[0.0, 0.0]]), ([0.0, 0.0], np.zeros((1, 2))), (np.zeros(2), 1.0)])
def test_a_direction_of_another_shape(transform, x, v):
    with pytest.raises(ValueError, match="the direction has shape") as error:
        transform(lambda _: Value(1.0), [x], [v])
    assert str(np.shape(x)) in str(error.value) and str(np.shape(v)) in str(error.value)


def test_a_factor_of_another_shape():
    with pytest.raises(ValueError, match=r"shape \(3,\), the argument \(2,\)"):
        vjp(lambda x: x, np.zeros(2))[1](np.zeros(3))


def test_a_result_that_is_no_number():
    with pytest.raises(TypeError, match=r"must return one Value, got an array of shape \(2,\)"):
        grad(lambda x: np.array(x) * 2)([1.0, 2.0])
    with pytest.raises(TypeError, match="must return one Value, got list"):
        grad(lambda x: [v * 2 for v in x])(np.array([1.0, 2.0]))


def test_bools_are_refused_as_in_a_list():
    with pytest.raises(TypeError, match=r"True \(bool\) in an argument to differentiate by"):
        grad(lambda x: x[0])(np.array([True]))


# The rule itself -----------------------------------------------------------------------------------------------

def test_listed_copies_nothing_without_arrays():
    tree = [1.0, {"a": ([2.0], "x", None)}, Value(1.0), {3.0}, Plain(1.0, [2.0])]
    assert listed(tree) is tree
    inside = listed([tree, np.zeros(2)])
    assert inside[0] is tree and inside[1] == [0.0, 0.0] and type(inside[1]) is FromArray


def test_even_and_arrayed():
    assert [even(x) for x in (1.0, [], [1.0], [[1.0], [2.0]], [[], []], FromArray([], (0, 3)))] == [
        (), (0,), (1,), (2, 1), (2, 0), (0, 3)]
    assert [even(x) for x in ([[1.0], 2.0], [(1.0,)], "a", None, [None], {}, [FromArray([1.0], (1,))])] == [None] * 7
    found = arrayed([1, 2.0, [3.0]]), arrayed([1, 2]), arrayed([Value(1.0)]), arrayed(FromArray([1, 2], (2,)))
    assert [count(x) for x in found] == [1, 1, 0, 1] and found[1].dtype == int
