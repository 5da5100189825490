"""The backward pass as an animation: gradients flow along the lines of the picture, one line after the other.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.animation import animate
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> animate((w * x).tanh(), "neuron.svg")           # doctest: +SKIP

Lines and gradients are those of draw(). An SVG needs the extra `draw`; GIF, WebP and MP4 the extra `plot` as well,
whose matplotlib writes them, and MP4 the program ffmpeg, which the package imageio-ffmpeg brings along.
"""
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...engine import Value
from ...files import replace
from ...ieee import short
from ..colours import FAINT, PAPER
from .dot import Picture
from .drawing import picture
from .film import PAUSE, film
from .grouping import Box
from .sketch import Line, Sketch

if TYPE_CHECKING:
    from .render import Drawing

SVG = "http://www.w3.org/2000/svg"
WHITE = ("none", "white", PAPER)
COLOURED = re.compile(r' BGCOLOR="[^"]*">((?:<B>)?)<FONT COLOR="[^"]*">')       # a cell with a gradient or a mark
NODE, EDGE = re.compile(r"\t*(n\d+) \["), re.compile(r"\t*n\d+ -> n\d+ \[.*\bid=(e\d+)")       # lines of DOT
LIVE = 6                                    # the width of the line along which the gradient flows, in points
SLOWEST = 600                               # seconds; a GIF can hold a picture for 655
FORMATS = ("svg", "gif", "webp", "mp4")


def animate(root: Value, path: "str | os.PathLike[str]", params: Any = None, *, seconds: float = 0.8,
            **options: Any) -> None:
    """Write the backward pass of root to a file that ends in .svg, .gif, .webp or .mp4.

    params   as for draw()
    seconds  how long each line is shown, at most 600
    options  others of draw()

    ValueError for another ending or time, ImportError without what writes it, with the command that installs it,
    RuntimeError for .mp4 without ffmpeg; else as draw().

    >>> from microgradx import Value, animate
    >>> animate(Value(3.0) ** 2, "square.bmp")
    Traceback (most recent call last):
    ValueError: expected a file that ends in .svg, .gif, .webp, .mp4, got 'square.bmp'
    >>> animate(Value(3.0) ** 2, "square.svg")          # doctest: +SKIP
    """
    ending = Path(path).suffix[1:].lower()
    if ending not in FORMATS:
        raise ValueError(f"expected a file that ends in .{', .'.join(FORMATS)}, got {str(path)!r}")
    if not isinstance(seconds, (int, float)) or not 0 < seconds <= SLOWEST:
        raise ValueError(f"expected seconds above 0 and up to {SLOWEST}, got {short(seconds)}")
    shown = picture(root, params, **options)
    replace(path, animated(shown, seconds) if ending == "svg" else film(frames(shown), ending, seconds))


def order(sketch: Sketch) -> list[Line]:
    """The lines in the order in which backward() goes along them."""
    box = sketch.grouping.box
    between: dict[tuple[Box, Box], list[Line]] = {}
    for line in sketch.lines:
        between.setdefault((line.start, line.end), []).append(line)
    found: dict[Line, None] = {}
    for v in reversed(sketch.shown):
        for a in sketch.graph.inputs(v):
            found.update(dict.fromkeys(between.get((box[a], box[v]), ())) if a in box else {})
    return list(found)


def arrivals(sketch: Sketch, lines: list[Line]) -> dict[Box, int]:
    """After how many lines the gradient of each box is complete: the root's at once, others' after their last line."""
    last = {line.start: k + 1 for k, line in enumerate(lines) if not line.back}
    return {box: last.get(box, 0) for box in sketch.grouping.boxes}


# An animated SVG -----------------------------------------------------------------------------------------------

def animated(shown: Picture, seconds: float) -> bytes:
    """The picture as SVG in which lines and gradients appear one after the other, again and again."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    lines = order(shown.sketch)
    count = len(lines) + 1 + PAUSE
    root = ET.fromstring(shown.drawing.pipe(format="svg"))
    groups = {g.get("id"): g for g in root.iter(f"{{{SVG}}}g")}

    def change(element: ET.Element, name: str, *values: tuple[int, str]) -> None:
        """The values of an attribute, each from this step on."""
        ET.SubElement(element, f"{{{SVG}}}animate", attributeName=name, dur=f"{count * seconds:g}s",
                      values=";".join(value for _, value in values), calcMode="discrete", repeatCount="indefinite",
                      keyTimes=";".join(f"{k / count:.6g}" for k, _ in values))
    for k, line in enumerate(lines, 1):
        group = groups[shown.line_ids[line]]
        change(group, "opacity", (0, "0.15"), (k, "1"))
        for stroke in group.iter(f"{{{SVG}}}path"):
            width = stroke.get("stroke-width", "1")
            change(stroke, "stroke-width", (0, width), (k, str(LIVE)), (k + 1, width))
    for box, k in arrivals(shown.sketch, lines).items():
        for element in _coloured(groups[shown.ids[box]]):
            change(element, "opacity", (0, "0"), (k, "1")) if k else None
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _coloured(group: ET.Element) -> list[ET.Element]:
    """The cells of a card that have a colour, gradients and marks, with the text in each."""
    found: list[ET.Element] = []
    _, *elements = [e for e in group.iter() if e.tag in (f"{{{SVG}}}polygon", f"{{{SVG}}}text")]
    for cell, text in pairwise(elements):
        if cell.tag.endswith("polygon") and text.tag.endswith("text") and cell.get("fill") not in WHITE:
            found += cell, text
    return found


# Frames of a film ----------------------------------------------------------------------------------------------

def frames(shown: Picture) -> Iterator["Drawing"]:
    """The picture at each step, all with one layout: what is not known yet is white, its lines are faint."""
    lines = order(shown.sketch)
    known = arrivals(shown.sketch, lines)
    return (_frame(shown, lines, known, k) for k in range(len(lines) + 1))


def _frame(shown: Picture, lines: list[Line], known: dict[Box, int], k: int) -> "Drawing":
    unknown = {shown.ids[box] for box, time in known.items() if time > k}
    ahead, live = {shown.line_ids[line] for line in lines[k:]}, shown.line_ids[lines[k - 1]] if k else ""
    frame: Drawing = shown.drawing.copy()
    frame.body = [_seen(text, unknown | ahead, live) for text in frame.body]
    return frame


def _seen(text: str, unknown: set[str], live: str) -> str:
    """A line of DOT as it is drawn in a frame."""
    if (node := NODE.match(text)) and node[1] in unknown:
        return COLOURED.sub(rf' BGCOLOR="{PAPER}">\1<FONT COLOR="{PAPER}">', text)
    if edge := EDGE.match(text):
        if edge[1] in unknown:
            return re.sub(r'(?<= )color="[^"]*"', f'color="{FAINT}" fontcolor="{FAINT}"', text)
        if edge[1] == live:
            return re.sub(r"penwidth=[\d.]+", f"penwidth={LIVE}", text)
    return text
