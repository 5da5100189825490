"""Plots by matplotlib, and save(), which writes them, pictures of graphs and pages to files.

    >>> from microgradx import tanh
    >>> from microgradx.plots import curve, save
    >>> save(curve(tanh), "tanh.svg")                   # doctest: +SKIP

Needs the extra `plot`; matplotlib is imported when the first plot is drawn. A function takes axes to draw on as `ax=`,
and returns its axes; no plot relies on colour alone. What they draw is in show/plots/.
"""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .files import Path as File
from .files import replace
from .ieee import short
from .show.colours import GREY
from .show.plots.canvas import (
    LIGHT,
    MIDDLING,
    STRONG,
    boundary,
    canvas,
    gradient_flow,
    gradient_norms,
    losses,
    named,
    rendered,
    replay,
    style,
)
from .show.plots.curves import activations, curve, kinks
from .show.plots.images import confusion, filters, images

__all__ = ["save", "curve", "activations", "kinks", "losses", "boundary", "replay", "gradient_norms", "gradient_flow",
           "images", "filters", "confusion", "canvas", "named", "style", "GREY", "LIGHT", "MIDDLING", "STRONG"]


def save(shown: Any, path: File) -> None:
    """Write what a plot, draw(), to_html() or lab() returned to a file, in the format by which its name ends.

    shown  axes, a list of axes of one figure, a figure: .svg, .png, .pdf
           a picture of draw(): also .dot, its source, and .html, the page on which its boxes open
           a page of to_html() or lab(): .html

    TypeError for anything else, ValueError for another ending, before anything is written; OSError if it cannot be. A
    file that is there is replaced as a whole.

    >>> from microgradx import Value, to_html
    >>> save(to_html(Value(2.0) * 3), "six.html")       # doctest: +SKIP
    >>> save(to_html(Value(2.0) * 3), "six.png")
    Traceback (most recent call last):
    ValueError: expected a file that ends in .html for a page, got 'six.png'
    """
    form = Path(path).suffix[1:].lower()
    if isinstance(shown, str) and shown.startswith("<!doctype html>"):
        if form != "html":
            raise ValueError(f"expected a file that ends in .html for a page, got {str(path)!r}")
        replace(path, shown.encode("ascii"))
    elif hasattr(shown, "pipe"):
        from .show.picture import render
        render.save(shown, path)
    else:
        replace(path, rendered(_figure(shown), form))


def _figure(shown: Any) -> Any:
    """The figure of axes, of a list of axes, or itself."""
    first = shown[0] if isinstance(shown, Sequence) and shown and not isinstance(shown, str) else shown
    figure = getattr(first, "figure", None)
    if not hasattr(figure, "savefig"):
        raise TypeError("expected what a plot, draw(), to_html() or lab() returned: axes, a picture or a page; got "
                        f"{short(shown)}")
    return figure
