"""Fields: code that reads the table of a training run, and runs the kernel of a sample.

    >>> from llvmlite import ir
    >>> from microgradx.compiler.training.fields import FIELDS, Fields
    >>> code = Fields(ir.Module(), "f", [])
    >>> str(code.field["count"].type), FIELDS.index("count")
    ('i64', 13)
"""
from __future__ import annotations

from typing import Any

from llvmlite import ir

from ..native.builder import Code
from ..native.instructions import DOUBLE, LONG, POINTER, VOID, number

# The fields of the table that the driver reads, in order: addresses and integers of 8 bytes. See NativeSession.drive.
FIELDS = ("starts", "order", "offsets", "which", "kernels", "memories", "owns", "outs", "data", "total", "penalty",
          "penalty_memory", "penalty_out", "count", "arrays", "uniform", "rates", "losses", "norms", "clip",
          "threshold", "extra", "totals", "first", "done", "buffers", "held", "held_count",
          "flags", "forms", "shared", "sums", "sizes")
TOGETHER = 8                            # numbers that are added at once
KERNEL = ir.FunctionType(VOID, [POINTER]).as_pointer()


class Fields(Code):
    """A function whose first argument is the table: `field` has its numbers, `size` the length of a loss with its
    gradient.

    buffers     whether kernels return new numbers for Buffers after loss and gradient
    """

    buffers = False

    def __init__(self, module: Any, name: str, args: Any) -> None:
        super().__init__(module, name, args or [POINTER])
        self.field = {name: self.get(self.args[0], k, LONG) for k, name in enumerate(FIELDS)}
        self.size = self.b.add(self.field["count"], LONG(1))

    def pointer(self, name: str) -> Any:
        """A field as a pointer."""
        return self.b.inttoptr(self.field[name], POINTER)

    def shared(self, place: int) -> Any:
        """The address of a number that threads share, see blocks.py."""
        return self.at(self.pointer("shared"), place, LONG)

    def added(self, total: Any, more: Any) -> None:
        """Add a loss and its gradient to those at `total`."""
        b, kind = self.b, ir.VectorType(DOUBLE, TOGETHER)
        whole = b.sub(self.size, b.srem(self.size, LONG(TOGETHER)))
        for start, stop, step, typ in ((LONG(0), whole, TOGETHER, kind), (whole, self.size, 1, DOUBLE)):
            with self.loop(start, stop, step) as (k, _, _):
                place, term = self.at(total, k), self.at(more, k)
                b.store(b.fadd(b.load(place, typ=typ, align=8), b.load(term, typ=typ, align=8)), place, align=8)

    def sample(self, k: Any, size: Any, first: Any = None) -> Any:
        """Run the kernel of the k-th sample of `order`. Returns the address of its loss and gradient.

        first       the place in `memories` of the first memory of this thread
        """
        b = self.b
        place = self.get(self.pointer("order"), k, LONG)
        which = self.get(self.pointer("which"), place, LONG)
        memory = self.get(self.pointer("memories"), which if first is None else b.add(first, which), POINTER)
        given = self.at(self.pointer("data"), self.get(self.pointer("offsets"), place, LONG))
        b.store(size, memory)
        self.copied(self.at(memory, 1), given, self.get(self.pointer("owns"), which, LONG))
        b.call(self.get(self.pointer("kernels"), which, KERNEL), [memory])
        found = self.at(memory, self.get(self.pointer("outs"), which, LONG))
        wrong = self.get(memory, self.get(self.pointer("flags"), which, LONG))
        with b.if_then(b.fcmp_ordered("!=", wrong, number(0.0, DOUBLE)), likely=False):
            # an index outside of its table: nan ends the run before this step
            b.store(number(float("nan"), DOUBLE), found)
        if self.buffers:
            self.copied(self.pointer("buffers"), self.at(found, self.size), self.field["held_count"])
        return found
