"""Kernel: a program compiled to machine code, with its memory.

    >>> from microgradx import jit
    >>> square = jit(lambda x: x * x)
    >>> kernel = square.variant([3.0]).kernel
    >>> kernel.run([3.0]), kernel.place.inputs, kernel.nests
    ([9.0], [0], 0)

Threads may run a kernel at once: each run takes a memory that is free, or a new one, and Python's interpreter lock is
released while machine code runs, unless that calls Python back.
"""
from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import zip_longest
from struct import Struct
from typing import Any

import numpy as np

from ...locks import lock
from ...table import Op
from ..ir.dtype import FLOAT64, Dtype
from .engine import load, raise_noted
from .place import ARRAYS, FAR, PAIRS, Memory, Place
from .resident import aligned, doubles
from .waiting import Waiting, asking


class Tables:
    """The numbers that the loops of a program read. Some depend on where its memory and the regions are.

    numbers     all of them, int64
    fixed       those between memory and what stays at its address: index, regions a and b, rest; see place.crossed()
    moving      the same where a or b is an array of the caller: machine code writes these before each run
    inner       where the address of a memory of another kernel stands, of the step of a loop, and that kernel
    pausing     where the address of pause() stands, see waiting.py
    """

    def __init__(self, numbers: Any, inner: Sequence[tuple[int, Kernel]] = (), pausing: Sequence[int] = (),
                 dtype: Dtype = FLOAT64) -> None:
        self.numbers, self.inner, self.pausing, self.size = numbers, inner, list(pausing), dtype.size
        far = (numbers + (1 << FAR - 1)) >> FAR
        index = np.flatnonzero(far)
        pairs = np.array([PAIRS[k] for k in far[index].tolist()], np.int64).reshape(-1, 2)
        rows = np.column_stack([index, pairs, numbers[index] - (far[index] << FAR)])
        moves = (pairs >= ARRAYS).any(axis=1)
        self.fixed, self.moving = rows[~moves], np.ascontiguousarray(rows[moves])

    def at(self, address: int) -> tuple[Any, list[Any]]:
        """A copy of the numbers for a memory at this address, and memories of the inner kernels."""
        found, starts = self.numbers.copy(), np.array([address, 0], np.int64)       # of the memory; of addresses
        index, a, b, rest = self.fixed.T
        found[index] = rest + (starts[a] - starts[b]) // self.size
        memories = [kernel.new() for _, kernel in self.inner]
        for (place, _), memory in zip(self.inner, memories):
            found[place] = memory.ctypes.data
        found[self.pausing] = asking() if self.pausing else 0
        return found, memories


# Compiles the kernel for so many samples, and tells where slot 0 of the first is; None if that is not possible. See
# loops/several.py
Several = Callable[[int], "tuple[Kernel, int] | None"]


