"""Traced: a Value without a number. It notes what is done to it, and refuses to say what it is.

    >>> from microgradx.compiler.trace.traced import Nodes, noting, unknown
    >>> nodes = Nodes()
    >>> with noting(nodes):
    ...     x = unknown()
    ...     y = (2 * x).tanh()
    >>> list(nodes), y.args == (*nodes,)[:1]
    ([Traced(mul), Traced(tanh)], True)
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any, NamedTuple

from ... import activations, ops
from ...ieee import number
from ...node import Node, Unknown, node
from ...recording import current_scope
from ...table import Op, Reduction
from ...value import Value
from ...vector import Vector, apply, reduce
from .branches import answer, answers
from .errors import refuse, refuse_more, refuse_truth

MARK = "(traced)"                       # the scope of what is made while tracing; no user's name has parentheses
MOST = 5_000_000                        # operations that a program may have: some 4 GB while it is compiled


class Nodes:
    """What was recorded: Values, in order. In `parts` those that were recorded at once are Together."""

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def add(self, part: Any, count: int = 1) -> None:
        """So many operations more. TooLarge beyond the limit."""
        self.parts.append(part)
        self.size += count
        if self.size > MOST:
            refuse_more(MOST)

    def __iter__(self) -> Iterator[Value]:
        for part in self.parts:
            yield from part.values if part.__class__ is Together else (part,)


class Together(NamedTuple):
    """Values of one row, none of which is an input of another, and their inputs: lists of the first ones, ..."""

    op: Op
    values: list[Value]
    lists: Sequence[Sequence[Any]]


_nodes: ContextVar[Nodes | None] = ContextVar("nodes", default=None)    # None where nothing is recorded
_slot = vars(Node)["_data"]


class Traced(Value):
    """A Value without a number: it records what is done to it, and refuses to say what it is.

    A Module's parameters are Traced for a while. Threads that record nothing use them meanwhile as ever.
    """

    __slots__ = ()

    @property
    def _data(self) -> float:
        if _nodes.get() is not None or self.op is not None:
            raise Unknown("a Value of a program recorded for jit has no number; let f return what is to be kept")
        return _slot.__get__(self) if self._da is None else self._da[self._db]  # type: ignore[no-any-return]

    @_data.setter
    def _data(self, x: float) -> None:
        if self._da is None:
            _slot.__set__(self, x)
        else:
            self._da[self._db] = x

    def _unknown(self) -> Any:
        refuse("the number", "compute with the Value itself; what decides how the program goes on must be an int, a "
               "bool or a str among the arguments")

    __float__ = __int__ = __index__ = _unknown

    @property
    def data(self) -> float:
        """Refused while it is recorded."""
        return self._data if _nodes.get() is None else self._unknown()

    @data.setter
    def data(self, x: float) -> None:
        self._data = number(x) if _nodes.get() is None else self._unknown()

    @property
    def grad(self) -> float:
        """Refused: gradients of a traced program are results of value_and_grad."""
        if _nodes.get() is not None:
            refuse(".grad", "write jit(value_and_grad(f)), which returns the gradients")
        return self._grad

    @grad.setter
    def grad(self, x: float) -> None:
        self._grad = self.grad if _nodes.get() is not None else number(x)

    def backward(self) -> None:
        """Refused likewise."""
        refuse("the gradient", "write jit(value_and_grad(f)) in place of backward()")

    def __bool__(self) -> bool:
        if answers.get() is None:
            refuse_truth()
        return answer(self)

    def __eq__(self, other: Any) -> Any:
        """Of Values, as ever, whether they are the same one; whether it equals a number is not known yet."""
        if answers.get() is not None:
            return (self <= other) * (self >= other)
        if isinstance(other, (int, float)) and _nodes.get() is not None:
            refuse_truth()
        return self is other

    def __ne__(self, other: Any) -> Any:
        return 1 - (self == other) if answers.get() is not None else not self == other

    __hash__ = Value.__hash__

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """None is known."""
        return ()

    def __repr__(self) -> str:
        return f"Traced({self.op.name if self.op else self.label or 'input'})"

    def __format__(self, spec: str) -> str:
        return self._unknown() if spec else repr(self)

    @staticmethod
    def _apply(op: Op, args: Sequence[Any]) -> Value:
        if _nodes.get() is None:
            return apply(op, args, Value)
        args = _inputs(args)
        if isinstance(op, Reduction) and not op.index:
            return _noted(op, *op.split(args))
        return _noted(op, *args) if len(args) <= 2 else _noted(op, args)

    def _each(self, op: Op, lists: Sequence[Any]) -> list[Any]:
        nodes, path = _nodes.get(), current_scope()
        if nodes is None or path is None or len(lists) != 2:
            return [self._apply(op, xs) for xs in zip(*lists)]
        inputs = list(map(_inputs, lists))
        found: Any = [node(Value, path, op, k, a, b, None, None) for k, a, b in zip(count(nodes.size), *inputs)]
        for v in found:
            v.__class__ = Traced
        nodes.add(Together(op, found, inputs), len(found))
        return found  # type: ignore[no-any-return]

    def _reduce(self, op: Reduction, lists: Sequence[Any]) -> Value:
        if _nodes.get() is None:
            return reduce(op, lists, Value)
        return _noted(op, *[xs.args if xs.__class__ is Vector else _inputs(xs) for xs in lists])


def _inputs(xs: Iterable[Any]) -> tuple[Any, ...]:
    """Nodes, and floats for all other numbers."""
    xs = tuple(xs)
    if {Traced, float}.issuperset(map(type, xs)):       # most often: nothing to be done
        return xs
    return tuple([x if x.__class__ is Traced or isinstance(x, Node) else number(x) for x in xs])


def _operator(op: Op) -> Any:
    """The method for `self op b`, or of one input."""
    return lambda self, *others: Traced._apply(op, (self, *others))


def _reflected(op: Op) -> Any:
    """The method for `a op self`."""
    return lambda self, other: Traced._apply(op, (other, self))


for _name in ("add", "sub", "mul", "truediv", "pow", "neg", "pos", "abs", "lt", "le", "gt", "ge"):
    _op = {"truediv": ops.div, "pos": ops.identity, "lt": ops.less, "le": ops.less_equal, "gt": ops.greater,
           "ge": ops.greater_equal}.get(_name) or getattr(ops, _name)
    setattr(Traced, f"__{_name}__", _operator(_op))
    if len(_op.inputs) == 2 and not _name.startswith(("l", "g")):
        setattr(Traced, f"__r{_name}__", _reflected(_op))
for _op in (ops.exp, ops.log, ops.sqrt, ops.sin, ops.cos, ops.tanh, activations.sigmoid, activations.relu):
    setattr(Traced, _op.name, _operator(_op))


def unknown() -> Traced:
    """An input: its number is given at each run."""
    return _traced(MARK, None, None, None)


def _noted(op: Op, a: Any, b: Any = None) -> Traced:
    """A node without a number. Where nothing is to be recorded (no_grad), one that no gradient passes."""
    path = current_scope()
    out = _traced(path or MARK, op, a, b)
    return out if path is not None else _traced(MARK, ops.detach, out, None)


def _traced(path: str, op: Any, a: Any, b: Any) -> Traced:
    # The slot of the number, which is out of reach from now on, holds how many were recorded before: see as_recorded.
    nodes: Any = _nodes.get()
    out: Any = node(Value, path, op, nodes.size, a, b, None, None)
    out.__class__ = Traced
    if op is not None:
        nodes.add(out)
    return out  # type: ignore[no-any-return]


@contextmanager
def noting(nodes: Nodes) -> Iterator[None]:
    """Within it every recorded operation is added to the nodes."""
    token = _nodes.set(nodes)
    try:
        yield
    finally:
        _nodes.reset(token)


def as_recorded(values: Iterable[Value]) -> list[Value]:
    """Nodes in the order in which they were recorded, what was there before first: unlike the tape, it keeps together
    what a loop made, and so loops can be found again."""
    return sorted(values, key=lambda v: _slot.__get__(v) if v.op is not None and v.__class__ is Traced else -1.0)
