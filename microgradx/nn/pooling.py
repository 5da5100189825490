"""MaxPool, AvgPool: the largest number or the mean of each window. Flatten: several dimensions as one.

    >>> from microgradx.nn import AvgPool2d, Flatten, MaxPool2d
    >>> image = [[[1.0, 2.0, 0.0, 0.0], [3.0, 4.0, 0.0, 8.0]]]         # one channel, 2 x 4
    >>> MaxPool2d(2)(image), AvgPool2d(2)(image), Flatten(0)(image)[:3]
    ([[[4.0, 8.0]]], [[[2.5, 2.0]]], [1.0, 2.0, 0.0])
"""
import math
from collections.abc import Sequence
from typing import Any

from ..ieee import kind_of
from ..reductions import first_max, sum
from .module import Module
from .shapes import Nested, Pattern, expect, flat, nested, within
from .windows import Grid, cut, letters, per_axis, windows


class Pool(Module):
    """Each window of each channel as one number."""

    axes: int

    def __init__(self, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None,
                 padding: int | Sequence[int] = 0) -> None:
        self.kernel_size = per_axis(self, "kernel_size", kernel_size, self.axes)
        self.stride = self.kernel_size if stride is None else per_axis(self, "stride", stride, self.axes)
        self.padding = per_axis(self, "padding", padding, self.axes, least=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size)):
            raise ValueError(f"{kind_of(self)}: expected padding of at most half the kernel {self.kernel_size}, "
                             f"got {self.padding}")

    def forward(self, x: Nested) -> Nested:
        """(C, sizes) to (C, smaller sizes); or a batch, (N, C, sizes)."""
        sample: Pattern = ("C", *letters(self.axes))
        sizes = expect(self, x, sample, ("N", *sample))
        grid = self.grid(sizes[-self.axes:])
        return within(lambda plane: self._slide(plane, grid), x, len(sizes) - self.axes)

    def grid(self, lengths: Sequence[int]) -> Grid:
        """All stops of the window."""
        return Grid([windows(*axis) for axis in zip(lengths, self.kernel_size, self.stride, self.padding)])

    def _slide(self, plane: Nested, grid: Grid) -> Nested:
        outputs = iter([self.pooled(cut(plane, stop)) for stop in grid.inputs])
        return nested(grid.sizes, outputs.__next__)

    def pooled(self, xs: list[Any]) -> Any:
        """One number for the numbers of a window, without padding."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """Its sizes."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _MaxPool(Pool):
    def pooled(self, xs: list[Any]) -> Any:
        """The largest; the first of equal ones gets the whole gradient, as in torch: after a relu many tie at 0."""
        return first_max(xs)


class _AvgPool(Pool):
    def __init__(self, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None,
                 padding: int | Sequence[int] = 0, *, count_include_pad: bool = True) -> None:
        super().__init__(kernel_size, stride, padding)
        self.count_include_pad = count_include_pad

    def pooled(self, xs: list[Any]) -> Any:
        """The mean; padding counts as zeros if count_include_pad."""
        return sum(xs) / (math.prod(self.kernel_size) if self.count_include_pad else len(xs))


class MaxPool1d(_MaxPool):
    """The largest number of each window of (C, L), or of a batch (N, C, L). As torch.nn.MaxPool1d.

    ValueError for padding of more than half the kernel. Padding is never the largest. The default stride is
    kernel_size.

    >>> MaxPool1d(2)([[1.0, 3.0, 2.0, 0.0]]), MaxPool1d(3, stride=1, padding=1)([[1.0, 3.0, 2.0, 0.0]])
    ([[3.0, 2.0]], [[3.0, 3.0, 3.0, 2.0]])
    """

    axes = 1


class MaxPool2d(_MaxPool):
    """The largest number of each window of (C, H, W), or of a batch (N, C, H, W). As torch.nn.MaxPool2d.

    The first of equal numbers gets the whole gradient. ValueError for padding of more than half the kernel.

    >>> MaxPool2d(2)([[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]]])
    [[[4.0, 8.0]]]
    """

    axes = 2


class AvgPool1d(_AvgPool):
    """The mean of each window of (C, L), or of a batch (N, C, L). As torch.nn.AvgPool1d.

    Padding counts as zeros, unless count_include_pad=False.

    ValueError for padding of more than half the kernel.

    >>> AvgPool1d(2)([[1.0, 3.0, 2.0, 0.0]])
    [[2.0, 1.0]]
    """

    axes = 1


class AvgPool2d(_AvgPool):
    """The mean of each window of (C, H, W), or of a batch (N, C, H, W). As torch.nn.AvgPool2d.

    ValueError for padding of more than half the kernel.

    >>> AvgPool2d(2)([[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]]])
    [[[2.5, 6.5]]]
    """

    axes = 2


class Flatten(Module):
    """The dimensions from start_dim to the last as one. As torch.nn.Flatten, whose default 1 keeps the batch.

    For one sample write Flatten(0): (C, H, W) to (C*H*W). ValueError if there is no such dimension.

    >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]]]), Flatten(0)([[1.0, 2.0], [3.0, 4.0]])
    ([[1.0, 2.0, 3.0, 4.0]], [1.0, 2.0, 3.0, 4.0])
    """

    def __init__(self, start_dim: int = 1) -> None:
        if start_dim < 0:
            raise ValueError(f"Flatten: expected start_dim from 0 up, got {start_dim}")
        self.start_dim = start_dim

    def forward(self, x: Nested) -> Nested:
        """(*, sizes) to (*, product of sizes)."""
        expect(self, x, ("*", *("any",) * (self.start_dim + 1)))
        return within(flat, x, self.start_dim)

    def extra_repr(self) -> str:
        """Its start_dim."""
        return f"{self.start_dim}"
