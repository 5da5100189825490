"""Library: the functions of all shapes that this process has met, compiled once each and shared by its programs.

    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.library import addresses
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> shape = Shape(mul, 2, 0, 0, "outer", (1, 1, 0))
    >>> addresses({shape: 1000}, strict=False) == addresses({shape: 10}, strict=False)
    True

Sequences of seven letters and of eight differ in their counts and slots, which stand in tables, and in few shapes. A
function that has little to do is compiled in haste: it takes a quarter of the time.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from llvmlite import ir

from ...ops import carry
from ..native.engine import load, width
from ..native.instructions import BIT, DOUBLE, LONG, called, carried, number
from .map_code import Results
from .reduce_code import Terms
from .scalar_code import Writer
from .shapes import Shape

WRITERS = {"": Writer, "outer": Results, "inner": Terms}        # by the loop along which vectors lie
AXES = 6            # loops of a careful sum, over results and over terms
CAREFUL = Shape(carry, 2, AXES, AXES)

LITTLE = 256        # numbers that a function computes, or reads for a sum, in a run of the program

_known: dict[tuple[Shape, bool], tuple[int, int]] = {}          # with which effort it was compiled, and its address
_engines: list[Any] = []                # machine code stays as long as the process
_one_at_a_time = Lock()


def addresses(work: Mapping[Shape, int], strict: bool) -> dict[Shape, int]:
    """The address of the function of each shape, i1 f(double *memory, long *table), by how much it has to do. CAREFUL
    may be one of them."""
    with _one_at_a_time:
        for effort in (0, 1):
            new = [shape for shape, size in work.items()
                   if (size > LITTLE) == effort and _known.get((shape, strict), (-1,))[0] < effort]
            if new:
                _compile(new, strict, effort)
        return {shape: _known[shape, strict][1] for shape in work}


def _compile(shapes: Sequence[Shape], strict: bool, effort: int) -> None:
    module = ir.Module("shapes")
    for k, shape in enumerate(shapes):
        _written(module, f"f{k}", shape, strict)
    _engines.append(load(module, called([shape.op for shape in shapes], strict), effort))
    for k, shape in enumerate(shapes):
        _known[shape, strict] = effort, _engines[-1][0].get_function_address(f"f{k}")


def _written(module: Any, name: str, shape: Shape, strict: bool) -> None:
    if shape == CAREFUL:
        _careful(Writer(module, name, shape, width(), True))
    else:
        WRITERS[shape.along](module, name, shape, width(), strict).write()


def _careful(writer: Writer) -> None:
    """A sum in which a gradient of 0 carries nothing, whatever its loops; its table says whether it adds to what is
    there."""
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
        g, s = (writer.get(writer.memory, slot) for slot in at)
        return [carried(b, g, s, totals[0], strict=True)]

    writer.each(outer, slots, result)
    b.ret(BIT(0))
