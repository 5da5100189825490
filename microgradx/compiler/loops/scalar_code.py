"""Writer: writes the function of a shape (shapes.py) as LLVM code. This one computes one number at a time.

    >>> from llvmlite import ir
    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.scalar_code import Writer
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> function = Writer(ir.Module(), "products", Shape(mul, 2, outer=1, inner=0), width=8, strict=False).write()
    >>> sum(i.opname == "fmul" for block in function.blocks for i in block.instructions)       # one, in a loop
    1
"""
from __future__ import annotations

from typing import Any

from ...reductions import entry
from ..ir.dtype import FLOAT64, Dtype
from ..native.builder import Code
from ..native.instructions import LONG, POINTER, emit, fma, number, under
from ..native.straight import set_flag, taken
from .shapes import Shape


class Writer(Code):
    """Writes the function of one shape: void f(number *memory, long *table).

    inner       the loops over terms, which body() emits: (count, strides of the operands)
    along       the loop along which vectors lie: the same; for results with the stride of the result after the count
    turns       the loop whose iterations are computed side by side: the same as for results
    """

    def __init__(self, module: Any, name: str, shape: Shape, width: int, strict: bool,
                 dtype: Dtype = FLOAT64) -> None:
        super().__init__(module, name, [POINTER, POINTER], dtype=dtype)
        self.shape, self.strict, self.width = shape, strict, width
        self.memory, self.table = self.args
        self.read = 0

    def next(self) -> Any:
        """The next number of the table."""
        self.read += 1
        return self.get(self.table, self.read - 1, LONG)

    def many(self, count: int) -> list[Any]:
        """The next `count` numbers of the table."""
        return [self.next() for _ in range(count)]

    def address(self, slot: Any) -> Any:
        """The address of a slot of memory."""
        return self.at(self.memory, slot)

    def write(self) -> Any:
        """Emit and return the whole function."""
        shape, b = self.shape, self.b
        slots = self.many(1 + shape.operands)
        outer = [self.many(2 + shape.operands) for _ in range(shape.outer)]
        self.inner = [self.many(1 + shape.operands) for _ in range(shape.inner)]
        self.along = self.many({"outer": 2 + shape.operands, "inner": 1 + shape.operands, "": 0}[shape.along])
        self.turns = outer.pop() if shape.jam > 1 else []
        self.results(outer, slots)
        b.ret_void()
        return self.function

    def results(self, outer: list[list[Any]], slots: list[Any]) -> None:
        """Emit the loops over results."""
        self.each(outer, slots, self.body)

    def body(self, slots: list[Any]) -> None:
        """Emit the body of the outer loops: here one result."""
        out, *operands = slots
        self.b.store(self.result(out, operands), self.address(out))

    def result(self, out: Any, operands: list[Any]) -> Any:
        """The value of one result."""
        if self.shape.op is entry:
            return self.entry(*operands) if self.inner else self.chosen(operands)
        if self.shape.reduces:
            start = self.get(self.memory, out) if self.shape.more else number(0.0, self.real)
            return self.summed(self.inner, operands, [start],
                               lambda at, totals: [self.term(self.loaded(at), totals[0])])[0]
        return emit(self.b, self.shape.op, self.loaded(operands), self.strict)

    def loaded(self, slots: list[Any]) -> list[Any]:
        """The numbers in these slots."""
        return [self.get(self.memory, slot) for slot in slots]

    def term(self, xs: list[Any], total: Any) -> Any:
        """The sum of a total and a term."""
        if len(xs) == 1:
            return self.b.fadd(total, xs[0])
        *mask, x, y = xs
        return under(self.b, mask[0], x, y, total, self.strict) if mask else fma(self.b, x, y, total, self.strict)

    # The entry of a table; an index outside of the table sets the slot `status` to 1 ---------------------------------

    def chosen(self, operands: list[Any]) -> Any:
        """An entry of a table whose entries are operands."""
        *xs, status = operands
        found, wrong = taken(self.b, self.loaded(xs))
        set_flag(self.b, wrong, self.address(status), self.real)
        return found

    def entry(self, table: Any, index: Any, status: Any) -> Any:
        """An entry of a table with a constant stride."""
        b, (count, step, *_) = self.b, self.inner[0]
        i, zero = self.get(self.memory, index), number(0.0, self.real)
        inside = b.and_(b.fcmp_ordered(">=", i, zero), b.fcmp_ordered("<", i, b.sitofp(count, self.real)))
        k = b.fptosi(b.select(inside, i, zero), LONG)
        whole = b.fcmp_ordered("==", b.sitofp(k, self.real), i)
        set_flag(b, b.not_(b.and_(inside, whole)), self.address(status), self.real)
        return self.get(self.memory, b.add(table, b.mul(k, step)))
