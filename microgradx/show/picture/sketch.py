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
from copy import copy
from functools import cached_property
from typing import Any

from ...checking.explanation import first_nonfinite
from ...engine import Value
from ...ieee import short
from ...nesting import leaves
from ...table import Op
from .graph import Graph
from .grouping import Box, Grouping
from .part import part
from .screen import MOST
from .units import FLAT, OFF, Units

LOUD = 1e3                                  # a gradient this many times that of the root counts as exploding
DENSE = 3                                   # edges for each box
TALL = 50                                   # boxes below each other, of what no screen holds
WRONG = "wrong slope"
MARKS = {
    WRONG: "differs from the derivative in the table",
    OFF: "passes no gradient on for this input",
    "dead": "passes no gradient on for any sample of the batch",
    "saturated": f"slope under {FLAT:.0%} of that at 0, and flat further out",
    "exploding": f"gradient over {LOUD:g}",
}


class Line:
    """From a box to the box that uses it: `count` edges of the graph.

    contribution  the gradient that flows back along it: slope times gradient; for several edges the norm
    slope         the slope of the edge, None if no gradient can flow (into a condition), or if several differ
    back          whether it leads back to an earlier box, as from a time step to the next if one shows them all
    """

    __slots__ = ("start", "end", "count", "slope", "contribution", "back")

    def __init__(self, start: Box, end: Box, slope: float | None, contribution: float) -> None:
        self.start, self.end, self.slope, self.contribution, self.count = start, end, slope, contribution, 1
        self.back = False

    def join(self, slope: float | None, contribution: float) -> None:
        """One more edge between the same boxes."""
        self.slope = slope if slope == self.slope else None
        self.contribution, self.count = math.hypot(self.contribution, contribution), self.count + 1


