"""Calls of a compiled function: which arguments go the short way, which the long one, and that nothing is leaked."""
import gc
import inspect
import math
import subprocess
import sys
import threading
import tracemalloc
import weakref
from contextlib import suppress
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, dot, exp, grad, jit, log, row, silu, softsign, take, tanh, value_and_grad
from microgradx.compiler.trace.module_snapshot import snapshot
from microgradx.nn import Linear, Module, Sequential, Tanh
from microgradx.table import TABLE

from ..budget import budget, sweep
from ..cases import NUMBERS
from ..compiled import every_way, native_ways, needs_llvmlite

BACKENDS = ["python", pytest.param("native", marks=pytest.mark.skipif(
    find_spec("llvmlite") is None, reason='llvmlite is not installed: pip install "microgradx[jit]"'))]
backends = pytest.mark.parametrize("backend", BACKENDS)


def neuron(w, x, b):
    return tanh(dot(w, x) + b)


def equal(a, b):
    """The same nesting of the same numbers; nan is nan."""
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    return a == pytest.approx(b, rel=1e-12, nan_ok=True)


@backends
def test_what_becomes_a_number_in_eager_code_becomes_it_in_compiled_code(backend):
    compiled = jit(grad(lambda x: x[0] * x[1]), backend=backend)
    for number, expected in NUMBERS:
        if not isinstance(number, (bool, np.ndarray)):
            assert equal(compiled([0.5, number]), [expected, 0.5])


# The short way -----------------------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="the short way knows the objects of CPython 3.11 to 3.13")
@pytest.mark.parametrize("source, imported", [("lambda x: x * x", False), ("lambda x: sum([x] * 600)", True)])
def test_a_small_function_does_not_wait_for_numpy(source, imported):
    """Half of the time of a first call, which the finder of loops alone needs."""
    pytest.importorskip("llvmlite")
    program = f"import sys; from microgradx import jit, sum; jit({source})(2.0); print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == f"{imported}\n"


@backends
def test_floats_in_lists_go_the_short_way(backend):
    """After the first call the general function is not asked any more."""
    f = jit(value_and_grad(neuron, (0, 1, 2)), backend=backend)
    first = f([0.3, -0.5], [1.0, 2.0], 0.1)
    assert f.__call__ is not f._general
    f.f = None                                          # nobody could trace or run it now
    assert f([0.3, -0.5], [1.0, 2.0], 0.1) == first
    assert equal(first, value_and_grad(neuron, (0, 1, 2))([0.3, -0.5], [1.0, 2.0], 0.1))


@backends
@given(st.lists(st.floats(-3, 3), min_size=7, max_size=7))
def test_the_short_way_computes_what_eager_code_does(backend, numbers):
    f = COMPILED[backend]
    args = numbers[:3], numbers[3:6], numbers[6]
    args = [list(args[0]), list(args[1]), args[2]]
    assert equal(f(*args), value_and_grad(neuron, (0, 1, 2))(*args))


COMPILED = {name: jit(value_and_grad(neuron, (0, 1, 2)), backend=name)
            for name in ("python", *(["native"] if find_spec("llvmlite") else []))}


class Float(float):
    """Not exactly a float."""


OTHERS = [
    (([1.0, 2.0], 3.0), "as it was compiled"),
    (([1, 2.0], 3.0), "an int"), (([True, 2.0], 3.0), "a bool"), (([Float(1.0), 2.0], 3.0), "a subclass"),
    (([np.float64(1.0), 2.0], np.float32(3.0)), "numpy scalars"), (([Value(1.0), 2.0], Value(3.0)), "Values"),
    (((1.0, 2.0), 3.0), "a tuple"), (([1.0, 2.0, 3.0], 3.0), "a longer list"), (([1.0], 3.0), "a shorter list"),
    (([], 3.0), "an empty list"), (([[1.0, 2.0]], 3.0), "a deeper list"), (([1.0, 2.0], [3.0]), "a list for a number"),
    ((3.0, [1.0, 2.0]), "the other way round"), (([1.0, 2.0], 3.0, 4.0), "one more"), (([1.0, 2.0],), "one fewer"),
    (([1.0, 2.0], 3), "an int for a float"), (([1.0, None], 3.0), "None"),
]


def total(*args):
    """All numbers added up, and how many; of any nesting."""
    if len(args) == 1 and not isinstance(args[0], (list, tuple)):
        return [0.0 if args[0] is None else 1.0 * args[0], 1.0]
    parts = [total(a) for a in (args if len(args) != 1 else args[0])]
    return [sum((p[0] for p in parts), 0.0), sum((p[1] for p in parts), 0.0)]


