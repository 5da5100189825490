"""ModuleSnapshot: the state of a Module when a program was compiled for it. Each call compares the Module with its
snapshot, to see whether the program is still valid.

    >>> from microgradx.compiler.trace.module_snapshot import snapshot
    >>> from microgradx.nn import Linear
    >>> layer = Linear(2, 1)
    >>> before = snapshot(layer)
    >>> snapshot(layer) is before, snapshot(layer.eval()) is before, snapshot(layer.train()) is before
    (True, False, True)

A program is specialised for the attributes, the modes and the parameters of a Module: the same Value objects, whose
numbers may change, because every run reads them.
"""
from __future__ import annotations

from collections.abc import Hashable, Iterator
from copy import copy
from dataclasses import is_dataclass
from typing import Any
from weakref import WeakKeyDictionary, ref

from ...engine import Value
from ...ieee import kind_of
from ...nesting import leaves, shape
from ...table import Op
from .traced import Traced

PLAIN = (int, float, bool, str, type(None))
MANY = 256                              # states of a Module that are remembered


class ModuleSnapshot:
    """The state of a Module when it was last read.

    key         equal for all Modules that can use the same recorded program
    values      the parameters
    """

    def __init__(self, module: Any) -> None:
        self.module = ref(module)
        self.remember()

    def remember(self) -> None:
        """Read the Module again: the changes that f makes while it is traced do not invalidate the program."""
        module = self.module()
        self.key = module_key(module)
        self.values: list[Value] = leaves(module)
        attributes = [vars(inner) for _, inner in inside(module)]
        lists = [x for values in attributes for value in values.values() for x in _containers(value)]
        self._now, self._count = [*attributes, *lists], len(attributes)
        self._then = [copy(x) for x in self._now]

    def numbers(self) -> list[float]:
        """The present numbers of the parameters."""
        return [v.data for v in self.values]

    def holds(self) -> bool:
        """Whether the Module is unchanged: the same objects in all attributes, and in lists and dicts in attributes."""
        try:
            return self._now == self._then      # fast: == compares identical elements by identity only
        except ValueError:                      # numpy arrays have no single truth value
            return False


    def is_like(self, other: ModuleSnapshot) -> bool:
        """Whether it is one of the same parameters and attributes, but for results, which forward() may keep."""
        try:
            return self.values == other.values and self._settings() == other._settings()
        except ValueError:
            return False

    def _settings(self) -> list[dict[str, Any]]:
        return [{name: x for name, x in values.items() if not _is_result(x)} for values in self._then[:self._count]]


def _is_result(x: Any) -> bool:
    """Whether it is a Value that an operation made, or a nested list of them."""
    if isinstance(x, (list, tuple)):
        return bool(x) and all(map(_is_result, x))
    return isinstance(x, Value) and (x.op is not None or isinstance(x, Traced))


def _containers(x: Any) -> list[Any]:
    """The lists and dicts in an attribute, also in a dataclass, that have Values or Modules, which may be replaced. A
    list of losses does not count."""
    if is_dataclass(x):
        x = getattr(x, "__dict__", {})
    if not isinstance(x, (list, tuple, dict)):
        return []
    elements = list(x.values()) if isinstance(x, dict) else x
    kinds = set(map(type, elements))
    inner = [] if kinds <= {Value} else [one for element in elements for one in _containers(element)]
    if not inner and not any(issubclass(kind, Value) or hasattr(kind, "named_parameters") for kind in kinds):
        return []
    return inner if isinstance(x, tuple) else [x, *inner]


_snapshots: WeakKeyDictionary[Any, list[ModuleSnapshot]] = WeakKeyDictionary()


def snapshot(module: Any) -> ModuleSnapshot:
    """The snapshot of the present state of a Module: the same object for the same state. TypeError without a hash."""
    if type(module).__hash__ is None:
        raise TypeError(f"jit tells Modules apart by their hash, which {kind_of(module)} does not have; write "
                        "@dataclass(eq=False), or define __hash__ beside __eq__")
    known = _snapshots.setdefault(module, [])
    for one in known:
        if one.holds():
            return one
    known.append(ModuleSnapshot(module))
    del known[:-MANY]                           # a Module that counts its calls is another one each time
    return known[-1]


def inside(module: Any) -> Iterator[tuple[str, Any]]:
    """The Module and all Modules in it, with their names; see set_mode()."""
    for name, inner in module.named_modules() if hasattr(module, "named_modules") else [("", module)]:
        set_mode(inner)
        yield name, inner


def set_mode(module: Any) -> None:
    """Set `training` as an attribute of the Module itself, as train() does: where its attributes are compared, it is
    one of them."""
    if hasattr(module, "training"):
        object.__setattr__(module, "training", module.training)


def module_key(module: Any) -> Hashable:
    """Names and shapes of the parameters, and the class and attributes, mode included, of each Module in this one."""
    return (tuple((name, shape(values)) for name, values in module.named_parameters()),
            tuple((name, _portable(type(inner)), tuple((k, _portable(x)) for k, x in sorted(vars(inner).items())))
                  for name, inner in inside(module)))


def _portable(x: Any) -> Hashable:
    """A key for an attribute, equal for its copy in another process; of other objects than lists, dicts, plain values
    and rows only the type counts."""
    if isinstance(x, (list, tuple)):
        return type(x).__name__, () if x and isinstance(x[0], Value) else tuple(map(_portable, x))
    if isinstance(x, dict):
        return tuple((repr(k), _portable(value)) for k, value in x.items())
    if type(x) in PLAIN:
        return type(x).__name__, repr(x)
    if isinstance(x, Op):
        return "row", x.name
    named = x if hasattr(x, "__qualname__") and hasattr(x, "__module__") else type(x)       # a generator has one
    return named.__module__, named.__qualname__
