"""Python's operators on Values, at speed: record() unrolled for one input and for two.

    >>> from microgradx import Value
    >>> w, x, b = Value(0.5), Value(2.0), Value(-1.0)
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> y.data, w.grad, x.grad, b.grad
    (0.0, 2.0, 0.5, 1.0)

Every number is what record() gives (engine.py); a test compares them. It also stands here what Python may ask of any
object, and Values refuse: to be a float, to be true.
"""
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from . import activations, ops, reductions  # noqa: F401     - all rows
from .arithmetic import TABLE
from .arrays import flat, is_array, shape, shaped
from .engine import Value, mode, node, record, tracer
from .ieee import PLAIN, RAISED, kind_of
from .table import Op, Reduction
from .vector import reduce

Operand = Value | float
current = mode.get                      # looked up once, not at each operation
F = TypeVar("F", bound=Callable[..., Any])


# From a row of the table to a method of Value ------------------------------------------------------------------

def unary(op: Op) -> Callable[[Value], Value]:
    """The method that applies a row of one input."""
    value, (slope,) = op.value, op.rules

    def method(self: Value) -> Value:
        scope = current()
        if type(scope) is str:
            try:
                x = self._data
                y = value(x)
                return node(scope, op, y, self, None, slope(y, x), None)
            except RAISED:
                pass                                    # record() answers as IEEE does
        return record(op, (self,))
    return called(method, op)


def binary(op: Op) -> Callable[[Value, Operand], Value]:
    """The method that applies a row of two inputs: a Value, and a Value or number."""
    value, (slope_a, slope_b) = op.value, op.rules

    def method(self: Value, other: Operand) -> Value:
        kind, scope = other.__class__, current()
        if type(scope) is str:
            try:
                if kind is Value:
                    a, b = self._data, other._data          # type: ignore[union-attr]
                    y = value(a, b)
                    return node(scope, op, y, self, other, slope_a(y, a, b), slope_b(y, a, b))
                if kind in PLAIN:
                    a, b = self._data, float(other)         # type: ignore[arg-type]
                    y = value(a, b)
                    return node(scope, op, y, self, b, slope_a(y, a, b), None)
            except RAISED:
                pass
        return mixed(op, self, other, other)
    return called(method, op)


def reflected(op: Op) -> Callable[[Value, float], Value]:
    """The method for `number op value`."""
    value, slope_b = op.value, op.rules[1]

    def method(self: Value, other: float) -> Value:
        scope = current()
        if type(scope) is str and other.__class__ in PLAIN:
            try:
                a, b = float(other), self._data
                y = value(a, b)
                return node(scope, op, y, a, self, None, slope_b(y, a, b))
            except RAISED:
                pass
        return mixed(op, other, self, other)
    return called(method, op)


