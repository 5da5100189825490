"""The door, and floats that never raise: against numpy, which has IEEE's answers where Python raises."""
import math
import operator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgradx import Value
from microgradx import sum as sum_of
from microgradx.ieee import Ieee, divide, number, power, short

from .cases import NUMBERS, REFUSED

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -3.0, 1e-320, 1e308, -1e308, math.inf, -math.inf, math.nan]
FLOATS = st.floats() | st.sampled_from(SPECIAL)


def same(got, exact):
    """Equal to a few ulp; nan is nan, and a zero has its sign."""
    if math.isnan(exact) or math.isinf(exact) or exact == 0:
        return repr(float(got)) == repr(float(exact))
    return math.isclose(got, exact, rel_tol=1e-15, abs_tol=1e-322)


def by_numpy(f, *xs):
    with np.errstate(all="ignore"):
        return float(f(*map(np.float64, xs)))


@given(FLOATS, FLOATS)
def test_divide(a, b):
    assert same(divide(a, b), by_numpy(operator.truediv, a, b))


@given(FLOATS, FLOATS)
def test_power(x, n):
    assert same(power(x, n), by_numpy(operator.pow, x, n))


@pytest.mark.parametrize("x", SPECIAL)
def test_division_and_powers_of_special_numbers(x):
    """All pairs: what is drawn at random may miss the sign of a pole."""
    for y in [*SPECIAL, -2.0, -0.5, 5e300, -5e300]:
        assert same(power(x, y), by_numpy(operator.pow, x, y)), (x, y)
        assert same(divide(x, y), by_numpy(operator.truediv, x, y)), (x, y)


@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@given(a=FLOATS, b=FLOATS)
@example(a=0.0, b=-1.0)
@example(a=2.0, b=5000.0)
def test_operators_answer_as_ieee_does_and_stay_ieee(f, a, b):
    exact = by_numpy(f, a, b)
    for got in (f(Ieee(a), Ieee(b)), f(Ieee(a), b), f(a, Ieee(b))):
        assert type(got) is Ieee and same(got, exact)


@given(FLOATS)
def test_neg(x):
    assert type(-Ieee(x)) is Ieee and same(-Ieee(x), -x)


def test_same_sees_a_wrong_answer():
    assert not same(math.inf, -math.inf) and not same(0.0, -0.0) and not same(1.0, 1.0 + 1e-14)
    assert not same(1.0, math.nan) and not same(math.nan, 1.0)


@pytest.mark.parametrize(("given", "expected"), NUMBERS, ids=lambda x: short(x, 25))
def test_a_number_becomes_a_float(given, expected):
    assert type(number(given)) is float and same(number(given), expected)


@pytest.mark.parametrize("thing", REFUSED, ids=lambda x: short(x, 25))
def test_what_is_no_number_is_refused(thing):
    with pytest.raises(TypeError, match=r"expected a number or a Value, got .*; (write|apply)"):
        number(thing)


def test_an_error_shows_little_of_a_large_thing():
    with pytest.raises(TypeError) as error:
        number("9" * 10_000)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_beside_a_value_the_value_records(f):
    v = Value(3.0)
    assert f(Ieee(2.0), v).args == (2.0, v) and f(Ieee(2.0), v).data == f(2.0, 3.0)
    assert f(v, Ieee(2.0)).args == (v, 2.0) and f(v, Ieee(2.0)).data == f(3.0, 2.0)
    assert sum_of([Ieee(2.0), v]).args == (2.0, v) and sum_of([v, Ieee(2.0)]).args == (v, 2.0)


def test_what_refuses_to_be_a_float_says_what_it_is():
    with pytest.raises(TypeError, match=r"^expected a number or a Value, got np\.datetime64\('2020'\) \(datetime64\)"):
        number(np.datetime64("2020"))
    with pytest.raises(TypeError, match=r"^a Value is not turned into a float by itself"):
        number(Value(1.0))
