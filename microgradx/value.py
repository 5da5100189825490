"""Value: a Node with Python's operators, each bound to its row of the table.

    >>> from microgradx import Value
    >>> w, x, b = Value(0.5), Value(2.0), Value(-1.0)
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> y.data, w.grad, x.grad, b.grad
    (0.0, 2.0, 0.5, 1.0)
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeVar, Union

from . import activations, ops
from .ieee import PLAIN, RAISED
from .node import Node, Unknown, node, record
from .recording import current_scope, tracer
from .table import Op, Reduction
from .text import digits
from .vector import apply, reduce

Operand = Union["Value", float]
V = TypeVar("V", bound="Value")


# From a row of the table to a method of Value ------------------------------------------------------------------

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


@cache
def _method(op: Op) -> Callable[[Value], Value] | None:
    """The method of a row that is called as a function, tanh(v): of one input, with a slope."""
    return _unary(op) if op.__class__ is Op and len(op.rules) == 1 and op.rules[0] else None


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


# The class -----------------------------------------------------------------------------------------------------

class Value(Node):
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

    >>> w, x = Value(0.5, "w"), Value(2.0)
    >>> y = w * x + 1
    >>> y.backward()
    >>> y.data, w.grad, w
    (2.0, 2.0, Value(data=0.5, grad=2.0, label='w'))
    """

    __slots__ = ()
    __array_ufunc__ = None                              # numpy leaves `np.float64(2) * v` to Value

    # Operators and methods -------------------------------------------------------------------------------------

    @staticmethod
    def _apply(op: Op, args: Sequence[Any]) -> Value:
        if args[0].__class__ is Value and (method := _method(op)):
            return method(args[0])
        try:
            return apply(op, args, Value)
        except Unknown:
            return _unknown(args)._apply(op, args)  # type: ignore[no-any-return]

    def _reduce(self, op: Reduction, lists: Sequence[Any]) -> Value:
        try:
            return reduce(op, lists, Value)
        except Unknown:
            return _unknown(chain.from_iterable(lists))._reduce(op, lists)  # type: ignore[no-any-return]

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
        recorder = tracer.get()
        return self._data != 0.0 if recorder is None else bool(recorder.truth(self))


def _unknown(xs: Iterable[Any]) -> Any:
    """The first Value that has no number yet. It records an operation in its own way."""
    return next(x for x in xs if isinstance(x, Value) and type(x)._apply is not Value._apply)


def _leaf(kind: type[V], data: float, grad: float, label: str | None) -> V:
    v = kind(data, label)
    v._grad = grad
    return v
