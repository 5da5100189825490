"""The card of each box of a picture, and the number at each line, as text.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.cards import Cards
    >>> from microgradx.show.picture.sketch import Sketch
    >>> w = Value(0.5, "w")
    >>> sketch = Sketch((w * 3).exp())
    >>> cards = Cards(sketch, None, ("slope", "contribution"), 3)
    >>> [cards.number(line) for line in sketch.lines]
    ['3 × 4.48 = 13.4', '4.48 × 1 = 4.48']
"""
from collections.abc import Collection
from typing import Any

from ... import text
from ...engine import Value
from ...naming import names, shown
from ...nesting import is_module, leaves
from ...nesting import paths as places
from ...watching import where_made
from ..colours import INK, Scale
from ..terminal.columns import cut
from .grouping import INSIDE, Box
from .labels import digits, fact, flow, heading, inner, mark, remark, table
from .sketch import Line, Sketch

WIDE = 6                                    # inputs; an operation with more is not written out
COMPARED = 10_000                           # values; of a larger graph nobody compares the names with those of the tree
OUTPUT = {"penwidth": "2.5", "color": INK}


class Cards:
    """Writes the cards of a sketch. `show` and `count` are those of draw(): which numbers, and with how many digits."""

    def __init__(self, sketch: Sketch, params: Any, show: Collection[str], count: int) -> None:
        self.sketch, self.show, self.count = sketch, show, count
        self.scale = Scale([*map(sketch.gradient, sketch.grouping.boxes),
                            *(line.contribution for line in sketch.lines)])
        self.called = self._called(params)

    def _called(self, params: Any) -> dict[Value, str]:
        """The name of every value; for a parameter without a label its place in its layer, weight[0][1]."""
        if all(box.main is None and len(box.values) > INSIDE for box in self.sketch.grouping.boxes):
            return {}
        order = self.sketch.order
        called = names(self.sketch.root, order if len(order) <= COMPARED else self._written())
        if is_module(params):
            tails = (place.rpartition(".")[2] for place in places(params, ""))
            called.update((v, tail) for v, tail in zip(leaves(params), tails) if v in called and not v.label)
        return called

    def _written(self) -> list[Value]:
        """The values that have a name in the picture, which are few of a large graph, in the order of the tape."""
        found: set[Any] = set()
        for box in self.sketch.grouping.boxes:
            if box.main is not None:
                found.update((box.main, *box.main.args, *box.inside))
            elif len(box.values) <= INSIDE:
                found.update(box.values)
        return [v for v in self.sketch.order if v in found]

    def card(self, box: Box) -> tuple[str, dict[str, str]]:
        """The label of a box and its look: kinds differ in corners and borders, not in colour."""
        label, look = self._several(box) if box.main is None else self._one(box, box.main)
        return label, look | (OUTPUT if self.sketch.root in box.values else {})

    def _one(self, box: Box, v: Value) -> tuple[str, dict[str, str]]:
        """The card of one value."""
        sketch, called = self.sketch, self.called
        grad, aside, look = sketch.grads[v], "", dict[str, str]()
        if v.op:
            inputs = [called[a] if isinstance(a, Value) else float(self.digits(a)) for a in v.args]
            aside = cut(text.formula(v.op, inputs), 40) if len(inputs) <= WIDE else f"{v.op.name} of {len(inputs):,}"
            look = {"style": "rounded,filled"}
        elif v in sketch.params:
            look = {"peripheries": "2"}
        rows = [heading(called[v], aside)]
        rows += [fact("data", self.digits(v.data))] * ("data" in self.show)
        rows += [flow("grad", grad, self.digits(grad), self.scale)] * ("grad" in self.show)
        rows += [remark(str(source)) for source in [where_made(v)] if source]
        rows += [self._inside(a) for a in box.inside[:INSIDE]]
        rows += [remark(f"and {len(box.inside) - INSIDE:,} more")] * (len(box.inside) > INSIDE)
        rows += [remark("no gradient")] * (grad == 0) + self._left_out(box)
        return table(rows + self._marks(box, sum(a.op is v.op for a in box.values))), look

    def _inside(self, a: Value) -> str:
        """The row of a leaf in the card of the operation that uses it."""
        data, grad = self.digits(a.data), self.digits(self.sketch.grads[a])
        return inner(self.called[a], data if "data" in self.show else None, self.sketch.grads[a],
                     grad if "grad" in self.show else None, self.scale)

    def _several(self, box: Box) -> tuple[str, dict[str, str]]:
        """The card of several values: how many, the range of their data, the norm of their gradients, marks counted."""
        sketch, data = self.sketch, [v.data for v in box.values]
        owned = len(sketch.params.intersection(box.values))
        without = sum(sketch.grads[v] == 0 for v in box.values)
        rows = [heading(self._title(box), ""), fact("values", f"{len(data):,}")]
        rows += [fact("parameters", f"{owned:,}")] * (0 < owned < len(data))
        rows += [fact("least", self.digits(min(data))), fact("most", self.digits(max(data)))] * ("data" in self.show)
        size = sketch.gradient(box)
        rows += [flow("|grad|", size, self.digits(size), self.scale)] * ("grad" in self.show)
        rows += [remark(f"{without:,} without gradient")] * (without > 0) + self._left_out(box)
        return table(rows + self._marks(box, len(data))), {"shape": "folder"}

    def _title(self, box: Box) -> str:
        """The title of a box; in place of "leaves" the names of a few."""
        few = all(v.op is None for v in box.values) and len(box.values) <= INSIDE
        return ", ".join(self.called[v] for v in box.values) if few and self.called else shown(box.title)

    def _left_out(self, box: Box) -> list[str]:
        hidden = self.sketch.hidden(box)
        return [remark(f"inputs not shown: {hidden:,}")] * (hidden > 0)

    def _marks(self, box: Box, count: int) -> list[str]:
        """What is wrong in a box, in how many of its values if there are several, or in how many units."""
        found, units = self.sketch.marks[box].most_common(), self.sketch.units
        dead = len({units.of[v] for v in box.values if units.state(v) == "dead"}) if "dead" in dict(found) else 0
        return [mark(word if count == 1 else f"{dead:,} unit{'s' * (dead > 1)} dead" if word == "dead" else
                     f"{k:,} of {count:,} {word}") for word, k in found]

    def number(self, line: Line) -> str:
        """The text on a line: the slope, or the product of slope and gradient; for several edges how many there are."""
        if line.count > 1:
            same = line.slope is not None and line.start.main is not None and "slope" in self.show
            return f"{line.count:,} edges" + same * f", each {self.digits(line.slope or 0.0)}"
        if line.slope is None:
            return "no slope" * ("slope" in self.show)
        slope = self.digits(line.slope)
        if "contribution" in self.show and line.end.main is not None:
            product = f"{slope} × {self.digits(self.sketch.gradient(line.end))} = "
            return ("slope" in self.show) * product + self.digits(line.contribution)
        return slope * ("slope" in self.show)

    def digits(self, x: float) -> str:
        """A number as it is written in this picture."""
        return digits(x, self.count)
