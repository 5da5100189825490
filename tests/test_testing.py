"""microgradx.testing: what test suites use."""
import math
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx
from microgradx import GradientError, Value, gradcheck, relu, testing
from microgradx.checking.strategies import arguments, kinks, numbers, register
from microgradx.table import Op
from microgradx.testing import arrays, assert_gradient

from .checking.test_strategies import anything, least


def test_a_right_gradient_says_nothing():
    assert assert_gradient(lambda x: x**3, lambda x: 3 * x**2, 2.0) is None
    assert assert_gradient(relu, None, 0.0) is None


@pytest.mark.parametrize("df, said", [(lambda x: x**2, "1/3 of"), (lambda x: -3 * x**2, "the sign is wrong")])
def test_a_wrong_one_is_an_assertion_error(df, said):
    with pytest.raises(GradientError, match=said) as caught:
        assert_gradient(lambda x: x**3, df, 2.0)
    assert isinstance(caught.value, AssertionError)


def test_a_failing_property_shrinks_to_a_small_readable_point():
    @given(arrays(2, -2.0, 2.0))
    def test_product(x):
        assert_gradient(np.prod, lambda x: x[::-1] * (1 + 1e-3 * (x[0] > 0.5)), x)

    with pytest.raises(GradientError) as caught:
        test_product()
    assert "d f / d args[0][" in caught.value.what and caught.value.expected == 1.0


@given(arrays((2, 3), 0.5, 4.0, "float32"))
def test_arrays(x):
    assert x.shape == (2, 3) and x.dtype == np.float32 and (x >= 0.5).all() and (x <= 4).all()


def test_values_by_type():
    register()
    assert type(least(st.from_type(Value), anything)) is Value
    assert least(st.from_type(Value), lambda v: v.data > 2.5).data == 3.0
    points = tomllib.loads((Path(microgradx.__file__).parent.parent / "pyproject.toml").read_text())
    assert points["project"]["entry-points"]["hypothesis"] == {"_": "microgradx.checking.strategies:register"}


@pytest.mark.sweep(997)
@pytest.mark.parametrize("domain", [(0.0, 1e-3), (-1e-3, 1e-3), (1e-9, 3e-9), (0.0, 1e-30), (-1e-12, 0.0),
                                    (1e200, 1e201)])
def test_small_domains_give_variety(domain):
    """Report 17: (0, 1e-3) gave one number, (-1e-3, 1e-3) only 0.0."""
    line = Op("line", lambda x: 3.0 * x, lambda y, x: 3.0, domain=[domain])
    bend = Op("bend", abs, lambda y, x: microgradx.sign(x), domain=[domain], kinks=lambda x: [x])
    assert min(len(drawn(op, domain)) for op in (line, bend)) > 4
    if domain[0] < 0 < domain[1]:
        assert least(kinks(bend), anything) == (0.0,)


def drawn(op, domain):
    """What arguments(op) draws; all of it inside the domain and right."""
    found = set()

    @given(arguments(op))
    def collect(xs):
        assert domain[0] < xs[0] < domain[1] and gradcheck(op, *xs)
        found.add(xs)

    collect()
    return found


def test_small_intervals_of_numbers():
    assert least(numbers(1e-5, 1e-4), lambda x: x > 5e-5) <= 1e-4


def test_one_sided_intervals_of_numbers():
    assert least(numbers(-math.inf, -1e-9), lambda x: x < -2) == -3.0 and least(numbers(0.0, math.inf), anything) == 0.0


def test_names():
    assert all(getattr(testing, name) for name in testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        testing.nothing  # noqa: B018


def test_it_needs_no_hypothesis():
    program = ("import sys; sys.modules['hypothesis'] = None; from microgradx.testing import assert_gradient, examine; "
               "assert_gradient(lambda x: x * x, lambda x: 2 * x, 3.0)")
    subprocess.run([sys.executable, "-c", program], check=True)
