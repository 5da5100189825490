"""scan, fori_loop, while_loop and cond against plain loops of Python: values, gradients, any order, in every mode."""
import array
from collections import UserList, deque
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx as mg
from microgradx import (
    Value,
    Vector,
    cond,
    exp,
    fori_loop,
    grad,
    hessian,
    hvp,
    jit,
    jvp,
    log,
    scan,
    sqrt,
    tanh,
    value_and_grad,
    while_loop,
)
from microgradx.compiler.trace.errors import TracingError
from microgradx.nn import Linear

from .compiled import every_way


class State(NamedTuple):
    a: object
    b: object


# Values --------------------------------------------------------------------------------------------------------

def test_a_scan_gives_the_last_carry_and_all_y():
    assert scan(lambda c, x: (c + x, c * x), 1.0, [2.0, 3.0, 4.0]) == (10.0, [2.0, 9.0, 24.0])
    assert scan(lambda c, x: (c + x, c), 0.0, [1.0, 2.0, 4.0], reverse=True) == (7.0, [6.0, 4.0, 0.0])
    assert scan(lambda c, x: (c + 1, None), 0, length=3) == (3, None)
    assert scan(lambda c, x: (c, c), 5.0, []) == (5.0, [])
    assert scan(lambda c, x: (c, c), 5.0, length=0) == (5.0, [])


def test_carry_xs_and_ys_are_nested():
    def f(state, x):
        new = State(state.a + x["u"] * x["v"][0], [state.b[0] - x["v"][1]])
        return new, (new.a, {"b": new.b})
    last, ys = scan(f, State(0.0, [1.0]), {"u": [1.0, 2.0], "v": [(3.0, 4.0), (5.0, 6.0)]})
    assert last == State(13.0, [-9.0]) and ys == ([3.0, 13.0], {"b": [[-3.0], [-9.0]]})
    assert scan(lambda c, x: (c + x[0] * x[1], None), 0.0, ([1.0, 2.0], [3.0, 4.0]))[0] == 11.0
    assert scan(lambda c, x: (c + x[0] * x[1], None), 0.0, [[1.0, 3.0], [2.0, 4.0]])[0] == 11.0
    assert scan(lambda c, x: (c + x, None), 0.0, array.array("d", [1.0, 2.0]))[0] == 3.0


def test_arrays_are_scanned_along_their_first_axis():
    np = pytest.importorskip("numpy", reason="numpy is not installed: pip install numpy")
    assert scan(lambda c, row: (c + row[0] * row[1], None), 0.0, np.array([[1.0, 3.0], [2.0, 4.0]]))[0] == 11.0


def test_a_fori_loop_is_a_for_loop():
    assert fori_loop(2, 5, lambda i, x: x * i, 1) == 24
    assert fori_loop(5, 2, lambda i, x: x * i, 7.0) == 7.0
    assert fori_loop(0, 3, lambda i, pair: (pair[1], pair[0] + pair[1]), (0, 1)) == (2, 3)


def test_a_while_loop_is_a_while_loop():
    assert while_loop(lambda x: x < 100, lambda x: 2 * x, 3) == 192
    assert while_loop(lambda x: x[0] < 3, lambda x: (x[0] + 1, x[1] * 2.0), (0, 1.0)) == (3, 8.0)
    assert while_loop(lambda x: False, lambda x: 1 / 0, {"a": 1.0}) == {"a": 1.0}


def test_a_branch_that_is_not_taken_does_not_run():
    assert cond(True, lambda x: x, lambda x: 1 / 0, 2.0) == 2.0
    assert cond(Value(0.0), lambda x: 1 / 0, lambda x: x, 2.0) == 2.0
    assert cond(Value(1.0) < Value(2.0), lambda a, b: a, lambda a, b: b, 3.0, 4.0) == 3.0


# Derivatives ---------------------------------------------------------------------------------------------------

def rnn(w, xs):
    """A small recurrent network, by scan."""
    def step(h, x):
        h = tanh(w[0] * h + w[1] * x + w[2])
        return h, h * h
    last, ys = scan(step, w[3], xs)
    return last + mg.sum(ys)


def unrolled_rnn(w, xs):
    """The same in plain Python."""
    h, ys = w[3], []
    for x in xs:
        h = tanh(w[0] * h + w[1] * x + w[2])
        ys.append(h * h)
    return h + mg.sum(ys)


W, XS = [0.5, -1.0, 0.25, 0.1], [0.3, -0.6, 1.2, 0.7, -0.1]
NUMBERS = st.floats(-2, 2)


@given(st.lists(NUMBERS, min_size=4, max_size=4), st.lists(NUMBERS, max_size=6))
def test_eager_derivatives_are_those_of_the_plain_loop_to_the_bit(w, xs):
    for f in (lambda f: value_and_grad(f)(w, xs), lambda f: grad(f, 1)(w, xs) if xs else 0, lambda f: hessian(f)(w, xs),
              lambda f: jvp(f, [w, xs], [w, xs]), lambda f: hvp(f, [w, xs], [w, xs])):
        assert f(rnn) == f(unrolled_rnn)


