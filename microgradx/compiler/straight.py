"""Straight: a small program as one line of machine instructions, without a loop.

    >>> from microgradx import mul
    >>> from microgradx.compiler.layout import groups
    >>> from microgradx.compiler.program import Program
    >>> from microgradx.compiler.straight import straight
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(mul, (x, x))]
    >>> print(*straight(p, [0], 1, 2).blocks[0].instructions[-2:], sep="\\n")   # doctest: +ELLIPSIS
    store double ...
    ret void
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from .elements import DOUBLE, LONG, POINTER, VOID, emit, number
from .program import Program


def straight(p: Program, inputs: Sequence[int], results: int, status: int, strict: bool = False) -> Any:
    """void kernel(double *memory): inputs are read at these slots, results written from slot `results` on."""
    module = ir.Module("straight")
    function = ir.Function(module, ir.FunctionType(VOID, [POINTER]), "kernel")
    b = ir.IRBuilder(function.append_basic_block())
    memory, = function.args

    def at(slot: int) -> Any:
        return b.gep(memory, [LONG(slot)], source_etype=DOUBLE)

    value: dict[int, Any] = {i: number(x, DOUBLE) for i, x in p.numbers.items()}
    for i, slot in zip(p.inputs, inputs):
        value[i] = b.load(at(slot), typ=DOUBLE)
    for i, (op, args) in enumerate(zip(p.ops, p.args)):
        if op is not None:
            xs = [value[a] for a in args]
            value[i] = taken(b, xs, at(status)) if op.name == "take" else emit(b, op, xs, strict)
    for k, r in enumerate(p.results):
        b.store(value[r], at(results + k))
    b.ret_void()
    return function


def taken(b: Any, xs: list[Any], status: Any) -> Any:
    """The entry of a table; 1 goes to `status` where the index is none of its entries."""
    *table, i = xs
    found, known = number(float("nan"), DOUBLE), number(0.0, DOUBLE)
    for k, x in enumerate(table):
        here = b.fcmp_ordered("==", i, number(float(k), DOUBLE))
        found, known = b.select(here, x, found), b.select(here, number(1.0, DOUBLE), known)
    wrong = b.fcmp_ordered("==", known, number(0.0, DOUBLE))
    b.store(b.select(wrong, number(1.0, DOUBLE), b.load(status, typ=DOUBLE)), status)
    return found


