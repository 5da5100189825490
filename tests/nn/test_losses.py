"""Losses: exact in their tails, at the edges, and told of wrong targets. (Against torch: test_nn_parity.py.)"""
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from microgradx import Value, grad, nn
from microgradx.nesting import leaves

LOGITS = st.lists(st.floats(-800, 800), min_size=2, max_size=5)


def exact(xs, t):
    """-log softmax(xs)[t] and its gradient, with 800 digits."""
    with mp.workdps(800):
        powers = [mp.exp(mpf(x)) for x in xs]
        total = mp.fsum(powers)
        others = mp.fsum(p for j, p in enumerate(powers) if j != t)
        return mp.log(total / powers[t]), [(p if j != t else -others) / total for j, p in enumerate(powers)]


def close(found, expected):
    """To 1e-12, relative; numbers that no float holds aside. A difference of logits of size 800 is itself off by an
    ulp of 800, 1e-13, and so is its exponential.
    """
    return abs(found - expected) <= 1e-12 * abs(expected) + mpf(10)**-300


# Cross entropy -------------------------------------------------------------------------------------------------

@given(LOGITS, st.data())
def test_cross_entropy_is_exact_however_sure(xs, data):
    """Loss and every gradient keep their relative accuracy, also where both are 1e-300."""
    t = data.draw(st.integers(0, len(xs) - 1))
    loss, slopes = exact(xs, t)
    one_hot = [float(j == t) for j in range(len(xs))]
    for target in (t, Value(t), one_hot):
        values = list(map(Value, xs))
        y = nn.cross_entropy(values, target)
        y.backward()
        assert close(y.data, loss), target
        assert all(close(v.grad, slope) for v, slope in zip(values, slopes)), target


def test_a_loss_of_1e_30_and_its_gradient():
    values = [Value(69.0), Value(0.0)]
    loss = nn.cross_entropy(values, 0)
    loss.backward()
    assert [loss.data, *(v.grad for v in values)] == pytest.approx(
        [1.0806392777072785e-30, -1.0806392777072785e-30, 1.0806392777072785e-30], rel=1e-13)


def test_the_naive_formula_is_found_by_that_test():
    """log(sum(exp)) - x_t, which the check must reject."""
    xs = [69.0, 0.0]
    assert not close(math.log(sum(map(math.exp, xs))) - xs[0], exact(xs, 0)[0])


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=5), st.data())
def test_probabilities_as_target_weigh_the_classes(xs, data):
    ps = data.draw(st.lists(st.floats(0.01, 1), min_size=len(xs), max_size=len(xs)))
    total = sum(ps)
    ps = [p / total for p in ps]
    alone = [float(exact(xs, t)[0]) for t in range(len(xs))]
    assert nn.cross_entropy(xs, ps) == pytest.approx(sum(p * loss for p, loss in zip(ps, alone)), rel=1e-12)
    assert grad(lambda q: nn.cross_entropy(xs, q))(ps) == pytest.approx(alone, rel=1e-12)


def test_an_impossible_class_costs_infinitely_and_an_impossible_other_nothing():
    assert nn.cross_entropy([-math.inf, 0.0], 0) == math.inf
    assert nn.cross_entropy([-math.inf, 0.0], 1) == 0.0
    assert math.isnan(nn.cross_entropy([math.nan, 0.0], 1))


# Probabilities and scores --------------------------------------------------------------------------------------

@given(st.floats(-700, 700), st.sampled_from([0, 1, 0.0, 1.0, True]))
def test_bce_with_logits_is_exact_in_both_tails(x, t):
    v = Value(x)
    loss = nn.bce_with_logits(v, t)
    loss.backward()
    expected, slopes = exact([0.0, x], int(t))
    assert close(loss.data, expected) and close(v.grad, slopes[1])


@pytest.mark.parametrize("p, t, loss", [(0.0, 0, 0.0), (1.0, 1, 0.0), (0.0, 1, math.inf), (1.0, 0, math.inf),
                                        (1e-300, 0, 1e-300), (0.5, 1, math.log(2))])
def test_bce_at_the_edges(p, t, loss):
    assert nn.bce(p, t) == loss
    v = Value(p)
    nn.bce(v, t).backward()
    assert not math.isnan(v.grad)


def test_targets_may_be_values():
    for loss in (nn.mse, nn.l1, nn.huber, nn.bce, nn.bce_with_logits, nn.kl_div, nn.hinge):
        assert loss([Value(0.3)], [Value(1.0)]).data == loss([0.3], [1.0])


@given(st.floats(-5, 5), st.sampled_from([-1, 1]))
def test_hinge_is_what_is_missing_to_a_margin_of_one(x, t):
    assert nn.hinge([x], [t]) == max(0.0, 1 - t * x)


