"""Perceptron: the threshold unit of 1958, which learns without a gradient.

    >>> from microgradx.nn import Perceptron
    >>> both = [([0, 0], 0), ([0, 1], 0), ([1, 0], 0), ([1, 1], 1)]
    >>> unit = Perceptron(2)
    >>> unit.fit(both)                                  # mistakes in each round
    [1, 3, 3, 2, 1, 0]
    >>> [unit(x).data for x, _ in both]
    [0.0, 0.0, 0.0, 1.0]

Source: F. Rosenblatt, Psychological Review 65 (1958) 386; on XOR: Minsky & Papert, Perceptrons (1969).
"""
from collections.abc import Iterable
from typing import Any

from ..ops import heaviside
from . import init
from .linear import linear
from .module import Module
from .shapes import Nested, expect, positive, within


class Perceptron(Module):
    """1 if weight·x + bias > 0, else 0. (in_features) to one Value, or a batch (N, in_features) to N Values.

    A perceptron cannot learn XOR. It would need

        (0,0) -> 0:             b <= 0
        (0,1) -> 1:        w2 + b >  0
        (1,0) -> 1:   w1      + b >  0
        (1,1) -> 0:   w1 + w2 + b <= 0

    The two middle lines add up to w1 + w2 + 2b > 0, the outer two to w1 + w2 + 2b <= 0: no numbers satisfy both. A line
    in the plane with both ones on one side also has a zero there. A hidden layer bends the line, but the slope of the
    step is 0 everywhere, so gradients cannot train it: this is why units became smooth.

    Source: Rosenblatt 1958; Minsky & Papert 1969.

    >>> negation = Perceptron(1)
    >>> negation.fit([([0], 1), ([1], 0)])                  # mistakes in each round
    [2, 1, 0]
    >>> negation([0]).data, negation([1]).data
    (1.0, 0.0)
    """

    def __init__(self, in_features: int) -> None:
        positive(self, in_features=in_features)
        self.in_features = in_features
        self.weight, self.bias = init.parameter(in_features), init.parameter()

    def forward(self, x: Nested) -> Nested:
        """(*, in_features) to (*)."""
        sizes = expect(self, x, (self.in_features,), ("N", self.in_features))
        return within(lambda row: heaviside(*linear(row, [self.weight], [self.bias])), x, len(sizes) - 1)

    def update(self, x: list[float], target: float, lr: float = 1.0) -> float:
        """Rosenblatt's rule, one step: move the weights by lr * (target - output) * x; target - output.

        ValueError unless the target is 0 or 1.
        """
        if target not in (0, 1):
            raise ValueError(f"Perceptron: expected 0 or 1 as target, got {target!r}")
        error: float = target - self(x).data
        for w, v in zip(self.weight, x):
            w.data += lr * error * v
        self.bias.data += lr * error
        return error

    def fit(self, samples: Iterable[tuple[list[float], Any]], epochs: int = 100, lr: float = 1.0) -> list[int]:
        """Apply the rule to all samples (x, target) until a round without mistakes, or `epochs` rounds.

        Returns the number of mistakes in each round. If a line separates the classes, it is 0 after enough rounds.
        """
        samples = list(samples)
        mistakes: list[int] = []
        while len(mistakes) < epochs and 0 not in mistakes:
            mistakes.append([self.update(x, target, lr) != 0 for x, target in samples].count(True))
        return mistakes

    def extra_repr(self) -> str:
        """Its number of inputs."""
        return f"{self.in_features}"
