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

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from operator import is_
from types import FunctionType, ModuleType
from typing import Any

from ...engine import Value
from .contents import cells, of_user
from .marks import LONG, elements, has_moved, is_same, mark_of, state_of
from .places import global_names, places

HELD = (list, dict, set, deque, bytearray)


class Surroundings:
    """All places that can be reached from these roots, functions and what they are given, as they are now."""

    def __init__(self, roots: Sequence[Any]) -> None:
        self.roots = roots
        self.before = {place: (name, x) for name, place, x in places(roots)}       # all: an id is not used again then
        self.states = [(name, x, state) for name, x in self.before.values() if (state := state_of(x)) is not None]
        self.marks = [(name, x, mark) for name, x in self.before.values() if (mark := mark_of(x)) is not None]

    def changed(self) -> list[tuple[str, Any, Any]]:
        """The names of places that held plain numbers and hold others now; what they held, and what they hold."""
        found = {place: x for _, place, x in places(self.roots)}
        return [(name, x, found[place]) for place, (name, x) in self.before.items()
                if place in found and found[place] is not x and _numbers(x) and _differ(x, found[place])]

    def moved(self) -> str:
        """The name of something that is another one now, or has other contents: a variable, a list that grew. "" if all
        is as it was, but for Values and lists of them, such as a result that is kept."""
        found = {place: x for _, place, x in places(self.roots)}
        for place, (name, x) in self.before.items():
            now = found.get(place, x)
            if now is not x and not (_is_kept(x) or _is_kept(now)):
                return name
        return next((name for name, x, mark in self.marks if not is_same(mark_of(x), mark)), "")

    def kept(self) -> Callable[[], None]:
        """A function that puts back what is now in lists, dicts, sets, attributes and variables."""
        found = {id(x): x for _, _, x in places(self.roots)}.values()
        functions = [x for x in found if isinstance(x, FunctionType)]
        spaces: list[Any] = [x if isinstance(x, HELD) else vars(x) for x in found if isinstance(x, HELD) or (
            type(getattr(x, "__dict__", None)) is dict and not isinstance(x, ModuleType))]
        before = [copy(x) for x in spaces]
        closed = [(cell, "cell_contents", cell.cell_contents) for f in functions for _, cell in cells(f)]
        variables = [(f.__globals__, name, f.__globals__[name]) for f in functions for name in global_names(f.__code__)
                     if name in f.__globals__ and of_user(f)]

        def restore() -> None:
            for space, held in zip(spaces, before):
                if len(space) != len(held) or not all(map(is_, elements(space), elements(held))):
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
        return [name for name, x, state in self.states if has_moved(x, state)]

    def values(self) -> Iterator[tuple[str, Value]]:
        """All Values that can be reached now, and where."""
        return ((name, x) for name, _, x in places(self.roots, True) if isinstance(x, Value))


def _numbers(x: Any) -> bool:
    """Whether it is a number, or a list of numbers."""
    if isinstance(x, (list, tuple)):
        return bool(x) and len(x) <= LONG and all(map(_numbers, x))
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def _is_kept(x: Any) -> bool:
    """Whether it is a Value, or a list of them."""
    return isinstance(x, Value) or (isinstance(x, (list, tuple)) and bool(x) and all(map(_is_kept, x)))


def _differ(x: Any, now: Any) -> bool:
    """Whether what was numbers is something else now. A longer list is not: it may be a record of what happened."""
    if isinstance(x, (list, tuple)):
        return isinstance(now, (list, tuple)) and len(x) == len(now) and any(map(_differ, x, now))
    return isinstance(now, Value) or (_numbers(now) and not isinstance(now, (list, tuple)) and bool(now != x))
