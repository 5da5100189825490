"""Text in columns for the terminal, in plain ASCII, so that it lines up everywhere.

    >>> from microgradx.show.terminal.columns import columns
    >>> print(columns(["value", "data"], [["x", "2"], ["n", "0.881374"]]))
    value    data
    x        2
    n        0.881374
"""
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap

from .screen import width

GAP, WIDTH, HALF = 4, 100, 50              # spaces between columns; characters of a rule, of each of two formulas
LEAST = 8                                   # characters of a column in a narrow window
MOST = 200                                 # rows of a table: some pages
BRANCH = re.compile(r"[\d |]*[|`]-- ")      # of a tree, before a name
HARD = "\0"                                 # a space at which no line ends


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as text: every column as wide as its widest cell. Of very many rows it has the first and the last.

    In a window that is too narrow the widest columns are narrower, and their cells take several lines.
    """
    lines = [header, *abridged(list(rows))]
    widths = [max(map(len, column)) for column in zip(*lines)]
    window = width()
    while window and sum(widths) + GAP * (len(widths) - 1) > window and max(widths) > LEAST:
        widths[widths.index(max(widths))] -= 1
    return "\n".join("".join(cell.ljust(size + GAP) for cell, size in zip(part, widths)).rstrip()
                     for line in lines for part in _parts(line, widths))


def _parts(line: Sequence[str], widths: Sequence[int]) -> Iterable[tuple[str, ...]]:
    """A line of a table as one or more lines, none of its cells wider than its column."""
    return zip_longest(*map(_lines, line, widths), fillvalue="")


def _lines(cell: str, size: int) -> list[str]:
    """A cell as lines of at most this size; what does not fit goes on below the text, indented."""
    if len(cell) <= size:
        return [cell]
    branch = found[0] if (found := BRANCH.match(cell)) else ""
    indent = len(branch) * (len(branch) <= size // 2) + 2
    text = branch.replace(" ", HARD) + cell[len(branch):]
    return [line.replace(HARD, " ") for line in wrap(text, size, subsequent_indent=" " * indent,
                                                     break_on_hyphens=False)]


def abridged(rows: list[Sequence[str]]) -> list[Sequence[str]]:
    """The rows, or the first and last of very many, and how many are left out."""
    if len(rows) <= MOST:
        return rows
    left = [f"... {len(rows) - MOST:,} more ...", *[""] * (len(rows[0]) - 1)]
    return [*rows[:MOST // 2], left, *rows[-MOST // 2:]]


def fields(*pairs: tuple[str, str]) -> str:
    """Named lines under a heading, indented: `rule    dn/db = 1`."""
    widest = max(12, *(len(name) for name, _ in pairs)) + GAP
    return "\n".join(f"    {name.ljust(widest)}{text}" for name, text in pairs)


def cut(text: str, width: int = WIDTH) -> str:
    """A text, with its middle left out if it is too long."""
    half = (width - 5) // 2
    return text if len(text) <= width else f"{text[:half]} ... {text[-half:]}"
