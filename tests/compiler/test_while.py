"""while_loop within jit, where the condition is known only as the program runs: the bits of eager code in strict code,
forward mode, loops in loops, Ctrl-C."""
import pickle
import signal
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import (
    Value,
    abs,
    cond,
    dot,
    grad,
    jacfwd,
    jit,
    jvp,
    log,
    nn,
    no_grad,
    scan,
    sin,
    sqrt,
    take,
    tanh,
    value_and_grad,
    vmap,
    where,
    while_loop,
)
from microgradx.compiler import backends
from microgradx.compiler.trace.errors import TracingError
from microgradx.export import to_c
from microgradx.nesting import leaves
from microgradx.training import SGD, fit

from ..budget import budget, sweep
from ..compiled import different, equal, every_way, native_ways, needs_llvmlite

# Each takes two numbers, from 1 to 3 or so, and returns a nesting of numbers.

def root(x, w):
    """Newton's method."""
    return while_loop(lambda y: abs(y * y - x) > 1e-14 * x, lambda y: (y + x / y) / 2, w)


def counted(x, w):
    """An int is carried along as a number, and a text as itself."""
    return while_loop(lambda s: s["y"] < 50.0, lambda s: {"n": s["n"] + 1, "y": s["y"] * x + w, "text": "same"},
                      {"n": 0, "y": w, "text": "same"})["n"]


def not_at_all(x, w):
    return while_loop(lambda y: y > 10.0, lambda y: y * w, x)


def by_number(x, w):
    """The condition is a number, and the first steps do not depend on an input."""
    return while_loop(lambda s: s[0], lambda s: (maximal(s[0] - 1.0), s[1] * w + s[0]), (3.0 + 0.0 * x, 1.0))


def maximal(x):
    return mg.maximum(x, 0.0)


def later(x, w):
    """The condition is known at first: it is no Value."""
    return while_loop(lambda y: y < 9.0, lambda y: y * w * x + 1.0, 1.0)


def gates(x, w):
    def step(s):
        i, y = s
        return i + w, where(i < 4.0, y * x, sqrt(y)) + cond(y > 5.0, log, lambda y: 0 * y, y)
    return while_loop(lambda s: s[0] < 9.0, step, (0.0, x))


def within(x, w):
    """A loop in each step of a loop."""
    return while_loop(lambda s: s[0] < 5.0, lambda s: (s[0] + w, s[1] + root(s[1] + x, w)), (0.0, x))[1]


def in_a_scan(x, w):
    return scan(lambda c, v: (root(c + v * x, w), c), x, [0.5 * k for k in range(20)])


def around_a_scan(x, w):
    return while_loop(lambda y: y < 20.0, lambda y: y + scan(lambda c, v: (c * 0.9 + v, None), w, [x] * 30)[0], x)


def wide(x, w):
    """A step of many operations: a kernel of its own."""
    A = [[(sin(x * i + j) + 2.0) / 40 for j in range(12)] for i in range(12)]

    def step(s):
        n, v = s
        return n + 1, [tanh(dot(row, v)) * w for row in A]
    return while_loop(lambda s: (s[0] < 30.0) * (dot(s[1], s[1]) > 1e-3), step, (0.0, [w + 0.0 * x] * 12))


CASES = [root, counted, not_at_all, by_number, later, gates, within, in_a_scan, around_a_scan, wide]
OF = {"value": lambda f: f, "jvp": lambda f: lambda x, w: jvp(f, [x, w], [0.5, -1.5]),
      "jacfwd": lambda f: jacfwd(f, (0, 1)),
      "jvp of jvp": lambda f: lambda x, w: jvp(lambda x: jvp(lambda w: f(x, w), [w], [1.0])[1], [x], [1.0])}


@sweep(17)
@every_way
@pytest.mark.parametrize("of", OF)
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_strict_code_has_the_bits_of_eager_code(f, of, way):
    compiled = way.jit(OF[of](f), strict=True)
    for x, w in ((2.0, 1.5), (1.25, 2.75)):
        got, expected = leaves(compiled(x, w)), leaves(OF[of](f)(x, w))
        assert different(got, expected, equal) == []
    assert compiled.report().scans or not any(expected)


@sweep(997)
@every_way
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_other_code_has_its_numbers(f, way):
    for of in OF.values():
        got, expected = leaves(way.jit(of(f))(2.0, 1.5)), leaves(of(f)(2.0, 1.5))
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.floats(0.1, 30), st.floats(0.1, 30))
@settings(max_examples=budget(30))
def test_any_numbers(x, w):
    for of in ("value", "jvp"):
        assert leaves(ROOTS[of](x, w)) == leaves(OF[of](root)(x, w))


ROOTS = {of: jit(OF[of](root), backend="python", strict=True) for of in ("value", "jvp")}


@every_way
def test_many_samples(way):
    xs, f = [0.5 * k for k in range(1, 40)], way.jit(vmap(root, (0, None)))
    assert f(xs, 1.0) == pytest.approx([x**0.5 for x in xs], rel=1e-12)


@native_ways
def test_single_precision(way):
    def near(x):
        return while_loop(lambda y: abs(y * y - x) > 1e-5 * x, lambda y: (y + x / y) / 2, x)
    f = way.jit(near, dtype="float32")
    assert f(9.0) == pytest.approx(3.0, rel=1e-5)


@every_way
def test_nan_is_not_zero(way):
    """As in Python, nan is true; here it ends the loop by being no greater than anything."""
    f = way.jit(lambda x: while_loop(lambda s: s[1], lambda s: (s[0] + 1.0, where(s[0] > 4.0, 0.0, s[1])), (0.0, x))[0])
    assert f(float("nan")) == 6.0 and f(0.0) == 0.0 and f(-0.0) == 0.0