@backends
@pytest.mark.parametrize("args", [args for args, _ in OTHERS], ids=[what for _, what in OTHERS])
def test_all_other_arguments_go_the_long_way(backend, args):
    f = jit(total, backend=backend)
    f([1.0, 2.0], 3.0)
    expected = [v.data if isinstance(v, Value) else v for v in total(*args)]
    assert f(*args) == expected
    assert f(*args) == expected
    assert f([1.0, 2.0], 3.0) == [6.0, 3.0]


@backends
@pytest.mark.parametrize("static, same, others", [
    (3, 3, [4, True, "3", None]), (10**30, 10**30, [10**30 + 1]), (True, True, [1, False, "True"]),
    ("relu", "".join(["re", "lu"]), ["tanh", b"relu"]), (None, None, [0, False, ""]),
])
def test_what_is_no_number_must_be_equal_and_of_one_type(backend, static, same, others):
    f = jit(lambda x, choice: [x * 1.0, 1.0 * len(repr(choice))], backend=backend)
    assert f(2.0, static) == f(2.0, same) == [2.0, len(repr(static))]
    assert f.report().programs == 1
    for other in others:
        assert f(2.0, other) == [2.0, len(repr(other))]
        assert f(2.0, static) == [2.0, len(repr(static))]
    assert f.report().programs == 1 + len(others)


@backends
@pytest.mark.parametrize("f, args", [
    (lambda: 3.0, ()), (lambda x: x, (1.5,)), (lambda x: [], (1.0,)), (lambda x: ((), [x, (x,)]), (1.0,)),
    (lambda x, y: (y[0][1], [x[0], (y[1][0],)]), ((1.0,), [[2.0, 3.0], (4.0,)])), (lambda x: [x[0], 2, 0.0], ([1.0],)),
    (lambda x: x, ([],)), (lambda x: x, ([[], [1.0], ()],)),
])
def test_nestings(backend, f, args):
    compiled = jit(f, backend=backend)
    assert compiled(*args) == compiled(*args) == f(*args)
    assert compiled.__call__ != compiled._general


def test_it_has_name_docstring_and_signature_of_the_function():
    f = jit(neuron)
    assert (f.__name__, f.__doc__, str(inspect.signature(f))) == ("neuron", None, "(w, x, b)")


@backends
def test_results_of_many_numbers_go_the_long_way_and_of_a_dict_in_python(backend):
    python = backend == "python"
    for f, x, long in [(lambda x: {"a": x}, 1.0, python), (lambda x: x, [1.0] * 300, python),
                       (lambda x: [2 * v for v in x], [1.0] * 5000, True), (lambda x: x, [[1.0] * 2] * 150, True)]:
        compiled = jit(f, backend=backend)
        assert compiled(x) == compiled(x) == f(x)
        assert (compiled.__call__ == compiled._general) is long


@backends
def test_edges_where_python_raises(backend):
    f = jit(value_and_grad(lambda x: 1 / x + log(x)), backend=backend)
    for x in (1.0, 0.0, -0.0, -1.0, math.inf, math.nan, 5e-324):
        for _ in range(2):
            assert equal(f(x), value_and_grad(lambda x: 1 / x + log(x))(x)), x


@backends
def test_an_index_outside_of_its_table_raises_on_the_short_way_too(backend):
    f = jit(lambda table, i: take(table, i) * 2, backend=backend)
    assert f([1.0, 2.0], 1.0) == f([1.0, 2.0], 1.0) == 4.0
    for i in (2.0, -1.0, 0.5, math.nan):
        with pytest.raises(IndexError, match="whole number"):
            f([1.0, 2.0], i)
    assert f([1.0, 2.0], 0.0) == 2.0


@backends
def test_a_row_that_is_called_back(backend):
    bump = row("bump_of_calls", math.gamma, lambda y, x: y)
    try:
        f = jit(lambda x: bump(x) + 1, backend=backend)
        assert f(5.0) == f(5.0) == 25.0
        assert f(0.0) == bump(0.0) + 1 or math.isnan(f(0.0))
    finally:
        del TABLE["bump_of_calls"]


