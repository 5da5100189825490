"""Boxes and lines as DOT, the text that Graphviz lays out.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.dot import dot
    >>> from microgradx.show.picture.sketch import Sketch
    >>> picture = dot(Sketch(Value(0.5, "x").tanh()), None, ("data", "grad"), 4)
    >>> list(picture.ids.values()), list(picture.line_ids.values())
    (['n0', 'n1'], ['e0'])
"""
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ...naming import shown
from ..colours import FAINT, GREY, INK, PAPER, Scale
from .cards import Cards
from .grouping import Box
from .labels import escape, number
from .legend import legend
from .scopes import Path
from .sketch import Line, Sketch

if TYPE_CHECKING:
    from .render import Drawing

LARGE = 150                                 # boxes; above it Graphviz spends less time on the layout
HURRY = {"nslimit": "2", "nslimit1": "2", "mclimit": "0.1", "splines": "polyline"}
FONT = {"fontname": "Helvetica", "fontcolor": INK}
# newrank: one order of columns for all frames; without it a frame of a later time step may begin before an earlier one
GRAPH = {**FONT, "fontsize": "10", "rankdir": "LR", "ranksep": "0.35", "nodesep": "0.18", "pad": "0.1",
         "labelloc": "b", "labeljust": "l", "newrank": "true"}
STACK = 6                                   # boxes above each other that nothing connects, where no screen holds all
SCREEN = {"size": "16.6,10.4"}              # inches of 96 pixels: at most 1600 x 1000

CLUSTER = {**FONT, "fontsize": "11", "fontcolor": GREY, "style": "rounded", "color": FAINT, "bgcolor": "#f5f6f8",
           "labelloc": "t", "labeljust": "l"}
NODE = {**FONT, "fontsize": "11", "shape": "box", "style": "filled", "fillcolor": PAPER, "color": GREY,
        "margin": "0.08,0.04"}
EDGE = {**FONT, "fontsize": "10", "arrowsize": "0.6"}


class Picture(NamedTuple):
    """A drawing with what is in it: the ids of boxes and lines in DOT and in SVG. `again` draws another sketch so."""

    drawing: "Drawing"
    sketch: Sketch
    ids: dict[Box, str]
    line_ids: dict[Line, str]
    again: Callable[[Sketch], "Picture"]


def dot(sketch: Sketch, params: Any, show: Collection[str], digits: int) -> Picture:
    """The picture of a sketch; params, show and digits are those of draw()."""
    from .render import Drawing
    cards = Cards(sketch, params, show, digits)
    boxes, row = sketch.grouping.boxes, sketch.grouping.row
    on_screen = sketch.grouping.limit is None and not sketch.grouping.expand
    look = GRAPH | (HURRY if len(boxes) > LARGE else {}) | (SCREEN if on_screen else {})
    drawing = Drawing(graph_attr={**look, "label": legend(sketch, cards.scale, show)}, node_attr=NODE, edge_attr=EDGE)
    ids = {box: f"n{k}" for k, box in enumerate(boxes)}
    line_ids = {line: f"e{k}" for k, line in enumerate(sketch.lines)}
    _nodes(drawing, cards, ids)
    _rows(drawing, row, ids)
    if not on_screen:
        _stacks(drawing, sketch, ids)
    for line, name in line_ids.items():
        text, hidden = cards.number(line), sketch.dense or (line.count > 1 and line.start.main is None)
        written = {"tooltip": text} if hidden else {"label": number(text)}
        free = {"constraint": "false"} if line.back or row.get(line.start) != row.get(line.end) else {}
        drawing.edge(ids[line.start], ids[line.end], id=name, **written, **free, **_stroke(line, cards.scale))
    return Picture(drawing, sketch, ids, line_ids, partial(dot, params=params, show=show, digits=digits))


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


def _stacks(drawing: "Drawing", sketch: Sketch, ids: dict[Box, str]) -> None:
    """Many boxes that nothing connects, such as the units of a layer, in stacks side by side."""
    free = set(ids) - {line.end for line in sketch.lines if line.start.title != "leaves"} - {
        line.start for line in sketch.lines}
    alone = [name for box, name in ids.items() if box in free]
    for name, next_to in zip(alone, alone[STACK:]):
        drawing.edge(name, next_to, style="invis")


def _stroke(line: Line, scale: Scale) -> dict[str, str]:
    """Width and colour of a line by the gradient that flows back along it; dashed if negative, dotted if none does."""
    if not line.contribution:
        return {"style": "dotted", "color": GREY, "penwidth": "0.9"}
    minus = {"style": "dashed"} if line.contribution < 0 else {}
    return {"color": scale.colour(line.contribution), "penwidth": str(scale.width(line.contribution)), **minus}
