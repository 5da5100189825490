"""Straight: compiles a small program to one basic block of machine instructions, without a loop.

    >>> from microgradx import mul
    >>> from microgradx.compiler.ir.program import Program
    >>> from microgradx.compiler.native.straight import straight
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(mul, (x, x))]
    >>> from microgradx.compiler.native.place import placed
    >>> print(*straight(p, placed(p, {})).blocks[0].instructions[-2:], sep="\\n")    # doctest: +ELLIPSIS
    store double ...
    ret void
"""
from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from llvmlite import ir

from ...reductions import entry
from ..ir.program import Program
from ..ir.repeat import Structure
from .instructions import BIT, LONG, POINTER, VOID, emit, number, real
from .place import FIXED, Place, crossed

FLAT = 500                              # edges, inputs or results that a program of one basic block may have


def is_small(p: Program) -> bool:
    """Whether a program compiles to one basic block."""
    size = max(sum(map(len, p.args)), len(p.inputs), len(p.results))
    return size <= FLAT and not any(isinstance(op, Structure) for op in p.ops)


def straight(p: Program, place: Place, strict: bool = False) -> Any:
    """The function void kernel(number *memory), which loads its inputs from their slots and stores its results in
    theirs; numbers from place.start on."""
    module, kind = ir.Module("straight"), real(p.dtype)
    function = ir.Function(module, ir.FunctionType(VOID, [POINTER]), "kernel")
    b = ir.IRBuilder(function.append_basic_block())
    memory, = function.args
    bases: dict[int, Any] = {0: memory}

    def at(slot: int) -> Any:
        region, _, slot = crossed(slot) or (0, 0, slot)
        if region == FIXED:
            return b.inttoptr(LONG(p.dtype.size * slot), POINTER)
        if region not in bases:
            bases[region] = b.load(b.gep(memory, [LONG(place.pointers + region)], source_etype=POINTER), typ=POINTER)
        return b.gep(bases[region], [LONG(slot)], source_etype=kind)

    found, wrong = line(b, p, [b.load(at(slot), typ=kind) for slot in place.inputs], strict)
    free = count(place.start)
    for k, x in enumerate(found):
        b.store(x, at(place.outputs[k] if k in place.outputs else next(free)))
    if wrong is not None:
        set_flag(b, wrong, at(place.status), kind)
    b.ret_void()
    return function


def line(b: Any, p: Program, given: Sequence[Any], strict: bool) -> tuple[list[Any], Any]:
    """Emit a program: its results at these inputs, and a bit that is set if an index was outside of its table, None if
    there is no table."""
    kind = real(p.dtype)
    value: dict[int, Any] = {i: number(x, kind) for i, x in p.numbers.items()} | dict(zip(p.inputs, given))
    wrong = None
    for i, (op, args) in enumerate(zip(p.ops, p.args)):
        xs = [value[a] for a in args]
        if op is entry:
            value[i], outside = taken(b, xs)
            wrong = outside if wrong is None else b.or_(wrong, outside)
        elif op is not None:
            value[i] = emit(b, op, xs, strict)
    return [value[r] for r in p.results], wrong


def taken(b: Any, xs: list[Any]) -> tuple[Any, Any]:
    """The entry of a table, and a bit that is set if the index is outside of the table."""
    *table, i = xs
    found, known = number(float("nan"), i.type), BIT(0)
    for k, x in enumerate(table):
        here = b.fcmp_ordered("==", i, number(float(k), i.type))
        found, known = b.select(here, x, found), b.or_(known, here)
    return found, b.not_(known)


def set_flag(b: Any, wrong: Any, status: Any, kind: Any) -> None:
    """Store 1 at `status`, a number of this type, if the bit is set."""
    b.store(b.select(wrong, number(1.0, kind), b.load(status, typ=kind)), status)
