"""Rows from 1e-300 to 1e300 and at infinity: slopes and second derivatives to the last digits, each by itself.

test_table.py bounds a higher derivative by the size of all derivatives at a point. Here each stands alone: a difference
of two terms that cancels, a square that overflows or underflows on the way to a number that is a float, is found.
"""
import itertools
import math

import pytest
from mpmath import mp, mpf

import microgradx as mg
from microgradx import Value, grad, gradients, hessian, jvp, logsumexp, softmax, value_and_grad
from microgradx.nn import BatchNorm1d, GroupNorm, InstanceNorm1d, LayerNorm, RMSNorm
from microgradx.nn.lengths import length
from microgradx.nn.losses import huber, smooth_l1
from microgradx.table import TABLE, Op, Reduction
from microgradx.training import clip_grad_norm

from . import oracle, points
from .budget import sweep
from .compiled import equal, every_way

ROWS = [op for op in TABLE.values() if not isinstance(op, Reduction) and any(op.rules)]
SIZES = [1e-300, 1e-160, 1e-20, 1e-8, 0.3, 1.7, 37.0, 720.0, 1e8, 1e20, 1e100, 1e160, 1e300]
FINEST, RELATIVE = mpf(10) ** -306, mpf(10) ** -10

# Where a factor overflows although the product does not: no finite number is given.
OPEN = {"pow": "x**(n - 2) at x = n = 1e-300", "xlogy": "a/b/b", "div": "a/b/b", "atan2": "1/hypot(a, b)**2"}


def at_scales(op):
    """Points of the domain, off the kinks, of all sizes and signs."""
    numbers = [s * x for x in SIZES for s in (1, -1)] + [0.999, -0.999]
    count = len(op.inputs)
    for xs in itertools.product(*([numbers] if count == 1 else [numbers[::3], numbers[1::4], numbers[::5]][:count])):
        if all(map(points.within, xs, op.domains(count))) and not points.on_kink(op, list(xs)):
            yield list(xs)


def partial(op, xs, *by):
    """The derivative by these inputs: differences of differences, to a few hundred digits."""
    if not by:
        return oracle.value(op, xs)
    i, *rest = by
    h = min(mpf(10) ** -60, mpf(10) ** -60 * abs(mpf(xs[i])))
    ahead, behind = ([x + s * h if k == i else mpf(x) for k, x in enumerate(xs)] for s in (1, -1))
    return (partial(op, ahead, *rest) - partial(op, behind, *rest)) / (2 * h)


def wrong(op, xs, rule=None):
    """Slopes and second derivatives that are finite and not exact, or not finite where the exact one is a float."""
    leaves = list(map(Value, xs))
    first = gradients((rule or op).apply(op.called(leaves)), leaves, create_graph=True)
    smooth = [i for i, slope in enumerate(op.rules) if slope]
    found = {(i,): first[i].data for i in smooth}
    found |= {(i, k): second for i in smooth for k, second in enumerate(gradients(first[i], leaves)) if k in smooth}
    with mp.workdps(2100 if min(map(abs, xs)) < 1e-30 or max(map(abs, xs)) > 1e30 else 900):
        for by, got in found.items():
            exact = partial(op, xs, *by)
            if math.isfinite(got):
                if abs(got - exact) > RELATIVE * abs(exact) + FINEST:
                    yield by, got, mp.nstr(exact, 9)
            elif abs(exact) < 1e308 and op.name not in OPEN:
                yield by, got, mp.nstr(exact, 9)


@sweep(7)
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_each_derivative_at_each_scale(op):
    every = 1 if len(op.inputs) == 1 else 7
    for xs in itertools.islice(at_scales(op), 0, None, every):
        assert not list(wrong(op, xs)), (op.name, xs)


@pytest.mark.parametrize("name, slope, x", [
    ("atan", lambda y, x: 1 / (1 + mg.square(x)), 1e100),                  # underflows
    ("asin", lambda y, x: 1 / mg.sqrt((1 - x) * (1 + x)), 1e-20),          # cancels
    ("sigmoid", lambda y, x: y * mg.sigmoid(-x), 1e-8),
    ("tanh", lambda y, x: 1 - mg.square(mg.tanh(x)), 37.0)])
def test_a_slope_that_cancels_or_overflows_is_found(name, slope, x):
    assert list(wrong(TABLE[name], [x], Op(name, TABLE[name].value, slope)))


# At infinity: the limits of slope and second derivative, of rows that have them -------------------------------------

BOUNDED = [op for op in ROWS if len(op.inputs) == 1 and op.limits and not any(map(math.isnan, op.limits))]


