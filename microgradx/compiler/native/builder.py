"""Code: builds an LLVM function, with loops as with-blocks.

    >>> from llvmlite import ir
    >>> from microgradx.compiler.native.builder import Code
    >>> code = Code(ir.Module(), "f", [])
    >>> with code.loop(0, code.long(10), 1) as (i, _, _):
    ...     pass
    >>> len(code.function.blocks)
    4
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from ..ir.dtype import FLOAT64, Dtype
from .instructions import BIT, BYTE, LONG, POINTER, VOID, declared, real


class Code:
    """A function under construction: `b` is its IRBuilder, `args` are its arguments, `real` is the type of its
    numbers."""

    def __init__(self, module: Any, name: str, args: Sequence[Any], result: Any = VOID,
                 dtype: Dtype = FLOAT64) -> None:
        self.dtype, self.real = dtype, real(dtype)
        self.function = ir.Function(module, ir.FunctionType(result, args), name)
        self.b = ir.IRBuilder(self.function.append_basic_block())
        self.args = self.function.args
        self.carried: list[Any] = []

    @staticmethod
    def long(i: int) -> Any:
        """An integer constant of 64 bits."""
        return LONG(i)

    @contextmanager
    def loop(self, start: Any, stop: Any, step: int, *carried: Any) -> Iterator[tuple[Any, list[Any], list[Any]]]:
        """for (i = start; i < stop; i += step), with loop-carried values.

        Yields i, the values, and a list for their new values; afterwards `self.carried` has the final values.
        """
        b = self.b
        before, head, body, end = b.block, *(b.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        i, *phis = [b.phi(kind) for kind in (LONG, *(x.type for x in carried))]
        for phi, x in zip((i, *phis), (LONG(start) if isinstance(start, int) else start, *carried)):
            phi.add_incoming(x, before)
        b.cbranch(b.icmp_signed("<", i, stop), body, end)
        b.position_at_end(body)
        new = list(phis)
        yield i, phis, new
        for phi, x in zip((i, *phis), (b.add(i, LONG(step)), *new)):
            phi.add_incoming(self.plain(x) if x.type == LONG else x, b.block)
        b.branch(head)
        b.position_at_end(end)
        self.carried = phis

    def plain(self, x: Any) -> Any:
        """The same integer, of which LLVM does not know how it was computed. Where the next slot of a loop is such a
        number, loop strength reduction has nothing to rewrite: it took two fifths of the time to compile, for code
        that was no faster."""
        freeze = ir.Instruction(self.b.block, x.type, "freeze", [x])        # IRBuilder has no method for this
        self.b.block.instructions.append(freeze)
        self.b.position_at_end(self.b.block)
        return freeze

    @contextmanager
    def repeat(self, holds: Callable[[list[Any]], Any], *carried: Any) -> Iterator[tuple[list[Any], list[Any]]]:
        """while (holds(values)), with loop-carried values. Yields them, and a list for their new values; afterwards
        `self.carried` has the final values."""
        b = self.b
        before, head, body, end = b.block, *(b.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        phis = [b.phi(x.type) for x in carried]
        for phi, x in zip(phis, carried):
            phi.add_incoming(x, before)
        b.cbranch(holds(phis), body, end)
        b.position_at_end(body)
        new = list(phis)
        yield phis, new
        for phi, x in zip(phis, new):
            phi.add_incoming(x, b.block)
        b.branch(head)
        b.position_at_end(end)
        self.carried = phis

    def each(self, loops: Sequence[Sequence[Any]], slots: list[Any], body: Callable[[list[Any]], None]) -> None:
        """Emit body(slots) in nested loops, each (count, strides of the slots)."""
        if not loops:
            body(slots)
            return
        count, *steps = loops[0]
        with self.loop(0, count, 1, *slots) as (_, now, new):
            self.each(loops[1:], now, body)
            new[:] = [self.b.add(slot, step) for slot, step in zip(now, steps)]

    def summed(self, loops: Sequence[Sequence[Any]], slots: list[Any], totals: list[Any],
               body: Callable[[list[Any], list[Any]], list[Any]]) -> list[Any]:
        """The totals after nested loops in which body(slots, totals) returns new totals."""
        if not loops:
            return body(slots, totals)
        (count, *steps), n = loops[0], len(slots)
        with self.loop(0, count, 1, *slots, *totals) as (_, now, new):
            found = self.summed(loops[1:], now[:n], now[n:], body)
            new[:] = [*(self.b.add(slot, step) for slot, step in zip(now[:n], steps)), *found]
        return self.carried[n:]

    def at(self, base: Any, i: Any, kind: Any = None) -> Any:
        """The address of element i, a number unless another type is given."""
        return self.b.gep(base, [LONG(i) if isinstance(i, int) else i], source_etype=kind or self.real)

    def copied(self, to: Any, source: Any, count: Any) -> None:
        """Copy `count` numbers that lie side by side."""
        copy = declared(self.function.module, "llvm.memcpy.p0.p0.i64", VOID, [POINTER, POINTER, LONG, BIT])
        self.b.call(copy, [to, source, self.b.mul(count, LONG(self.dtype.size)), BIT(0)])

    def cleared(self, to: Any, count: Any) -> None:
        """Set `count` numbers that lie side by side to 0."""
        fill = declared(self.function.module, "llvm.memset.p0.i64", VOID, [POINTER, BYTE, LONG, BIT])
        self.b.call(fill, [to, BYTE(0), self.b.mul(count, LONG(self.dtype.size)), BIT(0)])

    def get(self, base: Any, i: Any, kind: Any = None) -> Any:
        """Load element i, a number unless another type is given."""
        return self.b.load(self.at(base, i, kind), typ=kind or self.real)
