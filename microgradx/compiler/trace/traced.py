"""Traced: a Value without a number, made while a function is traced.

    >>> from microgradx.compiler.trace.tracer import Tracer
    >>> trace = Tracer()
    >>> with trace:
    ...     x = trace.unknown()
    ...     y = (2 * x).tanh()
    >>> y, y.args
    (Traced(tanh), (Traced(mul),))
"""
from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ...branches import answer, answers
from ...engine import Value, mode
from ...table import Op
from .errors import (
    refuse_leaked,
    refuse_number,
    refuse_truth,
)

if TYPE_CHECKING:
    from .tracer import Tracer

MARK = "(traced)"                       # begins the scope of what is made while tracing; no user's name has parentheses
TRACES = count()                        # numbers for them
MOST = 5_000_000                        # operations that a program may have: some 4 GB while it is compiled


class Traced(Value):
    """A Value without a number: what its program computes when it runs.

    serial      how many operations were recorded before it
    trace       the Tracer that made it
    """

    __slots__ = ("serial", "trace")
    serial: int
    trace: Tracer

    @property
    def _data(self) -> NoReturn:
        refuse_leaked()

    @_data.setter
    def _data(self, _: float) -> None:
        if not self.trace.is_on():      # else the tracer has kept it
            refuse_leaked()

    _grad = _data
    _da: Any = None                     # slopes are not known

    @property
    def args(self) -> tuple[Any, ...]:
        """As of every Value, without calls: a compilation asks each several times."""
        a, b = self._a, self._b
        if a.__class__ is tuple:
            return a + b if b else a
        return () if a is None else (a,) if b is None else (a, b)

    def backward(self) -> None:
        """Recorded; TracingError where its program is not being recorded."""
        super().backward() if self.trace.is_on() else refuse_leaked()

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """None is known."""
        return () if self.trace.is_on() else refuse_leaked()

    def __bool__(self) -> bool:
        if answers.get() is not None:
            return answer(self)
        known = constant(self)
        return refuse_truth() if known is None else known != 0

    def __eq__(self, other: Any) -> Any:
        """Of Values, as ever, whether they are the same one; whether it equals a number is not known yet."""
        if answers.get() is not None:
            return (self <= other) * (self >= other)
        if isinstance(other, (int, float)) and mode.get() is not None and self.trace.is_on():
            refuse_truth()
        return self is other

    def __ne__(self, other: Any) -> Any:
        return 1 - (self == other) if answers.get() is not None else not self == other

    __hash__ = Value.__hash__

    def __float__(self) -> Any:
        refuse_number()

    __int__ = __index__ = __trunc__ = __float__

    def __round__(self, *_: Any) -> Any:
        refuse_number()

    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __round__     # of a float

    def __reduce__(self) -> Any:
        """A copy would need the number."""
        refuse_number() if self.trace.is_on() else refuse_leaked()

    def __format__(self, spec: str) -> str:
        return refuse_number() if spec else repr(self)

    def __repr__(self) -> str:
        return f"Traced({self.op.name if self.op else self.label or 'input'})"


class Number(Traced):
    """What eager code has as a float, such as `.data` of a Value, or as a leaf: the graph ends here, for tape() too.

    of          the Value whose number it is, or a float
    """

    __slots__ = ("of",)
    of: Any

    @property
    def args(self) -> tuple[Any, ...]:
        """What the program computes it from."""
        return (self.of,)


class Batch(NamedTuple):
    """Operations of one row that were recorded at once, and their inputs: a list of the first ones, of the second..."""

    op: Op
    values: list[Traced]
    columns: Sequence[Sequence[Any]]


def is_constant(v: Value, mark: str) -> bool:
    """Whether a leaf was made from a number while a function was traced under this mark."""
    return not isinstance(v, Traced) and (v.scope == mark or v.scope.startswith(f"{mark}."))


def constant(v: Traced) -> float | None:
    """The number of what was computed of constants only; None for all else."""
    known: dict[Value, float] = {}
    stack: list[Value] = [v]
    while stack:
        node = stack[-1]
        if node.op is None and not v.trace.is_constant(node):
            return None
        later = [a for a in node.args if isinstance(a, Value) and a not in known]
        if not later:
            xs = [known[a] if isinstance(a, Value) else a for a in node.args]
            known[stack.pop()] = node._data if node.op is None else node.op.at(*xs)
        stack += later
    return known[v]
