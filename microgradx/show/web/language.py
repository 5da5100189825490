"""What the page must know to read typed expressions as expr.py does: rows, limits, words, and functions made of rows.

    >>> from microgradx.show.web.javascript import JavaScriptRows
    >>> from microgradx.show.web.language import language
    >>> found = language(JavaScriptRows())
    >>> found["rows"]["tanh"]["inputs"], found["signs"]["+"], found["depth"]
    (['x'], 'add', 100)

core/reader.js interprets an expression over the rows; what is not here it cannot call.
"""
from collections.abc import Callable
from keyword import kwlist
from typing import Any

from ... import expr
from ...activations import log_softmax, softmax
from ...engine import Value, tape
from ...reductions import dot
from ...table import TABLE, Op, Reduction
from .javascript import JavaScriptRows
from .kernels import UNITS
from .notation import notation
from .script import literal

MOST = 7                                    # elements of a list: each length is a function of its own in JavaScript
COMPOSED: dict[str, Callable[..., Any]] = {"softmax": softmax, "log_softmax": log_softmax}


def language(program: JavaScriptRows) -> dict[str, Any]:
    """The table for reader.js, as data. Every row that can become JavaScript is added to the program."""
    rows = {name: row for name, op in TABLE.items() if (row := _row(op, program)) is not None}
    return {
        "rows": rows, "signs": {op.infix: name for name, op in TABLE.items() if op.infix and name in rows},
        "composed": {name: {n: recorded(f, n) for n in range(1, MOST + 1)} for name, f in COMPOSED.items()},
        "constants": {name: literal(x) for name, x in expr.CONSTANTS.items()}, "keywords": kwlist,
        "length": expr.LENGTH, "nodes": expr.NODES, "depth": expr.DEPTH, "most": MOST, "allowed": expr.ALLOWED,
    }


def formulas(program: JavaScriptRows) -> dict[str, Any]:
    """For every row of the table at every number of inputs its formulas (notation.py), and which rows have kinks."""
    called = [(op, count) for op in TABLE.values() for count in _counts(op)]
    known = [(program.include(op, count), op, count) for op, count in called if _row(op, program) is not None]
    return {"rules": {js: notation(op, count) for js, op, count in known},
            "kinked": sorted({js for js, op, _ in known if op.kinks})}


def _counts(op: Op) -> list[int]:
    """The numbers of inputs at which a row is written."""
    if not isinstance(op, Reduction):
        return [len(op.inputs)]
    most = UNITS + 1 if op is dot else MOST             # a unit behind a full layer has its units and a bias
    return [n * op.lists + op.index for n in range(max(1, op.least), most + 1)]


def _row(op: Op, program: JavaScriptRows) -> dict[str, Any] | None:
    """One row for reader.js; None for a row of yours that cannot be read as JavaScript."""
    try:
        names = [(program.include(op, count), count) for count in _counts(op)]
        if isinstance(op, Reduction) and not op.least:
            program.value(op, int(op.index))                 # of an empty list there is a value, and no slope
    except TypeError:
        return None
    js, count = names[0]
    lists = (op.lists, int(op.index), op.least) if isinstance(op, Reduction) else (0, 0, 0)
    return {"js": js.removesuffix(str(count)) if lists[0] else js, "inputs": list(op.inputs), "symbol": op.symbol,
            "defaults": [literal(x) for x in op.defaults], **dict(zip(("lists", "index", "least"), lists))}


def recorded(f: Callable[..., Any], count: int) -> tuple[list[Any], list[int]]:
    """A function of one list as the rows that it calls on `count` elements, and which of them are its results.

    An input is the index of an element, below 0 that of an earlier row (-1 the first), or a constant as text.
    """
    xs = [Value(1.0) for _ in range(count)]
    results = f(xs)
    place: dict[Value, int] = {x: i for i, x in enumerate(xs)}
    steps: list[Any] = []
    for v in tape(*results):
        if v.op is not None:
            steps.append([v.op.name, [place[a] if isinstance(a, Value) else literal(a) for a in v.args]])
            place[v] = -len(steps)
    return steps, [place[y] for y in results]
