"""Library: the cache of compiled functions, one for each shape, which all programs of the process share.

    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.library import addresses
    >>> from microgradx.compiler.loops.shapes import Shape
    >>> shape = Shape(mul, 2, 0, 0, "outer", (1, 1, 0))
    >>> addresses([shape], strict=False) == addresses([shape], strict=False)
    True

Programs for sequences of seven and of eight letters differ in counts and slots, which are in tables, and have few
shapes of their own.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from llvmlite import ir

from ...locks import lock
from ..ir.dtype import FLOAT64, Dtype
from ..native.engine import Loaded, load, width
from ..native.instructions import called
from .map_code import Results
from .reduce_code import Terms
from .scalar_code import Writer
from .shapes import Shape, wider

WRITERS = {"": Writer, "outer": Results, "inner": Terms}        # by the loop along which vectors lie

_known: dict[tuple[Shape, bool, Dtype], int] = {}               # addresses
_code: list[Loaded] = []                # keeps machine code alive as long as the process
_one_at_a_time = lock()


def addresses(shapes: Iterable[Shape], strict: bool, dtype: Dtype = FLOAT64) -> dict[Shape, int]:
    """The address of a function for each shape, void f(number *memory, long *table)."""
    with _one_at_a_time:
        shapes = list(shapes)
        there = {*shapes, *(shape for shape, *rest in _known if rest == [strict, dtype])}
        served = {shape: next((more for more in wider(shape) if more in there), shape) for shape in shapes}
        new = [shape for shape in dict.fromkeys(served.values()) if (shape, strict, dtype) not in _known]
        if new:
            _compile(new, strict, dtype)
        return {shape: _known[served[shape], strict, dtype] for shape in shapes}


def _compile(shapes: Sequence[Shape], strict: bool, dtype: Dtype) -> None:
    module = ir.Module("shapes")
    for k, shape in enumerate(shapes):
        WRITERS[shape.along](module, f"f{k}", shape, width(dtype), strict, dtype).write()
    _code.append(load(module, called([shape.op for shape in shapes], strict)))
    for k, shape in enumerate(shapes):
        _known[shape, strict, dtype] = _code[-1].address(f"f{k}")
