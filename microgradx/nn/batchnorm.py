"""BatchNorm1d, BatchNorm2d: scale each channel to mean 0 and variance 1 over a batch.

    >>> from microgradx.nn import BatchNorm1d
    >>> norm = BatchNorm1d(1)
    >>> [[round(y.data, 3)] for y, in norm([[1.0], [2.0], [3.0]])]
    [[-1.225], [0.0], [1.225]]
    >>> norm.running_mean[0].data, norm.eval()([[0.2]])[0][0].data      # after training: by the running statistics
    (0.2, 0.0)
"""
import math
from collections.abc import Sequence
from typing import Any

from ..ieee import kind_of
from ..ops import detach, sqrt
from . import init
from .module import Buffer, Module
from .normalisation import moments, scaled
from .shapes import Nested, Pattern, expect, flat, like, positive, swapped


class ChannelNorm(Module):
    """Channels with mean 0 and variance 1, then learned weights; running statistics of them."""

    def __init__(self, num_features: int, eps: float, momentum: float | None, affine: bool,
                 track_running_stats: bool) -> None:
        positive(self, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.track_running_stats = track_running_stats
        self.weight = init.ones_(init.parameter(num_features)) if affine else None
        self.bias = init.parameter(num_features) if affine else None
        if track_running_stats:
            self.running_mean = [Buffer(0) for _ in range(num_features)]
            self.running_var = [Buffer(1) for _ in range(num_features)]
            self.num_batches_tracked = Buffer(0)

    def is_running(self) -> bool:
        """Whether the running statistics are used, and not those of the numbers themselves."""
        return not self.training and self.track_running_stats

    def running(self, c: int) -> tuple[Any, Any]:
        """Running mean of channel c, and the scale that brings its running variance to 1. By detach(), not .data: a
        compiled program reads them in each run."""
        return detach(self.running_mean[c]), 1 / sqrt(detach(self.running_var[c]) + self.eps)

    def scaled(self, c: int, channel: Nested, centred: Sequence[Any], scale: Any) -> Nested:
        """Channel c, of mean 0, times scale, and with its weight and bias."""
        if self.weight is not None:
            scale = scale * self.weight[c]
        shift = 0.0 if self.bias is None else self.bias[c]
        return like(channel, [x * scale + shift for x in centred])

    def track(self, c: int, mean: Any, variance: Any, share: float) -> None:
        """Move the running statistics of channel c by this share towards those of a batch."""
        for running, new in ((self.running_mean[c], mean), (self.running_var[c], variance)):
            running.data = (1 - share) * running.data + share * new

    def extra_repr(self) -> str:
        """Its channels."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class _BatchNorm(ChannelNorm):
    """Normalises each channel over the batch and all places."""

    places: tuple[Pattern, ...]                 # what may follow (N, num_features)

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, x: Nested) -> Nested:
        """(N, num_features, places), the same out. ValueError in training on one number for each channel."""
        sizes = expect(self, x, *[("N", self.num_features, *places) for places in self.places])
        if self.training and math.prod(sizes) == self.num_features:
            raise ValueError(f"{kind_of(self)}: expected more than one number a channel while training, since "
                             f"the variance of one is 0, got shape {sizes}; give larger batches, leave out a last one "
                             "of one sample, fit(..., drop_last=True), or write eval()")
        if self.training and self.track_running_stats:
            self.num_batches_tracked.data += 1
        return swapped([self._channel(c, channel) for c, channel in enumerate(swapped(x))])

    def _channel(self, c: int, channel: Nested) -> Nested:
        """Channel c of all samples, (N, places)."""
        xs = flat(channel)
        if self.is_running():
            mean, scale = self.running(c)
            return self.scaled(c, channel, [x - mean for x in xs], scale)
        mean, gaps = moments(xs)
        centred, scale, variance = scaled(gaps, self.eps)
        if self.training and self.track_running_stats:
            # As in torch the running variance is the unbiased one; with momentum None they are means over all batches.
            share = 1 / self.num_batches_tracked.data if self.momentum is None else self.momentum
            self.track(c, mean, variance * len(xs) / (len(xs) - 1), share)
        return self.scaled(c, channel, centred, scale)


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(variance + eps) * weight + bias for each channel of a batch (N, C) or (N, C, L).

    ValueError in training on one number for each channel, whose variance is 0. weight (C) of ones, bias (C) of zeros.
    In training it uses mean and variance of the batch, after eval() the running ones, buffers that are saved with the
    weights. As torch.nn.BatchNorm1d; source: Ioffe & Szegedy 2015.

    >>> norm = BatchNorm1d(1)
    >>> [[round(y.data, 2)] for y, in norm([[10.0], [20.0]])], norm.running_mean[0].data
    ([[-1.0], [1.0]], 1.5)
    """

    places = ((), ("L",))


class BatchNorm2d(_BatchNorm):
    """The same for a batch of images (N, C, H, W). As torch.nn.BatchNorm2d.

    >>> images = [[[[1.0, 2.0]]], [[[3.0, 4.0]]]]              # two of one channel, 1 x 2
    >>> [[round(y.data, 2) for y in row] for image in BatchNorm2d(1)(images) for row in image[0]]
    [[-1.34, -0.45], [0.45, 1.34]]
    """

    places = (("H", "W"),)
