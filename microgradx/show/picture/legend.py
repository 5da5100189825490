"""The text below a picture: which part of the graph it shows, the scale of gradients, and how to read it.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.legend import notes
    >>> from microgradx.show.picture.sketch import Sketch
    >>> notes(Sketch(Value(-2.0).relu()), ["data", "grad"])[0]
    'square corners: leaf · round corners: result · thick border: output'

It explains only what is in the picture.
"""
from collections.abc import Collection

from ..colours import GREY, Scale, readable_on
from .labels import bold, cell, digits, ink, table
from .sketch import MARKS, Sketch

COLUMNS = 7                                 # of the legend: a name, at most five shades, and the remaining width


def legend(sketch: Sketch, scale: Scale, show: Collection[str]) -> str:
    """The label of the whole picture; show are the numbers in it."""
    rows = [cell(bold(text), "LEFT", COLUMNS) for text in caption(sketch)]
    rows.append(_bar("gradient +", scale, 1))
    if any(line.contribution < 0 for line in sketch.lines) or any(
            sketch.gradient(box) < 0 for box in sketch.grouping.boxes):
        rows.append(_bar("gradient −", scale, -1))
    rows += [cell(ink(note, GREY), "LEFT", COLUMNS) for note in notes(sketch, show)]
    return table(['<TD HEIGHT="4"></TD>', *rows])


def _bar(name: str, scale: Scale, sign: int) -> str:
    """The shades for gradients of one sign."""
    shades = [(digits(sign * x), scale.colour(sign * x)) for x in scale.ticks()]
    if scale.cut:
        shades[0] = (f"{'≤' if sign > 0 else '≥'} {shades[0][0]}", shades[0][1])
    bar = [cell(ink(text, readable_on(fill)), "CENTER", 1, fill, ' WIDTH="40"') for text, fill in shades]
    return "".join([cell(ink(name, GREY)), *bar, cell("&#160;", "LEFT", COLUMNS - 1 - len(bar), "", ' WIDTH="400"')])


def caption(sketch: Sketch) -> list[str]:
    """The part of the graph in the picture and its grouping; nothing if each value has its own box."""
    count, total, group = len(sketch.shown), len(sketch.order), sketch.grouping
    part = f"{count:,} of {total:,} values" if count < total else f"{total:,} values"
    if not group.collapsed:
        return [part] * (count < total)
    depth, rest, folded, _ = group.stage
    scopes = 0 < depth <= group.deepest
    ways = ["alike ones once"] * (folded and any(group.folding.folded)) + [f"scopes at depth {depth}"] * scopes
    ways += [f"by {rest}"] * (rest != "value")
    return [f"{part}, too many to draw one by one: {len(group.boxes):,} boxes, {' and '.join(ways)}",
            "to see more: depth, expand, around, through"]


def notes(sketch: Sketch, show: Collection[str]) -> list[str]:
    """How to read the picture: kinds of nodes, numbers on edges, marks."""
    boxes = sketch.grouping.boxes
    singles = [v for box in boxes if box.main is not None for v in box.values]
    kinds = {"square corners: leaf": any(box.main is not None and box.main.op is None
                                         and box.main not in sketch.params for box in boxes),
             "double border: parameter": any(box.main in sketch.params for box in boxes),
             "round corners: result": any(v.op for v in singles),
             ", ".join(["leaf in a card: name", *(x for x in ("data", "grad") if x in show)]):
             any(box.inside for box in boxes),
             "folder: several values" + ", |grad| the norm of their gradients" * ("grad" in show):
             any(box.main is None for box in boxes),
             "thick border: output": sketch.root in sketch.grouping.box}
    number = [f"{number}{' (point at an edge to read it)' * sketch.dense}" for number in _numbers(sketch, show)]
    signs = {"dashed if negative": any(line.contribution < 0 for line in sketch.lines),
             "dotted if none": any(not line.contribution for line in sketch.lines)}
    styles = [sign for sign, present in signs.items() if present]
    edges = "edges: " + "; ".join([*number, ", ".join(["width and colour by the gradient flowing back", *styles])])
    marks = {mark for box in boxes for mark in sketch.marks[box]}
    return [" · ".join(kind for kind, present in kinds.items() if present), *[edges] * bool(sketch.lines),
            *(f"{mark}: {meaning}" for mark, meaning in MARKS.items() if mark in marks)]


def _numbers(sketch: Sketch, show: Collection[str]) -> list[str]:
    """What the numbers at the edges are; [] if there are none."""
    one = [line for line in sketch.lines if line.slope is not None]
    slope = "slope" in show and any(line.count == 1 or line.start.main is not None for line in one)
    product = "contribution" in show and any(line.count == 1 and line.end.main is not None for line in one)
    return (["slope × gradient of the result = what flows back"] if slope and product else
            ["slope of the result by the input"] * slope + ["slope × gradient of the result"] * product)
