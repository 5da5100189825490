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

from collections.abc import Mapping

from .ir.program import Program
from .native.instructions import called
from .native.kernel import Kernel, placed
from .native.straight import is_small, straight


def compiled(p: Program, blocks: Mapping[int, int] | None = None, strict: bool = False) -> Kernel:
    """The kernel of a program. `blocks` has the address of each input that is not in the kernel's own memory."""
    place = placed(p, blocks or {})
    if is_small(p):
        function = straight(p, place.inputs, place.given + 1, place.status, strict)
        kernel = Kernel(function.module, place, place.given + 1, len(p.results), called(p.ops, strict))
    else:
        from .loops.schedule import looped  # slow to import: a dozen modules that small programs do not need
        kernel = looped(p, place, strict)
    kernel.closures = p.closures
    return kernel
