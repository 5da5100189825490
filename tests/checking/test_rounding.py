"""gradcheck at any scale of its inputs, and how far rounding may go."""
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, sin, sqrt, tanh, where
from microgradx.checking.check import GradientError, gradcheck
from microgradx.checking.evaluation_point import EvaluationPoint
from microgradx.checking.mismatch import roundings
from microgradx.table import Reduction

from .. import points
from ..budget import budget, sweep
from ..test_table import wrong as bent
from .test_check import ROWS, denied, on_inputs


def alarm(f, *xs):
    """The error for what is right: a finite slope, or another where differences find a number. None if there is none.

    A second derivative may be infinite though a number is right, if a partial derivative on the way is too large for a
    float: of x**-0.001 at 1e-155 it is n times the slope of x**(n - 1), which is 1e310.
    """
    try:
        return None if gradcheck(f, *xs) else "no answer"
    except ValueError:                                                  # f itself overflows
        return None
    except GradientError as error:
        if math.isinf(error.slope) and error.what.startswith("d (d "):
            return None
        return error if math.isfinite(error.slope) or math.isfinite(error.expected) else None


@sweep(7)
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
@settings(max_examples=budget(30))
@given(data=st.data())
def test_every_row_at_scales_from_1e_minus_300_to_1e300(op, data):
    """Both orders, backward and forward: no exception, no false alarm."""
    size = data.draw(st.sampled_from(points.counts(op)[:3]))
    reach = points.ALL / (size if isinstance(op, Reduction) else 1)
    xs = [data.draw(points_of(domain, reach)) for domain in op.domains(size)]
    assume(not any(math.isinf(op.at(*near)) for near in neighbours(op, xs)))
    assert alarm(on_inputs(op), *xs) is None


def neighbours(op, xs):
    """The points with one input at the next float. x**-1e19 is 1 at 1, infinite at the float below and 0 at that above:
    what it does between them no differences can see."""
    for i, domain in enumerate(op.domains(len(xs))):
        for way in (-math.inf, math.inf) if isinstance(domain, tuple) else ():
            yield [*xs[:i], math.nextafter(xs[i], way), *xs[i + 1:]]


def points_of(domain, reach):
    """Numbers of every size in an open interval."""
    if isinstance(domain, range):
        return st.sampled_from(domain).map(float)
    size, (low, high) = st.floats(-reach, reach).map(lambda e: 10.0**e), domain
    if math.isinf(low):
        return st.tuples(st.sampled_from((-1, 1)), size).map(math.prod)
    ends = [size.map(lambda x: low + x)] if math.isinf(high) else [
        size.map(lambda x: low + min(x, (high - low) / 2)), size.map(lambda x: high - min(x, (high - low) / 2))]
    return st.one_of(ends).filter(lambda x: low < x < high)


@pytest.mark.parametrize("f, args", [
    (tanh, (1e-320,)), (tanh, (5e-324,)), (mg.softsign, (-1e-320,)), (mg.gelu_tanh, (-1e207,)),     # ZeroDivisionError
    (sin, (1e8,)), (sin, (1e100,)), (mg.cos, (-1.9817845801632e56,)), (mg.tan, (2.2701140770562424e101,)),
    (sin, (1.640166772112368e296,)), (mg.logsumexp, ([1e10, 1e10 + 1, 1e10 - 2],)),
    (lambda x: sin(1e9 * x), (0.3,)), (mg.atanh, (1 - 2**-51,)), (mg.atan, (7.356576664585915e93,)),
    (mg.atan2, (-8.185106943755173e-143, -2.8945311224415205e-73)), (mg.softsign, (-6.42e-231,)),
    (mg.div, (-1.8305447134322815e181, 5.587305010570426e-77)), (mg.reciprocal, (8.07e-247,)),
    (mg.xlogy, (1.8526647806422295e158, 4.734768916321348e-190)),
])
def test_at_any_scale(f, args):
    """Right slopes that were rejected, and points at which it raised (report 17)."""
    assert gradcheck(f, *args)


def test_a_wrong_slope_is_found_at_large_and_small_scales():
    for x in (1e8, 1e-200, 1e-320):
        assert denied(on_inputs(bent(sin, lambda slope: slope * (1 + 1e-5))), x)


def test_cancelling_terms_are_allowed_for():
    x = Value(0.3)
    noise, (blur,) = roundings((x + 1e8) - 1e8, [x])
    assert 1e-8 < noise < 1e-7 and blur == pytest.approx(2.2e-16, rel=0.1)
    assert gradcheck(lambda x: (x + 1e8) - 1e8 + 0 * x, 0.3)
    assert gradcheck(lambda x: sin(x) - x, 0.0), "its slope is 0, and cancels to 1e-17 nearby"


def test_partial_sums_round_and_a_choice_does_not():
    x, one, large = Value(-1e-16), Value(1.0), Value(-1e14)
    assert roundings(mg.sum([-one, x, one]), [x])[0] > 1e-16, "the sum is 0, and has lost x"
    assert roundings(mg.dot([one, x, one], [-one, one, one]), [x])[0] > 1e-16
    assert roundings(mg.max([large, large]), [large]) == (0.0, pytest.approx([2.2e-16], rel=0.1))
    assert 0 < roundings(mg.max([large + 1, large]), [large])[0] < 0.1, "the sum in it does"


def test_a_dead_branch_with_an_infinite_slope_allows_nothing():
    x = Value(0.0)
    assert roundings(where(x < 1, x, sqrt(x)), [x])[0] < 1e-300


def test_checks_may_be_judged_in_any_order():
    checks = list(EvaluationPoint(lambda x, y: [x * sin(y), x / y], [2.0, 3.0]).checks())
    assert len(checks) == 2 * 2 * (1 + 1 + 2)
    assert all(check.mismatch() is None for check in reversed(checks))
