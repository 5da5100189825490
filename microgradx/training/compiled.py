"""The only place where training imports the compiler, and only for fit(..., jit=True) or evaluate(..., jit=True).

    >>> from microgradx.training.compiled import compiler
    >>> compiler().jit(lambda x: x * x)(3.0)
    9.0

The compiler imports training's optimisers: at the top of a file this import would be circular, and training without the
compiler would have to wait for it.
"""
from types import ModuleType

from ..interrupts import held


def compiler() -> ModuleType:
    """The package microgradx.compiler, imported by the first call."""
    with held():
        from .. import compiler as package
    return package