class Sketch:
    """The graph below root, or a part of it. The arguments are those of draw().

    graph     the whole graph; `shown` is the part in the picture
    grads     the gradient of root by each value
    grouping  the boxes; `lines` are between them; `marks` are counts of each mark in a box
    """

    def __init__(self, root: Value, params: Any = None, depth: int | None = None, expand: Collection[str] = (),
                 around: Value | None = None, hops: int = 2, through: Any = None, leaf_places: str | None = None,
                 rolled: bool = False, limit: int | None = None) -> None:
        self.root, self.graph = root, Graph(root)
        self.order = self.graph.order
        self.params, self.has_params = set[Value](leaves(params)), params is not None
        flows = self.graph.gradients()
        self.unreached = {v for v, g in zip(self.order, flows) if g is None} if None in flows else set()
        grads = [g or 0.0 for g in flows]
        self.grads = dict(zip(self.order, grads))
        self.units = Units(self.graph, self.params or None)
        self.finite = all(map(math.isfinite, grads)) and all(map(math.isfinite, self.graph.data()))
        self.suspects = {v for v, word in self.units.condition.items() if word}
        if max(map(abs, grads)) >= LOUD:
            self.suspects.update(v for v, g in zip(self.order, grads) if abs(g) >= LOUD)
        if wrong := {op for op in set(self.graph.ops) if _is_wrong(op)}:
            self.suspects.update(v for v in self.order if v.op in wrong)
        middle = leaves(through)
        if through is not None and not middle:
            raise ValueError(f"through: expected a Value of the graph, or several in lists, got {short(through)}")
        self.shown = part(self.order, around, hops, middle)
        self._group(self.graph, depth=depth, expand=expand, leaves=leaf_places, rolled=rolled, limit=limit)

    def inside(self, box: Box) -> "Sketch":
        """The values of a box alone: one by one if a screen holds them, else in up to TALL boxes."""
        inner, graph = copy(self), self.graph.part(box.values)
        inner.shown = box.values
        if len(box.values) <= MOST:
            inner._group(graph)
            if not inner.grouping.collapsed:
                return inner
        inner._group(graph, leaves="inside", limit=TALL)
        return inner

    def _group(self, graph: Graph, **options: Any) -> None:
        """Boxes and lines for what is shown."""
        self.grouping = Grouping(graph, self.shown, self.params if self.has_params else None, units=self.units,
                                 **options)
        self.lines = list(self._lines())
        _find_back(self.grouping.boxes, self.lines)
        self.marks: dict[Box, Counter[str]] = {box: Counter() for box in self.grouping.boxes}
        for v in self._suspects():
            if word := self.mark(v):
                self.marks[self.grouping.box_of(v)][word] += 1

    def flow(self, v: Value) -> list[float | None]:
        """What a value sends back to each of its inputs: slope times gradient, None if nothing can flow."""
        g, slopes = self.grads[v], self.graph.slopes[self.graph.place[v]]
        return [None if slope is None or v in self.unreached else g * slope for slope in slopes]

    @cached_property
    def first(self) -> Value | None:
        """Where infinity or nan starts."""
        return first_nonfinite(self.root)

    def _lines(self) -> Iterable[Line]:
        graph, folding, box = self.grouping.graph, self.grouping.folding, self.grouping.at
        found: dict[Hashable, Line] = {}
        lines: dict[int, set[Box | None]] = {}          # of a value that shows others: the boxes where its lines start
        for k, (v, end) in enumerate(zip(graph.order, box)):
            if end is None or not (below := graph.below[k]):
                continue
            if (one := folding.shown[k]) != k and one not in lines:
                lines[one] = {box[a] for a in graph.below[one]}
            for i, a in enumerate(below):
                if (start := box[a]) is None or (start is end and (end.main is None or graph.ops[a] is None)):
                    continue
                if one != k and start.main is not None and start in lines[one]:
                    continue                            # the one that is shown has such a line
                # a*a has two edges, each with its own line; edges to or from a box of many values share one
                alone = end.main is v and start.main is graph.order[a] and folding.folded[a] <= folding.folded[k]
                key, slope = (start, end, i if alone else None), graph.slopes[k][i]
                contribution = 0.0 if slope is None or v in self.unreached else slope * self.grads[v]
                if key in found:
                    found[key].join(slope, contribution)
                else:
                    found[key] = Line(start, end, slope, contribution)
        return found.values()

    def _suspects(self) -> Iterable[Value]:
        """The values that may have a mark: a few of a million. All of them if a number or a gradient is not finite."""
        return [v for v in self.shown if v in self.suspects] if self.finite else self.shown

    def mark(self, v: Value) -> str:
        """The problem at a value, in a word or two; "" if there is none. MARKS explains the words."""
        g, slopes = self.grads[v], self.graph.slopes[self.graph.place[v]]
        if not math.isfinite(v.data + g * sum([slope for slope in slopes if slope], 1.0)):
            bad = [x for x in (v.data, g, *self.flow(v)) if x is not None and not math.isfinite(x)]
            if bad:                                     # and not their sum alone
                what = "nan" if any(x != x for x in bad) else "inf"
                return f"{what} starts here" if v is self.first else what
        if _is_wrong(v.op):
            return WRONG
        if abs(g) >= LOUD:
            return "exploding"
        return self.units.state(v)

    def gradient(self, box: Box) -> float:
        """The gradient of a card's value; for several values the root of the sum of squares."""
        return self.grads[box.main] if box.main is not None else math.hypot(*[self.grads[v] for v in box.values])

    @property
    def dense(self) -> bool:
        """Whether there are too many edges to write numbers on them: 16 units on 16 have 256."""
        return len(self.lines) > DENSE * len(self.grouping.boxes)

    def hidden(self, box: Box) -> int:
        """How many inputs of a box the picture leaves out."""
        if len(self.shown) == len(self.order):
            return 0
        return sum(a not in self.grouping.box for v in box.values for a in self.graph.inputs(v))


def _is_wrong(op: Op | None) -> bool:
    """Whether a row of an adopted graph has another slope than the table: see checking/adopt.py."""
    return bool(getattr(op, "fault", ""))


def _find_back(boxes: Iterable[Box], lines: Iterable[Line]) -> None:
    """Mark the lines that close a circle, going from each box to those that use it."""
    users: dict[Box, list[Line]] = {}
    for line in lines:
        users.setdefault(line.start, []).append(line)
    done, open_boxes = set[Box](), set[Box]()
    for first in boxes:
        stack = [(first, iter(users.get(first, ())))] if first not in done else []
        while stack:
            box, left = stack[-1]
            open_boxes.add(box)
            if (onwards := next(left, None)) is None:
                stack.pop()
                open_boxes.discard(box)
                done.add(box)
            elif onwards.end in open_boxes:
                onwards.back = True
            elif onwards.end not in done:
                stack.append((onwards.end, iter(users.get(onwards.end, ()))))
