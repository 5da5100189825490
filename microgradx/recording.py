"""Whether and where operations are recorded: no_grad() and scope(), for a with-block.

    >>> from microgradx import Value, no_grad, scope, tape
    >>> a = Value(2.0)
    >>> with no_grad():
    ...     len(tape(a * a))                    # a number only, without inputs
    1
    >>> with scope("layer"):
    ...     (a * a).scope
    'layer'
"""
from contextlib import AbstractContextManager
from contextvars import Token
from types import TracebackType
from typing import Any

from .engine import mode
from .ieee import kind_of


class Within:
    """A context manager that records in the scope `path`, or nothing where it is None."""

    __slots__ = ("path", "before")

    def __init__(self, path: str | None) -> None:
        self.path = path

    def __enter__(self) -> None:
        now = mode.get()
        self.before: Token[Any] = mode.set(self.path if now is None or type(now) is str else now.within(self.path))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        mode.reset(self.before)


def current_scope() -> str | None:
    """The scope that operations are recorded in, "" outside of any; None where nothing is recorded."""
    now = mode.get()
    return now if now is None or type(now) is str else now.path


def no_grad() -> AbstractContextManager[None]:
    """A with-block in which operations compute numbers only: results are leaves. It holds per thread and task.

    >>> from microgradx import Value, no_grad
    >>> with no_grad():
    ...     y = Value(2.0) * 3
    >>> y.op is None, y.data
    (True, 6.0)
    """
    return Within(None)


def recording() -> AbstractContextManager[None]:
    """A with-block in which operations record a graph, also inside no_grad()."""
    return Within(current_scope() or "")


def scope(name: str) -> AbstractContextManager[None]:
    """A with-block whose Values have this name in v.scope, which groups them in pictures. Nested names get a dot.

    TypeError if the name is not a str.

    >>> from microgradx import Value, scope
    >>> x = Value(2.0)
    >>> with scope("layer1"), scope("neuron0"):
    ...     y = x * 3
    >>> y.scope
    'layer1.neuron0'
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a scope is a str, got {kind_of(name)}; write scope(str(...))")
    outer = current_scope()
    return Within(outer if outer is None else f"{outer}.{name}" if outer else name)
