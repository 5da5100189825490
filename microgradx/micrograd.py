"""Names of micrograd and microgpt, so that their programs and lectures run with one import changed.

    >>> from microgradx import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> e = a * b
    >>> e.grad = 1.0
    >>> e._backward()                               # one application of the chain rule, by hand
    >>> a.grad, b.grad, e._op, [v.label for v in e._prev]
    (-3.0, 2.0, '*', ['a', 'b'])

Slopes are frozen when they are recorded, so `_backward` cannot be set. Your own operation is a row of the table; the
errors here say how to write it.
"""
from collections.abc import Callable, Collection, Iterable, KeysView
from typing import Any, NoReturn

from .arithmetic import TABLE
from .engine import Value, tracer
from .ieee import kind_of, short
from .ops import pow
from .table import LETTERS, Op
from .text import digits

_init = Value.__init__
CHILDREN = (tuple, list, set, frozenset, KeysView)
NOTHING = (lambda: None).__code__


# What made a Value ---------------------------------------------------------------------------------------------

def _edges(self: Value) -> list[tuple[Any, float | None]]:
    """The inputs, each with its slope. TypeError while jit traces, when there is no graph."""
    if tracer() is not None:
        raise TypeError("while jit records, a Value has neither inputs nor slopes; write y.backward(), or walk the "
                        "graph outside of the compiled function")
    return list(zip(self.args, self.slopes))


def _backward(self: Value) -> Callable[[], None]:
    """`v._backward()` adds slope * v.grad to the gradient of each input; for a leaf it does nothing."""
    def once() -> None:
        for a, slope in _edges(self):
            if slope is not None:
                a.grad += slope * self.grad
    return once


def _prev(self: Value) -> KeysView[Value]:
    """All inputs in order, each once, constants as leaves of their own; it is equal to a set of them."""
    return dict.fromkeys(a if isinstance(a, Value) else Value(a) for a, _ in _edges(self)).keys()


def _children(self: Value) -> tuple[Value, ...]:
    """The inputs that are Values."""
    return tuple([a for a, _ in _edges(self) if isinstance(a, Value)])


def _local_grads(self: Value) -> tuple[float, ...]:
    """The slope by each of _children; 0 where no gradient flows."""
    return tuple([slope or 0.0 for a, slope in _edges(self) if isinstance(a, Value)])


def _op(self: Value) -> str:
    """micrograd's sign of the operation: "+", "**2", "ReLU"; "" for a leaf."""
    if self.op is pow and not isinstance(self.args[1], Value):
        return f"**{digits(self.args[1])}"
    return self.op.symbol if self.op else ""


# Making one ----------------------------------------------------------------------------------------------------

def init(self: Value, data: float, *more: Any, label: str | None = "", _children: Any = (), _op: Any = "",
         children: Any = (), local_grads: Any = ()) -> None:
    """Value(data, label); for a leaf also Value(data, _children, _op, label) and Value(data, children, local_grads).

    TypeError for a label that is not a str, and for children: your own operation is a row of the table.
    """
    if more or label.__class__ is not str or _children or _op or children or local_grads:
        label = _label(more, label, _children or children, _op or local_grads)
    _init(self, data, label)


def _label(more: tuple[Any, ...], label: Any, children: Any, op: Any) -> str:
    """The label among the arguments after the number. TypeError if the others are not those of a leaf."""
    if len(more) > 3:
        raise TypeError(f"Value takes a number and a label, got {len(more) + 1} arguments; write Value(data, 'name')")
    first, second, third = (*more, None, None, None)[:3]
    if isinstance(first, CHILDREN):                         # micrograd's and microgpt's order
        children, op, first = first or children, second or op, None
    if not isinstance(children, CHILDREN):
        raise TypeError(f"the inputs of a Value are a tuple of Values, got {short(children)}; "
                        "write Value(data, 'name')")
    for name in (first, third, label):
        if not (name is None or isinstance(name, str)):
            raise TypeError(f"a label is a str, got {kind_of(name)}; write str(...)")
    if children or op:
        raise TypeError(_own(op, len(children)))
    return first or third or label or ""


