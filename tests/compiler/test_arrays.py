"""Arrays through compiled functions: the bits of lists, whatever their memory looks like; new arrays; many threads."""
import array
import gc
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from microgradx import Value, dot, exp, grad, hessian, jit, nn, relu, scan, sin, square, sum, tanh, value_and_grad, vmap

from ..budget import budget
from ..compiled import every_way, needs_llvmlite

np = pytest.importorskip("numpy")


def network(w, b, x):
    """A layer with its sum of squares: w (m, n), b (m), x (n)."""
    return sum([square(tanh(dot(row, x) + c)) for row, c in zip(w, b)])


def rosenbrock(v):
    return sum([100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(v)])


RNG = np.random.default_rng(1)
SMALL = RNG.normal(size=(2, 3)), RNG.normal(size=2), RNG.normal(size=3)
LARGE = RNG.normal(size=(20, 30)), RNG.normal(size=20), RNG.normal(size=30)     # loops


def same(a, b):
    """Numbers with the same bits in the same shape, in arrays and nested lists."""
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def lists(args):
    return [a.tolist() for a in args]


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("args", [SMALL, LARGE], ids=["small", "large"])
def test_arrays_give_the_bits_of_lists(way, args):
    for transform in (value_and_grad(network, (0, 1, 2)), grad(network, 1), hessian(network, 2)):
        f = way.jit(transform)
        expected = f(*lists(args))
        for _ in range(3):                                      # the general way and the exact one
            found = f(*args)
            if isinstance(found, tuple) and isinstance(found[0], float):
                assert found[0] == expected[0]
                found, wanted = found[1], expected[1]
            else:
                wanted = expected
            parts = zip(found, wanted) if isinstance(found, tuple) else [(found, wanted)]
            for a, b in parts:
                assert type(a) is np.ndarray and a.dtype == float and a.flags.writeable and a.flags.c_contiguous
                assert same(a, b)


def shifted(a):
    """The same numbers, at an address that no float64 would have."""
    memory = np.zeros(a.nbytes + 1, np.int8)
    found = memory[1:].view(float).reshape(a.shape)
    found[:] = a
    assert not found.flags.aligned or not a.size
    return found


def read_only(a):
    found = a.copy()
    found.flags.writeable = False
    return found


FORMS = {"as it is": lambda a: a, "F order": np.asfortranarray, "strides": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
         "negative strides": lambda a: a[::-1].copy()[::-1], "byte-swapped": lambda a: a.astype(">f8"),
         "misaligned": shifted, "read-only": read_only, "a view": lambda a: np.stack([a, a])[1],
         "a broadcast": lambda a: np.broadcast_to(a, (2, *a.shape))[1], "a subclass": lambda a: a.view(Own),
         "memoryview": memoryview, "with metadata": lambda a: a.astype(np.dtype(float, metadata={"unit": "m"}))}


class Own(np.ndarray):
    """A class of the user's."""


@needs_llvmlite
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("args", [SMALL, LARGE], ids=["small", "large"])
def test_whatever_the_memory_of_an_array_looks_like(form, args):
    f = jit(value_and_grad(network, (0, 1, 2)))
    y, slopes = f(*args)
    given = [FORMS[form](a) for a in args]
    before = [np.array(a) for a in given]
    for _ in range(2):
        found, parts = f(*given)
        assert found == y and all(map(same, parts, slopes))
    assert all(map(same, given, before)) and len(f.variants) == 1


@needs_llvmlite
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "int8", "uint16", "longdouble"])
def test_other_numbers_are_converted(dtype):
    f, x = jit(value_and_grad(lambda x: sum([square(a) for a in x]))), np.array([0, 1, 1, 0]).astype(dtype)
    for given in (x, x[::-1]):
        y, slope = f(given)
        assert y == 2.0 and slope.dtype == float and slope.tolist() == (2.0 * given).tolist()
    assert len(f.variants) == 1                                 # ints in an array are numbers, not structure


@every_way
def test_arrays_of_no_numbers_of_one_and_of_the_standard_library(way):
    f = way.jit(value_and_grad(lambda x, y: sum([sum(x), y * y]), (0, 1)))
    y, (a, b) = f(np.zeros(0), np.array(3.0))
    assert (y, a.shape, float(b)) == (9.0, (0,), 6.0)
    y, (a, b) = f(array.array("d", [1.0, 2.0]), 3.0)
    assert (y, a.tolist(), b) == (12.0, [1.0, 1.0], 6.0)
    assert way.jit(value_and_grad(lambda x: sum([sum(row) for row in x])))(np.zeros((3, 0)))[1].shape == (3, 0)


@every_way
@pytest.mark.parametrize("bad, said", [(np.array([1j]), "complex128"), (np.array(["1"]), "U1"),
                                       (np.array([None]), "object"), (np.ma.array([1.0], mask=[True]), "masked")])