@backends
def test_within_a_transform_it_is_differentiated(backend):
    f = jit(lambda x: x**3, backend=backend)
    assert f(2.0) == f(2.0) == 8.0                      # the short way is there now
    assert grad(f)(2.0) == 12.0
    assert grad(lambda x: f(x) * f(2.0))(2.0) == 96.0
    assert jit(value_and_grad(lambda x: f(x) * f(2.0)), backend=backend)(2.0) == (64.0, 96.0)


@backends
def test_a_closure_is_read_at_each_call(backend):
    w = Value(2.0)
    f = jit(lambda x: w * x, backend=backend)
    assert f(3.0) == f(3.0) == 6.0
    w.data = 5.0
    assert f(3.0) == 15.0


@backends
def test_threads(backend):
    f = jit(value_and_grad(neuron, (0, 1, 2)), backend=backend)
    xs = [([k / 7, -0.5], [1.0, k / 3], 0.1 * k) for k in range(20)]
    expected = [f(*x) for x in xs]
    wrong = []

    def run():
        for _ in range(200):
            wrong.extend(x for x, y in zip(xs, expected) if f(*x) != y)
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Memory ------------------------------------------------------------------------------------------------------------

@pytest.mark.slow
@backends
def test_no_reference_is_kept_or_lost(backend):
    """Neither of the arguments nor of the results, whichever way a call goes."""
    f = jit(lambda w, x, n, s: ([w[0] * x, w[1]], (x, w[0])), backend=backend)
    w, x, n, s = [1.5, 2.5], 3.25, 10**20, "a choice"
    kept = [w, w[0], w[1], x, n, s, f]
    f(w, x, n, s)

    def counts(calls):
        for _ in range(calls):
            y = f(w, x, n, s)                               # the short way
            with suppress(TypeError):
                f(w, x, n, {s})                             # refused at the last argument, after the others were read
        gc.collect()
        return [*map(sys.getrefcount, kept), *map(sys.getrefcount, (y, y[0], y[1], y[0][0], y[1][1]))]
    assert counts(1) == counts(500)


@pytest.mark.slow
@backends
def test_memory_does_not_grow(backend):
    f = jit(value_and_grad(neuron, (0, 1, 2)), backend=backend)
    indexed = jit(take, backend=backend)
    w, x = [0.3, -0.5], [1.0, 2.0]

    def calls(n):
        for _ in range(n):
            f(w, x, 0.1)
            f(w, x, 1)
            with suppress(IndexError):
                indexed(w, 7.0)
    def held():
        gc.collect()                        # Python also keeps freed tuples for later, 2000 of a length: they go, too
        return tracemalloc.get_traced_memory()[0]
    calls(50)
    tracemalloc.start()
    calls(50)
    held_by = [held()]
    for _ in range(4):
        calls(500)
        held_by.append(held())
    tracemalloc.stop()
    grown = [after - before for before, after in pairwise(held_by)]
    assert min(grown) < 5000, grown                         # a float a call would be 12,000 each time


@pytest.mark.slow
@sweep(2)
@backends
def test_a_compiled_function_is_collected(backend):
    f = jit(neuron, backend=backend)
    f([0.3], [1.0], 0.1), f([0.3], [1.0], 0.1)
    there = weakref.ref(f)
    call = f.__call__
    del f
    gc.collect()
    assert call([0.3], [1.0], 0.1) == tanh(0.3 * 1.0 + 0.1) # machine code lives as long as the builtin
    del call
    gc.collect()
    assert there() is None


def test_an_unknown_python_goes_the_long_way(monkeypatch):
    pytest.importorskip("llvmlite")
    monkeypatch.setattr("microgradx.compiler.native.layout.is_known", lambda: False)
    f = jit(value_and_grad(neuron, (0, 1, 2)), backend="native")
    assert f([0.3], [1.0], 0.1) == f([0.3], [1.0], 0.1)
    assert f.__call__ == f._general


@pytest.mark.parametrize("name, value", [("version_info", (3, 14)), ("version_info", (3, 10))])
def test_which_pythons_are_known(monkeypatch, name, value):
    pytest.importorskip("llvmlite")
    from microgradx.compiler.native.layout import is_known
    monkeypatch.setattr(sys, name, value)
    assert not is_known()


# Modules -----------------------------------------------------------------------------------------------------------

