"""Nests: the loops of loops.py as machine code, a function for each shape (shapes.py). Here with one number at a time.

    >>> from llvmlite import ir
    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.scalar_code import Writer
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> function = Writer(ir.Module(), "products", Shape(mul, 2, outer=1, inner=0), width=8, strict=False).write()
    >>> sum(i.opname == "fmul" for block in function.blocks for i in block.instructions)       # of any number of them
    1
"""
from __future__ import annotations

from typing import Any

from ...reductions import entry
from ..native.builder import Code
from ..native.instructions import DOUBLE, LONG, POINTER, emit, fma, number, under
from ..native.straight import taken, tell
from .shapes import Shape


class Writer(Code):
    """Writes the function of one shape: void f(double *memory, long *table).

    inner       the loops over terms that are left to body(), each (count, steps of the operands)
    along       the loop along which vectors lie, likewise; for results the step of the result comes before
    turns       the loop whose turns are computed side by side
    """

    def __init__(self, module: Any, name: str, shape: Shape, width: int, strict: bool) -> None:
        super().__init__(module, name, [POINTER, POINTER])
        self.shape, self.strict, self.width = shape, strict, width
        self.memory, self.table = self.args
        self.read = 0

    def next(self) -> Any:
        """The next number of the table."""
        self.read += 1
        return self.get(self.table, self.read - 1, LONG)

    def many(self, count: int) -> list[Any]:
        """The next numbers of the table."""
        return [self.next() for _ in range(count)]

    def address(self, slot: Any) -> Any:
        """Of a slot of memory."""
        return self.at(self.memory, slot)

    def write(self) -> Any:
        """The whole function."""
        shape, b = self.shape, self.b
        slots = self.many(1 + shape.operands)
        outer = [self.many(2 + shape.operands) for _ in range(shape.outer)]
        self.inner = [self.many(1 + shape.operands) for _ in range(shape.inner)]
        self.along = self.many({"outer": 2 + shape.operands, "inner": 1 + shape.operands, "": 0}[shape.along])
        self.turns = outer.pop() if shape.jam > 1 else []
        self.each(outer, slots, self.body)
        b.ret_void()
        return self.function

    def body(self, slots: list[Any]) -> None:
        """What is done in each turn of the outer loops: here one result."""
        out, *operands = slots
        self.b.store(self.result(out, operands), self.address(out))

    def result(self, out: Any, operands: list[Any]) -> Any:
        """The number of one result."""
        if self.shape.op is entry:
            return self.entry(*operands) if self.inner else self.chosen(operands)
        if self.shape.reduces:
            start = self.get(self.memory, out) if self.shape.more else number(0.0, DOUBLE)
            return self.summed(self.inner, operands, [start],
                               lambda at, totals: [self.term(self.loaded(at), totals[0])])[0]
        return emit(self.b, self.shape.op, self.loaded(operands), self.strict)

    def loaded(self, slots: list[Any]) -> list[Any]:
        """The numbers in these slots."""
        return [self.get(self.memory, slot) for slot in slots]

    def term(self, xs: list[Any], total: Any) -> Any:
        """A term added to a sum."""
        if len(xs) == 1:
            return self.b.fadd(total, xs[0])
        *mask, x, y = xs
        return under(self.b, mask[0], x, y, total, self.strict) if mask else fma(self.b, x, y, total, self.strict)

    # The entry of a table; 1 goes to the slot `status` where the index is none of its entries ------------------------

    def chosen(self, operands: list[Any]) -> Any:
        """Of entries that lie anywhere."""
        *xs, status = operands
        found, wrong = taken(self.b, self.loaded(xs))
        tell(self.b, wrong, self.address(status))
        return found

    def entry(self, table: Any, index: Any, status: Any) -> Any:
        """Of entries at equal distances."""
        b, (count, step, *_) = self.b, self.inner[0]
        i, zero = self.get(self.memory, index), number(0.0, DOUBLE)
        inside = b.and_(b.fcmp_ordered(">=", i, zero), b.fcmp_ordered("<", i, b.sitofp(count, DOUBLE)))
        k = b.fptosi(b.select(inside, i, zero), LONG)
        whole = b.fcmp_ordered("==", b.sitofp(k, DOUBLE), i)
        tell(b, b.not_(b.and_(inside, whole)), self.address(status))
        return self.get(self.memory, b.add(table, b.mul(k, step)))
