"""Nests: the loops of loops.py as machine code. Nests of one shape share a function, and a table of numbers drives it.

A shape is the operation, how many loops there are, and along which of them the machine's vectors lie. A table holds
first slots, counts and steps. A large program is then a few dozen functions and some thousand numbers, quick to compile.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir

from ..table import Op
from .code import Code
from .elements import BIT, DOUBLE, INT, LONG, POINTER, emit, fma, number, splat
from .loops import Nest

BLOCK = 4           # vectors that are computed side by side, so that one need not wait for another


class Shape(NamedTuple):
    """What nests of one function have in common.

    op          the operation
    operands    how many
    outer       loops over results, but for the one along which the vectors lie
    inner       loops over terms, likewise
    along       "outer" or "inner", where the vectors lie; "" for one number at a time
    steps       along it, for out and each operand: 0 the same number, 1 side by side, 2 any other step
    more        whether it adds to what is there
    """

    op: Op
    operands: int
    outer: int
    inner: int
    along: str
    steps: tuple[int, ...]
    more: bool


# From a nest to its shape and table --------------------------------------------------------------------------------

def shaped(nest: Nest, width: int, strict: bool) -> tuple[Shape, list[int]]:
    """The shape of a nest on a machine with vectors of `width`, and its table."""
    along, k = _along(nest, width, strict)
    outer, inner = list(nest.outer), list(nest.inner)
    table = [nest.out, *nest.operands]
    steps: tuple[int, ...] = ()
    vector: list[int] = []
    if along == "outer":
        count, out, operands = outer.pop(k)
        steps = tuple(min(abs(s), 2) if s >= 0 else 2 for s in (out, *operands))
        vector = [count, *(s for s in (out, *operands))]
    elif along == "inner":
        count, operands = inner.pop(k)
        steps = tuple(min(s, 2) if s >= 0 else 2 for s in operands)
        vector = [count, *operands]
    for count, out, operands in outer:
        table += [count, out, *operands]
    for count, operands in inner:
        table += [count, *operands]
    shape = Shape(nest.op, len(nest.operands), len(outer), len(inner), along, steps, nest.more)
    return shape, table + vector


def _along(nest: Nest, width: int, strict: bool) -> tuple[str, int]:
    """The loop along which vectors are cheapest: the fewest, and the fewest numbers to be picked one by one."""
    best, choice = float(_total(nest)) * 1.5, ("", 0)
    if nest.op.name == "take":
        return choice
    for k, (count, out, operands) in enumerate(nest.outer):
        picked = sum(s not in (0, 1) for s in (*operands,)) + (out != 1)
        cost = _total(nest) / count * -(-count // width) * (1 + picked * width / 2)
        if cost < best and out != 0:
            best, choice = cost, ("outer", k)
    for k, (count, operands) in enumerate(nest.inner if not strict else ()):
        picked = sum(s not in (0, 1) for s in operands)
        cost = _total(nest) / count * (-(-count // width) * (1 + picked * width / 2) + 2)
        if cost < best:
            best, choice = cost, ("inner", k)
    return choice


def _total(nest: Nest) -> int:
    """How often the innermost line runs."""
    total = 1
    for loop in (*nest.outer, *nest.inner):
        total *= loop[0]
    return total


# Code --------------------------------------------------------------------------------------------------------------

class Writer(Code):
    """Writes the function of one shape: i1 f(double *memory, long *table), which tells whether a sum came out nan."""

    def __init__(self, module: Any, name: str, shape: Shape, width: int, strict: bool) -> None:
        super().__init__(module, name, [POINTER, POINTER], BIT)
        self.shape, self.strict, self.width = shape, strict, width
        self.memory, self.table = self.args
        self.read = 0
        self.vector, self.longs = ir.VectorType(DOUBLE, width), ir.VectorType(LONG, width)
        self.lanes = ir.Constant(self.longs, list(range(width)))

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
        self.bad = b.alloca(BIT)
        b.store(BIT(0), self.bad)
        self.each(outer, slots, {"outer": self.along_outer, "inner": self.along_inner, "": self.single}[shape.along])
        b.ret(b.load(self.bad, typ=BIT))
        return self.function

    # One number at a time ------------------------------------------------------------------------------------------

    def single(self, slots: list[Any]) -> None:
        """One result."""
        out, *operands = slots
        if self.shape.op.name == "take":
            self.finish(self.address(out), self.taken(*operands))
        elif self.reduces:
            total = self.summed(self.inner, operands, [number(0.0, DOUBLE)],
                                lambda at, acc: [self.term([self.b.load(self.address(s), typ=DOUBLE) for s in at], acc[0])])
            self.finish(self.address(out), total[0])
        else:
            xs = [self.b.load(self.address(s), typ=DOUBLE) for s in operands]
            y = emit(self.b, self.shape.op, xs, self.strict)
            self.finish(self.address(out), y)

    def taken(self, table: Any, index: Any, status: Any) -> Any:
        """The entry of a table; 1 goes to `status` where the index is none of its entries."""
        b, (count, step, *_) = self.b, self.inner[0]
        i = b.load(self.address(index), typ=DOUBLE)
        zero = number(0.0, DOUBLE)
        inside = b.and_(b.fcmp_ordered(">=", i, zero), b.fcmp_ordered("<", i, b.sitofp(count, DOUBLE)))
        k = b.fptosi(b.select(inside, i, zero), LONG)
        known = b.and_(inside, b.fcmp_ordered("==", b.sitofp(k, DOUBLE), i))
        flag = self.address(status)
        b.store(b.select(known, b.load(flag, typ=DOUBLE), number(1.0, DOUBLE)), flag)
        return b.load(self.address(b.add(table, b.mul(k, step))), typ=DOUBLE)

    @property
    def reduces(self) -> bool:
        """Whether terms are added up in loops."""
        return bool(self.shape.inner) or self.shape.along == "inner" or self.shape.more or self.one_term

    @property
    def one_term(self) -> bool:
        """Whether it is one term of a longer sum."""
        return self.shape.op.name in ("sum", "dot", "chain") and self.shape.operands == (1 if self.shape.op.name == "sum" else 2)

    def term(self, xs: list[Any], total: Any) -> Any:
        """A term added to a sum."""
        return self.b.fadd(total, xs[0]) if len(xs) == 1 else fma(self.b, xs[0], xs[1], total, self.strict)

    def finish(self, address: Any, y: Any) -> None:
        """Store a number, or add it to what is there."""
        b = self.b
        if self.shape.op.name == "chain" and self.reduces:
            self.note_nan(b.fcmp_unordered("uno", y, y))
        if self.shape.more:
            y = b.fadd(b.load(address, typ=DOUBLE), y)
        b.store(y, address)

    def note_nan(self, bit: Any) -> None:
        """Remember that a sum came out nan."""
        self.b.store(self.b.or_(self.b.load(self.bad, typ=BIT), bit), self.bad)

    # Vectors along results -----------------------------------------------------------------------------------------

    def along_outer(self, slots: list[Any]) -> None:
        """As many results as a vector holds at once; in blocks of vectors where terms are added up."""
        count, *steps = self.along
        b, first, width = self.b, LONG(0), self.width
        if self.reduces and 2 not in self.shape.steps:
            block = BLOCK * width
            stop = b.sub(count, LONG(block - 1))
            with self.loop(first, stop, block, LONG(0)) as (i, _, new):
                self.vectors(slots, steps, i, BLOCK, None)
                new[:] = [b.add(i, LONG(block))]
            first = self.carried[0]
        elif not self.reduces:
            stop = b.sub(count, LONG(width - 1))
            with self.loop(first, stop, width, LONG(0)) as (i, _, new):
                self.vectors(slots, steps, i, 1, None)
                new[:] = [b.add(i, LONG(width))]
            first = self.carried[0]
        with self.loop(first, count, width) as (i, _, _new):
            left = b.sub(count, i)
            lanes = splat(b, left, self.longs)
            self.vectors(slots, steps, i, 1, b.icmp_signed("<", self.lanes, lanes))

    def vectors(self, slots: list[Any], steps: list[Any], i: Any, block: int, mask: Any) -> None:
        """A block of vectors of results, from the i-th on."""
        b = self.b
        out, *operands = [b.add(slot, b.mul(i, step)) if kind else slot
                          for slot, step, kind in zip(slots, steps, self.shape.steps)]

        def loaded(at: list[Any]) -> list[list[Any]]:
            same: dict[int, Any] = {}
            found = []
            for u in range(block):
                xs = []
                for k, slot in enumerate(at):
                    if self.shape.steps[1 + k] == 0:
                        if k not in same:
                            same[k] = splat(b, b.load(self.address(slot), typ=DOUBLE), self.vector)
                        xs.append(same[k])
                    else:
                        xs.append(self.fetch(slot, steps[1 + k], self.shape.steps[1 + k], u * self.width, mask))
                found.append(xs)
            return found

        if self.reduces:
            zero = number(0.0, self.vector)
            ys = self.summed(self.inner, operands, [zero] * block,
                             lambda at, acc: [self.term(xs, total) for xs, total in zip(loaded(at), acc)])
        else:
            ys = [emit(b, self.shape.op, xs, self.strict) for xs in loaded(operands)]
        for u, y in enumerate(ys):
            if self.shape.op.name == "chain" and self.reduces:
                bad = b.fcmp_unordered("uno", y, y)
                self.note_nan(self.any(bad if mask is None else b.and_(bad, mask)))
            self.put(out, steps[0], self.shape.steps[0], u * self.width, mask, y)

    def any(self, bits: Any) -> Any:
        """Whether any of these bits is set."""
        packed = self.b.bitcast(bits, ir.IntType(self.width))
        return self.b.icmp_unsigned("!=", packed, ir.IntType(self.width)(0))

    def fetch(self, slot: Any, step: Any, kind: int, ahead: int, mask: Any) -> Any:
        """A vector from memory: side by side, or one by one."""
        b = self.b
        if kind == 1:
            address = self.address(b.add(slot, LONG(ahead)) if ahead else slot)
            if mask is None:
                return b.load(address, typ=self.vector, align=8)
            return self.masked("load", self.vector, [address, INT(8), mask, number(0.0, self.vector)])
        slots = b.add(splat(b, slot, self.longs),
                      b.mul(self.lanes, splat(b, step, self.longs)))
        out = number(0.0, self.vector)
        for k in range(self.width):
            lane = b.extract_element(slots, INT(k))
            if mask is not None:                # beyond the last one, the first once more
                lane = b.select(b.extract_element(mask, INT(k)), lane, slot)
            out = b.insert_element(out, b.load(self.address(lane), typ=DOUBLE), INT(k))
        return out

    def put(self, slot: Any, step: Any, kind: int, ahead: int, mask: Any, y: Any) -> None:
        """A vector to memory, or added to what is there."""
        b = self.b
        if kind == 1:
            address = self.address(b.add(slot, LONG(ahead)) if ahead else slot)
            if self.shape.more:
                y = b.fadd(y, self.fetch(slot, step, kind, ahead, mask))
            if mask is None:
                b.store(y, address, align=8)
            else:
                self.masked("store", ir.VoidType(), [y, address, INT(8), mask])
            return
        for k in range(self.width):
            lane = b.add(slot, b.mul(LONG(k), step))
            if mask is None:
                self.put_one(lane, b.extract_element(y, INT(k)))
            else:
                with b.if_then(b.extract_element(mask, INT(k))):
                    self.put_one(lane, b.extract_element(y, INT(k)))

    def put_one(self, slot: Any, y: Any) -> None:
        """A number to memory, or added to what is there."""
        b, address = self.b, self.address(slot)
        b.store(b.fadd(b.load(address, typ=DOUBLE), y) if self.shape.more else y, address)

    def masked(self, what: str, result: Any, args: list[Any]) -> Any:
        """llvm.masked.load and store: only the lanes that the mask names."""
        name = f"llvm.masked.{what}.v{self.width}f64.p0"
        kind = ir.FunctionType(result, [x.type for x in args])
        function = self.b.module.globals.get(name) or ir.Function(self.b.module, kind, name)
        return self.b.call(function, args)

    # Vectors along terms -------------------------------------------------------------------------------------------

    def along_inner(self, slots: list[Any]) -> None:
        """One result: vectors of terms, then the lanes of the total added up."""
        out, *operands = slots
        count, *steps = self.along
        b, width = self.b, self.width
        kinds = self.shape.steps

        def vector(at: list[Any], i: Any, u: int, mask: Any) -> list[Any]:
            xs = []
            for slot, step, kind in zip(at, steps, kinds):
                if kind == 0:
                    x = splat(b, b.load(self.address(slot), typ=DOUBLE), self.vector)
                    xs.append(x if mask is None else b.select(mask, x, number(0.0, self.vector)))
                else:
                    xs.append(self.fetch(b.add(slot, b.mul(i, step)), step, kind, u * width, mask))
            return xs

        def row(at: list[Any], totals: list[Any]) -> list[Any]:
            block = BLOCK * width
            first: Any = LONG(0)
            if 2 not in kinds:
                with self.loop(LONG(0), b.sub(count, LONG(block - 1)), block, LONG(0), *totals) as (i, now, new):
                    new[:] = [b.add(i, LONG(block)),
                              *(self.term(vector(at, i, u, None), now[1 + u]) for u in range(BLOCK))]
                first, *totals = self.carried
            with self.loop(first, count, width, totals[0]) as (i, now, new):
                lanes = splat(b, b.sub(count, i), self.longs)
                mask = b.icmp_signed("<", self.lanes, lanes)
                new[:] = [self.term(self.safe(vector(at, i, 0, mask), mask), now[0])]
            return [self.carried[0], *totals[1:]]

        totals = self.summed(self.inner, operands, [number(0.0, self.vector)] * BLOCK, row)
        while len(totals) > 1:
            totals = [b.fadd(x, y) for x, y in zip(totals[::2], totals[1::2])]
        self.finish(self.address(out), self.added(totals[0]))

    def safe(self, xs: list[Any], mask: Any) -> list[Any]:
        """Lanes beyond the last are 0 in all operands, so that no infinity meets a 0 there."""
        return [self.b.select(mask, x, number(0.0, self.vector)) if kind == 2 else x
                for x, kind in zip(xs, self.shape.steps)]

    def added(self, x: Any) -> Any:
        """The sum of all lanes: halves, quarters, ..."""
        b, size = self.b, self.width
        while size > 1:
            size //= 2
            low, high = (b.shuffle_vector(x, ir.Constant(x.type, ir.Undefined),
                                          ir.Constant(ir.VectorType(INT, size), list(range(start, start + size))))
                         for start in (0, size))
            x = b.fadd(low, high)
        return b.extract_element(x, INT(0))
