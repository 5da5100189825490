"""Scan: what jit makes of scan() and its kin: one recorded step and a Loop, where the steps are alike.

    >>> from microgradx import fori_loop, jit
    >>> f = jit(lambda x: fori_loop(0, 1000, lambda i, y: y + i * x, 0.0), backend="python")
    >>> f(2.0), f.report().traced < 10
    (999000.0, True)
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from ...engine import Value, tracer
from ...ieee import number
from ...loops import pair, same, stacked
from ...nesting import are_leaves, branches, is_leaf, is_module, regrown
from .body import made, recorded
from .errors import TracingError, refuse_step, refuse_truth
from .loop import looped
from .segments import parts, split, whole, written

LEAST, FEW = 4, 64                      # steps that a loop has, and operations in all of them: fewer are written out
MUCH = 20_000                           # the same for vmap(): more are a loop of blocks of so many operations at most,
NARROW, BLOCK = 16, 256                 # and of as many samples, which machine code computes side by side;
LANE = 300                              # of so many operations a sample has a lane, and no block is written
KEPT = 2**22                            # carries of all steps, 32 MB: of more, the derivative computes most anew


def scanned(f: Callable[[Any, Any], Any], init: Any, rows: Sequence[Any], reverse: bool, who: str,
            samples: bool = False) -> Any:
    """What scan() returns, by one recorded step; None if each step must be recorded, with the reason in `unrolled`.

    samples     whether the steps are those of vmap(), which nothing connects
    """
    trace, count = tracer(), len(rows)
    if count < LEAST:
        return None
    if trace.unrolls:
        trace.state.unrolled.append("strict sums keep their order")
        return None
    before = trace.state.snapshot(), dict(trace.versions)
    try:
        found = _scanned(trace, f, init, rows, reverse, who, samples)
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


def _scanned(trace: Any, f: Callable[[Any, Any], Any], init: Any, rows: Sequence[Any], reverse: bool, who: str,
             samples: bool) -> Any:
    count, first = len(rows), everything(init)
    counts = isinstance(rows, range)                        # a fori_loop: the count is carried along
    template, columns = ([], []) if counts else _columns(rows)
    places = [k for k, x in enumerate(first) if is_leaf(x)]
    outer, trees = trace.path, []

    def step(carries: list[Any], _: list[Any], xs: list[Any]) -> tuple[list[Any], list[Any]]:
        x = carries[-1] if counts else filled(rows[0], template, xs)
        new, y = pair(f(filled(init, first, carries), x), init, who)
        after, given = everything(new), everything(y)
        if changed(after, first):
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
    small = count * size <= (MUCH if samples else FEW)
    block = min(MUCH // size, BLOCK) if samples and size > LANE else 0
    way: Any = (written if small else partial(split, size=block, each=written) if block >= NARROW else
                split if count * len(init_now) > KEPT else whole)
    ends, ys = way(body, count, init_now, constants, columns, reverse)
    if outer is None and not small:
        ends, ys = list(map(trace.number, ends)), [list(map(trace.number, column)) for column in ys]
    picked = ends[:len(places)]
    if is_leaf(y) or y is None:                             # most often
        return filled(new, after, picked), ys[0] if ys else None
    by_step = zip(*ys) if ys else [()] * count
    return filled(new, after, picked), stacked([filled(y, given, row) for row in by_step])


def repeated(holds: Any, cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    """What while_loop() returns, by one recorded step from `init` on, of which cond_fun gives `holds`. TracingError for
    a step that needs to be recorded each time."""
    trace, first = tracer(), everything(init, modules=True)
    if trace.unrolls and not trace.exact:
        refuse_truth()                                          # for another language, which has no such loops
    before = trace.state.snapshot(), dict(trace.versions)

    def step(carries: list[Any], _: list[Any], __: list[Any]) -> tuple[list[Any], list[Any]]:
        new = same(body_fun(filled(init, first, carries[1:])), init, "while_loop: body_fun")
        after = everything(new, modules=True)
        if changed(after, first):
            refuse_step("changes a part of its value that is no number")
        go_on = cond_fun(new)
        return [go_on if isinstance(go_on, Value) else float(bool(go_on)), *filter(is_leaf, after)], []
    start = [holds, *(x if isinstance(x, Value) else number(x) for x in first if is_leaf(x))]
    body, constants = recorded(step, len(start), (), 0)
    if trace.state.differs(before[0]) or before[1].keys() != trace.versions.keys():
        refuse_step("sets or draws a number")
    node = looped(body, None, trace.inputs(start), constants, [], False)
    found = parts(node, len(start))[1:]
    return filled(init, first, found if trace.path is not None else map(trace.number, found))


def everything(tree: Any, modules: bool = False) -> list[Any]:
    """All that a nesting holds, numbers and what is none. Uneven for a Module, unless it stays what it is."""
    inner = branches(tree)
    if inner is not None:
        return list(inner) if are_leaves(inner) else [x for branch in inner for x in everything(branch, modules)]
    if is_module(tree) and not modules:
        raise Uneven("a Module is carried along")
    return [tree]


def changed(after: list[Any], first: list[Any]) -> bool:
    """Whether a part that is no number has become another one."""
    return any(a is not b and a != b for a, b in zip(after, first) if not is_leaf(b))


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
