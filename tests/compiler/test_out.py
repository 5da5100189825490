"""jit(f)(x, out=...): results in the caller's arrays, in every way, and what is refused, before anything is written."""
import array
import sys
from typing import NamedTuple

import pytest

from microgradx import Value, dot, exp, grad, jit, nn, sin, square, take, tanh, value_and_grad, vmap

from ..budget import sweep
from ..compiled import every_way, native_ways, needs_llvmlite

np = pytest.importorskip("numpy")


class State(NamedTuple):
    y: object
    rows: object


def network(w, x):
    return sum([square(tanh(dot(row, x))) for row in w])


def nested(w, x):
    """Numbers, arrays and text, in a named tuple and a dict."""
    return State(dot(w[0], x), {"double": [[2 * v for v in row] for row in w], "last": w[-1], "text": "none"})


SMALL, LARGE = (np.arange(6.0).reshape(2, 3) / 7, np.arange(3.0)), (np.arange(240.0).reshape(12, 20) / 99, np.ones(20))
sizes = pytest.mark.parametrize("args", [SMALL, LARGE], ids=["small", "large"])


def full(*sizes):
    return np.full(sizes, -1.0)


@every_way
@sizes
def test_results_go_into_the_arrays_of_the_caller(way, args):
    w, x = args
    f, g = way.jit(value_and_grad(network, (0, 1))), way.jit(nested)
    value, slopes = f(w, x)
    for given in (args, [a.tolist() for a in args]):                # of lists, too
        for first in (None, full()):
            out = first, (full(*w.shape), full(*x.shape))
            found = f(*given, out=out)
            assert found[0] == value and found[0] is (found[0] if first is None else first)
            assert all(a is b for a, b in zip(found[1], out[1]))
            assert all(map(np.array_equal, out[1], slopes))
        out = State(full(), {"last": full(*x.shape), "double": full(*w.shape), "text": None})
        found = g(*given, out=out)
        assert type(found) is State and found.y is out.y and found.rows["double"] is out.rows["double"]
        assert list(found.rows) == ["double", "last", "text"] and found.rows["text"] == "none"
        assert np.array_equal(out.rows["double"], 2 * w) and np.array_equal(out.rows["last"], w[-1])
    assert f(w, x, out=None)[0] == value                            # as without it


@needs_llvmlite
def test_machine_code_writes_there_itself():
    f = jit(grad(network, 0))
    out = np.empty(LARGE[0].shape)
    f(*LARGE)
    for _ in range(2):
        assert f(*LARGE, out=out) is out
    memory = f._last.kernel.memory                                  # which has no room for the result
    assert len(memory) < 10 * out.size and np.array_equal(out, f(*LARGE))


@sweep(3)
@native_ways
@sizes
def test_calls_stay_in_machine_code(way, args):
    """A call with out= is a builtin function, too, and a call without it in between changes nothing."""
    from microgradx.compiler.native.layout import is_known
    w, x = args
    f = way.jit(lambda w, x: (dot(w[0], x), {"last": w[-1], "double": [[2 * v for v in row] for row in w]}, (w[1],)))
    y, double, rows = full(), full(*w.shape), (full(len(x)),)
    f(w, x)
    for out in ((y, {"double": double, "last": None}, None), (None, None, rows), (y, None, None)):
        f(w, x, out=out)
        for k in (1.0, 2.0):
            expected = f(k * w, x)
            counts = list(map(sys.getrefcount, (y, double, rows[0])))
            if is_known():
                assert type(f.compiled.__call__).__name__ == "builtin_function_or_method"
            found = f(k * w, x, out=out)
            assert float(found[0]) == expected[0] and list(found[1]) == ["last", "double"]
            assert np.array_equal(found[1]["double"], expected[1]["double"])
            assert np.array_equal(found[1]["last"], expected[1]["last"]) and np.array_equal(found[2], expected[2])
            assert (found[0] is y, found[1]["double"] is double) == (out[0] is y, out[1] is not None)
            assert (found[2][0] is rows[0]) == (out[2] is rows)
            del found
            assert list(map(sys.getrefcount, (y, double, rows[0]))) == counts


