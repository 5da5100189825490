"""Names of micrograd and of microgpt, so that their programs and lectures run with one changed import.

    >>> from microgradx import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> e = a * b
    >>> e.grad = 1.0
    >>> e._backward()                               # one application of the chain rule, by hand
    >>> a.grad, b.grad, e._op, [v.label for v in e._prev]
    (-3.0, 2.0, '*', ['a', 'b'])

Slopes are frozen when they are recorded, so `_backward` cannot be set: an operation of your own is a row of the table,
and the errors here say how it is written.
"""
from collections.abc import Callable, KeysView
from typing import Any, NoReturn

from .engine import Value
from .ops import pow
from .text import digits

_init = Value.__init__
OWN = ("an operation of your own is a row of the table, which has its derivative beside it; write\n"
       "    cube = microgradx.row('cube', lambda x: x**3, lambda y, x: 3 * x**2)     # value, then slope\n"
       "    Value.cube = cube                                                       # if it is to be a method\n"
       "and then cube(v) or v.cube()")


def init(self: Value, data: float, label: Any = None, _op: Any = "", name: Any = None, *, _children: Any = (),
         children: Any = (), local_grads: Any = ()) -> None:
    """Value(data, label); also micrograd's Value(data, _children, _op, label) and microgpt's, for a leaf.

    TypeError for a label that is no str, and for a Value with children: that is an operation of one's own.
    """
    if label is not None and not isinstance(label, str):
        _children, label = label, None                      # micrograd's second argument
    label = name if label is None else label
    if not isinstance(_children, (tuple, list, set)) or not (label is None or isinstance(label, str)):
        wrong = label if isinstance(_children, (tuple, list, set)) else _children
        raise TypeError(f"a label is a str, got {type(wrong).__name__}; write str(...)")
    if _children or children or _op or local_grads:
        raise TypeError(OWN)
    _init(self, data, label or "")


def _backward(self: Value) -> Callable[[], None]:
    """`v._backward()` adds slope * v.grad to the gradient of each input; of a leaf it does nothing."""
    def once() -> None:
        for a, slope in zip(self.args, self.slopes):
            if slope is not None:
                a.grad += slope * self.grad
    return once


def _no_backward(self: Value, function: Any) -> NoReturn:
    raise TypeError(f"_backward cannot be set, for slopes are recorded as numbers; {OWN}")


def _prev(self: Value) -> KeysView[Value]:
    """All inputs in order, each once, constants as leaves of their own; it is equal to a set of them."""
    return dict.fromkeys(a if isinstance(a, Value) else Value(a) for a in self.args).keys()


def _children(self: Value) -> tuple[Value, ...]:
    """The inputs that are Values."""
    return tuple([a for a in self.args if isinstance(a, Value)])


def _local_grads(self: Value) -> tuple[float, ...]:
    """The slope by each of _children; 0 where no gradient flows."""
    return tuple([slope or 0.0 for a, slope in zip(self.args, self.slopes) if isinstance(a, Value)])


def _op(self: Value) -> str:
    """The sign of the operation, as micrograd has it: "+", "**2", "ReLU"; "" for a leaf."""
    if self.op is pow and not isinstance(self.args[1], Value):
        return f"**{digits(self.args[1])}"
    return self.op.symbol if self.op else ""


for _name, _found in {"__init__": init, "_backward": property(_backward, _no_backward), "_prev": property(_prev),
                      "_children": property(_children), "_local_grads": property(_local_grads),
                      "_op": property(_op)}.items():
    setattr(Value, _name, _found)
