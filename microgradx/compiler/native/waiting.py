"""Waiting: Ctrl-C while machine code runs a while_loop, which may go on for ever.

    >>> from microgradx.compiler.native.waiting import Waiting, pause
    >>> with Waiting():
    ...     pause()                                         # nobody has pressed it
    0

Such a loop calls pause() about each millisecond. Within Waiting() Ctrl-C is noted (interrupts.py), for a callback
cannot raise through machine code: pause() does what Ctrl-C does, which is to raise KeyboardInterrupt unless the user
has a handler, notes the error, and lets the loop end. The threads that help compute samples stop then, too.
"""
from __future__ import annotations

import ctypes
import threading
from functools import cache
from typing import Any

from ...interrupts import Interrupts
from .engine import note

_waiting: list[Waiting] = []            # the with-blocks that run, of all threads


class Waiting(Interrupts):
    """A with-block in which such a loop may run."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = False

    def __enter__(self) -> Waiting:
        super().__enter__()
        _waiting.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _waiting.remove(self)
        super().__exit__(*error)
        if not self.stopped:                                # pressed after the last look
            self.check()


def pause() -> int:
    """1 if a loop has to end, else 0."""
    main = threading.current_thread() is threading.main_thread()
    for one in list(_waiting):                             # threads come and go
        if main and one.pressed and not one.stopped:
            try:
                one.check()
            except BaseException as error:
                one.stopped = True
                note(error)
                return 1
        if one.stopped and (main or threading.current_thread().name.startswith("microgradx")):
            note(KeyboardInterrupt())
            return 1
    return 0


@cache
def asking() -> int:
    """The address of pause(), for machine code."""
    _kept.append(callback := ctypes.CFUNCTYPE(ctypes.c_int64)(pause))
    return ctypes.cast(callback, ctypes.c_void_p).value or 0


_kept: list[Any] = []
