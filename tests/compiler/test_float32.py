"""jit(f, dtype="float32"): within float32's own rounding of float64, in every way; where numpy does the same operation,
its bits."""
import copy
import math
import pickle
import random
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings

import microgradx as mg
from microgradx import Value, grad, hessian, jit, nn, scan, take, tanh, value_and_grad, vmap
from microgradx.checking.strategies import graphs
from microgradx.compiler.ir.dtype import FLOAT32
from microgradx.export import to_torch
from microgradx.nesting import leaves
from microgradx.table import TABLE, Reduction

from .. import points
from ..budget import budget, sweep
from ..compiled import STRAIGHT, as_function, identical, native_ways, needs_llvmlite
from ..rounding import bounds, wrong

pytestmark = [needs_llvmlite, pytest.mark.filterwarnings("ignore:machine code of")]
np = pytest.importorskip("numpy")

single = FLOAT32.rounded
EDGES = [0.0, -0.0, 1.0, -2.5, 0.1, math.inf, -math.inf, math.nan, 1e-45, -3e-39, 1.1754944e-38, 3e38, 2.0**24 + 1]


def is_single(x):
    return x != x or single(x) == x


def program(call):
    """The program that a function ran last."""
    return list(call.variants.values())[-1].program


# The door -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32")])
def test_floats_are_rounded_and_come_back_as_float32_numbers(dtype):
    f = jit(lambda x, y: [x, x * y], dtype=dtype)
    for _ in range(2):
        assert f(0.1, 3.0) == [single(0.1), single(single(0.1) * 3.0)]
    assert f.dtype == "float32"
    assert jit(abs).dtype == "float64"
    assert jit(lambda x: x + 0.1, dtype=np.float64)(0.0) == 0.1


def test_what_is_out_of_range_is_infinite():
    f = jit(lambda x: [x, 1 / x], dtype="float32")
    assert [f(x) for x in (1e39, -1e300, 1e-50)] == [[math.inf, 0.0], [-math.inf, -0.0], [0.0, math.inf]]
    assert f(np.float64(1e39)) == f(Value(1e39)) == [math.inf, 0.0]
    big = jit(lambda xs: [x + 1 for x in xs], dtype="float32")
    assert big(np.array([1e39, 1.0])).tolist() == big([1e39, 1.0]) == [math.inf, 2.0]


@sweep(2)
@native_ways
def test_arrays(way):
    """float32 in C order is read where it lies; all else is rounded once; results are new arrays of float32."""
    f = way.jit(value_and_grad(lambda x, w: mg.dot([a * a for a in x], w), (0, 1)), dtype="float32")
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 40))
    y, slopes = f(x.astype("f"), w.astype("f"))
    assert {a.dtype for a in slopes} == {np.dtype("float32")}
    for form in (lambda a: a, lambda a: a.astype(">f4"), lambda a: np.repeat(a.astype("f"), 2)[::2], memoryview,
                 lambda a: np.frombuffer(b"x" + a.astype("f").tobytes(), "f", offset=1)):
        again, others = f(form(x), form(w))
        assert again == y
        assert [a.tobytes() for a in others] == [a.tobytes() for a in slopes]
    lists, more = f(x.tolist(), w.tolist())
    assert (lists, more) == (y, tuple(a.tolist() for a in slopes))
    before = x.copy()
    f(x, w)
    assert (x == before).all()


def test_more_arrays_than_are_read_in_place():
    xs = [np.arange(3.0, dtype="f") for _ in range(130)]
    found = jit(lambda xs: [[2 * a for a in x] for x in xs], dtype="float32")(xs)
    assert {a.dtype for a in found} == {np.dtype("float32")}
    assert all((a == 2 * x).all() for a, x in zip(found, xs))


def test_sparse_matrices():
    pytest.importorskip("scipy")
    def chain(x):
        return mg.sum([a * a * b for a, b in pairwise(x)])
    f, x = jit(hessian(chain, sparse=True), dtype="float32"), np.linspace(0.1, 1.0, 9)
    assert f(x).dtype == "float32"
    assert np.allclose(f(x).toarray(), hessian(chain)(x), rtol=1e-6)


def test_a_tensor_of_torch():
    torch = pytest.importorskip("torch")
    x = torch.tensor([0.1, 2.0])
    found = jit(lambda x: [2 * a for a in x], dtype="float32")(x)
    assert found.dtype == "float32"
    assert found.tolist() == (2 * x).tolist()


