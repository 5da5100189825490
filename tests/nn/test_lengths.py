"""The length of a vector: right at every size, nan with a nan, the same in compiled code and in what builds on it."""
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from microgradx import Value, grad, hessian, jvp, nn
from microgradx.nn.lengths import length
from microgradx.training import clip_grad_norm

from ..budget import budget
from ..compiled import equal, every_way

INF, NAN = math.inf, math.nan
NORMS = (0.5, 1, 1.5, 2, 3, 7, INF)
every_norm = pytest.mark.parametrize("p", NORMS)

# What torch 2.13 answers: linalg.vector_norm of these, for each norm
NOT_FINITE = [([NAN, 1.0], NAN), ([0.0, NAN], NAN), ([INF, 1.0], INF), ([1.0, -INF], INF), ([INF, NAN], NAN),
              ([-INF, INF], INF), ([NAN], NAN), ([INF], INF)]


def close(a, b):
    return equal(a, b) or math.isclose(a, b, rel_tol=1e-13)


@settings(max_examples=budget(200))
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=4), st.sampled_from(NORMS))
@example([1e130, 1e120], 3)                 # the cube of 1e130 is no float, though its square is
@example([1e-130, 1e-131], 3)
@example([1e150], 7)
@example([5e-324, 0.0], 2)
@example([1e300, 1e-300], 1.5)
def test_it_is_the_length_to_the_last_digits(xs, p):
    with mp.workdps(50):
        sizes = [abs(mpf(x)) for x in xs]
        exact = max(sizes) if p == INF else mp.fsum(x**mpf(p) for x in sizes) ** (1 / mpf(p))
        assert length(xs, p) == pytest.approx(float(exact), rel=1e-13)


@every_norm
@every_way
def test_what_is_not_finite_is_seen(p, way):
    """Of [nan] it was 0.0, of [inf] nan, for each p but 1, 2 and inf."""
    compiled = way.jit(lambda xs: length(xs, p))
    for xs, expected in NOT_FINITE:
        assert equal(length(xs, p), expected) and equal(length(list(map(Value, xs)), p).data, expected)
        assert equal(compiled(xs), expected), xs


@every_norm
def test_its_slope_at_0_is_0_in_every_mode(p):
    def f(xs):
        return length(xs, p)
    assert grad(f)([0.0, 0.0]) == [0.0, 0.0] and jvp(f, [[0.0, 0.0]], [[1.0, 2.0]]) == (0.0, 0.0)
    assert hessian(f)([0.0, 0.0]) == [[0.0, 0.0], [0.0, 0.0]]


@every_norm
@every_way
def test_its_slopes_at_every_size(p, way):
    """Of the length of a vector they depend on its direction alone."""
    slopes, expected = way.jit(grad(lambda xs: length(xs, p))), grad(lambda xs: length(xs, p))([3.0, -4.0])
    for size in (1e-300, 1e-120, 1.0, 1e120, 1e300):
        assert all(map(close, slopes([3 * size, -4 * size]), expected)), size


@every_norm
def test_a_gradient_that_is_nan_is_refused_in_every_norm(p):
    for gradient, _ in NOT_FINITE:
        params = [Value(0.0) for _ in gradient]
        for v, g in zip(params, gradient, strict=True):
            v.grad = g
        with pytest.raises(ArithmeticError, match="expected a finite gradient"):
            clip_grad_norm(params, 1.0, p, error_if_nonfinite=True)
        assert all(map(equal, [v.grad for v in params], gradient))


@every_norm
@pytest.mark.parametrize("swap", [False, True])
def test_a_triplet_with_a_nan_has_no_loss(p, swap):
    for i in range(3):
        given = [[1.0, 2.0], [1.5, 2.0], [5.0, -3.0]]
        given[i][1] = NAN
        assert math.isnan(nn.triplet_margin(*given, p=p, swap=swap)), given


# Each loss, its inputs and targets: a nan in any input
LOSSES = {"mse": ([1.0, 2.0], [0.0, 1.0]), "l1": ([1.0, 2.0], [0.0, 1.0]), "huber": ([1.0, 2.0], [0.0, 1.0]),
          "smooth_l1": ([1.0, 2.0], [0.0, 1.0]), "hinge": ([1.0, 0.5], [1, -1]),
          "hinge_embedding": ([1.0, 0.5], [1, -1]), "margin_ranking": ([1.0, 0.5], [0.5, 1.0], [1, -1]),
          "multi_margin": ([1.0, 0.5, 2.0], 1), "cosine_embedding": ([1.0, 0.5], [0.5, 1.0], 1),
          "triplet_margin": ([1.0, 2.0], [1.5, 2.0], [5.0, -3.0]), "cross_entropy": ([1.0, 0.5, 2.0], 1),
          "nll": ([-1.0, -0.5, -2.0], 1), "bce": ([0.25, 0.5], [0.0, 1.0]),
          "bce_with_logits": ([0.25, 0.5], [0.0, 1.0])}


@pytest.mark.parametrize("name", LOSSES)
def test_no_loss_hides_a_nan(name):
    """In any of its numbers but those of the classes that nll does not look at."""
    loss, inputs = getattr(nn, name), LOSSES[name]
    assert math.isfinite(loss(*inputs))
    vectors = {"margin_ranking": 2, "cosine_embedding": 2, "triplet_margin": 3}.get(name, 1)
    for i in range(vectors):
        for k in range(len(inputs[i])):
            given = [list(x) if isinstance(x, list) else x for x in inputs]
            given[i][k] = NAN
            assert math.isnan(loss(*given)) == (name != "nll" or k == 1), given
