"""mse, l1, huber, smooth_l1: the difference of each number from its target.

    >>> from microgradx.nn import huber, smooth_l1
    >>> huber([0.0], [3.0], delta=2.0), smooth_l1([0.0], [3.0], beta=2.0)
    (4.0, 2.0)
"""
from typing import Any

from ...ops import abs, square, where
from ..shapes import Nested
from .reduction import Reduction, pairwise, typed


@typed
def mse(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """The square of each difference. torch: mse_loss.

    >>> mse([1.0, 2.0], [1.0, 4.0]), mse(1.0, 4.0)
    (2.0, 9.0)
    """
    return pairwise("mse", lambda x, t: square(x - t), input, target, reduction)


@typed
def l1(input: Nested, target: Nested, reduction: Reduction = "mean") -> Any:
    """The size of each difference. torch: l1_loss.

    >>> l1([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return pairwise("l1", lambda x, t: abs(x - t), input, target, reduction)


@typed
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
        # Both branches have the form a*b, in numbers that are floats even where gap**2 is none.
        gap = abs(x - t)
        return where(gap <= delta, gap, delta) * where(gap <= delta, gap / 2, gap - delta / 2)
    return pairwise("huber", loss, input, target, reduction)


@typed
def smooth_l1(input: Nested, target: Nested, reduction: Reduction = "mean", beta: float = 1.0) -> Any:
    """The size of each difference, rounded off below beta: huber / beta, and l1 if beta is 0. torch: smooth_l1_loss.

    ValueError if beta is below 0. Source: Girshick 2015.

    >>> smooth_l1([0.0, 0.0], [1.0, 3.0], "none", beta=2.0)
    [0.25, 2.0]
    """
    if not beta >= 0:
        raise ValueError(f"smooth_l1: expected beta from 0 up, got {beta}")

    def loss(x: Any, t: Any) -> Any:
        gap = abs(x - t)
        if not beta:
            return gap
        return where(gap <= beta, gap / beta / 2, 1.0) * where(gap <= beta, gap, gap - beta / 2)    # as in huber
    return pairwise("smooth_l1", loss, input, target, reduction)
