"""Waves: a program on arrays of another library. Operations of one row that do not depend on each other are a wave.

    >>> from microgradx import add, mul
    >>> from microgradx.compiler.ir.program import Program
    >>> from microgradx.export.waves import waves
    >>> p = Program()
    >>> x, y = p.input(), p.input()
    >>> p.results = [p.add(add, (p.add(mul, (x, x)), p.add(mul, (y, y))))]
    >>> [(wave.op.name, wave.nodes, wave.inputs) for wave in waves(p)]
    [('mul', [2, 3], [(0, 0), (1, 1)]), ('add', [4], [(2, 3)])]

A traced matrix product is thousands of nodes and two waves. The library computes each on whole arrays.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from .. import ops
from .. import reductions as red
from ..compiler.ir.program import Program
from ..table import Op, of_math


class Wave(NamedTuple):
    """Operations to compute together: their row, their nodes, and the inputs of each."""

    op: Op
    nodes: list[int]
    inputs: list[tuple[int, ...]]


def waves(p: Program) -> list[Wave]:
    """The operations of a program by level: each wave needs only waves before it."""
    level = [0] * len(p)
    found: dict[tuple[int, Op, int], tuple[list[int], list[tuple[int, ...]]]] = {}
    for i, (op, args) in enumerate(zip(p.ops, p.args)):
        if op is not None:
            level[i] = 1 + max((level[a] for a in args), default=0)
            nodes, inputs = found.setdefault((level[i], op, len(args)), ([], []))
            nodes.append(i)
            inputs.append(args)
    ordered = sorted(found.items(), key=lambda item: item[0][0])
    return [Wave(op, nodes, inputs) for (_, op, _), (nodes, inputs) in ordered]


def steps(p: Program) -> tuple[list[tuple[Op, list[int], Any]], tuple[list[int], Any]]:
    """The waves of a program as arrays, and where its results are.

    Wave 0 is all inputs and then all numbers of the program. Each step is the row, the waves that it needs, and an
    array of the places of all inputs in these side by side, a row for each operation.

    >>> from microgradx import mul
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> x, y = p.input(), p.input()
    >>> p.results = [p.add(mul, (y, x))]
    >>> steps(p)
    ([(<row mul(a, b)>, [0], array([[1, 0]]))], ([1], array([0])))
    """
    import numpy as np
    first = [*p.inputs, *p.numbers]
    place = {i: (0, k) for k, i in enumerate(first)}        # of each node the wave that computes it, and where there
    sizes = [len(first)]
    order = waves(p)
    for wave in order:
        place |= {i: (len(sizes), k) for k, i in enumerate(wave.nodes)}
        sizes.append(len(wave.nodes))

    def wanted(nodes: Any) -> tuple[list[int], Any]:
        places = [place[i] for i in nodes.ravel().tolist()]
        needed = sorted({w for w, _ in places})
        starts = dict(zip(needed, np.cumsum([0, *(sizes[w] for w in needed)]).tolist()))
        return needed, np.array([starts[w] + k for w, k in places], int).reshape(nodes.shape)
    return [(wave.op, *wanted(np.array(wave.inputs, int))) for wave in order], wanted(np.array(p.results, int))


class Library:
    """A library of arrays with NumPy's names, which computes rows on whole arrays.

    xp          the module: numpy, jax.numpy
    special     where it has erf and erfc

    >>> import numpy
    >>> numpy_ = Library(numpy, None)
    >>> numpy_.has(ops.tanh), numpy_.has(ops.sech), numpy_.of(ops.maximum, numpy.array([[1.0, 0.0], [2.0, 3.0]]))
    (True, False, array([1., 3.]))
    """

    def __init__(self, xp: Any, special: Any) -> None:
        self.xp, self.special = xp, special

    def has(self, op: Op) -> bool:
        """Whether it computes a row itself; other rows are lowered."""
        return op in OPERATORS or op in SUMS or self.function(op) is not None

    def function(self, op: Op) -> Any:
        """Its function for a row whose value is a function of math; None if it has none."""
        name = of_math(op)
        if not name:
            return None
        return getattr(self.xp, name, None) or getattr(self.special, name, None) or getattr(self.xp, _arc(name), None)

    def of(self, op: Any, xs: Any) -> Any:
        """A row of arrays: the inputs of each operation are a row of xs; a number for each."""
        if op in SUMS:
            return SUMS[op](self.xp, *xs.reshape(len(xs), op.lists, -1).swapaxes(0, 1))
        form = OPERATORS.get(op)
        return form(self.xp, *xs.T) if form else self.function(op)(*xs.T)


def _arc(name: str) -> str:
    """NumPy's name: arccos for acos."""
    return f"arc{name[1:]}"


def _entry(xp: Any, *xs: Any) -> Any:
    found = xs[0] * float("nan")
    for k, x in enumerate(xs[:-1]):
        found = xp.where(xs[-1] == k, x, found)
    return found


# Operators on arrays; all other rows are functions of the library, or lowered to these.
OPERATORS: dict[Op, Any] = {
    ops.add: lambda _, a, b: a + b, ops.sub: lambda _, a, b: a - b, ops.mul: lambda _, a, b: a * b,
    ops.div: lambda _, a, b: a / b, ops.neg: lambda _, x: -x, ops.identity: lambda _, x: x,
    ops.pow: lambda xp, x, n: xp.power(x, n), ops.where: lambda xp, c, p, q: xp.where(c != 0, p, q),
    ops.maximum: lambda xp, a, b: xp.where((a >= b) | (a != a), a, b),
    ops.minimum: lambda xp, a, b: xp.where((a <= b) | (a != a), a, b),
    ops.less: lambda xp, a, b: xp.where(a < b, 1.0, 0.0), ops.less_equal: lambda xp, a, b: xp.where(a <= b, 1.0, 0.0),
    ops.greater: lambda xp, a, b: xp.where(a > b, 1.0, 0.0),
    ops.greater_equal: lambda xp, a, b: xp.where(a >= b, 1.0, 0.0),
    red.entry: _entry,
}
SUMS: dict[Op, Any] = {
    red.sum: lambda xp, x: x.sum(-1), red.dot: lambda xp, x, y: (x * y).sum(-1),
    red.masked_dot: lambda xp, mask, x, y: xp.where(mask != 0, x * y, 0.0).sum(-1),
}
