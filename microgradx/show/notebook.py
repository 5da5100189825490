"""What a notebook shows: of a Value its picture, of a stepper the page to step through.

    >>> from microgradx import Value
    >>> from microgradx.show.notebook import Stepper
    >>> shown = Stepper(Value(0.5, "x").tanh())         # the last line of a cell
    >>> shown._repr_mimebundle_()["text/html"][:43]
    '<iframe sandbox="allow-scripts" title="Back'

A notebook that is opened without being run is stripped of scripts, frames and SVG, but an image in a data URI stays:
so the picture stands as one below the page, and a saved notebook shows that at least.
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
    """The page of to_html(root) as what a cell shows, in a frame that reaches nothing of the notebook.

    Errors as to_html.
    """

    def __init__(self, root: Value, title: str | None = None) -> None:
        self.root, self.html = root, to_html(root, title)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        frame = (f'<iframe sandbox="allow-scripts" title="{TITLE}" style="{FRAME}" '
                 f'srcdoc="{escape(self.html)}"></iframe>')
        return {"text/html": f"{frame}\n{picture(self.root)}", "text/plain": "\n".join(transcript(self.root))}


def mimebundle(root: Value) -> dict[str, str]:
    """What a cell shows of a Value: the picture of its graph and, as text, its repr; of a leaf the text alone."""
    bundle = {"text/plain": repr(root)}
    return bundle if root.op is None else {"text/html": picture(root), **bundle}


def picture(root: Value) -> str:
    """The graph as HTML: an image in a data URI; the tree as text where there is nothing to draw it with."""
    from .picture.drawing import draw
    try:
        from .picture.render import embedded
        return embedded(draw(root).pipe(format="svg"), f"The graph, {len(tape(root))} values")
    except (ImportError, RuntimeError):
        return f"<pre>{escape(tree(root))}</pre>"


def running() -> bool:
    """Is this run by a cell of a notebook? True in Jupyter and what speaks its protocol, and in marimo."""
    ipython, marimo = sys.modules.get("IPython"), sys.modules.get("marimo")
    if ipython is not None and hasattr(ipython.get_ipython(), "kernel"):
        return True
    return marimo is not None and bool(marimo.running_in_notebook())
