"""SampleKernel: the machine code for the samples of one form, as compiled training calls it for each of them.

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

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.program import Program
from ..native_backend import compiled
from ..trace.traced import Draw


class SampleKernel:
    """The machine code for one form of unit, or for the penalty. The memory of the first begins with the number of
    units, then come numbers for each.

    own         how many numbers these are
    given       what the loss closes over and is no parameter or Buffer: Values, Draws
    draws       whether there is a Draw among them: then they are given with each unit, else once for many steps
    """

    def __init__(self, p: Program, addresses: dict[int, int], own: int, strict: bool) -> None:
        fixed = len(p.inputs) - len(p.closures)
        self.given = [source for k, source in enumerate(p.closures) if fixed + k not in addresses]
        self.draws = any(isinstance(source, Draw) for source in self.given)
        self.kernel = compiled(p, addresses, strict)
        self.own = own + len(self.given) * self.draws

    def read(self) -> list[float]:
        """The numbers of `given`."""
        return [source.data for source in self.given]

    def refresh(self) -> None:
        """Give what stays for many steps."""
        if not self.draws:
            end = self.kernel.place.given
            self.kernel.place.memory[end - len(self.given):end] = self.read()


def fields(kernels: Sequence[SampleKernel]) -> dict[str, Any]:
    """What the driver is told of all forms: where their kernels are, their memories, and what is where in these."""
    return {"kernels": np.array([one.kernel.address for one in kernels], np.int64),
            "memories": np.array([one.kernel.start for one in kernels], np.int64),
            "owns": np.array([one.own for one in kernels], np.int64),
            "flags": np.array([one.kernel.place.status for one in kernels], np.int64),
            "outs": np.array([one.kernel.results for one in kernels], np.int64)}
