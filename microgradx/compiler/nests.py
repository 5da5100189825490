"""Nests: the loops of loops.py as machine code, a function for each shape (shapes.py).

    >>> from llvmlite import ir
    >>> from microgradx import mul
    >>> from microgradx.compiler.nests import Writer
    >>> from microgradx.compiler.shapes import Shape
    >>> module = ir.Module()
    >>> Writer(module, "product", Shape(mul, 2, 0, 0, "outer", (1, 1, 0)), width=8, strict=False).write().name
    'product'
"""
from __future__ import annotations

from typing import Any

from llvmlite import ir

from .code import Code
from .elements import BIT, DOUBLE, INT, LONG, POINTER, emit, fma, number, splat
from .shapes import BLOCK, Shape
from .straight import taken, tell


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
        self.turns = outer.pop() if shape.jam > 1 else []
        self.each(outer, slots, {"outer": self.along_outer, "inner": self.along_inner, "": self.single}[shape.along])
        b.ret(b.load(self.bad, typ=BIT))
        return self.function

    # One number at a time ------------------------------------------------------------------------------------------

    def single(self, slots: list[Any]) -> None:
        """One result."""
        out, *operands = slots
        if self.shape.op.name == "take" and self.inner:
            self.finish(self.address(out), self.taken(*operands))
        elif self.shape.op.name == "take":
            *xs, status = operands
            found, wrong = taken(self.b, [self.get(self.memory, x) for x in xs])
            tell(self.b, wrong, self.address(status))
            self.finish(self.address(out), found)
        elif self.shape.reduces:
            start = self.get(self.memory, out) if self.shape.more else number(0.0, DOUBLE)
            total = self.summed(self.inner, operands, [start],
                                lambda at, acc: [self.term([self.get(self.memory, s) for s in at], acc[0])])
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

    def term(self, xs: list[Any], total: Any) -> Any:
        """A term added to a sum."""
        return self.b.fadd(total, xs[0]) if len(xs) == 1 else fma(self.b, xs[0], xs[1], total, self.strict)

    def finish(self, address: Any, y: Any) -> None:
        """Store a number."""
        if self.shape.op.name == "chain" and self.shape.reduces:
            self.note_nan(self.b.fcmp_unordered("uno", y, y))
        self.b.store(y, address)

    def note_nan(self, bit: Any) -> None:
        """Remember that a sum came out nan."""
        self.b.store(self.b.or_(self.b.load(self.bad, typ=BIT), bit), self.bad)

    # Vectors along results -----------------------------------------------------------------------------------------

    def along_outer(self, slots: list[Any]) -> None:
        """As many results as vectors hold at once, for some turns of another loop at once."""
        if self.shape.jam == 1:
            self.blocks(slots, 1)
            return
        (count, *steps), b, jam = self.turns, self.b, self.shape.jam
        with self.loop(0, b.sub(count, LONG(jam - 1)), jam, *slots) as (_, now, new):
            self.blocks(now, jam)
            new[:] = [b.add(slot, b.mul(step, LONG(jam))) for slot, step in zip(now, steps)]
        if self.shape.rest:
            done = b.sub(count, b.srem(count, LONG(jam)))
            with self.loop(done, count, 1, *self.carried) as (_, now, new):
                self.blocks(now, 1)
                new[:] = [b.add(slot, step) for slot, step in zip(now, steps)]

    def blocks(self, slots: list[Any], jam: int) -> None:
        """All vectors of the loop: side by side where they are few, else block by block, and the rest one by one."""
        count, b, width, first = self.along[0], self.b, self.width, LONG(0)
        if self.shape.block:
            last = LONG((self.shape.block - 1) * width)
            self.vectors(slots, LONG(0), self.shape.block, jam, self.mask(b.sub(count, last)))
            return
        if 2 not in self.shape.steps or not self.shape.reduces:
            block = BLOCK if self.shape.reduces else 1
            with self.loop(0, b.sub(count, LONG(block * width - 1)), block * width, first) as (i, _, new):
                self.vectors(slots, i, block, jam, None)
                new[:] = [b.add(i, LONG(block * width))]
            first = self.carried[0]
        with self.loop(first, count, width) as (i, _, _):
            self.vectors(slots, i, 1, jam, self.mask(b.sub(count, i)))

    def mask(self, left: Any) -> Any:
        """The lanes before the end, of which so many are left."""
        return self.b.icmp_signed("<", self.lanes, splat(self.b, left, self.longs))

    def vectors(self, slots: list[Any], i: Any, block: int, jam: int, mask: Any) -> None:
        """A block of vectors of results, from the i-th on, for `jam` turns. The last vector of a row may be masked."""
        b, kinds, steps = self.b, self.shape.steps, self.along[1:]
        places = [(j, u) for j in range(jam) for u in range(block)]
        masks = {u: mask if u == block - 1 else None for u in range(block)}
        out, *operands = [b.add(slot, b.mul(i, step)) if kind else slot
                          for slot, step, kind in zip(slots, steps, kinds)]

        def loaded(at: list[Any]) -> list[list[Any]]:
            known: dict[tuple[int, int, int], Any] = {}
            for k, slot in enumerate(at):
                for j, u in places:
                    place = k, j if self.moves(k) else 0, u if kinds[1 + k] else 0
                    if place not in known:
                        turn = b.add(slot, b.mul(self.turns[2 + k], LONG(j))) if place[1] else slot
                        known[place] = self.fetch(turn, steps[1 + k], kinds[1 + k], u * self.width, masks[u])
            return [[known[k, j if self.moves(k) else 0, u if kinds[1 + k] else 0] for k in range(len(at))]
                    for j, u in places]

        if self.shape.reduces:
            totals = [self.fetch(self.turn(out, j), steps[0], kinds[0], u * self.width, masks[u]) if self.shape.more
                      else number(0.0, self.vector) for j, u in places]
            ys = self.summed(self.inner, operands, totals,
                             lambda at, now: [self.term(xs, total) for xs, total in zip(loaded(at), now)])
        else:
            ys = [emit(b, self.shape.op, xs, self.strict) for xs in loaded(operands)]
        for (j, u), y in zip(places, ys):
            if self.shape.op.name == "chain" and self.shape.reduces:
                bad = b.fcmp_unordered("uno", y, y)
                self.note_nan(self.any(bad if masks[u] is None else b.and_(bad, masks[u])))
            self.put(self.turn(out, j), steps[0], kinds[0], u * self.width, masks[u], y)

    def turn(self, out: Any, j: int) -> Any:
        """The slot of the result j turns later."""
        return self.b.add(out, self.b.mul(self.turns[1], LONG(j))) if j else out

    def moves(self, k: int) -> bool:
        """Whether operand k differs between the turns that are computed side by side."""
        return self.shape.jam > 1 and self.shape.moves[k]

    def any(self, bits: Any) -> Any:
        """Whether any of these bits is set."""
        packed = self.b.bitcast(bits, ir.IntType(self.width))
        return self.b.icmp_unsigned("!=", packed, ir.IntType(self.width)(0))

    def fetch(self, slot: Any, step: Any, kind: int, ahead: int, mask: Any) -> Any:
        """A vector from memory: one number in all lanes, side by side, or one by one."""
        b = self.b
        if kind == 0:
            return splat(b, self.get(self.memory, slot), self.vector)
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
        """A vector to memory."""
        b = self.b
        if kind == 1:
            address = self.address(b.add(slot, LONG(ahead)) if ahead else slot)
            if mask is None:
                b.store(y, address, align=8)
            else:
                self.masked("store", ir.VoidType(), [y, address, INT(8), mask])
            return
        for k in range(self.width):
            address, lane = self.address(b.add(slot, b.mul(LONG(k), step))), b.extract_element(y, INT(k))
            if mask is None:
                b.store(lane, address)
            else:
                with b.if_then(b.extract_element(mask, INT(k))):
                    b.store(lane, address)

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
            xs = [self.fetch(b.add(slot, b.mul(i, step)) if kind else slot, step, kind, u * width, mask)
                  for slot, step, kind in zip(at, steps, kinds)]
            # lanes beyond the end are 0 in all operands, so that no infinity meets a 0 there
            return [x if mask is None or kind == 1 else b.select(mask, x, number(0.0, self.vector))
                    for x, kind in zip(xs, kinds)]

        def row(at: list[Any], totals: list[Any]) -> list[Any]:
            block = BLOCK * width
            first: Any = LONG(0)
            if 2 not in kinds and not self.shape.block:
                with self.loop(LONG(0), b.sub(count, LONG(block - 1)), block, LONG(0), *totals) as (i, now, new):
                    new[:] = [b.add(i, LONG(block)),
                              *(self.term(vector(at, i, u, None), now[1 + u]) for u in range(BLOCK))]
                first, *totals = self.carried
            with self.loop(first, count, width, totals[0]) as (i, now, new):
                new[:] = [self.term(vector(at, i, 0, self.mask(b.sub(count, i))), now[0])]
            return [self.carried[0], *totals[1:]]

        several = 1 if self.shape.block else BLOCK
        totals = self.summed(self.inner, operands, [number(0.0, self.vector)] * several, row)
        while len(totals) > 1:
            totals = [b.fadd(x, y) for x, y in zip(totals[::2], totals[1::2])]
        total = self.added(totals[0])
        self.finish(self.address(out), b.fadd(self.get(self.memory, out), total) if self.shape.more else total)

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