@backends
def test_a_module_is_traced_once_and_its_numbers_are_read_at_each_call(backend):
    model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    f = jit(value_and_grad(lambda model, x: model(x)[0]), backend=backend)
    eager = value_and_grad(lambda model, x: model(x)[0])
    for _ in range(3):
        y, gradient = f(model, [0.5, -1.0])
        assert y == pytest.approx(eager(model, [0.5, -1.0])[0])
        assert gradient["0.weight"] == [pytest.approx(g) for g in eager(model, [0.5, -1.0])[1]["0.weight"]]
        for p in model.parameters():
            p.data += 0.25
    assert f.report().programs == 1


class Silent(Module):
    """Lets nothing through while training."""

    def forward(self, x):
        return [0.0 * v for v in x] if self.training else x


@backends
def test_modes_attributes_and_replaced_parameters_are_seen(backend):
    layer = Linear(2, 2)
    model = Sequential(layer, Silent())
    f = jit(lambda model, x: model(x), backend=backend)
    x = [1.0, 2.0]
    assert f(model, x) == [0.0, 0.0]
    model.eval()
    assert f(model, x) == [pytest.approx(v.data) for v in model(x)] != [0.0, 0.0]
    model.train()
    assert f(model, x) == [0.0, 0.0]
    assert f.report().programs == 2
    model.eval()
    layer.bias = [Value(7.0), Value(8.0)]
    assert f(model, x) == [pytest.approx(v.data) for v in model(x)]
    layer.weight[0][1] = Value(100.0)                       # in a list, without a word to the Module
    assert f(model, x) == [pytest.approx(v.data) for v in model(x)]


class Scale(Module):
    """Counts how often it was called, as one should not."""

    def __init__(self, by=2.0):
        self.by, self.weight, self.calls, self.history = by, Value(1.0), 0, [0.0]

    def forward(self, x):
        self.calls += 1
        return self.weight * x * self.by


@backends
def test_an_attribute_is_a_part_of_the_program(backend):
    model = Scale()
    f = jit(lambda model, x: model(x), backend=backend)
    assert f(model, 3.0) == f(model, 3.0) == 6.0
    model.history.append(1.0)                               # no parameter among them
    assert f(model, 3.0) == 6.0
    assert (model.calls, f.report().programs) == (1, 1)     # what f itself does to it is no change
    model.by = 5.0
    assert f(model, 3.0) == 15.0


@pytest.mark.slow
@sweep(2)
@backends
def test_each_module_has_its_own_numbers_and_a_program_goes_with_it(backend):
    f = jit(lambda model, x: model(x), backend=backend)
    for by in range(4):
        model = Scale(float(by))
        assert f(model, 1.0) == f(model, 1.0) == by
        there = weakref.ref(model)
        del model
        gc.collect()
        assert there() is None
    assert f.report().programs == 1                         # those of the other three are gone


@backends
def test_anything_with_named_parameters_is_a_module(backend):
    class Line:
        def __init__(self):
            self.weight, self.bias = Value(2.0), Value(1.0)

        def named_parameters(self):
            return iter([("weight", self.weight), ("bias", self.bias)])
    f = jit(value_and_grad(lambda line, x: line.weight * x + line.bias), backend=backend)
    assert f(Line(), 3.0) == (7.0, {"weight": 3.0, "bias": 1.0})


def test_a_snapshot_compares_no_arrays():
    model = Scale()
    model.table = np.zeros(2)
    before = snapshot(model)
    assert snapshot(model) is before
    model.table = np.zeros(2)
    assert snapshot(model) is not before


# Generated Python --------------------------------------------------------------------------------------------------

def test_the_source_is_plain():
    """Constants stand where they are used; only an unknown slope is guarded."""
    f = jit(value_and_grad(lambda a, b: (a + b) - 2 * b + silu(a) * (a - b), (0, 1)), backend="python")
    f(1.0, 2.0)
    source = f._last.kernel.source
    assert " = 1.0\n" not in source and "1.0*" not in source.replace("-1.0*", "") and "*1.0" not in source
    assert "+-" not in source and "+(-" not in source


def test_rows_made_of_rows_are_written_out():
    f = jit(value_and_grad(lambda x: exp(softsign(x))), backend="python")
    f(0.5)
    assert "1.0+(" in f._last.kernel.source                # softsign(x) is x/(1 + |x|)
    assert f(1000.0) == value_and_grad(lambda x: exp(softsign(x)))(1000.0)


# Powers ------------------------------------------------------------------------------------------------------------

EDGES = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 5e-324, -5e-324, 1e-155, 1e155, -1e160, 1e308, -4.0]
POWERS = [-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 5, 2.5]


