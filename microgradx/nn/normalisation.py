"""LayerNorm, RMSNorm: scale the numbers of one sample to mean 0 and variance 1, then by learned weights.

    >>> from microgradx.nn import LayerNorm
    >>> [round(y.data, 3) for y in LayerNorm(2)([3.0, 5.0])]
    [-1.0, 1.0]
"""
import math
import sys
from collections.abc import Sequence
from typing import Any

from ..engine import Value
from ..ops import detach, identity, sqrt
from ..reductions import dot, sum
from . import init
from .lengths import unit
from .module import Module
from .shapes import Nested, expect, flat, like, positive, within


def moments(xs: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
    """The mean, and the deviations from it.

    From the first number, not from 0: the mean of seven times 1e15 + 0.3 would be rounded away from them all.
    """
    first = detach(xs[0])                                   # a shift changes no gradient
    gaps = [x - first for x in xs]
    mean = sum(gaps) / len(gaps)
    return first + mean, [gap - mean for gap in gaps]


def scaled(xs: Sequence[Any], eps: float) -> tuple[Sequence[Any], Any, Any]:
    """xs, which nothing else uses, over a number of their size, if their squares are no floats; what these then have to
    be multiplied by so that the mean of their squares is 1, or less by eps; and that mean for xs as they were."""
    one = unit(xs, math.sqrt(eps))
    if not isinstance(one, Value) and one == 1:         # most often, and then eager code need not divide
        mean = dot(xs, xs) / len(xs)
        return xs, 1 / sqrt(mean + eps), mean
    parts = [x / one for x in xs]
    mean = dot(parts, parts) / len(parts)
    return parts, 1 / sqrt(mean + eps / one / one), mean * one * one


class _SampleNorm(Module):
    """Normalises over the last dimensions, (*, normalized_shape)."""

    def __init__(self, normalized_shape: int | Sequence[int], eps: float, elementwise_affine: bool, bias: bool) -> None:
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        for size in sizes:
            positive(self, normalized_shape=size)
        self.normalized_shape, self.eps = sizes, eps
        self.weight = init.ones_(init.parameter(*sizes)) if elementwise_affine else None
        self.bias = init.parameter(*sizes) if elementwise_affine and bias else None

    def forward(self, x: Nested) -> Nested:
        """(*, normalized_shape), the same out."""
        sizes = expect(self, x, ("*", *self.normalized_shape))
        return within(self._sample, x, len(sizes) - len(self.normalized_shape))

    def _sample(self, x: Nested) -> Nested:
        ys = self.normalised(flat(x))
        if self.weight is not None:
            ys = [y * w for y, w in zip(ys, flat(self.weight))]
        if self.bias is not None:
            ys = [y + b for y, b in zip(ys, flat(self.bias))]
        return like(x, ys)

    def normalised(self, xs: list[Any]) -> list[Any]:
        """The normalised numbers of one sample."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """Its shape."""
        return f"{self.normalized_shape}, eps={self.eps}"


class LayerNorm(_SampleNorm):
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last dimensions. As torch.nn.LayerNorm.

    weight (normalized_shape) of ones, bias (normalized_shape) of zeros; the variance is the biased one.

    ValueError for another shape of x. Source: Ba et al. 2016.

    >>> [[round(y.data, 2) for y in row] for row in LayerNorm(2)([[1.0, 3.0], [10.0, 30.0]])]
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(self, normalized_shape: int | Sequence[int], eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True) -> None:
        super().__init__(normalized_shape, eps, elementwise_affine, bias)

    def normalised(self, xs: list[Any]) -> list[Any]:
        """Mean 0, variance 1."""
        found, scale, _ = scaled(moments(xs)[1], self.eps)
        return [x * scale for x in found]


class RMSNorm(_SampleNorm):
    """x / sqrt(mean of squares + eps) * weight over the last dimensions. As torch.nn.RMSNorm.

    weight (normalized_shape) of ones. The default eps is the distance from 1 to the next float.

    ValueError for another shape of x. Source: Zhang & Sennrich 2019.

    >>> [round(y.data, 2) for y in RMSNorm(2)([1.0, 7.0])]
    [0.2, 1.4]
    """

    def __init__(self, normalized_shape: int | Sequence[int], eps: float | None = None,
                 elementwise_affine: bool = True) -> None:
        super().__init__(normalized_shape, sys.float_info.epsilon if eps is None else eps, elementwise_affine, False)

    def normalised(self, xs: list[Any]) -> list[Any]:
        """Mean square 1."""
        found, scale, _ = scaled([identity(x) for x in xs], self.eps)
        return [x * scale for x in found]
