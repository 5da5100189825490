"""Locks that are free again in a forked process.

    >>> from microgradx.locks import lock
    >>> one = lock()
    >>> with one:
    ...     print("alone")
    alone

A fork copies one thread, and the locks that all the others hold, which nobody would ever open. What these locks guard
here, caches and the memory of kernels, is whole whenever it is left, or written anew by the next run.
"""
import os
from collections.abc import Callable
from threading import Lock
from typing import Any
from weakref import WeakSet

_locks: WeakSet[Any] = WeakSet()


def lock(kind: Callable[[], Any] = Lock) -> Any:
    """A new Lock, or RLock."""
    new = kind()
    _locks.add(new)
    return new


def _free() -> None:
    for one in list(_locks):
        one._at_fork_reinit()               # as threading and logging do with theirs


if hasattr(os, "register_at_fork"):         # Unix
    os.register_at_fork(after_in_child=_free)
