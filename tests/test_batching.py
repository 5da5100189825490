"""vmap: against a loop, in every nesting, along every axis, with the other transforms; what does not fit is refused."""
import math
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, dot, grad, hessian, jacobian, nn, sin, tanh, value_and_grad, vmap

from .budget import budget
from .compiled import every_way

ROWS = st.lists(st.lists(st.floats(-2, 2), min_size=3, max_size=3), min_size=1, max_size=4)


class Pair(NamedTuple):
    a: object
    b: object


def neuron(w, x):
    return tanh(dot(w, x))


@given(ROWS, st.lists(st.floats(-2, 2), min_size=3, max_size=3))
@settings(max_examples=budget(50))
def test_against_a_loop(rows, w):
    for f in (neuron, grad(neuron), value_and_grad(neuron), hessian(neuron)):
        loop = [f(w, x) for x in rows]
        found = vmap(f, (None, 0))(w, rows)
        assert found == (tuple(map(list, zip(*loop))) if isinstance(loop[0], tuple) else loop)
        assert vmap(f)([w] * len(rows), rows) == found


@pytest.mark.sweep(997)
@every_way
def test_compiled(way):
    rows, w = [[1.0, 2.0, 3.0], [0.5, 0.25, 0.0]], [0.1, -0.2, 0.3]
    for f in (neuron, grad(neuron), value_and_grad(neuron), jacobian(lambda w, x: [v * neuron(w, x) for v in w])):
        assert way.jit(vmap(f, (None, 0)), strict=True)(w, rows) == vmap(f, (None, 0))(w, rows)
        assert vmap(way.jit(f, strict=True), (None, 0))(w, rows) == vmap(f, (None, 0))(w, rows)


def test_within_other_transforms():
    rows, w = [[1.0, 2.0, 3.0], [0.5, 0.25, 0.0]], [0.1, -0.2, 0.3]
    slopes = grad(lambda w: sum(vmap(neuron, (None, 0))(w, rows)))(w)
    loop = [grad(neuron)(w, x) for x in rows]
    assert slopes == pytest.approx([a + b for a, b in zip(*loop)])
    assert jacobian(vmap(neuron, (None, 0)))(w, rows) == list(map(pytest.approx, loop))
    assert vmap(vmap(sin))(rows) == [[sin(v) for v in row] for row in rows]
    model = nn.Linear(3, 1)
    total = sum(y for y, in vmap(model)(rows))              # Values outside of a transform stay what they are
    total.backward()
    assert model.weight[0][0].grad == 1.5


MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("in_axes, out_axes, expected", [
    (0, 0, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (1, 0, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]),
    (0, 1, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]), (1, 1, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    (-1, 0, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]), (-2, -1, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]),
])
def test_axes(in_axes, out_axes, expected):
    assert vmap(lambda x: x, in_axes, out_axes)(MATRIX) == expected


def test_axes_of_parts():
    f = lambda d, p: {"y": d["w"] * p.a, "z": (p.b, d["s"])}  # noqa: E731
    given = {"w": [1.0, 2.0], "s": 10.0}, Pair([3.0, 5.0], 7.0)
    mapped = vmap(f, ({"w": 0, "s": None}, Pair(0, None)), {"y": 0, "z": None})
    assert mapped(*given) == {"y": [3.0, 10.0], "z": (7.0, 10.0)}
    assert vmap(f, ({"s": None, "w": 0}, (0, None)), {"y": 0, "z": (0, None)})(*given) == {
        "y": [3.0, 10.0], "z": ([7.0, 7.0], 10.0)}


def test_samples_of_every_kind():
    assert vmap(lambda d: d["x"] * 2)([{"x": 1.0}, {"x": 3.0}]) == [2.0, 6.0]           # a list of dicts
    assert vmap(lambda d: d["x"] * 2)({"x": [1.0, 3.0]}) == [2.0, 6.0]                  # a dict of lists
    assert vmap(lambda x, name: x if name == "it" else 0.0)([1.0, 2.0], "it") == [1.0, 2.0]
    assert vmap(lambda x, *, by: x * by)([1.0, 2.0], by=[3.0, 5.0]) == [3.0, 10.0]
    assert vmap(lambda x: (x, "it", None))([1.0, 2.0]) == ([1.0, 2.0], "it", None)
    assert vmap(lambda x: [x, [x]])([1.0, 2.0]) == [[1.0, 2.0], [[1.0], [2.0]]]         # ragged: each part by itself


@pytest.mark.slow
def test_as_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    np = pytest.importorskip("numpy")
    x = np.arange(24.0).reshape(2, 3, 4)
    for in_axes in range(-3, 3):
        for out_axes in range(-3, 3):
            theirs = jax.vmap(lambda v: v * 2, in_axes, out_axes)(x)
            assert np.array_equal(vmap(lambda v: [[2 * e for e in row] for row in v], in_axes, out_axes)(x), theirs)


def parts(x):
    """A number, a list, and a matrix from a row of numbers, in a dict."""
    return {"sum": x[0] + x[-1], "twice": [2 * v for v in x], "matrix": [[v, v] for v in x]}


# Shapes of an argument without samples, the axes, and the shapes of the results: jax.vmap's, as `parts` by jax.numpy
NONE = [((0, 3), 0, 0, [(0,), (0, 3), (0, 3, 2)]), ((3, 0), 1, 0, [(0,), (0, 3), (0, 3, 2)]),
        ((0, 3), 0, -1, [(0,), (3, 0), (3, 2, 0)]), ((3, 0), -1, 0, [(0,), (0, 3), (0, 3, 2)])]


