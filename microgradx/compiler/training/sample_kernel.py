"""SampleKernel: the kernel for samples of one form; compiled training calls it for each sample.

    >>> from microgradx import mul
    >>> from microgradx.compiler.training.sample_kernel import SampleKernel, fields
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> count, x = p.input(), p.input()
    >>> p.results = [p.add(mul, (count, x))]
    >>> one = SampleKernel(p, {}, own=1, strict=False)
    >>> one.kernel.run([2.0, 3.0]), fields([one], [one.kernel.memory], [])["owns"].tolist()
    ([6.0], [1])
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...arrays import rounded
from ..ir.program import Program, played
from ..native.kernel import Kernel
from ..native.place import Sizes
from ..native_backend import compiled
from ..trace.state import Draw
from .fields import SEVERAL


class SampleKernel:
    """The kernel for units of one form, or for the penalty. For units, its memory begins with the size of the batch,
    then come the numbers of the unit.

    own         how many numbers a unit has
    given       the closures of the loss that are no parameters or Buffers: Values, Draws
    draws       whether a Draw is among them: then they are copied for each unit, else once for many steps
    work        how many inputs its operations have; waits: whether it has a loop that may go on for ever
    arrays      of the caller, see placed()
    at_once     how many samples the kernel for several computes
    like        the kernel of the first form: those of other lengths are laid out as it is
    """

    def __init__(self, p: Program, addresses: dict[int, int], own: int, strict: bool,
                 arrays: Sequence[tuple[int, Sizes]] = (), at_once: int = SEVERAL,
                 like: SampleKernel | None = None) -> None:
        fixed = len(p.inputs) - len(p.closures)
        self.given = [source for k, source in enumerate(p.closures) if fixed + k not in addresses]
        self.draws = any(isinstance(source, Draw) for source in self.given)
        self.program, self.addresses, self.strict, self.arrays = p, addresses, strict, arrays
        self.at_once, self.like = at_once, like
        self.memories: list[Any] = []           # one for each thread
        self.several: Kernel | None = None      # the kernel for several samples, where there is need of it,
        self.rooms: list[Any] = []              # its memories, one for each thread,
        self.first = 0                          # and where the first sample begins in them
        self.work, self.waits = p.work(), p.waits()
        self.own = own + len(self.given) * self.draws

    @cached_property
    def kernel(self) -> Kernel:
        """The machine code, compiled when it is first needed."""
        like = self.like.kernel if self.like else None
        return compiled(self.program, self.addresses, self.strict, self.arrays, like=like)

    def read(self) -> list[float]:
        """The present numbers of `given`."""
        return [source.data for source in self.given]

    def refresh(self) -> None:
        """Copy the numbers that stay the same for many steps into memory."""
        if not self.draws:
            self.fill(self.read(), self.memories, self.rooms)

    def fill(self, numbers: Sequence[float], memories: Sequence[Any], rooms: Sequence[Any]) -> None:
        """Copy numbers of `given` into these memories, and those for several samples."""
        end, numbers = self.kernel.place.given, rounded(numbers, self.program.dtype.name)
        start = end - len(numbers)
        for memory in memories:
            memory[start:end] = numbers
        for room in rooms:
            places = slice(self.first + start * self.at_once, self.first + end * self.at_once)
            room[places] = np.repeat(numbers, self.at_once)

    def share(self, threads: int) -> None:
        """Have memories for each of so many threads."""
        if not self.memories:
            self.memories = [self.kernel.memory]
        self.memories += [self.kernel.new() for _ in range(threads - len(self.memories))]
        if self.several is not None:
            self.rooms += [self.several.new() for _ in range(threads - len(self.rooms))]

    def together(self) -> None:
        """Compile the kernel for several samples, if that is not done and can be."""
        if self.several is None and self.kernel.several is not None:
            self.several, self.first = self.kernel.several(self.at_once) or (None, 0)
            self.kernel.several = None
            self.rooms = [] if self.several is None else [self.several.memory]

    def fields(self) -> dict[str, int]:
        """The driver's fields for several samples."""
        if self.several is None:
            return {}
        return {"several": self.several.address, "first_slot": self.first, "totals_slot": self.several.place.totals}

    def check(self) -> None:
        """Raise what the kernels have noted in any memory, see Kernel.check."""
        wrong = None
        for memory in (*self.memories, *self.rooms):
            try:
                self.kernel.check(memory)
            except IndexError as error:
                wrong = error
        if wrong is not None:
            raise wrong

    def play(self, numbers: Sequence[float]) -> None:
        """Compute a unit of these numbers in Python, which raises the error of an index or target with its number."""
        memory, slots, outside = self.kernel.memory, self.kernel.place.inputs, self.addresses
        kind = self.program.dtype.c
        memory[1:1 + len(numbers)] = numbers
        played(self.program, [kind.from_address(outside[k]).value if k in outside else float(memory[slot])
                              for k, slot in enumerate(slots)])


def fields(kernels: Sequence[SampleKernel], memories: Sequence[Any], rooms: Sequence[Any]) -> dict[str, Any]:
    """The driver's fields for kernels and their memories: addresses, and positions in these memories. `memories`
    has those of all for one thread after the other, `rooms` those for several samples of the only form."""
    return {"kernels": np.array([one.kernel.address for one in kernels], np.int64),
            "memories": np.array([memory.ctypes.data for memory in memories], np.int64),
            "rooms": np.array([room.ctypes.data for room in rooms], np.int64),
            "owns": np.array([one.own for one in kernels], np.int64),
            "flags": np.array([one.kernel.place.status for one in kernels], np.int64),
            "outs": np.array([one.kernel.results for one in kernels], np.int64)}
