"""Shapes: loop nests of the same shape share one function, which takes a table of numbers.

A shape is the operation, the number of loops, the loop along which vectors lie, and how many vectors are computed side
by side. The table has the first slots, counts and strides of one nest. A large program is then a few dozen functions
and some thousand numbers, which compile fast.

    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.nests import Nest
    >>> from microgradx.compiler.loops.shapes import shaped
    >>> shape, table = shaped(Nest(mul, 90, (0, 5), ((100, 1, (1, 0)),)), width=8, strict=False)
    >>> shape.along, shape.steps, table           # out[i] = in[i] * the number in slot 5: vectors along the only loop
    ('outer', (1, 1, 0), [90, 0, 5, 100, 1, 1, 0])
"""
from __future__ import annotations

from typing import NamedTuple

from ...reductions import entry
from ...table import Op
from .nests import REDUCED, Nest

BLOCK, TOTALS = 4, 8    # independent totals, in vectors, along one loop and altogether, which hide the latency of adds


class Shape(NamedTuple):
    """The common part of all nests that share a function.

    op          the operation
    operands    number of operands
    outer       number of loops over results, without the one along which vectors lie
    inner       number of loops over terms, without the one along which vectors lie
    along       "outer" or "inner": vectors lie along a loop of these; "" for one number at a time
    steps       stride along that loop, of out (if outer) and each operand: 0, 1 or -1 (contiguous), 2 for any other
    more        whether it adds to the numbers that are in `out` already
    block       number of vectors in the whole loop if that is small, else 0. Along terms: 1 if there are too few terms
                for several totals
    jam         unroll-and-jam: iterations of the last outer loop computed side by side; along terms 1 or a vector
                width, or as many sums as share an operand, whose `block` is 0
    moves       whether each operand has a stride other than 0 in that loop
    rest        whether iterations are left over
    whole       whether the few vectors along that loop are full, so that none is masked
    lanes       numbers in a vector along results, where a loop has not as many as the processor's have; else 0
    """

    op: Op
    operands: int
    outer: int
    inner: int
    along: str = ""
    steps: tuple[int, ...] = ()
    more: bool = False
    block: int = 0
    jam: int = 1
    moves: tuple[bool, ...] = ()
    rest: bool = False
    whole: bool = False
    lanes: int = 0

    @property
    def reduces(self) -> bool:
        """Whether it is a sum, or one term of a longer sum."""
        one_term = self.op in REDUCED and self.op.lists == self.operands
        return bool(self.inner) or self.along == "inner" or self.more or one_term


