"""ModuleSnapshot: a Module as it was when a program was compiled for it: a call compares, and knows at once whether the
program still fits.

    >>> from microgradx.compiler.trace.module_snapshot import snapshot
    >>> from microgradx.nn import Linear
    >>> layer = Linear(2, 1)
    >>> before = snapshot(layer)
    >>> snapshot(layer) is before, snapshot(layer.eval()) is before, snapshot(layer.train()) is before
    (True, False, True)

A program is compiled for a Module with its attributes, its modes and its parameters, the very Values. Numbers may
change: they are read at each run.
"""
from __future__ import annotations

from collections.abc import Hashable, Iterator
from copy import copy
from typing import Any
from weakref import WeakKeyDictionary, ref

from ...engine import Value
from ...nesting import is_module, leaves, shape
from ...table import Op

PLAIN = (int, float, bool, str, type(None))


class ModuleSnapshot:
    """What a Module looked like when it was last read.

    key         what another Module must share with it to be given to the same recorded program
    values      its parameters
    """

    def __init__(self, module: Any) -> None:
        self.module = ref(module)
        self.remember()

    def remember(self) -> None:
        """Look again: what f does to a Module while it is traced is no change."""
        module = self.module()
        self.key = module_key(module)
        self.values: list[Value] = leaves(module)
        attributes = [vars(inner) for _, inner in _inside(module)]
        lists = [x for values in attributes for value in values.values() for x in _lists(value)]
        self._now = [*attributes, *lists]
        self._then = [copy(x) for x in self._now]

    def holds(self) -> bool:
        """Whether it looks as it did: the same objects in all attributes, and in the lists there."""
        try:
            return self._now == self._then      # elements that are the same object are not looked into: it is quick
        except ValueError:                      # arrays do not say whether they are equal
            return False


def _lists(x: Any) -> Iterator[list[Any]]:
    """The lists of Values or Modules in an attribute, whose elements may be replaced. A list of losses is not one."""
    if isinstance(x, (list, tuple)) and all(isinstance(y, (Value, list, tuple)) or is_module(y) for y in x[:1]):
        if isinstance(x, list):
            yield x
        for element in x if set(map(type, x)) != {Value} else ():
            yield from _lists(element)


_snapshots: WeakKeyDictionary[Any, list[ModuleSnapshot]] = WeakKeyDictionary()


def snapshot(module: Any) -> ModuleSnapshot:
    """The Module as it is now: the same object whenever it looks the same."""
    known = _snapshots.setdefault(module, [])
    for one in known:
        if one.holds():
            return one
    known.append(ModuleSnapshot(module))
    return known[-1]


def _inside(module: Any) -> Iterator[tuple[str, Any]]:
    """The Module and all within it, by name. Each gets a mode of its own, as it has after train() or eval()."""
    for name, inner in module.named_modules() if hasattr(module, "named_modules") else [("", module)]:
        if hasattr(inner, "training"):
            object.__setattr__(inner, "training", inner.training)
        yield name, inner


def module_key(module: Any) -> Hashable:
    """Names and shapes of the parameters; of each Module within its class and its attributes, its mode among them."""
    return (tuple((name, shape(values)) for name, values in module.named_parameters()),
            tuple((name, _told(type(inner)), tuple((k, _told(x)) for k, x in sorted(vars(inner).items())))
                  for name, inner in _inside(module)))


def _told(x: Any) -> Hashable:
    """An attribute so that a copy in another process has the same: of what is neither plain nor a list, its type."""
    if isinstance(x, (list, tuple)):
        return type(x).__name__, () if x and isinstance(x[0], Value) else tuple(map(_told, x))
    if isinstance(x, dict):
        return tuple((repr(k), _told(value)) for k, value in x.items())
    if type(x) in PLAIN:
        return type(x).__name__, repr(x)
    if isinstance(x, Op):
        return "row", x.name
    named = x if hasattr(x, "__qualname__") else type(x)
    return named.__module__, named.__qualname__
