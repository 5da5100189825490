"""A page as one file that works from disk: a policy lets only its own script and style run, and it reaches for nothing.

    >>> from microgradx.show.document import document
    >>> page = document("A title", "Press keys.", "<main></main>", "show(DATA)", "", data={"of": 1})
    >>> page.startswith("<!doctype html>"), "A title</h1>" in page
    (True, True)
"""
import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


def document(title: str, hint: str, body: str, script: str, style: str, data: Mapping[str, Any]) -> str:
    """The page as HTML, in plain ASCII, with title and hint as text, whatever they contain.

    body           its elements, in ASCII: text in it must be escaped
    script, style  its JavaScript and CSS
    data           what the script reads, as JSON, in the element #data
    """
    parts = {"title": markup(title), "hint": markup(hint), "script": script, "body": body, "style": style,
             "data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),        # no </script> in it
             "script hash": _hash(script), "style hash": _hash(style)}
    # in one pass: a title may contain "{{data}}"
    return re.sub(r"\{\{(.*?)\}\}", lambda part: parts[part[1]], asset("page.html"))


@cache
def asset(name: str) -> str:
    """The text of a file in show/."""
    return (files(__package__) / name).read_text(encoding="ascii")


def markup(text: str) -> str:
    """Text escaped for HTML, in ASCII; a question mark for what cannot be shown (NUL, half a surrogate pair)."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return html.escape(shown).encode("ascii", "xmlcharrefreplace").decode()


def _hash(text: str) -> str:
    """The hash of a script or style for the content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