@every_way
def test_gradients_of_a_module(way):
    model = nn.Linear(2, 3)
    f = way.jit(value_and_grad(lambda model, x: sum(map(square, model(x)))))
    x, out = np.array([1.0, 2.0]), {"bias": full(3), "weight": full(3, 2)}
    value, slopes = f(model, x)
    assert f(model, x, out=(None, out))[0] == value
    assert all(np.array_equal(out[name], slopes[name]) for name in out)


@every_way
@pytest.mark.parametrize("count", [1, 3, 40])
def test_many_samples(way, count):
    x, y = np.linspace(0, 1, 2 * count).reshape(count, 2), np.linspace(1, 2, count)
    for f in (lambda x, y: dot(x, x) * y, value_and_grad(lambda x, y: exp(x[0]) * sin(x[1]) * y, (0, 1)),
              lambda x, y: {"a": take([1.0, y], 1.0), "b": [x, x]}):
        compiled = way.jit(vmap(f))
        expected = compiled(x, y)
        out = vmap_out(expected)
        found = compiled(x, y, out=out)
        same(found, out, expected)


def vmap_out(tree):
    if isinstance(tree, dict):
        return {key: vmap_out(x) for key, x in tree.items()}
    return type(tree)(map(vmap_out, tree)) if isinstance(tree, (tuple, list)) else full(*tree.shape)


def same(found, out, expected):
    if isinstance(expected, (dict, tuple, list)):
        for key in expected if isinstance(expected, dict) else range(len(expected)):
            same(found[key], out[key], expected[key])
    else:
        assert found is out and np.array_equal(found, expected)


@every_way
def test_memory_of_the_standard_library(way):
    f, x = way.jit(grad(lambda x: x[0] * x[1])), np.array([3.0, 4.0])
    out = array.array("d", [0.0, 0.0])
    assert f(x, out=out) is out and out.tolist() == [4.0, 3.0]
    assert f(x, out=memoryview(out)).tolist() == [4.0, 3.0]


@every_way
def test_a_parameter_of_that_name_stays_the_function_s(way):
    def f(x, out):
        return x * out
    assert way.jit(f)(2.0, out=3.0) == 6.0 and way.jit(lambda x, **more: x * more["out"])(2.0, out=3.0) == 6.0
    to = full()
    assert way.jit(lambda x, y: f(x, out=y))(2.0, 3.0, out=to) is to and to == 6.0


def changed(x):
    return x[::-1]


@every_way
@pytest.mark.parametrize("out, error, said", [
    (full(3), ValueError, r"out is for an array of float64 of shape \(4,\) in C order, got one of shape \(3,\)"),
    (full(4, 1), ValueError, r"of shape \(4, 1\); give numpy.empty\(\(4,\)\)"),
    (np.zeros(4, "f4"), TypeError, r"shape \(4,\).*got one of float32"),
    (np.zeros(4, int), TypeError, "one of int64"), (np.zeros(4, ">f8"), TypeError, "one of >f8"),
    (full(8)[::2], ValueError, r"one with strides \(16,\)"), (full(4)[::-1], ValueError, r"strides \(-8,\)"),
    (np.zeros(33, np.int8)[1:].view(float), ValueError, "an address between two numbers"),
    (np.broadcast_to(1.0, 4), ValueError, "strides|read-only"),
    (np.ma.zeros(4), TypeError, r"\(MaskedArray\)"), ([0.0] * 4, TypeError, r"\(list\)"),
    (1.0, TypeError, r"1.0 \(float\)"),
    ((full(4), full(4)), TypeError, r"\(tuple\)"), (memoryview(bytes(32)).cast("d"), ValueError, "read-only"),
])
def test_what_cannot_take_results_is_refused(way, out, error, said):
    f, x = way.jit(changed), np.arange(4.0)
    before = np.array(out) if hasattr(out, "shape") else None
    for good in (full(4), full(4)):                                 # by Python, then by machine code
        with pytest.raises(error, match=said):
            f(x, out=out)
        assert f(x, out=good).tolist() == f(x).tolist() == [3.0, 2.0, 1.0, 0.0]
    assert before is None or np.array_equal(before, out)