def test_what_is_no_number_is_refused(way, bad, said):
    f = way.jit(value_and_grad(sum))
    f(np.ones(1))
    with pytest.raises(TypeError, match=said):
        f(bad)
    assert f(np.ones(1))[0] == 1.0


MASKS = [np.array([[False, True], [False, False]]), np.array([[False, False], [True, False]])]


@every_way
def test_bools_choose_and_are_no_numbers(way):
    """As in lists and in eager code: a mask of attention was added to its scores as 0 or 1."""
    attention = nn.MultiheadAttention(2, 1)
    x = np.array([[0.1, 0.2], [0.3, -0.4]])

    def looked(x, mask):
        return attention(x, x, x, attn_mask=mask, need_weights=False)[0]

    compiled, named = way.jit(looked), way.jit(lambda x, options: looked(x, **options))
    for mask in (*MASKS, MASKS[0]):
        expected = [[v.data for v in row] for row in looked(x.tolist(), mask.tolist())]
        for given in (mask, memoryview(mask)):
            assert np.allclose(compiled(x, given), expected, rtol=1e-14)
            assert np.allclose(named(x, {"mask": given}), expected, rtol=1e-14)
    rows = way.jit(vmap(looked))(np.stack([x, x]), np.stack(MASKS))
    assert np.allclose(rows, [compiled(x, mask) for mask in MASKS], rtol=1e-14)
    assert way.jit(lambda x, chosen: sum([a for a, c in zip(x, chosen) if c]))(x[0], np.array([True, False])) == 0.1
    with pytest.raises(TypeError, match=r"True \(bool\) in an argument to differentiate by"):
        way.jit(grad(lambda x: x[0] * 2.0))(np.array([True, False]))


@every_way
def test_another_shape_is_another_program(way):
    f = way.jit(value_and_grad(lambda x: sum([sum(row) for row in x])))
    for sizes in ((2, 3), (3, 2), (6, 1), (2, 3)):
        assert f(np.ones(sizes))[1].shape == sizes
    assert len(f.variants) == 3


@every_way
def test_arrays_anywhere_in_the_arguments(way):
    def loss(params, data, scale=1.0):
        return sum([square(dot(params["w"], x) - y) for x, y in data]) * scale + params["b"][0] ** 2
    params = {"w": np.array([1.0, 2.0]), "b": [np.array([0.5, 7.0]).tolist()[0]]}
    data = [(np.array([1.0, 0.0]), 1.5), (np.array([0.0, 1.0]), 2.5)]
    f = way.jit(value_and_grad(loss))
    for _ in range(2):
        y, slopes = f(params, data, scale=2.0)
        assert y == 1.25 and slopes["w"].tolist() == [-2.0, -2.0] and np.asarray(slopes["b"]).tolist() == [1.0]
    flat = way.jit(value_and_grad(lambda ws, pair: dot(ws[0], pair[0]) + sum(ws[1]), 0))
    for _ in range(3):
        y, (a, b) = flat([np.array([1.0, 2.0]), np.array([3.0])], (np.array([5.0, 6.0]), "x"))
        assert (y, a.tolist(), b.tolist()) == (20.0, [5.0, 6.0], [1.0])


@every_way
def test_results_are_new_arrays(way):
    x = np.arange(40.0)
    f = way.jit(lambda x: (x, x, [2 * a for a in x]))
    for _ in range(2):
        a, b, c = f(x)
        a[0] = b[1] = 100.0
        assert x[0] == 0 and x[1] == 1 and b[0] == 0.0 and c.tolist() == (2 * x).tolist()


@every_way
def test_lists_come_back_as_arrays_where_that_is_wanted(way):
    f = way.jit(lambda x: {"rows": [[a, 2 * a] for a in x], "pair": (x[0], x[1])}, arrays=True)
    for _ in range(2):
        found = f([1.0, 2.0])
        assert found["rows"].tolist() == [[1.0, 2.0], [2.0, 4.0]] and found["pair"] == (1.0, 2.0)


@pytest.mark.slow
@every_way
def test_the_gradient_by_a_module(way):
    model = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 2))
    x = RNG.normal(size=20)
    def loss(model, x):
        return sum([square(y) for y in model(x)])
    y, slopes = value_and_grad(loss)(model, x.tolist())
    for f, given in [(way.jit(value_and_grad(loss)), x), (way.jit(value_and_grad(loss), arrays=True), x.tolist())]:
        for _ in range(2):
            found, parts = f(model, given)
            assert found == pytest.approx(y) and list(parts) == list(slopes)
            assert all(type(a) is np.ndarray and a == pytest.approx(np.array(slopes[k]), rel=1e-10, abs=1e-12)
                       for k, a in parts.items())


