"""The rows of activations.py at their edges, and softmax."""
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value, leaky_relu, log_softmax, softmax

from .cases import ACTIVATIONS
from .test_ops import check_case

LOGITS = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=6)


@pytest.mark.parametrize("case", ACTIVATIONS, ids=lambda case: case.what)
def test_edges(case):
    check_case(case)


@given(LOGITS)
def test_softmax_is_a_distribution_however_large_the_logits(xs):
    ps = softmax(xs)
    assert all(0 <= p <= 1 for p in ps) and math.isclose(math.fsum(ps), 1, rel_tol=1e-15 * len(xs))


@given(LOGITS)
def test_log_softmax_is_finite_and_its_gradient_adds_up_to_zero(xs):
    values = list(map(Value, xs))
    first = log_softmax(values)[0]
    first.backward()
    grads = [v.grad for v in values]
    assert first.data <= 0 and math.isfinite(first.data) and all(map(math.isfinite, grads))
    assert abs(math.fsum(grads)) <= 4e-16 * len(xs)


@pytest.mark.parametrize("f", [softmax, log_softmax])
@pytest.mark.parametrize("x", [1.0, Value(1.0), iter([1.0])], ids=["float", "Value", "iterator"])
def test_softmax_of_no_list_is_refused_by_its_name(f, x):
    with pytest.raises(TypeError, match=rf"^{f.__name__} takes a list of Values, got .*; write {f.__name__}\("):
        f(x)


def test_defaults_may_be_given_or_left_out():
    x = Value(-2.0)
    assert leaky_relu(x).data == leaky_relu(x, 0.01).data == -0.02
    with pytest.raises(TypeError, match="takes 2 inputs, got 3"):
        leaky_relu(x, 0.01, 5.0)
    with pytest.raises(TypeError, match="takes 2 inputs, got 0"):
        leaky_relu()
