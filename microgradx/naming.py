"""Names of the Values of a graph, and how numbers are written, wherever a graph is shown.

    >>> from microgradx import Value
    >>> from microgradx.naming import brief, names
    >>> list(names(Value(1.0, "w") * Value(2.0)).values())
    ['w', 'x1', 'y']
    >>> brief(2 / 3)
    '0.666667'
"""
from collections.abc import Iterator, Sequence
from itertools import count

from .engine import Value, tape
from .ieee import printable

CUT = 24                                    # characters shown of a label


def names(root: Value, of: Sequence[Value] | None = None) -> dict[Value, str]:
    """A unique name for every Value that root was computed from, or for those in `of`, in the order of the tape.

    A Value with a label is named by it: w, and w_2 for a second Value with the label w. Other leaves are x1, x2, ...,
    other results v1, v2, ... (the letters of an evaluation trace: Baydin et al., JMLR 18, 2018), the root is y.
    Long labels are cut, and characters that do not print are written as their codes.

    >>> from microgradx import Value
    >>> from microgradx.naming import names
    >>> list(names((Value(1.0, "w") * Value(2.0) + Value(3.0, "w")).tanh()).values())
    ['w', 'x1', 'v1', 'w_2', 'v2', 'y']
    """
    order = tape(root) if of is None else of
    given = {v: shown(v.label) for v in order if v.label and v.label.strip()}
    taken = set(given.values())
    first = {label: v for v, label in reversed(given.items())}
    again = {label: _numbered(f"{label}_", taken, 2) for label in first}
    leaves, results = _numbered("x", taken), _numbered("v", taken)
    last = "y" if root.op and "y" not in taken else None

    def name(v: Value) -> str:
        if v in given:
            return given[v] if first[given[v]] is v else next(again[given[v]])
        return last if last and v is root else next(results if v.op else leaves)
    return {v: name(v) for v in order}


def _numbered(stem: str, taken: set[str], start: int = 1) -> Iterator[str]:
    """stem1, stem2, ... without the names in `taken`."""
    for k in count(start):
        if f"{stem}{k}" not in taken:
            taken.add(f"{stem}{k}")
            yield f"{stem}{k}"


def shown(label: str) -> str:
    """A label on one short line that is safe on any terminal: only characters that print."""
    safe = printable(label.strip()[:CUT + 1])
    return safe if len(safe) <= CUT else safe[:CUT - 3] + "..."


def brief(x: float) -> str:
    """A number with six digits; 0 without a sign."""
    return f"{x + 0.0:.6g}"


def equal(text: str, x: float) -> str:
    """"text = x", unless the text ends with that already."""
    return text if text.endswith(f"= {brief(x)}") else f"{text} = {brief(x)}"
