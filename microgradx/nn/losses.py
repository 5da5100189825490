"""Losses: one number for the distance of outputs from their targets.

    >>> from microgradx.nn import cross_entropy, mse
    >>> mse([1.0, 2.0], [1.0, 4.0]), mse([1.0, 2.0], [1.0, 4.0], reduction="none")
    (2.0, [0.0, 4.0])
    >>> round(cross_entropy([[2.0, 0.0, 0.0]], [0]), 4)                # one sample, three classes, the right one is 0
    0.2395

Outputs and targets are numbers or nested lists of the same shape. reduction is "mean", "sum", or "none" for the nested
list itself. The names in torch.nn.functional: mse_loss, l1_loss, huber_loss, cross_entropy, nll_loss,
binary_cross_entropy, binary_cross_entropy_with_logits, kl_div.
"""
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ..activations import relu, softplus
from ..engine import Value, tracer
from ..ieee import inf, short
from ..nesting import leaves
from ..ops import abs, log, log1p, square, weighted, where, xlogy
from ..reductions import cross_entropy as surprise
from ..reductions import dot, gaps_to, logsumexp, sum, take
from .shapes import Nested, expect, flat, like

Reduction = Literal["mean", "sum", "none"]


# Number by number ----------------------------------------------------------------------------------------------

