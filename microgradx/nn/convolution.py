"""Conv1d and Conv2d: a small kernel of weights slides over the input, with the same weights at every place.

    >>> from microgradx.nn import Conv1d
    >>> edge = Conv1d(1, 1, kernel_size=2, bias=False)
    >>> edge.load_state_dict({"weight": [[[-1.0, 1.0]]]})
    >>> [y.data for y in edge([[0.0, 0.0, 5.0, 5.0]])[0]]          # one channel in, one channel out
    [0.0, 5.0, 0.0]

Each output is one node: the dot product of the kernel with the inputs under it, plus the bias.
"""
import math
from collections.abc import Sequence
from typing import Any

from ..reductions import dot
from ..vector import Vector
from . import init
from .module import Module
from .shapes import Nested, Pattern, expect, nested, positive, within
from .windows import Grid, cut, letters, per_axis


class _Convolution(Module):
    """A convolution over `axes` axes. (torch's name; without a flipped kernel it is really a correlation.)"""

    axes: int

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int | Sequence[int],
                 stride: int | Sequence[int] = 1, padding: int | Sequence[int] = 0, *, bias: bool = True) -> None:
        positive(self, in_channels=in_channels, out_channels=out_channels)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = per_axis(self, "kernel_size", kernel_size, self.axes)
        self.stride = per_axis(self, "stride", stride, self.axes)
        self.padding = per_axis(self, "padding", padding, self.axes, least=0)
        weight = init.parameter(out_channels, in_channels, *self.kernel_size)
        self.weight = init.kaiming_uniform_(weight, a=math.sqrt(5))
        bound = 1 / math.sqrt(in_channels * math.prod(self.kernel_size))
        self.bias = init.uniform_(init.parameter(out_channels), -bound, bound) if bias else None

    def forward(self, x: Nested) -> Nested:
        """(in_channels, sizes) to (out_channels, sizes); or a batch, (N, channels, sizes)."""
        sample: Pattern = (self.in_channels, *letters(self.axes))
        sizes = expect(self, x, sample, ("N", *sample))
        grid = Grid(sizes[-self.axes:], self.kernel_size, self.stride, self.padding)
        return within(lambda image: self._slide(image, grid), x, len(sizes) - len(sample))

    def _slide(self, image: Nested, grid: Grid) -> list[Any]:
        """The output channels of one image: each kernel times the inputs under it, at each stop of the grid."""
        channels = range(self.in_channels)
        one = [] if self.bias is None else [1.0]
        beneath = [Vector(cut(image, (channels, *stop)) + one) for stop in grid.inputs]
        found = []
        for o, kernel in enumerate(self.weight):
            bias = [] if self.bias is None else [self.bias[o]]
            weights = {taps: Vector(cut(kernel, (channels, *taps)) + bias) for taps in set(grid.taps)}
            outputs = iter([dot(weights[taps], xs) for taps, xs in zip(grid.taps, beneath)])
            found.append(nested(grid.sizes, outputs.__next__))
        return found

    def extra_repr(self) -> str:
        """Its channels and sizes."""
        return (f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
                f"{f', padding={self.padding}' * any(self.padding)}{', bias=False' * (self.bias is None)}")


class Conv1d(_Convolution):
    """A kernel over sequences: (in_channels, L), or a batch (N, in_channels, L). As torch.nn.Conv1d.

    weight (out_channels, in_channels, kernel_size), bias (out_channels), first uniform within ±1/sqrt(fan_in).

    ValueError for a kernel longer than the padded input.

    >>> from microgradx.nesting import shape
    >>> layer = Conv1d(1, 2, kernel_size=3)
    >>> shape(layer.weight), shape(layer([[0.0, 1.0, 2.0, 3.0, 4.0]]))
    ((2, 1, 3), (2, 3))
    """

    axes = 1


class Conv2d(_Convolution):
    """A kernel over images: (in_channels, H, W), or a batch (N, in_channels, H, W). As torch.nn.Conv2d.

    weight (out_channels, in_channels, kernel height, kernel width), bias (out_channels). Each of kernel_size, stride
    and padding is one number, or a tuple for height and width.

    >>> from microgradx.nesting import shape
    >>> layer = Conv2d(1, 2, (2, 3), padding=(0, 1))
    >>> shape(layer.weight), shape(layer([[[0.0] * 5] * 4]))
    ((2, 1, 2, 3), (2, 3, 5))
    """

    axes = 2