@needs_llvmlite
def test_a_module_is_looked_at_in_every_call():
    """Its parameters, their numbers, its attributes, another one of the same kind, a transform around it."""
    model, other = nn.Linear(2, 1), nn.Linear(2, 1)
    x, f = np.array([1.0, 2.0]), jit(lambda model, x: model(x)[0])
    assert f(model, x) == f(model, x) == pytest.approx(model(x.tolist())[0].data)
    model.weight[0][0].data = 5.0
    assert f(model, x) == pytest.approx(model(x.tolist())[0].data)
    model.weight[0][0] = Value(7.0)
    assert f(model, x) == pytest.approx(model(x.tolist())[0].data)
    assert f(other, x) == pytest.approx(other(x.tolist())[0].data) != f(model, x)
    slope = grad(lambda model: f(model, x.tolist()))(model)
    assert slope["bias"] == [1.0]


@needs_llvmlite
def test_parameters_that_are_closed_over():
    model, x = nn.Linear(10, 3), np.ones(10)
    f = jit(lambda x: [square(y) for y in model(x)])
    for number in (0.5, 2.0):
        for p in model.parameters():
            p.data = number
        assert f(x).tolist() == [(11 * number) ** 2] * 3


@every_way
def test_more_arrays_than_machine_code_has_regions(way):
    xs = [np.array([float(k), 1.0]) for k in range(140)]
    f = way.jit(value_and_grad(lambda xs: sum([a * a * b for a, b in xs])))
    for _ in range(2):
        y, slopes = f(xs)
        assert y == float(np.sum(np.arange(140.0) ** 2))
        assert [s.tolist() for s in slopes] == [[2 * a, a * a] for a, _ in xs]


@pytest.mark.sweep(997)
@every_way
def test_a_pickled_function_takes_arrays(way):
    f = way.jit(value_and_grad(network, (0, 1)))
    expected = f(*LARGE)
    g = pickle.loads(pickle.dumps(getattr(f, "compiled", f)))
    found = g(*LARGE)
    assert found[0] == pytest.approx(expected[0]) and all(map(np.allclose, found[1], expected[1]))


@pytest.mark.slow
@every_way
def test_an_index_outside_of_its_table(way):
    from microgradx import take
    f = way.jit(lambda table, i: take(table, i[0]))
    assert f(np.arange(3.0), np.array([2.0])) == 2.0
    for table in (3, 600):
        for _ in range(2):
            with pytest.raises(IndexError):
                f(np.arange(float(table)), np.array([600.0]))
        assert f(np.arange(float(table)), np.array([2.0])) == 2.0


# Threads, memory -----------------------------------------------------------------------------------------------------

def deep(x):
    """A program that runs without the interpreter lock."""
    for _ in range(60):
        x = [tanh(a + 0.1 * b) for a, b in zip(x, x[1:] + x[:1])]
    return sum([exp(-a) * sin(a) for a in x])


def steps(x):
    """A scan whose step is a kernel with memory of its own."""
    def step(y, a):
        y = [tanh(b + a * c) for b, c in zip(y, y[1:] + y[:1])]
        return y, y[0]
    y, firsts = scan(step, [a * 0.5 for a in x], x)
    return sum(y) + sum(firsts)


@pytest.mark.slow
@needs_llvmlite
@pytest.mark.parametrize("f", [rosenbrock, deep, steps], ids=["small", "without the lock", "scan"])
def test_threads_call_one_function_at_once(f):
    """1,000 calls in 8 threads, each on numbers of its own: the bits of one thread."""
    f = jit(value_and_grad(f))
    xs = [RNG.normal(size=100) for _ in range(10)]
    expected = [f(x) for x in xs]

    def work(k):
        y, slope = f(xs[k % 10] if k % 3 else np.asfortranarray(xs[k % 10])[::1])
        return y == expected[k % 10][0] and same(slope, expected[k % 10][1])
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(1000)))
    finally:
        sys.setswitchinterval(before)


@pytest.mark.slow
@needs_llvmlite
@pytest.mark.parametrize("n", [5, 100])
def test_no_call_leaves_anything_behind(n):
    f = jit(value_and_grad(lambda x, w: rosenbrock(x) + w["a"][0] * x[0] if isinstance(w, dict) else rosenbrock(x)))
    g = jit(lambda x: {"x": x, "y": [relu(a) for a in x], "n": (x[0], [x[1]])})
    x, number = np.arange(float(n)), np.dtype(float)
    for call in (lambda: f(x.copy(), 1.0), lambda: g(x.copy()), lambda: f(x.copy(), {"a": x.copy()})):
        for _ in range(10):
            call()
        gc.collect()
        before, held = sys.getallocatedblocks(), sys.getrefcount(number)
        for _ in range(budget(10_000)):
            call()
        gc.collect()
        assert sys.getallocatedblocks() - before < 500
        # of 10,000 calls; numpy's own empty() forgets one each time (2.4)
        assert sys.getrefcount(number) - held < 50 or f.__call__ == f._general
