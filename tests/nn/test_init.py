"""First weights: drawn from the right distribution, by the right generator. (Against torch: test_nn_parity.py.)"""
import math
import random
import statistics

import pytest

from microgradx import Value
from microgradx.nesting import leaves
from microgradx.nn import Linear, init

DRAWING = [init.uniform_, init.normal_, init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_,
           init.kaiming_normal_]
every_drawing = pytest.mark.parametrize("draw", DRAWING, ids=lambda f: f.__name__)


def data(tree):
    return [v.data for v in leaves(tree)]


@every_drawing
def test_a_seed_gives_the_same_weights(draw):
    """By a generator given, or by Python's own; in place."""
    weight = init.parameter(3, 4)
    before = leaves(weight)
    assert draw(weight, generator=random.Random(1)) is weight and leaves(weight) == before
    first = data(weight)
    assert data(draw(weight)) != first
    assert data(draw(weight, generator=random.Random(1))) == first
    random.seed(1)
    assert data(draw(weight)) == first
    assert len(set(first)) == 12


@pytest.mark.slow
@pytest.mark.parametrize("draw, std", [
    (init.uniform_, 1 / math.sqrt(12)), (init.normal_, 1.0),
    (init.xavier_uniform_, math.sqrt(2 / 300)), (init.xavier_normal_, math.sqrt(2 / 300)),
    (init.kaiming_uniform_, math.sqrt(2 / 200)), (init.kaiming_normal_, math.sqrt(2 / 200))])
def test_the_numbers_have_the_spread_that_is_told(draw, std):
    found = statistics.stdev(data(draw(init.parameter(100, 200), generator=random.Random(1))))
    assert found == pytest.approx(std, rel=0.02)            # of 20,000 numbers: four standard errors


@pytest.mark.slow
def test_signals_keep_their_size_through_ten_layers():
    """What Kaiming's rule is for: with the gain of relu nothing vanishes, with that of a line almost all does."""
    def size(nonlinearity):
        rng = random.Random(2)
        x = [rng.gauss(0, 1) for _ in range(60)]
        for _ in range(10):
            weight = data_rows(init.kaiming_normal_(init.parameter(60, 60), nonlinearity=nonlinearity, generator=rng))
            x = [max(0.0, sum(w * v for w, v in zip(row, x))) for row in weight]
        return math.sqrt(sum(v * v for v in x) / 60)
    assert 0.2 < size("relu") < 5 and size("linear") < 0.1


def data_rows(weight):
    return [data(row) for row in weight]


def test_zero_weights_stay_equal_for_ever():
    """The note at zeros_: with equal weights all hidden units get one gradient."""
    hidden, last = Linear(2, 3), Linear(3, 1)
    init.constant_(hidden.weight, 0.5), init.constant_(last.weight, 0.5)
    last(hidden([1.0, 2.0]))[0].backward()
    assert len({tuple(p.grad for p in row) for row in hidden.weight}) == 1


def test_fans():
    assert init.fans(init.parameter(2, 3)) == (3, 2)
    assert init.fans(init.parameter(2, 3, 4, 5)) == (60, 40)


@pytest.mark.parametrize("call, message", [
    (lambda: init.xavier_uniform_([Value(0.0)]), "fan_in and fan_out need a weight of shape (out, in, ...), got (1,)"),
    (lambda: init.kaiming_normal_(init.parameter(1, 1), mode="in"), "expected mode 'fan_in' or 'fan_out', got 'in'"),
    (lambda: init.calculate_gain("sine"), "no gain known for 'sine'; expected one of linear, "),
])
def test_bad_arguments_are_told(call, message):
    with pytest.raises(ValueError) as found:
        call()
    assert message in str(found.value)
