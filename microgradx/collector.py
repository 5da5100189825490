"""Garbage collection, put off while many objects are made that all stay.

    >>> import gc
    >>> from microgradx.collector import unhindered
    >>> with unhindered():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
"""
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unhindered() -> Iterator[None]:
    """Without garbage collection: of a million new objects that all stay, it would look at each again and again.

    Afterwards they are with the oldest objects, at which it looks least; frozen for a moment, they get there at once.
    """
    was = gc.isenabled()
    gc.disable()
    _off.append(was)
    try:
        yield
    finally:
        _off.remove(was)
        if was:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


_off: list[bool] = []                       # whether each unhindered() that runs, in any thread, turned collection off


def _on() -> None:
    if any(_off):
        gc.enable()


if hasattr(os, "register_at_fork"):         # the thread that would turn it on again is not in the child
    os.register_at_fork(after_in_child=_on)
