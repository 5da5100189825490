"""The text inside a picture. All text goes through one escape function.

    >>> from microgradx.show.picture.labels import escape
    >>> print(escape('<b>"w"]; evil ['))
    &lt;b&gt;&quot;w&quot;]; evil [

Labels are Graphviz's HTML-like tables; only this module writes their markup.
"""
import html
from collections.abc import Iterable

from ...ieee import printable
from ..colours import ALARM, GREY, INK, PAPER, Scale, readable_on
from .units import OFF

WIDTH = 3                                   # columns of a card


def escape(text: str) -> str:
    """Text that Graphviz shows character by character: no markup, entity, escape or control character is left."""
    text = printable(text)
    if not text.strip():
        return "&#160;"                                         # Graphviz refuses empty text
    return html.escape(text).replace("\\", "\\\\")         # Graphviz reads \N as the name of the node


def digits(x: float, count: int = 4) -> str:
    """A number with so many digits; four are enough for a picture."""
    return f"{x + 0.0:.{count}g}"


def heading(title: str, aside: str) -> str:
    """The first row of a card: a name, and how it is computed."""
    return cell(bold(title)) + cell(ink(aside, GREY), "RIGHT", WIDTH - 1) if aside else cell(bold(title), "LEFT", WIDTH)


def fact(name: str, text: str) -> str:
    """A row of a card: a named number."""
    return cell(ink(name, GREY)) + cell(ink(text), "RIGHT", WIDTH - 1)


def flow(name: str, size: float, text: str, scale: Scale) -> str:
    """The row of a gradient, on its colour."""
    return cell(ink(name, GREY)) + _coloured(size, text, scale, WIDTH - 1)


def inner(name: str, text: str | None, size: float, grad: str | None, scale: Scale) -> str:
    """The row of a leaf within the card of the operation that uses it: its name, and its number and gradient if given.
    """
    if grad is None:
        return cell(ink(name), "LEFT", WIDTH) if text is None else cell(ink(name)) + cell(ink(text), "RIGHT", WIDTH - 1)
    data = [] if text is None else [cell(ink(text), "RIGHT")]
    return "".join([cell(ink(name)), *data, _coloured(size, grad, scale, WIDTH - 1 - len(data))])


def remark(text: str) -> str:
    """A row of text in grey."""
    return cell(ink(text, GREY), "LEFT", WIDTH)


def mark(text: str) -> str:
    """A row that says what is wrong, on red; what is off for this input only, on grey."""
    return cell(bold(text, PAPER), "CENTER", WIDTH, GREY if text.endswith(OFF) else ALARM)


def _coloured(size: float, text: str, scale: Scale, columns: int) -> str:
    fill = scale.colour(size) if size else PAPER
    return cell(ink(text, readable_on(fill)), "RIGHT", columns, fill)


def number(text: str) -> str:
    """The number at a line, with room around it: without, a thick line touches it."""
    return table([cell(escape(text))]) if text else ""


def table(rows: Iterable[str]) -> str:
    """Rows of cells as an HTML-like label."""
    inside = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{inside}</TABLE>>'


def cell(markup: str, align: str = "LEFT", columns: int = 1, fill: str = "", more: str = "") -> str:
    """A cell with this markup, which must be escaped already."""
    wide, colour = f' COLSPAN="{columns}"' if columns > 1 else "", f' BGCOLOR="{fill}"' if fill else ""
    return f'<TD ALIGN="{align}"{wide}{colour}{more}>{markup}</TD>'


def ink(text: str, colour: str = INK) -> str:
    """Any text, in a colour."""
    return f'<FONT COLOR="{colour}">{escape(text)}</FONT>'


def bold(text: str, colour: str = INK) -> str:
    """Any text, in bold."""
    return f"<B>{ink(text, colour)}</B>"
