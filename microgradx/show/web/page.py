"""A graph as one page to step through: a single file that works from disk, without a network and without a server.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.web.page import to_html
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> page = to_html(tanh(w * x), title="A neuron")
    >>> page.startswith("<!doctype html>"), len(page) < 150_000
    (True, True)

bundle.py puts its parts together; javascript.py writes the rows of the graph from the table.
"""
from collections.abc import Mapping
from typing import Any

from ...engine import Value, tape
from ...files import Path, replace
from ...ieee import kind_of, short
from ...naming import names, shown
from ...nesting import is_module, leaves, paths
from ...watching import at_line
from ..picture.graph import Graph
from ..picture.scopes import homes
from .bundle import CORE, STEP, bundle
from .javascript import JavaScriptRows
from .notation import notation
from .script import literal

TITLE = "Backpropagation, step by step"
HINT = "Arrow keys step, P plays, F fits the graph, + and - zoom."
VALUES, INPUTS = 1_000, 20_000              # largest graph: nobody steps through more one by one


def to_html(root: Value, title: str | None = None, *, params: Any = None) -> str:
    """The page as HTML: step through both passes, predict each step, look closer, and change leaves (what if?).

    params  a Module, or a dict of Values, nested lists and Modules: its Values get their names there

    TypeError if root is not a Value, or has a row that cannot become JavaScript; ValueError if the graph has more than
    1,000 values, with what to show instead. The page is plain ASCII, runs only its own script (see its content security
    policy), and shows names and title as text, whatever they contain. The graph does not change.

    >>> from microgradx.nn import MLP
    >>> from microgradx.show.web.page import to_html
    >>> model = MLP(2, [2, 1])
    >>> "layers.0.neurons.1.w[0]" in to_html(model([1.0, -2.0]), params=model)
    True
    """
    if not isinstance(root, Value):
        raise TypeError(f"to_html takes the Value to step back from, got {kind_of(root)}")
    _refuse_large(tape(root))
    program = JavaScriptRows()
    data = graph(root, program, params)
    return bundle(title or TITLE, HINT, "step/step.html", data, program.source(), [*CORE, *STEP, "step/page.js"])


def write_html(root: Value, path: Path, title: str | None = None, *, params: Any = None) -> None:
    """Write the page to a file, as `microgradx step EXPR --html FILE` does. Raises as to_html, and OSError."""
    replace(path, to_html(root, title, params=params).encode("ascii"))


def _refuse_large(order: list[Value]) -> None:
    inputs = sum(len(v.args) for v in order)
    if len(order) > VALUES or inputs > INPUTS:
        raise ValueError(
            f"the graph has {len(order):,} values and {inputs:,} inputs; a page steps through at most {VALUES:,} and "
            f"{INPUTS:,}. Make it of one sample and not of a batch, write wide sums as dot(weights, inputs), which "
            f"is one value, or see the whole graph collapsed: draw(root)")


def graph(root: Value, program: JavaScriptRows, params: Any = None) -> dict[str, Any]:
    """The graph as data: names, rows, inputs, numbers and scopes of its values; of each row its formulas and kinks."""
    order, own = tape(root), parameters(params)
    called, place = called_by(root, own), dict(zip(order, homes(Graph(root), own or None)))
    number = {v: k for k, v in enumerate(order)}
    rules: dict[str, Any] = {}
    kinked = set()
    nodes = []
    for v in order:
        op = None
        if v.op is not None:
            op = program.include(v.op, len(v.args))
            if op not in rules:
                rules[op] = notation(v.op, len(v.args))
            kinked |= {op} if v.op.kinks else set()
        nodes.append({"name": called[v], "data": literal(v.data), "sign": v.op.symbol if v.op else "", "op": op,
                      "scope": [shown(level) for level in place[v]],
                      "args": [number[a] if isinstance(a, Value) else literal(a) for a in v.args]}
                     | ({"line": at_line(v)[2:-1]} if at_line(v) else {}))
    return {"graph": nodes, "rules": rules, "kinked": sorted(kinked)}


def parameters(params: Any) -> dict[Value, str]:
    """The Values in a Module or dict with their names: layers.0.neurons.1.w[0]. TypeError for anything else."""
    if params is None:
        return {}
    if not is_module(params) and not isinstance(params, Mapping):
        raise TypeError(f"params: expected a Module or a dict of Values by name, got {short(params)}")
    named = params.named_parameters() if is_module(params) else params.items()
    return {v: path for name, nest in named for v, path in zip(leaves(nest), paths(nest, str(name)))
            if isinstance(v, Value)}


def called_by(root: Value, own: Mapping[Value, str]) -> dict[Value, str]:
    """The name of every value: those in `own`, where they are free, else those of names()."""
    called = names(root)
    others = {name for v, name in called.items() if v not in own or v.label}
    return {v: own[v] if v in own and not v.label and own[v] not in others else name for v, name in called.items()}
