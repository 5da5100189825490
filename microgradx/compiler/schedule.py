"""Schedule: a large program as machine code. Its nests, one after the other, each a call of the function of its shape.

Sums of gradients times slopes are computed as plain products first. Only where such a sum came out nan it is computed
once more, carefully: there a gradient of 0 carries nothing, not even an infinite slope.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from ..ops import carry
from .code import Code
from .elements import BIT, DOUBLE, LONG, POINTER, emit, number
from .layout import Memory, groups
from .loops import REDUCED, Nest, nests
from .native import Kernel, Place, called, width
from .nests import Writer
from .program import Program
from .shapes import Shape, shaped
from .trace import unhindered

AXES = 6            # loops of a careful sum, over results and over terms


def looped(p: Program, place: Place, strict: bool) -> Kernel:
    """A program as loops."""
    with unhindered():
        return _looped(p, place, strict)


def _looped(p: Program, place: Place, strict: bool) -> Kernel:
    memory, found = min((_loops(p, place, strict, late) for late in (False, True)), key=lambda both: len(both[1]))
    for slot, x in memory.constants.items():
        place.memory[slot] = x
    module = ir.Module("loops")
    functions: dict[Shape, tuple[int, Any]] = {}
    tables: list[int] = []
    careful: list[int] = []
    calls: list[tuple[int, int, int, int]] = []         # function, its table, careful table, first to be done again
    for nest, parts in found:
        shape, table = shaped(nest, width(), strict)
        if shape not in functions:
            writer = Writer(module, f"f{len(functions)}", shape, width(), strict)
            functions[shape] = len(functions), writer.write()
        again = len(calls) + 1 - parts if parts and is_chain(nest) else -1
        calls.append((functions[shape][0], len(tables), len(careful), again))
        tables += table
        if is_chain(nest):
            careful += _padded(nest)
    data = np.array(calls, np.int64), np.array(tables, np.int64), np.array(careful, np.int64)
    _kernel(module, [function for _, function in functions.values()], *data)
    return Kernel(module, place, memory.results, len(p.results), called(p, strict), data, len(calls))


def _loops(p: Program, place: Place, strict: bool, late: bool) -> tuple[Memory, list[tuple[Nest, int]]]:
    """All nests in order; with the last one of a group how many it has, with the others 0."""
    memory = groups(p, place.inputs, place.given + 1, late)
    found: list[tuple[Nest, int]] = []
    for group in memory.groups:
        inside = [part for nest in nests(group, place.status, strict) for part in _within(nest)]
        found += [(nest, len(inside) * (k + 1 == len(inside))) for k, nest in enumerate(inside)]
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


def _kernel(module: Any, functions: list[Any], calls: Any, tables: Any, careful: Any) -> None:
    """void kernel(double *memory): all calls in order."""
    kind = ir.ArrayType(POINTER, len(functions))
    known = ir.GlobalVariable(module, kind, "functions")
    known.global_constant, known.initializer = True, ir.Constant(kind, functions)
    again = _careful(module)
    code = Code(module, "kernel", [POINTER])
    b, (memory,) = code.b, code.args
    start, table, slow = (b.inttoptr(LONG(a.ctypes.data), POINTER) for a in (calls, tables, careful))
    with code.loop(0, LONG(len(calls)), 1, BIT(0)) as (k, (before,), new):
        which, at, _, first = (code.get(start, b.add(b.mul(k, LONG(4)), LONG(j)), LONG) for j in range(4))
        nest = code.get(known, which, ir.FunctionType(BIT, [POINTER, POINTER]).as_pointer())
        bad = b.or_(before, b.call(nest, [memory, code.at(table, at, LONG)]))
        ends = b.icmp_signed(">=", first, LONG(0))              # of a sum's last part
        with b.if_then(b.and_(bad, ends), likely=False), code.loop(first, b.add(k, LONG(1)), 1) as (j, _, _):
            at = code.get(start, b.add(b.mul(j, LONG(4)), LONG(2)), LONG)
            b.call(again, [memory, code.at(slow, at, LONG)])
        new[:] = [b.select(ends, BIT(0), bad)]
    b.ret_void()


def _careful(module: Any) -> Any:
    """void careful(double *memory, long *table): a sum in which a gradient of 0 carries nothing."""
    shape = Shape(carry, 2, AXES, AXES, "", (), False)
    writer = Writer(module, "careful", shape, width(), True)
    b = writer.b
    slots = writer.many(3)
    more = b.icmp_signed("!=", writer.next(), LONG(0))
    outer, inner = [writer.many(4) for _ in range(AXES)], [writer.many(3) for _ in range(AXES)]

    def result(at: list[Any]) -> None:
        out = writer.address(at[0])
        start = b.select(more, b.load(out, typ=DOUBLE), number(0.0, DOUBLE))
        total, = writer.summed(inner, at[1:], [start], term)
        b.store(total, out)

    def term(at: list[Any], totals: list[Any]) -> list[Any]:
        xs = [writer.get(writer.memory, slot) for slot in at]
        return [b.fadd(totals[0], emit(b, carry, xs, True))]

    writer.each(outer, slots, result)
    b.ret(BIT(0))
    return writer.function