def shaped(nest: Nest, width: int, strict: bool) -> tuple[Shape, list[int]]:
    """The shape of a nest on a machine with vectors of `width` lanes, and the table of the nest."""
    along, k = _along(nest, width, strict)
    outer, inner = list(nest.outer), list(nest.inner)
    vector: list[int] = []
    shape = Shape(nest.op, len(nest.operands), len(outer), len(inner), along, more=nest.more)
    if along == "outer":
        count, out, operands = outer.pop(k)
        vector = [count, out, *operands]
        lanes = width if nest.more else _lanes(count, width)
        shape = shape._replace(steps=tuple(map(_kind, (out, *operands))), outer=len(outer), lanes=lanes % width)
        if shape.reduces and 2 not in shape.steps:
            shape = _side_by_side(shape, -(-count // lanes), outer)
        elif count <= lanes:
            shape = shape._replace(block=1)
        shape = shape._replace(whole=shape.block > 0 and _is_whole(count, lanes))
    elif along == "inner":
        count, operands = inner.pop(k)
        vector = [count, *operands]
        shape = _sums(shape._replace(steps=tuple(map(_kind, operands)), inner=len(inner)), count, width, outer)
    loops = [x for count, out, operands in outer for x in (count, out, *operands)]
    terms = [x for count, operands in inner for x in (count, *operands)]
    return shape, [nest.out, *nest.operands, *loops, *terms, *vector]


def wider(shape: Shape) -> list[Shape]:
    """Shapes whose functions compute nests of this one, too, with the same bits, from the same table: those for any
    number of vectors, or with iterations left over. Where one is compiled anyway, this one need not be.

    >>> from microgradx import exp
    >>> [more.block for more in wider(Shape(exp, 1, 1, 0, "outer", (1, 1), block=1))]        # one vector: any number
    [0]
    """
    if shape.along == "outer" and not shape.reduces:
        found = [shape._replace(block=0, whole=False), shape._replace(whole=False)]
    else:
        found = [shape._replace(rest=shape.jam > 1 and shape.along == "outer")]
    return [more for more in found if more != shape]


def _kind(step: int) -> int:
    return step if step in (-1, 0, 1) else 2


def _lanes(count: int, width: int) -> int:
    """The largest power of two that is neither more than the width of a vector nor than the count."""
    return min(width, 1 << (count.bit_length() - 1))


def _side_by_side(shape: Shape, vectors: int, outer: list[tuple[int, int, tuple[int, ...]]]) -> Shape:
    """The shape with `block` and `jam` chosen; the loop to jam is moved to the end of `outer`."""
    block = vectors if vectors <= BLOCK else 0
    most = TOTALS // (block or BLOCK)
    best: tuple[int, int] = (0, 0)
    choice: int | None = None
    for k, (count, _, operands) in enumerate(outer):
        even = [j for j in range(2, most + 1) if count % j == 0]
        turns = even[-1] if even else min(count, most)
        if (turns, operands.count(0)) > best and turns > 1:
            best = turns, operands.count(0)
            choice = k
    if choice is None:
        return shape._replace(block=block)
    return _jammed(shape._replace(block=block), outer, choice, best[0])


def _rows(shape: Shape, width: int, outer: list[tuple[int, int, tuple[int, ...]]]) -> Shape:
    """The shape of short sums; if their results are contiguous, it computes a vector of sums at once, one in each
    lane."""
    for k, (count, out, _) in enumerate(outer):
        if out == 1 and count % width == 0:
            return _jammed(shape, outer, k, width)
    return shape


def _sums(shape: Shape, count: int, width: int, outer: list[tuple[int, int, tuple[int, ...]]]) -> Shape:
    """The shape of sums of so many terms: a vector of sums at once, or as many side by side as share an operand."""
    few = shape._replace(block=int(count < BLOCK * width))
    whole = shape._replace(whole=True, block=count // width) if _is_whole(count, width) else few
    rows = _rows(whole, width, outer) if whole.block else few
    if rows.jam > 1:
        return rows
    sharing = [(max(j for j in range(1, TOTALS + 1) if count % j == 0), -k)
               for k, (count, _, operands) in enumerate(outer) if 0 in operands]
    jam, k = max(sharing, default=(1, 0))
    return _jammed(shape, outer, -k, jam) if jam > 1 else few


def _is_whole(count: int, width: int) -> bool:
    return count % width == 0 and count <= TOTALS * width


def _jammed(shape: Shape, outer: list[tuple[int, int, tuple[int, ...]]], k: int, jam: int) -> Shape:
    """The shape with `jam` iterations of loop k side by side; moves the loop to the end of `outer`."""
    outer.append(outer.pop(k))
    count, _, operands = outer[-1]
    return shape._replace(jam=jam, moves=tuple(s != 0 for s in operands), rest=count % jam != 0)


def _along(nest: Nest, width: int, strict: bool) -> tuple[str, int]:
    """The loop along which vectors are cheapest: fewest vectors, fewest gathers and scatters."""
    total = nest.size
    best = total * 1.5
    choice = ("", 0)
    if nest.op is entry:
        return choice
    for k, (count, out, operands) in enumerate(nest.outer):
        picked = sum(s not in (0, 1) for s in operands) + (out != 1)
        cost = total / count * -(-count // width) * (1 + picked * width / 2)
        if cost < best and out != 0:
            best, choice = cost, ("outer", k)
    for k, (count, operands) in enumerate(nest.inner if not strict else ()):
        picked = sum(s not in (0, 1) for s in operands)
        cost = total / count * (-(-count // width) * (1 + picked * width / 2) + 2)
        if cost < best:
            best, choice = cost, ("inner", k)
    return choice
