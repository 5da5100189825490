"""Mazur's 2-2-2 network (see training/mazur.py), to the end: 10,000 steps, in two ways.

Gradient descent takes all slopes at one point. The published totals come out to every digit only if the output
weights are moved first and the gradients of the hidden units go back through the moved ones.
"""
from collections.abc import Callable, Iterator
from itertools import pairwise

from ..mazur import WEIGHTS, article_step, loss, step
from .target import Target

STEPS, TRUE, PUBLISHED = 10_000, 3.5101878e-05, 3.5085e-05


def total(update: Callable[[list[float]], list[float]]) -> float:
    """The loss after all steps of this kind."""
    weights = WEIGHTS
    for done, until in pairwise([0, 1, 10, 100, 1000, STEPS]):
        for _ in range(until - done):
            weights = update(weights)
        print(f"  after {until:6,} steps   loss {loss(weights).data:.9g}")
    return loss(weights).data


def run(full: bool, seed: int) -> Iterator[Target]:
    """Both ways; there is nothing to draw and no longer run."""
    print(f"loss {loss(WEIGHTS).data:.9f}; gradient descent:")
    yield Target("loss of gradient descent", total(step), least=TRUE - 5e-13, most=TRUE + 5e-13)
    print("as the article has it:")
    yield Target("loss as published", total(article_step), least=PUBLISHED - 5e-10, most=PUBLISHED + 5e-10)
