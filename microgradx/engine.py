"""The engine: numbers that remember how they were computed, and backward(), which applies the chain rule.

Forward: every operation is a row of a table (table.py) with its value and, for each input, its slope: the partial
derivative of the result by that input. record() makes a Value of the result, which keeps its inputs and slopes.
Backward: the Values in reverse order, and for each input one line: input.grad += slope * grad. That is all.
"""
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, cast

from .arithmetic import Arithmetic
from .ieee import inf, kind_of, number
from .table import Op

# What an operation does in this thread or task. A str: it records a Value in the scope of that name ("" is none). None:
# it computes a number only, see no_grad(). Else a Watch (watching.py), which looks at what it records, or jit's tracer.
mode: ContextVar[Any] = ContextVar("mode", default="")
tracers = list[Any]()           # those at work in any thread: mostly none, and then v.data need not ask for the mode


def tracer() -> Any:
    """The tracer that records programs instead of numbers; None outside of jit."""
    return None if not tracers or (now := mode.get()) is None or now.__class__ is str or now.is_watch else now


class Value(Arithmetic["Value"]):
    """A number, its gradient in the last backward(), and the operation that recorded it.

    data    the number, a float; a leaf's may be set: `w.data -= 0.1 * w.grad`
    grad    d root / d self; a leaf sums it over all calls of backward() until you set it to 0, a result keeps the last
    label   the name it is shown by, and scope, the group that it was made in (see scope()); "" for none
    op      the row of the table that made it, None for a leaf
    args    its inputs in order: Values, and floats for constants
    slopes  d self / d input for each input, frozen when recorded; None for a constant and for a branch not taken

    TypeError if data is not one real number. For attributes of your own: class Value(microgradx.Value): pass

    >>> from microgradx import Value
    >>> a = Value(3.0, "a")
    >>> y = (a * a + 1).named("y")
    >>> y.backward()
    >>> y.data, a.grad, y.args[1], y.slopes             # a is used twice, and both uses add up: 3 + 3
    (10.0, 6.0, 1.0, (1.0, None))
    """
    # A Value holds one or two inputs and their slopes directly: tuples take 1.7 times as long, because the garbage
    # collector visits every object. More inputs are a tuple in _a, their slopes a tuple in _da; a second list is in _b
    # and _db. None: no such input or edge; _da (): made in no_grad(). _home: compiled code's. _met: see dependence.py.
    __slots__ = ("_data", "_grad", "label", "scope", "op", "_a", "_b", "_da", "_db", "_home", "_met")

    def __init__(self, data: float, label: str | None = None) -> None:
        self._data, self._grad, self._met, self.label = number(data), 0.0, 0.0, label or ""
        self.scope: str = now if (now := mode.get()).__class__ is str else "" if now is None else now.scope
        self.op: Op | None = None
        self._a = self._b = self._da = self._db = NOTHING

    @property
    def data(self) -> float:
        """The number."""
        return self._data if not tracers or (trace := tracer()) is None else trace.data(self)

    @data.setter
    def data(self, x: float) -> None:
        self._data = number(x) if not tracers or (trace := tracer()) is None else trace.set_data(self, x)

    @property
    def grad(self) -> float:
        """The derivative of the last root by this number."""
        return self._grad if not tracers or (trace := tracer()) is None else trace.grad(self)

    @grad.setter
    def grad(self, x: float | None) -> None:
        self._grad = number(0.0 if x is None else x) if (trace := tracer()) is None else trace.set_grad(self, x)

    @property
    def args(self) -> tuple[Any, ...]:
        """The inputs in order: Values, and floats for constants; () for a leaf."""
        return several(self._a, self._a) + several(self._b, self._b)

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """The partial derivative by each of args, frozen when recorded; None where no gradient flows."""
        return several(self._a, self._da) + several(self._b, self._db)

    def backward(self) -> None:
        """Put d self / d v into v.grad for every v that self was computed from; leaves add it to their .grad."""
        if (now := mode.get()) is not None and now.__class__ is not str:
            return now.backward(self)  # type: ignore[no-any-return]
        for v in (order := tape(self, leaves=False)):
            v._grad = UNREACHED
        self._grad += 1.0
        for v in reversed(order):
            g, a, da, db = v._grad, v._a, v._da, v._db
            if g is UNREACHED:                          # behind a branch not taken: it passes no gradient on
                v._grad = 0.0
            elif a.__class__ is tuple:
                for inputs, slopes in (a, da), (v._b, db):
                    for x, slope in zip(inputs, slopes) if slopes else ():
                        if slope is not None:
                            x._grad += slope * g
            else:
                if da is not None:
                    a._grad += da * g
                if db is not None:
                    v._b._grad += db * g

    def named(self, label: str) -> "Value":
        """Set the label and return the Value: `y = (w * x).named("y")`. TypeError if the label is not a str."""
        if not isinstance(label, str):
            raise TypeError(f"a label is a str, got {kind_of(label)}; write str(...)")
        self.label = label
        return self

    def _apply(self, op: Op, args: Sequence[Any]) -> "Value":
        return record(op, op.flat(args))


