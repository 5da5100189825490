"""One file that works from disk: the parts of a page, files beside this one, and a policy that lets only them run.

    >>> from microgradx.show.web.bundle import bundle
    >>> page = bundle("A title", "Press keys.", "step/step.html", {"graph": []}, "", ["step/dom.js"])
    >>> page.startswith("<!doctype html>"), "A title</h1>" in page
    (True, True)
"""
import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

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
    style = "\n".join(map(asset, styles))
    parts = {"title": markup(title), "hint": markup(hint), "script": script,
             "body": asset(body).replace("{{step}}", asset("step/step.html")), "style": style,
             "data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),        # no </script> in it
             "script hash": _hash(script), "style hash": _hash(style)}
    # in one pass: a title may contain "{{data}}"
    return re.sub(r"\{\{(.*?)\}\}", lambda part: parts[part[1]], asset("page.html"))


@cache
def asset(name: str) -> str:
    """The text of a file in web/."""
    return (files(__package__) / name).read_text(encoding="ascii")


def markup(text: str) -> str:
    """Text escaped for HTML, in ASCII; a question mark for what cannot be shown (NUL, half a surrogate pair)."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return html.escape(shown).encode("ascii", "xmlcharrefreplace").decode()


def _hash(text: str) -> str:
    """The hash of a script or style for the content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
