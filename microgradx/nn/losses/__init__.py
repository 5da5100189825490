"""Losses: one number for the distance of outputs from their targets. In reading order:

reduction.py    from the losses of all numbers to one; checks of targets; weights that are spread over a batch
differences.py  mse, l1, huber, smooth_l1: number by number
chances.py      bce, bce_with_logits, kl_div: of probabilities
classes.py      cross_entropy, nll: one class of many
margins.py      hinge, hinge_embedding, margin_ranking, multi_margin: by how much a score is on the wrong side
distances.py    cosine_embedding, triplet_margin: between vectors
penalties.py    l1_penalty, l2_penalty: on weights

    >>> from microgradx.nn import cross_entropy, mse
    >>> mse([1.0, 2.0], [1.0, 4.0]), mse([1.0, 2.0], [1.0, 4.0], reduction="none")
    (2.0, [0.0, 4.0])
    >>> round(cross_entropy([[2.0, 0.0, 0.0]], [0]), 4)                # one sample, three classes, the right one is 0
    0.2395

Outputs and targets are numbers or nested lists of the same shape. reduction is "mean", "sum", or "none" for the nested
list itself. In torch.nn.functional most names end in _loss: mse_loss, cosine_embedding_loss; bce is
binary_cross_entropy.
"""
from .chances import bce, bce_with_logits, kl_div
from .classes import cross_entropy, nll
from .differences import huber, l1, mse, smooth_l1
from .distances import cosine_embedding, triplet_margin
from .margins import hinge, hinge_embedding, margin_ranking, multi_margin
from .penalties import l1_penalty, l2_penalty

__all__ = [
    "mse", "l1", "huber", "smooth_l1",
    "bce", "bce_with_logits", "kl_div",
    "cross_entropy", "nll",
    "hinge", "hinge_embedding", "margin_ranking", "multi_margin",
    "cosine_embedding", "triplet_margin",
    "l1_penalty", "l2_penalty",
]