def close(a, b, rel):
    """Equal, to rel of b or to the last place of a subnormal number; zeros with their signs."""
    if a != a or b != b or math.isinf(b) or b == 0:
        return repr(a) == repr(b)
    return abs(a - b) <= max(rel * abs(b), 5e-324)


@sweep(11)
@every_way
@pytest.mark.parametrize("n", POWERS)
@pytest.mark.parametrize("strict", [False, True])
def test_powers(way, n, strict):
    xs = EDGES + [s * 10.0**k for k in range(-120, 120, 7) for s in (1, -1.7)]
    found = way.jit(lambda xs: [x**n for x in xs], strict=strict)(xs)
    for x, y in zip(xs, found, strict=True):
        assert close(y, (Value(x)**n).data, 0 if strict else 1e-15), x


@backends
@settings(max_examples=budget(30))
@given(st.sampled_from(POWERS), st.floats(0.01, 100))
def test_derivatives_of_powers(backend, n, x):
    f = jit(value_and_grad(lambda x: x**n), backend=backend)
    y, slope = f(x)
    expected = value_and_grad(lambda x: x**n)(x)
    assert close(y, expected[0], 1e-15) and close(slope, expected[1], 1e-14)


@every_way
def test_matrices_are_told_apart_from_what_looks_like_one(way):
    f = way.jit(lambda rows: [[2 * x for x in row] for row in rows])
    for rows in ([[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0, 3.0]], [[1.0, 2.0], []], [[]], [], [[1.0, 2.0], [3.0, True]],
                 [[1.0, 2.0], [3.0, Value(4.0)]], [[5.0, 6.0], [7.0, 8.0]]):
        expected = [[2 * (x.data if isinstance(x, Value) else x) for x in row] for row in rows]
        assert f(rows) == expected
    assert f.report().programs == 6


# Lists of many floats are read and made in loops -------------------------------------------------------------------

def mixed(x, more):
    """A list, a tuple, a list that begins with a list, and numbers."""
    return [2 * v for v in x], (more[1] * x[0], [v + more[0][-1] for v in more[0]]), tuple(v - 1 for v in x)


@sweep(5)
@native_ways
@pytest.mark.parametrize("count", [7, 8, 9, 300])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_lists_of_any_length(way, count, dtype):
    from microgradx.compiler.native.layout import is_known
    x = [k / 8 for k in range(count)]
    more = (x[::-1][:max(9, count // 2)], 0.25, (0.5,) * 11)
    f = way.jit(mixed, dtype=dtype)
    for sign in (1.0, -1.0):
        given = [sign * v for v in x]
        assert f(given, more) == mixed(given, more)                     # numbers that float32 has, too
        if is_known():
            assert type(f.compiled.__call__).__name__ == "builtin_function_or_method"
    for place in (0, count // 2, count - 1):                            # what is no float is taken by Python
        for other in (np.float64(3.0), Value(3.0)):
            given = [*x[:place], other, *x[place + 1:]]
            assert f(given, more) == mixed([*x[:place], 3.0, *x[place + 1:]], more)
        f(x, more)
        with pytest.raises(TypeError):
            f([*x[:place], object(), *x[place + 1:]], more)
    assert f(x[:-1], more) == mixed(x[:-1], more) and f(x, more) == mixed(x, more)


@needs_llvmlite
def test_lists_of_any_length_are_released():
    f, x = jit(mixed), [k / 8 for k in range(40)]
    more = (x[:9], 0.25)
    counts = []
    for _ in range(3):
        for _ in range(50):
            f(x, more)
        counts.append((sys.getrefcount(x), sys.getrefcount(x[7]), sys.getrefcount(more[0]), sys.getallocatedblocks()))
    assert counts[1][:3] == counts[2][:3] and abs(counts[2][3] - counts[1][3]) < 100


@native_ways
@pytest.mark.parametrize("count", [119, 121])
def test_more_arrays_than_machine_code_knows(way, count):
    xs = [np.array([1.0, k]) for k in range(count)]
    f = way.jit(lambda *xs: (sum([x[0] * xs[0][1] + x[1] for x in xs]), [2 * v for v in xs[-1]]))
    g = way.jit(grad(lambda xs: sum([x[0] * x[1] for x in xs])))
    for _ in range(2):
        total, last = f(*xs)
        assert total == count * (count - 1) / 2 and np.array_equal(last, 2 * xs[-1])
        assert np.array_equal(g(xs), np.array(xs)[:, ::-1])
