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
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from .ieee import number
from .recording import current_scope, tape, tracer
from .table import Op

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
    args = tuple([a if a.__class__ is float or isinstance(a, Node) else number(a) for a in args])
    return record_at([a if a.__class__ is float else a._data for a in args], op, args, kind)


def record_at(xs: Sequence[float], op: Op, args: tuple[Any, ...], kind: type[N]) -> N:
    """The same, where the numbers of the inputs are known."""
    y, scope = op.at(*xs), current_scope()
    if scope is None:
        return unrecorded(op, args, y, kind)
    slopes = op.partials([a.__class__ is not float for a in args], y, *xs)
    if len(args) == 1:
        return node(kind, scope, op, y, args[0], None, slopes[0], None)
    if len(args) == 2:
        return node(kind, scope, op, y, *args, *slopes)
    return node(kind, scope, op, y, args, None, tuple(slopes), None)


def unrecorded(op: Op, args: Sequence[Any], y: float, kind: type[N]) -> N:
    """A result in no_grad(): a number that does not know what it was made of."""
    recorder = tracer.get()
    return kind(y) if recorder is None else recorder.unrecorded(op, args)
