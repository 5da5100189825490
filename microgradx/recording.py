"""Whether a graph is recorded, and the order of one that was: the tape, which backward() plays in reverse.

    >>> from microgradx import Value, no_grad, tape
    >>> a = Value(2.0, "a"); b = (a * a).named("b"); c = (b + a).named("c")
    >>> [v.label for v in tape(c)]
    ['a', 'b', 'c']
    >>> with no_grad():
    ...     len(tape(a * a))                    # a number only: it does not know what it was made of
    1
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .value import Value

_recording = ContextVar("recording", default=True)
recorded = _recording.get                           # whether operations record a graph in this thread and task


def tape(*roots: Value) -> list[Value]:
    """Every Value that the roots were computed from, each after all of its inputs. No recursion, so any depth."""
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = list(reversed(roots))
    while stack:
        v = stack.pop()
        if v is None:                               # all inputs of the node below are on the tape
            order.append(stack.pop())               # type: ignore[arg-type]
        elif v not in seen:
            seen.add(v)
            a, b = v._a, v._b
            if a is None:                           # a leaf
                order.append(v)
                continue
            stack += (v, None)
            if a.__class__ is tuple:
                stack += [x for x in reversed(a) if x.__class__ is not float and x not in seen]
                continue
            if b is not None and b.__class__ is not float and b not in seen:
                stack.append(b)
            if a.__class__ is not float and a not in seen:
                stack.append(a)
    return order


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Within it operations record a graph, or do not. Per thread and task."""
    before = _recording.set(on)
    try:
        yield
    finally:
        _recording.reset(before)


def no_grad() -> AbstractContextManager[None]:
    """Within it operations compute numbers only: results are leaves, no graph is recorded. Per thread and task.

    >>> from microgradx import Value, no_grad
    >>> with no_grad():
    ...     y = Value(2.0) * 3
    >>> y.op is None, y.data
    (True, 6.0)
    """
    return recording(False)