def test_limits_are_the_values_at_infinity():
    """Of each activation, also of those with more inputs; a finite one is reached long before. nan stands for none."""
    for op in ROWS:
        more = (0.5, 0.75)[:len(op.inputs) - 1]
        limits = op.limits(*more) if callable(op.limits) else op.limits or ()
        for sign, limit in zip((-1.0, 1.0), limits):
            if not math.isnan(limit):
                assert op.at(sign * (1e30 if math.isfinite(limit) else math.inf), *more) == limit, op.name


@pytest.mark.parametrize("x", [math.inf, -math.inf])
@pytest.mark.parametrize("op", BOUNDED, ids=lambda op: op.name)
def test_derivatives_at_infinity_are_their_limits(op, x):
    """Of each activation: what they are at 1e300 (torch answers nan to silu, gelu and mish)."""
    far = math.copysign(1e300, x)
    for order, f in enumerate((grad(op), grad(grad(op)))):
        limit = 0.0 if order else float(mp.nint(oracle.slope(op, [far], 0) * 1e9) / 1e9)
        assert f(x) == pytest.approx(limit, rel=1e-8), (op.name, order)
        assert f(far) == pytest.approx(limit, rel=1e-8, abs=1e-300)


# Lists: an offset changes neither logsumexp's slopes nor softmax -----------------------------------------------------

OFFSETS = [0.0, 1.0, 1e5, 1e10, -1e10, 1e15, 1e50, -1e50, 1e300]


@pytest.mark.slow
@pytest.mark.parametrize("offset", OFFSETS)
def test_slopes_of_logsumexp_are_shares_at_any_offset(offset):
    """stan-dev/math#1679: at 1e10 0.99999952 in all, at 1e50 2.0; the second derivative was -2."""
    assert grad(lambda x: logsumexp([x, x]))(offset) == 1.0
    assert grad(logsumexp)([offset, offset]) == softmax([offset, offset]) == [0.5, 0.5]
    assert grad(grad(lambda x: logsumexp([x, x])))(offset) == 0.0
    assert jvp(logsumexp, [[offset, offset]], [[1.0, 1.0]])[1] == 1.0
    assert hessian(logsumexp)([offset, offset]) == [[0.25, -0.25], [-0.25, 0.25]]
    assert math.fsum(grad(logsumexp)([offset] * 7)) == pytest.approx(1.0, abs=2e-16)


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("strict", [False, True])
def test_slopes_of_logsumexp_are_shares_in_compiled_code(way, strict):
    compiled = way.jit(grad(logsumexp), strict=strict)
    second = way.jit(hessian(logsumexp), strict=strict)
    for offset in OFFSETS:
        assert compiled([offset, offset]) == [0.5, 0.5]
        assert second([offset, offset]) == [[0.25, -0.25], [-0.25, 0.25]]


def exact_shares(xs):
    """Softmax, its Jacobian and the second derivatives of its first element, to 50 digits."""
    with mp.workdps(80):
        powers = [mp.exp(mpf(x) - max(xs)) for x in xs]
        p = [power / mp.fsum(powers) for power in powers]
        n = range(len(p))
        others = [mp.fsum(p[k] for k in n if k != i) for i in n]
        jacobian = [[p[i] * others[i] if i == j else -p[i] * p[j] for j in n] for i in n]
        return p, jacobian


@pytest.mark.parametrize("offset", [0.0, 1e5, -3.0])
@pytest.mark.parametrize("gaps", [[40.0, 0.0], [0.0, -700.0, 2.0], [37.0, 36.0, 0.0, -300.0], [0.0] * 5])
def test_softmax_keeps_its_digits_in_the_tails(gaps, offset):
    """d p/dx of a share near 1 is the sum of the others, which 1 - p has lost."""
    xs = [offset + gap for gap in gaps]
    p, jacobian = exact_shares(xs)
    assert softmax(xs) == pytest.approx([float(x) for x in p], rel=1e-13)
    for i in range(len(xs)):
        row = [float(x) for x in jacobian[i]]
        assert grad(lambda xs, i=i: softmax(xs)[i])(xs) == pytest.approx(row, rel=1e-12)
    assert hessian(logsumexp)(xs) == [pytest.approx([float(x) for x in row], rel=1e-12) for row in jacobian]


# Reports -----------------------------------------------------------------------------------------------------------

def test_sech_has_no_gap_before_it_vanishes():
    """1/cosh(x) is 0 beyond 710.5, and machine code had digits up to 745."""
    for x in (-745.13, 745.13, 720.0, 711.0):
        assert mg.sech(x) > 0 and mg.sech(x) == pytest.approx(float(1 / mp.cosh(x)), rel=1e-13, abs=5e-324)


