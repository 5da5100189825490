"""Dropout: in training, set random numbers to 0, so that no unit relies on another.

    >>> import random
    >>> from microgradx.nn import Dropout
    >>> drop = Dropout(0.5, generator=random.Random(3))
    >>> drop([1.0, 1.0, 1.0, 1.0]), drop.eval()([1.0, 1.0, 1.0, 1.0])
    ([0.0, 2.0, 0.0, 2.0], [1.0, 1.0, 1.0, 1.0])
"""
from ..ops import where
from .module import Module
from .randomness import Generator, draw
from .shapes import Nested, each


class Dropout(Module):
    """In training: 0 with probability p, else x / (1 - p), which keeps the mean. After eval(): x.

    Any shape. Draws from Python's `random`, or from `generator`. ValueError unless 0 <= p <= 1. As torch.nn.Dropout;
    source: Srivastava et al. 2014.

    >>> drop = Dropout(1.0)
    >>> drop([1.0, 2.0]), drop.eval()([1.0, 2.0])
    ([0.0, 0.0], [1.0, 2.0])
    """

    def __init__(self, p: float = 0.5, generator: Generator = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: expected a probability p from 0 to 1, got {p}")
        self.p, self.generator = p, generator

    def forward(self, x: Nested) -> Nested:
        """Any shape."""
        if not self.training:
            return x
        kept = 1 / (1 - self.p) if self.p < 1 else 0.0
        return each(lambda v: v * where(draw(self.generator) < self.p, 0.0, kept), x)

    def extra_repr(self) -> str:
        """Its probability."""
        return f"p={self.p}"