@pytest.mark.parametrize("dtype, error", [("float16", ValueError), ("int32", ValueError), (np.int64, ValueError),
                                          (32, TypeError), (None, TypeError), (float, ValueError)])
def test_another_dtype(dtype, error):
    with pytest.raises(error, match="expected dtype 'float64' or 'float32', got"):
        jit(abs, dtype=dtype)


def test_what_makes_no_sense():
    with pytest.raises(ValueError, match="strict=True is for the bits of eager code"):
        jit(abs, dtype="float32", strict=True)
    with pytest.raises(ValueError, match=r"write .*backend='native'"):
        jit(abs, dtype="float32", backend="python")
    with mock.patch("microgradx.compiler.backends.NativeBackend.is_installed", lambda self: False), \
            pytest.raises(ValueError, match="pip install"):
        jit(abs, dtype="float32")


def test_it_is_sent_with_its_dtype():
    f = jit(value_and_grad(lambda x: mg.exp(x) / 3), dtype="float32")
    expected = f(0.1)
    sent = pickle.loads(pickle.dumps(f))
    assert (sent.dtype, sent(0.1)) == ("float32", expected)
    assert copy.copy(f) is f
    double = jit(value_and_grad(lambda x: mg.exp(x) / 3))
    double(0.1)
    assert pickle.loads(pickle.dumps(double))(0.1) == double(0.1) != expected


def test_methods_have_it_too():
    class Line:
        def __init__(self, slope):
            self.slope = Value(slope)

        def at(self, x):
            return self.slope * x
    Line.at = jit(Line.at, dtype="float32")
    assert Line(0.1).at(3.0) == single(single(0.1) * 3.0)


# Numbers ------------------------------------------------------------------------------------------------------------

def is_operation(op):
    """Whether machine code computes a row of numbers as one operation."""
    from microgradx.compiler.native.instructions import native
    return native(op, False) and not isinstance(op, Reduction)


@sweep(7)
@native_ways
@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_a_row_of_edges_is_the_nearest_float32_number(op, way):
    """Also of subnormal numbers, zeros with a sign, infinities, nan; a vector of them, and each by itself. A row with a
    form of its own is as near as the form (native/test_elementary.py); what is not finite, or 0, has no error."""
    from microgradx.compiler.native.elementary import FORMS
    if not is_operation(op):
        return                                          # other rows are made of these
    columns = [[single(x) for x in (EDGES[k:] + EDGES[:k]) * 2] for k in range(len(op.inputs))]
    rows = list(zip(*columns))
    found = way.jit(lambda *columns: [op(*xs) for xs in zip(*columns)], dtype="float32")(*columns)
    wrong = [(row, a) for row, a in zip(rows, found) if not identical(a, single(op.at(*row)))]
    assert [(row, a) for row, a in wrong if not (op.name in FORMS and near(a, single(op.at(*row))))] == []


def near(a, b):
    """Whether two numbers are at most two float32 numbers apart."""
    return 0 < abs(a - b) <= max(2 * np.spacing(np.float32(abs(b))), 2.0**-148) and a * b >= 0


def test_operators_have_the_bits_of_numpy():
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(2, 500)) * 10.0**rng.integers(-30, 30, (2, 500))).astype("f")
    with np.errstate(all="ignore"):
        for f in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b):
            expected = f(x, y)
            assert jit(vmap(f), dtype="float32")(x, y).tobytes() == expected.tobytes()
            assert jit(lambda x, y, f=f: list(map(f, x, y)), dtype="float32")(x, y).tobytes() == expected.tobytes()
        assert jit(vmap(mg.sqrt), dtype="float32")(abs(x)).tobytes() == np.sqrt(abs(x)).tobytes()


@sweep(9)
@native_ways
@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_row_with_its_gradient(op, way):
    for numbers in points.smooth(op, 4):
        f = way.jit(value_and_grad(lambda xs, op=op: op.apply(op.called(xs))), dtype="float32")
        xs = [single(float(x)) for x in numbers]
        y, slopes = f(xs)
        assert all(map(is_single, [y, *slopes]))
        assert wrong([y, *slopes], program(f), xs) == []


