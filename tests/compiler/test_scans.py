"""Loops of scan that stay loops: against the loop written out, values and derivatives of any order, in every mode."""
import math
import pickle
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import (
    Value,
    cond,
    cos,
    dot,
    exp,
    fori_loop,
    grad,
    hessian,
    hvp,
    jit,
    jvp,
    log,
    maximum,
    no_grad,
    relu,
    scan,
    sigmoid,
    sin,
    sqrt,
    take,
    tanh,
    value_and_grad,
    where,
)
from microgradx.compiler.ir.program import Program
from microgradx.compiler.trace.errors import TracingError
from microgradx.nesting import leaves

from ..budget import budget, sweep
from ..compiled import LOOPS, PYTHON, STRAIGHT, different, equal, every_way, native_ways


@pytest.fixture(autouse=True)
def _loops_stay_loops(monkeypatch):
    """However small they are."""
    monkeypatch.setattr("microgradx.compiler.trace.scan.FEW", 0)


# Each takes five numbers w and a list of forty xs, and returns one number.

def last(w, xs):
    return scan(lambda c, x: (tanh(w[0] * c + x), None), w[1], xs)[0]


def outputs(w, xs):
    """Only the y count: nothing flows to the last carry."""
    return mg.sum(scan(lambda c, x: (sin(w[0] * c) + x * w[1], c * c), w[2], xs)[1])


def some_outputs(w, xs):
    ys = scan(lambda c, x: (c * w[0] + x, (c, {"y": c * x})), w[1], xs)[1]
    return ys[0][3] * ys[0][-1] + ys[1]["y"][7]


def backwards(w, xs):
    state, ys = scan(lambda c, x: ([c[1] * w[0], c[0] + x], c[0] * x), [w[1], w[2]], xs, reverse=True)
    return state[0] * ys[0] + ys[-1]


def related(w, xs):
    """What the step reads is computed from what else it reads."""
    b = w[0] * w[0]
    return scan(lambda c, x: (c * 0.5 + w[0] * x + b, None), b * w[1], xs)[0]


def counted(w, xs):
    return fori_loop(0, 40, lambda i, c: c * w[0] + w[1] * i, w[2])


def gates(w, xs):
    return scan(lambda c, x: (relu(c * w[0] + x) - where(x > w[1], c, 0.1 * c), maximum(c, x)), w[2], xs)[0]


def absent(w, xs):
    """sqrt has an infinite slope at 0, on a branch that is taken in the last steps only."""
    def step(c, x):
        i, y = c
        return (i + 1.0, where(i < 35.0, y * 1.0, sqrt(y * y + w[0] * w[0]))), where(x < 10.0, 0.0, log(y - y))
    (_, y), ys = scan(step, (0.0, w[1]), xs)
    return y + mg.sum(ys)


def closed(w, xs):
    """Nothing flows through the gate at any step: sqrt(0) outside counts as nothing."""
    root = sqrt(w[0] - w[0])
    return scan(lambda c, x: (c + where(x > 10.0, root, x), None), w[1], xs)[0]


def never_used(w, xs):
    """A carry that is not used at the end, whose last slope is infinite."""
    def step(c, x):
        return (c[0] * w[0] + x, sqrt(c[0] * 0.0)), None
    return scan(step, (w[1], w[2]), xs)[0][0]


def passed_on(w, xs):
    """Carries that stay, change places, or are constants; an x that is not used."""
    (a, b, _, n), ys = scan(lambda c, x: ((c[1], c[0], 2.0, c[3] + 1), c[0]), (w[0], w[1] * w[2], 2.0, 0), xs)
    return a * b * n + ys[5] * ys[6]


def two_loops(w, xs):
    """A loop over the y of another one."""
    ys = scan(lambda c, x: (cos(c * w[0] + x), c), w[1], xs)[1]
    return scan(lambda c, y: (c * w[2] + y * y, None), 0.0, ys)[0]


