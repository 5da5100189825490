"""Trace: run a function once on Values without numbers, and keep what it did.

    >>> from microgradx.compiler.trace import trace
    >>> program = trace(lambda w, x: (w * x + 1).tanh(), [0.5, 2.0])
    >>> [v.op.name for v in program.results[0].args], len(program.inputs)
    (['add'], 2)

The recorded graph is an ordinary one, of Nodes with `op` and `args`, so the transforms of derivatives.py work on it:
tracing value_and_grad(f) records the backward pass too, by the very lines that eager code runs.

A plain Value that f closes over stays a leaf: an input, whose number is read at each call. (But its `.data`, if f asks
for it, is the number that it has now.) One that f makes itself, from a number, is a constant.
"""
from __future__ import annotations

import gc
import linecache
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, NoReturn

from .. import activations, ops
from ..derivatives import enclosed
from ..ieee import number
from ..nesting import is_module, leaves
from ..node import Node, Unknown, Vector, node, record, reduce
from ..recording import current_scope, recording, scope, tape, tracer
from ..table import Op, Reduction
from ..value import Value
from .effects import Recorder
from .structure import is_number, results

MARK = "(traced)"                       # the scope of what is made while tracing; no user's name has parentheses
MOST = 5_000_000                        # operations that a program may have: some 4 GB while it is compiled
PACKAGE = str(Path(__file__).parent.parent)
_tracing = RLock()                      # a Module's own parameters are marked while it is traced: one at a time


class TracingError(Unknown):
    """Compiled code cannot do what was asked of a Value whose number is not known yet. Says where, and the way out.

    >>> from microgradx import jit
    >>> jit(lambda x: x.data)(2.0)
    Traceback (most recent call last):
    microgradx.compiler.trace.TracingError: the number of a Value is not known while its program is recorded ...
    """


class TooLarge(ValueError):
    """A program has more operations than can be compiled in reasonable time and memory.

    >>> from microgradx.compiler import trace
    >>> f"{trace.MOST:,} operations"
    '5,000,000 operations'
    """


def refuse(what: str, instead: str) -> NoReturn:
    """TracingError with the line of the program that asks."""
    raise TracingError(f"{what} of a Value is not known while its program is recorded for jit ({_line()}); {instead}")


def refuse_truth() -> NoReturn:
    """What decides must be told as it runs, or before."""
    refuse("the truth", "write where(a < b, p, q), maximum(a, b), or take(table, i); or pass what decides as an int or "
           "a bool, a static argument")


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
        for answer in _answers.get() or ():
            return answer
        if _answers.get() is not None:
            raise Question(self)
        refuse_truth()

    def __eq__(self, other: Any) -> Any:
        return self is other if _answers.get() is None else (self <= other) * (self >= other)

    def __ne__(self, other: Any) -> Any:
        return self is not other if _answers.get() is None else 1 - (self == other)

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
            return record(op, args, Value)
        args = tuple([a if isinstance(a, Node) else number(a) for a in args])
        if isinstance(op, Reduction) and not op.index:
            return _noted(op, *op.split(args))
        return _noted(op, *args) if len(args) <= 2 else _noted(op, args)

    def _reduce(self, op: Reduction, lists: Sequence[Any]) -> Value:
        if _nodes.get() is None:
            return reduce(op, lists, Value)
        return _noted(op, *[xs.args if xs.__class__ is Vector else
                            tuple([a if isinstance(a, Node) else number(a) for a in xs]) for xs in lists])


def _noted(op: Op, a: Any, b: Any = None) -> Traced:
    """A node without a number. Where nothing is to be recorded (no_grad), one that no gradient passes."""
    path = current_scope()
    out = _traced(path or MARK, op, a, b)
    return out if path is not None else _traced(MARK, ops.detach, out)


def _traced(path: str, op: Any = None, a: Any = None, b: Any = None) -> Traced:
    # The slot of the number, which is out of reach from now on, holds how many were recorded before.
    nodes: Any = _nodes.get()
    out: Any = node(Value, path, op, float(len(nodes)), a, b, None, None)
    out.__class__ = Traced
    if op is not None:
        if len(nodes) >= MOST:
            raise TooLarge(f"f records more than {MOST:,} operations ({_line()}), too many for one program; compile "
                           "what it does for one sample, and call that for each, or train by fit(..., jit=True)")
        nodes.append(out)
    return out  # type: ignore[no-any-return]


_nodes: ContextVar[list[Value] | None] = ContextVar("nodes", default=None)      # None where nothing is recorded
_slot = vars(Node)["_data"]


@contextmanager
def _noting(nodes: list[Value]) -> Iterator[None]:
    """Within it every recorded operation is added to the list."""
    token = _nodes.set(nodes)
    try:
        yield
    finally:
        _nodes.reset(token)


