"""Terms: writes code that sums vectors of terms and adds their lanes at the end.

    >>> from llvmlite import ir
    >>> from microgradx import dot
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> from microgradx.compiler.loops.reduce_code import Terms
    >>> function = Terms(ir.Module(), "f", Shape(dot, 2, 0, 0, "inner", (1, 1)), width=4, strict=False).write()
    >>> sum("fma.v4f64" in str(i) for block in function.blocks for i in block.instructions)
    5

The loop has four fma with independent totals, which hide the latency of fma; the fifth is for the rest.
"""
from __future__ import annotations

from typing import Any

from ..native.instructions import LONG, number
from .shapes import BLOCK
from .vector_code import Vectors


class Terms(Vectors):
    """Writes the function of a shape whose vectors lie along terms."""

    def result(self, out: Any, operands: list[Any]) -> Any:
        """The value of one sum: the sum of the totals, then of their lanes, plus the number in `out` if `more`."""
        several = 1 if self.shape.block else BLOCK
        totals = self.summed(self.inner, operands, [number(0.0, self.vector)] * several, self.row)
        while len(totals) > 1:
            totals = [self.b.fadd(x, y) for x, y in zip(totals[::2], totals[1::2])]
        total = self.added(totals[0])
        return self.b.fadd(self.get(self.memory, out), total) if self.shape.more else total

    def row(self, slots: list[Any], totals: list[Any]) -> list[Any]:
        """The totals after the loop along which vectors lie."""
        count, first, b, block = self.along[0], LONG(0), self.b, BLOCK * self.width
        if {-1, 2}.isdisjoint(self.shape.steps) and not self.shape.block:
            with self.loop(first, b.sub(count, LONG(block - 1)), block, first, *totals) as (i, (_, *now), new):
                new[:] = [b.add(i, LONG(block)), *(self.term(self.factors(slots, i, u * self.width, None), total)
                                                   for u, total in enumerate(now))]
            first, *totals = self.carried
        with self.loop(first, count, self.width, totals[0]) as (i, (total,), new):
            new[:] = [self.term(self.factors(slots, i, 0, self.rest(i)), total)]
        return [self.carried[0], *totals[1:]]

    def rest(self, i: Any) -> Any:
        """The mask of the terms from i on."""
        return None if self.shape.whole else self.mask(self.b.sub(self.along[0], i))

    def factors(self, slots: list[Any], i: Any, ahead: int, mask: Any) -> list[Any]:
        """A vector of each operand, from term i on, `ahead` terms further."""
        return [self.factor(k, slot, i, ahead, mask) for k, slot in enumerate(slots)]

    def factor(self, k: int, slot: Any, i: Any, ahead: int, mask: Any, *turn: Any) -> Any:
        """The vector of operand k."""
        b, step, kind = self.b, self.along[1 + k], self.shape.steps[k]
        i = b.add(i, LONG(ahead)) if ahead else i
        x = self.fetch(slot, step, kind, mask, self.far(i, step, kind), *turn)
        # lanes beyond the end must be 0 in all operands: infinity * 0 is nan
        return x if mask is None or kind in (1, -1) else b.select(mask, x, number(0.0, self.vector))

    # Sums side by side: as many as a vector has lanes, or as share an operand -----------------------------------------

    def results(self, outer: list[list[Any]], slots: list[Any]) -> None:
        """Emit the loops over results. What sums of a few full vectors read side by side stays in the nearest cache
        while all others that read it, too, are computed."""
        if self.shape.jam > 1 and self.shape.whole and self.shape.block:
            self.jammed(slots, lambda now: self.each(outer, now, self.lanes_of_sums))
        else:
            super().results(outer, slots)

    def body(self, slots: list[Any]) -> None:
        """Emit one sum, or a loop over sums side by side."""
        if self.shape.jam == 1:
            super().body(slots)
            return
        self.jammed(slots, self.lanes_of_sums if self.shape.block else self.sums)

    def lanes_of_sums(self, slots: list[Any]) -> None:
        """Emit a vector of sums."""
        out, *operands = slots
        y = self.transposed(self.summed(self.inner, operands, self.zeros(), self.rows))
        if self.shape.more:
            y = self.b.fadd(self.fetch(out, None, 1, None), y)
        self.put(out, None, 1, None, y)

    def sums(self, slots: list[Any]) -> None:
        """Emit `jam` sums."""
        b, (out, *operands) = self.b, slots
        for total in self.summed(self.inner, operands, self.zeros(), self.rows):
            place, y = self.address(out), self.added(total)
            b.store(b.fadd(b.load(place, typ=y.type), y) if self.shape.more else y, place)
            out = b.add(out, self.turns[1])

    def zeros(self) -> list[Any]:
        """The totals of all sums at the beginning."""
        return [number(0.0, self.vector)] * self.shape.jam

    def rows(self, slots: list[Any], totals: list[Any]) -> list[Any]:
        """The totals of all sums after the loop along which vectors lie."""
        b, count, first = self.b, self.along[0], LONG(0)
        if not self.shape.block:
            with self.loop(first, b.sub(count, LONG(self.width - 1)), self.width, first, *totals) as (i, now, new):
                new[:] = [b.add(i, LONG(self.width)), *self.turn(slots, i, None, now[1:])]
            first, *totals = self.carried
        if self.shape.whole:
            for u in range(self.shape.block):
                totals = self.turn(slots, first, None, totals, u * self.width)
            return totals
        with self.loop(first, count, self.width, *totals) as (i, now, new):
            new[:] = self.turn(slots, i, self.mask(b.sub(count, i)), now)
        return self.carried

    def turn(self, slots: list[Any], i: Any, mask: Any, totals: list[Any], ahead: int = 0) -> list[Any]:
        """The totals with a vector of terms each. A shared operand is loaded once."""
        b, steps, found = self.b, self.turns[2:], []
        first = self.factors(slots, i, ahead, mask)
        for j, total in enumerate(totals):
            xs = [self.factor(k, slots[k], i, ahead, mask, b.mul(steps[k], LONG(j))) if j and self.shape.moves[k]
                  else first[k] for k in range(len(slots))]
            found.append(self.term(xs, total))
        return found