@every_way
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("sizes, in_axes, out_axes, expected", NONE)
def test_of_no_samples_results_have_the_shape_of_none(way, compiled, sizes, in_axes, out_axes, expected):
    np = pytest.importorskip("numpy")
    f = vmap(parts, in_axes, out_axes)
    found = (way.jit(f) if compiled else f)(np.zeros(sizes))
    assert [x.shape for x in found.values()] == expected and {x.dtype for x in found.values()} == {np.dtype(float)}


@pytest.mark.slow
def test_of_no_samples_as_jax():
    jax, np = pytest.importorskip("jax"), pytest.importorskip("numpy")

    def theirs(x):
        return {"sum": x[0] + x[-1], "twice": 2 * x, "matrix": jax.numpy.stack([x, x], 1)}
    for sizes, in_axes, out_axes, expected in NONE:
        found = jax.vmap(theirs, in_axes, out_axes)(np.zeros(sizes))
        assert [found[name].shape for name in ("sum", "twice", "matrix")] == expected
    for sizes in ((0, 4), (4, 0), (0, 0)):
        for axis in (0, 1):
            assert (vmap(vmap(lambda x: x * x), axis)(np.zeros(sizes)).shape
                    == jax.vmap(jax.vmap(lambda x: x * x), axis)(np.zeros(sizes)).shape)


def test_no_samples_in_transforms_and_beside_what_all_share():
    np = pytest.importorskip("numpy")
    none = np.zeros((0, 2))
    assert vmap(grad(dot), (None, 0))([1.0, 2.0], none).shape == (0, 2)
    assert vmap(lambda x, *, y: x[0] * y)(none, y=np.zeros(0)).shape == (0,)
    assert vmap(vmap(lambda x: x * x))(np.zeros((3, 0))).shape == (3, 0)
    assert grad(lambda w: w * w + len(vmap(lambda x: w * x[0])(none)))(3.0) == 6.0
    for f, said in ((vmap(dot, (0, 0)), "got 0 and 3"), (vmap(dot, out_axes=None), "at least one sample")):
        with pytest.raises(ValueError, match=said):
            f(none, none if "one" in said else np.zeros((3, 2)))
    with pytest.raises(ValueError, match="an empty list does not tell"):
        vmap(dot)(none, [])


@pytest.mark.parametrize("call, error, said", [
    (lambda: vmap(3), TypeError, "vmap takes a function, got int"),
    (lambda: vmap(abs, "0"), TypeError, "in_axes is an int, None, or a tuple"),
    (lambda: vmap(dot)([[1.0]], [[1.0], [2.0]]), ValueError, "got 1 and 2 along their axes"),
    (lambda: vmap(abs)([]), ValueError, r"give at least 1, or an array of shape \(0, ...\)"),
    (lambda: vmap(abs, None)(1.0), ValueError, "none with an axis"),
    (lambda: vmap(dot, (0,))([[1.0]], [[1.0]]), ValueError, "1 in_axes for 2 arguments"),
    (lambda: vmap(abs)(1.0), ValueError, "1.0 is one number without an axis 0; write in_axes=None"),
    (lambda: vmap(abs)(Value(1.0)), ValueError, "one number without an axis"),
    (lambda: vmap(abs, 1)([1.0, 2.0]), ValueError, r"no axis 1 in shape \(2,\)"),
    (lambda: vmap(abs, out_axes=1)([1.0, 2.0]), ValueError, r"no axis 1 in shape \(\)"),
    (lambda: vmap(abs, out_axes=None)([1.0, 2.0]), ValueError, "the same for all samples"),
    (lambda: vmap(lambda m: 1.0)(nn.Linear(1, 1)), TypeError, "Linear, a Module; write in_axes=None"),
    (lambda: vmap(lambda s: 1.0)({1.0, 2.0}), TypeError, r"\(set\)"),
    (lambda: vmap(lambda x: [1.0] * int(x))([1.0, 2.0]), ValueError, r"shapes \(1,\) and \(2,\)"),
    (lambda: vmap(lambda x: (x,) * int(x))([1.0, 2.0]), ValueError, "results of samples differ"),
    (lambda: vmap(abs, ("x",))([1.0]), TypeError, "expected an int or None as axis"),
    (lambda: vmap(abs, ((0, 0),))((1.0,)), ValueError, "2 axes for 1 parts"),
    (lambda: vmap(abs, 1)([[1.0], [2.0, 3.0]]), ValueError, "ragged"),
])
def test_bad_input(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_a_result_that_all_samples_share():
    """out_axes=None: equal numbers, nan among them, or one Value; -1 is the place behind the last axis."""
    assert vmap(lambda x: 3.0, out_axes=None)([1.0, 2.0]) == 3.0
    assert math.isnan(vmap(lambda x: math.nan, out_axes=None)([1.0, 2.0]))
    with pytest.raises(ValueError, match="the same for all samples"):
        vmap(lambda x: math.nan if x > 1 else 0.0, out_axes=None)([1.0, 2.0])
    with pytest.raises(ValueError, match="the same for all samples"):
        vmap(lambda x: Value(1.0), out_axes=None)([1.0, 1.0])
    assert vmap(lambda x: [x, 2 * x], out_axes=-1)([1.0, 2.0, 3.0]) == [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]
    with pytest.raises(ValueError, match="axis 2"):
        vmap(lambda x: [x, 2 * x], out_axes=2)([1.0, 2.0])
