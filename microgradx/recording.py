"""Whether and where a graph is recorded, and the order of one that was: the tape, which backward() reverses.

    >>> from microgradx import Value, no_grad, tape
    >>> a = Value(2.0, "a"); b = (a * a).named("b"); c = (b + a).named("c")
    >>> [v.label for v in tape(c)]
    ['a', 'b', 'c']
    >>> with no_grad():
    ...     len(tape(a * a))                    # a number only: it does not know what it was made of
    1
"""
from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .node import Node

N = TypeVar("N", bound="Node")

# The scope that operations are recorded in, in this thread and task: "" outside of any, None where nothing is recorded.
_scope: ContextVar[str | None] = ContextVar("scope", default="")
current_scope = _scope.get

# While a program is recorded that is to run later: who answers for Values whose numbers may be others by then. It has
# unrecorded(op, args), the result of an operation in no_grad(), and truth(v).
tracer: ContextVar[Any] = ContextVar("tracer", default=None)


def tape(*roots: N, leaves: bool = True) -> list[N]:
    """Every Value that the roots were computed from, each after all of its inputs. No recursion, so any depth.

    The last one is the root itself. Of several roots the tapes are joined, each Value comes once. With leaves=False
    only results come: what backward() has to play.

    >>> from microgradx import Value, tape
    >>> a = Value(2.0)
    >>> [v.data for v in tape(a * a + 1)]
    [2.0, 4.0, 5.0]
    >>> [v.data for v in tape(a * a + 1, leaves=False)]
    [4.0, 5.0]
    """
    order: list[N] = []
    seen: set[Any] = {None}                         # None, a second input that is not there, needs no visit
    whole: set[int] = {id(None)}                    # lists of inputs that are on the tape; many nodes may share one
    stack: list[Any] = list(reversed(roots))        # Values to visit; None above one whose inputs are being visited
    while stack:
        v = stack.pop()
        if v is None:                               # all inputs of the node below are on the tape
            order.append(stack.pop())
            continue
        while v not in seen:
            seen.add(v)
            a, b = v._a, v._b
            if a is None:                           # a leaf
                order += [v] if leaves else []
                break
            if a.__class__ is tuple:                # lists of inputs, on the stack with the first on top
                stack += (v, None)
                for inputs in (b, a):
                    if id(inputs) not in whole:
                        waiting = [] if seen.issuperset(inputs) else [
                            x for x in inputs if x not in seen and x.__class__ is not float
                            and (leaves or x._a is not None)]
                        stack += reversed(waiting)
                        if not waiting:
                            whole.add(id(inputs))
                break
            if b not in seen and b.__class__ is not float:
                stack += (v, None, b)
            elif a not in seen and a.__class__ is not float:
                stack += (v, None)
            else:                                   # nothing to wait for
                order.append(v)
                break
            if a.__class__ is float:
                break
            v = a                                   # down along the first inputs, without a detour by the stack
    return order


class Within:
    """A context manager that records in the scope `path`, or nothing where it is None."""

    __slots__ = ("path", "before")

    def __init__(self, path: str | None) -> None:
        self.path = path

    def __enter__(self) -> None:
        self.before: Token[str | None] = _scope.set(self.path)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        _scope.reset(self.before)


def no_grad() -> AbstractContextManager[None]:
    """Within it operations compute numbers only: results are leaves, no graph is recorded. Per thread and task.

    >>> from microgradx import Value, no_grad
    >>> with no_grad():
    ...     y = Value(2.0) * 3
    >>> y.op is None, y.data
    (True, 6.0)
    """
    return Within(None)


def recording() -> AbstractContextManager[None]:
    """Within it operations record a graph, also inside no_grad()."""
    return Within(current_scope() or "")


def scope(name: str) -> AbstractContextManager[None]:
    """Within it Values are made under this name, which groups them in pictures: v.scope. Scopes nest with a dot.

    TypeError if the name is no str.

    >>> from microgradx import Value, scope
    >>> x = Value(2.0)
    >>> with scope("layer1"), scope("neuron0"):
    ...     y = x * 3
    >>> y.scope
    'layer1.neuron0'
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a scope is a str, got {type(name).__name__}; write scope(str(...))")
    outer = current_scope()
    return Within(outer if outer is None else f"{outer}.{name}" if outer else name)
