"""Kernel: a program compiled to machine code, with its memory.

    >>> from microgradx import jit
    >>> square = jit(lambda x: x * x)
    >>> kernel = square.variant([3.0]).kernel
    >>> kernel.run([3.0]), kernel.place.inputs, kernel.nests
    ([9.0], [0], 0)
"""
from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from itertools import count
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from ...locks import lock
from ...table import Op
from ..ir.program import Program
from ..ir.repeat import Repeat
from .engine import load, raise_noted
from .resident import LINE, aligned


class Place(NamedTuple):
    """The memory of a program.

    memory      an array of float64; it may be too large, its unused end is never touched
    inputs      the slot of each input, relative to the start of memory; the parameters of a Module are outside
    given       how many inputs are copied into memory before each run; they come first
    status      the slot that is set to 1 if an index was outside of its table
    """

    memory: Any
    inputs: list[int]
    given: int

    @property
    def status(self) -> int:
        """The slot after the inputs."""
        return self.given


def placed(p: Program, blocks: Mapping[int, int]) -> Place:
    """Memory for a program. `blocks` has the address of each input that is outside of this memory."""
    loops = sum(op.size + len(args) for op, args in zip(p.ops, p.args) if isinstance(op, Repeat))
    size = 2 * (len(p) + loops)                 # alignment to cache lines at most doubles it
    memory = aligned(size + len(p.results) + 2 * LINE)
    start = memory.ctypes.data
    given = count()
    inputs = [(blocks[k] - start) // 8 if k in blocks else next(given) for k in range(len(p.inputs))]
    return Place(memory, inputs, next(given))


class Kernel:
    """A program compiled to machine code: run(numbers) returns the results.

    place       its memory
    results     the slot of the first result; the others follow
    nests       number of loop nests; 0 for a basic block
    address     address of the machine code, a C function void f(double *memory)
    """

    def __init__(self, module: Any, place: Place, results: int, count: int, rows: Sequence[Op], kept: Any = (),
                 nests: int = 0) -> None:
        self.place, self.results, self.count, self.nests = place, results, count, nests
        self.closures: list[Any] = []
        self.code = load(module, rows), kept
        self.address = self.code[0].address("kernel")
        self.start = place.memory.ctypes.data
        self._give = Struct(f"{place.given}d").pack_into
        self._found = place.memory[results:results + count]
        self._function = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(self.address)
        self._stores: list[tuple[Any, Any]] = []
        self._lock = lock()

    def keep(self, targets: Sequence[int]) -> None:
        """From now on the last results go to these addresses, after a run that went well, and not into its list."""
        first = start = len(self._found) - len(targets)
        for k, target in enumerate(targets):
            if k + 1 == len(targets) or targets[k + 1] != target + 8:       # the end of what lies side by side
                end = first + k + 1
                place: Any = (ctypes.c_double * (end - start)).from_address(target - 8 * (end - start - 1))
                self._stores.append((np.frombuffer(place), self._found[start:end]))
                start = end
        self._found = self._found[:first]

    def run(self, numbers: Sequence[float]) -> list[float]:
        """Return the results for these inputs. Raises what check() raises."""
        with self._lock:
            self._give(self.place.memory, 0, *numbers)
            self._function(self.start)
            self.check()
            found: list[float] = self._found.tolist()
            try:
                self._store()
            except KeyboardInterrupt:               # Ctrl-C between two of them: all are made first
                self._store()
                raise
        return found

    def _store(self) -> None:
        for target, source in self._stores:
            target[:] = source

    def check(self) -> None:
        """Raise the error of a callback since the last check; IndexError if a take() had an index outside its table."""
        wrong, self.place.memory[self.place.status] = self.place.memory[self.place.status] != 0, 0.0
        raise_noted()
        if wrong:
            raise IndexError("take: expected a whole number from 0 to the length of the table less 1 as index")