def test_backward_reaches_what_f_closes_over():
    w = Value(3.0)
    last, _ = scan(lambda c, x: (c * w + x, None), 0.0, [1.0, 1.0, 1.0])
    last.backward()
    assert last.data == 13.0 and w.grad == 2 * 3 + 1


def test_only_the_branch_taken_has_a_derivative():
    def f(x):
        return cond(x > 0, sqrt, lambda x: 0 * x, x)
    assert grad(f)(4.0) == 0.25 and grad(f)(0.0) == 0.0 and grad(f)(-1.0) == 0.0
    assert grad(grad(f))(4.0) == -1 / 32
    g = jit(value_and_grad(f), backend="python")
    assert g(4.0) == (2.0, 0.25) and g(0.0) == (0.0, 0.0) and g(-1.0) == (0.0, 0.0)


def test_a_while_loop_has_a_tangent():
    def power(x):
        return while_loop(lambda s: s[0] > 0, lambda s: (s[0] - 1, s[1] * x), (5, 1.0))[1]
    assert jvp(power, [2.0], [1.0]) == (32.0, 80.0)
    assert jvp(lambda x: jvp(power, [x], [1.0])[1], [2.0], [1.0]) == (80.0, 160.0)


@pytest.mark.parametrize("of", [grad, hessian, lambda f: jit(grad(f), backend="python"),
                                lambda f: lambda x: hvp(f, [x], [1.0]),
                                lambda f: lambda x: f(Value(x)).backward(),
                                lambda f: lambda x: mg.gradients(f(v := Value(x)), [v])])
def test_a_while_loop_has_no_gradient(of):
    with pytest.raises(TypeError, match=r"no derivative in reverse mode.*fori_loop or scan.*jvp"):
        of(lambda x: while_loop(lambda s: s[0] > 0, lambda s: (s[0] - 1, s[1] * x), (3, x))[1] * 2)(2.0)


def test_a_module_in_the_value_of_a_while_loop_stays_one():
    model = Linear(1, 1)
    model.load_state_dict({"weight": [[0.5]], "bias": [1.0]})

    def f(model, x):
        return while_loop(lambda v: v[1][0] < 1.9, lambda v: (v[0], v[0](v[1])), (model, [x]))
    assert f(model, 0.0)[0] is model and f(model, 0.0)[1][0].data == 1.9375
    assert jvp(lambda x: f(model, x)[1][0], [0.0], [1.0]) == (1.9375, 0.5**5)
    assert grad(lambda model: f(model, 0.0)[0]([3.0])[0])(model) == {"weight": [[3.0]], "bias": [1.0]}
    with pytest.raises(TypeError, match="no derivative in reverse mode"):
        grad(lambda model: f(model, 0.0)[1][0])(model)


# Within jit ----------------------------------------------------------------------------------------------------

@pytest.mark.sweep(997)
@every_way
def test_a_compiled_scan_is_the_compiled_loop(way):
    for of in (lambda f: f, value_and_grad, hessian):
        got, expected = way.jit(of(rnn))(W, XS), of(unrolled_rnn)(W, XS)
        assert mg.nesting.leaves(got) == pytest.approx(mg.nesting.leaves(expected), rel=1e-12)


def test_a_compiled_choice_is_made_as_it_runs():
    f = jit(lambda x: cond(x < 1, lambda x: {"y": exp(x), "n": 1}, lambda x: {"y": log(x), "n": 1}, x),
            backend="python")
    assert f(0.0) == {"y": 1.0, "n": 1} and f(1.0) == {"y": 0.0, "n": 1}
    with pytest.raises(TypeError, match=r"false_fun returned a number, but true_fun returned \[a number"):
        jit(lambda x: cond(x < 1, lambda x: [x, x], lambda x: x, x), backend="python")(0.0)
    with pytest.raises(TypeError, match="true_fun returned 'a' and false_fun 'b'"):
        jit(lambda x: cond(x < 1, lambda: "a", lambda: "b"), backend="python")(0.0)


def test_a_while_loop_of_known_length_is_written_out_within_jit():
    f = jit(lambda x: while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * x), (0, x)), backend="python")
    assert f(2.0) == (3, 16.0) and f.report().scans == 0


def test_a_compiled_choice_sets_nothing_in_a_branch():
    w = Value(0.0)

    def setting(x):
        w.data = x
        return x
    with pytest.raises(TracingError, match="setting sets or draws a number in a branch of cond"):
        jit(lambda x: cond(x < 1, setting, lambda x: x, x), backend="python")(0.0)


# What is refused -----------------------------------------------------------------------------------------------

def identity(c, x):
    return c, None


