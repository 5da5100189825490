"""The rows of ops.py at their edges: every case of cases.py, and the same under every reading."""
import itertools
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgradx import Value, gradients, no_grad
from microgradx.ieee import divide
from microgradx.table import TABLE, Op

from .cases import HIGHER, OPS


def same(got, expected):
    """The same float: nan is nan, a zero has its sign, anything else to 1e-12 of itself."""
    if math.isnan(expected) or math.isinf(expected) or expected == 0:
        return repr(got) == repr(float(expected))
    return math.isclose(got, expected, rel_tol=1e-12)


def check_case(case):
    """Value and gradients by backward(), by gradients(), and by gradients() recorded as a graph; nothing raises."""
    xs = list(map(Value, case.at))
    y = case.f(*xs)
    assert same(y.data, case.value), f"{case.what} is {y.data}, not {case.value} ({case.source})"
    y.backward()
    recorded = [g.data for g in gradients(y, xs, create_graph=True)]
    for way, found in (("backward()", [x.grad for x in xs]), ("gradients()", gradients(y, xs)), ("graph", recorded)):
        for i, (got, expected) in enumerate(zip(found, case.grads, strict=True)):
            # the sign of a zero gradient is lost in a sum that starts at 0
            assert same(got + 0.0, expected + 0.0), (
                f"{case.what}: {way} by input {i} is {got}, not {expected} ({case.source})")
    with no_grad():
        assert same(case.f(*xs).data, case.value)


def check_higher(f, x, derivatives):
    """The value and all derivatives by one variable, each recorded from the one before."""
    leaf = Value(x)
    y = f(leaf)
    for order, expected in enumerate(derivatives):
        assert y.data == pytest.approx(expected, rel=1e-12, abs=0), f"derivative {order} is {y.data}, not {expected}"
        y, = gradients(y, [leaf], create_graph=True)


@pytest.mark.parametrize("case", OPS, ids=lambda case: case.what)
def test_edges(case):
    check_case(case)


@pytest.mark.parametrize("what, f, x, derivatives, source", HIGHER, ids=[case[0] for case in HIGHER])
def test_higher_derivatives_at_edges(what, f, x, derivatives, source):
    check_higher(f, x, derivatives)


@given(st.floats(), st.floats())
@example(49.0, 49.0)
def test_a_quotient_is_rounded_once(a, b):
    """Not a * b**-1, which is 0.9999999999999999 for 49/49."""
    for quotient in (Value(a) / Value(b), Value(a) / b, a / Value(b)):
        assert same(quotient.data, divide(a, b)) and (b == 0 or quotient.data == a / b or math.isnan(a / b))


@pytest.mark.parametrize("change", [{"value": 1.0}, {"value": -0.0}, {"grads": (2.0,)}, {"grads": (math.nan,)}])
def test_a_wrong_case_is_found(change):
    right = next(case for case in OPS if case.what == "x*x at 0")
    check_case(right)
    with pytest.raises(AssertionError):
        check_case(right._replace(**change))


def test_a_wrong_higher_derivative_is_found():
    with pytest.raises(AssertionError):
        check_higher(lambda x: x**4, 0.0, [0, 0, 0, 0, 23])


STEPS = [op for op in TABLE.values() if op.kinks and op.infix and op.infix[0] in "<>"]


@pytest.mark.parametrize("op", STEPS, ids=lambda op: op.name)
def test_a_comparison_has_its_kink_where_it_jumps(op):
    for a, b in itertools.product([-2.0, -1.0, 0.0, 1.0, 2.0], repeat=2):
        jumps = op.at(a - 0.5, b) != op.at(a + 0.5, b)
        assert any(k == 0 for k in op.kinks(a, b)) == jumps == (a == b), (a, b)


def test_a_row_of_ones_own_has_its_pole_by_itself():
    """Python's division raises, and no pole is named: the value is that of IEEE 754."""
    inverse = Op("inverse", lambda x: 1 / x, lambda y, x: -y * y)
    assert (inverse(0.0), inverse(-0.0), inverse.at(0.0)) == (math.inf, -math.inf, math.inf)
    x = Value(0.0)
    assert inverse(x).data == math.inf and inverse(x).slopes == (-math.inf,)
