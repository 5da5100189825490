"""Blocks: a batch in blocks of samples, each added up by itself, then all in the order of Sums.tree. So the sum has the
same bits in any number of threads, which take one block after the other. See sums.py.

A ticket, one number that threads change by compare-and-exchange, says which batch it is, how many blocks it has, and
which is the next. Whoever takes the last ones computes them; a thread that sleeps holds up nobody. Of two neighbours,
blocks or sums of blocks, the thread that ends later adds the right one to the left one.
"""
from __future__ import annotations

import ctypes
import os
from typing import Any

from llvmlite import ir

from ..ir.dtype import Dtype
from ..native.instructions import DOUBLE, LONG, POINTER, VOID
from .fields import Fields
from .sums import BLOCKS, Sums

# Numbers that threads share, each in a cache line of its own, which the threads would otherwise take from each other
TICKET, DONE, STOP, START, END, EACH, COUNT, ENDED = range(0, 8 * 8, 8)
SHARED = 8 * 8
PLACES = 16                             # bits of the ticket for the next block; as many for their number


def can_yield() -> bool:
    """Whether a thread can leave its core to others for a moment."""
    return os.name == "posix"


class Blocks(Sums):
    """Emits void blocks(long *fields, long start, long stop, double size), which computes a batch with all threads, and
    void work(long *fields, long thread), which a thread runs until it is stopped."""

    def __init__(self, module: Any, dtype: Dtype, at_once: int) -> None:
        self.taking = Taking(module, dtype, at_once).function
        super().__init__(module, "blocks", [POINTER, LONG, LONG, DOUBLE], dtype, at_once)
        Work(module, self.taking)
        b, (table, start, stop, size) = self.b, self.args
        each, blocks = self.blocks_of(start, stop)
        for place, x in ((START, start), (END, stop), (EACH, each), (DONE, LONG(0))):
            b.store(x, self.shared(place))
        b.store(size, self.shared(COUNT))
        for right in range(1, BLOCKS):
            b.store(LONG(0), self.shared(ENDED + right))
        batch = b.add(b.lshr(b.load(self.shared(TICKET), typ=LONG), LONG(2 * PLACES)), LONG(1))
        ticket = b.or_(b.shl(batch, LONG(2 * PLACES)), b.shl(blocks, LONG(PLACES)))
        b.atomic_rmw("xchg", self.shared(TICKET), ticket, "release")
        b.call(self.taking, [table, LONG(0)])
        wait(self, lambda: b.icmp_signed("==", b.load_atomic(self.shared(DONE), "acquire", 8, typ=LONG), blocks))
        b.ret_void()


class Taking(Sums):
    """Emits void take(long *fields, long thread): computes blocks of this batch until none is left to take."""

    def __init__(self, module: Any, dtype: Dtype, at_once: int) -> None:
        super().__init__(module, "take", [POINTER, LONG], dtype, at_once)
        b = self.b
        head, body, end = (b.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        ticket = b.load_atomic(self.shared(TICKET), "acquire", 8, typ=LONG)
        mask = LONG((1 << PLACES) - 1)
        block, blocks = b.and_(ticket, mask), b.and_(b.lshr(ticket, LONG(PLACES)), mask)
        b.cbranch(b.icmp_signed("<", block, blocks), body, end)
        b.position_at_end(body)
        found = b.cmpxchg(self.shared(TICKET), ticket, b.add(ticket, LONG(1)), "acq_rel", "acquire")
        with b.if_then(b.extract_value(found, 1)):
            block = self.nth(block, blocks)
            self.take(block)
            self.add_neighbours(block, blocks)
            b.atomic_rmw("add", self.shared(DONE), LONG(1), "acq_rel")
        b.branch(head)
        b.position_at_end(end)
        b.ret_void()

    def nth(self, turn: Any, blocks: Any) -> Any:
        """The block to take in this turn: in turn of the first half and of the second. So two threads have a half each,
        and of what one has written the other reads only the sum."""
        b = self.b
        half = b.lshr(b.add(blocks, LONG(1)), LONG(1))
        second = b.icmp_signed("!=", b.and_(turn, LONG(1)), LONG(0))
        return b.add(b.lshr(turn, LONG(1)), b.select(second, half, LONG(0)))

    def take(self, block: Any) -> None:
        """Add up loss and gradient of the samples of a block."""
        b = self.b
        start, stop, each = (b.load(self.shared(place), typ=LONG) for place in (START, END, EACH))
        self.nth_block(block, start, stop, each, b.load(self.shared(COUNT), typ=DOUBLE), self.args[1])

    def add_neighbours(self, block: Any, blocks: Any) -> None:
        """Add up the pairs of neighbours of Sums.tree that this block completes, until one waits for its other half. Of
        each pair ENDED counts how many halves there are, in the place of the right one: no other pair has it."""
        b, end, stride = self.b, self.function.append_basic_block("end"), 1
        while stride < BLOCKS:
            pair, add, further = (b.append_basic_block() for _ in range(3))
            left = b.and_(block, LONG(-2 * stride))
            right = b.add(left, LONG(stride))
            b.cbranch(b.icmp_signed("<", right, blocks), pair, further)
            b.position_at_end(pair)
            before = b.atomic_rmw("add", self.shared(b.add(right, LONG(ENDED))), LONG(1), "acq_rel")
            b.cbranch(b.icmp_signed("==", before, LONG(0)), end, add)
            b.position_at_end(add)
            self.added(*(self.at(self.pointer("sums"), b.mul(half, self.size)) for half in (left, right)))
            b.branch(further)
            b.position_at_end(further)
            stride *= 2
        b.branch(end)
        b.position_at_end(end)


class Work(Fields):
    """Emits void work(long *fields, long thread): takes blocks of each batch until it is stopped."""

    def __init__(self, module: Any, taking: Any) -> None:
        super().__init__(module, "work", [POINTER, LONG])
        b = self.b

        def stopped() -> Any:
            b.call(taking, list(self.args))
            return b.icmp_signed("!=", b.load_atomic(self.shared(STOP), "acquire", 8, typ=LONG), LONG(0))
        wait(self, stopped)
        b.ret_void()


def wait(code: Fields, condition: Any) -> None:
    """Emit a loop that ends when the condition holds, and leaves the core to other threads in each turn."""
    b = code.b
    head, again, end = (b.append_basic_block() for _ in range(3))
    b.branch(head)
    b.position_at_end(head)
    b.cbranch(condition(), end, again)
    b.position_at_end(again)
    if can_yield():
        address = ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value
        b.call(b.inttoptr(LONG(address), ir.FunctionType(VOID, []).as_pointer()), [])
    b.branch(head)
    b.position_at_end(end)
