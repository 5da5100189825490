"""Vector, a list whose numbers are read once; and reduce(), which records a row of lists, dot(xs, ys), as one node.

    >>> from microgradx import Value, Vector, dot
    >>> xs = Vector([Value(2.0), 1.0])
    >>> y = dot([3.0, 4.0], xs)
    >>> y.data, y.op.name, y.slopes
    (10.0, 'dot', (None, None, 3.0, None))
"""
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .engine import Value, mode, node, record, tracer
from .ieee import NO_LIST, RAISED, number, short
from .table import Inputs, Reduction


class Vector(Inputs, Sequence[Any]):
    """A list of Values and numbers whose numbers are read once, for many reductions. TypeError for any other element,
    and for a set or dict of them.

    A layer gives the same inputs to all its units: inputs = Vector(xs); [dot(weights, inputs) for weights in rows].
    The numbers are those at the time the Vector is made.

    >>> from microgradx import Value, Vector, dot
    >>> inputs = Vector([Value(2.0), 1.0])
    >>> [dot(row, inputs).data for row in ([3.0, 4.0], [5.0, 6.0])]
    [10.0, 16.0]
    """

    # args: the inputs, as a node stores them; data: their numbers; constants: the indices of those that are floats.
    __slots__ = ("args", "data", "constants")

    def __init__(self, xs: Iterable[Any]) -> None:
        """Read the numbers."""
        if xs.__class__ is not list and isinstance(xs, NO_LIST):
            raise TypeError(f"Vector takes a list of Values, got {short(xs)}; write Vector([...])")
        args: tuple[Any, ...] = tuple(xs)
        constants: tuple[int, ...] = ()
        known = tracer() is None                            # while jit traces there are no numbers to read
        data: tuple[float, ...] = tuple([a._data for a in args if isinstance(a, Value)]) if known else ()
        if len(data) < len(args):
            args = tuple([a if isinstance(a, Value) else number(a) for a in args])
            constants = tuple([i for i, a in enumerate(args) if a.__class__ is float])
            data = tuple([a if a.__class__ is float else a._data for a in args]) if known else ()
        self.args, self.data, self.constants = args, data, constants

    def __len__(self) -> int:
        return len(self.args)

    def __getitem__(self, i: Any) -> Any:
        return self.args[i]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.args)

    def __repr__(self) -> str:
        return f"Vector({list(self.args)})"

    def slopes(self, found: Sequence[float | None]) -> tuple[float | None, ...] | None:
        """Slopes as a node stores them: None for a constant, and None in place of the list if all are constants."""
        constants = self.constants
        if not constants:
            return tuple(found)
        if len(constants) == len(found):
            return None
        if constants[0] == len(found) - 1:              # the constant 1 that multiplies a bias
            return *found[:-1], None
        slopes: list[float | None] = [*found]
        for i in constants:
            slopes[i] = None
        return tuple(slopes)


LISTS = frozenset((list, tuple))


def record_nothing(y: float) -> Value:
    """A result in no_grad(): it has no inputs, and is no leaf that somebody made, such as a parameter."""
    return node("", None, number(y), None, None, (), None)


def reduce(op: Reduction, lists: Sequence[Any]) -> Value:
    """A row of lists applied to lists (or Vectors) of Values and numbers: record() for whole lists."""
    scope = mode.get()
    if op.index or op.lists > 2:
        return record(op, op.flat(lists))
    if not (scope is None or type(scope) is str):
        return scope.lists(op, lists)  # type: ignore[no-any-return]
    v, w = lists[0], lists[-1]
    if v.__class__ is not Vector:
        v = Vector(v)
    if op.lists == 2 and w.__class__ is not Vector:
        w = Vector(w)
    try:
        if op.lists == 1:
            y = op.of_lists(v.data)
            if scope is None:
                return record_nothing(y)
            [dv] = op.slopes_of_lists(y, v.data)
            if len(dv) != len(v.data) or y.__class__ is not float or dv.__class__ not in LISTS:
                raise TypeError                         # at() and partials() say what is wrong, or make it right
            return node(scope, op, y, v.args, None, v.slopes(dv), None)
        y = op.of_lists(v.data, w.data)
        if scope is None:
            return record_nothing(y)
        dv, dw = op.slopes_of_lists(y, v.data, w.data)
        if (len(dv) != len(v.data) or len(dw) != len(w.data) or y.__class__ is not float
                or dv.__class__ not in LISTS or dw.__class__ not in LISTS):
            raise TypeError
        return node(scope, op, y, v.args, w.args, v.slopes(dv), w.slopes(dw))
    except (TypeError, *RAISED):                        # at() returns the result of IEEE 754
        args, xs = (v.args, v.data) if op.lists == 1 else (v.args + w.args, v.data + w.data)
        y = op.at(*xs)
        slopes = op.partials([isinstance(a, Value) for a in args], y, *xs)
        return record_nothing(y) if scope is None else node(scope, op, y, args, None, tuple(slopes), None)
