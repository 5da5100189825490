"""Windows that slide over an axis: the index arithmetic of convolutions and pools.

A kernel of 3 on an axis of 4 inputs with padding 1 stops at four places. At the first and the last place one of its
taps is on the padding and is left out: no layer multiplies by a padded zero.

    >>> from microgradx.nn.windows import windows
    >>> for w in windows(4, kernel=3, stride=1, padding=1): print(list(w.inputs), list(w.taps))
    [0, 1] [1, 2]
    [0, 1, 2] [0, 1, 2]
    [1, 2, 3] [0, 1, 2]
    [2, 3] [0, 1]
"""
from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from ..ieee import short
from .shapes import Nested


class Window(NamedTuple):
    """One stop of a kernel on one axis."""

    inputs: range           # the inputs under the kernel, without padding
    taps: range             # the taps of the kernel on these inputs


def windows(length: int, kernel: int, stride: int, padding: int) -> list[Window]:
    """All stops of a kernel on an axis of `length` inputs. ValueError if the kernel is longer than the padded axis."""
    last = length + padding - kernel
    if last < -padding:
        raise ValueError(f"a kernel of {kernel} does not fit on {length} inputs with padding {padding}; "
                         "make the kernel smaller or the padding larger")
    return [_window(start, length, kernel) for start in range(-padding, last + 1, stride)]


def _window(start: int, length: int, kernel: int) -> Window:
    first = min(max(start, 0), length)                  # a window on the padding only has two empty ranges
    stop = max(first, min(start + kernel, length))
    return Window(range(first, stop), range(first - start, stop - start))


class Grid:
    """All stops of a kernel of one or more axes, row by row.

    inputs, taps    for each stop a range on each axis
    sizes           how many stops there are on each axis: the shape of the result
    """

    __slots__ = ("inputs", "taps", "sizes")

    def __init__(self, lengths: Sequence[int], kernel: Sequence[int], stride: Sequence[int],
                 padding: Sequence[int]) -> None:
        axes = [windows(*axis) for axis in zip(lengths, kernel, stride, padding)]
        stops = list(product(*axes))
        self.inputs = [tuple(w.inputs for w in stop) for stop in stops]
        self.taps = [tuple(w.taps for w in stop) for stop in stops]
        self.sizes = [len(axis) for axis in axes]


def cut(x: Nested, ranges: tuple[range, ...]) -> list[Any]:
    """The numbers of x within a range on each axis, as one flat list.

    >>> cut([[1, 2, 3], [4, 5, 6]], (range(0, 2), range(1, 3)))
    [2, 3, 5, 6]
    """
    first, *inner = ranges
    found: list[Any] = list(x[first.start:first.stop])
    for within in inner:
        found = [v for row in found for v in row[within.start:within.stop]]
    return found


def per_axis(owner: object, name: str, size: int | Sequence[int], axes: int, least: int = 1) -> tuple[int, ...]:
    """A size for each axis, from one number or a tuple. ValueError for a wrong count or a size below `least`."""
    sizes = (size,) * axes if isinstance(size, int) else tuple(size)
    if len(sizes) != axes or not all(_whole(n) and n >= least for n in sizes):
        raise ValueError(f"{type(owner).__name__}: expected a whole number from {least} up as {name}"
                         f"{f', or a tuple of {axes}' * (axes > 1)}, got {short(size)}")
    return sizes


def _whole(n: Any) -> bool:
    return isinstance(n, int) and not isinstance(n, bool)


def letters(axes: int) -> tuple[str, ...]:
    """The names of the axes in messages: L, or H and W."""
    return ("L",) if axes == 1 else ("H", "W")
