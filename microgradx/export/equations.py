"""Equations: a graph and its whole derivative, a line for each part, whoever writes them.

    >>> from microgradx import Value, tanh
    >>> from microgradx.export.equations import equations
    >>> from microgradx.text import Symbol
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> found = equations(tanh(w * x), Symbol)
    >>> found.value, found.gradient, found.parts
    (tanh(v1), {'w': x*dy/dv1, 'x': w*dy/dv1}, {'v1': w*x, 'dy/dv1': sech(v1)**2})

The rows compute on operands that write formulas instead of numbers. What is used more than once is a part with a name;
a first run on operands that only count finds out what that is.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..arithmetic import Arithmetic
from ..engine import Value, tape
from ..ieee import kind_of
from ..naming import names
from ..table import Op

COMPARED = ("<", "<=", ">", ">=")          # no part of its own: it is read in the choice that it makes


class Equations(NamedTuple):
    """A root as formulas.

    root        its name
    value       its value
    gradient    the derivative by each leaf, by name
    parts       what value and gradient share, by name, in the order in which it is computed; a derivative by a part is
                named d<root>/d<part>
    """

    root: str
    value: Any
    gradient: dict[str, Any]
    parts: dict[str, Any]


def equations(root: Value, symbol: Callable[[str], Any]) -> Equations:
    """The equations of a root in operands that symbol(name) makes. TypeError if root is no Value."""
    if not isinstance(root, Value):
        raise TypeError(f"expected the Value to write down, got {kind_of(root)}; write f(Value(2.0, 'x'))")
    counted = _Run(root, _Count)
    uses: Counter[str] = Counter()
    for found in (*counted.parts.values(), counted.value, *counted.gradient.values()):
        if isinstance(found, _Count):
            uses += found.uses
    run = _Run(root, symbol, {name for name in counted.parts if uses[name] > 1})
    return Equations(run.root, run.value, run.gradient, run.parts)


class _Run:
    """Forward and backward once through a graph."""

    def __init__(self, root: Value, symbol: Callable[[str], Any], named: set[str] | None = None) -> None:
        called, order = names(root), tape(root)
        self.symbol, self.named, self.root = symbol, named, called[root]
        self.parts: dict[str, Any] = {}
        self.symbols: dict[int, Any] = {}
        now: dict[Value, Any] = {}
        for v in order:
            if v.op is None:
                now[v] = self.known(called[v])
            else:
                found = v.op.apply(v.op.called(_inputs(v, now)))
                now[v] = found if v is root or v.op.infix in COMPARED else self.part(called[v], found)
        self.value = now[root]
        incoming: dict[Value, list[Any]] = {root: [1.0]}
        self.gradient: dict[str, Any] = {}
        result = self.known(called[root]) if root.op is not None else now[root]
        for v in reversed(order):
            g = added(incoming.get(v, [0.0]))
            if v.op is None:
                self.gradient[called[v]] = g
            elif v in incoming:
                g = g if v is root else self.part(f"d{self.root}/d{called[v]}", g)
                self.flow(v, g, now[v] if v is not root else result, now, incoming)
        self.gradient = {called[v]: self.gradient[called[v]] for v in order if v.op is None}

    def flow(self, v: Value, g: Any, y: Any, now: dict[Value, Any], incoming: dict[Value, list[Any]]) -> None:
        """Hand the gradient of a result on to its inputs."""
        op: Any = v.op
        slopes = op.partials([isinstance(a, Value) for a in v.args], y, *_inputs(v, now))
        for a, slope in zip(v.args, slopes):
            if slope is not None and isinstance(a, Value):
                incoming.setdefault(a, []).append(times(slope, g))

    def part(self, name: str, found: Any) -> Any:
        """A part by its name, if it is used more than once; else the formula itself."""
        if isinstance(found, (int, float)) or id(found) in self.symbols or (
                self.named is not None and name not in self.named):
            return found
        self.parts[name] = found
        return self.known(name)

    def known(self, name: str) -> Any:
        """The operand of a name, which needs no other name."""
        made = self.symbol(name)
        self.symbols[id(made)] = made
        return made


def times(a: Any, b: Any) -> Any:
    """a*b, without a product by 1 or -1.

    >>> from microgradx.text import Symbol
    >>> times(1.0, Symbol("g")), times(Symbol("s"), -1.0)
    (g, -s)
    """
    for one, other in ((a, b), (b, a)):
        if isinstance(one, (int, float)) and abs(one) == 1:
            return other if one == 1 else -other
    return a * b


def _inputs(v: Value, now: dict[Value, Any]) -> list[Any]:
    return [now[a] if isinstance(a, Value) else a for a in v.args]


def added(terms: Sequence[Any]) -> Any:
    """The sum of terms."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


class _Count(Arithmetic["_Count"]):
    """An operand that only counts which names it has been made from."""

    __slots__ = ("uses",)

    def __init__(self, name: str | None = None) -> None:
        self.uses: Counter[str] = Counter([name] if name else [])

    def _apply(self, op: Op, args: Sequence[Any]) -> _Count:
        made = _Count()
        for x in op.flat(args):
            if isinstance(x, _Count):
                made.uses += x.uses
        return made

    def _gate(self, slope: Any, point: bool) -> Any:
        return self if slope is None else slope
