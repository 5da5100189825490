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

from ..ieee import kind_of, short
from .shapes import Nested

Places = range | tuple[int, ...]


class Window(NamedTuple):
    """One stop of a kernel on one axis."""

    inputs: Places          # the inputs under the kernel, without padding
    taps: Places            # the taps of the kernel on these inputs


def windows(length: int, kernel: int, stride: int, padding: int | tuple[int, int], dilation: int = 1) -> list[Window]:
    """All stops of a kernel on an axis of `length` inputs, padded on both sides, or as (before, after).

    The taps lie dilation inputs apart. ValueError if the kernel is longer than the padded axis.
    """
    before, after = (padding, padding) if isinstance(padding, int) else padding
    last = length + after - dilation * (kernel - 1) - 1
    if last < -before:
        apart = f" with dilation {dilation}" * (dilation > 1)
        raise ValueError(f"a kernel of {kernel}{apart} does not fit on {length} inputs with padding {padding}; "
                         "make the kernel smaller or the padding larger")
    return [_window(start, length, kernel, dilation) for start in range(-before, last + 1, stride)]


def _window(start: int, length: int, kernel: int, dilation: int) -> Window:
    first = min(kernel, max(0, -(start // dilation)))       # a window on the padding only has two empty ranges
    stop = max(first, min(kernel, -((start - length) // dilation)))
    return Window(range(start + first * dilation, start + stop * dilation, dilation), range(first, stop))


def landings(length: int, kernel: int, stride: int, padding: int, dilation: int, extra: int) -> list[Window]:
    """The way back, for each output of a transposed convolution: the inputs whose kernel has a tap there.

    Input i puts tap t on output i*stride + t*dilation - padding. `extra` outputs are added at the end. ValueError if
    there is no output.

    >>> for w in landings(2, kernel=3, stride=2, padding=0, dilation=1, extra=0)[1:4]: print(w.inputs, w.taps)
    (0,) (1,)
    (1, 0) (0, 2)
    (1,) (1,)
    """
    outputs = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1
    if outputs < 1:
        raise ValueError(f"a kernel of {kernel} on {length} inputs with padding {padding} has no output; "
                         "make the padding smaller")
    return [_landing(place + padding, length, kernel, stride, dilation) for place in range(outputs)]


def _landing(place: int, length: int, kernel: int, stride: int, dilation: int) -> Window:
    taps = [t for t in range(kernel)
            if (place - t * dilation) % stride == 0 and 0 <= (place - t * dilation) // stride < length]
    return Window(tuple([(place - t * dilation) // stride for t in taps]), tuple(taps))


def shares(length: int, parts: int) -> list[Window]:
    """An axis in so many windows of nearly one length, which may overlap: those of adaptive pools.

    >>> [list(w.inputs) for w in shares(5, 3)]
    [[0, 1], [1, 2, 3], [3, 4]]
    """
    ends = [(i * length // parts, -(-(i + 1) * length // parts)) for i in range(parts)]
    return [Window(range(first, stop), range(stop - first)) for first, stop in ends]


class Grid:
    """All stops of a kernel of one or more axes, row by row.

    inputs, taps    for each stop the places on each axis
    sizes           how many stops there are on each axis: the shape of the result
    """

    __slots__ = ("inputs", "taps", "sizes")

    def __init__(self, axes: Sequence[list[Window]]) -> None:
        stops = list(product(*axes))
        self.inputs = [tuple(w.inputs for w in stop) for stop in stops]
        self.taps = [tuple(w.taps for w in stop) for stop in stops]
        self.sizes = [len(axis) for axis in axes]


def cut(x: Nested, ranges: tuple[Places, ...]) -> list[Any]:
    """The numbers of x within a range, or at some places, on each axis, as one flat list.

    >>> cut([[1, 2, 3], [4, 5, 6]], (range(0, 2), range(1, 3)))
    [2, 3, 5, 6]
    """
    first, *inner = ranges
    found: list[Any] = _picked(x, first)
    for within in inner:
        found = [v for row in found for v in _picked(row, within)]
    return found


def _picked(row: list[Any], places: Places) -> list[Any]:
    if isinstance(places, range):
        return list(row[places.start:places.stop:places.step])
    return [row[i] for i in places]


def per_axis(owner: object, name: str, size: int | Sequence[int], axes: int, least: int = 1) -> tuple[int, ...]:
    """A size for each axis, from one number or a tuple. ValueError for a wrong count or a size below `least`."""
    sizes = (size,) * axes if isinstance(size, int) else tuple(size)
    if len(sizes) != axes or not all(_whole(n) and n >= least for n in sizes):
        raise ValueError(f"{kind_of(owner)}: expected a whole number from {least} up as {name}"
                         f"{f', or a tuple of {axes}' * (axes > 1)}, got {short(size)}")
    return sizes


def _whole(n: Any) -> bool:
    return isinstance(n, int) and not isinstance(n, bool)


def letters(axes: int) -> tuple[str, ...]:
    """The names of the axes in messages: L, or H and W."""
    return ("L",) if axes == 1 else ("H", "W")