new, NOTHING = object.__new__, cast(Any, None)
UNREACHED = float("0")          # the gradient of a Value before any has flowed to it; `is` tells it from any other 0.0


def record(op: Op, args: Sequence[Any]) -> Value:
    """Apply row `op` to Values and numbers: the graph grows by one Value. TypeError for any other input."""
    if (scope := mode.get()) is not None and scope.__class__ is not str:
        return scope.record(op, args)  # type: ignore[no-any-return]
    args = tuple([a if isinstance(a, Value) else number(a) for a in args])
    xs = [a._data if isinstance(a, Value) else a for a in args]
    y = op.at(*xs)
    if scope is None:
        return node("", None, y, None, None, (), None)
    slopes = op.partials([isinstance(a, Value) for a in args], y, *xs)
    if len(args) > 2:
        return node(scope, op, y, args, None, tuple(slopes), None)
    return node(scope, op, y, *(*args, None)[:2], *(*slopes, None)[:2])


def node(scope: str, op: Op | None, y: float, a: Any, b: Any, da: Any, db: Any) -> Value:
    """A Value that `op` made: result y, inputs a and b, slopes da and db. (Half the cost of a call of __init__.)"""
    out = new(Value)
    out._data, out._grad, out._met = y, 0.0, inf        # by three: Python builds a tuple to assign four or more
    out.label, out.scope, out.op = "", scope, op
    out._a, out._b = a, b
    out._da, out._db = da, db
    return out


def several(inputs: Any, each: Any) -> tuple[Any, ...]:
    """The inputs in _a or _b, or their slopes in _da or _db, as a tuple: () for no input, (x,) for one."""
    return () if inputs is None else (each,) if inputs.__class__ is not tuple else each or (None,) * len(inputs)


def tape(*roots: Value, leaves: bool = True, seen: set[Any] | None = None, since: float = 0) -> list[Value]:
    """Every Value that the roots were computed from, each once and after all of its inputs; with or without leaves.

    >>> [v.data for v in tape(Value(2.0) * 3 + 1)]
    [2.0, 6.0, 7.0]
    """
    order, stack, seen, derived = list[Value](), list[Any](reversed(roots)), set[Any]() if seen is None else seen, False
    while stack:
        v = stack.pop()
        if v is None:                                   # all inputs of the Value below are on the tape
            order.append(stack.pop())
            continue
        while v not in seen and v.__class__ is not float:
            seen.add(v)
            a, b = v._a, v._b
            if a is not None and v._met < inf:          # older results count as leaves: see dependence.py
                derived, a = derived or v._met % 1 > 0, None if v._met < since else a
            if a is None:
                order += [v] if leaves else []
            elif a.__class__ is tuple:
                stack += v, None
                for inputs in (b, a) if b else (a,):
                    if id(inputs) not in seen:          # a list that many share, as the units of a layer do
                        stack += (waiting := [x for x in inputs[::-1] if x.__class__ is not float and x not in seen
                                              and (leaves or x._a is not None)])
                        seen.update([] if waiting else [id(inputs)])
            else:
                stack += (v, None) if b is None else (v, None, b)
                v = a                                   # goes on with the first input
    return sorted(order, key=lambda v: v._met if v.op else 0.0) if derived else order     # as derivatives were made
