"""Results: writes code that computes several vectors of results at once and loads a shared operand only once.

    >>> from llvmlite import ir
    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.map_code import Results
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> function = Results(ir.Module(), "f", Shape(mul, 2, 0, 0, "outer", (1, 1, 0)), width=4, strict=False).write()
    >>> sum(i.opname == "fmul" for block in function.blocks for i in block.instructions)
    2

The code has one multiplication for whole vectors and one for the last vector, which ends with the loop: it computes
some numbers twice, which is quicker than a mask. Where the code adds to what is in memory, the last vector is masked.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from ..native.instructions import LONG, emit, number
from .shapes import BLOCK
from .vector_code import Vectors


class Tile(NamedTuple):
    """Vectors that are computed side by side: `block` along their loop, for `jam` iterations of another loop.

    mask        the lanes in use in the last vector of each iteration
    """

    block: int
    jam: int
    mask: Any = None

    @property
    def places(self) -> list[tuple[int, int, Any]]:
        """(iteration, index in the block, mask) of each vector."""
        return [(j, u, self.mask if u == self.block - 1 else None) for j in range(self.jam) for u in range(self.block)]


class Results(Vectors):
    """Writes the function of a shape whose vectors lie along results."""

    def body(self, slots: list[Any]) -> None:
        """All vectors, with `jam` iterations of another loop at a time, then the iterations left over."""
        if self.shape.jam == 1:
            self.blocks(slots, 1)
            return
        (count, *steps), b, jam = self.turns, self.b, self.shape.jam
        self.jammed(slots, lambda now: self.blocks(now, jam))
        if self.shape.rest:
            done = b.sub(count, b.srem(count, LONG(jam)))
            with self.loop(done, count, 1, *self.carried) as (_, now, new):
                self.blocks(now, 1)
                new[:] = [b.add(slot, step) for slot, step in zip(now, steps)]

    def blocks(self, slots: list[Any], jam: int) -> None:
        """All vectors of the loop: in one tile if they are few, else block by block and the rest one by one."""
        count, b, width, first = self.along[0], self.b, self.width, LONG(0)
        if self.shape.block:
            last = LONG((self.shape.block - 1) * width)
            mask = self.mask(b.sub(count, last)) if self.shape.more and not self.shape.whole else None
            self.tile(slots, first, Tile(self.shape.block, jam, mask))
            return
        if 2 not in self.shape.steps or not self.shape.reduces:
            block = BLOCK if self.shape.reduces else 1
            with self.loop(0, b.sub(count, LONG(block * width - 1)), block * width, first) as (i, _, new):
                self.tile(slots, i, Tile(block, jam))
                new[:] = [b.add(i, LONG(block * width))]
            first = self.carried[0]
        end = b.sub(count, LONG(width))
        with self.loop(first, count, width) as (i, _, _):
            if self.shape.more:
                self.tile(slots, i, Tile(1, jam, self.mask(b.sub(count, i))))
            else:
                self.tile(slots, b.select(b.icmp_signed("<", i, end), i, end), Tile(1, jam))

    def tile(self, slots: list[Any], i: Any, tile: Tile) -> None:
        """A tile of results, from the i-th result on."""
        b, (_, *steps), kinds = self.b, self.along, self.shape.steps
        out, *operands = [self.moved(slot, self.far(i, step, kind)) for slot, step, kind in zip(slots, steps, kinds)]
        if self.shape.reduces:
            ys = self.summed(self.inner, operands, self.start(out, tile),
                             lambda at, now: [self.term(xs, total) for xs, total in zip(self.fetched(at, tile), now)])
        else:
            ys = [emit(b, self.shape.op, xs, self.strict) for xs in self.fetched(operands, tile)]
        for (j, u, mask), y in zip(tile.places, ys):
            self.put(out, steps[0], kinds[0], mask, y, self.turn(1, j), self.vectors(u, kinds[0], tile))

    def start(self, out: Any, tile: Tile) -> list[Any]:
        """The initial totals: 0, or the numbers in `out`."""
        if not self.shape.more:
            return [number(0.0, self.vector) for _ in tile.places]
        return [self.fetch(out, self.along[1], self.shape.steps[0], mask, self.turn(1, j),
                           self.vectors(u, self.shape.steps[0], tile)) for j, u, mask in tile.places]

    def fetched(self, slots: list[Any], tile: Tile) -> list[list[Any]]:
        """The operands of each vector of the tile. An operand that several vectors share is loaded once."""
        known: dict[tuple[int, int, int], Any] = {}         # by operand, iteration and index in the block
        for k, slot in enumerate(slots):
            for j, u, mask in tile.places:
                first = self.first(k, j, u)
                if first not in known:
                    kind = self.shape.steps[1 + k]
                    known[first] = self.fetch(slot, self.along[2 + k], kind, mask,
                                              self.turn(2 + k, first[1]), self.vectors(first[2], kind, tile))
        return [[known[self.first(k, j, u)] for k in range(len(slots))] for j, u, _ in tile.places]

    def first(self, k: int, j: int, u: int) -> tuple[int, int, int]:
        """The first place of the tile where operand k is the same vector."""
        moves = self.shape.jam > 1 and self.shape.moves[k]
        return k, j if moves else 0, u if self.shape.steps[1 + k] else 0

    def vectors(self, u: int, kind: int, tile: Tile) -> Any:
        """How many slots vector u of a tile is ahead of the first. The last of the whole loop ends with it."""
        if u == 0 or kind == 0:
            return 0
        if u != self.shape.block - 1 or self.shape.whole or self.shape.more:
            return u * self.width * kind
        return self.b.mul(self.b.sub(self.along[0], LONG(self.width)), LONG(kind))

    def turn(self, k: int, j: int) -> Any:
        """How far number k of `turns` moves in j iterations."""
        return self.b.mul(self.turns[k], LONG(j)) if j else 0
