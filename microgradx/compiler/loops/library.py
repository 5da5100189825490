"""Library: the cache of compiled functions, one for each shape, which all programs of the process share.

    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.library import addresses
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> shape = Shape(mul, 2, 0, 0, "outer", (1, 1, 0))
    >>> addresses({shape: 1000}, strict=False) == addresses({shape: 10}, strict=False)
    True

Programs for sequences of seven and of eight letters differ in counts and slots, which are in tables, and have few
shapes of their own. A function with little work is compiled at optimisation level 0, in a quarter of the time.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from llvmlite import ir

from ..native.engine import load, width
from ..native.instructions import called
from .map_code import Results
from .reduce_code import Terms
from .scalar_code import Writer
from .shapes import Shape

WRITERS = {"": Writer, "outer": Results, "inner": Terms}        # by the loop along which vectors lie
LITTLE = 256        # "little work": so many numbers computed, or read for a sum, in a run of the program

_known: dict[tuple[Shape, bool], tuple[int, int]] = {}          # optimisation level and address
_engines: list[Any] = []                # keeps machine code alive as long as the process
_one_at_a_time = Lock()


def addresses(work: Mapping[Shape, int], strict: bool) -> dict[Shape, int]:
    """The address of the function of each shape, void f(double *memory, long *table). `work` has the size of its work,
    which decides the optimisation level."""
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
        WRITERS[shape.along](module, f"f{k}", shape, width(), strict).write()
    _engines.append(load(module, called([shape.op for shape in shapes], strict), effort))
    for k, shape in enumerate(shapes):
        _known[shape, strict] = effort, _engines[-1][0].get_function_address(f"f{k}")