@pytest.mark.sweep(997)
@sweep(2)
@native_ways
def test_random_graphs(way):
    informed = [0, 0]

    @settings(max_examples=budget(25), database=None, suppress_health_check=list(HealthCheck))
    @given(graphs())
    def agrees(root):
        f, xs = as_function(root)
        xs = list(map(single, xs))
        g = way.jit(value_and_grad(f), dtype="float32")
        y, slopes = g(xs)
        assert wrong([y, *slopes], program(g), xs) == []
        known = [bound < 1e-3 * abs(y) for y, bound in bounds(program(g), xs) if y]
        informed[0] += len(known)
        informed[1] += sum(known)
    agrees()
    assert informed[1] > informed[0] / 4 or informed[0] < 20        # of many the bounds say something


def test_the_bounds_find_a_fault():
    """A product that is computed with an input four float32 numbers further."""
    f = jit(lambda x, y: x * x + y, dtype="float32")
    f(3.1, 2.0)
    p, xs = program(f), [single(3.1), 2.0]
    assert wrong([f(*xs)], p, xs) == []
    assert wrong([f(single(3.1) + 2.0**-20, 2.0)], p, xs)


# Layers, loops, samples ---------------------------------------------------------------------------------------------

def filled(model, seed=3):
    rng = random.Random(seed)
    for v in model.parameters():
        v.data = rng.gauss(0, 0.4)
    return model


MODELS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(6, 17), nn.Tanh(), nn.Linear(17, 3)), (6,)),
    "convolution": (lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(0),
                                          nn.Linear(27, 3)), (1, 8, 8)),
    "norm": (lambda: nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3)), (6,)),
}


@sweep(2)
@native_ways
@pytest.mark.parametrize("kind", MODELS)
def test_layers_beside_torch(kind, way):
    """Parameters are read rounded and stay what they are."""
    torch = pytest.importorskip("torch")
    make, sizes = MODELS[kind]
    model, x = filled(make()), np.random.default_rng(5).normal(size=sizes)
    before = [v.data for v in model.parameters()]
    g = way.jit(value_and_grad(lambda m, x, y: nn.cross_entropy(m(x), y)), dtype="float32")
    loss, slopes = g(model, x, 1)
    assert [v.data for v in model.parameters()] == before
    given = [single(v) for v in before] + [single(float(v)) for v in x.reshape(-1)]
    assert wrong([loss, *np.concatenate([np.asarray(a).reshape(-1) for a in slopes.values()]).tolist()],
                 program(g), given) == []
    other = to_torch(model).float()
    expected = torch.nn.functional.cross_entropy(other(torch.tensor(x).float())[None], torch.tensor([1]))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for key, p in other.named_parameters():
        assert np.allclose(slopes[key], p.grad.numpy(), rtol=1e-3, atol=2e-6)
    again = g(model, x, 1)
    assert again[0] == loss
    model.parameters()[-1].data += 1.0                  # seen at the next call
    assert g(model, x, 1)[0] != loss


@sweep(2)
@native_ways
def test_scans(way):
    def summed(w, xs):
        return scan(lambda c, x: (tanh(w * c) + x, c), 0.1, xs)[0]
    xs = [single(0.01 * k) for k in range(300)]
    y, (dw, dxs) = way.jit(value_and_grad(summed, (0, 1)), dtype="float32")(0.7, xs)
    expected, (slope, slopes) = value_and_grad(summed, (0, 1))(single(0.7), xs)
    assert all(map(is_single, [y, dw, *dxs]))
    assert [y, dw, *dxs] == pytest.approx([expected, slope, *slopes], rel=1e-5)


@sweep(2)
@native_ways
def test_wide_sums(way):
    """Totals in lanes err less than one total does."""
    xs = np.random.default_rng(2).normal(size=4000).astype("f")
    f = way.jit(value_and_grad(lambda xs: mg.dot(xs, xs)), dtype="float32")
    y, slopes = f(xs)
    exact = math.fsum((xs.astype(float)**2).tolist())
    assert abs(y - exact) <= 1e-5 * exact
    assert slopes.tobytes() == (2 * xs).tobytes()


@sweep(2)
@native_ways
def test_tables(way):
    f = way.jit(lambda table, i: take(table, i) * 2, dtype="float32")
    table = [0.1 * k for k in range(70)]
    assert f(table, 69.0) == 2 * single(0.1 * 69)
    for i in (70.0, -1.0, 0.5):
        with pytest.raises(IndexError):
            f(table, i)
    assert f(table, 3.0) == 2 * single(0.1 * 3)


