"""Closure: what a function reads besides its arguments, as it was when its program was recorded.

    >>> from microgradx.compiler.trace.closures import Closure
    >>> __name__ = "program"                                # where a user writes: a library keeps its settings
    >>> settings = {"scale": 2.0, "more": [1.0, 2.0]}
    >>> before = Closure([lambda x: settings["scale"] * x])
    >>> before.holds()
    True
    >>> settings["more"][1] = 3.0
    >>> before.holds()
    False

Each call asks this again, and a program of another closure is recorded where it does not hold. What is looked at:
reach.py.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from weakref import ref

from ...arrays import may_be_array
from ...engine import Value
from ...nesting import is_module
from .contents import is_users
from .module_snapshot import inside
from .reach import MOST, Reach

FEW = 64                            # Values in lists: of more, such as the weights of a network, none is looked at
CONTENTS = attrgetter("cell_contents")


def roots(f: Any, given: Iterable[Any]) -> list[Any]:
    """f, and the functions and Modules that it is given: of Modules those that are, or contain, one of the user's."""
    return [f, *(x for x in given if (any(is_users(type(one).__module__) for _, one in inside(x)) if is_module(x)
                                      else callable(x)))]


class Reading(NamedTuple):
    """How something is read that could change, and what it was: variables, a cell, attributes, the numbers of an array;
    the object that has it, and its names there. Of several names `before` is a tuple."""

    read: Callable[[], Any]
    before: Any
    owner: Any
    names: tuple[str, ...] = ()


class Closure:
    """All that can be reached, as it is now; see holds(). False where nothing could ever change.

    readings    each variable and attribute, and each array
    now, then   each other container, and a copy of it
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        reach = Reach(roots)
        reads: list[tuple[Any, Callable[[], Any], tuple[str, ...]]] = []
        reads += [(cell, partial(CONTENTS, cell), (name,)) for cell, name in reach.cells.values()]
        for space, keys in reach.reads.values():
            there = tuple(key for key in keys if key in space)
            reads += [(space, partial(itemgetter(*there), space), there)] if there else []
            reads += [(space, partial(space.get, key), (key,)) for key in keys if key not in space]
        for x, keys in reach.slots.values():
            owner = reach.owners.get(id(x))
            reads += [(x if owner is None else owner, _slots(x, keys, owner), (*keys,))]
        reads += [(x, read, ()) for x in reach.containers if (read := _reader(x))]
        self.readings = [Reading(read, read(), owner, keys) for owner, read, keys in reads]
        self.now: list[Any] = [*reach.settings]
        lists = [x for x in reach.containers if not _is_array(x)]
        few, left = sum(len(x) for x in lists if _has_values(x)) <= FEW, MOST
        for x in lists:
            if len(x) <= left and (few or not _has_values(x)):
                self.now.append(x)
                left -= len(x)
        self.then = [x.copy() for x in self.now]

    def __bool__(self) -> bool:
        return bool(self.readings or self.now)

    def holds(self) -> bool:
        """Whether all is as it was."""
        try:
            for read, before, _, _ in self.readings:
                if (x := read()) is not before and x != before:
                    return False
            return self.now == self.then
        except Exception:                   # it is gone, or has no single truth, as an array in place of another
            return False

    def changed(self) -> str:
        """The name of a variable or attribute that is another one now; "" where it is inside of a container."""
        with suppress(Exception):
            for read, before, _, keys in self.readings:
                now = read()
                several = zip(keys, now, before) if len(keys) > 1 else [(*keys[:1], now, before)]
                for name, x, y in several if keys else ():
                    if x is not y and x != y:
                        return str(name)
        return ""


def _slots(x: Any, keys: Iterable[str], owner: ref[Any] | None) -> Callable[[], Any]:
    """What reads these attributes of x; by the weak reference to it, if there is one."""
    get = attrgetter(*keys)
    return partial(get, x) if owner is None else lambda: get(owner())


def _is_array(x: Any) -> bool:
    return isinstance(x, bytearray) or may_be_array(type(x))


def _reader(x: Any) -> Callable[[], Any] | None:
    """What tells the numbers of an array, or the objects in it. None for what is no array, or of another library."""
    if isinstance(x, bytearray):
        return partial(bytes, x)
    found = getattr(x, "tolist" if str(getattr(x, "dtype", "")) == "object" else "tobytes", None)
    return found if _is_array(x) else None


def _has_values(x: Any) -> bool:
    return any(isinstance(one, Value) for one in (x.values() if isinstance(x, dict) else x))