def chosen(w, xs):
    return scan(lambda c, x: (cond(x > 0, lambda c: c * w[0], lambda c: exp(-c * c), c), None), w[1], xs)[0]


def looked_up(w, xs):
    def step(c, x):
        i, y = c
        i = where(i > 2.0, 0.0, i + 1.0)
        return (i, y * 0.5 + take([w[0], w[1], w[2], w[3]], i) * x), None
    return scan(step, (0.0, w[4]), xs)[0][1]


def inner_gradient(w, xs):
    """The step is itself a gradient: a descent."""
    return scan(lambda c, x: (c - 0.1 * grad(lambda y: sin(y * w[0]) * x + y**4)(c), None), w[1], xs)[0]


def cell(w, xs):
    """A step of many operations: a kernel of its own."""
    W = [[w[(3 * i + j) % 5] * 0.3 + 0.01 * (i - j) for j in range(9)] for i in range(16)]

    def step(c, x):
        h, s = c
        z = [dot(row, [*h, *s, x]) for row in W]
        s = [sigmoid(a) * b + sigmoid(c) * tanh(d) for a, b, c, d in zip(z[:4], s, z[4:8], z[8:12])]
        h = [sigmoid(a) * tanh(b) for a, b in zip(z[12:], s)]
        return (h, s), h[0]
    (h, s), ys = scan(step, ([0.1] * 4, [0.0] * 4), xs)
    return mg.sum(ys) + mg.sum(h) * mg.sum(s)


# Loops within loops.

def nested(w, xs):
    """The inner loop goes over what the outer one is given, with constants of both."""
    def step(c, x):
        y = fori_loop(0, 7, lambda i, y: y + 0.1 * sin(w[0] * y + x + 0.01 * i), c * w[4])
        return tanh(y * w[1]), y * w[2]
    c, ys = scan(step, w[3], xs[:12])
    return c + mg.sum(ys)


def nested_ys(w, xs):
    """Over what an inner loop gives goes another one, backwards; the carry is a list."""
    def step(c, x):
        last, ys = scan(lambda a, b: (cos(a * w[0] + b), a * b), x, c)
        last, zs = scan(lambda a, y: (a * w[1] + y, a), last * w[2], ys, reverse=True)
        return [0.5 * z + 0.1 * y for y, z in zip(ys, zs)], (last, ys[2])
    c, (ends, thirds) = scan(step, xs[:5], xs[:14], reverse=True)
    return mg.sum(c) + dot(ends, thirds)


def nested_gates(w, xs):
    """Branches that are taken in some steps of some loops only, one with an infinite slope."""
    def inner(c, x):
        i, y = c
        return (i + 1.0, where(i < 4.0, relu(y * w[0] + x), sqrt(y * y + w[1] * w[1]))), where(x < 9.0, y, log(y - y))

    def step(c, x):
        (_, y), ys = scan(inner, (0.0, c), xs[:6])
        return where(x > w[2], maximum(y, x), 0.5 * c), ys[1]
    y, ys = scan(step, w[3], xs[:15])
    return y + mg.sum(ys)


def thrice(w, xs):
    def grown(c, x):
        return fori_loop(0, 5, lambda i, b: fori_loop(0, 6, lambda j, a: a * 0.9 + 0.1 * sin(a * w[0]) * i, b) * x, c)
    return scan(lambda c, x: (tanh(grown(c, x) + w[1]), None), w[2], xs[:5])[0]


def nested_gradient(w, xs):
    """A step is the gradient of a loop."""
    def energy(y, x):
        return scan(lambda c, a: (sin(c * w[0]) + a * x, c * c), y, xs[:4])[0]
    return scan(lambda c, x: (c - 0.1 * grad(energy)(c, x), None), w[1], xs[:9])[0]


def nested_cell(w, xs):
    """Inner steps of many operations: a kernel within a kernel."""
    return scan(lambda c, x: (c * w[0] + cell([v + c for v in w], xs[:5]), None), w[1], xs[:6])[0]


