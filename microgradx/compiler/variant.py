"""Variant: a function compiled for one structure of its arguments.

    >>> from microgradx import jit
    >>> product = jit(lambda x, y: x * y)
    >>> variant = product.variant([2.0, 3.0])
    >>> variant.program.count(), variant.run([2.0, 3.0], []), variant.exact(2.0, 3.0)
    (1, 6.0, 6.0)
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from .backends import Backend, Runnable
from .ir.program import Program
from .trace.arguments import MANY, Modules, is_exact, rebuilder, with_modules, zeroed


class Variant:
    """A function compiled for one structure of its arguments.

    program, tree   what it computes, and the nesting of its result
    modules         those among the arguments that it is for; none if it is shared by all of their structure
    blocks          for each Module where the machine code finds its parameters; None if they are given at each run
    reached         whether backward() comes to a number among the arguments
    """

    def __init__(self, p: Program, tree: Any, modules: Modules, backend: Backend, shared: bool) -> None:
        self.program, self.tree, self.backend = p, tree, backend
        self.modules = [] if shared else [one for _, one in modules]
        self.blocks: list[Any] = [None] * len(modules)
        self.addresses: dict[int, int] = {}
        self.rebuild = rebuilder(tree)
        self.exact: Any = None
        self.seconds = 0.0
        self.reached = False
        if not shared:
            self._place(modules)

    def _place(self, modules: Modules) -> None:
        """Put the parameters of each Module side by side, and note their addresses by input."""
        before = 0
        for k, (place, one) in enumerate(modules):
            found = self.backend.block(one.values)
            if found is not None:
                self.blocks[k], start = found
                first, count = place + before, len(self.blocks[k])
                self.addresses |= zip(range(first, first + count), range(start, start + 8 * count, 8))
            before += len(one.values)

    @cached_property
    def kernel(self) -> Runnable:
        """The program from a list of numbers to a list of numbers."""
        return self.backend.kernel(self.program, self.addresses)

    def compile(self, args: Sequence[Any], general: Callable[..., Any]) -> None:
        """Where the arguments are floats in lists, and few: a function that takes them as they are, `exact`, which
        hands all others to `general`. Else the kernel."""
        p, args = self.program, zeroed(tuple(args))
        few = max(len(p.inputs), len(p.results)) <= MANY and not p.closures and not p.updates
        if few and is_exact(args) and is_exact(self.tree, ()):
            self.exact = self.backend.exact(p, args, self.tree, general)
        if self.exact is None:
            self.kernel  # noqa: B018          # compiled now, not at the first run

    def run(self, numbers: list[float], modules: Modules) -> Any:
        """What the function returns for the numbers among the arguments."""
        loose = [module for module, block in zip(modules, self.blocks) if block is None]
        with_modules(numbers, loose, lambda one: [v.data for v in one.values])
        numbers += [source.data for source in self.program.closures]
        found = self.kernel.run(numbers)
        self.program.update(found)
        return self.rebuild(found)
