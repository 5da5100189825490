"""Finite differences: right where the derivative is known, honest about their error, one-sided where they must be."""
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx.checking.differences import UNKNOWN, Estimate, apart, derivative, one_sided

# function, its derivative, where: ordinary points, tails, steep places, close to the edge of a domain, huge and tiny x
KNOWN = [
    (math.exp, math.exp, [0, 1, -5, 1e-3, 1e-9, 20, 300, 700]),
    (math.sin, math.cos, [0, 1, 50, 1e6, 1e10, 1e-9]),
    (math.log, lambda x: 1 / x, [1, 5, 1e-3, 1e-20, 1e-300, 1e300]),
    (math.tanh, lambda x: math.cosh(x) ** -2, [0, 0.5, 3]),
    (math.asin, lambda x: ((1 - x) * (1 + x)) ** -0.5, [0.5, 0.999, 1 - 1e-6]),
    (lambda x: 1 / x, lambda x: -1 / x / x, [1, -4, 1e-3, 1e-8, 1e12]),
    (lambda x: x**3, lambda x: 3 * x * x, [1, 7, -1e5]),
    (lambda x: 3 * x + 1, lambda x: 3.0, [0, 1, 1e5, 1.7e308 / 4]),
    (lambda x: math.sin(1e3 * x), lambda x: 1e3 * math.cos(1e3 * x), [0, 1, 1e-3]),
    (lambda x: math.sin(1e6 * x), lambda x: 1e6 * math.cos(1e6 * x), [0, 1]),
    (lambda x: math.log(x - 5), lambda x: 1 / (x - 5), [5 + 2**-10, 5 + 2**-30]),
    (lambda x: max(x - 5, 0.0), lambda x: 1.0, [5 + 2**-10, 5 + 2**-30]),
    (lambda x: max(x * x, 2**-10), lambda x: 0.0, [0]),                # looks like x*x from 1/8 and from 1/16
]


@pytest.mark.parametrize("f, slope, x", [(f, slope, x) for f, slope, xs in KNOWN for x in xs])
def test_known_derivatives(f, slope, x):
    found, exact = derivative(f, float(x)), slope(float(x))
    assert found.agrees(exact)
    assert not found.agrees(exact * (1 + 1e-6) or 1e-6), "and nothing else"


@given(st.sampled_from([(math.sin, math.cos), (math.exp, math.exp), (math.atan, lambda x: 1 / (1 + x * x)),
                        (math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x))]), st.floats(-4, 4))
def test_the_error_is_honest_and_small(pair, x):
    f, slope = pair
    found = derivative(f, x)
    assert abs(found.value - slope(x)) <= 10 * found.error
    assert found.error <= 1e-10 * abs(slope(x)) + 1e-13


@given(st.floats(1, 1e6), st.sampled_from([-1, 1]))
def test_steps_are_exact(size, sign):
    """What a quotient divides by is the true distance: both neighbours are equally far from x, to the last bit."""
    asked, x = [], sign * size
    derivative(lambda t: asked.append(t) or math.sin(t), x)
    away = {Fraction(t) - Fraction(x) for t in asked}
    assert len(away) > 5 and away == {-h for h in away}


@pytest.mark.parametrize("f, x, left, right", [
    (abs, 0.0, -1, 1),
    (lambda x: max(x, 0.0), 0.0, 0, 1),
    (lambda x: abs(x - 0.1) * 3, 0.1, -3, 3),
    (lambda x: math.exp(x) if x < 1 else math.e * (2 * x - 1), 1.0, math.e, 2 * math.e),
])
def test_at_a_kink_the_sides_differ(f, x, left, right):
    sides = one_sided(f, x)
    assert sides[0].agrees(left) and sides[1].agrees(right) and apart(*sides)


def test_where_there_is_no_kink_the_sides_agree():
    assert not apart(*one_sided(math.exp, 0.3))


@pytest.mark.parametrize("f, x, slope", [
    (lambda x: x**1.5 if x >= 0 else math.nan, 0.0, 0.0),      # nan to the left
    (lambda x: math.sqrt(x) * x, 0.0, 0.0),                     # raises to the left
    (lambda x: math.acos(x) ** 2, 1.0, -2.0),                   # raises to the right
    (lambda x: x * x if x <= 1 else math.inf, 1.0, 2.0),
])
def test_at_the_edge_of_a_domain_the_inner_side_is_taken(f, x, slope):
    assert derivative(f, x).agrees(slope)


@pytest.mark.parametrize("f, x, side", [
    (lambda x: [1.0, 2.0, 3.0][int(x) if x == int(x) else 9], 1.0, 0),     # whole numbers only
    (lambda x: math.nan, 1.0, 0),
    (lambda x: 1 / x, 0.0, 0),                                              # finite around, but not here
    (math.sqrt, 0.0, -1),
    (math.tanh, math.inf, 0), (math.tanh, math.nan, 0),
])
def test_without_neighbours_nothing_is_known(f, x, side):
    found = derivative(f, x, side)
    assert found == UNKNOWN or math.isnan(found.value)
    assert not found.agrees(0.0)


def test_a_constant_has_slope_0_to_within_its_rounding():
    found = derivative(lambda x: 3.0, 1.0)
    assert found.value == 0 < found.error < 1e-13
    assert not found.agrees(1e-12)


def test_nothing_is_a_slope_of_0_where_results_underflow():
    assert derivative(lambda x: x * 1e-160, 1e-170).agrees(1e-160)


def test_there_is_no_absolute_tolerance():
    tiny = derivative(lambda x: 1e-200 * math.sin(x), 1.0)
    assert tiny.agrees(1e-200 * math.cos(1.0))
    assert not tiny.agrees(1e-200 * math.cos(1.0) * (1 + 1e-7)) and not tiny.agrees(0.0)


@pytest.mark.parametrize("f, x", [
    (lambda x: math.copysign(1, x), 0.0),                       # a jump
    (math.sin, 1e100), (math.sin, 1.640166772112368e296),       # powers of two keep step with its period for a while
    (lambda x: 1 / (x * x + 1e-300), 1e-200),                   # a pulse, flat from both sides
])
def test_where_differences_do_not_settle_any_finite_slope_may_be_right(f, x):
    found = derivative(f, x)
    assert found.error == math.inf and found.agrees(5.0) and not found.agrees(math.inf)


def test_detail_at_the_scale_of_other_inputs_is_seen():
    """hypot(1e-58, x) looks like abs(x) from afar, and does not change with x over steps of the size of x = 1e-66."""
    def f(x):
        return math.hypot(1e-58, x)
    assert derivative(f, 1e-66, scales=[2.0**-196]).agrees(1e-8)
    assert not derivative(f, 1e-66).agrees(1e-8)


def test_a_mistake_in_the_function_is_not_hidden():
    with pytest.raises(TypeError):
        derivative(lambda x: x + "1", 1.0)


def test_noise_that_is_told_widens_the_error():
    assert derivative(math.sin, 1.0, noise=1e-6).error > 1e-6 > derivative(math.sin, 1.0).error


def test_a_smooth_function_is_asked_about_twenty_times():
    asked = []
    derivative(lambda x: asked.append(x) or math.exp(x), 1.0)
    assert len(asked) <= 20


def test_bound():
    assert Estimate(2.0, 1e-9).bound == pytest.approx(3e-8)
    assert Estimate(0.0, 0.0).agrees(0.0) and not Estimate(0.0, 0.0).agrees(5e-324)
    assert not Estimate(1.0, 0.1).agrees(math.nan) and not Estimate(1.0, 0.1).agrees(math.inf)
