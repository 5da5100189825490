"""hinge, hinge_embedding, margin_ranking, multi_margin: by how much a score is on the wrong side of a margin.

    >>> from microgradx.nn import hinge, margin_ranking
    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1], "none"), margin_ranking([2.0], [1.0], [-1])
    ([0.0, 0.5, 2.0], 1.0)

At a margin itself torch's slope is 1, that of clamp; hinge, which torch has not, has relu's, 0.
"""
from typing import Any

from ...activations import relu
from ...conversion import listed
from ...ops import clamp, square, weighted, where
from ...reductions import sum, take
from ..shapes import Nested, expect, flat, like
from .reduction import Reduction, check_class, check_signs, now, pairwise, reduced, typed


@typed
def hinge(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """relu(1 - target*score), for targets -1 and 1: how far a score is below a margin of 1 on the right side.

    ValueError for another target. It is the loss of support vector machines; torch's hinge_embedding_loss is another.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1], "none")
    [0.0, 0.5, 2.0]
    """
    check_signs("hinge", target)
    return pairwise("hinge", lambda x, t: relu(1 - t * x), input, target, reduction)


@typed
def hinge_embedding(input: Nested, target: Nested, margin: float = 1.0, reduction: Reduction = "mean") -> Any:
    """x where the target is 1, what x lacks to the margin where it is -1: of distances. torch: hinge_embedding_loss.

    ValueError for another target.

    >>> hinge_embedding([0.25, 0.25, 3.0], [1, -1, -1], reduction="none")
    [0.25, 0.75, 0.0]
    """
    check_signs("hinge_embedding", target)
    return pairwise("hinge_embedding", lambda x, t: where(now(t) > 0, x, clamp(margin - x, 0)), input, target,
                    reduction)


def margin_ranking(input1: Nested, input2: Nested, target: Nested, margin: float = 0.0,
                   reduction: Reduction = "mean") -> Any:
    """What input1 lacks to input2 + margin where the target is 1, and the other way round where it is -1.

    ValueError for another target. torch: margin_ranking_loss.

    >>> margin_ranking([2.0, 2.0], [1.0, 1.0], [1, -1], 0.5, "none")
    [0.0, 1.5]
    """
    check_signs("margin_ranking", target)
    expect("margin_ranking input2", input2, expect("margin_ranking", input1, (), ("*",)))
    gaps = like(input1, [a - b for a, b in zip(flat(input1), flat(input2))])
    return pairwise("margin_ranking", lambda gap, t: clamp(margin - t * gap, 0), gaps, target, reduction)


@typed
def multi_margin(input: Nested, target: Nested, p: int = 1, margin: float = 1.0, weight: Nested = None,
                 reduction: Reduction = "mean") -> Any:
    """The mean over classes of what x_t lacks to x_j + margin, j not t, to the power p: scores (C) or (N, C).

    IndexError for a target that is not a class, ValueError unless p is 1 or 2. target: the index of the right class, ()
    or (N); weight: one for each class (C). torch: multi_margin_loss; source: Crammer & Singer 2001.

    >>> multi_margin([0.0, 0.5, 3.0, 1.0], 1)               # (0.5 + 3.5 + 1.5) / 4
    1.375
    """
    if p not in (1, 2):
        raise ValueError(f"multi_margin: expected p of 1 or 2, got {p}")
    *batch, classes = expect("multi_margin", input, ("C",), ("N", "C"))
    expect("multi_margin target", target, tuple(batch))
    if weight is not None:
        expect("multi_margin weight", weight, (classes,))
    rows, weight = map(flat, input if batch else [input]), listed(weight)
    targets = flat(target)
    for t in targets:
        check_class("multi_margin", t, classes)
    losses = [_lacking(xs, t, p, margin, weight) for xs, t in zip(rows, targets, strict=True)]
    return reduced(losses, reduction, target)


def _lacking(xs: list[Any], t: Any, p: int, margin: float, weight: Nested) -> Any:
    chosen = take(xs, t)
    gaps = [relu(margin - chosen + x) for x in xs]
    others = [where((t >= j) * (t <= j), 0.0, gap if p == 1 else square(gap)) for j, gap in enumerate(gaps)]
    loss = sum(others) / len(xs)
    return loss if weight is None else weighted(take(weight, t), loss)
