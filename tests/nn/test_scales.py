"""Layers and losses from 1e-300 to 1e300: value, gradient and second derivatives, each by itself, against mpmath.

The oracle is the layer itself on numbers of hundreds of digits (oracle.Exact), its derivatives are differences of
these: what cancels, overflows or underflows in 16 digits does not there. That the formulas are the right ones is for
torch to say, in test_parity.py.
"""
import math
import random
from functools import partial
from unittest import mock

import pytest
from mpmath import mp, mpf

import microgradx as mg
from microgradx import Value, grad, gradients, hessian, nn, value_and_grad
from microgradx.nesting import shape
from microgradx.nn.lengths import length
from microgradx.nn.shapes import flat, nested

from ..compiled import equal, every_way
from ..oracle import Exact, bare

INF, NAN = math.inf, math.nan
WEIGHTS = [0.3, 0.5, -0.2, 0.7, 1.1, -0.4]
BASE = [1.0, -0.7, 0.45, 2.3]
SIZES = [1e-308, 1e-300, 1e-160, 1e-20, 1e-8, 0.3, 1.0, 37.0, 720.0, 1e8, 1e15, 1e100, 1.5e154, 1e160, 1e300]


def points(count):
    """All scales; equal numbers, an offset, an outlier, sizes of all kinds, saturated ones, subnormal ones."""
    yield from ([size * x for x in BASE[:count]] for size in SIZES)
    yield from ([1e15 + 0.3] * count, [0.3] * count, [1e15 + 0.25 * k * k for k in range(count)])
    yield from ([1e20, *BASE[1:count]], [*BASE[:count - 1], -1e300], [1e-300, *BASE[1:count]])
    yield from ([1e200 if k % 2 else 1e-200 for k in range(count)], [1e-200 if k % 2 else -1e200 for k in range(count)])
    yield from ([n * (k + 1.0) + offset for k in range(count)] for n, offset in ((40.0, 0.0), (40.0, 1e5), (0.1, 0.0)))
    yield [5e-324 * (k + 1) for k in range(count)]


def drawn(layer):
    """Its parameters as plain numbers."""
    rng = random.Random(3)
    for name, x in list(layer.named_parameters()):
        vars(layer)[name] = nested(shape(x), partial(rng.uniform, -1.5, 1.5))
    return layer


def of(loss, *more, **options):
    return lambda xs: [loss(list(xs), *more, **options)]


def batched(norm):
    return lambda xs: [y for y, in norm([[x] for x in xs])]


def stated(cell):
    return lambda xs: flat(cell(list(xs[:2]), [xs[2]]))


# What to run, how many inputs it has
LOSSES = {
    "mse": (of(nn.mse, [0.25, 1.0]), 2), "l1": (of(nn.l1, [0.25, 1.5]), 2), "huber": (of(nn.huber, [0.25, 1.5]), 2),
    "smooth_l1": (of(nn.smooth_l1, [0.25, 1.5]), 2), "hinge": (of(nn.hinge, [1, -1]), 2),
    **{f"huber {d}": (of(nn.huber, [0.0, 0.25], delta=d), 2) for d in (1e-300, 1e-160, 1e10, 1e160, 4e299)},
    **{f"smooth_l1 {b}": (of(nn.smooth_l1, [0.0, 0.25], beta=b), 2) for b in (1e-300, 1e-160, 1e10, 1e160, 4e299)},
    **{f"bce_with_logits {t}": (of(nn.bce_with_logits, [t]), 1) for t in (0.0, 0.3, 1.0)},
    "pos_weight": (of(nn.bce_with_logits, [0.3], pos_weight=3.0), 1), "kl_div": (of(nn.kl_div, [1.0, 0.3]), 2),
    "cross_entropy": (of(nn.cross_entropy, 0), 3), "of another": (of(nn.cross_entropy, 1), 3),
    "one hot": (of(nn.cross_entropy, [0.0, 1.0, 0.0]), 3), "spread": (of(nn.cross_entropy, [0.2, 0.5, 0.3]), 3),
    "smoothed": (of(nn.cross_entropy, 2, label_smoothing=0.3), 3),
    "weighed": (of(nn.cross_entropy, [0.2, 0.5, 0.3], weight=[1e-5, 2.0, 1e5]), 3),
    "multi_margin": (of(nn.multi_margin, 1), 3), "squared": (of(nn.multi_margin, 1, p=2), 3),
    "logsumexp": (of(mg.logsumexp), 3), "softmax": (mg.softmax, 3), "log_softmax": (mg.log_softmax, 3),
    **{name: (getattr(nn, name)(), 1) for name in (
        "LeakyReLU", "ELU", "SELU", "SiLU", "GELU", "Mish", "Sigmoid", "LogSigmoid", "Tanh", "Softplus", "Softsign")},
}
NORMS = {
    "LayerNorm": (nn.LayerNorm(3, elementwise_affine=False), 3), "with weights": (drawn(nn.LayerNorm(3)), 3),
    "eps of 0": (nn.LayerNorm(3, eps=0.0, elementwise_affine=False), 3), "RMSNorm": (drawn(nn.RMSNorm(3)), 3),
    "BatchNorm1d": (batched(nn.BatchNorm1d(1, affine=False, track_running_stats=False)), 3),
    "InstanceNorm1d": (lambda xs: nn.InstanceNorm1d(1)([xs])[0], 3), "GRUCell": (stated(drawn(nn.GRUCell(2, 1))), 3),
    "RNNCell": (stated(drawn(nn.RNNCell(2, 1))), 3),
    "cosine_embedding": (lambda xs: [nn.cosine_embedding([*xs[:2]], [*xs[2:]], 1)], 4),
    **{f"length {p}": (of(length, p), 3) for p in (0.5, 1, 1.5, 2, 3)},
}


