"""A picture of a graph: every value with its gradient, every edge with its slope, coloured by the gradient flow.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.drawing import draw
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> picture = draw((w * x).tanh())              # in a notebook this line shows it
    >>> picture.source.splitlines()[0]              # the DOT text; an image: picture.render("graph", format="svg")
    'digraph {'

Drawing changes nothing: it computes its own gradients, whether or not backward() was called.
"""
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ...engine import Value
from ...ieee import short
from ...naming import shown
from ..colours import FAINT, GREY, INK, PAPER, Scale
from .cards import Cards
from .grouping import Box
from .labels import escape
from .legend import legend
from .scopes import Path
from .sketch import Line, Sketch

if TYPE_CHECKING:
    from .render import Drawing

Number = Literal["data", "grad", "slope", "contribution"]
NUMBERS: tuple[Number, ...] = ("data", "grad", "slope", "contribution")
LARGE = 150                                 # boxes; above it Graphviz spends less time on the layout
HURRY = {"nslimit": "2", "nslimit1": "2", "mclimit": "0.1", "splines": "polyline"}
FONT = {"fontname": "Helvetica", "fontcolor": INK}
# newrank: one order of columns for all frames; without it a frame of a later time step may begin before an earlier one
GRAPH = {**FONT, "fontsize": "10", "rankdir": "LR", "ranksep": "0.35", "nodesep": "0.18", "pad": "0.1",
         "labelloc": "b", "labeljust": "l", "newrank": "true"}
SCREEN = {"size": "16.6,10.4"}              # inches of 96 pixels: at most 1600 x 1000

CLUSTER = {**FONT, "fontsize": "11", "fontcolor": GREY, "style": "rounded", "color": FAINT, "bgcolor": "#f5f6f8",
           "labelloc": "t", "labeljust": "l"}
NODE = {**FONT, "fontsize": "11", "shape": "box", "style": "filled", "fillcolor": PAPER, "color": GREY,
        "margin": "0.08,0.04"}
EDGE = {**FONT, "fontsize": "10", "arrowsize": "0.6"}


def draw(root: Value, params: Any = None, *, depth: int | None = None, expand: str | Collection[str] = (),
         around: Value | None = None, hops: int = 2, through: Any = None,
         leaves: Literal["inside", "outside"] | None = None, rolled: bool = False,
         show: Number | Collection[Number] = ("data", "grad", "slope"), digits: int = 4, contributions: bool = False,
         limit: int | None = None) -> "Drawing":
    """The graph that root was computed from, as a graphviz.Digraph.

    params         a Module, or Values in lists: drawn as parameters, those of a Module under their names there
    depth          draw scopes as boxes from this level on: 1 the outermost, such as the layers of a network; 0 groups
                   all values by operation
    expand         scopes, and titles of boxes, whose values are always drawn one by one: "layers.0"
    around, hops   draw only the values at most `hops` edges away from this one
    through        draw only the values that this Value, or nested list of Values, depends on, and those that depend on
                   it: one sample of a batch, by its loss or its inputs
    leaves         "inside" the card of the operation that uses them, or "outside"
    rolled         of scopes that are alike but for their number, such as time steps, show one
    show           the numbers to write: any of "data", "grad", "slope" and "contribution", which is slope × gradient
    digits         of these numbers
    contributions  the same as "contribution" in show
    limit          more boxes than this are collapsed: by default those that a screen does not hold; with a depth, 300

    A graph that is too large is drawn with leaves inside, then with one of the samples of a batch for all, then with
    scopes, levels or operations as boxes; the legend says so.

    TypeError if root is not a Value, ValueError for a scope or a Value that is not in its graph and for other numbers
    to show, ImportError without python-graphviz, with the command that installs it.

    >>> from microgradx import Value
    >>> a = Value(3.0, "a")
    >>> draw(a * a).source.count("->")              # both edges
    2
    """
    return picture(root, params, depth=depth, expand=expand, around=around, hops=hops, through=through, leaves=leaves,
                   rolled=rolled, show=show, digits=digits, contributions=contributions, limit=limit).drawing


class Picture(NamedTuple):
    """A drawing with what is in it: the ids of boxes and lines in DOT and in SVG."""

    drawing: "Drawing"
    sketch: Sketch
    ids: dict[Box, str]
    line_ids: dict[Line, str]


