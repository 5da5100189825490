"""Parts: the Modules, parameters and Buffers that an attribute of a Module holds, with their names.

    >>> from microgradx import Value
    >>> from microgradx.nn.parts import parts
    >>> a, b, c = Value(1.0), Value(2.0), Value(3.0)
    >>> list(parts("coef", [a, b])) == [("coef", [a, b])]                   # one tensor
    True
    >>> [name for name, _ in parts("coef", [1.0, a, {"b": [b, c], "y": a * b}])]         # a result is no parameter
    ['coef.1', 'coef.2.b']
"""
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import chain
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from ..arrays import may_be_array
from ..engine import Value, tracer
from ..ieee import kind_of, printable
from ..nesting import DEEP, walked
from ..vector import Vector

PLAIN = {float, int, bool, str, type(None)}
NO_PARTS = (str, bytes, bytearray, range)
NUMBERS, LISTS = (Value, *PLAIN), {list, tuple}
set_data: Any = vars(Value)["data"].fset
made_by, unrecorded = attrgetter("op"), attrgetter("_da")


class Buffer(Value):
    """A number that a Module saves but does not train, such as the running mean of a BatchNorm. torch: register_buffer.

    Write `self.count.data += 1`, or set .data to a Value, whose number it takes. A compiled program reads and sets it
    in each run; .data is a Value while jit records that program.

    >>> count = Buffer(0)
    >>> count.data += 1
    >>> count
    Buffer(data=1.0, grad=0.0)
    """

    __slots__ = ()

    @property
    def data(self) -> Any:
        """The number."""
        return super().data

    @data.setter
    def data(self, x: Any) -> None:
        set_data(self, x.data if isinstance(x, Value) and tracer() is None else x)


def is_result(v: Value) -> bool:
    """Whether an operation has made it, also one in no_grad(), which records nothing."""
    return made_by(v) is not None or unrecorded(v) is not None


def is_whole(x: Any) -> bool:
    """Whether it is a Module, which finds its own parts."""
    return hasattr(type(x), "named_modules")


def _levels(value: Any) -> Iterator[set[type] | None]:
    """The types at each depth of nested lists; None in the end for what is deeper than all, or holds itself."""
    rows: Any = [[value]]
    for _ in range(DEEP):
        yield (kinds := set(map(type, chain.from_iterable(rows))))
        rows = [x for row in rows for x in row if x.__class__ in LISTS] if kinds & LISTS else []
        if not rows:
            return
    yield None


def has_modules(value: Any) -> bool:
    """False for numbers and Values, also in nested lists, which need no look at each."""
    return any(kinds is None or any(kind not in LISTS and not issubclass(kind, NUMBERS) for kind in kinds)
               for kinds in _levels(value))


def parts(name: str, value: Any) -> list[tuple[str, Any]]:
    """The Modules, and the nested lists of Values, in an attribute; also deep in lists and dicts with other things.

    A nested list of Values is one tensor, coef. In [1.0, Value(2.0)] the Value is found by itself, as coef.1. TypeError
    for them in another collection, which gives them no names or forgets them. ValueError for lists nested too deep.
    """
    return walked(lambda tree: list(_parts(name, tree)), value)  # type: ignore[no-any-return]


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if is_whole(value) or (isinstance(value, Value) and not is_result(value)):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _parts(f"{name}.{key}", part)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _parts(f"{name}.{field.name}", getattr(value, field.name, None))
    elif isinstance(value, (list, tuple)):
        kinds = set(map(type, value))
        if kinds <= PLAIN:                              # a long list of losses
            return
        if _tensor(value, kinds):
            yield name, value
        else:
            for i, part in enumerate(value):
                yield from _parts(f"{name}.{i}", part)
    elif not PLAIN.issuperset(map(type, inner := list(_nameless(value)))) and any(part for x in inner
                                                                                  for part in _parts(name, x)):
        raise TypeError(f"{printable(name)} is a {kind_of(value)} of Values or Modules, which gives no names to "
                        "them; write a list or a dict")


def _nameless(value: Any) -> Iterable[Any]:
    """What is in a set, a deque, a Vector, a mapping that is no dict, another collection of Python objects, or an array
    of them."""
    if isinstance(value, (Mapping, SimpleNamespace)):
        return (vars(value) if isinstance(value, SimpleNamespace) else value).values()
    if may_be_array(type(value)):
        return value.flat if str(getattr(value, "dtype", "")) == "object" else ()
    return value if isinstance(value, (Collection, Vector)) and not isinstance(value, NO_PARTS) else ()


def are_results(value: Any) -> bool:
    """Whether it is a result or a nested list of results alone, none of them a parameter."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(are_results, value))
    return isinstance(value, Value) and is_result(value)


def is_numbers(value: Any) -> bool:
    """Whether it is a number or a nested list of numbers alone, or an array of them."""
    for kinds in _levels(value):
        if kinds is None or kinds <= {float, int}:
            return bool(kinds)
        if not kinds <= LISTS:
            return may_be_array(type(value)) and str(getattr(value, "dtype", "")) != "object"
    return False


def _tensor(value: Any, kinds: set[type]) -> tuple[bool, tuple[int, ...]] | None:
    """Of a nested list of Values alone, either parameters or Buffers: whether they are Buffers, and its shape. None for
    any other list, a ragged one, and one with results."""
    if all(issubclass(kind, Value) for kind in kinds):
        buffers = {issubclass(kind, Buffer) for kind in kinds}
        return (buffers.pop(), (len(value),)) if len(buffers) == 1 and not (
            any(map(made_by, value)) or () in map(unrecorded, value)) else None
    if not kinds <= LISTS:
        return None
    inner = {_tensor(row, set(map(type, row))) for row in value}
    one = inner.pop()
    return None if inner or one is None else (one[0], (len(value), *one[1]))


def one_by_one(name: str, value: Any, new: set[Value]) -> Iterator[tuple[str, Value]]:
    """Each Value of a nested list that is among `new`, once."""
    if not isinstance(value, Value):
        for i, part in enumerate(value):
            yield from one_by_one(f"{name}.{i}", part, new)
    elif value in new:
        new.remove(value)
        yield name, value