def _own(sign: Any, inputs: int) -> str:
    """An error message: how to write an operation with `inputs` inputs and micrograd's `_op` as a row."""
    letters = ", ".join(LETTERS.get(inputs or 1, ("a", "b", "...")))
    known = [op.name for op in TABLE.values() if op.__class__ is Op and sign in (op.name, op.symbol)]
    name = sign if isinstance(sign, str) and sign.isidentifier() and not known else "mine"
    slopes = f", lambda y, {letters}: ..." * max(inputs, 1)
    there = f"{sign!r} is there: write microgradx.{known[0]}({letters}). " if known else ""
    return (f"{there}An operation of your own is a row of the table, where its derivative stands beside it; write\n"
            f"    {name} = microgradx.row({name!r}, lambda {letters}: ...{slopes})\n"
            f"    {name}({letters})\n"
            "that is its value on floats and its slope by each input: for x**3 lambda x: x**3, lambda y, x: 3 * x**2")


def _refuse(self: Value, what: str) -> NoReturn:
    raise TypeError(f"{what} cannot be set, for slopes are recorded as numbers. {_own(_op(self), len(self.args))}")


def _set_backward(self: Value, function: Any) -> None:
    """A subclass may give a leaf micrograd's `lambda: None`. TypeError for any other function."""
    code = getattr(function, "__code__", None)
    if self.args or code is None or (code.co_code, code.co_consts) != (NOTHING.co_code, NOTHING.co_consts):
        _refuse(self, "_backward")


def _setter(name: str) -> Callable[[Value, Any], None]:
    """A setter that accepts only an empty collection on a leaf, which changes nothing. TypeError for all else."""
    def set(self: Value, given: Any) -> None:
        if self.args or not isinstance(given, Collection) or len(given):
            _refuse(self, name)
    return set


# Attributes ----------------------------------------------------------------------------------------------------

class Own:
    """An attribute that programs set on their parameters, `p.m = 0.0`: AttributeError, except in a subclass of Value.

    Room for it would cost 16 bytes and an eighth of the time of every node. For other names Python's own error says
    only that there is no such attribute.
    """

    def __set_name__(self, kind: type, name: str) -> None:
        self.name = name

    def __get__(self, v: Any, kind: Any = None) -> Any:
        if self.name in getattr(v, "__dict__", ()):
            return v.__dict__[self.name]
        raise AttributeError(f"{kind.__name__!r} object has no attribute {self.name!r}", name=self.name, obj=v)

    def __set__(self, v: Any, x: Any) -> None:
        if not hasattr(v, "__dict__"):
            raise AttributeError(f"a Value has no attributes of yours, such as {self.name!r}, for they would slow down "
                                 "every operation; make those that need them of a class with room for them:\n"
                                 "    class Value(microgradx.Value): pass", name=self.name, obj=v)
        v.__dict__[self.name] = x

    def __delete__(self, v: Any) -> None:
        self.__get__(v, type(v))
        del v.__dict__[self.name]


OFTEN = ("m", "v", "momentum", "velocity", "color", "_vis_color")       # of optimisers and pictures


def _install(kind: type[Value], names: Iterable[tuple[str, Any]]) -> None:
    for name, found in names:
        setattr(kind, name, found)
        if isinstance(found, Own):
            found.__set_name__(kind, name)


init.__name__, init.__qualname__ = "__init__", "Value.__init__"           # for errors and help()
_install(Value, [("__init__", init), ("_backward", property(_backward, _set_backward))])
_install(Value, [(f.__name__, property(f, _setter(f.__name__))) for f in (_prev, _children, _local_grads, _op)])
_install(Value, [(name, Own()) for name in OFTEN])
