"""Import paths in README and notebooks of the first edition, which still work.

    >>> from microgradx.strategies import arguments
    >>> arguments.__module__
    'microgradx.checking.strategies'
"""
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "microgradx.differences": "microgradx.checking.differences",
    "microgradx.strategies": "microgradx.checking.strategies",
    "microgradx.show.curves": "microgradx.show.plots.curves",
    "microgradx.show.listing": "microgradx.show.terminal.listing",
    "microgradx.compiler.compose": "microgradx.compiler.loops.compose",
    "microgradx.compiler.elements": "microgradx.compiler.native.instructions",
    "microgradx.compiler.layout": "microgradx.compiler.loops.memory_layout",
    "microgradx.compiler.program": "microgradx.compiler.ir.program",
    "microgradx.compiler.python": "microgradx.compiler.python_backend",
    "microgradx.compiler.straight": "microgradx.compiler.native.straight",
}


class _Moved(MetaPathFinder, Loader):
    """Finds a module under its old path and loads the one at its new path."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(MOVED[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has already run under its new path: restore the spec of that path."""
        module.__spec__ = module.__spec__ and module.__spec__.loader_state


def install() -> None:
    """Add the old paths to Python's import system."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.append(_Moved())
