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

import gc
import random
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from copy import copy
from functools import partial
from io import IOBase
from itertools import chain
from operator import is_, length_hint
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any
from weakref import ref

from ...arrays import may_be_array
from ...engine import Value
from .closures import OURS, cells, home, of_user, size
from .traced import Traced

LONG, MOST, DEEP = 10_000, 20_000, 9    # elements of a list, places in all, and steps from f, that are looked at
NESTED = 6                              # iterators within iterators
HELD = (list, dict, set, deque, bytearray)


class Surroundings:
    """All places that can be reached from these roots, functions and what they are given, as they are now."""

    def __init__(self, roots: Sequence[Any]) -> None:
        self.roots = roots
        self.before = {place: (name, x) for name, place, x in _places(roots)}       # all: an id is not used again then
        self.states = [(name, x, state) for name, x in self.before.values() if (state := _state(x)) is not None]
        self.marks = [(name, x, mark) for name, x in self.before.values() if (mark := _mark(x)) is not None]

    def changed(self) -> list[tuple[str, Any, Any]]:
        """The names of places that held plain numbers and hold others now; what they held, and what they hold."""
        found = {place: x for _, place, x in _places(self.roots)}
        return [(name, x, found[place]) for place, (name, x) in self.before.items()
                if place in found and found[place] is not x and _numbers(x) and _differ(x, found[place])]

    def moved(self) -> str:
        """The name of something that is another one now, or has other contents: a variable, a list that grew. "" if all
        is as it was, but for Values and lists of them, such as a result that is kept."""
        found = {place: x for _, place, x in _places(self.roots)}
        for place, (name, x) in self.before.items():
            now = found.get(place, x)
            if now is not x and not (_is_kept(x) or _is_kept(now)):
                return name
        return next((name for name, x, mark in self.marks if not _is_same(_mark(x), mark)), "")

    def kept(self) -> Callable[[], None]:
        """A function that puts back what is now in lists, dicts, sets, attributes and variables."""
        found = {id(x): x for _, _, x in _places(self.roots)}.values()
        functions = [x for x in found if isinstance(x, FunctionType)]
        spaces: list[Any] = [x if isinstance(x, HELD) else vars(x) for x in found if isinstance(x, HELD) or (
            type(getattr(x, "__dict__", None)) is dict and not isinstance(x, ModuleType))]
        before = [copy(x) for x in spaces]
        closed = [(cell, "cell_contents", cell.cell_contents) for f in functions for _, cell in cells(f)]
        variables = [(f.__globals__, name, f.__globals__[name]) for f in functions for name in _globals(f.__code__)
                     if name in f.__globals__ and of_user(f)]

        def restore() -> None:
            for space, held in zip(spaces, before):
                if len(space) != len(held) or not all(map(is_, _elements(space), _elements(held))):
                    space.clear()
                    (space.extend if hasattr(space, "extend") else space.update)(held)
            for cell, name, x in closed:
                setattr(cell, name, x)
            for space, name, x in variables:
                space[name] = x
        return restore

    def drawn(self) -> list[str]:
        """The names of what has given a number since, and would give another one the next time: random generators,
        iterators, files, and lists or sets of numbers that are shorter now."""
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
        return len(x) if x and len(x) <= LONG and {int, float}.issuperset(map(type, _elements(x))) else None
    kind = type(x)
    if home(x).startswith("numpy.random."):
        return str(x._bit_generator.state) if hasattr(kind, "_bit_generator") else None
    if isinstance(x, IOBase):
        with suppress(Exception):
            return x.tell()
        return "lines"                                  # next(file) turns tell() off
    if kind is GeneratorType:
        return (x.gi_frame.f_lasti, *x.gi_frame.f_locals.values()) if x.gi_frame else ()
    if hasattr(kind, "qsize") and not hasattr(x, "__dict__"):
        return -x.qsize()
    return _turn(x, NESTED) if _is_iterator(x) else None


def _elements(x: Any) -> Any:
    return x.values() if isinstance(x, dict) else x


def _is_iterator(x: Any) -> bool:
    return hasattr(type(x), "__next__") and home(x) in ("builtins", "itertools")


def _turn(x: Any, deep: int) -> Any:
    """How far an iterator of Python's is, and those that it asks; what tells any other object."""
    if isinstance(x, (int, str)):
        return x
    if isinstance(x, (list, tuple)) and deep:
        return len(x), [_turn(one, deep - 1) for one in x[:LONG]]
    if not _is_iterator(x) or not deep:
        return id(x)
    try:
        with warnings.catch_warnings(action="ignore"):
            inner = list(x.__reduce__()[1:])
    except TypeError:                                   # its state is not said; what it holds is
        inner = gc.get_referents(x)
    return length_hint(x, -1), repr(x), _turn(inner, deep - 1)