def mse(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """The square of each difference. torch: mse_loss.

    >>> mse([1.0, 2.0], [1.0, 4.0]), mse(1.0, 4.0)
    (2.0, 9.0)
    """
    return _pairwise("mse", lambda x, t: square(x - t), input, target, reduction)


def l1(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """The size of each difference. torch: l1_loss.

    >>> l1([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return _pairwise("l1", lambda x, t: abs(x - t), input, target, reduction)


def huber(input: Nested, target: Nested, reduction: Reduction = "mean", delta: float = 1.0) -> Any:
    """Half the square of a difference up to delta, beyond it a straight line. torch: huber_loss.

    At a difference of exactly delta the second derivative is 1, that of the square: Newton's method can go on there.

    ValueError unless delta is above 0. Source: Huber 1964.

    >>> huber([0.0, 0.0], [1.0, 3.0], "none")
    [0.5, 2.5]
    """
    if not delta > 0:
        raise ValueError(f"huber: expected a positive delta, got {delta}")

    def loss(x: Any, t: Any) -> Any:
        gap = abs(x - t)
        return where(gap <= delta, square(gap) / 2, delta * (gap - delta / 2))
    return _pairwise("huber", loss, input, target, reduction)


def bce(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """-log(p) if the target is 1, -log(1 - p) if it is 0. torch: binary_cross_entropy.

    ValueError for a target outside 0 to 1. It is infinite if p = 0 and the target is 1 (torch stops at 100);
    bce_with_logits, which takes the number before the sigmoid, stays finite.

    >>> bce([0.0, 0.0], [0, 1], "none")
    [0.0, inf]
    """
    _check("bce", target, _is_share, "from 0 to 1")
    return _pairwise("bce", lambda p, t: weighted(t, -log(p)) + weighted(1 - t, -log1p(-p)), input, target, reduction)


def bce_with_logits(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """bce of sigmoid(x), without overflow and exact in both tails. torch: binary_cross_entropy_with_logits.

    >>> bce_with_logits(800.0, 1), bce_with_logits(-800.0, 1)
    (0.0, 800.0)
    """
    _check("bce_with_logits", target, _is_share, "from 0 to 1")
    return _pairwise("bce_with_logits", lambda x, t: weighted(t, softplus(-x)) + weighted(1 - t, softplus(x)),
                     input, target, reduction)


def hinge(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """relu(1 - target*score), for targets -1 and 1: how far a score is below a margin of 1 on the right side.

    ValueError for another target. It is the loss of support vector machines; torch's hinge_embedding_loss is another.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1], "none")
    [0.0, 0.5, 2.0]
    """
    _check("hinge", target, lambda t: (abs(t) >= 1) * (abs(t) <= 1), "-1 or 1")
    return _pairwise("hinge", lambda x, t: relu(1 - t * x), input, target, reduction)


def kl_div(input: Nested, target: Nested, reduction: Reduction | Literal["batchmean"] = "mean") -> Any:
    """target * (log(target) - input): how far log-probabilities are from probabilities. torch: kl_div.

    ValueError for "batchmean" if input is not a batch (N, ...). The sum is the Kullback-Leibler divergence; "batchmean"
    divides it by the number of samples.

    >>> kl_div([[0.0, 0.0]], [[1.0, 0.0]], "batchmean"), kl_div([[-1.0, 0.0]], [[1.0, 0.0]], "batchmean")
    (0.0, 1.0)
    """
    if reduction == "batchmean":
        return _pairwise("kl_div", _kl, input, target, "sum") / expect("kl_div", input, ("N", "*"))[0]
    return _pairwise("kl_div", _kl, input, target, reduction)


def _kl(x: Any, t: Any) -> Any:
    return xlogy(t, t) - weighted(t, x)


def _is_share(t: Any) -> Any:
    return (t >= 0) * (t <= 1)


def _check(name: str, target: Nested, holds: Callable[[Any], Any], wanted: str) -> None:
    """ValueError for a target for which `holds` is 0. A compiled program checks its inputs each time that it runs."""
    trace = tracer()
    for t in flat(target):
        if trace is not None and isinstance(t, Value):
            trace.require(t, holds(t), f"{name}: expected targets {wanted}")
        elif not holds(_now(t)):
            raise ValueError(f"{name}: expected targets {wanted}, got {short(_now(t))}")


def _now(x: Any) -> Any:
    """The number of a Value, so that a choice by it is not recorded. A compiled program makes the choice as it runs."""
    return x.data if isinstance(x, Value) and tracer() is None else x


def _pairwise(name: str, loss: Callable[[Any, Any], Any], input: Nested, target: Nested, reduction: str) -> Any:
    """The loss of every number and its target."""
    expect(f"{name} target", target, expect(name, input, (), ("*",)))
    return _reduced([loss(x, t) for x, t in zip(flat(input), flat(target))], reduction, input)


def _reduced(losses: list[Any], reduction: str, nesting: Nested) -> Any:
    """The losses as one number, or as a nested list. ValueError for an unknown reduction."""
    if reduction == "none":
        return like(nesting, losses)
    if reduction not in ("mean", "sum"):
        raise ValueError(f"expected reduction 'mean', 'sum' or 'none', got {reduction!r}")
    return sum(losses) / (len(losses) if reduction == "mean" else 1)


# Sample by sample ----------------------------------------------------------------------------------------------

def cross_entropy(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """-log softmax(input) of the right class, from logits (C), or (N, C) and then the mean. torch: cross_entropy.

    IndexError for an index that is not a class. target: the index of the right class, or N of them; or probabilities in
    the shape of input.

    It does not overflow, and keeps its digits if the right class has the largest logit x_t: the loss is the logarithm
    of the sum of exp(x_j - x_t), in which the term of t is exactly 1. As logsumexp(x) - x_t, loss and gradient would be
    0 here:

    >>> cross_entropy([70.0, 0.0], 0)
    3.975449735908647e-31
    """
    return _by_sample("cross_entropy", _surprise, input, target, reduction, soft=True)


def nll(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """Minus the log-probability of the right class, from log-probabilities (C) or (N, C). torch: nll_loss.

    IndexError for a target that is not a class.

    >>> nll([[-1.0, -2.0], [-3.0, -4.0]], [0, 1])
    2.5
    """
    return _by_sample("nll", lambda xs, t: -take(xs, t), input, target, reduction)


def _surprise(xs: list[Any], target: Any) -> Any:
    if not isinstance(target, (list, tuple)):
        return surprise(xs, target)
    gaps = gaps_to(xs, _likely(target, xs))              # true for any class; the likeliest keeps all digits
    return sum(target) * logsumexp(gaps) - sum(list(map(weighted, target, gaps)))


def _likely(target: Sequence[Any], xs: Sequence[Any]) -> Any:
    """The index of the largest probability, the first if several are equal; not that of an impossible class, -inf."""
    best, place = -1.0, 0.0
    for j, (t, x) in enumerate(zip(map(_now, target), map(_now, xs))):
        better = (t > best) * (x > -inf)
        place, best = where(better, j, place), where(better, t, best)
    return place


def _by_sample(name: str, loss: Callable[[list[Any], Any], Any], input: Nested, target: Nested, reduction: str,
               soft: bool = False) -> Any:
    """The loss of every sample, from its numbers and its class, or (soft) the probabilities of all classes."""
    *batch, classes = expect(name, input, ("C",), ("N", "C"))
    indices = tuple(batch)
    found = expect(f"{name} target", target, *([indices, (*batch, classes)] if soft else [indices]))
    if found == indices:
        for t in flat(target):
            if not isinstance(t, Value) and t not in range(classes):
                raise IndexError(f"{name}: expected a class from 0 to {classes - 1}, got target {short(t)}")
    samples = zip(input, target) if batch else [(input, target)]
    return _reduced([loss(xs, t) for xs, t in samples], reduction, [0.0] * batch[0] if batch else 0.0)


# Penalties on weights ------------------------------------------------------------------------------------------

def l1_penalty(parameters: Nested) -> Any:
    """The sum of |p| over all parameters of a Module or a nested list: added to a loss, it drives weights to 0.

    The lasso (Tibshirani 1996).

    >>> l1_penalty([[3.0], [-4.0]])
    7.0
    """
    return sum([abs(p) for p in leaves(parameters)])


def l2_penalty(parameters: Nested) -> Any:
    """The sum of p*p over all parameters of a Module or a nested list: added to a loss, it keeps weights small.

    Ridge regression (Hoerl & Kennard 1970). c times it has the gradient that torch adds for weight_decay=2*c.

    >>> l2_penalty([[3.0], [4.0]])
    25.0
    """
    return dot(leaves(parameters), leaves(parameters))
