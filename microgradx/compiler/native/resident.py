"""Resident: the parameters of a Module side by side in one block of memory, where machine code finds them.

    >>> from microgradx import Value
    >>> from microgradx.compiler.native.resident import resident
    >>> w = [Value(1.0), Value(2.0)]
    >>> block = resident(w)
    >>> block[1] = 5.0                                  # set in memory,
    >>> w[1].data                                       # seen in the Value, and the other way round
    5.0

So nothing is gathered or scattered at each step, and a parameter shows its current number whenever it is read.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine import Value

LINE = 8                                # doubles in a line of the cache


class Resident(Value):
    """A parameter whose number is kept in a block of memory: `_home` is the block and its place there."""

    __slots__ = ()
    _home: tuple[Any, int]

    @property
    def _data(self) -> float:
        return self._home[0][self._home[1]]  # type: ignore[no-any-return]

    @_data.setter
    def _data(self, x: float) -> None:
        self._home[0][self._home[1]] = x

    def __reduce__(self) -> Any:
        """A copy is a plain Value."""
        build, (_, *rest) = Value.__reduce__(self)  # type: ignore[str-unpack]
        return build, (Value, *rest)


def resident(values: Sequence[Any]) -> Any:
    """The block of memory that holds the numbers of these Values, in order: where they are already, or a new one.

    None if they cannot be brought together: some of them are in a block of another Module.
    """
    if all(v.__class__ is Resident for v in values):
        block, start = values[0]._home
        if all(v._home[0].obj is block.obj and v._home[1] == start + k for k, v in enumerate(values)):
            return memoryview(block.obj)[start:start + len(values)]
    if set(map(type, values)) != {Value}:
        return None
    numbers = aligned(len(values))
    numbers[:] = [v._data for v in values]
    block = memoryview(numbers.data)
    for k, v in enumerate(values):
        v._home = block, k
        v.__class__ = Resident
    return block


def aligned(size: int, first: int = 0) -> Any:
    """So many zeros, float64; element `first` at the beginning of a line of the cache: vectors that lie across two
    lines are read and written at half the speed."""
    memory = np.zeros(size + LINE)
    start = (-memory.ctypes.data // 8 - first) % LINE
    return memory[start:start + size]


def address(block: Any) -> int:
    """Where a block begins."""
    return int(np.frombuffer(block).ctypes.data)
