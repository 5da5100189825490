"""Outside: what a function asks of the system while its program is recorded: the clock, chance, files, the environment.

    >>> import time
    >>> from microgradx import jit
    >>> __name__ = "program"                                # where a user writes; a library asks for itself
    >>> jit(lambda x: x * time.time())(1.0)
    Traceback (most recent call last):
    microgradx.compiler.trace.errors.TracingError: time.time gives a number while a program is recorded ...

A program would not ask again. Python says each call of a function in C to a profiler, which takes time; so this looks
only where the code of the function names one of the modules that have such functions.
"""
from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import IOBase
from types import FunctionType, ModuleType
from typing import Any

from .contents import is_users, of_user
from .errors import TracingError, refuse_next
from .reach import Reach, names

MODULES = frozenset(("time", "datetime", "os", "posix", "nt", "random", "secrets", "uuid", "io", "pathlib", "tempfile",
                     "fileinput", "subprocess", "socket", "numpy.random"))
NAMED = MODULES | {"open", "input", "stdin", "default_rng", "RandomState", "SystemRandom", "urandom", "loadtxt",
                   "genfromtxt", "fromfile", "load", "read_text", "read_bytes", "read_csv", "environ", "getenv"}
CLOCK = frozenset(("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
                   "process_time_ns", "thread_time", "thread_time_ns", "localtime", "gmtime", "ctime", "strftime",
                   "now", "utcnow", "today"))
FILES = frozenset(("open", "input", "listdir", "scandir", "stat", "lstat", "times", "getloadavg", "fork_exec"))
CHANCE = frozenset(("urandom", "getrandom", "generate_time_safe"))
READS = frozenset(("read", "readline", "readlines", "readinto", "read1"))
QUIET = frozenset(("logging", "warnings", "linecache", "tokenize", "traceback", "importlib", "zipimport", "threading",
                   "inspect", "tqdm", "microgradx"))       # libraries that ask for themselves


@contextmanager
def watched(roots: Sequence[Any]) -> Iterator[None]:
    """Within, TracingError for what the functions among `roots` ask of the system."""
    if sys.getprofile() is not None or not asks(roots):
        yield
        return
    found: list[TracingError] = []

    def look(frame: Any, event: str, called: Any) -> None:
        name = (_asked(called) if event == "c_call" else
                _entered(frame) if event == "call" else "")
        if name and _is_for_user(frame):
            try:
                refuse_next(name)
            except TracingError as error:
                found.append(error)
                raise
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)
        if found:                                       # also if `except Exception` of the user's has caught it
            raise found[0]


@contextmanager
def unwatched(parts: Iterable[Any]) -> Iterator[None]:
    """Within, nobody looks, unless a row among these operations is the user's: the slopes of all others ask nothing.
    Of a gradient that is recorded, three quarters of the time were spent on looking."""
    look = sys.getprofile()
    if getattr(look, "__module__", "") != __name__ or any(map(_by_user, _rows(parts))):
        yield
        return
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(look)


def _rows(parts: Iterable[Any]) -> set[Any]:
    """The rows of these operations, and of those in the steps of loops."""
    found = {part.op for part in parts}
    return found.union(*(_rows(op.body.parts) for op in found if hasattr(op, "body")))


@cache
def _by_user(row: Any) -> bool:
    """Whether a function of the user's computes its slopes, or something whose author nobody knows."""
    return any(callable(rule) and (not isinstance(rule, FunctionType) or of_user(rule)) for rule in row.slopes)


def asks(roots: Sequence[Any]) -> bool:
    """Whether code that can be reached names what asks the system."""
    reach = Reach(roots)
    named = frozenset[str]().union(*(names(code)[1] for code in reach.codes))
    return bool(named & NAMED) or any(_origin(x) in MODULES for space in reach.spaces for name in named
                                      if (x := space.get(name)) is not None)


def _origin(x: Any) -> str:
    return x.__name__ if isinstance(x, ModuleType) else str(getattr(x, "__module__", None) or "")


def _asked(called: Any) -> str:
    """The name of a function in C that asks the system; "" for any other."""
    name, owner = getattr(called, "__name__", ""), getattr(called, "__self__", None)
    if name in READS and isinstance(owner, IOBase):
        return f"{getattr(owner, 'name', type(owner).__name__)}"
    if name not in CLOCK and name not in FILES and name not in CHANCE:
        return ""
    module = _origin(owner) if isinstance(owner, (type, ModuleType)) else ""
    return f"{owner.__name__ if isinstance(owner, type) else module}.{name}" if module.strip("_") in (
        "time", "datetime", "posix", "nt", "io", "builtins", "uuid", "posixsubprocess") else ""


def _entered(frame: Any) -> str:
    """The same for a function in Python."""
    code = frame.f_code
    if code is os._Environ.__getitem__.__code__:
        return "os.environ"
    return "random.Random()" if code is random.Random.seed.__code__ and frame.f_locals.get("a") is None else ""


def _is_for_user(frame: Any) -> bool:
    """Whether the user's code asks, perhaps by a library, and no library for its own sake."""
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.partition(".")[0] in QUIET:
            return False
        if is_users(name):
            return True
        frame = frame.f_back
    return False
