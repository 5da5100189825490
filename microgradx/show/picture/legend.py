"""The text below a picture: which part of the graph it shows, the scale of gradients, and how to read it.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.legend import notes
    >>> from microgradx.show.picture.sketch import Sketch
    >>> notes(Sketch(Value(-2.0).relu()))[0]
    'square corners: leaf · round corners: result · thick border: output'

It explains only what is in the picture.
"""
from ..colours import GREY, Scale, readable_on
from .labels import bold, cell, digits, ink, table
from .sketch import MARKS, Sketch


def legend(sketch: Sketch, scale: Scale) -> str:
    """The label of the whole picture."""
    shades = [(digits(x), scale.colour(x)) for x in scale.ticks()]
    if scale.cut:
        shades[0] = (f"≤ {shades[0][0]}", shades[0][1])
    bar = [cell(ink(text, readable_on(fill)), "CENTER", f' WIDTH="40" BGCOLOR="{fill}"') for text, fill in shades]
    whole = f' COLSPAN="{len(bar) + 2}"'            # the last column takes the remaining width, not the bar
    title = [cell(bold(text), "LEFT", whole) for text in caption(sketch)]
    below = [cell(ink(note, GREY), "LEFT", whole) for note in notes(sketch)]
    return table(['<TD HEIGHT="4"></TD>', *title,
                  "".join([cell(ink("|gradient|", GREY)), *bar, cell("&#160;", "LEFT", ' WIDTH="400"')]), *below])


def caption(sketch: Sketch) -> list[str]:
    """The part of the graph in the picture and its grouping; nothing if each value has its own box."""
    count, total, group = len(sketch.shown), len(sketch.order), sketch.grouping
    part = f"{count:,} of {total:,} values" if count < total else f"{total:,} values"
    if not group.collapsed:
        return [part] * (count < total)
    ways = [f"scopes at depth {group.depth}"] * (group.depth > 0) + ["by operation"] * group.by_operation
    return [f"{part}, too many to draw one by one: {len(group.boxes):,} boxes, {' and '.join(ways)}",
            "to see more: depth, expand, around, through"]


def notes(sketch: Sketch) -> list[str]:
    """How to read the picture: kinds of nodes, numbers on edges, marks."""
    boxes = sketch.grouping.boxes
    singles = [v for box in boxes if box.title is None for v in box.values]
    kinds = {"square corners: leaf": any(v.op is None and v not in sketch.params for v in singles),
             "double border: parameter": any(v in sketch.params for v in singles),
             "round corners: result": any(v.op for v in singles),
             "folder: several values, |grad| the norm of their gradients": len(singles) < len(boxes),
             "thick border: output": sketch.root in sketch.grouping.box}
    number = "slope of the result by the input" + " (point at an edge to read it)" * sketch.dense
    edges = f"edges: {number}; width and colour: the gradient flowing back, dashed if none"
    marks = {mark for box in boxes for mark in sketch.marks[box]}
    return [" · ".join(kind for kind, present in kinds.items() if present), *[edges] * bool(sketch.lines),
            *(f"{mark}: {meaning}" for mark, meaning in MARKS.items() if mark in marks)]
