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
from typing import Any, Literal

from ..ieee import kind_of
from ..reductions import dot
from ..vector import Vector
from . import init
from .module import Module
from .shapes import Nested, Pattern, expect, nested, positive, within
from .windows import Grid, cut, letters, per_axis, windows

Sizes = int | Sequence[int]


class Convolution(Module):
    """What convolutions and transposed ones share: sizes, weights, and one dot product for each output.

    groups cuts the channels into so many parts; each part of the outputs sees its part of the inputs only.
    """

    axes: int

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Sizes, stride: Sizes, dilation: Sizes,
                 groups: int) -> None:
        positive(self, in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{kind_of(self)}: expected channels that are multiples of groups={groups}, got "
                             f"in_channels={in_channels} and out_channels={out_channels}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis(self, "kernel_size", kernel_size, self.axes)
        self.stride = per_axis(self, "stride", stride, self.axes)
        self.dilation = per_axis(self, "dilation", dilation, self.axes)

    def make_weights(self, rows: int, columns: int, bias: bool) -> None:
        """Set weight (rows, columns, kernel) and bias (out_channels), uniform within ±1/sqrt(columns * kernel)."""
        self.weight = init.kaiming_uniform_(init.parameter(rows, columns, *self.kernel_size), a=math.sqrt(5))
        bound = 1 / math.sqrt(columns * math.prod(self.kernel_size))
        self.bias = init.uniform_(init.parameter(self.out_channels), -bound, bound) if bias else None

    def forward(self, x: Nested) -> Nested:
        """(in_channels, sizes) to (out_channels, sizes); or a batch, (N, channels, sizes)."""
        sample: Pattern = (self.in_channels, *letters(self.axes))
        sizes = expect(self, x, sample, ("N", *sample))
        grid = self.grid(sizes[-self.axes:])
        return within(lambda image: self._slide(image, grid), x, len(sizes) - len(sample))

    def grid(self, lengths: Sequence[int]) -> Grid:
        """The inputs and taps of each output."""
        raise NotImplementedError

    def kernel(self, o: int) -> list[Any]:
        """The weights of output channel o, (in_channels / groups, kernel)."""
        raise NotImplementedError

    def _slide(self, image: Nested, grid: Grid) -> list[Any]:
        """The output channels of one image: each kernel times the inputs under it, at each stop of the grid."""
        size = self.in_channels // self.groups
        one = [] if self.bias is None else [1.0]
        found = []
        for group in range(self.groups):
            channels = range(group * size, (group + 1) * size)
            beneath = [Vector(cut(image, (channels, *stop)) + one) for stop in grid.inputs]
            for o in range(self.out_channels // self.groups * group, self.out_channels // self.groups * (group + 1)):
                kernel, bias = self.kernel(o), [] if self.bias is None else [self.bias[o]]
                weights = {taps: Vector(cut(kernel, (range(size), *taps)) + bias) for taps in set(grid.taps)}
                outputs = iter([dot(weights[taps], xs) for taps, xs in zip(grid.taps, beneath)])
                found.append(nested(grid.sizes, outputs.__next__))
        return found

    def extra_repr(self) -> str:
        """Its channels and sizes."""
        zeros, ones = (0,) * self.axes, (1,) * self.axes
        usual = {"padding": zeros, "output_padding": zeros, "dilation": ones, "groups": 1}
        options = {name: getattr(self, name, value) for name, value in usual.items()}
        unusual = [f", {name}={x!r}" for name, x in options.items() if x != usual[name]]
        return (f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
                f"{''.join(unusual)}{', bias=False' * (self.bias is None)}")


class _Forward(Convolution):
    """A convolution. (torch's name; without a flipped kernel it is really a correlation.)"""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Sizes, stride: Sizes = 1,
                 padding: Sizes | Literal["valid", "same"] = 0, dilation: Sizes = 1, groups: int = 1,
                 bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups)
        if isinstance(padding, str) and padding not in ("valid", "same"):
            raise ValueError(f"{kind_of(self)}: expected padding 'valid', 'same' or a size, got {padding!r}")
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError(f"{kind_of(self)}: expected a stride of 1 with padding='same', got {self.stride}")
        self.padding = padding if isinstance(padding, str) else per_axis(self, "padding", padding, self.axes, least=0)
        self.make_weights(out_channels, in_channels // groups, bias)

    def grid(self, lengths: Sequence[int]) -> Grid:
        """All stops of the kernel."""
        sides: Any = [0] * self.axes if self.padding == "valid" else self.padding
        if self.padding == "same":                          # an odd number of zeros has the larger half at the end
            whole = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
            sides = [(n // 2, n - n // 2) for n in whole]
        return Grid([windows(*axis) for axis in zip(lengths, self.kernel_size, self.stride, sides, self.dilation)])

    def kernel(self, o: int) -> list[Any]:
        """Row o of weight."""
        return self.weight[o]  # type: ignore[no-any-return]


class Conv1d(_Forward):
    """A kernel over sequences: (in_channels, L), or a batch (N, in_channels, L). As torch.nn.Conv1d.

    weight (out_channels, in_channels / groups, kernel_size), bias (out_channels), first uniform within ±1/sqrt(fan_in).
    padding="same" keeps L; dilation is the distance between the taps; groups=in_channels is one kernel a channel.

    ValueError for a kernel longer than the padded input, and for groups that do not divide both channels.

    >>> from microgradx.nesting import shape
    >>> layer = Conv1d(1, 2, kernel_size=3)
    >>> shape(layer.weight), shape(layer([[0.0, 1.0, 2.0, 3.0, 4.0]]))
    ((2, 1, 3), (2, 3))
    """

    axes = 1


class Conv2d(_Forward):
    """A kernel over images: (in_channels, H, W), or a batch (N, in_channels, H, W). As torch.nn.Conv2d.

    weight (out_channels, in_channels / groups, kernel height, kernel width), bias (out_channels). Each of kernel_size,
    stride, padding and dilation is one number, or a tuple for height and width. See Conv1d.

    >>> from microgradx.nesting import shape
    >>> layer = Conv2d(1, 2, (2, 3), padding=(0, 1))
    >>> shape(layer.weight), shape(layer([[[0.0] * 5] * 4]))
    ((2, 1, 2, 3), (2, 3, 5))
    """

    axes = 2
