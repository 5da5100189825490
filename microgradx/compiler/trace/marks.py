"""Marks: what tells that something is no longer as it was, though it is the same object: a generator that has given a
number, a list that grew.

    >>> from microgradx.compiler.trace.marks import has_moved, state_of
    >>> numbers = iter([1.0, 2.0])
    >>> before = state_of(numbers)
    >>> has_moved(numbers, before), next(numbers), has_moved(numbers, before)
    (False, 1.0, True)
"""
from __future__ import annotations

import gc
import random
import warnings
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from io import IOBase
from operator import is_, length_hint
from types import GeneratorType
from typing import Any

from ...arrays import may_be_array
from .contents import home, size

LONG = 10_000                           # elements of a list that are looked at
NESTED = 6                              # iterators within iterators


def state_of(x: Any) -> Any:
    """What changes in a random generator, an iterator, or a collection of numbers as it gives one. None for others."""
    if isinstance(x, random.Random):
        return None if isinstance(x, random.SystemRandom) else x.getstate()
    if isinstance(x, (list, deque, set, dict)):
        return len(x) if x and len(x) <= LONG and {int, float}.issuperset(map(type, elements(x))) else None
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
    return _turn(x, NESTED) if is_iterator(x) else None


def elements(x: Any) -> Any:
    """The elements of a list or set, the values of a dict."""
    return x.values() if isinstance(x, dict) else x


def is_iterator(x: Any) -> bool:
    """Whether it is an iterator of Python's own."""
    return hasattr(type(x), "__next__") and home(x) in ("builtins", "itertools")


def _turn(x: Any, deep: int) -> Any:
    """How far an iterator of Python's is, and those that it asks; what tells any other object."""
    if isinstance(x, (int, str)):
        return x
    if isinstance(x, (list, tuple)) and deep:
        return len(x), [_turn(one, deep - 1) for one in x[:LONG]]
    if not is_iterator(x) or not deep:
        return id(x)
    try:
        with warnings.catch_warnings(action="ignore"):
            inner = list(x.__reduce__()[1:])
    except TypeError:                                   # its state is not said; what it holds is
        inner = gc.get_referents(x)
    return length_hint(x, -1), repr(x), _turn(inner, deep - 1)


def mark_of(x: Any) -> Any:
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


def is_same(now: Any, mark: Any) -> bool:
    """Whether what mark_of() gives now is what it gave before."""
    return len(now) == len(mark) and all(map(is_, now, mark)) if isinstance(mark, list) else bool(now == mark)


def has_moved(x: Any, before: Any) -> bool:
    """Whether x has given a number since state_of() gave `before`."""
    if isinstance(x, (list, deque, set, dict)):
        return bool(len(x) < before)
    now = state_of(x)
    if type(x) is GeneratorType:
        return len(now) != len(before) or not all(map(is_, now, before))
    return bool(now != before)
