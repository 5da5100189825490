"""Vectors: emits vector loads and stores for the function of a shape.

    >>> from llvmlite import ir
    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> from microgradx.compiler.loops.vector_code import Vectors
    >>> writer = Vectors(ir.Module(), "f", Shape(mul, 2, 0, 0), width=4, strict=False)
    >>> str(writer.fetch(writer.long(7), step=None, kind=1, mask=None).type)      # slots 7 to 10
    '<4 x double>'

map_code.py and reduce_code.py use them.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from llvmlite import ir

from ..ir.dtype import FLOAT64, Dtype
from ..native.instructions import INT, LONG, POINTER, number, splat, suffix
from .scalar_code import Writer
from .shapes import Shape


class Vectors(Writer):
    """A Writer of vector code. The kind of a vector is that of Shape.steps: 0 one number in all lanes, 1 contiguous in
    memory, -1 the same backwards, 2 any other stride. A mask has a bit for each lane, 1 if it is in use; None for all
    lanes.
    """

    def __init__(self, module: Any, name: str, shape: Shape, width: int, strict: bool,
                 dtype: Dtype = FLOAT64) -> None:
        width = shape.lanes or width
        super().__init__(module, name, shape, width, strict, dtype)
        self.vector, self.longs = ir.VectorType(self.real, width), ir.VectorType(LONG, width)
        self.size = dtype.size

    def mask(self, left: Any) -> Any:
        """The mask of the first `left` lanes. It compares ints of the size of a number, of which a vector is full."""
        b, kind = self.b, ir.IntType(8 * self.size)
        if kind != LONG:
            left = b.trunc(b.select(b.icmp_signed("<", left, LONG(self.width)), left, LONG(self.width)), kind)
        lanes = ir.Constant(ir.VectorType(kind, self.width), list(range(self.width)))
        return b.icmp_signed("<", lanes, splat(b, left, lanes.type))

    def added(self, x: Any) -> Any:
        """The sum of all lanes: adds halves, then quarters, ..."""
        b, size = self.b, self.width
        while size > 1:
            size //= 2
            low, high = (b.shuffle_vector(x, ir.Constant(x.type, ir.Undefined),
                                          ir.Constant(ir.VectorType(INT, size), list(range(start, start + size))))
                         for start in (0, size))
            x = b.fadd(low, high)
        return b.extract_element(x, INT(0))

    def transposed(self, totals: list[Any]) -> Any:
        """A vector whose lane k is the sum of the lanes of total k: adds pairs of totals, then pairs of these, ..."""
        b, width, size = self.b, self.width, 1
        while len(totals) > 1:
            low = [start + side * width + k for start in range(0, width, 2 * size) for side in (0, 1)
                   for k in range(size)]
            pick = [ir.Constant(ir.VectorType(INT, width), [lane + half for lane in low]) for half in (0, size)]
            totals = [b.fadd(*(b.shuffle_vector(x, y, lanes) for lanes in pick))
                      for x, y in zip(totals[::2], totals[1::2])]
            size *= 2
        return totals[0]

    def jammed(self, slots: list[Any], do: Callable[[list[Any]], None]) -> None:
        """Emit a loop that runs do(slots) for Shape.jam iterations at a time."""
        (count, *steps), b, jam = self.turns, self.b, self.shape.jam
        with self.loop(0, b.sub(count, LONG(jam - 1)), jam, *slots) as (_, now, new):
            do(now)
            new[:] = [b.add(slot, b.mul(step, LONG(jam))) for slot, step in zip(now, steps)]

    def far(self, i: Any, step: Any, kind: int) -> Any:
        """How many slots a vector of this kind begins further on for number i of its loop."""
        return i if kind == 1 else self.b.mul(i, step) if kind else 0

    def moved(self, slot: Any, *ahead: Any) -> Any:
        """The slot so many slots ahead."""
        return reduce(self.b.add, filter(None, ahead), slot)

    def ahead(self, slot: Any, *ahead: Any) -> Any:
        """The address of that slot. Where the last number is the same in each turn of the innermost loop it is a part
        of the instruction that loads or stores."""
        return reduce(self.at, filter(None, ahead), self.address(slot))

    def fetch(self, slot: Any, step: Any, kind: int, mask: Any, *ahead: Any) -> Any:
        """Load a vector that begins so many slots ahead of this slot."""
        b = self.b
        if kind == 2:
            return self.gathered(self.moved(slot, *ahead), step, mask)
        if kind == -1:
            return self.backwards(self.fetch(slot, None, 1, self.backwards(mask), *ahead, 1 - self.width))
        address = self.ahead(slot, *ahead)
        if kind == 0:
            return splat(b, b.load(address, typ=self.real), self.vector)
        if mask is None:
            return b.load(address, typ=self.vector, align=self.size)
        return self.masked("load", self.vector, [address, INT(self.size), mask, number(0.0, self.vector)])

    def backwards(self, x: Any) -> Any:
        """The vector with the last lane first; None of None."""
        if x is None:
            return None
        lanes = ir.Constant(ir.VectorType(INT, self.width), list(reversed(range(self.width))))
        return self.b.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), lanes)

    def gathered(self, slot: Any, step: Any, mask: Any) -> Any:
        """Gather a vector number by number; with a mask, by llvm.masked.gather, which is less code."""
        if mask is not None:
            return self.masked("gather", self.vector,
                               [self.addresses(slot, step), INT(self.size), mask, number(0.0, self.vector)])
        b, out = self.b, number(0.0, self.vector)
        for k in range(self.width):
            out = b.insert_element(out, self.get(self.memory, slot), INT(k))
            slot = b.add(slot, step)
        return out

    def addresses(self, slot: Any, step: Any) -> Any:
        """The addresses of the numbers of a vector."""
        b = self.b
        lanes = ir.Constant(self.longs, [self.size * k for k in range(self.width)])
        places = b.add(splat(b, b.ptrtoint(self.address(slot), LONG), self.longs),
                       b.mul(lanes, splat(b, step, self.longs)))
        return b.inttoptr(places, ir.VectorType(POINTER, self.width))

    def put(self, slot: Any, step: Any, kind: int, mask: Any, y: Any, *ahead: Any) -> None:
        """Store a vector, as fetch() loads it."""
        b = self.b
        if kind == -1:
            self.put(slot, None, 1, self.backwards(mask), self.backwards(y), *ahead, 1 - self.width)
            return
        if kind != 1:
            self.scattered(self.moved(slot, *ahead), step, mask, y)
            return
        address = self.ahead(slot, *ahead)
        if mask is None:
            b.store(y, address, align=self.size)
        else:
            self.masked("store", ir.VoidType(), [y, address, INT(self.size), mask])

    def scattered(self, slot: Any, step: Any, mask: Any, y: Any) -> None:
        """Scatter a vector number by number; with a mask, by llvm.masked.scatter."""
        b = self.b
        if mask is not None:
            self.masked("scatter", ir.VoidType(), [y, self.addresses(slot, step), INT(self.size), mask])
            return
        for k in range(self.width):
            b.store(b.extract_element(y, INT(k)), self.address(slot))
            slot = b.add(slot, step)

    def masked(self, what: str, result: Any, args: list[Any]) -> Any:
        """A call of llvm.masked.load, store, gather or scatter, which touches only the lanes in the mask."""
        place = f"v{self.width}p0" if what in ("gather", "scatter") else "p0"
        name = f"llvm.masked.{what}.{suffix(self.vector)}.{place}"
        kind = ir.FunctionType(result, [x.type for x in args])
        function = self.b.module.globals.get(name) or ir.Function(self.b.module, kind, name)
        return self.b.call(function, args)