def unrelated(w, xs):
    """An inner loop that reads nothing that changes: its gradient is that of all steps."""
    return scan(lambda c, x: (c * 0.5 + x * fori_loop(0, 6, lambda _, a: a * w[0] + 0.1, w[1]), None), w[2], xs)[0]


NESTED = [nested, nested_ys, nested_gates, thrice, nested_gradient, nested_cell, unrelated]
CASES = [last, outputs, some_outputs, backwards, related, counted, gates, absent, closed, never_used, passed_on,
         two_loops, chosen, looked_up, inner_gradient, cell]
OF = {"value": lambda f: f, "grad": value_and_grad, "grad by xs": lambda f: grad(f, 1),
      "both": lambda f: grad(f, (0, 1)), "jvp": lambda f: lambda w, xs: jvp(f, [w, xs], [w, xs]),
      "jvp by w": lambda f: lambda w, xs: jvp(lambda w: f(w, xs), [w], [w]),
      "hessian": hessian, "hvp": lambda f: lambda w, xs: hvp(f, [w, xs], [w, xs]),
      "jacfwd": mg.jacfwd, "vmap": lambda f: lambda w, xs: mg.vmap(lambda v: f([v, *w[1:]], xs))(w[:2]),
      "jvp of grad": lambda f: lambda w, xs: jvp(grad(f), [w, xs], [w, xs])}
W = [0.7, -0.4, 0.3, 0.9, -0.2]
XS = [math.sin(1.7 * k) * 0.6 for k in range(40)]


def close(a, b):
    return equal(a, b) or abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b)) < math.inf


@sweep(41)
@every_way
@pytest.mark.parametrize("of", OF)
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_a_loop_is_the_loop_written_out(f, of, way):
    compiled = way.jit(OF[of](f))
    got, expected = leaves(compiled(W, XS)), leaves(OF[of](f)(W, XS))
    assert different(got, expected, close) == []
    report = compiled.report()
    assert report.unrolled == () and (report.scans or not any(leaves(expected)) or f is looked_up)


@sweep(997)
@every_way
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_strict_code_has_the_bits_of_eager_code(f, way):
    for of in ("value", "grad", "jvp"):
        compiled = way.jit(OF[of](f), strict=True)
        assert different(leaves(compiled(W, XS)), leaves(OF[of](f)(W, XS)), equal) == []
        report = compiled.report()
        if of == "grad":
            assert report.scans == 0 and "strict" in report.unrolled[0] and "strict" in str(report)
        else:
            assert report.scans and not report.unrolled


@pytest.mark.slow
@sweep(17)
@every_way
@pytest.mark.parametrize("f", CASES[:-1], ids=lambda f: f.__name__)
def test_checkpoints_change_no_bit_of_a_gradient(f, way, monkeypatch):
    """Forty steps are six segments of six, and four steps that are left over."""
    whole = way.jit(OF["both"](f))
    expected = leaves(whole(W, XS))
    monkeypatch.setattr("microgradx.compiler.trace.scan.KEPT", 0)
    parts = way.jit(OF["both"](f))
    assert different(leaves(parts(W, XS)), expected, equal) == []
    assert parts.report().unrolled == () and parts.report().scans >= 2 * whole.report().scans


@sweep(11)
@pytest.mark.parametrize("of", ["jvp", "hessian", "vmap"])
@pytest.mark.parametrize("f", CASES[:-1], ids=lambda f: f.__name__)
def test_checkpoints_in_other_derivatives(f, of, monkeypatch):
    monkeypatch.setattr("microgradx.compiler.trace.scan.KEPT", 0)
    parts = jit(OF[of](f), backend="python")
    assert different(leaves(parts(W, XS)), leaves(OF[of](f)(W, XS)), close) == []
    assert parts.report().unrolled == ()


