"""Value: one number that remembers how it was computed, and backward(), which applies the chain rule.

    >>> from microgradx import Value
    >>> w, x, b = Value(0.5), Value(2.0), Value(-1.0)
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> y.data, w.grad, x.grad, b.grad
    (0.0, 2.0, 0.5, 1.0)

Recording: every operation makes a node that holds its result, its inputs, and its slopes: the derivative of the
result by each input, as the table gives it at this very moment. Backward: the nodes in reverse order, and for each
input one line, `input.grad += slope * grad`. That is all of backpropagation.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, Union

from . import activations, ops
from .ieee import PLAIN, RAISED, number
from .recording import current_scope, tape
from .table import Op
from .text import digits

Operand = Union["Value", float]
V = TypeVar("V", bound="Value")
_new = object.__new__


# Recording: from a row of the table to a node of the graph -----------------------------------------------------

def node(kind: type[V], scope: str, op: Op, y: float, a: Any, b: Any, da: Any, db: Any) -> V:
    """A Value made by `op`: result y, inputs a and b, slopes da and db. (Half the cost of a call of __init__.)"""
    out = _new(kind)
    out._data, out._grad, out.label, out.scope, out.op = y, 0.0, None, scope, op
    out._a, out._b, out._da, out._db = a, b, da, db
    return out


def record(op: Op, args: Sequence[Any], kind: type[V]) -> V:
    """`op` applied to Values and numbers, in any number and mixture."""
    args = tuple([a if a.__class__ is float or isinstance(a, Value) else number(a) for a in args])
    xs = [a if a.__class__ is float else a._data for a in args]
    y, scope = op.at(*xs), current_scope()
    if scope is None:
        return kind(y)
    slopes = op.partials([a.__class__ is not float for a in args], y, *xs)
    if len(args) == 1:
        return node(kind, scope, op, y, args[0], None, slopes[0], None)
    if len(args) == 2:
        return node(kind, scope, op, y, *args, *slopes)
    return node(kind, scope, op, y, args, None, tuple(slopes), None)


def _unary(op: Op) -> Callable[[Value], Value]:
    """The method of Value that applies a row of one input."""
    value, (slope,) = op.value, op.rules

    def method(self: Value) -> Value:
        scope = current_scope()
        if scope is not None:
            try:
                x = self._data
                y = value(x)
                return node(Value, scope, op, y, self, None, slope(y, x), None)
            except RAISED:
                pass                                    # record() answers as IEEE does
        return record(op, (self,), Value)
    return _called(method, op)


def _binary(op: Op) -> Callable[[Value, Operand], Value]:
    """The method of Value that applies a row of two inputs: a Value, and a Value or number."""
    value, (slope_a, slope_b) = op.value, op.rules

    def method(self: Value, other: Operand) -> Value:
        kind, scope = other.__class__, current_scope()
        if scope is not None:
            try:
                if kind is Value:
                    a, b = self._data, other._data          # type: ignore[union-attr]
                    y = value(a, b)
                    return node(Value, scope, op, y, self, other, slope_a(y, a, b), slope_b(y, a, b))
                if kind in PLAIN:
                    a, b = self._data, float(other)
                    y = value(a, b)
                    return node(Value, scope, op, y, self, b, slope_a(y, a, b), None)
            except RAISED:
                pass
        return _mixed(op, self, other, other, Value)
    return _called(method, op)


def _reflected(op: Op) -> Callable[[Value, float], Value]:
    """The method for `number op value`."""
    value, slope_b = op.value, op.rules[1]

    def method(self: Value, other: float) -> Value:
        scope = current_scope()
        if scope is not None and other.__class__ in PLAIN:
            try:
                a, b = float(other), self._data
                y = value(a, b)
                return node(Value, scope, op, y, a, self, None, slope_b(y, a, b))
            except RAISED:
                pass
        return _mixed(op, other, self, other, Value)
    return _called(method, op)


def _compare(op: Op) -> Callable[[Value, Operand], Comparison]:
    """The method for `a < b` and its kin."""
    def method(self: Value, other: Operand) -> Comparison:
        return _mixed(op, self, other, other, Comparison)
    return _called(method, op)


def _mixed(op: Op, a: Any, b: Any, other: Any, kind: type[V]) -> V:
    """An operator between a Value and anything else; what is no number but knows rows itself is asked by Python."""
    if hasattr(type(other), "_apply") and not isinstance(other, Value):
        return NotImplemented  # type: ignore[no-any-return]
    return record(op, (a, b), kind)


F = TypeVar("F", bound=Callable[..., Any])


def _called(method: F, op: Op) -> F:
    """The method under the name of its row, for tracebacks and help()."""
    method.__name__, method.__doc__ = op.name, f"{op.name}: the row of the table, applied to this Value."
    return method


# The node ------------------------------------------------------------------------------------------------------

class Value:
    """A number, the gradient of the last backward() with respect to it, and what recorded it.

    data    the number, a float; a leaf's may be set: `w.data -= 0.1 * w.grad`
    grad    d root / d self, a float. A leaf adds up over calls of backward() until it is set to 0;
            a result holds the gradient of the last pass over it
    label   the name it is shown by, or None
    scope   the name of the group it was made in, "" outside of any: see scope()
    op      the row of the table that made it, or None for a leaf
    args    its inputs in order: Values, and floats for constants
    slopes  d self / d input for each of args, frozen when recorded; None where no gradient flows:
            for a constant, and for an input such as the condition of where()

    TypeError if data is not one real number.
    """

    # Two inputs and their slopes stand directly in the node: fewer objects for the collector to visit than tuples
    # would be. A node of three or more inputs keeps a tuple of them in _a and a tuple of their slopes in _da.
    __slots__ = ("_data", "_grad", "label", "scope", "op", "_a", "_b", "_da", "_db")
    __array_ufunc__ = None                              # numpy leaves `np.float64(2) * v` to Value

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
        self._data = number(x)

    @property
    def grad(self) -> float:
        """The derivative of the last root by this Value."""
        return self._grad

    @grad.setter
    def grad(self, x: float) -> None:
        self._grad = number(x)

    def named(self: V, label: str) -> V:
        """Set the label and return the Value: `y = (w * x).named("y")`. TypeError if it is not a str."""
        self.label = _label(label)
        return self

    @property
    def args(self) -> tuple[Operand, ...]:
        """The inputs in order: Values, and floats for constants; () for a leaf."""
        if self._a.__class__ is tuple:
            return self._a
        return () if self._a is None else (self._a,) if self._b is None else (self._a, self._b)

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """The derivative by each of args, frozen when recorded; None where no gradient flows."""
        if self._a.__class__ is tuple:
            return self._da  # type: ignore[no-any-return]
        return (self._da, self._db)[:len(self.args)]

    def backward(self) -> None:
        """Put d self / d v into v.grad for every v that self was computed from; a leaf adds it to what it holds.

        A gradient of 0 carries nothing, so a dead branch with an infinite slope gives 0 and not nan.

        >>> from microgradx import Value
        >>> a = Value(3.0)
        >>> (a * a).backward(); a.grad                  # both uses of a add up: 3 + 3
        6.0
        """
        order = tape(self)
        for v in order:
            if v.op is not None:
                v._grad = 0.0
        self._grad += 1.0
        for v in reversed(order):
            g, a = v._grad, v._a
            if g == 0.0 or a is None:
                continue
            if a.__class__ is tuple:
                for x, slope in zip(a, v._da):
                    if slope is not None:
                        x._grad += slope * g
                continue
            slope = v._da
            if slope is not None:
                a._grad += slope * g
            slope = v._db
            if slope is not None:
                v._b._grad += slope * g

    # Operators and methods: each bound to its row once, here ---------------------------------------------------

    @staticmethod
    def _apply(op: Op, args: Sequence[Any]) -> Value:
        return record(op, args, Value)

    __add__, __radd__ = _binary(ops.add), _reflected(ops.add)
    __sub__, __rsub__ = _binary(ops.sub), _reflected(ops.sub)
    __mul__, __rmul__ = _binary(ops.mul), _reflected(ops.mul)
    __truediv__, __rtruediv__ = _binary(ops.div), _reflected(ops.div)
    __pow__, __rpow__ = _binary(ops.pow), _reflected(ops.pow)
    __neg__, __pos__, __abs__ = _unary(ops.neg), _unary(ops.identity), _unary(ops.abs)
    __lt__, __le__, __gt__, __ge__ = (_compare(ops.less), _compare(ops.less_equal),
                                      _compare(ops.greater), _compare(ops.greater_equal))
    exp, log, sqrt = _unary(ops.exp), _unary(ops.log), _unary(ops.sqrt)
    sin, cos, tanh = _unary(ops.sin), _unary(ops.cos), _unary(ops.tanh)
    sigmoid, relu = _unary(activations.sigmoid), _unary(activations.relu)

    # What Python might do with a number by itself --------------------------------------------------------------

    def __float__(self) -> float:
        raise TypeError("a Value is not turned into a float by itself, for that would cut the graph; write v.data "
                        "for the number, or microgradx's own functions (exp(v), not math.exp(v))")

    __int__ = __float__

    def __bool__(self) -> bool:
        raise TypeError("a Value has no truth; compare it (v > 0), choose with where(v > 0, p, q), or write v.data")

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = "" if self.label is None else f", label={self.label!r}"
        return f"{type(self).__name__}(data={self._data}, grad={self._grad}{label})"

    def __reduce__(self) -> Any:
        """Copying and pickling: a leaf goes with its data, gradient and label; a result refuses."""
        if self.op is not None:
            raise TypeError(f"a result ({self.op.name}) is not copied or pickled apart from its graph; "
                            "copy the leaves and compute it again, or write Value(v.data)")
        return _leaf, (type(self), self._data, self._grad, self.label)

    # micrograd's names -----------------------------------------------------------------------------------------

    @property
    def _prev(self) -> set[Value]:
        return {a for a in self.args if isinstance(a, Value)}

    @property
    def _op(self) -> str:
        if self.op is ops.pow and not isinstance(self._b, Value):
            return f"**{digits(self._b)}"
        return self.op.symbol if self.op else ""


class Comparison(Value):
    """`a < b`: 1 or 0 as a number; its truth compares the data; `where(a < b, p, q)` records it.

    >>> from microgradx import Value, where
    >>> a, b = Value(1.0), Value(2.0)
    >>> bool(a < b), where(a < b, a, b).data
    (True, 1.0)
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return self._data != 0.0


def _label(label: Any) -> str | None:
    if label is None or isinstance(label, str):
        return label
    raise TypeError(f"a label is a str, got {type(label).__name__}; write str(...)")


def _leaf(kind: type[V], data: float, grad: float, label: str | None) -> V:
    v = kind(data, label)
    v._grad = grad
    return v