def _mark(x: Any) -> Any:
    """What tells the contents of a container, or of an object that has attributes. None for others."""
    if isinstance(x, (list, dict)):
        return len(x)
    if isinstance(x, (set, deque)):
        return list(x)
    if isinstance(x, bytearray) or (may_be_array(type(x)) and hasattr(x, "tobytes")):
        return bytes(x) if isinstance(x, bytearray) else x.tobytes() if size(x) <= LONG else None
    if isinstance(x, ContextVar):
        return [x.get(None)]
    return len(x.__dict__) if type(getattr(x, "__dict__", None)) is dict else None


def _is_same(now: Any, mark: Any) -> bool:
    return len(now) == len(mark) and all(map(is_, now, mark)) if isinstance(mark, list) else bool(now == mark)


def _is_kept(x: Any) -> bool:
    """Whether it is a Value, or a list of them."""
    return isinstance(x, Value) or (isinstance(x, (list, tuple)) and bool(x) and all(map(_is_kept, x)))


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
    yield from ((_called(root), (0, id(root)), root) for root in roots)
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
                if not isinstance(y, (int, float, str, bytes, type(None), Value)):
                    following.append((inner, y))
        level = following


def _called(root: Any) -> str:
    return getattr(root, "__name__", None) or type(root).__name__


def _are_values(x: Any) -> bool:
    """Whether it is a list of Values that have numbers."""
    first = x[0] if isinstance(x, (list, tuple)) and x else None
    return isinstance(first, Value) and not isinstance(first, Traced)


def _inside(name: str, x: Any) -> Iterator[tuple[str, Any, Any]]:
    """What can be reached from an object in one step: a name for it, its key there, and itself."""
    if isinstance(x, (list, tuple, dict)):
        if len(x) <= LONG:
            items = list(x.items()) if isinstance(x, dict) else enumerate(x)
            yield from ((f"{name}[{k!r}]", k, y) for k, y in items)
    elif isinstance(x, FunctionType):
        yield from _variables(x)
    elif isinstance(x, MethodType):
        yield from (("self", 0, x.__self__), ("", 1, x.__func__))
    elif isinstance(x, ref):
        yield "self", 0, x()
    elif isinstance(x, (BuiltinFunctionType, MethodWrapperType)):
        yield from () if isinstance(x.__self__, ModuleType) else [(x.__name__, 0, x.__self__)]
    elif isinstance(x, partial):
        yield from (("", 0, x.func), ("args", 1, x.args), ("keywords", 2, x.keywords))
    elif _is_iterator(x):
        yield from ((name, k, y) for k, y in enumerate(gc.get_referents(x)))
    elif isinstance(x, (type, ModuleType)):
        if of_user(x):
            yield from ((f"{name}.{key}", key, y) for key, y in list(vars(x).items()) if not key.startswith("__"))
    elif home(x).startswith("microgradx.compiler."):
        yield from ((key, key, vars(x)[key]) for key in OURS if key in getattr(x, "__dict__", ()))
    else:
        yield from _attributes(name, x)


def _attributes(name: str, x: Any) -> Iterator[tuple[str, Any, Any]]:
    """The attributes of an object, and its class."""
    if type(getattr(x, "__dict__", None)) is dict:
        yield from ((f"{name}.{key}", key, y) for key, y in list(vars(x).items()))
        if callable(x) and isinstance(type(x).__call__, FunctionType):
            yield "", ("", "call"), type(x).__call__
    if of_user(type(x)):
        yield type(x).__name__, ("", "class"), type(x)
        yield from ((f"{name}.{key}", key, getattr(x, key)) for kind in type(x).__mro__
                    for key, slot in vars(kind).items() if isinstance(slot, MemberDescriptorType) and hasattr(x, key))


def _variables(f: FunctionType) -> Iterator[tuple[str, Any, Any]]:
    """The variables of a function that outlive a call: closed over, defaults of arguments, global (of the user's)."""
    yield from ((name, name, cell.cell_contents) for name, cell in cells(f))
    yield from ((f"{f.__name__}.{key}", (key, "own"), y) for key, y in list(vars(f).items()))
    yield from ((name, (k, "default"), y) for k, (name, y) in enumerate(_defaults(f)))
    if not str(f.__globals__.get("__name__")).startswith("microgradx."):
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
