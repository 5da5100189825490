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
from typing import TYPE_CHECKING, Any

from ... import text
from ...engine import Value
from ...naming import names, shown
from ...nesting import is_module, leaves
from ...nesting import paths as places
from ..colours import FAINT, GREY, INK, PAPER, Scale
from ..terminal.columns import cut
from .grouping import Box, Path
from .labels import card, digits, escape
from .legend import legend
from .sketch import Line, Sketch

if TYPE_CHECKING:
    from .render import Drawing

WIDE = 6                                    # inputs; an operation with more is not written out
LARGE = 100                                 # boxes; above it Graphviz uses a faster layout
HURRY = {"nslimit": "0", "nslimit1": "1", "splines": "line", "mclimit": "0.1"}
FONT = {"fontname": "Helvetica", "fontcolor": INK}
GRAPH = {**FONT, "fontsize": "9", "rankdir": "LR", "ranksep": "0.45", "nodesep": "0.2", "pad": "0.15",
         "labelloc": "b", "labeljust": "l"}
CLUSTER = {**FONT, "fontsize": "11", "fontcolor": GREY, "style": "rounded", "color": FAINT, "bgcolor": "#f5f6f8",
           "labelloc": "t", "labeljust": "l"}
NODE = {**FONT, "fontsize": "11", "shape": "box", "style": "filled", "fillcolor": PAPER, "color": GREY,
        "margin": "0.08,0.04"}
EDGE = {**FONT, "fontsize": "9", "arrowsize": "0.6"}
OUTPUT = {"penwidth": "2.5", "color": INK}


def draw(root: Value, params: Any = None, *, depth: int | None = None, expand: str | Collection[str] = (),
         around: Value | None = None, hops: int = 2, through: Any = None, contributions: bool = False,
         limit: int = 300) -> "Drawing":
    """The graph that root was computed from, as a graphviz.Digraph.

    params         a Module, or Values in lists: drawn as parameters, those of a Module under their names there
    depth          draw scopes as boxes from this level on: 1 the outermost, such as the layers of a network; 0 groups
                   all values by operation
    expand         scopes whose values are always drawn one by one: "layers.0"
    around, hops   draw only the values at most `hops` edges away from this one
    through        draw only the values that this Value, or nested list of Values, depends on, and those that depend on
                   it: one sample of a batch, by its loss or its inputs
    contributions  write slope × gradient = contribution on each edge, not the slope alone
    limit          more boxes than this are collapsed, and the legend says so

    TypeError if root is not a Value, ValueError for a scope or a Value that is not in its graph, ImportError without
    python-graphviz, with the command that installs it.

    >>> from microgradx import Value
    >>> a = Value(3.0, "a")
    >>> draw(a * a).source.count("->")              # both edges
    2
    """
    if not isinstance(root, Value):
        raise TypeError(f"draw takes the Value to draw the graph of, got {type(root).__name__}")
    from .render import Drawing
    sketch = Sketch(root, params, depth, expand, around, hops, through, limit)
    boxes = sketch.grouping.boxes
    scale = Scale([*map(sketch.gradient, boxes), *(line.contribution for line in sketch.lines)])
    drawing = Drawing(graph_attr={**GRAPH, **(HURRY if len(boxes) > LARGE else {}), "label": legend(sketch, scale)},
                      node_attr=NODE, edge_attr=EDGE)
    ids = {box: f"n{k}" for k, box in enumerate(boxes)}
    _nodes(drawing, sketch, scale, ids, _called(sketch, params))
    _edges(drawing, sketch, scale, ids, contributions)
    return drawing


# Nodes ---------------------------------------------------------------------------------------------------------

def _nodes(drawing: "Drawing", sketch: Sketch, scale: Scale, ids: dict[Box, str], called: dict[Value, str]) -> None:
    """A card for each box, in the frame of its scope."""
    clusters = _clusters(drawing, list(ids))
    for box, node in ids.items():
        label, look = _single(sketch, box, scale, called) if box.title is None else _several(sketch, box, scale)
        clusters[box.path].node(node, label, **look)
    for path in sorted(clusters, key=len, reverse=True)[:-1]:           # from the inside out
        clusters[path[:-1]].subgraph(clusters[path])


