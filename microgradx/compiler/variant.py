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
from threading import RLock
from typing import Any

from ..engine import Value
from .backends import Backend, Runnable
from .ir.program import Program
from .trace.arguments import MANY, Modules, is_exact, rebuilder, with_modules, zeroed
from .trace.traced import GradientOf


class Variant:
    """A function compiled for one structure of its arguments.

    program, tree   what it computes, and the nesting of its result
    modules         those among the arguments that it is for; none if it is shared by all of their structure
    placed          for each Module whether machine code finds its parameters in memory, or is given them at each run
    sources         what else is given at each run: `.data` of these
    updates         what is set after each run, by `.data`; what has an address is set by the machine code
    reached         whether backward() comes to a number among the arguments
    """

    def __init__(self, p: Program, tree: Any, modules: Modules, backend: Backend, shared: bool) -> None:
        self.program, self.tree, self.backend = p, tree, backend
        self.modules = [] if shared else [one for _, one in modules]
        self.placed = [False] * len(modules)
        self.addresses: dict[int, int] = {}
        self.targets: list[int] = []
        self.sources, self.updates = p.closures, p.updates
        self.rebuild = rebuilder(tree)
        self.exact: Any = None
        self.seconds = 0.0
        self.reached = False
        self._lock = RLock()
        if not shared:
            self._place(modules)
            self._keep()

    def _place(self, modules: Modules) -> None:
        """Put the parameters of each Module side by side, and note their addresses by input."""
        before = 0
        for k, (place, one) in enumerate(modules):
            found = self.backend.homes(one.values)
            if found is not None:
                self.placed[k] = True
                self.addresses |= zip(range(place + before, place + before + len(found)), found)
            before += len(one.values)

    def _keep(self) -> None:
        """Where the program sets anything: what it reads and sets stays in memory from run to run."""
        p = self.program
        homes: dict[Any, int] = {}
        if not p.updates:
            return
        for kind in (Value, GradientOf):
            several = [x for x in dict.fromkeys((*p.updates, *p.closures)) if isinstance(x, kind)
                       and (x.value.op is None if isinstance(x, GradientOf) else True)]
            homes |= zip(several, self.backend.homes(several) or ())
        first = len(p.inputs) - len(p.closures)
        self.addresses |= {first + k: homes[x] for k, x in enumerate(p.closures) if x in homes}
        self.sources = [x for x in p.closures if x not in homes]
        places = sorted(range(len(p.updates)), key=lambda k: homes.get(p.updates[k], 0))
        results = len(p.results) - len(p.updates)
        p.results[results:] = [p.results[results + k] for k in places]
        p.updates[:] = [p.updates[k] for k in places]
        self.targets = [homes[x] for x in p.updates if x in homes]
        self.updates = [x for x in p.updates if x not in homes]

    @cached_property
    def kernel(self) -> Runnable:
        """The program from a list of numbers to a list of numbers."""
        return self.backend.kernel(self.program, self.addresses, self.targets)

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
        loose = [module for module, placed in zip(modules, self.placed) if not placed]
        with_modules(numbers, loose, lambda one: [v.data for v in one.values])
        if not self.updates:
            numbers += [source.data for source in self.sources]
            return self.rebuild(self.kernel.run(numbers))
        with self._lock:                        # nobody reads in between what is then set
            numbers += [source.data for source in self.sources]
            found = self.kernel.run(numbers)
            pairs = list(zip(self.updates, found[-len(self.updates):]))
            try:
                update(pairs)
            except KeyboardInterrupt:           # Ctrl-C between two of them: all are set first
                update(pairs)
                raise
        return self.rebuild(found)


def update(pairs: Sequence[tuple[Any, float]]) -> None:
    """Set each to its number."""
    for what, x in pairs:
        what.data = x
