"""bce, bce_with_logits, kl_div: how far outputs are from probabilities.

    >>> from microgradx.nn import bce, bce_with_logits
    >>> bce(0.5, 1) == bce_with_logits(0.0, 1)
    True
"""
from typing import Any, Literal

from ...activations import softplus
from ...ops import log, log1p, weighted, xlogy
from ..shapes import Nested, expect
from .reduction import Reduction, check_shares, pairwise, spread, typed


@typed
def bce(input: Nested, target: Nested, reduction: Reduction = "mean", *, weight: Nested = None) -> Any:
    """-log(p) if the target is 1, -log(1 - p) if it is 0, times weight. torch: binary_cross_entropy.

    ValueError for a target outside 0 to 1. weight is spread over the shape of input. The loss is infinite if p = 0 and
    the target is 1 (torch stops at 100); bce_with_logits, which takes the number before the sigmoid, stays finite.

    >>> bce([0.0, 0.0], [0, 1], "none"), bce([[0.0], [1.0]], [[0], [1]], weight=[2.0])
    ([0.0, inf], 0.0)
    """
    check_shares("bce", target)
    return pairwise("bce", lambda p, t: weighted(t, -log(p)) + weighted(1 - t, -log1p(-p)), input, target, reduction,
                    weight)


@typed
def bce_with_logits(input: Nested, target: Nested, reduction: Reduction = "mean", *, weight: Nested = None,
                    pos_weight: Nested = None) -> Any:
    """bce of sigmoid(x), without overflow and exact in both tails. torch: binary_cross_entropy_with_logits.

    ValueError for a target outside 0 to 1. weight multiplies each loss, pos_weight only the part of target 1: the
    number of negative over that of positive samples balances the two. Both are spread over the shape of input.

    >>> bce_with_logits(800.0, 1), bce_with_logits(-800.0, 1), bce_with_logits([-800.0, 800.0], [1, 1], pos_weight=3.0)
    (0.0, 800.0, 1200.0)
    """
    check_shares("bce_with_logits", target)
    if pos_weight is None:
        return pairwise("bce_with_logits", lambda x, t: weighted(t, softplus(-x)) + weighted(1 - t, softplus(x)),
                        input, target, reduction, weight)
    sizes = expect("bce_with_logits", input, (), ("*",))
    positive = iter(spread("bce_with_logits pos_weight", pos_weight, sizes))
    return pairwise("bce_with_logits", lambda x, t: weighted(next(positive) * t, softplus(-x))
                    + weighted(1 - t, softplus(x)), input, target, reduction, weight)


@typed
def kl_div(input: Nested, target: Nested, reduction: Reduction | Literal["batchmean"] = "mean") -> Any:
    """target * (log(target) - input): how far log-probabilities are from probabilities. torch: kl_div.

    ValueError for "batchmean" if input is not a batch (N, ...). The sum is the Kullback-Leibler divergence; "batchmean"
    divides it by the number of samples.

    >>> kl_div([[0.0, 0.0]], [[1.0, 0.0]], "batchmean"), kl_div([[-1.0, 0.0]], [[1.0, 0.0]], "batchmean")
    (0.0, 1.0)
    """
    if reduction == "batchmean":
        return pairwise("kl_div", _kl, input, target, "sum") / expect("kl_div", input, ("N", "*"))[0]
    return pairwise("kl_div", _kl, input, target, reduction)


def _kl(x: Any, t: Any) -> Any:
    return xlogy(t, t) - weighted(t, x)