@sweep(7)
@every_way
@pytest.mark.parametrize("count", [4, 5, 16, 24])
@pytest.mark.parametrize("reverse", [False, True])
def test_any_number_of_steps_in_segments(count, reverse, way, monkeypatch):
    def f(w, xs):
        c, ys = scan(lambda c, x: (sin(w * c) + x, (c * x, w * c)), w, xs, reverse=reverse)
        return c * ys[0][0] + dot(ys[0], ys[1])
    value, slopes = way.jit(value_and_grad(f, (0, 1)))(0.7, XS[:count])
    monkeypatch.setattr("microgradx.compiler.trace.scan.KEPT", 0)
    found = way.jit(value_and_grad(f, (0, 1)))(0.7, XS[:count])
    assert found[1] == slopes and found[0] == pytest.approx(value, rel=1e-14)      # whose dot has its own order


def after_steps(way, count):
    """A loop of so many steps of two numbers, compiled with its gradient, after a call."""
    f = way.jit(value_and_grad(lambda w: fori_loop(0, count, lambda _, c: (c[1], 0.5 * c[0] + w * sin(c[1])),
                                                   (w, w))[0]))
    value, slope = f(0.4)
    assert 0.0 < value < 1.0 and math.isfinite(slope)
    return f


@pytest.mark.slow
@native_ways
def test_the_gradient_of_many_steps_keeps_few(way):
    """Three million steps of two numbers: 3,464 in place of 48 MB, and hardly more to compile than for few steps."""
    report = after_steps(way, 3_000_000).report()
    assert report.kept_bytes < 500_000 and report.traced < 200 and report.scans < 10


@given(st.lists(st.floats(-2, 2), min_size=5, max_size=5), st.lists(st.floats(-2, 2), min_size=4, max_size=30))
@settings(max_examples=budget(40))
def test_any_numbers(w, xs):
    for f in (last, gates, chosen):
        got, expected = jit(value_and_grad(f), backend="python")(w, xs), value_and_grad(f)(w, xs)
        assert different(leaves(got), leaves(expected), close) == []


# Loops within loops ----------------------------------------------------------------------------------------------

def test_a_loop_within_a_loop():
    compiled = jit(value_and_grad(nested), backend="python")
    assert different(leaves(compiled(W, XS)), leaves(value_and_grad(nested)(W, XS)), close) == []
    assert compiled.report().unrolled == () and compiled.report().scans >= 4


@pytest.mark.slow
@pytest.mark.parametrize("way, of", [(PYTHON, "both"), (STRAIGHT, "both"), (LOOPS, "both"), (PYTHON, "hessian"),
                                     (PYTHON, "jvp of grad"), (PYTHON, "vmap")])
@pytest.mark.parametrize("f", NESTED, ids=lambda f: f.__name__)
def test_loops_within_loops_stay_loops(f, way, of, monkeypatch):
    if way is not PYTHON:
        pytest.importorskip("llvmlite")
    compiled = way.jit(OF[of](f))
    expected = leaves(OF[of](f)(W, XS))
    assert different(leaves(compiled(W, XS)), expected, close) == []
    report = compiled.report()
    assert report.unrolled == () and report.scans >= 2
    if of == "both":                                                # with checkpoints, and to the bit of eager values
        monkeypatch.setattr("microgradx.compiler.trace.scan.KEPT", 0)
        same = close if f is nested_gradient else equal             # which adds up its terms segment by segment
        assert different(leaves(way.jit(OF[of](f))(W, XS)), leaves(compiled(W, XS)), same) == []
        strict = way.jit(f, strict=True)
        assert strict(W, XS) == f(W, XS) and (strict.report().scans >= 2) != (f is nested_gradient)


@pytest.mark.slow
@native_ways
def test_many_turns_of_many_turns_compile_as_fast_as_few(way):
    """A hundred thousand steps with their gradient; written out they were a hundred steps of a thousand."""
    def f(w, xs):
        return scan(lambda c, x: (fori_loop(0, 100, lambda i, y: y + 0.01 * sin(w * y + x + i), c), None), 0.1, xs)[0]
    g = way.jit(value_and_grad(f))
    value, slope = g(0.7, [math.sin(k) for k in range(1000)])
    assert math.isfinite(value) and math.isfinite(slope)
    report = g.report()
    assert report.traced < 200 and report.scans >= 4 and report.kept_bytes < 100_000 and report.seconds < 30