def _clusters(drawing: "Drawing", boxes: list[Box]) -> dict[Path, "Drawing"]:
    """A frame for each open scope; the whole picture is the frame of values outside of all scopes."""
    found: dict[Path, Drawing] = {(): drawing}
    for path in sorted({box.path[:k] for box in boxes for k in range(1, len(box.path) + 1)}):
        found[path] = type(drawing)(f"cluster{len(found)}", graph_attr={**CLUSTER, "label": escape(shown(path[-1]))})
    return found


def _called(sketch: Sketch, params: Any) -> dict[Value, str]:
    """The name of every value; for a parameter without a label its place in its layer, weight[0][1]."""
    if not any(box.title is None for box in sketch.grouping.boxes):
        return {}
    called = names(sketch.root)
    if is_module(params):
        tails = (place.rpartition(".")[2] for place in places(params, ""))
        called.update((v, tail) for v, tail in zip(leaves(params), tails) if v in called and not v.label)
    return called


def _single(sketch: Sketch, box: Box, scale: Scale, called: dict[Value, str]) -> tuple[str, dict[str, str]]:
    """The card of one value, and its look: kinds differ in corners and borders, not in colour."""
    v, = box.values
    grad = sketch.grads[v]
    aside, look = "", {"style": "rounded,filled"} if v.op else {"peripheries": "2"} if v in sketch.params else {}
    if v.op:
        inputs = [called[a] if isinstance(a, Value) else a for a in v.args]
        aside = cut(text.formula(v.op, inputs), 40) if len(inputs) <= WIDE else f"{v.op.name} of {len(inputs):,}"
    remarks = ["no gradient"] * (grad == 0) + _left_out(sketch, box)
    label = card(called[v], aside, [("data", digits(v.data))], ("grad", grad), scale, remarks, sketch.marks[box])
    return label, look | (OUTPUT if v is sketch.root else {})


def _several(sketch: Sketch, box: Box, scale: Scale) -> tuple[str, dict[str, str]]:
    """The card of many values: how many, the range of their data, the norm of their gradients, marks counted."""
    data = [v.data for v in box.values]
    owned, without = len(sketch.params.intersection(box.values)), sum(sketch.grads[v] == 0 for v in box.values)
    rows = [("parameters", f"{owned:,}")] * (owned > 0) + [("data", f"{digits(min(data))} to {digits(max(data))}")]
    remarks = [f"{without:,} without gradient"] * (without > 0) + _left_out(sketch, box)
    marks = [f"{count:,} {mark}" for mark, count in sketch.marks[box].most_common()]
    label = card(shown(box.title or ""), f"{len(data):,} values", rows, ("|grad|", sketch.gradient(box)), scale,
                 remarks, marks)
    return label, {"shape": "folder"} | (OUTPUT if sketch.root in box.values else {})


def _left_out(sketch: Sketch, box: Box) -> list[str]:
    hidden = sketch.hidden(box)
    return [f"inputs not shown: {hidden:,}"] * (hidden > 0)


# Edges ---------------------------------------------------------------------------------------------------------

def _edges(drawing: "Drawing", sketch: Sketch, scale: Scale, ids: dict[Box, str], contributions: bool) -> None:
    """An arrow for each line; if there are many, its number is a tooltip."""
    place = "tooltip" if sketch.dense else "label"
    for line in sketch.lines:
        number = {place: _number(sketch, line, contributions)}
        drawing.edge(ids[line.start], ids[line.end], **number, **_stroke(line, scale))


def _number(sketch: Sketch, line: Line, contributions: bool) -> str:
    """The text on an edge: the slope, and with `contributions` the product with the gradient."""
    if line.count > 1:
        return f"{line.count:,} edges"
    if line.slope is None:
        return "no slope"
    if not contributions or line.end.title is not None:
        return digits(line.slope)
    return f"{digits(line.slope)} × {digits(sketch.gradient(line.end))} = {digits(line.contribution)}"


def _stroke(line: Line, scale: Scale) -> dict[str, str]:
    """Width and colour of an edge by the gradient that flows back along it; dashed if none does."""
    if not line.contribution:
        return {"style": "dashed", "color": GREY, "penwidth": "0.7"}
    return {"color": scale.colour(line.contribution), "penwidth": str(scale.width(line.contribution))}
