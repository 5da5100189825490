"""How a notebook shows a Value, by its picture, and a stepper, by the page to step through.

    >>> from microgradx import Value
    >>> from microgradx.show.notebook import Stepper
    >>> shown = Stepper(Value(0.5, "x").tanh())         # the last line of a cell
    >>> shown._repr_mimebundle_()["text/html"][:43]
    '<iframe sandbox="allow-scripts" title="Back'

A notebook opened without being run loses scripts, frames and SVG, but keeps an image in a data URI. So the picture is
such an image below the page, and a saved notebook still shows it.
"""
import sys
from html import escape
from typing import Any

from ..engine import Value, tape
from .terminal.transcript import transcript
from .terminal.tree import tree
from .web.page import TITLE, to_html

HEIGHT = 820                                # of the page in a notebook, in pixels
FRAME = f"width: 100%; height: {HEIGHT}px; border: 1px solid #8888; border-radius: 6px"


class Stepper:
    """The page of to_html(root) as the output of a cell, in a frame without access to the notebook.

    It raises as to_html does.
    """

    def __init__(self, root: Value, title: str | None = None) -> None:
        self.root, self.html = root, to_html(root, title)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        frame = (f'<iframe sandbox="allow-scripts" title="{TITLE}" style="{FRAME}" '
                 f'srcdoc="{escape(self.html)}"></iframe>')
        return {"text/html": f"{frame}\n{picture(self.root)}", "text/plain": "\n".join(transcript(self.root))}


def mimebundle(root: Value) -> dict[str, str]:
    """The output of a cell for a Value: the picture of its graph and its repr as text; for a leaf only the text."""
    bundle = {"text/plain": repr(root)}
    return bundle if root.op is None else {"text/html": picture(root, True), **bundle}


def picture(root: Value, opens: bool = False) -> str:
    """The graph as HTML: an image in a data URI; the tree as text if Graphviz is missing.

    opens   with the page on which boxes open, if there are boxes of several values
    """
    from .picture.drawing import draw
    try:
        drawing = draw(root)
        drawing.opens &= opens
        return drawing.html(f"The graph, {len(tape(root))} values")
    except (ImportError, RuntimeError):
        return f"<pre>{escape(tree(root))}</pre>"


def running() -> bool:
    """Whether a cell of a notebook runs this: in Jupyter, in programs with its protocol, or in marimo."""
    ipython, marimo = sys.modules.get("IPython"), sys.modules.get("marimo")
    if ipython is not None and hasattr(ipython.get_ipython(), "kernel"):
        return True
    return marimo is not None and bool(marimo.running_in_notebook())
