"""Shapes: what nests of loops have in common, so that one function, driven by a table of numbers, serves many of them.

A shape is the operation, how many loops there are, along which of them the machine's vectors lie, and how many vectors
are computed side by side. A table holds first slots, counts and steps. A large program is then a few dozen functions
and some thousand numbers, quick to compile.

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

BLOCK, TOTALS = 4, 8    # vectors along one loop, and in all, that are added up side by side: none waits for another


class Shape(NamedTuple):
    """What nests of one function have in common.

    op          the operation
    operands    how many
    outer       loops over results, but for those along which vectors lie
    inner       loops over terms, likewise
    along       "outer" or "inner", where the vectors lie; "" for one number at a time
    steps       along it, for out (if outer) and each operand: 0 the same number, 1 side by side, 2 any other step
    more        whether it adds to what is there
    block       vectors that hold all of the loop, where these are few; 0 for any number. Along terms 1 where they are
                too few to be added up in several totals
    jam         turns of the last of the outer loops that are computed side by side; along terms 1 or a vector full
    moves       whether each operand changes from one of these turns to the next
    rest        whether turns are left over
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

    @property
    def reduces(self) -> bool:
        """Whether it adds up terms, or is one term of a longer sum."""
        one_term = self.op in REDUCED and self.op.lists == self.operands
        return bool(self.inner) or self.along == "inner" or self.more or one_term


def shaped(nest: Nest, width: int, strict: bool) -> tuple[Shape, list[int]]:
    """The shape of a nest on a machine with vectors of `width`, and its table."""
    along, k = _along(nest, width, strict)
    outer, inner = list(nest.outer), list(nest.inner)
    vector: list[int] = []
    shape = Shape(nest.op, len(nest.operands), len(outer), len(inner), along, more=nest.more)
    if along == "outer":
        count, out, operands = outer.pop(k)
        vector = [count, out, *operands]
        shape = shape._replace(steps=tuple(map(_kind, (out, *operands))), outer=len(outer))
        if shape.reduces and 2 not in shape.steps:
            shape = _side_by_side(shape, -(-count // width), outer)
        elif count <= width:
            shape = shape._replace(block=1)
    elif along == "inner":
        count, operands = inner.pop(k)
        vector = [count, *operands]
        shape = shape._replace(steps=tuple(map(_kind, operands)), inner=len(inner), block=int(count < BLOCK * width))
        shape = _rows(shape, width, outer) if shape.block else shape
    loops = [x for count, out, operands in outer for x in (count, out, *operands)]
    terms = [x for count, operands in inner for x in (count, *operands)]
    return shape, [nest.out, *nest.operands, *loops, *terms, *vector]


def _kind(step: int) -> int:
    return step if step in (0, 1) else 2


def _side_by_side(shape: Shape, vectors: int, outer: list[tuple[int, int, tuple[int, ...]]]) -> Shape:
    """How many vectors and how many turns of another loop, which is moved to the end of `outer`."""
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
    """Short sums whose results lie side by side: as many at once as fit in a vector, whose lanes they become
    together."""
    for k, (count, out, _) in enumerate(outer):
        if out == 1 and count % width == 0:
            return _jammed(shape, outer, k, width)
    return shape


def _jammed(shape: Shape, outer: list[tuple[int, int, tuple[int, ...]]], k: int, jam: int) -> Shape:
    """Loop k of `outer`, moved to the end, by so many turns at once."""
    outer.append(outer.pop(k))
    count, _, operands = outer[-1]
    return shape._replace(jam=jam, moves=tuple(s != 0 for s in operands), rest=count % jam != 0)


def _along(nest: Nest, width: int, strict: bool) -> tuple[str, int]:
    """The loop along which vectors are cheapest: the fewest, and the fewest numbers to be picked one by one."""
    total = nest.size
    best = total * 1.5
    choice = ("", 0)
    if nest.op is entry:
        return choice
    for k, (count, out, operands) in enumerate(nest.outer):
        picked = sum(_kind(s) == 2 for s in operands) + (out != 1)
        cost = total / count * -(-count // width) * (1 + picked * width / 2)
        if cost < best and out != 0:
            best, choice = cost, ("outer", k)
    for k, (count, operands) in enumerate(nest.inner if not strict else ()):
        picked = sum(_kind(s) == 2 for s in operands)
        cost = total / count * (-(-count // width) * (1 + picked * width / 2) + 2)
        if cost < best:
            best, choice = cost, ("inner", k)
    return choice
