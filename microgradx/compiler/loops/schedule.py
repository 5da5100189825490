"""Schedule: a large program as machine code. Its nests, one after the other, each a call of the function of its shape.

    >>> from microgradx import jit
    >>> f = jit(lambda xs: [2 * x for x in xs], backend="native")
    >>> f([1.0] * 1000)[:2], f.report().loops           # one loop, one call
    ([2.0, 2.0], 1)
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from ..ir.dtype import Dtype
from ..ir.program import Program
from ..ir.repeat import Repeat
from ..native.builder import Code
from ..native.engine import width
from ..native.instructions import LONG, POINTER, VOID
from ..native.kernel import Kernel, Several, Tables
from ..native.place import ORIGINS, Memory, Place, placed
from ..trace.trace import unhindered
from .compose import composed
from .edges import EdgeArrays
from .lane_code import adds
from .lane_code import compiled as in_lanes
from .library import addresses
from .memory_layout import groups, lined
from .nests import LARGE, Nest, nests
from .repeat_code import RepeatNest, fits, place_of_body
from .repeat_code import compiled as repeated
from .repeat_code import nest as repeat
from .several import SampleLanes, read_again, several
from .shapes import Shape, shaped

MOST = 2**23                            # numbers that the memory of several samples has at most, results apart: 64 MB


def looped(p: Program, place: Place, strict: bool, like: Kernel | None = None) -> Kernel:
    """The kernel of a large program.

    like        that of another length: the same levels are taken
    """
    with unhindered():
        return _looped(p, place, strict, like.late if like else None)


def _looped(whole: Program, place: Place, strict: bool, late: bool | None = None) -> Kernel:
    p = composed(whole, strict)
    late, memory, found = fewest(p, place, strict, late)
    kernel = _compiled(memory, found, place, len(p.results), strict)
    kernel.late = late
    kernel.several = None if strict else _several(memory, found, place, len(p.results), ORIGINS[place.regions])
    return kernel


def together(p: Program, place: Place, count: int) -> tuple[Kernel, int] | None:
    """The kernel of a large program for so many samples, whose results lie side by side; see Several."""
    with unhindered():
        _, memory, found = fewest(composed(p, False), place, False)
        return _several(memory, found, place, len(p.results), None)(count)


def _several(memory: Memory, found: list[Nest | RepeatNest], place: Place, results: int, totals: int | None) -> Several:
    """A function that compiles the kernel for several samples; it keeps no more of the memory than it needs."""
    size, numbers, slots = memory.size, memory.constants, range(memory.results, memory.results + results)
    again = read_again(memory.groups, slots)
    used = size if totals is None else size - results

    def compiled(count: int) -> tuple[Kernel, int] | None:
        samples = SampleLanes(count, lined(place.start, place.dtype.line), place.status, slots, totals)
        nests = several(found, samples, again) if used * count <= MOST else None
        constants = {samples.slot(slot) + k: x for slot, x in numbers.items() for k in range(count)}
        whole = Memory(samples.slot(size), [], constants, slots.start)
        return None if nests is None else (_compiled(whole, nests, place, results, False), samples.first)
    return compiled


def _compiled(memory: Memory, found: Sequence[Nest | RepeatNest], place: Place, results: int, strict: bool) -> Kernel:
    """The kernel of these nests, of one sample or of several."""
    tables, dtype = list[int](), place.dtype
    calls: list[tuple[Any, int]] = []                 # shape, start of the table
    for nest in found:
        shape, table = nest if isinstance(nest, RepeatNest) else shaped(nest, width(dtype), strict)
        calls.append((shape, len(tables)))
        tables += table
    shapes = dict.fromkeys(shape for shape, _ in calls)
    function: dict[Any, int] = addresses(
        [shape for shape in shapes if isinstance(shape, Shape)], strict, dtype)
    kept, steps = [], {}
    for op in shapes:
        if isinstance(op, Repeat):
            free = adds(op, strict)
            step = None if free or fits(op) else _looped(op.body, placed(op.body, {}), strict)
            function[op], code = in_lanes(op) if free else repeated(op, strict, step)
            kept.append(code)
            if step is not None:
                steps[op] = step
    inner = [(at + place_of_body(shape), steps[shape]) for shape, at in calls if shape in steps]
    data = np.array([(function[shape], at) for shape, at in calls], np.int64)
    pausing = [at for shape, at in calls if isinstance(shape, Repeat) and shape.count is None]
    numbers = Tables(np.array(tables, np.int64), inner, pausing, dtype)
    module = ir.Module("loops")
    _kernel(module, place, data, numbers.moving, dtype)
    return Kernel(module, place, memory, results, (), numbers, (data, kept), len(calls))


Found = tuple[bool, Memory, list[Nest | RepeatNest]]


def fewest(p: Program, place: Any, strict: bool, known: bool | None = None) -> Found:
    """The schedule with fewer loop nests, of the late and the early one, and whether it is the late one; just the late
    one if its loops are long. Where it is known which one, the other is not made.
    place: a Place, or all of it that says where numbers are (export/c/nested.py)."""
    edges = EdgeArrays(p)
    if known is not None:
        return _loops(p, edges, place, strict, known)  # type: ignore[no-any-return]
    late: Found = _loops(p, edges, place, strict, True)
    if len(edges.nodes) > LARGE * len(late[2]):
        return late
    early: Found | None = _loops(p, edges, place, strict, False, len(late[2]))
    return min(late, early, key=lambda found: len(found[2])) if early else late


def _loops(p: Program, edges: EdgeArrays, place: Any, strict: bool, late: bool, most: float = math.inf) -> Any:
    """Whether it is late, the memory, and all nests in order; None if there are more than `most` nests."""
    memory = groups(p, place.inputs, place.start, late, edges, place.outputs)
    found: list[Any] = []
    for group in memory.groups:
        if isinstance(group.op, Repeat):
            first, columns = np.split(group.inputs[0], [group.op.carries + group.op.constants])
            pairs = [(int(start), int(step)) for start, step in columns.reshape(-1, 2)]
            found.append(repeat(group.op, int(group.slots[0]), first, pairs, place.status))
        else:
            found += nests(group, place.status, strict)
        if len(found) > most:
            return None
    return late, memory, found


def _kernel(module: Any, place: Place, calls: Any, moving: Any, dtype: Dtype) -> None:
    """Emit void kernel(number *memory), which writes what depends on the caller's arrays into the tables, and makes all
    calls in order."""
    code = Code(module, "kernel", [POINTER])
    b, (memory,) = code.b, code.args
    kind = ir.FunctionType(VOID, [POINTER, POINTER]).as_pointer()
    start, rows = (b.inttoptr(LONG(a.ctypes.data), POINTER) for a in (calls, moving))
    table, pointers = code.get(memory, place.tables, POINTER), code.at(memory, place.pointers, POINTER)
    with code.loop(0, LONG(moving.size), moving.shape[1]) as (row, _, _):
        index, *ends, rest = (code.get(rows, b.add(row, LONG(k)), LONG) for k in range(moving.shape[1]))
        a, other = (code.get(pointers, end, LONG) for end in ends)
        b.store(b.add(rest, b.sdiv(b.sub(a, other), LONG(dtype.size))), code.at(table, index, LONG))
    with code.loop(0, LONG(2 * len(calls)), 2) as (row, _, _):
        at = code.get(start, b.add(row, LONG(1)), LONG)
        b.call(code.get(start, row, kind), [memory, code.at(table, at, LONG)])
    b.ret_void()
