"""Ctrl-C, held back while numbers change that belong together, and never lost.

    >>> import signal
    >>> from microgradx.interrupts import Interrupts, allowed
    >>> before = signal.signal(signal.SIGINT, signal.default_int_handler)
    >>> with Interrupts() as interrupts:                    # Ctrl-C is noted and waits
    ...     signal.raise_signal(signal.SIGINT)
    ...     done = "all of it"
    ...     try:
    ...         with allowed():                             # up to here
    ...             done = "never"
    ...     except KeyboardInterrupt:
    ...         print(done, interrupts.pressed)
    all of it True
    >>> _ = signal.signal(signal.SIGINT, before)

Python raises KeyboardInterrupt between any two lines. Between two parameters it leaves half a step, and in a destructor
or a callback of machine code it is printed and forgotten. So training runs within Interrupts(), opens allowed() around
what takes long and may be given up at any line, and stops at the end of that block if the exception got lost within.
"""
import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from types import FrameType
from typing import Any


class Interrupts:
    """A with-block in which Ctrl-C is noted: `pressed`. What it would have raised is left to who looks at this.

    Another thread than the main one gets no signals, and a handler that is not Python's stays as it is.
    """

    def __init__(self) -> None:
        self.pressed = self.open = False
        self.before: Callable[[int, FrameType | None], Any] | None = None

    def __enter__(self) -> "Interrupts":
        before = signal.getsignal(signal.SIGINT)
        if callable(before) and threading.current_thread() is threading.main_thread():
            self.before = before
            signal.signal(signal.SIGINT, self.press)
        return self

    def __exit__(self, *error: Any) -> None:
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)

    def press(self, number: int, frame: FrameType | None) -> None:
        """Note that Ctrl-C was pressed; where it is allowed, do at once what the handler before does: raise."""
        self.pressed = True
        if self.open:
            self.check(frame)

    def check(self, frame: FrameType | None = None) -> None:
        """Do what was held back, which raises KeyboardInterrupt unless the user has another handler."""
        if self.pressed and self.before is not None:
            was, self.open = self.open, False   # what cleans up after it is not interrupted again
            self.before(signal.SIGINT, frame)
            self.pressed, self.open = False, was


@contextmanager
def held() -> Iterator[None]:
    """A with-block in which Ctrl-C waits for its end."""
    one = Interrupts()
    try:
        with one:
            yield
    finally:
        one.check()


@contextmanager
def allowed() -> Iterator[None]:
    """A with-block within Interrupts in which Ctrl-C raises at once, also one that waits. Elsewhere it does nothing."""
    one = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    if not isinstance(one, Interrupts) or threading.current_thread() is not threading.main_thread():
        yield
        return
    before, collects = copy_context(), gc.isenabled()
    try:
        one.open = True
        one.check()
        yield
        one.check()                             # a destructor may have swallowed what was raised
    except KeyboardInterrupt:
        _as_before(before, collects)
        raise
    finally:
        one.open = False


def _as_before(context: Context, collects: bool) -> None:
    """Undo what with-blocks do for their time only: an interrupt may come as one of them begins or ends."""
    for variable, value in copy_context().items():
        with suppress(LookupError):             # one without a default
            was = context[variable] if variable in context else Context().run(variable.get)
            if value is not was:
                variable.set(was)
    (gc.enable if collects else gc.disable)()
