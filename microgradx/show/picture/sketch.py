"""The content of a picture as data: boxes and lines with their gradients, marks in words.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.sketch import Sketch
    >>> w, x = Value(3.0, "w"), Value(-2.0, "x")
    >>> sketch = Sketch((w * x).relu())
    >>> [(line.slope, line.contribution) for line in sketch.lines]
    [(-2.0, 0.0), (3.0, 0.0), (None, 0.0)]
    >>> [sketch.mark(v) for v in sketch.order]
    ['', '', '', 'off here']

Nothing here depends on Graphviz.
"""
import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from typing import Any

from ...checking.check import first_nonfinite
from ...derivatives import adjoints
from ...engine import Value, tape
from ...ieee import printable, short
from ...nesting import leaves
from .grouping import Box, Grouping, homes, levels, neighbourhood, passing
from .units import FLAT, OFF, Units

LOUD = 1e3                                  # a gradient this many times that of the root counts as exploding
DENSE = 3                                   # edges for each box
MARKS = {
    OFF: "passes no gradient on for this input",
    "dead": "passes no gradient on for any sample of the batch",
    "saturated": f"slope under {FLAT:.0%} of that at 0, and flat further out",
    "exploding": f"gradient over {LOUD:g}",
}


class Line:
    """From a box to the box that uses it: `count` edges of the graph.

    contribution  the gradient that flows back along it: slope times gradient; for several edges the norm
    slope         the slope of a single edge, None if no gradient can flow (into a condition); None for several edges
    """

    __slots__ = ("start", "end", "count", "slope", "contribution")

    def __init__(self, start: Box, end: Box, slope: float | None, contribution: float) -> None:
        self.start, self.end, self.slope, self.contribution, self.count = start, end, slope, contribution, 1

    def join(self, contribution: float) -> None:
        """One more edge between the same boxes."""
        self.slope, self.contribution, self.count = None, math.hypot(self.contribution, contribution), self.count + 1


class Sketch:
    """The graph below root, or a part of it. The arguments are those of draw().

    order     the whole graph, a tape; `shown` is the part in the picture
    grads     the gradient of root by each value
    flow      what each value sends back to each of its inputs: slope times gradient, None if nothing can flow
    grouping  the boxes; `lines` are between them; `marks` are counts of each mark in a box
    """

    def __init__(self, root: Value, params: Any = None, depth: int | None = None, expand: str | Collection[str] = (),
                 around: Value | None = None, hops: int = 2, through: Any = None, limit: int = 300) -> None:
        self.root, self.order = root, tape(root)
        self.params: set[Value] = set(leaves(params))
        flows = adjoints(root, self.order, False)
        self.grads = {v: flows[v].sum if v in flows else 0.0 for v in self.order}
        self.flow = {v: [self.grads[v] * slope if slope is not None and v in flows else None for slope in v.slopes]
                     for v in self.order}
        self.first = first_nonfinite(root)
        self.units = Units(self.order, self.params or None)
        self.shown = self._part(around, hops, leaves(through))
        paths = homes(self.order, None if params is None else self.params)
        opened = [levels(scope) for scope in ([expand] if isinstance(expand, str) else expand)]
        for scope in opened:
            if scope not in {path[:len(scope)] for path in paths.values()}:
                raise ValueError(f"expand: no scope {short('.'.join(scope))} in this graph; the outermost are "
                                 f"{printable(', '.join(sorted({path[0] for path in paths.values() if path})))}")
        self.grouping = Grouping(self.shown, paths, depth, opened, limit)
        self.lines = list(self._lines())
        self.marks = {box: self._marks(box) for box in self.grouping.boxes}

    def _part(self, centre: Value | None, hops: int, middle: list[Value]) -> list[Value]:
        """The values to show, in the order of the tape."""
        for v in [*middle, *([centre] if centre is not None else [])]:
            if v not in self.grads:
                raise ValueError(f"around and through take values of the graph, got {short(v)}, which is not in it")
        wanted = set(self.order)
        if centre is not None:
            wanted &= neighbourhood(self.order, centre, hops)
        if middle:
            wanted &= passing(self.order, middle)
        return [v for v in self.order if v in wanted]

    def _lines(self) -> Iterable[Line]:
        box = self.grouping.box
        found: dict[Hashable, Line] = {}
        for v in self.shown:
            for i, (a, slope, contribution) in enumerate(zip(v.args, v.slopes, self.flow[v])):
                if a not in box or box[a] is box[v]:
                    continue
                # a*a has two edges, each with its own line; edges to or from a box of many values share one
                key = (box[a], box[v], i if box[a].title is box[v].title is None else None)
                if key in found:
                    found[key].join(contribution or 0.0)
                else:
                    found[key] = Line(box[a], box[v], slope, contribution or 0.0)
        return found.values()

    def _marks(self, box: Box) -> Counter[str]:
        """The number of values in a box with each mark."""
        counts = Counter(map(self.mark, box.values))
        del counts[""]
        return counts

    def mark(self, v: Value) -> str:
        """The problem at a value, in a word or two; "" if there is none. MARKS explains the words."""
        g = self.grads[v]
        flow = [x for x in self.flow[v] if x is not None]
        bad = [x for x in (v.data, g, *flow) if not math.isfinite(x)]
        if bad:
            what = "nan" if any(x != x for x in bad) else "inf"
            return f"{what} starts here" if v is self.first else what
        if abs(g) >= LOUD:
            return "exploding"
        return self.units.state(v) or (OFF if g and flow and not any(flow) else "")

    def gradient(self, box: Box) -> float:
        """The gradient of a single value; for several values the root of the sum of squares."""
        grads = [self.grads[v] for v in box.values]
        return grads[0] if box.title is None else math.hypot(*grads)

    @property
    def dense(self) -> bool:
        """Whether there are too many edges to write numbers on them: 16 units on 16 have 256."""
        return len(self.lines) > DENSE * len(self.grouping.boxes)

    def hidden(self, box: Box) -> int:
        """How many inputs of a box the picture leaves out."""
        return sum(isinstance(a, Value) and a not in self.grouping.box for v in box.values for a in v.args)
