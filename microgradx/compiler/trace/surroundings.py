"""Surroundings: plain numbers that a function could keep from call to call, and whether it did so while it was traced.

    >>> from microgradx.compiler.trace.surroundings import Surroundings
    >>> state = {"t": 0, "mean": [0.0, 0.0]}
    >>> def f(state=state):
    ...     state["t"] += 1
    >>> around = Surroundings([f])
    >>> f()
    >>> around.changed()
    [("state['t']", 0, 1)]

A program does not run Python again: a number that it keeps must be in a Value or Buffer. So one that stood in a
variable, an attribute or a list, and that a trace has changed, is not passed over in silence.
"""
from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from operator import is_, length_hint
from types import CodeType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from ...engine import Value
from .traced import Traced

LONG, MOST, DEEP = 1_000, 20_000, 5     # elements of a list, places in all, and steps from f, that are looked at

OURS = ("f", "loss", "penalty", "model")    # what objects of the compiler have of the user's


class Surroundings:
    """All places that can be reached from these roots, functions and what they are given, as they are now."""

    def __init__(self, roots: Sequence[Any]) -> None:
        self.roots = roots
        self.before = {place: (name, x) for name, place, x in _places(roots)}       # all: an id is not used again then
        self.states = [(name, x, state) for name, x in self.before.values() if (state := _state(x)) is not None]

    def changed(self) -> list[tuple[str, Any, Any]]:
        """The names of places that held plain numbers and hold others now; what they held, and what they hold."""
        found = {place: x for _, place, x in _places(self.roots)}
        return [(name, x, found[place]) for place, (name, x) in self.before.items()
                if place in found and found[place] is not x and _numbers(x) and _differ(x, found[place])]

    def drawn(self) -> list[str]:
        """The names of what has given a number since, and would give another one the next time: random generators,
        iterators, and lists or sets of numbers that are shorter now."""
        return [name for name, x, state in self.states if _has_moved(x, state)]

    def values(self) -> Iterator[tuple[str, Value]]:
        """All Values that can be reached now, and where."""
        return ((name, x) for name, _, x in _places(self.roots, True) if isinstance(x, Value))


def _numbers(x: Any) -> bool:
    """Whether it is a number, or a list of numbers."""
    if isinstance(x, (list, tuple)):
        return bool(x) and len(x) <= LONG and all(map(_numbers, x))
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def _state(x: Any) -> Any:
    """What changes in a random generator, an iterator, or a collection of numbers as it gives one. None for others."""
    if isinstance(x, random.Random):
        return None if isinstance(x, random.SystemRandom) else x.getstate()
    if isinstance(x, (list, deque, set, dict)):
        held = x.values() if isinstance(x, dict) else x
        return len(x) if x and len(x) <= LONG and {int, float}.issuperset(map(type, held)) else None
    kind = type(x)
    if kind.__module__.startswith("numpy.random."):
        return str(x._bit_generator.state) if hasattr(kind, "_bit_generator") else None
    if kind is GeneratorType:
        return (x.gi_frame.f_lasti, *x.gi_frame.f_locals.values()) if x.gi_frame else ()
    if hasattr(kind, "__next__") and kind.__module__ in ("builtins", "itertools"):
        return length_hint(x, -1), repr(x)
    return None


def _has_moved(x: Any, before: Any) -> bool:
    if isinstance(x, (list, deque, set, dict)):
        return bool(len(x) < before)
    now = _state(x)
    if type(x) is GeneratorType:
        return len(now) != len(before) or not all(map(is_, now, before))
    return bool(now != before)


def _differ(x: Any, now: Any) -> bool:
    """Whether what was numbers is something else now. A longer list is not: it may be a record of what happened."""
    if isinstance(x, (list, tuple)):
        return isinstance(now, (list, tuple)) and len(x) == len(now) and any(map(_differ, x, now))
    return isinstance(now, Value) or (_numbers(now) and not isinstance(now, (list, tuple)) and bool(now != x))


def _places(roots: Sequence[Any], values: bool = False) -> Iterator[tuple[str, Any, Any]]:
    """For each place its name, what tells it from all others, and what is there. Not into lists of Values, such as the
    weights of a layer, unless Values are wanted."""
    seen: set[int] = set()
    level = [("", root) for root in roots]
    left = MOST
    for _ in range(DEEP):
        following = []
        for name, x in level:
            if id(x) in seen or (_are_values(x) and not values):
                continue
            seen.add(id(x))
            for inner, key, y in _inside(name, x):
                left -= 1
                if left < 0:
                    return
                yield inner, (id(x), key), y
                if not isinstance(y, (int, float, str, bytes, type(None), Value, type, ModuleType)):
                    following.append((inner, y))
        level = following


def _are_values(x: Any) -> bool:
    """Whether it is a list of Values that have numbers."""
    first = x[0] if isinstance(x, (list, tuple)) and x else None
    return isinstance(first, Value) and not isinstance(first, Traced)


def _inside(name: str, x: Any) -> Iterator[tuple[str, Any, Any]]:
    """What can be reached from an object in one step: a name for it, its key there, and itself."""
    if isinstance(x, (list, tuple, dict)):
        if len(x) <= LONG:
            items = list(x.items()) if isinstance(x, dict) else enumerate(x)
            yield from ((f"{name}[{k!r}]", k, y) for k, y in items if isinstance(k, (str, int)))
    elif isinstance(x, FunctionType):
        yield from _variables(x)
    elif isinstance(x, MethodType):
        yield from (("self", 0, x.__self__), ("", 1, x.__func__))
    elif isinstance(x, partial):
        yield from (("", 0, x.func), ("args", 1, x.args), ("keywords", 2, x.keywords))
    elif type(x).__module__.startswith("microgradx.compiler."):
        yield from ((key, key, vars(x)[key]) for key in OURS if key in getattr(x, "__dict__", ()))
    elif type(getattr(x, "__dict__", None)) is dict:
        yield from ((f"{name}.{key}", key, y) for key, y in list(vars(x).items()))
        if callable(x) and isinstance(type(x).__call__, FunctionType):
            yield "", ("", "call"), type(x).__call__


def _variables(f: FunctionType) -> Iterator[tuple[str, Any, Any]]:
    """The variables of a function that outlive a call: closed over, defaults of arguments, global (of the user's)."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        with suppress(ValueError):                      # it is not set yet
            yield name, name, cell.cell_contents
    yield from ((name, (k, "default"), y) for k, (name, y) in enumerate(_defaults(f)))
    if not (f.__module__ or "").startswith("microgradx."):
        known = f.__globals__
        yield from ((name, (name, "global"), known[name]) for name in dict.fromkeys(_globals(f.__code__))
                    if name in known)


def _defaults(f: FunctionType) -> Iterator[tuple[str, Any]]:
    """The arguments of a function that have a default, and that."""
    values = f.__defaults__ or ()
    yield from zip(f.__code__.co_varnames[f.__code__.co_argcount - len(values):], values)
    yield from (f.__kwdefaults__ or {}).items()


def _globals(code: CodeType) -> Iterator[str]:
    """The names of global variables in a function and in those within it."""
    yield from code.co_names
    yield from chain.from_iterable(_globals(inner) for inner in code.co_consts if isinstance(inner, CodeType))
