"""jit(vmap(f)): the numbers of a loop over samples, the same bits in any number of threads."""
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from microgradx import Value, dot, exp, grad, hessian, jit, nn, scan, sin, square, sum, take, tanh, value_and_grad, vmap

from ..budget import budget
from ..compiled import every_way, needs_llvmlite

np = pytest.importorskip("numpy")
RNG = np.random.default_rng(2)


@pytest.fixture(autouse=True)
def _the_same_numbers_in_any_order():
    RNG.bit_generator.state = np.random.default_rng(2).bit_generator.state


def pair(w, x, y):
    return square(tanh(dot(w, x)) - y) + exp(-y) * w[0]


def long(w, x, y):
    """More edges than lanes take."""
    for _ in range(120):
        x = [sin(a + w[0] * b) for a, b in zip(x, x[1:] + x[:1])]
    return dot(x, x) * y


def leaves(tree):
    if isinstance(tree, (list, tuple)):
        return [x for branch in tree for x in leaves(branch)]
    return [x for key in tree for x in leaves(tree[key])] if isinstance(tree, dict) else [tree]


def batch(count):
    return RNG.normal(size=3), RNG.normal(size=(count, 3)), RNG.normal(size=count)


AXES = (None, 0, 0)


@every_way
@pytest.mark.parametrize("f", [pair, long])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 33])
def test_the_numbers_of_a_loop(way, f, count):
    if f is long and way.name == "python" and count > 3:
        pytest.skip("generated Python takes long")
    w, x, y = batch(count)
    for g in (f, value_and_grad(f, (0, 1, 2))):
        compiled = way.jit(vmap(g, AXES))
        one = way.jit(g)
        rows = [leaves(one(w, x[i], float(y[i]))) for i in range(count)]
        for _ in range(2):
            found = leaves(compiled(w, x, y))
            for k, column in enumerate(found):
                assert type(column) is np.ndarray and len(column) == count
                for i, row in enumerate(rows):
                    assert np.allclose(column[i], row[k], rtol=1e-11, atol=1e-13)


@every_way
@pytest.mark.parametrize("much, lane", [(0, 1000), (0, 0), (150, 0)])
def test_many_samples_within_a_function_are_a_loop(way, much, lane, monkeypatch):
    """Each step is a sample, in a lane or not, or a block of some samples."""
    def total(w, x, y):
        return sum(vmap(pair, AXES)(w, x, y))

    def nested(w, x, y):
        found = vmap(lambda w, d, y, scale=1.0: {"a": [square(d["x"][0]), w[0] * y], "b": (y * scale, "text")},
                     (None, {"x": 0}, 0), {"a": 1, "b": 0})(w, {"x": x}, y, scale=y)
        return found, sum(found["a"][1]) * w[1]

    def slopes(w, x, y):
        return vmap(value_and_grad(pair), AXES)(w, x, y)
    args = batch(71)
    monkeypatch.setattr("microgradx.compiler.trace.tracer.MANY", 20)
    monkeypatch.setattr("microgradx.compiler.trace.scan.MUCH", much)
    monkeypatch.setattr("microgradx.compiler.trace.scan.LANE", lane)
    for f in (value_and_grad(total, (0, 1, 2)), nested, slopes):
        compiled = way.jit(f)
        for a, b in zip(leaves(compiled(*args)), leaves(f(*args)), strict=True):
            assert a == b if isinstance(b, str) else np.allclose(a, b, rtol=1e-11, atol=1e-13)
        assert compiled.report().scans and not compiled.report().unrolled


def test_samples_that_are_not_alike_within_a_function(monkeypatch):
    monkeypatch.setattr("microgradx.compiler.trace.tracer.MANY", 3)
    drawn = Value(0.0)

    def counting(x):
        drawn.data += 1.0
        return 2 * x
    f = jit(lambda xs: sum(vmap(counting)(xs)), backend="python")
    assert f([1.0, 2.0, 3.0, 4.0, 5.0]) == 30.0 and drawn.data == 5.0
    assert f.report().unrolled == ("f sets or draws a number",)


@pytest.mark.slow
@needs_llvmlite
@pytest.mark.parametrize("f, count", [(pair, 1001), (long, 23)])
def test_the_bits_do_not_depend_on_the_number_of_threads(f, count):
    args = batch(count)
    g = value_and_grad(f, (0, 1, 2))
    expected = [a.tobytes() for a in leaves(jit(vmap(g, AXES), threads=1)(*args))]
    for threads in (None, 2, 3, 7, 8, 100):
        assert [a.tobytes() for a in leaves(jit(vmap(g, AXES), threads=threads)(*args))] == expected
    parts = jit(vmap(g, AXES))
    w, x, y = args
    first = [a.tobytes() for a in leaves(parts(w, x[:9], y[:9]))]
    assert first == [a[:9].copy().tobytes() for a in leaves(parts(*args))]


@pytest.mark.sweep(997)
@needs_llvmlite
@pytest.mark.parametrize("f", [pair, long])
def test_strict_has_the_bits_of_eager_code(f):
    w, x, y = batch(5)
    g = value_and_grad(f, (0, 1, 2))
    found = leaves(jit(vmap(g, AXES), strict=True)(w, x, y))
    for i in range(5):
        row = leaves(g(w.tolist(), x[i].tolist(), float(y[i])))
        flat = [float(v) for a in found for v in np.atleast_1d(a[i])]
        assert flat == row


