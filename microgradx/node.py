"""Node: a number that remembers how it was computed, and backward(), which applies the chain rule.

    >>> from microgradx import Value
    >>> a = Value(3.0)
    >>> y = a * a                                       # a Value is a Node with Python's operators: value.py
    >>> y.data, y.op.name, y.args == (a, a), y.slopes
    (9.0, 'mul', True, (3.0, 3.0))
    >>> y.backward(); a.grad
    6.0

Recording: every operation makes a node that holds its result, its inputs, and its slopes: the derivative of the
result by each input, as the table gives it at this very moment. Backward: the nodes in reverse order, and for each
input one line, `input.grad += slope * grad`. That is all of backpropagation.
"""
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from .ieee import RAISED, number
from .recording import current_scope, tape, tracer
from .table import Inputs, Op, Reduction

N = TypeVar("N", bound="Node")
_new = object.__new__


class Unknown(TypeError):
    """Asked for the number of a Value that has none yet, since its program is only being recorded."""


class Node:
    """A number, the gradient of the last backward() with respect to it, and what recorded it; see Value."""

    # One input or two, and their slopes, stand directly in the node: fewer objects for the collector to visit than
    # tuples would be. A row of more inputs has a tuple of them in _a and of their slopes in _da; one of two lists
    # keeps the second list in _b and _db. None stands for a slope, or a list of them, along which no gradient flows.
    __slots__ = ("_data", "_grad", "label", "scope", "op", "_a", "_b", "_da", "_db")

    def __init__(self, data: float, label: str | None = None) -> None:
        self._data: float = number(data)
        self._grad = 0.0
        self.label = _label(label)
        self.scope: str = current_scope() or ""
        self.op: Op | None = None
        self._a: Any = None
        self._b: Any = None
        self._da: Any = None
        self._db: Any = None

    @property
    def data(self) -> float:
        """The number."""
        return self._data

    @data.setter
    def data(self, x: float) -> None:
        self._data = x if x.__class__ is float else number(x)

    @property
    def grad(self) -> float:
        """The derivative of the last root by this number."""
        return self._grad

    @grad.setter
    def grad(self, x: float) -> None:
        self._grad = x if x.__class__ is float else number(x)

    def named(self: N, label: str) -> N:
        """Set the label and return the Value: `y = (w * x).named("y")`. TypeError if it is not a str.

        >>> from microgradx import Value
        >>> (Value(2.0) * 3).named("y")
        Value(data=6.0, grad=0.0, label='y')
        """
        self.label = _label(label)
        return self

    @property
    def args(self) -> tuple[Any, ...]:
        """The inputs in order: Values, and floats for constants; () for a leaf.

        >>> from microgradx import Value
        >>> (Value(2.0) * 3).args
        (Value(data=2.0, grad=0.0), 3.0)
        """
        a, b = self._a, self._b
        if a.__class__ is tuple:
            return a if b is None else a + b
        return () if a is None else (a,) if b is None else (a, b)

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """The derivative by each of args, frozen when recorded; None where no gradient flows.

        >>> from microgradx import Value
        >>> (Value(2.0) * Value(3.0)).slopes, (Value(2.0) * 3).slopes
        ((3.0, 2.0), (3.0, None))
        """
        a, b = self._a, self._b
        if a.__class__ is tuple:
            da = self._da or (None,) * len(a)
            return da if b is None else da + (self._db or (None,) * len(b))
        return (self._da, self._db)[:len(self.args)]

    def backward(self) -> None:
        """Put d self / d v into v.grad for every v that self was computed from; a leaf adds it to what it holds.

        A gradient of 0 carries nothing, so a dead branch with an infinite slope gives 0 and not nan.

        >>> from microgradx import Value
        >>> a = Value(3.0)
        >>> (a * a).backward(); a.grad                  # both uses of a add up: 3 + 3
        6.0
        """
        order = tape(self, leaves=False)
        for v in order:
            v._grad = 0.0
        self._grad += 1.0
        for v in reversed(order):
            g, a, da, db = v._grad, v._a, v._da, v._db
            if g == 0.0:
                continue
            if a.__class__ is tuple:
                for inputs, slopes in ((a, da), (v._b, db)):
                    if slopes is not None:
                        for x, slope in zip(inputs, slopes):
                            if slope is not None:
                                x._grad += slope * g
                continue
            if da is not None:
                a._grad += da * g
            if db is not None:
                v._b._grad += db * g


def zero_grad(nodes: Iterable[Node]) -> None:
    """`v.grad = 0.0` for each; past the setter, which would take three quarters of the time."""
    for v in nodes:
        v._grad = 0.0


def _label(label: Any) -> str | None:
    if label is None or isinstance(label, str):
        return label
    raise TypeError(f"a label is a str, got {type(label).__name__}; write str(...)")


# Recording: from a row of the table to a node of the graph -----------------------------------------------------

