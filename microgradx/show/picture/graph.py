"""A graph looked at once: what each value is computed from, kept for all that a picture or a diagnosis asks.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.graph import Graph
    >>> x = Value(2.0, "x")
    >>> graph = Graph(3 * x + x)
    >>> [len(graph.inputs[v]) for v in graph.order]
    [0, 1, 2]
"""
from collections.abc import Sequence
from copy import copy
from typing import Any

from ...engine import Value, tape


class Graph:
    """The tape of root, and for each value its args, its inputs, which are those without constants, and their slopes.

    A value builds a tuple of its inputs each time it is asked; a graph of a million is walked a dozen times.

    alike   the sums whose terms are alike, once samples.alike() has looked for them
    """

    __slots__ = ("root", "order", "args", "inputs", "slopes", "alike")

    def __init__(self, root: Value) -> None:
        self.root, self.order = root, tape(root)
        self.alike: list[Any] | None = None
        self.args: dict[Value, tuple[Any, ...]] = dict.fromkeys(self.order, ())
        self.inputs: dict[Value, tuple[Value, ...]] = self.args.copy()
        self.slopes: dict[Value, tuple[float | None, ...]] = self.args.copy()
        for v in self.order:
            if v.op:
                self.args[v] = args = v.args
                slopes = v.slopes
                if float in map(type, args):
                    pairs = [(a, slope) for a, slope in zip(args, slopes) if a.__class__ is not float]
                    args, slopes = tuple([a for a, _ in pairs]), tuple([slope for _, slope in pairs])
                self.inputs[v], self.slopes[v] = args, slopes

    def gradients(self) -> dict[Value, float]:
        """The derivative of root by each value that a gradient reaches: backward(), with a dict in place of .grad."""
        grads = {self.root: 1.0}
        for v in reversed(self.order):
            if v.op and v in grads:
                g = grads[v]
                for a, slope in zip(self.inputs[v], self.slopes[v]):
                    if slope is not None:
                        grads[a] = grads.get(a, 0.0) + slope * g
        return grads

    def part(self, values: Sequence[Value]) -> "Graph":
        """The graph of these values, in the order of the tape, with what they are computed from among them."""
        part, known = copy(self), set(values)
        part.order, part.alike, part.inputs, part.slopes = list(values), [], {}, {}
        for v in values:
            pairs = [(a, slope) for a, slope in zip(self.inputs[v], self.slopes[v]) if a in known]
            part.inputs[v], part.slopes[v] = tuple([a for a, _ in pairs]), tuple([slope for _, slope in pairs])
        return part