class Comparison(Value):
    """`a < b`: 1 or 0 as a number; `if a < b` compares the data; `where(a < b, p, q)` records it.

    >>> from microgradx import Value, where
    >>> a, b = Value(1.0), Value(2.0)
    >>> bool(a < b), where(a < b, a, b).data
    (True, 1.0)
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return bool(self.data)


def compare(op: Op) -> Callable[[Value, Operand], Value]:
    """The method for `a < b` and its kin."""
    def method(self: Value, other: Operand) -> Value:
        return compared(mixed(op, self, other, other))
    return called(method, op)


def compared(found: Value) -> Value:
    """A result as a Comparison; what stands for a Value elsewhere as it is."""
    if found.__class__ is Value:
        found.__class__ = Comparison
    return found


def mixed(op: Op, a: Any, b: Any, other: Any) -> Value:
    """An operator between a Value and anything else: with an array on each element, numpy's array of Values. Symbols
    and the like have operators of their own: Python asks."""
    if other.__class__ in PLAIN or isinstance(other, Value):
        return record(op, (a, b))
    if is_array(other):
        pairs = [(x, b) if other is a else (a, x) for x in flat(other)]
        return shaped([op(*pair) for pair in pairs], shape(other))  # type: ignore[no-any-return]
    return NotImplemented if hasattr(type(other), "_apply") else record(op, (a, b))


def called(method: F, op: Op) -> F:
    """The method under the name of its row, for tracebacks and help()."""
    method.__name__, method.__doc__ = op.name, f"{op.name}: the row of the table, applied to this Value."
    return method


def applied(self: Value, op: Op, args: Sequence[Any]) -> Value:
    """A row called as a function, tanh(v) or sum([v, w])."""
    if op.__class__ is Reduction:
        return reduce(op, args)
    method = METHODS.get(op)
    if method is not None:
        return method(args[0])
    return compared(record(op, op.flat(args))) if op in COMPARED else record(op, op.flat(args))


# What Python may ask of any object -----------------------------------------------------------------------------

def no_float(self: Value) -> Any:
    """TypeError that says what to write instead."""
    raise TypeError("a Value is not turned into a float by itself, for that would cut the graph; write v.data "
                    "for the number, or microgradx's own functions (exp(v), not math.exp(v))")


def no_truth(self: Value) -> bool:
    """TypeError that says what to write instead."""
    raise TypeError("a Value has no truth; compare it (v > 0), choose with where(v > 0, p, q), or write v.data")


def shown(self: Value) -> str:
    """repr(v): data, gradient, and the label if there is one."""
    label = f", label={self.label!r}" if self.label else ""
    return f"{kind_of(self)}(data={self._data}, grad={self._grad}{label})"


def formatted(self: Value, spec: str) -> str:
    """f"{v:.3f}": the data; without a format as repr(v)."""
    return format(self.data, spec) if spec else repr(self)


def reduced(self: Value) -> Any:
    """Copying and pickling: a leaf goes with its data, gradient, label, and a subclass's attributes. TypeError for a
    result."""
    if self.op is not None:
        raise TypeError(f"a result ({self.op.name}) is not copied or pickled apart from its graph; "
                        "copy the leaves and compute it again, or write Value(v.data)")
    state: Any = object.__getstate__(self)
    attributes, slots = state
    own = {name: x for name, x in slots.items() if name not in Value.__slots__}
    built = leaf, (type(self), self.data, self.grad, self.label, self._da)
    return (*built, (attributes, own)) if attributes or own else built


def leaf(kind: type[Value], data: float, grad: float, label: str, slopes: Any = None) -> Value:
    """A leaf, or a result of no_grad(), with all that it holds, past the __init__ of a subclass."""
    v = object.__new__(kind)
    Value.__init__(v, data, label)
    v._grad, v._da = grad, slopes
    return v


def zero_grad(values: Iterable[Value]) -> None:
    """`v.grad = 0.0` for each."""
    if tracer() is not None:
        for v in values:
            v.grad = 0.0
        return
    for v in values:                                        # not by the setter, which takes longer than all else here
        v._grad = 0.0


# Onto the class ------------------------------------------------------------------------------------------------

# A row of one input as a method: v.tanh(), v.gelu(), ...
METHODS = {op: unary(op) for op in TABLE.values() if op.__class__ is Op and len(op.rules) == 1 and op.rules[0]}
OPERATORS = {"add": ops.add, "sub": ops.sub, "mul": ops.mul, "truediv": ops.div, "pow": ops.pow}
COMPARISONS = {"lt": ops.less, "le": ops.less_equal, "gt": ops.greater, "ge": ops.greater_equal}
COMPARED = frozenset(COMPARISONS.values())

for _op, _method in METHODS.items():
    setattr(Value, _op.name, _method)
for _name, _op in OPERATORS.items():
    setattr(Value, f"__{_name}__", binary(_op))
    setattr(Value, f"__r{_name}__", reflected(_op))
for _name, _op in COMPARISONS.items():
    setattr(Value, f"__{_name}__", compare(_op))
for _name, _op in {"neg": ops.neg, "pos": ops.identity, "abs": ops.abs}.items():
    setattr(Value, f"__{_name}__", METHODS[_op])
for _name, _function in {"_apply": applied, "__float__": no_float, "__int__": no_float, "__bool__": no_truth,
                       "__repr__": shown, "__format__": formatted,
                       "__reduce__": reduced}.items():
    setattr(Value, _name, _function)
setattr(Value, "__array_ufunc__", None)  # noqa: B010    # numpy leaves `np.float64(2) * v` to Value

__all__ = ["Comparison", "Operand", "Value"]
