"""A graph as a tree of text: every value once, and a reference wherever it is used again.

    >>> from microgradx import Value
    >>> from microgradx.show.terminal.tree import tree
    >>> w = Value(3.0, "w")
    >>> print(tree(w * w + 1))
    value           data       slope    grad
    y = v1 + 1      10                  1
    `-- v1 = w*w    9          1        1
        |-- w       3          3        6
        `-- w       (above)    3

slope is the derivative by this value of the value one level up, grad that of the root.
"""
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from ... import text
from ...derivatives import gradients
from ...engine import Value, tape
from ...naming import brief, names
from ...watching import where_made
from .columns import HALF, columns, cut
from .screen import width

LINES = 200                                 # of a tree; the rest is left out
AROUND = 20                                 # lines shown before and after the one in work
LEVEL = 4                                   # columns of a level
SHARE = 5                                   # deeper than a fifth of the window, a tree shows the last levels only


class Known(NamedTuple):
    """What a session knows of a graph: numbers and gradients as text, and the live edge: a value and which input, or
    None for the value itself."""

    data: Mapping[Value, str]
    grads: Mapping[Value, str]
    live: tuple[Value, int | None] | None


class Row(NamedTuple):
    """A line of a tree: its texts, the value that it is about, which input of which value that is, and whether the
    value has a line above, and how many levels down it is."""

    texts: list[str]
    level: int
    of: Value
    edge: tuple[Value, int | None]
    above: bool


def tree(root: Value, known: Known | None = None) -> str:
    """The graph below root as text, with data, local slopes and gradients; at most the first 200 lines.

    known   what a session knows: the rest is blank, the live edge is marked by >, and the lines around it are shown

    Where levels would fill the window, a line has the number of its level in place of the first of them.
    """
    order = tape(root)
    if known is None:
        data = {v: brief(v.data) for v in order}
        known = Known(data, {v: brief(g) for v, g in zip(order, gradients(root, order))}, None)
    header, called = ["value", "data", "slope", "grad", *["line"] * any(map(where_made, order))], names(root)
    window = width()
    most = max(window // SHARE // LEVEL, 2) if window else sys.maxsize
    rows = _rows(root, called, known, most)
    if known.live is None:
        some = list(islice(rows, LINES + 1))
        more = ["\n... and more: this is the part nearest to the root"] if len(some) > LINES else []
        return "\n".join([columns(header, _narrowed(some[:LINES], most, len(header))), *more])
    found = list(rows)
    live = [">" if _is_live(row, known.live) else "" for row in found]
    texts = _narrowed(found, most, len(header))
    return columns(["", *header], _near([[mark, *row] for mark, row in zip(live, texts)]))


def _narrowed(rows: list[Row], most: int, width: int) -> list[list[str]]:
    """The texts of the lines; if some are more levels down than `most`, numbers in place of all levels but the last."""
    kept = most if all(row.level <= most for row in rows) else most // 2
    found = []
    for row in rows:
        text, *more = row.texts[:width]
        if row.level > kept:
            text = str(row.level).ljust(LEVEL) + text[LEVEL * (min(row.level, most) - kept):]
        found.append([text, *more])
    return found


def _is_live(row: Row, live: tuple[Value, int | None]) -> bool:
    """Whether a line is the edge in work, or the value in work where it stands first."""
    v, i = live
    return row.of is v and not row.above if i is None else row.edge[0] is v and row.edge[1] == i


def _near(rows: list[list[str]]) -> list[list[str]]:
    """The lines around the one that is marked."""
    marked = next((k for k, row in enumerate(rows) if row[0]), 0)
    start = max(0, min(marked - AROUND, len(rows) - 2 * AROUND))
    near, after = rows[start:start + 2 * AROUND], len(rows) - start - 2 * AROUND
    blank = [""] * (len(rows[0]) - 2)
    above = [["", f"... {start} more", *blank]] if start else []
    return above + near + ([["", f"... {after} more", *blank]] if after > 0 else [])


def _rows(root: Value, called: dict[Value, str], known: Known, most: int) -> Iterator[Row]:
    """A line for each edge, depth first, with its last `most` levels; by a stack, because a chain of a million is too
    deep for recursion."""
    seen: set[Value] = set()
    stack: list[tuple[Value, int, str, str, str, tuple[Value, int | None]]] = [(root, 0, "", "", "", (root, None))]
    while stack:
        v, level, branch, indent, slope, edge = stack.pop()
        branch, indent = (branch[LEVEL:], indent[LEVEL:]) if level > most else (branch, indent)
        if v in seen:
            yield Row([branch + called[v], "(above)", slope, "", ""], level, v, edge, True)
            continue
        seen.add(v)
        inputs = [called[a] if isinstance(a, Value) else a for a in v.args]
        formula = f" = {cut(text.formula(v.op, inputs), HALF)}" if v.op else ""
        line = str(where_made(v) or "")
        yield Row([branch + called[v] + formula, known.data.get(v, ""), slope, known.grads.get(v, ""), line], level, v,
                  edge, False)
        below = [(a, brief(d or 0.0), i) for i, (a, d) in enumerate(zip(v.args, v.slopes)) if isinstance(a, Value)]
        for k, (a, d, i) in reversed(list(enumerate(below))):
            last, by = k == len(below) - 1, d if v in known.data else ""
            stack.append((a, level + 1, indent + ("`-- " if last else "|-- "), indent + ("    " if last else "|   "),
                          by, (v, i)))
