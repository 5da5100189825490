"""A page on which the boxes of a picture open: a click, or Enter, shows the values of a box; Escape goes back.

    >>> from microgradx import Value, scope
    >>> from microgradx.show.picture.drawing import picture
    >>> from microgradx.show.picture.opening import views
    >>> with scope("layer"):
    ...     y = (Value(0.5, "w") * Value(2.0, "x")).tanh()
    >>> [view.title for view in views(picture(y * 2, None, depth=1))]
    ['the graph', 'layer']

What a box opens to is a picture like any other: a screen holds it, and it may have boxes again. The page is one file
without a network; its pictures are made in advance, the outer ones first, up to a number and a size.
"""
import xml.etree.ElementTree as ET
from typing import NamedTuple

from ...naming import shown
from ..document import asset, document, markup
from .dot import Picture

BOXES, VALUES = 200, 200_000                # on a page, in all of its pictures, and values in their boxes
SVG = "http://www.w3.org/2000/svg"
HINT = "A click on a blue folder, or Tab and Enter, shows what is in it. Escape goes back."


class View(NamedTuple):
    """A picture on the page: the whole or what is in a box. `opens` has the number of the view of each box, by id."""

    title: str
    picture: Picture
    above: int
    opens: dict[str, int]


def views(whole: Picture) -> list[View]:
    """The picture and those of its boxes, and of the boxes in these; of a box that cannot be divided there is none."""
    found, boxes, values = [View("the graph", whole, 0, {})], BOXES - len(whole.ids), VALUES
    for k, view in enumerate(found):                        # which grows meanwhile
        for box, name in view.picture.ids.items():
            if box.main is not None or len(box.values) == 1 or len(box.values) > values:
                continue
            values -= len(box.values)
            inner = view.picture.sketch.inside(box)
            count = len(inner.grouping.boxes)
            if count > boxes:
                return found
            if count > 1:
                boxes -= count
                view.opens[name] = len(found)
                found.append(View(shown(box.title), whole.again(inner), k, {}))
    return found


def page(whole: Picture) -> str:
    """The page as HTML, in plain ASCII; without JavaScript it shows the picture as it is."""
    found = views(whole)
    body = "".join(_section(k, view) for k, view in enumerate(found))
    title = f"A graph of {len(whole.sketch.order):,} values"
    return document(title, HINT * (len(found) > 1), f'<nav id="trail" aria-label="Opened"></nav>\n<main>{body}</main>',
                    f'"use strict";\n{asset("picture/opening.js")}', asset("picture/opening.css"), {})


def _section(k: int, view: View) -> str:
    """A view as an element with its SVG, in which the folders that open are buttons."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ET.fromstring(view.picture.drawing.pipe(format="svg"))
    titles = {name: shown(box.title) for box, name in view.picture.ids.items()}
    for group in root.iter(f"{{{SVG}}}g"):
        name = group.attrib.pop("id", "")                   # others of the page have the same
        if name in view.opens:
            group.attrib |= {"class": "node opens", "role": "button", "tabindex": "0", "aria-label":
                             f"Open {titles[name]}", "data-view": str(view.opens[name])}
    svg = ET.tostring(root, encoding="us-ascii", xml_declaration=False).decode()
    return (f'<section class="view" data-above="{view.above}" data-title="{markup(view.title)}"'
            f'{" hidden" * (k > 0)}>{svg}</section>\n')