@every_way
@pytest.mark.parametrize("strict", [False, True])
def test_compiled_sech_has_no_gap_before_it_vanishes(way, strict):
    compiled = way.jit(mg.sech, strict=strict)
    for x in (-745.13, 745.13, 720.0, 711.0, 25.0, 0.0):
        assert equal(compiled(x), mg.sech(x)) or (not strict and compiled(x) == pytest.approx(mg.sech(x), rel=1e-14))


@pytest.mark.parametrize("layer", [LayerNorm(7, eps=0.0), LayerNorm(7)], ids=repr)
@pytest.mark.parametrize("x", [1e15 + 0.3, 0.1, 1e300, -7.7])
def test_equal_numbers_are_normalised_to_zero(layer, x):
    """As pytorch#30950: the mean was rounded away from numbers that are all the same, and 0.9997 came out."""
    found = [y.data for y in layer([Value(x)] * 7)]
    assert found == [0.0] * 7 or (layer.eps == 0 and all(map(math.isnan, found)))           # 0/0


NORMS = {"LayerNorm": lambda eps: LayerNorm(3, eps=eps, elementwise_affine=False),
         "RMSNorm": lambda eps: RMSNorm(3, eps=eps, elementwise_affine=False),
         "BatchNorm1d": lambda eps: lambda xs: [y for y, in BatchNorm1d(1, eps=eps, affine=False)([[x] for x in xs])],
         "InstanceNorm1d": lambda eps: lambda xs: InstanceNorm1d(1, eps=eps)([xs])[0],
         "GroupNorm": lambda eps: lambda xs: GroupNorm(1, 3, eps=eps, affine=False)([xs])[0]}


@every_way
@sweep(3)
@pytest.mark.parametrize("scale", [1e-290, 1e-200, 1e-10, 1e10, 1e160, 1e200, 1e300])
@pytest.mark.parametrize("norm", NORMS)
def test_normalised_numbers_do_not_depend_on_their_scale(norm, scale, way):
    """The variance of 1e160 is infinite: all became 0. That of 1e-200 is 0: inf or nan came out with eps=0."""
    def dotted(eps):
        return lambda xs: mg.dot(NORMS[norm](eps)(xs), [0.3, 0.5, -0.2])
    xs, layer = [1.0, 3.0, -2.5], dotted(1e-15 if scale > 1 else 0.0)
    value, slopes = value_and_grad(dotted(0.0))(xs)
    found, there = way.jit(value_and_grad(layer))([x * scale for x in xs])
    assert found == pytest.approx(value, rel=1e-12) == value_and_grad(layer)([x * scale for x in xs])[0]
    assert [slope * scale for slope in there] == pytest.approx(slopes, rel=1e-10)


@pytest.mark.parametrize("xs, size", [([math.inf, 1.0], math.inf), ([math.nan, 1.0], math.nan), ([math.nan], math.nan),
                                      ([-math.inf, 0.0], math.inf), ([3e-200, 4e-200], 5e-200)])
@pytest.mark.parametrize("p", [2.0, 3.0])
def test_lengths_at_the_limits(xs, size, p):
    """Of [nan] it was 0."""
    assert length(xs, p) == pytest.approx(size, rel=0.2 if p == 3 else 1e-15, nan_ok=True)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-20, 1.0, 1e20, 1e200, 1e300])
def test_a_gradient_is_clipped_at_any_scale(scale):
    ws = [Value(0.0), Value(0.0)]
    for w, g in zip(ws, (3.0, -4.0)):
        w.grad = g * scale
    assert clip_grad_norm(ws, scale) == pytest.approx(5 * scale, rel=1e-15)
    if scale > 1:                                           # below, torch's guard of 1e-6 against dividing by 0 counts
        assert [w.grad / scale for w in ws] == pytest.approx([0.6, -0.8], rel=1e-12)


@every_way
@pytest.mark.parametrize("beta", [1e-300, 1e-200, 1e-160, 1.0, 1e160, 1e200, 1.7e308])
def test_smooth_l1_at_any_scale(beta, way):
    """gap**2/(2*beta): the square was infinite, or 0, or 2*beta was, where the loss is a float."""
    for share in (1e-3, 0.5, 1.0):
        gap = share * beta
        f = value_and_grad(lambda x: smooth_l1([x], [0.0], beta=beta))
        for value, slope in (f(gap), way.jit(f)(gap)):
            assert value == pytest.approx(share * gap / 2, rel=1e-14) and slope == pytest.approx(share, rel=1e-14)


@pytest.mark.parametrize("p", [1.0, -1.0])
def test_the_joint_of_huber_counts_as_its_square(p):
    """A choice: one side has second derivative 1, the other 0. Said in its docstring."""
    assert hessian(lambda p: huber([p], [0.0]))(p) == 1.0 and grad(lambda p: huber([p], [0.0]))(p) == p
