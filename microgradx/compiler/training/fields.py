"""Fields: code that reads the table of a training run, and runs the kernel of a sample.

    >>> from llvmlite import ir
    >>> from microgradx.compiler.training.fields import FIELDS, Fields
    >>> code = Fields(ir.Module(), "f", [])
    >>> str(code.field["count"].type), FIELDS.index("count")
    ('i64', 13)
"""
from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from llvmlite import ir

from ..ir.dtype import FLOAT64, Dtype
from ..native.builder import Code
from ..native.instructions import LONG, POINTER, VOID, converted, number

# The fields of the table that the driver reads, in order: addresses and integers of 8 bytes. See NativeSession.drive.
FIELDS = ("starts", "order", "offsets", "which", "kernels", "memories", "owns", "outs", "data", "total", "penalty",
          "penalty_memory", "penalty_out", "count", "arrays", "uniform", "rates", "losses", "norms", "clip",
          "threshold", "extra", "totals", "first", "done", "buffers", "held", "held_count",
          "flags", "forms", "shared", "sums", "sizes", "several", "rooms", "first_slot", "totals_slot", "params")
SEVERAL = 16                            # samples that one call of a kernel computes, or more; see loops/several.py
TOGETHER = 8                            # numbers that are added at once
KERNEL = ir.FunctionType(VOID, [POINTER]).as_pointer()


def place_of(array: Any) -> int:
    """Where an array begins; 0 for one without numbers. (array.ctypes.data takes three times as long.)"""
    return ctypes.addressof(ctypes.c_char.from_buffer(array)) if array.size else 0


def tabled(arrays: Mapping[str, Any], plain: Mapping[str, int]) -> Any:
    """The table: the addresses of these arrays, and fields that are plain numbers; 0 for what is not given."""
    values = {name: place_of(array) for name, array in arrays.items()} | {**plain}
    return np.array([values.get(name, 0) for name in FIELDS], np.int64)


class Fields(Code):
    """A function whose first argument is the table: `field` has its numbers, `size` the length of a loss with its
    gradient. What a batch, a step or a run has one of, such as a rate, is a double whatever the dtype of all else is.

    buffers     whether kernels return new numbers for Buffers after loss and gradient
    at_once     how many samples a kernel computes at once, where it computes several
    """

    buffers = False

    def __init__(self, module: Any, name: str, args: Any, dtype: Dtype = FLOAT64, at_once: int = SEVERAL) -> None:
        super().__init__(module, name, args or [POINTER], dtype=dtype)
        self.at_once = at_once
        self.field = {name: self.get(self.args[0], k, LONG) for k, name in enumerate(FIELDS)}
        self.size = self.b.add(self.field["count"], LONG(1))

    def pointer(self, name: str) -> Any:
        """A field as a pointer."""
        return self.b.inttoptr(self.field[name], POINTER)

    def shared(self, place: Any) -> Any:
        """The address of a number that threads share, see blocks.py."""
        return self.at(self.pointer("shared"), place, LONG)

    def added(self, total: Any, more: Any) -> None:
        """Add a loss and its gradient to those at `total`."""
        b, kind, align = self.b, ir.VectorType(self.real, TOGETHER), self.dtype.size
        whole = b.sub(self.size, b.srem(self.size, LONG(TOGETHER)))
        for start, stop, step, typ in ((LONG(0), whole, TOGETHER, kind), (whole, self.size, 1, self.real)):
            with self.loop(start, stop, step) as (k, _, _):
                place, term = self.at(total, k), self.at(more, k)
                x, y = b.load(place, typ=typ, align=align), b.load(term, typ=typ, align=align)
                b.store(b.fadd(x, y), place, align=align)

    def sample(self, k: Any, size: Any, first: Any = None) -> Any:
        """Run the kernel of the k-th sample of `order`. Returns the address of its loss and gradient.

        first       the place in `memories` of the first memory of this thread
        """
        b = self.b
        place = self.get(self.pointer("order"), k, LONG)
        which = self.get(self.pointer("which"), place, LONG)
        memory = self.get(self.pointer("memories"), which if first is None else b.add(first, which), POINTER)
        given = self.at(self.pointer("data"), self.get(self.pointer("offsets"), place, LONG))
        b.store(converted(b, size, self.real), memory)
        self.copied(self.at(memory, 1), given, self.get(self.pointer("owns"), which, LONG))
        b.call(self.get(self.pointer("kernels"), which, KERNEL), [memory])
        found = self.at(memory, self.get(self.pointer("outs"), which, LONG))
        self.flagged(self.get(memory, self.get(self.pointer("flags"), which, LONG)), found)
        if self.buffers:
            self.copied(self.pointer("buffers"), self.at(found, self.size), self.field["held_count"])
        return found

    def several(self, count: Any) -> Any:
        """Whether a kernel computes several of so many samples at once."""
        b, one = self.b, LONG(self.at_once)
        return b.and_(b.icmp_signed(">=", count, one), b.icmp_signed("!=", self.field["several"], LONG(0)))

    def sum_of_several(self, k: Any, size: Any, thread: Any, total: Any) -> None:
        """Run the kernel for several samples from the k-th of `order` on. It adds loss and gradient to those at
        `total`."""
        b, one = self.b, LONG(self.at_once)
        memory = self.get(self.pointer("rooms"), thread, POINTER)
        first = self.at(memory, self.field["first_slot"])
        places = [self.get(self.pointer("order"), b.add(k, LONG(lane)), LONG) for lane in range(self.at_once)]
        given = [self.at(self.pointer("data"), self.get(self.pointer("offsets"), place, LONG)) for place in places]
        for lane in range(self.at_once):
            b.store(converted(b, size, self.real), self.at(first, lane))
        with self.loop(0, self.get(self.pointer("owns"), 0, LONG), 1) as (j, _, _):
            row = self.at(first, b.mul(b.add(j, LONG(1)), one))
            for lane, numbers in enumerate(given):
                b.store(self.get(numbers, j), self.at(row, lane))
        b.store(total, self.at(memory, self.field["totals_slot"], POINTER))
        b.call(b.inttoptr(self.field["several"], KERNEL), [memory])
        self.flagged(self.get(memory, self.get(self.pointer("flags"), 0, LONG)), total)

    def flagged(self, wrong: Any, found: Any) -> None:
        """If an index was outside of its table, make the loss nan, which ends the run before this step."""
        b = self.b
        with b.if_then(b.fcmp_ordered("!=", wrong, number(0.0, self.real)), likely=False):
            b.store(number(float("nan"), self.real), found)
