"""The proof of the table. Every check takes a row; none names one.

Each check is a function that raises AssertionError. It is called with every row of the table, and with rows that are
wrong on purpose, which it must find (the test of the test).
"""
import copy
import math
import sys
from collections import Counter

import oracle
import points
import pytest
from mpmath import mp, mpf

import microgradx as mg
from microgradx import Value, gradients
from microgradx.table import TABLE, Op, Reduction, reduction, row
from microgradx.text import formula, rule

ROWS = list(TABLE.values())         # as imported: rows that other tests add are not among them
EPS, LARGEST = sys.float_info.epsilon, sys.float_info.max
UNDERFLOW = 1e-290                  # closer to 0 a factor may have been subnormal, with fewer digits than a float
POINTS, FEW = 60, 12

every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)


@pytest.fixture
def table():
    """The table, restored afterwards."""
    before = dict(TABLE)
    yield TABLE
    TABLE.clear()
    TABLE.update(before)


def close(got, exact, wobble, what):
    """`got` is `exact` to 1e-12; or, where the condition is bad, to what 8 ulp in each input do (`wobble()`)."""
    assert isinstance(got, float) and math.isfinite(got), f"{what} is {got}, exactly {mp.nstr(exact, 20)}"
    error = abs(mpf(got) - exact)
    if error > mpf(1e-12) * abs(exact) + UNDERFLOW:
        allowed = 8 * EPS * wobble()
        assert error <= allowed, (f"{what} is {got!r}, exactly {mp.nstr(exact, 20)}: "
                                  f"off by {mp.nstr(error, 3)}, allowed {mp.nstr(allowed, 3)}")


def recorded(op, xs):
    """The node that the row makes of Values at `xs`."""
    return op.apply(tuple(map(Value, xs)))


def smooth_inputs(op, xs):
    """The places of the inputs that a slope is asked for: all but an index."""
    return [i for i, domain in enumerate(op.domains(len(xs))) if not isinstance(domain, range)]


# Value and slopes against mpmath -------------------------------------------------------------------------------

def check_value(op, xs):
    """The value is the exact one; on overflow the infinity of its sign."""
    got, exact = op.at(*xs), oracle.value(op, xs)
    if abs(exact) > LARGEST:
        assert got == math.copysign(math.inf, exact), f"{op.name}{xs} overflows to {got}, exactly {mp.nstr(exact, 20)}"
    else:
        close(got, exact, lambda: oracle.wobble(lambda at: oracle.value(op, at), xs), f"{op.name}{xs}")


def check_slopes(op, xs):
    """Each slope that a node freezes is the exact derivative, wherever result and derivative are floats."""
    if abs(oracle.value(op, xs)) > LARGEST:
        return
    slopes = recorded(op, xs).slopes
    for i in smooth_inputs(op, xs):
        exact = oracle.slope(op, xs, i)
        if abs(exact) <= LARGEST:
            close(slopes[i], exact, lambda i=i: oracle.wobble(lambda at: oracle.slope(op, at, i), xs),
                  f"slope {i} of {op.name}{xs}")


def test_every_row_has_a_definition():
    assert {op.name for op in ROWS} == set(oracle.DEFINITIONS), "give the row its definition in tests/oracle.py"


@every_row
def test_value(op):
    for xs in points.smooth(op, POINTS):
        check_value(op, xs)


@every_row
def test_slopes(op):
    for xs in points.smooth(op, POINTS):
        check_slopes(op, xs)