@sweep(2)
@native_ways
def test_what_a_function_sets(way):
    """A training step: the parameter is a float32 number afterwards."""
    w = [Value(0.1 * k) for k in range(40)]

    def step(x):
        loss = mg.sum([(v * x - 1)**2 for v in w])
        for v in w:
            v.grad = 0.0
        loss.backward()
        for v in w:
            v.data -= 0.01 * v.grad
        return loss
    g = way.jit(step, dtype="float32")
    for _ in range(3):
        before = [v.data for v in w]
        g(0.3)
        for v, x in zip(w, before):
            assert is_single(v.data)
            assert v.data == pytest.approx(x - 0.01 * 2 * (x * 0.3 - 1) * 0.3, rel=1e-5, abs=1e-7)


@pytest.fixture
def few_lanes(monkeypatch, f):
    if f is long:
        monkeypatch.setattr("microgradx.compiler.training.lanes.MOST", 0)


def pair(w, x, y):
    return mg.square(tanh(mg.dot(w, x)) - y) + mg.exp(-y) * w[0]


def long(w, x, y):
    """A program for loops, where lanes take none."""
    for _ in range(20):
        x = [mg.sin(a + w[0] * b) for a, b in zip(x, x[1:] + x[:1])]
    return mg.dot(x, x) * y


@sweep(5)
@native_ways
@pytest.mark.parametrize("f", [pair, pytest.param(long, marks=pytest.mark.slow)], ids=["pair", "long"])
@pytest.mark.parametrize("count", [1, 3, 16, 33])
def test_samples_have_the_numbers_of_one_by_one(way, f, count, few_lanes):
    rng = np.random.default_rng(count)
    w, x, y = rng.normal(size=3), rng.normal(size=(count, 3)), rng.normal(size=count)
    g = value_and_grad(f, (0, 1, 2))
    values, slopes = way.jit(vmap(g, (None, 0, 0)), dtype="float32")(w, x, y)
    assert {a.dtype for a in [values, *slopes]} == {np.dtype("float32")}
    one = way.jit(g, dtype="float32")
    for i in range(count):
        found = leaves([values[i].item(), [a[i].tolist() for a in slopes]])
        given = [single(float(v)) for v in [*w, *x[i], y[i]]]
        one(w.tolist(), x[i].tolist(), float(y[i]))
        assert wrong(found, program(one), given) == []
    lists = way.jit(vmap(g, (None, 0, 0)), dtype="float32")(w.tolist(), x.tolist(), y.tolist())
    assert lists == (values.tolist(), tuple(a.tolist() for a in slopes))


@pytest.mark.slow
@pytest.mark.parametrize("f, count", [(pair, 1001), (long, 37)], ids=["pair", "long"])
def test_the_bits_do_not_depend_on_the_number_of_threads(f, count, few_lanes):
    rng = np.random.default_rng(7)
    args = rng.normal(size=3), rng.normal(size=(count, 3)), rng.normal(size=count)
    g = vmap(value_and_grad(f, (0, 1, 2)), (None, 0, 0))
    first, *others = ([a.tobytes() for a in (y, *slopes)] for y, slopes in
                      (jit(g, threads=threads, dtype="float32")(*args) for threads in (1, 2, 3, None)))
    assert all(one == first for one in others)


@pytest.mark.slow
def test_samples_of_a_module():
    model = filled(nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 2)))
    x = np.random.default_rng(0).normal(size=(21, 20))
    f = jit(vmap(lambda m, x: m(x), (None, 0)), dtype="float32")
    found, expected = f(model, x), jit(vmap(lambda m, x: m(x), (None, 0)))(model, x)
    assert np.allclose(found, expected, atol=3e-6)
    assert not (found == expected).all()
    model.parameters()[0].data += 1.0
    assert not np.allclose(f(model, x), expected, atol=1e-3)


def test_second_derivatives():
    f = jit(hessian(lambda x: tanh(x[0] * x[1]) + x[0]**3), dtype="float32")
    assert np.allclose(f([0.3, 0.5]), hessian(lambda x: tanh(x[0] * x[1]) + x[0]**3)([0.3, 0.5]), rtol=1e-5)
    assert STRAIGHT.jit(grad(lambda x: x / 2.0**-140), dtype="float32")(1e-45) == math.inf     # 2**140 is out of range
    assert jit(lambda x: x / 2.0**-140, dtype="float32")(2.0**-141) == 0.5