@every_way
def test_lists_give_lists(way):
    f = way.jit(vmap(lambda w, x: [w * x[0], x[1]], (None, 0)))
    assert f(2.0, [[1.0, 2.0], [3.0, 4.0]]) == [[2.0, 2.0], [6.0, 4.0]]
    assert type(f(2.0, np.ones((4, 2)))) is np.ndarray


@every_way
def test_other_transforms_and_nestings(way):
    x = RNG.normal(size=(6, 2))
    f = way.jit(vmap(hessian(lambda v: v[0] ** 2 * v[1])))
    assert np.allclose(f(x), [[[2 * b, 2 * a], [2 * a, 0]] for a, b in x])
    g = way.jit(vmap(lambda p: {"s": p["a"] + sum(p["b"]), "n": (p["b"][0], 1.0)}))
    for _ in range(2):
        found = g({"a": x[:, 0].copy(), "b": x})
        assert np.allclose(found["s"], x[:, 0] + x.sum(1)) and found["n"][0].tolist() == x[:, 0].tolist()
        assert found["n"][1].tolist() == [1.0] * 6


@every_way
def test_what_has_no_program_of_one_sample_is_compiled_all_at_once(way):
    x = RNG.normal(size=(2, 3))
    for f in (vmap(sum, 1), vmap(lambda v: [2 * a for a in v], out_axes=1)):
        assert np.allclose(np.asarray(way.jit(f)(x)), np.asarray(f(x)))
    with pytest.raises(ValueError, match="one number of samples"):
        way.jit(vmap(dot))(np.ones((2, 3)), np.ones((3, 3)))


@every_way
def test_a_scan_of_each_sample(way):
    def f(w, x):
        return scan(lambda y, a: (tanh(w * y + a), y), 0.0, x)[0]
    x = RNG.normal(size=(9, 30))
    y, slopes = way.jit(vmap(value_and_grad(f), (None, 0)))(0.7, x)
    for i, row in enumerate(x):
        value, slope = value_and_grad(f)(0.7, row.tolist())
        assert y[i] == pytest.approx(value) and slopes[i] == pytest.approx(slope)


@every_way
def test_a_module_and_closures_are_shared(way):
    model, w, x = nn.Linear(3, 2), Value(2.0), RNG.normal(size=(9, 3))
    f = way.jit(vmap(lambda model, x: sum(model(x)) * w, (None, 0)))
    for number in (1.0, 3.0):
        w.data = model.weight[0][0].data = number
        expected = [(sum(model(row.tolist())) * w).data for row in x]
        assert np.allclose(f(model, x), expected)
    assert np.allclose(grad(lambda model: sum(f(model, x.tolist())))(model)["bias"], [27.0, 27.0])


@pytest.mark.slow
@needs_llvmlite
def test_a_large_network_in_lanes_has_the_same_bits_for_any_number_of_samples():
    """Few, a vector, one more, many; in any number of threads; what only weights make is the same in all lanes."""
    model = nn.Sequential(nn.Linear(40, 60), nn.Tanh(), nn.Linear(60, 3))
    x, y = RNG.normal(size=(50, 40)), RNG.normal(size=50)

    def f(model, x, y):
        return [*[a * y for a in model(x)], dot(model[0].weight[0], model[0].weight[1])]
    every = jit(vmap(f, AXES))(model, x, y)
    assert np.allclose(every[::7], [[v.data for v in f(model, x[k].tolist(), y[k])] for k in range(0, 50, 7)])
    for threads, counts in ((None, (1, 3, 4, 5, 16, 17)), (3, (5, 50))):
        found = jit(vmap(f, AXES), threads=threads)
        for count in counts:
            assert found(model, x[:count], y[:count]).tobytes() == every[:count].tobytes()
    model[0].weight[0][0].data += 1.0
    assert not np.allclose(found(model, x, y)[:, 0], every[:, 0])


@every_way
def test_tables_are_looked_up(way):
    f = way.jit(vmap(take, (None, 0)))
    assert f(np.arange(5.0), np.array([3, 1, 1])).tolist() == [3.0, 1.0, 1.0]
    with pytest.raises(IndexError):
        f(np.arange(5.0), np.array([3, 5, 1]))


@pytest.mark.sweep(997)
@needs_llvmlite
@pytest.mark.parametrize("f, count", [(pair, 64), (long, 8)])
def test_samples_in_many_threads_at_once(f, count):
    compiled = jit(vmap(value_and_grad(f, (0, 1, 2)), AXES), threads=2)
    args = [batch(count) for _ in range(5)]

    def bits(k):
        return [a.tobytes() for a in leaves(compiled(*args[k % 5]))]
    expected = [bits(k) for k in range(5)]
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected[k % 5] for k, found in enumerate(pool.map(bits, range(budget(200)))))


@every_way
def test_it_is_not_pickled_in_silence(way):
    f = jit(vmap(tanh), backend=way.backend)
    f(np.ones(3))
    with pytest.raises(pickle.PicklingError, match="write vmap there"):
        pickle.dumps(f)
    assert f.f is not None and repr(f).startswith("jit(")