def exactly(f, xs):
    """The sum of all outputs, each with its weight."""
    with mock.patch("microgradx.nn.linear.Vector", tuple):
        return mp.fsum(w * bare(y) for w, y in zip(WEIGHTS, f([Exact(x) for x in xs])))


def partial_at(f, xs, by):
    """Its derivative by these inputs: differences of differences."""
    if not by:
        return exactly(f, xs)
    i, *rest = by
    h = min(mpf(10)**-60 * abs(mpf(xs[i])), mpf(10)**-380) if extreme(xs) else mpf(10)**-60
    ahead, behind = ([mpf(x) + s * h if k == i else mpf(x) for k, x in enumerate(xs)] for s in (1, -1))
    return (partial_at(f, ahead, rest) - partial_at(f, behind, rest)) / (2 * h)


def extreme(xs):
    return max(map(abs, xs)) > 1e30 or min(map(abs, xs)) < 1e-30


def condition(q, xs):
    """By how much q moves, relative moves of each input added up."""
    t = mpf(10)**-25
    n = range(len(xs))
    return mp.fsum(abs(q([mpf(x) * (1 + t * (k == i)) for k, x in enumerate(xs)]) - q(xs)) / t for i in n)


def wrong(f, xs, orders, by_largest=False):
    """What is finite and not exact, to 1e-9 of itself or what rounding its inputs does; by_largest: or to 1e-13 of the
    largest derivative of its order."""
    leaves = list(map(Value, xs))
    root = Value(0.0) + mg.dot(outputs := list(f(leaves)), WEIGHTS[:len(outputs)])
    first = gradients(root, leaves, create_graph=True)
    found = {(): root.data} | {(i,): float(bare_value(g)) for i, g in enumerate(first)}
    if orders > 1:
        found |= {(i, k): s for i, g in enumerate(first) if isinstance(g, Value)
                  for k, s in enumerate(gradients(g, leaves))}
    with mp.workdps(1900 if extreme(xs) else 500):
        for by, got in found.items():
            q = partial(lambda by, ys: partial_at(f, ys, by), by)
            if math.isfinite(got) and abs(got - (exact := q(xs))) > 1e-9 * abs(exact) + mpf(10)**-300:
                peers = [abs(x) for other, x in found.items() if len(other) == len(by) and math.isfinite(x)]
                if (not by_largest or abs(got - exact) > 1e-13 * max(peers)) and (
                        abs(got - exact) > 1e-13 * condition(q, xs)):
                    yield by, got, mp.nstr(exact, 9)


def bare_value(x):
    return x.data if isinstance(x, Value) else x


def fits(name, xs):
    """Not where rounding leads onto a kink: of 1e-20 - 1.5 nothing but 1.5 is left. Nor where a subnormal number, of
    which any factor leaves little, is divided by a tiny beta."""
    kinked = name in ("huber", "smooth_l1", "hinge", "multi_margin", "squared") and max(map(abs, xs)) < 1e-7
    return not kinked and not (name.startswith("smooth_l1 1e-") and max(map(abs, xs)) < 1e-307)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_exact_at_each_scale(name):
    f, count = LOSSES[name]
    for k, xs in enumerate(points(count)):
        if fits(name, xs):
            assert not list(wrong(f, xs, 2 if count == 1 or k % 5 == 0 else 1)), xs


@pytest.mark.slow
@pytest.mark.parametrize("name", NORMS)
def test_norms_and_gates_are_exact_at_each_scale(name):
    f, count = NORMS[name]
    for xs in points(count):
        if not (name == "eps of 0" and len(set(xs)) == 1):
            assert not list(wrong(f, xs, 1, by_largest=True)), xs


