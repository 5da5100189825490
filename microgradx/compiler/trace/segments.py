"""Segments: all steps of a loop recorded, as one loop, or as a loop of loops, whose derivative keeps less.

    >>> from microgradx import grad, jit, scan
    >>> from microgradx.compiler.trace import scan as long
    >>> f = jit(grad(lambda x: scan(lambda y, _: (y * x + 1.0, None), x, length=1000)[0]), backend="python")
    >>> before, long.KEPT = long.KEPT, 100
    >>> f(0.5), f.report().scans, f.report().kept_bytes < 1000
    (4.0, 7, True)
    >>> long.KEPT = before
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any

from ...engine import tracer
from .body import LoopBody, recorded, replayed
from .loop import PART, looped

Found = tuple[list[Any], list[list[Any]]]       # the last carries, and the y of all steps, column by column


def whole(body: LoopBody, count: int, init: Sequence[Any], constants: Sequence[Any], columns: Sequence[Any],
          reverse: bool) -> Found:
    """What one loop gives."""
    ys = range(len(body.results) - len(init))
    node = looped(body, count, init, constants, columns, reverse)
    part = tracer().traced
    return parts(node, len(init)), [[part(PART, node, node.op.place(j, t)) for t in range(count)] for j in ys]


def parts(node: Any, count: int) -> list[Any]:
    """The first numbers of the block of a loop: its last carries."""
    return [tracer().traced(PART, node, float(k)) for k in range(count)]


def written(body: LoopBody, count: int, init: Sequence[Any], constants: Sequence[Any], columns: Sequence[Any],
            reverse: bool) -> Found:
    """The same, step after step."""
    carry, c = list(init), len(init)
    ys: list[list[Any]] = [[None] * count for _ in body.results[c:]]
    for t in reversed(range(count)) if reverse else range(count):
        found = replayed(body, [*carry, *constants, *(column[t] for column in columns)])
        carry = found[:c]
        for column, y in zip(ys, found[c:]):
            column[t] = y
    return carry, ys


def split(body: LoopBody, count: int, init: Sequence[Any], constants: Sequence[Any], columns: Sequence[Any],
          reverse: bool, size: int = 0, each: Callable[..., Found] = whole) -> Found:
    """The same by a loop of segments, each a loop of sqrt(count) steps: the derivative keeps the carries before each
    segment, and computes those within one anew when it comes there. (Griewank and Walther, Algorithm 799, 2000)

    size    how many steps a segment has; by default sqrt(count)
    each    how the steps of a segment are recorded: written() for those that machine code computes side by side

    The steps that are left over, at the end of the list, are a loop of their own. The bits are those of whole().
    """
    size = size or isqrt(count)
    full = count // size * size

    def segment(carries: list[Any], fixed: list[Any], xs: list[Any]) -> tuple[list[Any], list[Any]]:
        ends, ys = each(body.copy(), size, carries, fixed, [xs[k:k + size] for k in range(0, len(xs), size)], reverse)
        return ends, [y for column in ys for y in column]

    def segments(carry: list[Any]) -> Found:
        outer, free = recorded(segment, len(carry), constants, size * len(columns))
        strided = [x[k:full:size] for x in columns for k in range(size)]
        carry, found = whole(outer, count // size, carry, free, strided, reverse)
        return carry, [[y for row in zip(*found[j:j + size]) for y in row] for j in range(0, len(found), size)]

    def rest(carry: list[Any]) -> Found:
        return whole(body.copy(), count - full, carry, constants, [x[full:] for x in columns], reverse)
    if full == count:
        return segments(list(init))
    first, then = (rest, segments) if reverse else (segments, rest)
    carry, ys = first(list(init))
    carry, more = then(carry)
    return carry, [[*b, *a] if reverse else [*a, *b] for a, b in zip(ys, more)]
