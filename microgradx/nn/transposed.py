"""ConvTranspose1d, ConvTranspose2d: each input paints the kernel, scaled by it, onto a larger output.

    >>> from microgradx.nn import ConvTranspose1d
    >>> brush = ConvTranspose1d(1, 1, kernel_size=2, stride=2, bias=False)
    >>> brush.load_state_dict({"weight": [[[1.0, 10.0]]]})
    >>> [y.data for y in brush([[3.0, 4.0]])[0]]
    [3.0, 30.0, 4.0, 40.0]

It is the way back through a convolution: its outputs are the gradient by the inputs of a Conv1d of the same weight.
"""
from collections.abc import Sequence
from typing import Any

from ..ieee import kind_of
from .convolution import Convolution, Sizes
from .windows import Grid, landings, per_axis


class _Transposed(Convolution):
    """Each output is the dot product of the inputs that reach it with their taps."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Sizes, stride: Sizes = 1, padding: Sizes = 0,
                 output_padding: Sizes = 0, groups: int = 1, bias: bool = True, dilation: Sizes = 1) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups)
        self.padding = per_axis(self, "padding", padding, self.axes, least=0)
        self.output_padding = per_axis(self, "output_padding", output_padding, self.axes, least=0)
        if any(extra >= max(s, d) for extra, s, d in zip(self.output_padding, self.stride, self.dilation)):
            raise ValueError(f"{kind_of(self)}: expected output_padding below stride {self.stride} or dilation "
                             f"{self.dilation}, got {self.output_padding}")
        self.make_weights(in_channels, out_channels // groups, bias)

    def grid(self, lengths: Sequence[int]) -> Grid:
        """For each output the inputs that reach it."""
        axes = zip(lengths, self.kernel_size, self.stride, self.padding, self.dilation, self.output_padding)
        return Grid([landings(*axis) for axis in axes])

    def kernel(self, o: int) -> list[Any]:
        """Column o of weight, whose rows are the inputs of all groups."""
        columns, size = self.out_channels // self.groups, self.in_channels // self.groups
        group = o // columns
        return [row[o % columns] for row in self.weight[group * size:(group + 1) * size]]


class ConvTranspose1d(_Transposed):
    """(in_channels, L) to (out_channels, a longer L), or a batch (N, in_channels, L). As torch.nn.ConvTranspose1d.

    weight (in_channels, out_channels / groups, kernel_size), bias (out_channels). The new L is
    (L - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1.

    ValueError for padding that leaves no output, and for output_padding that is not below stride or dilation.

    >>> from microgradx.nesting import shape
    >>> layer = ConvTranspose1d(1, 2, kernel_size=3, stride=2, padding=1, output_padding=1)
    >>> shape(layer.weight), shape(layer([[0.0, 1.0, 2.0]]))
    ((1, 2, 3), (2, 6))
    """

    axes = 1


class ConvTranspose2d(_Transposed):
    """(in_channels, H, W) to (out_channels, larger H, larger W), or a batch. As torch.nn.ConvTranspose2d.

    weight (in_channels, out_channels / groups, kernel height, kernel width), bias (out_channels). Each size is one
    number, or a tuple for height and width. See ConvTranspose1d; source: Zeiler et al. 2010.

    >>> from microgradx.nesting import shape
    >>> shape(ConvTranspose2d(1, 1, 2, stride=2)([[[1.0, 2.0, 3.0]]]))
    (1, 2, 6)
    """

    axes = 2
