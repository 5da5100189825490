"""A graph as one page to step through: a single file that works from disk, without a network and without a server.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.web.page import to_html
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> page = to_html(tanh(w * x), title="A neuron")
    >>> page.startswith("<!doctype html>"), len(page) < 100_000
    (True, True)

The parts are plain files in web/: page.html, its style, and scripts, which are concatenated. javascript.py writes the
rows of the graph from the table; they follow math.js.
"""
import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

from ...engine import Value, tape
from ...files import Path, replace
from ...naming import names
from ...step import steps
from .javascript import JavaScriptRows
from .notation import notation
from .places import places
from .script import literal

TITLE = "Backpropagation, step by step"
VALUES, INPUTS = 1_000, 20_000              # largest graph: nobody steps through more one by one
SCRIPTS = ("engine.js", "dom.js", "formula.js", "board.js", "picture.js", "panel.js", "page.js")


def to_html(root: Value, title: str | None = None) -> str:
    """The page as HTML: step through both passes, predict each step, and change leaves (what if?).

    TypeError if root is not a Value, or has a row that cannot become JavaScript; ValueError if the graph has more than
    1,000 values, with what to show instead. The page is plain ASCII, runs only its own script (see its content security
    policy), and shows names and title as text, whatever they contain. The graph does not change.

    >>> from microgradx import Value
    >>> from microgradx.show.web.page import to_html
    >>> "<b>" in to_html(Value(1.0, "<b>").tanh())
    False
    """
    if not isinstance(root, Value):
        raise TypeError(f"to_html takes the Value to step back from, got {type(root).__name__}")
    _refuse_large(tape(root))
    program = JavaScriptRows()
    data = json.dumps(graph(root, program)).replace("<", "\\u003c")       # no </script> in it
    script = "\n".join(['"use strict";', asset("math.js"), program.source(), *map(asset, SCRIPTS)])
    style = asset("page.css")
    parts = {"title": _markup(title or TITLE), "graph": data, "script": script,
             "style": style, "script hash": _hash(script), "style hash": _hash(style)}
    # in one pass: a title may contain "{{graph}}"
    return re.sub(r"\{\{(.*?)\}\}", lambda part: parts[part[1]], asset("page.html"))


def write_html(root: Value, path: Path, title: str | None = None) -> None:
    """Write the page to a file, as `microgradx step EXPR --html FILE` does. Raises as to_html, and OSError."""
    replace(path, to_html(root, title).encode("ascii"))


def asset(name: str) -> str:
    """The text of a file in web/."""
    return (files(__package__) / name).read_text(encoding="ascii")


def _refuse_large(order: list[Value]) -> None:
    inputs = sum(len(v.args) for v in order)
    if len(order) > VALUES or inputs > INPUTS:
        raise ValueError(
            f"the graph has {len(order):,} values and {inputs:,} inputs; a page steps through at most {VALUES:,} and "
            f"{INPUTS:,}. Make it of one sample and not of a batch, write wide sums as dot(weights, inputs), which "
            f"is one value, or see the whole graph collapsed: draw(root)")


def graph(root: Value, program: JavaScriptRows) -> dict[str, Any]:
    """The graph as data: names, rows, inputs, places, numbers, formulas, and the steps of step.py in order."""
    order, called, place = tape(root), names(root), places(root)
    number = {v: k for k, v in enumerate(order)}
    rules: list[Any] = []
    known: dict[Any, int] = {}              # nodes with the same row and constants share their formulas

    def rule(v: Value) -> int | None:
        if v.op is None:
            return None
        constants = tuple(None if isinstance(a, Value) else a for a in v.args)
        key = v.op.name, repr(constants)    # nan is unequal to itself
        if key not in known:
            known[key] = len(rules)
            rules.append(notation(v.op, constants))
        return known[key]

    nodes = [{"name": called[v], "data": literal(v.data), "rule": rule(v), "sign": v.op.symbol if v.op else "",
              "op": program.include(v.op, len(v.args)) if v.op else None,
              "args": [number[a] if isinstance(a, Value) else literal(a) for a in v.args],
              "at": [round(x, 3) for x in place[v]]} for v in order]
    back = [[number[step.node], step.i] for step in steps(root) if step.phase == "backward"]
    return {"nodes": nodes, "rules": rules, "steps": back}


def _markup(text: str) -> str:
    """Text escaped for HTML, in ASCII; a question mark for what cannot be shown (NUL, half a surrogate pair)."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return html.escape(shown).encode("ascii", "xmlcharrefreplace").decode()


def _hash(text: str) -> str:
    """The hash of a script or style for the content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
