"""The native back end: LLVM code for a program, one basic block for a small program, loops for a large one.

    >>> from microgradx import mul
    >>> from microgradx.compiler.native_backend import compiled
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(mul, (x, x))]
    >>> kernel = compiled(p)
    >>> kernel.run([3.0])
    [9.0]
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from .ir.program import Program
from .native.instructions import called
from .native.kernel import Kernel
from .native.place import Memory, Sizes, placed
from .native.straight import is_small, straight


def compiled(p: Program, blocks: Mapping[int, int] | None = None, strict: bool = False,
             arrays: Sequence[tuple[int, Sizes]] = (), results: Sequence[tuple[int, Sizes]] = (),
             like: Kernel | None = None) -> Kernel:
    """The kernel of a program, `like` that of another length. For the other arguments see placed()."""
    place = placed(p, blocks or {}, arrays, results)
    if is_small(p):
        module = straight(p, place, strict).module
        memory = Memory(place.start + len(p.results), [], {}, place.start)
        kernel = Kernel(module, place, memory, len(p.results), called(p.ops, strict))
    else:
        from .loops.schedule import looped  # slow to import: a dozen modules that small programs do not need
        kernel = looped(p, place, strict, like)
    kernel.closures, kernel.waits = p.closures, p.waits()
    return kernel
