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
from collections.abc import Iterator
from itertools import islice

from ... import text
from ...derivatives import gradients
from ...engine import Value, tape
from ...naming import brief, names
from ...watching import where_made
from .columns import HALF, columns, cut

LINES = 200                                 # of a tree; the rest is left out


def tree(root: Value) -> str:
    """The graph below root as text, with data, local slopes and gradients; at most the first 200 lines."""
    order = tape(root)
    called, grads = names(root), dict(zip(order, gradients(root, order)))
    rows = list(islice(_rows(root, called, grads), LINES + 1))
    more = ["\n... and more: this is the part nearest to the root"] if len(rows) > LINES else []
    titles = ["value", "data", "slope", "grad", *["line"] * any(map(where_made, order))]
    return "\n".join([columns(titles, [row[:len(titles)] for row in rows[:LINES]]), *more])


def _rows(root: Value, called: dict[Value, str], grads: dict[Value, float]) -> Iterator[list[str]]:
    """A line for each edge, depth first; by a stack, because a chain of a million is too deep for recursion."""
    seen: set[Value] = set()
    stack: list[tuple[Value, str, str, str]] = [(root, "", "", "")]
    while stack:
        v, branch, indent, slope = stack.pop()
        if v in seen:
            yield [branch + called[v], "(above)", slope, "", ""]
            continue
        seen.add(v)
        inputs = [called[a] if isinstance(a, Value) else a for a in v.args]
        formula = f" = {cut(text.formula(v.op, inputs), HALF)}" if v.op else ""
        line = str(where_made(v) or "")
        yield [branch + called[v] + formula, brief(v.data), slope, brief(grads[v]), line]
        below = [(a, brief(d or 0.0)) for a, d in zip(v.args, v.slopes) if isinstance(a, Value)]
        for k, (a, d) in reversed(list(enumerate(below))):
            last = k == len(below) - 1
            stack.append((a, indent + ("`-- " if last else "|-- "), indent + ("    " if last else "|   "), d))
