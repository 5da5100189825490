"""Sums: how the loss and the gradient of a batch are added up, in machine code and between processes.

    >>> from microgradx.compiler.training.sums import parts, summed
    >>> parts(20, least=8), parts(160, least=8)[:2]         # at most 8 blocks of samples, each added up by itself
    ([(0, 8), (8, 16), (16, 20)], [(0, 20), (20, 40)])
    >>> parts(160, least=8, at_once=16)[:2]                 # whole calls of a kernel that computes 16 at once
    [(0, 32), (32, 64)]
    >>> summed([1.0, 2.0, 4.0])                             # (1 + 2) + 4: neighbours first
    7.0

Which samples are a block, and which blocks are added first, follows from the program and the number of samples alone.
So a sum has the same bits in any number of threads or processes.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from ..ir.dtype import FLOAT64, Dtype
from ..native.instructions import DOUBLE, LONG, POINTER, VOID, converted
from .fields import SEVERAL, Fields

BLOCKS = 8                              # of a batch, at most
LEAST, LEAST_IN_LANES = 8, 512          # samples in a block: to add it to others takes time, too
BATCH = ir.FunctionType(VOID, [POINTER, POINTER, LONG, POINTER, POINTER, POINTER, POINTER]).as_pointer()


def many(count: int, dtype: Dtype) -> int:
    """How many samples a kernel computes at once, in batches of so many: of float32 twice as many, if a block has them.
    A weight is then loaded for two vectors, and of its gradient two are added before their lanes are."""
    return 2 * SEVERAL if dtype is not FLOAT64 and count >= 2 * SEVERAL * BLOCKS else SEVERAL


def parts(count: int, least: int, at_once: int = 0) -> list[tuple[int, int]]:
    """The blocks of so many samples, from one to before another; see Sums.blocks_of.

    at_once     how many of them a kernel computes at once, where there are as many
    """
    share = -(-count // BLOCKS)
    each = -(-share // at_once) * at_once if 0 < at_once <= count else max(least, share)
    return [(first, min(first + each, count)) for first in range(0, count, each)]


def summed(sums: Sequence[Any]) -> Any:
    """The sum of blocks, or of as many neighbours each as a power of two has; see Sums.tree."""
    while len(sums) > 1:
        odd = list(sums[len(sums) - len(sums) % 2:])
        sums = [a + b for a, b in zip(sums[::2], sums[1::2])] + odd
    return sums[0]


class Sums(Fields):
    """A function that adds up losses with their gradients.

    lanes       whether one call of lanes.Sum computes a block; else sample by sample
    """

    lanes = False

    def blocks_of(self, start: Any, stop: Any) -> tuple[Any, Any]:
        """The number of samples in a block of a batch, and the number of blocks."""
        b, least = self.b, LONG(LEAST_IN_LANES if self.lanes else LEAST)
        count = b.sub(stop, start)
        share = b.sdiv(b.add(count, LONG(BLOCKS - 1)), LONG(BLOCKS))
        each = b.select(b.icmp_signed("<", share, least), least, share)
        if not self.lanes:
            one = LONG(self.at_once)
            whole = b.mul(b.sdiv(b.add(share, LONG(self.at_once - 1)), one), one)
            each = b.select(self.several(count), whole, each)
        return each, b.sdiv(b.add(count, b.sub(each, LONG(1))), each)

    def nth_block(self, n: Any, start: Any, stop: Any, each: Any, size: Any, thread: Any) -> None:
        """Add up the samples of block n, of those from start to before stop, in its place of `sums`."""
        b = self.b
        first = b.add(start, b.mul(n, each))
        last = b.add(first, each)
        last = b.select(b.icmp_signed("<", last, stop), last, stop)
        self.block(self.at(self.pointer("sums"), b.mul(n, self.size)), first, last, size, thread)

    def block(self, total: Any, first: Any, last: Any, size: Any, thread: Any) -> None:
        """Add up the samples from `first` to before `last` at `total`, in the memories of this thread."""
        if self.lanes:
            self.in_lanes(total, first, last, size)
            return
        b, memory = self.b, self.b.mul(thread, self.field["forms"])
        count = b.sub(last, first)
        with b.if_else(self.several(count)) as (several, single):
            with several:
                self.cleared(total, self.size)
                done = b.sub(last, b.srem(count, LONG(self.at_once)))
                with self.loop(first, done, self.at_once) as (k, _, _):
                    self.sum_of_several(k, size, thread, total)
                after = b.block
            with single:
                self.copied(total, self.sample(first, size, memory), self.size)
                second = b.add(first, LONG(1))
                before = b.block
        rest = b.phi(LONG)
        rest.add_incoming(done, after)
        rest.add_incoming(second, before)
        with self.loop(rest, last, 1) as (k, _, _):
            self.added(total, self.sample(k, size, memory))

    def in_lanes(self, total: Any, first: Any, last: Any, size: Any) -> None:
        """The same by one call of lanes.Sum, after gathering the offsets of the samples."""
        b, order, gathered = self.b, self.pointer("order"), self.pointer("which")
        with self.loop(first, last, 1) as (k, _, _):
            sample = self.get(order, k, LONG)
            b.store(self.get(self.pointer("offsets"), sample, LONG), self.at(gathered, b.sub(k, first), LONG))
        b.store(converted(b, size, self.real), self.at(self.pointer("extra"), 0))
        b.call(b.inttoptr(self.field["kernels"], BATCH),
               [self.pointer("data"), gathered, b.sub(last, first), self.pointer("totals"), total,
                self.pointer("params"), self.pointer("extra")])

    def tree(self, blocks: Any) -> Any:
        """Add up the sums of all blocks: neighbours first, then neighbours of these sums. Returns the address."""
        sums, stride = self.pointer("sums"), 1
        while stride < BLOCKS:
            with self.loop(stride, blocks, 2 * stride) as (other, _, _):
                one = self.b.sub(other, LONG(stride))
                self.added(self.at(sums, self.b.mul(one, self.size)), self.at(sums, self.b.mul(other, self.size)))
            stride *= 2
        return sums


class BlockSum(Sums):
    """Emits void part(long *fields, long start, long stop, double size), which adds up one block at `total`."""

    def __init__(self, module: Any, lanes: bool, dtype: Dtype = FLOAT64, at_once: int = SEVERAL) -> None:
        super().__init__(module, "part", [POINTER, LONG, LONG, DOUBLE], dtype, at_once)
        self.lanes = lanes
        _, start, stop, size = self.args
        self.block(self.pointer("total"), start, stop, size, LONG(0))
        self.b.ret_void()
