"""Priority: figures on a machine that others use, too.

    >>> from priority import first
    >>> with first():                                   # as if the machine were ours, where the system permits it
    ...     pass
"""
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def threads(process: str = "self") -> list[int]:
    """The threads of a process and of its children, as Linux numbers them; none elsewhere."""
    found = []
    with suppress(OSError):                             # it has ended
        for path in Path(f"/proc/{process}/task").iterdir():
            found.append(int(path.name))
            for child in (path / "children").read_text().split():
                found += threads(child)
    return found


def scheduled(policy: str, priority: int) -> None:
    """Give all of these threads a policy of the scheduler."""
    for thread in threads():
        with suppress(OSError):                         # it has ended, or that is not for this user to do
            os.sched_setscheduler(thread, getattr(os, policy), os.sched_param(priority))


@contextmanager
def first() -> Iterator[None]:
    """A with-block in which all threads of this process and its children are of real-time priority: Linux runs them
    before those of other programs. Where there is no such thing, or the user may not, the block changes nothing."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    scheduled("SCHED_FIFO", 1)
    try:
        yield
    finally:
        scheduled("SCHED_OTHER", 0)