def test_a_loss_that_cancels_is_found():
    assert list(wrong(lambda xs: [1 - xs[0] / xs[1]], [0.3 + 1e-13, 0.3], 1)) == []           # the inputs have lost it
    assert list(wrong(lambda xs: [1 - mg.tanh(xs[0])], [18.0], 1))


# What the sweep found ------------------------------------------------------------------------------------------------

@every_way
def test_a_spread_target_keeps_the_digits_of_all_classes(way):
    """The gaps were taken to the likeliest class: to one with a score of -1e300 all others have the same gap."""
    f = way.jit(grad(lambda xs: nn.cross_entropy(xs, 2, label_smoothing=0.3)))
    p = 1 / (1 + math.exp(-1.7))
    assert f([1.0, -0.7, -1e300]) == pytest.approx([p - 0.1, 1 - p - 0.1, -0.8], rel=1e-12)


def test_second_derivatives_by_an_unlikely_class():
    """-p_i * p_k, also where p_i is 1e-35: 1 less the sum of the others was 0."""
    xs = [0.0, 80.0, 41.0]
    with mp.workdps(60):
        powers = [mp.exp(x) for x in xs]
        p = [x / mp.fsum(powers) for x in powers]
        expected = [[float(a * ((1 - b) if i == k else -b)) for k, b in enumerate(p)] for i, a in enumerate(p)]
    for target in (0, Value(0), [1.0, 0.0, 0.0], [0.0, 0.25, 0.75]):
        found = hessian(lambda xs, target=target: nn.cross_entropy(xs, target))(xs)
        assert found == [pytest.approx(row, rel=1e-12) for row in expected], target


@every_way
@pytest.mark.parametrize("strict", [False, True])
def test_two_impossible_classes_one_of_them_right(way, strict):
    """The loss is infinite, and the gradient as in torch; where all are impossible it is nan, as there."""
    f = way.jit(value_and_grad(nn.cross_entropy), strict=strict)
    for g in (f, value_and_grad(nn.cross_entropy)):
        assert g([-INF, -INF, 0.0], 0) == (INF, [-1.0, 0.0, 1.0]) and g([0.0, -INF, -INF], 1) == (INF, [1.0, -1.0, 0.0])
        assert math.isnan(g([-INF, -INF], 0)[0]) and math.isnan(g([-INF, NAN, 0.0], 0)[0])
    assert nn.cross_entropy([-INF, -INF, 0.0], Value(0)).data == INF


@every_way
@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-3])
def test_the_angle_of_vectors_that_are_nearly_parallel(way, scale):
    """1 - cosine is half the square of the angle, of which 1 - 0.999... has no digits."""
    f = way.jit(lambda a, b: nn.cosine_embedding(a, b, 1))
    angle = 1e-7 * scale
    expected = 0.5e-14 + (1e-12 if scale == 1 else 1e-6 if scale < 1 else 0.0) * (1 - 4e-9)
    assert f([scale, 0.0], [scale, angle]) == pytest.approx(expected, rel=1e-6)


@every_way
@pytest.mark.parametrize("loss", [nn.huber, nn.smooth_l1], ids=["huber", "smooth_l1"])
def test_a_straight_line_has_its_slope_at_infinity(way, loss):
    """Compiled the slope was nan: that of the square, which is not taken, is infinite."""
    both = value_and_grad(loss, (0, 1))
    for x, t, slope in ((INF, 0.0, 1.0), (0.0, INF, -1.0), (-INF, 1.0, -1.0), (1e200, 0.0, 1.0)):
        for f in (both, way.jit(both)):
            y, ([by_x], [by_t]) = f([x], [t])
            assert y == abs(x - t) and equal(by_x, slope) and equal(by_t, -slope)


def test_a_square_that_overflows_where_half_of_it_does_not():
    assert nn.huber([1.5e154], [0.0], delta=1e160) == pytest.approx(1.125e308, rel=1e-15)


def test_a_unit_that_keeps_its_state_keeps_all_of_it():
    """h' = (1 - z)*n + z*h at z = 1: as n + z*(h - n) nothing was left of h = 1e-20."""
    cell = nn.GRUCell(1, 1)
    cell.load_state_dict({"weight_ih": [[0.0], [800.0], [1.0]], "weight_hh": [[0.0]] * 3, "bias_ih": [0.0] * 3,
                          "bias_hh": [0.0] * 3})
    assert cell([1.0], [1e-20])[0].data == 1e-20
    assert grad(lambda h: cell([1.0], [h])[0])(1e-20) == 1.0
