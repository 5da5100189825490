"""Rule: the slopes of a row, run once for stand-ins and recorded again for each result of the row.

    >>> from microgradx import sin
    >>> from microgradx.compiler.trace.rules import Rule
    >>> from microgradx.compiler.trace.tracer import Tracer
    >>> trace = Tracer()
    >>> with trace:
    ...     y = sin(trace.unknown())
    ...     slope, = Rule(trace, sin, [None]).slopes(trace, y, y.args)
    >>> slope, slope.args == y.args, trace.nodes            # cos(x)
    (Traced(cos), True, [Traced(sin), Traced(cos)])

A network has thousands of results of a few rows, whose rules record the same operations for each.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...engine import Value
from ...flows import Gate
from ...table import Op, Reduction

if TYPE_CHECKING:
    from .tracer import Tracer


class Rule:
    """What the rule of a row records, for inputs that are these numbers, or Values where there is None.

    For each result there is a list: the result, its inputs, and then what each step makes of elements before it.

    steps       a row, and the places of its first and its second inputs, as a Value has them; Gate, and its two parts;
                None and a constant
    places      which elements are the slopes
    """

    def __init__(self, trace: Tracer, op: Op, numbers: Sequence[float | None]) -> None:
        start, size = len(trace.nodes), trace.state.size
        given = [trace.unknown(), *(trace.unknown() if x is None else x for x in numbers)]
        slopes = op.partials([x is None or op.__class__ is Reduction for x in numbers], *given)
        recorded: list[Any] = trace.nodes[start:]
        del trace.nodes[start:]                 # it was for stand-ins
        trace.state.size = size
        self.steps: list[tuple[Any, Any, Any]] = []
        self.known: dict[Any, int] = {x: k for k, x in enumerate(given) if isinstance(x, Value)}
        self.count = len(given)
        for v in recorded:
            self.known[v] = self.step(v.op, self.place(v._a), self.place(v._b))
        self.places = [self.step(Gate, self.place(x.open), self.place(x.slope)) if x.__class__ is Gate else
                       self.step(None, None) if x is None else self.place(x) for x in slopes]

    def step(self, op: Any, a: Any, b: Any = None) -> int:
        """Add a step; returns where its result will be."""
        self.steps.append((op, a, b))
        self.count += 1
        return self.count - 1

    def place(self, x: Any) -> Any:
        """Where a Value or constant is, or the inputs in a tuple; None for None."""
        if x is None or x.__class__ is tuple:
            return x and tuple(map(self.place, x))
        return self.known[x] if isinstance(x, Value) and x in self.known else self.step(None, x)

    def slopes(self, trace: Tracer, v: Value, args: tuple[Any, ...]) -> list[Any]:
        """The slopes of a result."""
        found = [v, *args]
        for op, a, b in self.steps:
            if op is None:
                found.append(a)
            elif op is Gate:
                found.append(Gate(found[a], found[b]))
            elif a.__class__ is tuple:
                found.append(trace.traced(op, tuple([found[k] for k in a]), b and tuple([found[k] for k in b])))
            else:
                found.append(trace.traced(op, found[a], None if b is None else found[b]))
        return [found[k] for k in self.places]
