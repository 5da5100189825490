"""Linear: weighted sums. Each unit is one node, `dot(weights and bias, inputs and 1)`.

    >>> from microgradx.nn import Linear
    >>> layer = Linear(2, 3)
    >>> layer.load_state_dict({"weight": [[1, 0], [0, 1], [1, 1]], "bias": [0, 0, 10]})
    >>> [y.data for y in layer([3.0, 4.0])]
    [3.0, 4.0, 17.0]
"""
import math
from typing import Any

from ..reductions import dot, sum
from ..vector import Vector
from . import init
from .module import Module
from .shapes import Nested, expect, positive, within


def linear(x: Nested, weight: list[list[Any]], bias: list[Any] | None = None, depth: int = 0) -> list[Any]:
    """weight x + bias, one node for each row of weight, for every sample, which is `depth` lists inside x."""
    one = [] if bias is None else [1.0]
    units = [Vector(row) for row in weight] if bias is None else [Vector([*row, b]) for row, b in zip(weight, bias)]

    def outputs(sample: list[Any]) -> list[Any]:
        inputs = Vector([*sample, *one])
        return [dot(unit, inputs) for unit in units]
    found: list[Any] = within(outputs, x, depth)
    return found


def _spelled_out(x: list[Any], weight: list[list[Any]], bias: list[Any] | None) -> list[Any]:
    """The same with separate nodes for the products and the sum, to draw and step through."""
    products = [[w * v for w, v in zip(row, x)] for row in weight]
    return [sum([*row, b]) for row, b in zip(products, bias)] if bias else [sum(row) for row in products]


class Linear(Module):
    """y = weight x + bias, for x of shape (*, in_features): one sample, or any number of leading dimensions.

    weight (out_features, in_features), bias (out_features), first uniform within ±1/sqrt(in_features).
    With fused=False a unit is drawn as its products and their sum; the numbers are the same. As torch.nn.Linear.

    ValueError for another shape of x, or sizes below 1.

    >>> layer = Linear(2, 1)
    >>> layer.load_state_dict({"weight": [[2, 3]], "bias": [1]})
    >>> [[y.data for y in row] for row in layer([[1.0, 1.0], [10.0, 0.0]])]
    [[6.0], [21.0]]
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, fused: bool = True) -> None:
        positive(self, in_features=in_features, out_features=out_features)
        self.in_features, self.out_features, self.fused = in_features, out_features, fused
        self.weight = init.kaiming_uniform_(init.parameter(out_features, in_features), a=math.sqrt(5))
        bound = 1 / math.sqrt(in_features)
        self.bias = init.uniform_(init.parameter(out_features), -bound, bound) if bias else None

    def forward(self, x: Nested) -> Nested:
        """(*, in_features) to (*, out_features)."""
        sizes = expect(self, x, ("*", self.in_features))
        if self.fused:
            return linear(x, self.weight, self.bias, len(sizes) - 1)
        return within(lambda row: _spelled_out(row, self.weight, self.bias), x, len(sizes) - 1)

    def extra_repr(self) -> str:
        """Its sizes."""
        return f"{self.in_features}, {self.out_features}{', bias=False' * (self.bias is None)}"