def test_penalties_take_a_module_or_a_list():
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": [[3.0, -4.0]], "bias": [1.0]})
    assert nn.l1_penalty(model).data == 8.0 and nn.l2_penalty(model).data == 26.0
    assert nn.l2_penalty(model.weight).data == 25.0 and nn.l1_penalty([]) == 0.0
    nn.l2_penalty(model).backward()
    assert [p.grad for p in model.parameters()] == [6.0, -8.0, 2.0]


# Reductions ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("loss", [nn.mse, nn.l1, nn.huber, nn.bce, nn.bce_with_logits, nn.kl_div])
def test_none_is_the_nesting_sum_its_total_mean_its_average(loss):
    x, t = [[0.2, 0.3], [0.4, 0.9]], [[1.0, 0.0], [0.5, 1.0]]
    each = loss(x, t, reduction="none")
    assert [len(row) for row in each] == [2, 2]
    assert loss(x, t, reduction="sum") == pytest.approx(sum(leaves(each)))
    assert loss(x, t) == pytest.approx(sum(leaves(each)) / 4)
    assert loss(0.2, 1.0, reduction="none") == each[0][0]


@pytest.mark.parametrize("loss", [nn.mse, nn.bce, nn.hinge])
def test_a_bool_is_a_number(loss):
    assert loss([0.25, 0.5], [True, 1.0], "none") == loss([0.25, 0.5], [1.0, 1.0], "none")


def test_a_loss_per_sample():
    each = nn.cross_entropy([[1.0, 2.0], [3.0, 0.0]], [0, 0], reduction="none")
    assert each == [nn.cross_entropy([1.0, 2.0], 0), nn.cross_entropy([3.0, 0.0], 0, reduction="none")]


# What is refused -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call, error, message", [
    (lambda: nn.mse([1.0, 2.0], [1.0]), ValueError, "mse target: expected shape (2,), got (1,)"),
    (lambda: nn.mse([1.0], 1.0), TypeError, "mse target: expected shape (1,) as nested lists of numbers, got 1.0"),
    (lambda: nn.mse(1.0, [1.0]), ValueError, "mse target: expected shape (), got (1,)"),
    (lambda: nn.l1([[1.0], [2.0, 3.0]], [1.0]), ValueError, "l1: expected shape () or (*,), got ragged"),
    (lambda: nn.mse([], []), ValueError, "mse: expected shape () or (*,), got (0,) (empty)"),
    (lambda: nn.mse([1.0], [1.0], "avg"), ValueError, "expected reduction 'mean', 'sum' or 'none', got 'avg'"),
    (lambda: nn.cross_entropy([[1.0, 2.0, 3.0]], [3]), IndexError,
     "cross_entropy: expected a class from 0 to 2, got target 3"),
    (lambda: nn.cross_entropy([1.0, 2.0], -1), IndexError, "from 0 to 1, got target -1"),
    (lambda: nn.cross_entropy([1.0, 2.0], 0.5), IndexError, "from 0 to 1, got target 0.5"),
    (lambda: nn.cross_entropy([1.0, 2.0], Value(2)), IndexError, "from 0 to 1 as index, got 2.0"),
    (lambda: nn.cross_entropy([[1.0, 2.0]], [0, 1]), ValueError,
     "cross_entropy target: expected shape (1,) or (1, 2), got (2,)"),
    (lambda: nn.cross_entropy([1.0, 2.0], [1.0]), ValueError, "target: expected shape () or (2,), got (1,)"),
    (lambda: nn.nll([[1.0, 2.0]], [[0.5, 0.5]]), ValueError, "nll target: expected shape (1,), got (1, 2)"),
    (lambda: nn.nll([[[1.0]]], [[0]]), ValueError, "nll: expected shape (C,) or (N, C), got (1, 1, 1)"),
    (lambda: nn.bce([0.5], [2]), ValueError, "expected targets from 0 to 1, got 2"),
    (lambda: nn.bce_with_logits([0.5], [math.nan]), ValueError, "expected targets from 0 to 1, got nan"),
    (lambda: nn.hinge([0.5], [0]), ValueError, "hinge: expected targets -1 or 1, got 0"),
    (lambda: nn.kl_div(0.5, 0.5, "batchmean"), TypeError, "kl_div: expected shape (N, *) as nested lists"),
    (lambda: nn.huber([0.5], [0], delta=0.0), ValueError, "huber: expected a positive delta, got 0.0"),
    (lambda: nn.mse([1.0, 2.0], ["a", 1.0]), TypeError, "expected a number or a Value, got 'a' (str)"),
    (lambda: nn.mse("ab", "ab"), TypeError, "expected a number or a Value, got 'ab' (str)"),
])
def test_a_wrong_target_is_told_with_the_right_one(call, error, message):
    with pytest.raises(error) as found:
        call()
    assert message in str(found.value)
