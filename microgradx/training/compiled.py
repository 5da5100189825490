"""The one place where training reaches the compiler, and only when fit(..., jit=True) or evaluate(..., jit=True) asks.

    >>> from microgradx.training.compiled import compiler
    >>> compiler().jit(lambda x: x * x)(3.0)
    9.0

The compiler itself imports training's optimisers: at the head of a file this import would be a circle, and everybody
who trains without the compiler would wait for it.
"""
from types import ModuleType


def compiler() -> ModuleType:
    """The package microgradx.compiler, imported by the first call."""
    from .. import compiler as package
    return package
