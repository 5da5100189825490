"""GroupNorm, InstanceNorm: mean 0 and variance 1 for the channels of one sample, whatever the batch.

    >>> from microgradx.nn import GroupNorm, InstanceNorm1d
    >>> [[round(y.data, 2)] for y, in [GroupNorm(1, 2)([[[3.0], [5.0]]])[0]][0]]
    [[-1.0], [1.0]]
    >>> [round(y, 2) for y in InstanceNorm1d(1)([[3.0, 5.0]])[0]]
    [-1.0, 1.0]
"""
import math
from typing import Any

from ..ieee import kind_of, short
from ..reductions import sum
from . import init
from .batchnorm import ChannelNorm
from .module import Module
from .normalisation import moments, scaled
from .shapes import Nested, Pattern, expect, flat, like, positive, swapped, within


class GroupNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias over each of num_groups groups of channels of (N, C, *).

    ValueError unless num_channels is a multiple of num_groups, and for another shape. weight (C) of ones, bias (C) of
    zeros. As torch.nn.GroupNorm; source: Wu & He 2018.

    >>> [[round(y.data, 2) for y in row] for row in GroupNorm(2, 2)([[[1.0, 2.0], [10.0, 20.0]]])[0]]
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        positive(self, num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: expected num_channels to be a multiple of num_groups, got {num_channels} and "
                             f"{num_groups}")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = init.ones_(init.parameter(num_channels)) if affine else None
        self.bias = init.parameter(num_channels) if affine else None

    def forward(self, x: Nested) -> Nested:
        """(N, C, *), the same out."""
        expect(self, x, ("N", self.num_channels, "*"))
        return within(self._sample, x, 1)

    def _sample(self, channels: list[Any]) -> list[Any]:
        size, found = self.num_channels // self.num_groups, []
        for start in range(0, self.num_channels, size):
            group = channels[start:start + size]
            centred, scale, _ = scaled(moments(flat(group))[1], self.eps)
            for c, channel in enumerate(like(group, centred), start):
                weight = scale if self.weight is None else scale * self.weight[c]
                shift = 0.0 if self.bias is None else self.bias[c]
                found.append(like(channel, [x * weight + shift for x in flat(channel)]))
        return found

    def extra_repr(self) -> str:
        """Its groups."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}"


class _InstanceNorm(ChannelNorm):
    """Normalises each channel of each sample over its places."""

    places: Pattern

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
                 track_running_stats: bool = False) -> None:
        if isinstance(momentum, bool) or not isinstance(momentum, (int, float)):
            raise TypeError(f"{kind_of(self)}: expected a number as momentum, got {short(momentum)}")
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, x: Nested) -> Nested:
        """(C, places) or (N, C, places), the same out. ValueError for one number a channel, whose variance is 0."""
        sample = (self.num_features, *self.places)
        sizes = expect(self, x, sample, ("N", *sample))
        count = math.prod(sizes[-len(self.places):])
        if count == 1 and not self.is_running():
            raise ValueError(f"{kind_of(self)}: expected more than one number a channel, since the variance of "
                             f"one is 0, got shape {sizes}")
        samples = x if len(sizes) > len(sample) else [x]
        found = swapped([self._channel(c, channel, count) for c, channel in enumerate(swapped(samples))])
        return found if len(sizes) > len(sample) else found[0]

    def _channel(self, c: int, instances: list[Any], count: int) -> list[Any]:
        """Channel c of all samples, each by itself; its running statistics follow the mean over the samples."""
        if self.is_running():
            mean, scale = self.running(c)
            return [self.scaled(c, one, [x - mean for x in flat(one)], scale) for one in instances]
        means, gaps = zip(*[moments(flat(one)) for one in instances])
        found = [scaled(each, self.eps) for each in gaps]
        if self.training and self.track_running_stats:
            unbiased = sum([variance for _, _, variance in found]) / len(found) * count / (count - 1)
            self.track(c, sum(means) / len(found), unbiased, self.momentum or 0.0)
        return [self.scaled(c, one, centred, scale) for one, (centred, scale, _) in zip(instances, found)]


class InstanceNorm1d(_InstanceNorm):
    """(x - mean) / sqrt(variance + eps) for each channel of each sample: (C, L) or (N, C, L). torch.nn.InstanceNorm1d.

    ValueError for channels of one number. No weights unless affine=True; statistics of its own also after eval(),
    unless track_running_stats=True. Source: Ulyanov et al. 2016.

    >>> [[round(y, 2) for y in row] for row in InstanceNorm1d(2)([[1.0, 2.0], [10.0, 20.0]])]
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    places = ("L",)


class InstanceNorm2d(_InstanceNorm):
    """The same for images, (C, H, W) or (N, C, H, W). As torch.nn.InstanceNorm2d.

    >>> [[round(y, 2) for y in row] for row in InstanceNorm2d(1)([[[1.0, 2.0], [3.0, 4.0]]])[0]]
    [[-1.34, -0.45], [0.45, 1.34]]
    """

    places = ("H", "W")
