"""Dropout: in training, set random numbers to 0, so that no unit relies on another.

    >>> import random
    >>> from microgradx.nn import Dropout
    >>> drop = Dropout(0.5, generator=random.Random(3))
    >>> drop([1.0, 1.0, 1.0, 1.0]), drop.eval()([1.0, 1.0, 1.0, 1.0])
    ([0.0, 2.0, 0.0, 2.0], [1.0, 1.0, 1.0, 1.0])
"""
from ..ieee import kind_of, short
from ..ops import where
from .module import Module
from .randomness import Generator, draw
from .shapes import Nested, each


def dropped(x: Nested, p: float, generator: Generator = None) -> Nested:
    """Each number 0 with probability p, else divided by 1 - p.

    >>> import random
    >>> dropped([1.0, 1.0, 1.0], 0.5, random.Random(3))
    [0.0, 2.0, 0.0]
    """
    kept = 1 / (1 - p) if p < 1 else 0.0
    return each(lambda v: v * where(draw(generator) < p, 0.0, kept), x)


def probability(owner: object, name: str, p: float) -> float:
    """p. ValueError for what is not from 0 to 1, TypeError for what is no number."""
    if isinstance(p, bool) or not isinstance(p, (int, float)):
        raise TypeError(f"{kind_of(owner)}: expected a number from 0 to 1 as {name}, got {short(p)}")
    if not 0 <= p <= 1:
        raise ValueError(f"{kind_of(owner)}: expected a probability {name} from 0 to 1, got {p}")
    return p


class Dropout(Module):
    """In training: 0 with probability p, else x / (1 - p), which keeps the mean. After eval(): x.

    Any shape. Draws from Python's `random`, or from `generator`. ValueError unless 0 <= p <= 1. As torch.nn.Dropout;
    source: Srivastava et al. 2014.

    >>> drop = Dropout(1.0)
    >>> drop([1.0, 2.0]), drop.eval()([1.0, 2.0])
    ([0.0, 0.0], [1.0, 2.0])
    """

    def __init__(self, p: float = 0.5, generator: Generator = None) -> None:
        self.p, self.generator = probability(self, "p", p), generator

    def forward(self, x: Nested) -> Nested:
        """Any shape."""
        return dropped(x, self.p, self.generator) if self.training else x

    def extra_repr(self) -> str:
        """Its probability."""
        return f"p={self.p}"
