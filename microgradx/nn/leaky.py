"""PReLU, RReLU: leaky units whose slope below 0 is learned or random.

    >>> from microgradx.nn import PReLU
    >>> unit = PReLU()
    >>> y = unit([-2.0])[0]
    >>> y.backward(); y.data, unit.weight[0].grad
    (-0.5, -2.0)
"""
from typing import Any

from ..activations import leaky_relu
from .init import constant_, parameter
from .module import Module
from .randomness import Generator, draw
from .shapes import Nested, each, expect, positive


def _leaky(x: Nested, slope: Any) -> Nested:
    return each(lambda v: leaky_relu(v, slope), x)


class PReLU(Module):
    """LeakyReLU with a learned slope: one for all numbers, or one for each of num_parameters channels.

    weight (num_parameters). With several channels x is a batch, (N, C, ...), as in torch.

    Any shape, the same out. ValueError for another number of channels. As torch.nn.PReLU; source: He et al. 2015.

    >>> unit = PReLU(2)
    >>> [[v.data for v in channel] for channel in unit([[[4.0], [-4.0]]])[0]], len(unit.parameters())
    ([[4.0], [-1.0]], 2)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        positive(self, num_parameters=num_parameters)
        self.num_parameters = num_parameters
        self.weight = constant_(parameter(num_parameters), init)

    def forward(self, x: Nested) -> Nested:
        """Any shape; (N, num_parameters, *) if num_parameters is not 1."""
        if self.num_parameters == 1:
            return _leaky(x, self.weight[0])
        expect(self, x, ("N", self.num_parameters, "*"))
        return [[_leaky(channel, slope) for channel, slope in zip(sample, self.weight)] for sample in x]

    def extra_repr(self) -> str:
        """Its number of slopes."""
        return f"{self.num_parameters}"


class RReLU(Module):
    """LeakyReLU with a random slope for each number, uniform from lower to upper; the mean slope after eval().

    Draws from Python's `random`, or from `generator`.

    Any shape, the same out. ValueError for lower above upper. As torch.nn.RReLU; source: Xu et al. 2015.

    >>> unit = RReLU(0.25, 0.75)
    >>> -3 <= unit([-4.0])[0] <= -1, unit.eval()([-4.0, 4.0])
    (True, [-2.0, 4.0])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, generator: Generator = None) -> None:
        if not lower <= upper:
            raise ValueError(f"RReLU: expected lower up to upper, got {lower} and {upper}")
        self.lower, self.upper, self.generator = lower, upper, generator

    def forward(self, x: Nested) -> Nested:
        """Any shape."""
        if not self.training:
            return _leaky(x, (self.lower + self.upper) / 2)
        return each(lambda v: leaky_relu(v, self.lower + (self.upper - self.lower) * draw(self.generator)), x)

    def extra_repr(self) -> str:
        """Its range."""
        return f"{self.lower}, {self.upper}"
