"""A graph looked at once: what each value is computed from, kept for all that a picture or a diagnosis asks.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.graph import Graph
    >>> x = Value(2.0, "x")
    >>> graph = Graph(3 * x + x)
    >>> graph.below, graph.slopes                       # x is at place 0, 3*x at place 1
    ([(), (0,), (1, 0)], [(), (3.0,), (1.0, 1.0)])
"""
from collections.abc import Sequence
from copy import copy
from typing import Any

from ...engine import Value, tape, tracer
from ...table import Op


class Graph:
    """The tape of root, and for each value, by its place on the tape, what made it.

    A value builds a tuple of its inputs each time it is asked. A graph of a million is walked a dozen times, and by
    numbers, in lists, several times faster than by dicts of Values.

    order   the tape; `place` is the place of each value on it
    ops     the row that made each value, None for a leaf; `scopes` is the scope of each
    args    the places of its inputs, -1 for a constant
    below   these without constants; `slopes` are the slopes by them
    alike   the sums whose terms are alike, once samples.alike() has looked for them
    """

    __slots__ = ("root", "order", "place", "ops", "scopes", "args", "below", "slopes", "alike")

    def __init__(self, root: Value) -> None:
        self.root, self.order = root, tape(root)
        self.alike: list[Any] | None = None
        self.place = place = dict(zip(self.order, range(len(self.order))))
        self.ops: list[Op | None] = [v.op for v in self.order]
        self.scopes = [v.scope for v in self.order]
        self.args: list[tuple[int, ...]] = [()] * len(self.order)
        self.below, self.slopes = self.args.copy(), list[tuple[float | None, ...]](self.args)
        for k, (v, op) in enumerate(zip(self.order, self.ops)):
            if not op:
                continue
            a, b = v._a, v._b
            if a.__class__ is not tuple and a.__class__ is not float and b is not None and b.__class__ is not float:
                self.args[k] = self.below[k] = (place[a], place[b])         # most have two inputs: without a call
                self.slopes[k] = (v._da, v._db)
                continue
            self.args[k] = tuple([-1 if a.__class__ is float else place[a] for a in v.args])
            self.below[k], self.slopes[k] = self.args[k], v.slopes
            if -1 in self.args[k]:
                pairs = [(a, slope) for a, slope in zip(self.args[k], v.slopes) if a >= 0]
                self.below[k], self.slopes[k] = tuple([a for a, _ in pairs]), tuple([slope for _, slope in pairs])

    def data(self) -> list[float]:
        """The numbers."""
        return [v._data for v in self.order] if tracer() is None else [v.data for v in self.order]

    def inputs(self, v: Value) -> list[Value]:
        """The inputs of a value, without constants."""
        return [self.order[k] for k in self.below[self.place[v]]]

    def gradients(self) -> list[float | None]:
        """The derivative of root by each value; None if no gradient reaches it. It is backward(), which sets .grad."""
        grads: list[float | None] = [None] * len(self.order)
        grads[self.place[self.root]] = 1.0
        for k in range(len(grads) - 1, -1, -1):
            if self.below[k] and (g := grads[k]) is not None:
                for a, slope in zip(self.below[k], self.slopes[k]):
                    if slope is not None:
                        grads[a] = (grads[a] or 0.0) + slope * g
        return grads

    def part(self, values: Sequence[Value]) -> "Graph":
        """The graph of these values, in the order of the tape, with what they are computed from among them."""
        part = copy(self)
        part.order, part.alike, part.place = list(values), [], {v: k for k, v in enumerate(values)}
        whole = [self.place[v] for v in values]
        number = dict(zip(whole, range(len(whole))))
        part.ops, part.scopes = [self.ops[k] for k in whole], [self.scopes[k] for k in whole]
        part.below, part.slopes = [], []
        part.args = [tuple([number.get(a, -1) for a in self.args[k]]) for k in whole]
        for k in whole:
            pairs = [(number[a], slope) for a, slope in zip(self.below[k], self.slopes[k]) if a in number]
            part.below.append(tuple([a for a, _ in pairs]))
            part.slopes.append(tuple([slope for _, slope in pairs]))
        return part