@pytest.mark.parametrize("call, error, message", [
    (lambda: scan(identity, 0.0), ValueError, "how many steps.*length=n"),
    (lambda: scan(identity, 0.0, length=-1), ValueError, "got -1; give 0 or more"),
    (lambda: scan(identity, 0.0, length=2.0), TypeError, "length is an int, got 2.0"),
    (lambda: scan(identity, 0.0, length=True), TypeError, "length is an int, got True"),
    (lambda: scan(identity, 0.0, ([1.0], [1.0, 2.0])), ValueError, "lengths 1 and 2"),
    (lambda: scan(identity, 0.0, [1.0, 2.0], length=3), ValueError, "lengths 2 and 3"),
    (lambda: scan(identity, 0.0, 3.0), TypeError, "expected a list for xs.*got 3.0"),
    (lambda: scan(identity, 0.0, "abc"), TypeError, "expected a list for xs.*got 'abc'"),
    (lambda: scan(identity, 0.0, {"a": [1.0], "b": 2.0}), TypeError, "expected a list for xs.*got 2.0"),
    (lambda: scan(identity, 0.0, {1.0, 2.0}), TypeError, "expected a list for xs"),
    (lambda: scan(lambda c, x: c, 0.0, [1.0]), TypeError, r"returns a carry and a y, got 0.0; write return carry, y"),
    (lambda: scan(lambda c, x: [c, x], 0.0, [1.0]), TypeError, r"returns a carry and a y"),
    (lambda: scan(lambda c, x: (c, c, c), 0.0, [1.0]), TypeError, r"returns a carry and a y"),
    (lambda: scan(lambda c, x: ((c, c), None), 0.0, [1.0]), TypeError,
     r"f returned \(a number, a number\), but it was given a number; return the same structure"),
    (lambda: scan(lambda c, x: ([c["a"]], None), {"a": 0.0}, [1.0]), TypeError,
     r"f returned \[a number\], but it was given \{'a': a number\}"),
    (lambda: scan(lambda c, x: (None, None), [0.0] * 9, [1.0]), TypeError, r"returned NoneType.*, ... 9 in all"),
    (lambda: scan(lambda c, x: (c, (x,) if x > 1 else (x, x)), 0.0, [1.0, 2.0]), TypeError, "as y of the first step"),
    (lambda: fori_loop(0.0, 3, lambda i, x: x, 1.0), TypeError, "from an int to an int, got 0.0.*while_loop"),
    (lambda: fori_loop(0, Value(3.0), lambda i, x: x, 1.0), TypeError, "from an int to an int"),
    (lambda: fori_loop(0, 3, lambda i, x: [x], 1.0), TypeError,
     r"^fori_loop: body_fun returned \[a number\], but it was given a number; return the same structure"),
    (lambda: while_loop(lambda x: x < 3, lambda x: (x, x), 1.0), TypeError, "while_loop: body_fun returned"),
    (lambda: while_loop(lambda x: Value(1.0) < x, lambda x: None, 2.0), TypeError, "while_loop: body_fun returned"),
])
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


OTHERS = [{1.0}, deque([1.0]), UserList([1.0]), Vector([1.0]), {"a": [{1.0}]}, (1.0, object())]


@pytest.mark.parametrize("mode", [lambda f: f, lambda f: jit(f, backend="python")], ids=["eager", "jit"])
@pytest.mark.parametrize("held", OTHERS, ids=lambda held: type(held).__name__)
def test_what_jit_does_not_take_is_taken_nowhere(mode, held):
    calls = {"init of scan": lambda x: scan(lambda c, _: (c, None), held, length=5)[1],
             "a y of scan": lambda x: scan(lambda c, _: (c * x, held), x, length=5)[0],
             "init_val of fori_loop": lambda x: fori_loop(0, 5, lambda i, v: v, held) and x,
             "init_val of while_loop": lambda x: while_loop(lambda v: False, lambda v: v, held) and x,
             "an operand of cond": lambda x: cond(x > 0, lambda v: x, lambda v: x, held),
             "a result of cond": lambda x: cond(x > 0, lambda: held, lambda: held) and x}
    for where, call in calls.items():
        with pytest.raises(TypeError, match=f"expected a number, a Value.*got .*in {where}; "):
            mode(call)(1.0)
    with pytest.raises(TypeError, match=r"expected a (list for xs|number, a Value)"):
        mode(lambda x: scan(lambda c, v: (c, None), x, held)[0])(1.0)


def test_what_is_no_number_stays_where_it_is():
    model = Linear(1, 1)
    held = {"text": "a", "none": None, "size": range(3), "f": abs, "model": model, "set": frozenset("a")}
    assert scan(lambda c, _: (c, c["text"]), held, length=2) == (held, ["a", "a"])
    assert cond(True, lambda h: h, lambda h: h, held) is held
    assert while_loop(lambda h: False, lambda h: h, held)["model"] is model


@every_way
def test_it_is_refused_in_compiled_code_too(way):
    with pytest.raises(TypeError, match=r"fori_loop: body_fun returned .*return the same structure"):
        way.jit(lambda x: fori_loop(0, 100, lambda i, c: (c, c), x))(1.0)
    with pytest.raises(TypeError, match="return the same structure"):
        way.jit(lambda x: scan(lambda c, x: ((c, c), None), x, [1.0] * 100)[0])(1.0)
    with pytest.raises(TypeError, match="returns a carry and a y"):
        way.jit(lambda x: scan(lambda c, x: c, x, [1.0] * 100)[0])(1.0)
