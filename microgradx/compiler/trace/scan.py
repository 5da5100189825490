"""Scan: what jit makes of scan() and fori_loop(): one recorded step and a Loop, where the steps are alike.

    >>> from microgradx import fori_loop, jit
    >>> f = jit(lambda x: fori_loop(0, 1000, lambda i, y: y + i * x, 0.0), backend="python")
    >>> f(2.0), f.report().traced < 10
    (999000.0, True)
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...engine import Value, tracer
from ...ieee import number
from ...loops import pair, stacked
from ...nesting import are_leaves, branches, is_leaf, is_module, regrown
from .body import LoopBody, made, recorded, replayed
from .errors import TracingError
from .loop import PART, looped

LEAST, FEW = 4, 64                      # steps that a loop has, and operations in all of them: fewer are written out


def scanned(f: Callable[[Any, Any], Any], init: Any, rows: Sequence[Any], reverse: bool) -> Any:
    """What scan() returns, by one recorded step; None if each step must be recorded, with the reason in `unrolled`."""
    trace, count = tracer(), len(rows)
    if count < LEAST:
        return None
    if trace.unrolls or trace.state.inside:
        trace.state.unrolled.append("it is within another" if trace.state.inside else "strict sums keep their order")
        return None
    before = trace.state.snapshot(), dict(trace.versions)
    try:
        found = _scanned(trace, f, init, rows, reverse)
        if not trace.state.differs(before[0]) and before[1].keys() == trace.versions.keys():
            return found
        trace.state.unrolled.append("f sets or draws a number")
    except Uneven as why:
        trace.state.unrolled.append(str(why))
    except TracingError as why:
        trace.state.unrolled.append(str(why).partition(";")[0])
    trace.state.restore(before[0])
    trace.versions.clear()
    trace.versions |= before[1]
    return None


class Uneven(Exception):
    """The steps are not alike."""


def _scanned(trace: Any, f: Callable[[Any, Any], Any], init: Any, rows: Sequence[Any], reverse: bool) -> Any:
    count, first = len(rows), everything(init)
    counts = isinstance(rows, range)                        # a fori_loop: the count is carried along
    template, columns = ([], []) if counts else _columns(rows)
    places = [k for k, x in enumerate(first) if is_leaf(x)]
    outer, trees = trace.path, []

    def step(carries: list[Any], _: list[Any], xs: list[Any]) -> tuple[list[Any], list[Any]]:
        x = carries[-1] if counts else filled(rows[0], template, xs)
        new, y = pair(f(filled(init, first, carries), x), init)
        after, given = everything(new), everything(y)
        if any(a is not b and a != b for a, b in zip(after, first) if not is_leaf(b)):
            raise Uneven("f changes a part of the carry that is no number")
        trees.append((new, after, y, given))
        more = [x + (1 - 2 * reverse)] if counts else []
        return [*(after[k] for k in places), *more], [x for x in given if is_leaf(x)]

    start = [x if isinstance(x, Value) else number(x) for x in first if is_leaf(x)]
    start += [float(rows[-1 if reverse else 0])] if counts else []
    body, constants = recorded(step, len(start), (), len(columns))
    (new, after, y, given), = trees
    columns = [trace.inputs(column) for column in columns]
    init_now = list(trace.inputs(start))
    size = sum(len(made(part)) for part in body.parts)
    if count * size <= FEW:
        return _written_out(body, init_now, constants, columns, reverse, trees[0], count)
    node = looped(body, count, init_now, constants, columns, reverse)
    picked = [_picked(trace, node, float(k), outer) for k in range(len(places))]
    ys = [[_picked(trace, node, node.op.place(j, t), outer) for t in range(count)]
          for j in range(sum(map(is_leaf, given)))]
    if is_leaf(y) or y is None:                             # most often
        return filled(new, after, picked), ys[0] if ys else None
    by_step = zip(*ys) if ys else [()] * count
    return filled(new, after, picked), stacked([filled(y, given, row) for row in by_step])


def _picked(trace: Any, node: Any, place: float, path: str | None) -> Any:
    part = trace.traced(PART, node, place)
    return part if path is not None else trace.number(part)


def _written_out(body: LoopBody, carry: list[Any], constants: list[Any], columns: list[Any], reverse: bool, trees: Any,
                 count: int) -> Any:
    """The same for a loop that is small: step after step."""
    new, after, y, given = trees
    ys: list[Any] = [None] * count
    for t in reversed(range(count)) if reverse else range(count):
        found = replayed(body, [*carry, *constants, *(column[t] for column in columns)])
        carry, ys[t] = found[:len(carry)], filled(y, given, found[len(carry):])
    return filled(new, after, carry), stacked(ys)


def everything(tree: Any) -> list[Any]:
    """All that a nesting holds, numbers and what is none. Uneven for a Module."""
    inner = branches(tree)
    if inner is not None:
        return [x for branch in inner for x in everything(branch)]
    if is_module(tree):
        raise Uneven("a Module is carried along")
    return [tree]


def filled(tree: Any, held: list[Any], numbers: Iterable[Any]) -> Any:
    """The nesting, which holds these, with the next of `numbers` for each that is one."""
    left = iter(numbers)
    new = iter([next(left) if is_leaf(x) else x for x in held])

    def fill(tree: Any) -> Any:
        inner = branches(tree)
        return next(new) if inner is None else regrown(tree, [fill(branch) for branch in inner])
    return fill(tree)


def _columns(rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What the first row holds, and the numbers of all rows, column by column. Uneven if rows differ in more."""
    if are_leaves(rows):                                    # most often
        return [0.0], [rows]
    flat = [row if row.__class__ is list and are_leaves(row) else everything(row) for row in rows]
    columns = []
    if len(set(map(len, flat))) > 1:
        raise Uneven("xs have several structures")
    for column in zip(*flat):
        if are_leaves(column) or all(map(is_leaf, column)):
            columns.append([x if isinstance(x, Value) else number(x) for x in column])
        elif any(x is not column[0] and (is_leaf(x) or is_leaf(column[0]) or x != column[0]) for x in column):
            raise Uneven("xs differ in more than numbers")
    return flat[0], columns