@every_way
def test_memory_that_is_read_is_refused(way):
    f, memory = way.jit(lambda x, y, z=None: (x, {"y": y})), np.arange(8.0)
    x, y = memory[:4], memory[4:].tolist()
    f(x, y, out=(full(4), {"y": full(4)}))                          # from now on by machine code
    for out, said in [((x, {"y": full(4)}), r"out\[0\], an array of shape \(4,\), shares memory with args\[0\]"),
                      ((full(4), {"y": memory[3:7]}), r"out\[1\]\['y'\], .*shares memory with args\[0\]"),
                      ((memory[4:], {"y": memory[4:]}), r"out\[0\].*shares memory with out\[1\]\['y'\]")]:
        with pytest.raises(ValueError, match=said):
            f(x, y, out=out)
    with pytest.raises(ValueError, match=r"shares memory with options\['z'\]"):
        f(x, y, z=memory[4:], out=(memory[4:], None))
    assert memory.tolist() == list(range(8))
    assert f(x, y, out=(memory[4:], None))[0].tolist() == [0.0, 1.0, 2.0, 3.0]      # y is no array


@every_way
@pytest.mark.parametrize("out, said", [
    (full(3), r"out has the nesting of the result, a State with 2, got array"), ((full(), full(2)), "State with 2"),
    (State(full(), {"double": full(2, 3)}), r"out.rows has the nesting.* dict with 'double', 'last', 'text'"),
    (State(full(), {"double": None, "last": None, "text": full(3)}), r"out.rows\['text'\] is for 'none', which is no"),
])
def test_another_nesting_is_refused(way, out, said):
    with pytest.raises(TypeError, match=said):
        way.jit(nested)(*SMALL, out=out)


@sweep(5)
@every_way
@pytest.mark.parametrize("of", [lambda f: f, vmap], ids=["one", "vmap"])
def test_an_error_leaves_them_as_they_are(way, of):
    f = way.jit(of(lambda t, i: [v * take(t, i) for v in t]))
    table, wrong = np.arange(60.0), 60.0
    if of is vmap:
        table, wrong = np.stack([table, table]), np.array([1.0, 60.0])
    out = full(*table.shape)
    with pytest.raises(IndexError, match="take"):
        f(table, wrong, out=out)
    assert (out == -1).all()
    assert f(table, 0.0 * wrong, out=out) is out and (out != -1).all()


def test_not_within_another_transform():
    f = jit(lambda x: x * x, backend="python")
    with pytest.raises(TypeError, match="within another transform"):
        grad(lambda x: f(x, out=full()))(2.0)
    assert f(Value(3.0), out=(to := full())) is to and to == 9.0


@native_ways
@pytest.mark.parametrize("of", [lambda f: f, lambda f: vmap(f, (None, 0))], ids=["one", "vmap"])
def test_single_precision(way, of):
    f, (w, x) = way.jit(of(grad(network)), dtype="float32"), SMALL
    x = x if f.compiled.samples is None else np.stack([x, x + 1])
    expected = f(w, x)
    out = np.empty(expected.shape, "float32")
    assert f(w, x, out=out) is out and np.array_equal(out, expected)
    with pytest.raises(TypeError, match=r"of float32 of shape .* one of float64; give numpy.empty.*, 'float32'"):
        f(w, x, out=np.empty(expected.shape))


def test_a_function_that_was_sent():
    import pickle
    f = jit(lambda x: [2 * v for v in x], backend="python")
    f(np.ones(3))
    out = full(3)
    assert pickle.loads(pickle.dumps(f))(np.ones(3), out=out) is out and out.tolist() == [2.0, 2.0, 2.0]
