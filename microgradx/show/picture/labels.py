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

WHOLE = ' COLSPAN="2"'                      # for a cell that fills its row


def escape(text: str) -> str:
    """Text that Graphviz shows character by character: no markup, entity, escape or control character is left."""
    text = printable(text)
    if not text.strip():
        return "&#160;"                                         # Graphviz refuses empty text
    return html.escape(text).replace("\\", "\\\\")         # Graphviz reads \N as the name of the node


def digits(x: float) -> str:
    """A number with four digits, enough for a picture."""
    return f"{x + 0.0:.4g}"


def card(title: str, aside: str, rows: Iterable[tuple[str, str]], grad: tuple[str, float], scale: Scale,
         remarks: Iterable[str] = (), marks: Iterable[str] = ()) -> str:
    """The label of a node: its name and formula, named numbers, the gradient on its colour, remarks, marks."""
    name, size = grad
    fill = scale.colour(size) if size else PAPER
    lines = [cell(bold(title)) + cell(ink(aside, GREY), "RIGHT") if aside else cell(bold(title), "LEFT", WHOLE)]
    lines += [cell(ink(name, GREY)) + cell(ink(text), "RIGHT") for name, text in rows]
    lines.append(cell(ink(name, GREY)) + cell(ink(digits(size), readable_on(fill)), "RIGHT", f' BGCOLOR="{fill}"'))
    lines += [cell(ink(remark, GREY), "LEFT", WHOLE) for remark in remarks]
    lines += [cell(bold(mark, PAPER), "CENTER", f'{WHOLE} BGCOLOR="{GREY if mark.endswith(OFF) else ALARM}"')
              for mark in marks]
    return table(lines)


def table(rows: Iterable[str]) -> str:
    """Rows of cells as an HTML-like label."""
    inside = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{inside}</TABLE>>'


def cell(markup: str, align: str = "LEFT", more: str = "") -> str:
    """A cell with this markup, which must be escaped already."""
    return f'<TD ALIGN="{align}"{more}>{markup}</TD>'


def ink(text: str, colour: str = INK) -> str:
    """Any text, in a colour."""
    return f'<FONT COLOR="{colour}">{escape(text)}</FONT>'


def bold(text: str, colour: str = INK) -> str:
    """Any text, in bold."""
    return f"<B>{ink(text, colour)}</B>"
