"""SampleKernel: the kernel for samples of one form; compiled training calls it for each sample.

    >>> from microgradx import mul
    >>> from microgradx.compiler.training.sample_kernel import SampleKernel, fields
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> count, x = p.input(), p.input()
    >>> p.results = [p.add(mul, (count, x))]
    >>> one = SampleKernel(p, {}, own=1, strict=False)
    >>> one.kernel.run([2.0, 3.0]), fields([one])["owns"].tolist()
    ([6.0], [1])
"""
from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.program import Program, played
from ..native_backend import compiled
from ..trace.state import Draw


class SampleKernel:
    """The kernel for units of one form, or for the penalty. For units, its memory begins with the size of the batch,
    then come the numbers of the unit.

    own         how many numbers a unit has
    given       the closures of the loss that are no parameters or Buffers: Values, Draws
    draws       whether a Draw is among them: then they are copied for each unit, else once for many steps
    """

    def __init__(self, p: Program, addresses: dict[int, int], own: int, strict: bool) -> None:
        fixed = len(p.inputs) - len(p.closures)
        self.given = [source for k, source in enumerate(p.closures) if fixed + k not in addresses]
        self.draws = any(isinstance(source, Draw) for source in self.given)
        self.program, self.addresses, self.kernel = p, addresses, compiled(p, addresses, strict)
        self.memories = [self.kernel.memory]    # one for each thread
        self.work = p.work()
        self.own = own + len(self.given) * self.draws

    def read(self) -> list[float]:
        """The present numbers of `given`."""
        return [source.data for source in self.given]

    def refresh(self) -> None:
        """Copy the numbers that stay the same for many steps into memory."""
        if not self.draws:
            end, numbers = self.kernel.place.given, self.read()
            for memory in self.memories:
                memory[end - len(self.given):end] = numbers

    def share(self, threads: int) -> None:
        """Have a memory for each of so many threads."""
        self.memories += [self.kernel.new() for _ in range(threads - len(self.memories))]

    def check(self) -> None:
        """Raise what the kernel has noted in any memory, see Kernel.check."""
        wrong = None
        for memory in self.memories:
            try:
                self.kernel.check(memory)
            except IndexError as error:
                wrong = error
        if wrong is not None:
            raise wrong

    def play(self, numbers: Sequence[float]) -> None:
        """Compute a unit of these numbers in Python, which raises the error of an index or target with its number."""
        memory, slots, outside = self.kernel.memory, self.kernel.place.inputs, self.addresses
        memory[1:1 + len(numbers)] = numbers
        played(self.program, [ctypes.c_double.from_address(outside[k]).value if k in outside else float(memory[slot])
                              for k, slot in enumerate(slots)])


def fields(kernels: Sequence[SampleKernel], threads: int = 1) -> dict[str, Any]:
    """The driver's fields for all forms: addresses of kernels and memories, and positions in these memories.
    `memories` has those of all forms for one thread after the other."""
    return {"kernels": np.array([one.kernel.address for one in kernels], np.int64),
            "memories": np.array([one.memories[thread].ctypes.data for thread in range(threads) for one in kernels],
                                 np.int64),
            "owns": np.array([one.own for one in kernels], np.int64),
            "flags": np.array([one.kernel.place.status for one in kernels], np.int64),
            "outs": np.array([one.kernel.results for one in kernels], np.int64)}