class Tracer:
    """Answers for plain Values, which f closes over, while it is traced; see recording.py."""

    @staticmethod
    def unrecorded(op: Op, args: Sequence[Any]) -> Value:
        """In no_grad(), too, a result is computed as the program runs."""
        return Traced._apply(op, args)

    @staticmethod
    def truth(v: Value) -> bool:
        """Known only of constants."""
        if all(is_constant(leaf) for leaf in tape(v) if leaf.op is None):
            return v._data != 0.0
        refuse_truth()


@contextmanager
def _answering() -> Iterator[None]:
    """Within it a Tracer answers."""
    token = tracer.set(Tracer)
    try:
        yield
    finally:
        tracer.reset(token)


def as_recorded(values: Iterable[Value]) -> list[Value]:
    """Nodes in the order in which they were recorded, what was there before first: unlike the tape, it keeps together
    what a loop made, and so loops can be found again."""
    return sorted(values, key=lambda v: _slot.__get__(v) if v.op is not None and v.__class__ is Traced else -1.0)


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


def _line() -> str:
    """The line outside of this package that is being run: "net.py:12, `if y > 0:`"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, line).strip()
    return f"{Path(file).name}:{line}{f', `{text}`' if text else ''}"


# Both ways of a branch -------------------------------------------------------------------------------------------

class Question(BaseException):
    """Is this Value true? No `except Exception` of a row's value stops it."""


_answers: ContextVar[Iterator[bool] | None] = ContextVar("answers", default=None)
BRANCHES = 64


def both_ways(f: Callable[..., Any], *args: Any) -> Any:
    """f at Traced Values, where it asks for their truth followed both ways and joined by where().

    For the value of a row, `x if x > 0 else 0.0`: it has no effects, so it may be run once for each answer. TypeError
    if it asks again and again.
    """
    runs = count()

    def run(answers: tuple[bool, ...]) -> Any:
        if next(runs) > BRANCHES:
            raise TypeError("it asks again and again whether something is true")
        token = _answers.set(iter(answers))
        try:
            return f(*args)
        except Question as asked:
            condition = asked.args[0]
        finally:
            _answers.reset(token)
        return ops.where(condition, run((*answers, True)), run((*answers, False)))
    return run(())


# A function and its arguments ------------------------------------------------------------------------------------

class Recorded(NamedTuple):
    """What a function did.

    inputs      a Value for each number among the arguments, in order; a Module's parameters are its own Values
    nodes       every operation that was recorded, in order
    results     all Values and numbers that it returned, in order
    tree        what it returned, its nesting
    sources     Values for what layers read, and where their numbers come from: see effects.py
    updates     Buffers that layers set, and to what
    """

    inputs: list[Value]
    nodes: list[Value]
    results: list[Any]
    tree: Any
    sources: dict[Value, Any]
    updates: dict[Value, Any]


def trace(f: Callable[..., Any], args: Sequence[Any], strict: bool = False) -> Recorded:
    """Call f once with Values in place of the numbers in `args` (nested lists, Modules). TracingError as told there.

    An int stays what it is: a size, an index, a choice. Strict: gradients are added up in the order of backward().
    """
    inputs: list[Value] = []
    nodes: list[Value] = []
    with _tracing:
        with _noting([]):
            given = [_replaced(a, inputs) for a in args]
        effects, arranged = Recorder(lambda: _traced(MARK)), list if strict else as_recorded
        with (unhindered(), _noting(nodes), _answering(), effects.in_place(), _marked(inputs), enclosed(arranged),
              recording(), scope(MARK)):
            tree = f(*given)
    return Recorded(inputs, nodes, results(tree), tree, effects.sources, effects.updates)


@contextmanager
def unhindered() -> Iterator[None]:
    """Without garbage collection: of a million new objects that all stay, it would look at each again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _replaced(tree: Any, inputs: list[Value]) -> Any:
    if isinstance(tree, (list, tuple)):
        return type(tree)([_replaced(branch, inputs) for branch in tree])
    if is_module(tree):
        inputs += leaves(tree)
        return tree
    if not is_number(tree):
        return tree
    inputs.append(_traced(MARK))
    return inputs[-1]


@contextmanager
def _marked(values: Sequence[Value]) -> Iterator[None]:
    """The Values are Traced for this while, a Module's parameters too. They stay the same objects, so that whatever
    else refers to a parameter, a penalty or a shared layer, refers to the input."""
    before = [(v, v.__class__) for v in values]
    try:
        for v in values:
            v.__class__ = Traced
        yield
    finally:
        for v, kind in before:
            v.__class__ = kind


def is_constant(v: Value) -> bool:
    """Whether a leaf was made from a number while tracing."""
    return v.__class__ is not Traced and v.scope.startswith(MARK)
