"""One file that works from disk: the parts of a page, files beside this one, and a policy that lets only them run.

    >>> from microgradx.show.web.bundle import bundle
    >>> page = bundle("A title", "Press keys.", "step/step.html", {"graph": []}, "", ["step/dom.js"])
    >>> page.startswith("<!doctype html>"), "A title</h1>" in page
    (True, True)
"""
from collections.abc import Mapping, Sequence
from typing import Any

from .. import document

# Every page has these, in this order, behind the rows: what computes, then the stepper.
CORE = ("core/numbers.js", "core/engine.js", "core/graph.js", "core/differences.js", "core/check.js")
STEP = tuple(f"step/{name}.js" for name in (
    "dom", "formula", "state", "board", "chain", "groups", "layout", "routes", "viewport", "drawing", "picture",
    "pulse", "panel", "curve", "closer", "board_view", "player", "stepper"))


def bundle(title: str, hint: str, body: str, data: Mapping[str, Any], rows: str, scripts: Sequence[str],
           styles: Sequence[str] = ("page.css",)) -> str:
    """The page as HTML, in plain ASCII: it reaches for nothing, and shows the title as text, whatever it contains.

    body     the file of its elements
    data     what its scripts read, as JSON
    rows     rows of the table as JavaScript (javascript.py)
    scripts  its other files, in the order in which they run
    """
    script = "\n".join(['"use strict";', asset("core/math.js"), rows, *map(asset, scripts)])
    return document.document(title, hint, asset(body).replace("{{step}}", asset("step/step.html")), script,
                             "\n".join(map(asset, styles)), data)


def asset(name: str) -> str:
    """The text of a file in web/."""
    return document.asset(f"web/{name}")