class Kernel:
    """A program compiled to machine code: run(numbers) returns the results.

    place       slots of what it reads and writes
    memory      an array of numbers, the first of those that it has when threads run it at once
    results     the slot of the first result that is a number; the others follow
    nests       number of loop nests; 0 for a basic block
    address     address of the machine code, a C function void f(number *memory)
    several     compiles the same for several samples; None for a basic block
    waits       whether it has a loop that may go on for ever
    late        whether its loops run as late as possible, see schedule.fewest(); None for a basic block
    """

    def __init__(self, module: Any, place: Place, memory: Memory, count: int, rows: Sequence[Op],
                 tables: Tables | None = None, kept: Any = (), nests: int = 0) -> None:
        count -= len(place.outputs)
        self.place, self.results, self.count, self.nests, self.tables = place, memory.results, count, nests, tables
        self.closures: list[Any] = []
        self.waits = False
        self.late: bool | None = None
        self.several: Several | None = None
        self.code = load(module, rows), kept
        self.address = self.code[0].address("kernel")
        self._size, self._constants = memory.size, memory.constants
        self._give = Struct(f"{place.given}d").pack_into if place.dtype is FLOAT64 else _give_rounded
        # CFUNCTYPE releases the interpreter lock
        self._function = (ctypes.PYFUNCTYPE if rows else ctypes.CFUNCTYPE)(None, ctypes.c_void_p)(self.address)
        self._stores: list[tuple[Any, int, int]] = []
        self._shown = count                     # how many of the numbers run() returns
        self._all: list[Any] = []               # memories and their tables
        self._lock = lock()
        self.memory = self.new()
        self.start = self.memory.ctypes.data
        self._free = [self.memory]

    def new(self) -> Any:
        """Another memory, for a run at the same time."""
        memory = aligned(self._size, dtype=self.place.dtype)
        for slot, x in self._constants.items():
            memory[slot] = x
        longs = self.words(memory)
        longs[self.place.pointers] = memory.ctypes.data
        tables = None if self.tables is None else self.tables.at(memory.ctypes.data)
        if tables is not None:
            longs[self.place.tables] = tables[0].ctypes.data
        self._all.append((memory, tables))
        return memory

    def words(self, memory: Any) -> Any:
        """The addresses in a memory, see Place."""
        return memory[:self.place.start].view(np.int64)

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """A memory that no other thread uses."""
        try:
            memory = self._free.pop()
        except IndexError:
            memory = self.new()
        try:
            yield memory
        finally:
            self._free.append(memory)

    def another(self) -> int:
        """The address of another memory."""
        return int(self.new().ctypes.data)

    def keep(self, targets: Sequence[int]) -> None:
        """From now on the last results go to these addresses, after a run that went well, and not into its list."""
        start = self.results + self.count - len(targets)
        self._shown = first = self.count - len(targets)
        first += self.results
        for k, target in enumerate(targets):
            if k + 1 == len(targets) or targets[k + 1] != target + 8:       # the end of what lies side by side
                end = first + k + 1
                self._stores.append((doubles(target - 8 * (end - start - 1), end - start), start, end))
                start = end

    def run(self, numbers: Sequence[float], arrays: Sequence[Any] = (), made: Sequence[Any] = ()) -> list[Any]:
        """Return the results for these inputs, numbers and new arrays. Raises what check() raises.

        arrays      of the caller, of its dtype in C order: the inputs that are in arrays, see placed()
        made        of the caller, for the results that are in arrays; None for a new one
        """
        made = [np.empty(sizes, self.place.dtype.name) if one is None else one
                for (_, sizes), one in zip_longest(self.place.shapes, made)]
        with (self._lock if self._stores else nullcontext(), self.lent() as memory,         # one reads what it sets
              Waiting() if self.waits else nullcontext()):
            found = self._run(memory, numbers, (*arrays, *made))
        for (at, _), array in zip(self.place.shapes, made):
            found.insert(at, array)
        return found

    def _run(self, memory: Any, numbers: Sequence[float], arrays: Sequence[Any]) -> list[Any]:
        self._give(memory, 0, *numbers)
        longs = self.words(memory)
        for k, array in enumerate(arrays, self.place.arrays):
            longs[k] = array.ctypes.data
        self._function(memory.ctypes.data)
        self.check(memory)
        found: list[float] = memory[self.results:self.results + self._shown].tolist()
        try:
            self._store(memory)
        except KeyboardInterrupt:               # Ctrl-C between two of them: all are made first
            self._store(memory)
            raise
        return found

    def _store(self, memory: Any) -> None:
        for target, start, end in self._stores:
            target[:] = memory[start:end]

    def check(self, memory: Any) -> None:
        """Raise the error of a callback since the last check; IndexError if a take() had an index outside its table."""
        wrong, memory[self.place.status] = memory[self.place.status] != 0, 0.0
        raise_noted()
        if wrong:
            raise IndexError("take: expected a whole number from 0 to the length of the table less 1 as index")


def _give_rounded(memory: Any, first: int, *numbers: float) -> None:
    """Put numbers into a memory of float32; what is out of range becomes infinite."""
    with np.errstate(over="ignore"):
        memory[first:first + len(numbers)] = numbers