def picture(root: Value, params: Any, *, depth: int | None = None, expand: str | Collection[str] = (),
            around: Value | None = None, hops: int = 2, through: Any = None, leaves: str | None = None,
            rolled: bool = False, show: str | Collection[str] = ("data", "grad", "slope"), digits: int = 4,
            contributions: bool = False, limit: int | None = None) -> Picture:
    """What draw() draws, by the same arguments."""
    wanted: set[Any] = {show} if isinstance(show, str) else set(show)
    if not wanted <= set(NUMBERS):
        strange = ", ".join(sorted(map(short, wanted - set(NUMBERS))))
        raise ValueError(f"show: expected any of {', '.join(NUMBERS)}, got {strange}")
    if not isinstance(digits, int) or digits < 1:
        raise ValueError(f"digits: expected a whole number from 1 up, got {short(digits)}")
    if leaves not in ("inside", "outside", None):
        raise ValueError(f'leaves: expected "inside" or "outside", got {short(leaves)}')
    if not isinstance(root, Value):
        raise TypeError(f"draw takes the Value to draw the graph of, got {type(root).__name__}")
    from .render import Drawing
    sketch = Sketch(root, params, depth, expand, around, hops, through, leaves, rolled, limit)
    cards = Cards(sketch, params, wanted | {"contribution"} if contributions else wanted, digits)
    boxes, row = sketch.grouping.boxes, sketch.grouping.row
    look = GRAPH | (HURRY if len(boxes) > LARGE else {}) | (SCREEN if limit is depth is None and not expand else {})
    drawing = Drawing(graph_attr={**look, "label": legend(sketch, cards.scale)}, node_attr=NODE, edge_attr=EDGE)
    ids = {box: f"n{k}" for k, box in enumerate(boxes)}
    line_ids = {line: f"e{k}" for k, line in enumerate(sketch.lines)}
    _nodes(drawing, cards, ids)
    _rows(drawing, row, ids)
    for line, name in line_ids.items():
        place = "tooltip" if sketch.dense or (line.count > 1 and line.start.main is None) else "label"
        free = {"constraint": "false"} if line.back or row.get(line.start) != row.get(line.end) else {}
        drawing.edge(ids[line.start], ids[line.end], id=name, **{place: cards.number(line)}, **free,
                     **_stroke(line, cards.scale))
    return Picture(drawing, sketch, ids, line_ids)


def _nodes(drawing: "Drawing", cards: Cards, ids: dict[Box, str]) -> None:
    """A card for each box, in the frame of its scope."""
    frames = _frames(drawing, list(ids))
    for box, node in ids.items():
        label, look = cards.card(box)
        frames[box.path].node(node, label, id=node, **look)
    for path in sorted(frames, key=len, reverse=True)[:-1]:             # from the inside out
        frames[path[:-1]].subgraph(frames[path])


def _frames(drawing: "Drawing", boxes: list[Box]) -> dict[Path, "Drawing"]:
    """A frame for each open scope; the whole picture is the frame of values outside of all scopes."""
    found: dict[Path, Drawing] = {(): drawing}
    for path in sorted({box.path[:k] for box in boxes for k in range(1, len(box.path) + 1)}):
        found[path] = type(drawing)(f"cluster{len(found)}", graph_attr={**CLUSTER, "label": escape(shown(path[-1]))})
    return found


def _rows(drawing: "Drawing", row: dict[Box, int], ids: dict[Box, str]) -> None:
    """The rows of a chain below each other: their first boxes stand in one column, in this order."""
    first = {k: ids[box] for box, k in reversed(row.items())}
    if first:
        with drawing.subgraph(graph_attr={"rank": "same"}) as column:
            for k in range(max(first)):
                column.edge(first[k], first[k + 1], style="invis")


def _stroke(line: Line, scale: Scale) -> dict[str, str]:
    """Width and colour of a line by the gradient that flows back along it; dashed if negative, dotted if none does."""
    if not line.contribution:
        return {"style": "dotted", "color": GREY, "penwidth": "0.9"}
    minus = {"style": "dashed"} if line.contribution < 0 else {}
    return {"color": scale.colour(line.contribution), "penwidth": str(scale.width(line.contribution)), **minus}