# What a step may be ----------------------------------------------------------------------------------------------

@every_way
def test_a_training_step_goes_through_a_scan(way):
    def run(compiled):
        w, b = Value(0.5), Value(0.1)

        def step(x):
            loss = scan(lambda c, x: (tanh(w * c + x + b), c * c), 0.1, x)[1]
            total = mg.sum(loss)
            total.backward()
            for p in (w, b):
                p.data -= 0.1 * p.grad
                p.grad = 0.0
            return total
        f = way.jit(step) if compiled else lambda x: step(x).data
        return [f(XS), f(XS), w.data, b.data]
    assert run(True) == pytest.approx(run(False), rel=1e-12)


def chain(w, xs):
    """Each carry is computed from the one before: gradients reach one more at each step."""
    start = [0.0 * w[0]] * len(xs)
    return scan(lambda c, _: ([w[0] + c[0], *(x * y * w[1] + z for x, y, z in zip(xs, c, c[1:]))], None), start,
                length=9)[0][-1]


def test_a_chain_of_carries_is_recorded_a_few_times():
    traced = []
    for size in (20, 40, 80):
        f = jit(grad(chain, (0, 1)), backend="python")
        xs = [0.5 + x for x in (XS * 2)[:size]]
        assert different(leaves(f(W, xs)), leaves(grad(chain, (0, 1))(W, xs)), close) == []
        traced.append(f.report().traced)
    assert traced[2] - traced[1] == pytest.approx(2 * (traced[1] - traced[0]), rel=0.1)     # in proportion


@pytest.mark.slow
def test_what_flows_no_longer_after_some_steps():
    """All carries but one flow at the end, one less after each step that the gradient goes back."""
    def shifted(w, xs):
        c = scan(lambda c, x: ([*c[1:], x * w[0] + w[1] * c[0]], None), [w[2] * k for k in range(12)], xs)[0]
        return dot(c[1:], c[1:])
    for of in (value_and_grad, lambda f: grad(f, 1), hessian):
        for steps in (4, 13, 30):
            got, expected = jit(of(shifted), backend="python")(W, XS[:steps]), of(shifted)(W, XS[:steps])
            assert different(leaves(got), leaves(expected), close) == []


@every_way
def test_without_gradients(way):
    def f(x):
        with no_grad():
            y = scan(lambda c, _: (c * x, c), x, length=50)[0]
        return y + x
    assert way.jit(value_and_grad(f))(0.99) == pytest.approx((0.99**51 + 0.99, 1.0))


@every_way
def test_a_loop_of_constants(way):
    f = way.jit(lambda x: x + scan(lambda c, _: (0.5 * c + 1.0, None), 1.0, length=300)[0])
    assert f(1.0) == 3.0 and f.report().scans


@every_way
def test_a_row_that_calls_python_back(way):
    odd = mg.row("odd", lambda x: float(math.floor(x)) + 0.5 * x, lambda y, x: 0.5)
    try:
        f = way.jit(value_and_grad(lambda x: scan(lambda c, _: (odd(c) + x, None), x, length=30)[0]))
        with warnings.catch_warnings(action="ignore"):
            got = f(0.3)
        assert got == pytest.approx(value_and_grad(lambda x: scan(lambda c, _: (odd(c) + x, None), x,
                                                                  length=30)[0])(0.3))
        assert f.report().called_back == (() if way.name == "python" else ("odd",))
    finally:
        del mg.table.TABLE["odd"]


@every_way
def test_an_index_outside_of_a_table_is_refused(way):
    f = way.jit(lambda t, i: scan(lambda c, x: (c + take(t, x + i), None), 0.0, [0.0, 1.0, 0.0, 1.0, 1.0])[0])
    assert f([1.0, 2.0], 0.0) == 8.0
    with pytest.raises(IndexError, match="take"):
        f([1.0, 2.0], 1.0)
    assert f([1.0, 2.0], 0.0) == 8.0


