"""Resident: numbers of Values side by side in one block of memory, where machine code finds them.

    >>> from microgradx import Value
    >>> from microgradx.compiler.native.resident import resident
    >>> w = [Value(1.0), Value(2.0)]
    >>> block = resident(w)
    >>> block[1] = 5.0                                  # set in memory,
    >>> w[1].data                                       # seen in the Value, and the other way round
    5.0

So nothing is gathered or scattered at each step, and a parameter shows its current number whenever it is read. What
sets gradients, such as a compiled training step, keeps these in memory too.
"""
from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...engine import Value
from ...interrupts import held
from ...nn.module import Buffer
from ..ir.dtype import FLOAT64, Dtype

PLAIN = (Value, Buffer)                 # what may become resident: a class of the user's may have ways of its own


class Resident:
    """What a Value becomes whose number is kept in a block of memory: `_home` is the block and its place there."""

    __slots__ = ()
    _home: tuple[Any, ...]

    @property
    def _data(self) -> float:
        return self._home[0][self._home[1]]  # type: ignore[no-any-return]

    @_data.setter
    def _data(self, x: float) -> None:
        self._home[0][self._home[1]] = x

    def __reduce__(self) -> Any:
        """A copy is a plain Value."""
        found: Any = super().__reduce__()
        build, (kind, *rest) = found
        return build, (next(plain for plain in kind.__mro__ if plain in PLAIN), *rest)


class ResidentGradient(Resident):
    """Its gradient is kept too: `_home` goes on with the block of that and its place there."""

    __slots__ = ()

    @property
    def _grad(self) -> float:
        return self._home[2][self._home[3]]  # type: ignore[no-any-return]

    @_grad.setter
    def _grad(self, x: float) -> None:
        self._home[2][self._home[3]] = x


@cache
def kept(kind: Any, how: Any) -> Any:
    """The class of Values, or Buffers, that are Resident or ResidentGradient; it has the name of this kind."""
    plain = next(plain for plain in kind.__mro__ if plain in PLAIN)
    return type(plain.__name__, (how, plain), {"__slots__": (), "__module__": __name__})


def resident(values: Sequence[Any]) -> Any:
    """The block of memory that holds the numbers of these Values, in order: where they are already, or a new one.

    None if they cannot be brought together: some of them are in another block.
    """
    kinds = set(map(type, values))
    if all(issubclass(kind, Resident) for kind in kinds):
        block = _together([v._home[:2] for v in values])
        if block is not None:
            return block
    if not kinds <= set(PLAIN):
        return None
    block = filled([v._data for v in values])
    new = {kind: kept(kind, Resident) for kind in kinds}
    with held():
        for k, v in enumerate(values):
            v._home = block, k
            v.__class__ = new[v.__class__]
    return block


def resident_gradients(values: Sequence[Any]) -> Any:
    """The block of memory that holds the gradients of these leaves, in order; None as for resident()."""
    if gradient_addresses(values) is None:
        return None
    return _together([v._home[2:] for v in values])


def _together(homes: Sequence[Any]) -> Any:
    """The part of a block that these are, a block and a place each. None if they do not lie side by side."""
    block, start = homes[0]
    if all(one.obj is block.obj and place == start + k for k, (one, place) in enumerate(homes)):
        return memoryview(block.obj)[start:start + len(homes)]
    return None


def addresses(values: Sequence[Any]) -> list[int] | None:
    """Where the number of each Value lies. Those that are in no block yet get one together.

    None if one of them is of a class of the user's, and stays where it is.
    """
    if not all(kind in PLAIN or issubclass(kind, Resident) for kind in set(map(type, values))):
        return None
    if not values:
        return []
    new = [v for v in dict.fromkeys(values) if type(v) in PLAIN]
    block = resident(new or values)
    if block is not None and len(block) == len(values):             # most often: side by side
        first = address(block)
        return list(range(first, first + 8 * len(values), 8))
    return _addresses([v._home[:2] for v in values])


def gradient_addresses(values: Sequence[Any]) -> list[int] | None:
    """Where the gradient of each leaf lies; otherwise as addresses()."""
    if addresses(values) is None:
        return None
    new = [v for v in dict.fromkeys(values) if not isinstance(v, ResidentGradient)]
    if new:
        block = filled([v._grad for v in new])
        with held():
            for k, v in enumerate(new):
                v._home = *v._home, block, k
                v.__class__ = kept(v.__class__, ResidentGradient)
    return _addresses([v._home[2:] for v in values])


def _addresses(homes: Sequence[Any]) -> list[int]:
    starts = {id(block): address(block) for block, _ in {id(home[0]): home for home in homes}.values()}
    return [starts[id(block)] + 8 * place for block, place in homes]


def filled(numbers: Sequence[float]) -> Any:
    """A block of memory with these numbers."""
    found = aligned(len(numbers))
    found[:] = numbers
    return memoryview(found.data)


def aligned(size: int, first: int = 0, dtype: Dtype = FLOAT64) -> Any:
    """So many zeros; element `first` at the beginning of a line of the cache: vectors that lie across two lines are
    read and written at half the speed."""
    memory = np.zeros(size + dtype.line, dtype.name)
    start = (-memory.ctypes.data // dtype.size - first) % dtype.line
    return memory[start:start + size]


def address(block: Any) -> int:
    """Where a block begins."""
    return int(np.asarray(block).ctypes.data)


def doubles(address: int, count: int) -> Any:
    """So many doubles at an address, as an array."""
    place: Any = (ctypes.c_double * count).from_address(address)
    return np.frombuffer(place)


class Copies:
    """Copies of resident numbers in float32, rounded, for machine code that reads these.

        >>> from microgradx import Value
        >>> from microgradx.compiler.ir.dtype import FLOAT32
        >>> copies = Copies(dict(enumerate(addresses([Value(0.1), Value(1e39)]))), FLOAT32)
        >>> copies.refresh()
        >>> copies.memory.tolist(), len(copies.parts)
        ([0.10000000149011612, inf], 1)

    addresses   where the copy of each input is
    parts       what lies side by side: the address of the first number, its place in `memory`, and how many there are
    """

    def __init__(self, places: Mapping[int, int], dtype: Dtype) -> None:
        every = sorted(set(places.values()))
        self.memory = aligned(len(every), dtype=dtype)
        start = self.memory.ctypes.data
        homes = {place: start + dtype.size * k for k, place in enumerate(every)}
        self.addresses = {k: homes[place] for k, place in places.items()}
        begins = [k for k, place in enumerate(every) if not k or place != every[k - 1] + 8]
        self.parts = [(every[k], k, end - k) for k, end in zip(begins, [*begins[1:], len(every)])]
        self._pairs = [(doubles(place, count), self.memory[k:k + count]) for place, k, count in self.parts]

    def refresh(self) -> None:
        """Copy the present numbers."""
        with np.errstate(over="ignore"):
            for source, target in self._pairs:
                target[:] = source
