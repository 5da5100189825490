"""What the Values of a graph are called, and how numbers are written, wherever a graph is shown.

    >>> from microgradx import Value
    >>> from microgradx.naming import brief, names
    >>> list(names(Value(1.0, "w") * Value(2.0)).values())
    ['w', 'x1', 'y']
    >>> brief(2 / 3)
    '0.666667'
"""
from collections.abc import Iterator
from itertools import count

from .engine import Value, tape

CUT = 24                                    # characters shown of a label


def names(root: Value) -> dict[Value, str]:
    """A name of its own for every Value that root was computed from, in the order of the tape.

    Labels where they were given, w and w_2 where two are the same; else x1, x2, ... for leaves, v1, v2, ... for
    results (the letters of an evaluation trace: Baydin et al., JMLR 18, 2018), y for the root.
    A long label is cut, and a character that does not print is written as its code.

    >>> from microgradx import Value
    >>> from microgradx.naming import names
    >>> list(names((Value(1.0, "w") * Value(2.0) + Value(3.0, "w")).tanh()).values())
    ['w', 'x1', 'v1', 'w_2', 'v2', 'y']
    """
    order = tape(root)
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
    """stem1, stem2, ... without those that are taken."""
    for k in count(start):
        if f"{stem}{k}" not in taken:
            taken.add(f"{stem}{k}")
            yield f"{stem}{k}"


def shown(label: str) -> str:
    """A label on one line of reasonable length, harmless to any terminal: only characters that print."""
    label = label.strip()
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in label[:CUT + 1])
    return safe if len(safe) <= CUT else safe[:CUT - 3] + "..."


def brief(x: float) -> str:
    """Six digits of a number, as many as an eye compares; 0 without a sign."""
    return f"{x + 0.0:.6g}"


def equal(text: str, x: float) -> str:
    """"text = x", unless the text ends with that already."""
    return text if text.endswith(f"= {brief(x)}") else f"{text} = {brief(x)}"