@pytest.mark.slow
@every_way
def test_it_is_sent_to_another_process(way):
    f = way.jit(value_and_grad(cell))
    here, there = f(W, XS), pickle.loads(pickle.dumps(getattr(f, "compiled", f)))(W, XS)
    assert different(leaves(there), leaves(here), close) == []


def test_a_sent_loop_that_does_not_fit_is_refused():
    f = jit(value_and_grad(last), backend="python")
    f(W, XS)
    p = f._last.program
    assert Program.read(p.written()).count() == p.count()

    def spoiled(change):
        state = p.written()
        change(next(row for row in state["rows"] if isinstance(row, dict)), state)
        with pytest.raises(ValueError, match="jit has recorded"):
            Program.read(state)
    spoiled(lambda loop, _: loop.update(numbers=[10**6, *loop["numbers"][1:]]))
    spoiled(lambda loop, _: loop.update(numbers=[-1, *loop["numbers"][1:]]))
    spoiled(lambda loop, _: loop.update(columns=[]))
    spoiled(lambda loop, _: loop["body"].update(results=[]))
    spoiled(lambda _, state: state.update(numbers=[[i, 1e9.hex()] for i, _ in state["numbers"]]))
    spoiled(lambda _, state: state.update(rows=["part" if isinstance(row, dict) else row for row in state["rows"]]))


@pytest.mark.slow
@native_ways
def test_many_steps_take_little_memory_and_no_time_to_record(way):
    report = after_steps(way, 30_000).report()
    assert report.scans == 2 and report.traced < 100 and 8 * 30_000 < report.kept_bytes < 40 * 30_000
    assert "2 scans keep 0." in str(report) and " MB" in str(report)


# What is written out, and why --------------------------------------------------------------------------------------

def told(f, *args, **options):
    """The result, and why a loop was unrolled."""
    compiled = jit(f, backend="python", **options)
    return compiled(*args), compiled.report().unrolled


def test_a_step_that_needs_an_int_is_written_out():
    value, (why,) = told(lambda x: fori_loop(0, 5, lambda i, c: c + x[i], 0.0), [1.0, 2.0, 4.0, 8.0, 16.0])
    assert value == 31.0 and "the number of a Value is not known" in why and "test_scans.py" in why


def test_a_step_that_sets_a_number_is_written_out():
    count = Value(0.0)

    def f(x):
        def step(c, x):
            count.data += 1
            return c + x, None
        return scan(step, 0.0, x)[0]
    value, (why,) = told(f, XS)
    assert value == pytest.approx(sum(XS)) and count.data == 40 and why == "f sets or draws a number"


def test_steps_that_are_not_alike_are_written_out():
    value, (why,) = told(lambda x: scan(lambda c, s: (c + s[0] * x if s[1] == "+" else c, None), 0.0,
                                        [(1.0, "+"), (2.0, "-"), (3.0, "+"), (4.0, "-")])[0], 2.0)
    assert value == 8.0 and why == "xs differ in more than numbers"
    value, (why,) = told(lambda x: scan(lambda c, s: (c + mg.sum(list(s)) * x, None), 0.0,
                                        [(1.0,), (2.0,), (3.0, 1.0), (4.0,)])[0], 2.0)
    assert value == 22.0 and why == "xs have several structures"
    value, (why,) = told(lambda x: scan(lambda c, _: ((c[0] * x, "b" if c[1] == "a" else "a"), None), (x, "a"),
                                        length=5)[0], 2.0)
    assert value == (64.0, "b") and why == "f changes a part of the carry that is no number"


def test_a_value_of_a_step_does_not_leave_it():
    kept = []

    def f(x):
        scan(lambda c, x: (kept.append(c) or c + x, None), 0.0, x)
        return kept[0] * 2.0
    with pytest.raises(TracingError, match="let f return"):
        jit(f, backend="python")(XS)
