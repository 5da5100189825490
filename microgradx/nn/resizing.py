"""AdaptiveAvgPool, Upsample: an image of any size becomes one of a given size.

    >>> from microgradx.nn import AdaptiveAvgPool1d, Upsample
    >>> AdaptiveAvgPool1d(2)([[1.0, 2.0, 3.0, 4.0, 6.0]])
    [[2.0, 4.333333333333333]]
    >>> Upsample(scale_factor=2)([[[1.0, 2.0]]])
    [[[1.0, 1.0, 2.0, 2.0]]]
"""
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from ..ieee import short
from ..reductions import sum
from .module import Module
from .pooling import Pool
from .shapes import Nested, expect, within
from .windows import Grid, cut, per_axis, shares


class _AdaptiveAvgPool(Pool):
    """The means of so many windows, which are as equal as can be."""

    def __init__(self, output_size: int | Sequence[int | None] | None) -> None:
        given: Any = output_size if isinstance(output_size, (list, tuple)) else (output_size,) * self.axes
        sizes = per_axis(self, "output_size", [1 if n is None else n for n in given], self.axes)
        self.output_size = tuple([None if n is None else size for n, size in zip(given, sizes)])

    def grid(self, lengths: Sequence[int]) -> Grid:
        """The windows; None keeps the size."""
        return Grid([shares(length, size or length) for length, size in zip(lengths, self.output_size)])

    def pooled(self, xs: list[Any]) -> Any:
        """The mean."""
        return sum(xs) / len(xs)

    def extra_repr(self) -> str:
        """Its size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """(C, L), or a batch (N, C, L), to (C, output_size): means. As torch.nn.AdaptiveAvgPool1d.

    ValueError for an output_size below 1.

    >>> AdaptiveAvgPool1d(1)([[1.0, 2.0, 6.0]])
    [[3.0]]
    """

    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """(C, H, W), or a batch (N, C, H, W), to (C, *output_size): means. As torch.nn.AdaptiveAvgPool2d.

    output_size is one number or a tuple for height and width, None for one that stays. ValueError for one below 1.

    >>> AdaptiveAvgPool2d((1, None))([[[1.0, 2.0], [3.0, 6.0]]])
    [[[2.0, 4.0]]]
    """

    axes = 2


class Upsample(Module):
    """Each number repeated: (N, C, L) or (N, C, H, W) to the given size, or scale_factor times as large.

    ValueError for another mode than "nearest", and unless one of size and scale_factor is given, one number or one for
    each axis. As torch.nn.Upsample. It makes no nodes.

    >>> Upsample((2, 3))([[[[1.0, 2.0, 3.0]]]])
    [[[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]]]
    """

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None,
                 mode: str = "nearest") -> None:
        if mode != "nearest":
            raise ValueError(f"Upsample: expected mode 'nearest', got {short(mode)}")
        if (size is None) == (scale_factor is None):
            raise ValueError(f"Upsample: expected one of size and scale_factor, got {size} and {scale_factor}")
        factors = scale_factor if isinstance(scale_factor, (list, tuple)) else [scale_factor or 1.0]
        if size is None and not all(isinstance(x, (int, float)) and 0 < x < math.inf for x in factors):
            raise ValueError(f"Upsample: expected a positive scale_factor, got {short(scale_factor)}")
        self.size, self.scale_factor, self.mode = size, scale_factor, mode

    def forward(self, x: Nested) -> Nested:
        """(N, C, sizes) to (N, C, larger sizes)."""
        lengths = expect(self, x, ("N", "C", "L"), ("N", "C", "H", "W"))[2:]
        for axis, places in enumerate(self._places(lengths)):
            x = within(partial(cut, ranges=(tuple(places),)), x, 2 + axis)
        return x

    def _places(self, lengths: tuple[int, ...]) -> list[list[int]]:
        """For each axis the input of each output."""
        if self.size is not None:
            sizes = per_axis(self, "size", self.size, len(lengths))
            return [[i * length // size for i in range(size)] for length, size in zip(lengths, sizes)]
        given: Any = self.scale_factor
        factors = given if isinstance(given, (list, tuple)) else [given] * len(lengths)
        if len(factors) != len(lengths):
            raise ValueError(f"Upsample: expected {len(lengths)} factors as scale_factor, got {short(given)}")
        if any(length * s < 1 for length, s in zip(lengths, factors)):
            raise ValueError(f"Upsample: expected a scale_factor that leaves a part of {lengths}, got {short(given)}")
        return [[min(int(i / s), length - 1) for i in range(int(length * s))] for length, s in zip(lengths, factors)]

    def extra_repr(self) -> str:
        """Its size."""
        given = f"scale_factor={self.scale_factor}" if self.size is None else f"size={self.size}"
        return f"{given}, mode={self.mode!r}"
