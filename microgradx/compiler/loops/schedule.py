"""Schedule: a large program as machine code. Its nests, one after the other, each a call of the function of its shape.

Sums of gradients times slopes are computed as plain products first. Only where such a sum came out nan it is computed
once more, carefully: there a gradient of 0 carries nothing, not even an infinite slope.
"""
from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir

from ..ir.program import Program
from ..native.builder import Code
from ..native.engine import width
from ..native.instructions import BIT, LONG, POINTER
from ..native.kernel import Kernel, Place
from ..trace.trace import unhindered
from .compose import composed
from .edges import EdgeArrays
from .library import AXES, CAREFUL, LITTLE, addresses
from .memory_layout import Memory, groups
from .nests import LARGE, REDUCED, Nest, nests
from .shapes import Shape, shaped


def looped(p: Program, place: Place, strict: bool) -> Kernel:
    """A program as loops."""
    with unhindered():
        return _looped(p, place, strict)


def _looped(whole: Program, place: Place, strict: bool) -> Kernel:
    p = composed(whole, strict)
    memory, found = _fewest(p, place, strict)
    for slot, x in memory.constants.items():
        place.memory[slot] = x
    work: dict[Shape, int] = {CAREFUL: 0}
    tables: list[int] = []
    careful: list[int] = []
    calls: list[tuple[Shape, int, int, int]] = []       # function, its table, careful table, first to be done again
    for nest, parts in found:
        shape, table = shaped(nest, width(), strict)
        again = len(calls) + 1 - parts if parts and is_chain(nest) else -1
        calls.append((shape, len(tables), len(careful), again))
        work[shape] = work.get(shape, 0) + nest.size
        tables += table
        if is_chain(nest):
            careful += _padded(nest)
    function = addresses(work, strict)
    rows = [(function[shape], *rest) for shape, *rest in calls]
    data = np.array(rows, np.int64), np.array(tables, np.int64), np.array(careful, np.int64)
    module = ir.Module("loops")
    _kernel(module, function[CAREFUL], *data)
    effort = int(len(calls) > LITTLE)                   # of few calls the driver has little to do as well
    return Kernel(module, place, memory.results, len(p.results), (), data, len(calls), effort)


Found = tuple[Memory, list[tuple[Nest, int]]]


def _fewest(p: Program, place: Place, strict: bool) -> Found:
    """The schedule with the fewest loops; the late one alone where its loops are long."""
    edges = EdgeArrays(p)
    late: Found = _loops(p, edges, place, strict, True)
    if len(edges.nodes) > LARGE * len(late[1]):
        return late
    early: Found | None = _loops(p, edges, place, strict, False, len(late[1]))
    return min(late, early, key=lambda found: len(found[1])) if early else late


def _loops(p: Program, edges: EdgeArrays, place: Place, strict: bool, late: bool, most: float = math.inf) -> Any:
    """All nests in order; with the last one of a group how many it has, with the others 0. None if there are more than
    `most`."""
    memory = groups(p, place.inputs, place.given + 1, late, edges)
    found: list[tuple[Nest, int]] = []
    for group in memory.groups:
        inside = [part for nest in nests(group, place.status, strict) for part in _within(nest)]
        found += [(nest, len(inside) * (k + 1 == len(inside))) for k, nest in enumerate(inside)]
        if len(found) > most:
            return None
    return memory, found


def is_chain(nest: Nest) -> bool:
    """Whether it is a sum of gradients times slopes, or a part of one."""
    return nest.op in REDUCED and nest.op.name == "chain" and len(nest.operands) == 2


def _within(nest: Nest) -> list[Nest]:
    """A nest, in parts where it has more loops than a careful sum can have."""
    if not is_chain(nest) or max(len(nest.outer), len(nest.inner)) <= AXES:
        return [nest]
    if len(nest.outer) > AXES:
        count, step, steps = nest.outer[0]
        parts = [nest._replace(out=nest.out + k * step, operands=_moved(nest.operands, steps, k), outer=nest.outer[1:])
                 for k in range(count)]
    else:
        count, steps = nest.inner[0]
        parts = [nest._replace(operands=_moved(nest.operands, steps, k), inner=nest.inner[1:], more=nest.more or k > 0)
                 for k in range(count)]
    return [part for whole in parts for part in _within(whole)]


def _moved(operands: tuple[int, ...], steps: tuple[int, ...], k: int) -> tuple[int, ...]:
    return tuple([first + k * step for first, step in zip(operands, steps)])


def _padded(nest: Nest) -> list[int]:
    """The table of a careful sum: loops that are not there run once."""
    outer = [(1, 0, (0, 0))] * (AXES - len(nest.outer)) + list(nest.outer)
    inner = [(1, (0, 0))] * (AXES - len(nest.inner)) + list(nest.inner)
    return [nest.out, *nest.operands, int(nest.more), *[x for n, s, ss in outer for x in (n, s, *ss)],
            *[x for n, ss in inner for x in (n, *ss)]]


def _kernel(module: Any, careful_address: int, calls: Any, tables: Any, careful: Any) -> None:
    """void kernel(double *memory): all calls in order."""
    code = Code(module, "kernel", [POINTER])
    b, (memory,) = code.b, code.args
    kind = ir.FunctionType(BIT, [POINTER, POINTER]).as_pointer()
    start, table, slow = (b.inttoptr(LONG(a.ctypes.data), POINTER) for a in (calls, tables, careful))
    again = b.inttoptr(LONG(careful_address), kind)
    with code.loop(0, LONG(len(calls)), 1, BIT(0)) as (k, (before,), new):
        row = b.mul(k, LONG(4))
        nest = code.get(start, row, kind)
        at, first = (code.get(start, b.add(row, LONG(j)), LONG) for j in (1, 3))
        bad = b.or_(before, b.call(nest, [memory, code.at(table, at, LONG)]))
        ends = b.icmp_signed(">=", first, LONG(0))              # of a sum's last part
        with b.if_then(b.and_(bad, ends), likely=False), code.loop(first, b.add(k, LONG(1)), 1) as (j, _, _):
            at = code.get(start, b.add(b.mul(j, LONG(4)), LONG(2)), LONG)
            b.call(again, [memory, code.at(slow, at, LONG)])
        new[:] = [b.select(ends, BIT(0), bad)]
    b.ret_void()
