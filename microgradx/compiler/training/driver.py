"""Driver: the training loop in machine code. One call runs many whole steps over a data set.

Each step adds up loss and gradient of the samples of its batch, adds the penalty, computes the length of the gradient,
clips it, and applies the optimiser's rules. The code returns to Python early only if loss or gradient is not finite, or
if the loss reaches the threshold.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from ...ieee import LARGEST
from ...nn.lengths import HUGE, TINY
from ...ops import minimum
from ..ir.dtype import FLOAT64, Dtype
from ..native.instructions import BIT, DOUBLE, LONG, POINTER, converted, emit, intrinsic, number, splat
from .blocks import Blocks
from .fields import KERNEL, SEVERAL, TOGETHER
from .sums import Sums


class Driver(Sums):
    """Emits void train(long *fields, long steps). For the fields see fields.py; `done` is set to how many are made.

    rules       the function of each of the optimiser's rules, and of how many parameters it is the rule
    arrays      how many arrays a rule reads, see lanes.mapped
    lanes       whether one call of lanes.Sum computes a batch; else sample by sample
    penalty     whether there is a penalty
    buffers     whether kernels return new numbers for Buffers after loss and gradient
    strict      whether kernels themselves add loss and gradient to those in `total`
    """

    def __init__(self, module: Any, rules: Sequence[tuple[Any, int]], arrays: int, lanes: bool, penalty: bool,
                 buffers: bool, strict: bool, dtype: Dtype = FLOAT64, at_once: int = SEVERAL) -> None:
        super().__init__(module, "train", [POINTER, LONG], dtype, at_once)
        self.rules, self.arrays = rules, arrays
        self.lanes, self.penalty, self.buffers, self.strict = lanes, penalty, buffers, strict
        self.blocks = self.shared_blocks(module)
        steps, b = self.args[1], self.b
        end = self.function.append_basic_block("end")
        with self.loop(0, steps, 1) as (step, _, _):
            self.keep("held", "buffers")
            gradient = self.gradient(step)
            loss = converted(b, self.get(gradient, 0), DOUBLE)
            slopes = self.at(gradient, 1)
            length = self.length(slopes)
            b.store(loss, self.at(self.pointer("losses"), step, DOUBLE))
            b.store(length, self.at(self.pointer("norms"), step, DOUBLE))
            infinite = self.infinite(loss, length)
            with b.if_then(infinite, likely=False):
                self.keep("buffers", "held")
            self.leave(end, infinite, step)
            self.clip(slopes, length)
            self.move(step, slopes)
            reached = b.fcmp_ordered("<=", loss, self.get(self.pointer("threshold"), 0, DOUBLE))
            self.leave(end, reached, b.add(step, LONG(1)))
        b.store(steps, self.at(self.pointer("done"), 0))
        b.branch(end)
        b.position_at_end(end)
        b.ret_void()

    def shared_blocks(self, module: Any) -> Any:
        """The function that computes a batch with all threads; None where one thread does it."""
        return None if self.lanes or self.buffers or self.strict else Blocks(module, self.dtype, self.at_once).function

    def leave(self, end: Any, condition: Any, done: Any) -> None:
        """If the condition holds, set `done` and return."""
        with self.b.if_then(condition, likely=False):
            self.b.store(done, self.at(self.pointer("done"), 0))
            self.b.branch(end)

    def keep(self, to: str, source: str) -> None:
        """Copy the numbers of all Buffers."""
        if self.buffers:
            self.copied(self.pointer(to), self.pointer(source), self.field["held_count"])

    def gradient(self, step: Any) -> Any:
        """The address of the loss of a batch with penalty; its gradient follows."""
        b = self.b
        start = self.get(self.pointer("starts"), step, LONG)
        stop = self.get(self.pointer("starts"), b.add(step, LONG(1)), LONG)
        size = self.get(self.pointer("sizes"), step, DOUBLE)
        total, found = self.pointer("total"), self.batch(start, stop, size)
        if self.penalty:
            with b.if_then(b.icmp_signed("!=", found, total)):
                self.copied(total, found, self.size)
            b.call(b.inttoptr(self.field["penalty"], KERNEL), [self.pointer("penalty_memory")])
            self.add(total, self.pointer("penalty_out"))
            return total
        return found

    def batch(self, start: Any, stop: Any, size: Any) -> Any:
        """Compute a batch. Returns the address of its loss without penalty; the gradient follows."""
        if self.lanes:
            return self.blocks_in_lanes(start, stop, size)
        if self.strict:
            return self.samples_in_order(start, stop, size)
        return self.samples(start, stop, size) if self.blocks is None else self.in_blocks(start, stop, size)

    def blocks_in_lanes(self, start: Any, stop: Any, size: Any) -> Any:
        """Compute a batch with a sample in each lane, block after block."""
        each, blocks = self.blocks_of(start, stop)
        with self.loop(0, blocks, 1) as (block, _, _):
            self.nth_block(block, start, stop, each, size, LONG(0))
        return self.tree(blocks)

    def samples(self, start: Any, stop: Any, size: Any) -> Any:
        """Compute a batch sample by sample. Returns the address of the sum; one sample stays in place."""
        b, total = self.b, self.pointer("total")
        single = b.icmp_signed("==", b.sub(stop, start), LONG(1))
        with self.loop(start, stop, 1, total) as (k, _, new):
            found = self.sample(k, size)
            with b.if_then(b.not_(single)):
                first = b.icmp_signed("==", k, start)
                with b.if_then(first):
                    self.copied(total, found, self.size)
                with b.if_then(b.not_(first)):
                    self.add(total, found)
            new[:] = [b.select(single, found, total)]
        return self.carried[0]

    def in_blocks(self, start: Any, stop: Any, size: Any) -> Any:
        """Compute a batch in blocks, see blocks.py. Returns the address of the sum; one sample stays in place."""
        b = self.b
        single = b.icmp_signed("==", b.sub(stop, start), LONG(1))
        with b.if_else(single) as (one, many):
            with one:
                found = self.sample(start, size)
                alone = b.block
            with many:
                b.call(self.blocks, [self.args[0], start, stop, size])
                sums = self.pointer("sums")
                several = b.block
        place = b.phi(POINTER)
        place.add_incoming(found, alone)
        place.add_incoming(sums, several)
        return place

    def samples_in_order(self, start: Any, stop: Any, size: Any) -> Any:
        """Compute a batch sample by sample. Each kernel adds its loss and gradient to `total`, which starts at 0."""
        total = self.pointer("total")
        with self.loop(0, self.size, 1) as (k, _, _):
            self.b.store(number(0.0, self.real), self.at(total, k))
        with self.loop(start, stop, 1) as (k, _, _):
            self.copied(total, self.sample(k, size), self.size)
        return total

    def add(self, total: Any, more: Any) -> None:
        """Add loss and gradient to `total`; in strict code `more` includes `total` already and replaces it."""
        if self.strict:
            self.copied(total, more, self.size)
            return
        self.added(total, more)

    def length(self, slopes: Any) -> Any:
        """The length of the gradient, as length() in nn/lengths.py computes it; in double."""
        b = self.b
        square = self.square(slopes)
        far = b.or_(b.fcmp_unordered("<", square, DOUBLE(TINY)), b.fcmp_unordered(">", square, DOUBLE(HUGE)))
        plain, before = intrinsic(b, "sqrt", square), b.block
        with b.if_then(far, likely=False):
            unit = self.largest(slopes)
            scaled = b.fmul(unit, intrinsic(b, "sqrt", self.square(slopes, unit)))
            inside = b.block
        found = b.phi(DOUBLE)
        found.add_incoming(plain, before)
        found.add_incoming(scaled, inside)
        return found

    def largest(self, slopes: Any) -> Any:
        """The size of the largest number of the gradient, at most that of the largest float; 1 if all are 0."""
        b = self.b
        with self.loop(0, self.field["count"], 1, number(0.0, DOUBLE)) as (k, (top,), new):
            size = intrinsic(b, "fabs", converted(b, self.get(slopes, k), DOUBLE))
            new[:] = [b.select(b.fcmp_ordered(">", size, top), size, top)]
        top = self.carried[0]
        top = b.select(b.fcmp_ordered("<", top, DOUBLE(LARGEST)), top, DOUBLE(LARGEST))
        return b.select(b.fcmp_ordered(">", top, DOUBLE(0.0)), top, DOUBLE(1.0))

    def square(self, slopes: Any, unit: Any = None) -> Any:
        """The sum of squares of the gradient, or of the gradient over a number."""
        b = self.b
        parts = 1 if self.strict else TOGETHER              # independent totals hide the latency of an add
        kind: Any = ir.VectorType(DOUBLE, parts) if parts > 1 else DOUBLE
        count = self.field["count"]
        whole = b.sub(count, b.srem(count, LONG(parts)))
        with self.loop(0, whole, parts, number(0.0, kind)) as (k, (total,), new):
            read = ir.VectorType(self.real, parts) if parts > 1 else self.real
            x = converted(b, b.load(self.at(slopes, k), typ=read, align=self.dtype.size), DOUBLE)
            x = x if unit is None else b.fdiv(x, splat(b, unit, kind))
            new[:] = [b.fadd(total, b.fmul(x, x))]
        total = self.carried[0]
        if parts > 1:
            lanes = [b.extract_element(total, ir.IntType(32)(lane)) for lane in range(parts)]
            total = lanes[0]
            for lane in lanes[1:]:
                total = b.fadd(total, lane)
        with self.loop(whole, count, 1, total) as (k, (total,), new):
            x = converted(b, self.get(slopes, k), DOUBLE)
            x = x if unit is None else b.fdiv(x, unit)
            new[:] = [b.fadd(total, b.fmul(x, x))]
        return self.carried[0]

    def infinite(self, *xs: Any) -> Any:
        """Whether a number is infinite or nan."""
        b, found = self.b, BIT(0)
        for x in xs:
            zero = b.fsub(x, x)
            found = b.or_(found, b.fcmp_unordered("!=", zero, number(0.0, DOUBLE)))
        return found

    def clip(self, slopes: Any, length: Any) -> None:
        """Shorten the gradient to the length `clip`; a negative `clip` means no clipping."""
        b, most = self.b, self.get(self.pointer("clip"), 0, DOUBLE)
        with b.if_then(b.fcmp_ordered(">=", most, number(0.0, DOUBLE))):
            share = b.fdiv(most, b.fadd(length, number(1e-6, DOUBLE)))
            factor = converted(b, emit(b, minimum, [share, number(1.0, DOUBLE)], True), self.real)
            with self.loop(0, self.field["count"], 1) as (k, _, _):
                b.store(b.fmul(self.get(slopes, k), factor), self.at(slopes, k))

    def move(self, step: Any, slopes: Any) -> None:
        """Apply the optimiser's rules, each to its parameters."""
        b, uniform = self.b, self.pointer("uniform")
        t = b.add(b.add(self.field["first"], step), LONG(1))
        b.store(b.sitofp(t, DOUBLE), self.at(uniform, 0, DOUBLE))
        b.store(self.get(self.pointer("rates"), step, DOUBLE), self.at(uniform, 1, DOUBLE))
        start = 0
        for k, (rule, count) in enumerate(self.rules):
            arrays = self.at(self.pointer("arrays"), k * self.arrays, POINTER)
            b.store(self.at(slopes, start), self.at(arrays, 1, POINTER))
            b.call(rule, [arrays, LONG(count), uniform])
            start += count


class Mover(Driver):
    """The driver of steps whose loss and gradient are in `total` before it runs, without penalty."""

    def shared_blocks(self, module: Any) -> None:
        """None: there are no samples here."""

    def batch(self, start: Any, stop: Any, size: Any) -> Any:
        """The address of what is given."""
        return self.pointer("total")
