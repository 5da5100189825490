"""Native: LLVM code for a program. Small ones as one straight line, large ones as loops.

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
    """A program as machine code. `blocks` tells the address of each input that lies elsewhere."""
    place = placed(p, blocks or {})
    if is_small(p):
        function = straight(p, place.inputs, place.given + 1, place.status, strict)
        kernel = Kernel(function.module, place, place.given + 1, len(p.results), called(p.ops, strict))
    else:
        from .loops.schedule import looped  # a dozen modules: the first small program need not wait for them
        kernel = looped(p, place, strict)
    kernel.closures = p.closures
    return kernel