def node(kind: type[N], scope: str, op: Op, y: float, a: Any, b: Any, da: Any, db: Any) -> N:
    """A node made by `op`: result y, inputs a and b, slopes da and db. (Half the cost of a call of __init__.)"""
    out = _new(kind)
    out._data, out._grad = y, 0.0                       # two by two: four and more would make a tuple first
    out.label, out.scope, out.op = None, scope, op
    out._a, out._b = a, b
    out._da, out._db = da, db
    return out


def record(op: Op, args: Sequence[Any], kind: type[N]) -> N:
    """`op` applied to nodes and numbers, in any number and mixture."""
    if isinstance(op, Reduction) and not op.index:
        return reduce(op, op.split(args), kind)
    return _recorded(op, args, kind)


def _recorded(op: Op, args: Sequence[Any], kind: type[N]) -> N:
    args = tuple([a if a.__class__ is float or isinstance(a, Node) else number(a) for a in args])
    xs = [a if a.__class__ is float else a._data for a in args]
    y, scope = op.at(*xs), current_scope()
    if scope is None:
        return _unrecorded(op, args, y, kind)
    slopes = op.partials([a.__class__ is not float for a in args], y, *xs)
    if len(args) == 1:
        return node(kind, scope, op, y, args[0], None, slopes[0], None)
    if len(args) == 2:
        return node(kind, scope, op, y, *args, *slopes)
    return node(kind, scope, op, y, args, None, tuple(slopes), None)


class _Untold:
    """The numbers of a Vector that has none yet."""

    def __init__(self, reason: Unknown) -> None:
        self.reason = reason

    def __iter__(self) -> Any:
        raise self.reason


class Vector(Inputs, Sequence[Any]):
    """A list of Values and numbers whose numbers are read once: for a list that goes into many reductions.

    A layer gives the same inputs to all its units: inputs = Vector(xs); [dot(weights, inputs) for weights in rows].
    The numbers are those at the time it is made. TypeError if an element is no number.

    >>> from microgradx import Value, Vector, dot
    >>> inputs = Vector([Value(2.0), 1.0])
    >>> [dot(row, inputs).data for row in ([3.0, 4.0], [5.0, 6.0])]
    [10.0, 16.0]
    """

    # args: the inputs, as a node holds them; data: their numbers; constants: which of them are no Values.
    __slots__ = ("args", "data", "constants")

    def __init__(self, xs: Iterable[Any]) -> None:
        """Read the numbers."""
        args: tuple[Any, ...] = tuple(xs)
        data: Any
        constants: tuple[int, ...] = ()
        try:
            data = tuple([a._data for a in args if isinstance(a, Node)])
            if len(data) < len(args):
                args = tuple([a if isinstance(a, Node) else number(a) for a in args])
                data = tuple([a if a.__class__ is float else a._data for a in args])
                constants = tuple([i for i, a in enumerate(args) if a.__class__ is float])
        except Unknown as unknown:                      # a list all the same; who asks for its numbers is told
            data = _Untold(unknown)
            args = tuple([a if isinstance(a, Node) else number(a) for a in args])
        self.args, self.data, self.constants = args, data, constants

    def __len__(self) -> int:
        return len(self.args)

    def __getitem__(self, i: Any) -> Any:
        return self.args[i]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.args)

    def __repr__(self) -> str:
        return f"Vector({list(self.args)})"

    def slopes(self, found: Sequence[float]) -> tuple[float | None, ...] | None:
        """Slopes as a node holds them: None for a constant, and in place of the list where all are."""
        constants = self.constants
        if not constants:
            return tuple(found)
        if len(constants) == len(found):
            return None
        if constants[0] == len(found) - 1:              # the 1 that a bias is multiplied by
            return *found[:-1], None
        slopes: list[float | None] = [*found]
        for i in constants:
            slopes[i] = None
        return tuple(slopes)


def reduce(op: Reduction, lists: Sequence[Any], kind: type[N]) -> N:
    """A row of one list or two applied to lists (or Vectors) of nodes and numbers."""
    v, w, scope = lists[0], lists[-1], current_scope()
    if v.__class__ is not Vector:
        v = Vector(v)
    try:
        if len(lists) == 1:
            y = op.of_lists(v.data)
            if scope is None:
                return _unrecorded(op, v.args, y, kind)
            [dv] = op.slopes_of_lists(y, v.data)
            return node(kind, scope, op, y, v.args, None, v.slopes(dv), None)
        if w.__class__ is not Vector:
            w = Vector(w)
        xs, ys = v.data, w.data
        y = op.of_lists(xs, ys)
        if scope is None:
            return _unrecorded(op, v.args + w.args, y, kind)
        dv, dw = op.slopes_of_lists(y, xs, ys)
        return node(kind, scope, op, y, v.args, w.args, v.slopes(dv), w.slopes(dw))
    except RAISED:                                      # the row knows IEEE's answer
        return _recorded(op, [x for xs in lists for x in xs], kind)


def _unrecorded(op: Op, args: Sequence[Any], y: float, kind: type[N]) -> N:
    """A result in no_grad(): a number that does not know what it was made of."""
    recorder = tracer.get()
    return kind(y) if recorder is None else recorder.unrecorded(op, args)