@every_way
def test_there_is_no_gradient(way):
    for of in (grad, value_and_grad, lambda f: lambda x, w: grad(lambda x: scan(
            lambda c, _: (f(c, w), None), x, length=9)[0])(x)):
        with pytest.raises(TypeError, match=r"no derivative in reverse mode.*fori_loop or scan.*jvp"):
            way.jit(of(root))(2.0, 1.0)
    f = way.jit(value_and_grad(lambda x, w: x * root(w, 1.0)))          # by what the loop does not depend on
    assert f(2.0, 9.0) == pytest.approx((6.0, 3.0))


@every_way
def test_a_module_is_used_and_carried(way):
    model = nn.Linear(1, 1)
    model.load_state_dict({"weight": [[0.5]], "bias": [1.0]})

    def f(model, x):
        return while_loop(lambda v: v[1][0] < 1.9, lambda v: (v[0], v[0](v[1])), (model, [x]))[1]
    compiled = way.jit(f)
    assert compiled(model, 0.0) == [1.9375]
    model.bias[0].data = 2.0
    assert compiled(model, 0.0) == [2.0]


@every_way
def test_an_index_outside_of_a_table_ends_it(way):
    def summed(t, x):
        return while_loop(lambda s: s[1] < 9.0, lambda s: (s[0] + 1.0, s[1] + take(t, s[0])), (0.0, x))[1]
    f = way.jit(summed)
    assert f([3.0, 4.0, 5.0], 0.0) == 12.0
    with pytest.raises(IndexError, match="take"):
        f([1.0, 1.0], 0.0)
    assert f([5.0, 6.0], 0.0) == 11.0


@every_way
def test_it_is_sent_to_another_process(way):
    f = way.jit(within)
    here = f(2.0, 1.5)
    there = pickle.loads(pickle.dumps(getattr(f, "compiled", f)))
    assert there(2.0, 1.5) == here
    assert jvp(there, [2.0, 1.5], [1.0, 0.0])[0] == pytest.approx(here)


@pytest.mark.slow
@native_ways
@pytest.mark.parametrize("f", [lambda x: while_loop(lambda y: y > -1.0, sin, x),
                               vmap(lambda x: while_loop(lambda y: y > -1.0, sin, x)),
                               lambda x: while_loop(lambda y: y > -1.0, lambda y: root(y + 2.0, x), x)])
def test_ctrl_c_ends_a_loop_without_end(way, f):
    compiled, x = way.jit(f), [1.0] * 20 if isinstance(f, mg.batching.Vmapped) else 1.0
    signalled = []

    def press():
        signalled.append(True)
        signal.raise_signal(signal.SIGINT)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in range(2):
            timer = threading.Timer(0.3, press)
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                compiled(x)
            timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(signalled) == 2


@sweep(5)
@pytest.mark.parametrize("batch_size", [1, 2, None])
@pytest.mark.parametrize("backend", [pytest.param("NATIVE", marks=needs_llvmlite), "PYTHON"])
def test_ctrl_c_ends_a_loop_without_end_in_training(backend, batch_size, monkeypatch):
    """The parameter grows by a quarter a step. From 1 on the loop never ends: four steps are made, and no fifth."""
    def loss(w, x, y):
        with no_grad():
            turns = while_loop(lambda z: z < 1.0, lambda z: z + where(w[0] < 1.0, x, 0.0), 0.0)
        return y - w[0] * turns
    w = nn.ParameterList([Value(0.0)])
    monkeypatch.setattr("microgradx.compiler.backend", lambda: getattr(backends, backend))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])

    def press_later(_, record):
        if record.step == 4:
            timer.start()
    try:
        history = fit(w, [1.0] * 4, [0.5] * 4, loss, SGD(w.parameters(), 0.25), epochs=9, batch_size=batch_size,
                      callback=press_later, jit=True)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert history.stopped == "interrupted" and len(history) == 4 and w[0].data == 1.0
    assert history[-1].loss == -0.25


@native_ways
def test_a_handler_of_the_user_s_is_called_and_the_loop_goes_on(way):
    pressed = []

    def f(x):
        return while_loop(lambda y: y < x, lambda y: y + 1.0, 0.0)
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        compiled = way.jit(f)
        assert compiled(10.0) == 10.0
        timer = threading.Timer(0.005, signal.raise_signal, [signal.SIGINT])
        timer.start()
        assert compiled(5e6) == 5e6
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [True]


# What is refused -----------------------------------------------------------------------------------------------

def test_a_step_that_does_more_than_compute_is_refused():
    count = Value(0.0)

    def setting(y):
        count.data += 1.0
        return y * 2.0
    with pytest.raises(TracingError, match="body_fun sets or draws a number"):
        jit(lambda x: while_loop(lambda y: y < 9.0, setting, x), backend="python")(1.0)
    with pytest.raises(TracingError, match="changes a part of its value that is no number"):
        jit(lambda x: while_loop(lambda s: s[0] < 9.0, lambda s: (s[0] * 2.0, s[1] + "a"), (x, "")),
            backend="python")(1.0)
    with pytest.raises(TracingError, match="the number of a Value is not known"):
        jit(lambda x: while_loop(lambda s: s[0] < 9.0, lambda s: (s[0] * [2.0, 3.0][s[1]], s[1] + 1), (x, 0)),
            backend="python")(1.0)


def test_another_language_has_no_such_loop():
    with pytest.raises(TracingError, match="truth of a Value"):
        to_c(root, 2.0, 1.0)
