"""EdgeArrays: the edges of a program as numpy arrays, for questions about all nodes at once.

    >>> from microgradx import mul
    >>> from microgradx.compiler.ir.program import Program
    >>> from microgradx.compiler.loops.edges import EdgeArrays
    >>> p = Program()
    >>> x, y = p.input(), p.input()
    >>> p.results = [p.add(mul, (x, y)), p.add(mul, (y, y))]
    >>> edges = EdgeArrays(p)
    >>> edges.nodes.tolist(), edges.matrix(edges.nodes, width=2).tolist()
    ([2, 3], [[0, 1], [1, 1]])
"""
from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from ..ir.program import Program
from ..ir.repeat import PART
from .affine import Slots
from .compose import outermost


class EdgeArrays:
    """The edges of a program, from inputs to the nodes that use them, and keys of its nodes.

    all, users      for each edge, its input and its user, in the order of the users
    first           the edges of node i start at index first[i]
    nodes           the nodes that are operations
    row             a key for each node, equal for the same outermost row
    kind            a key for each node, equal for the same operation and number of inputs
    outputs, place  the operations that are results, and the first index of each in the results
    """

    def __init__(self, p: Program) -> None:
        widths = np.fromiter(map(len, p.args), np.int64, len(p))
        self.first = np.cumsum(widths) - widths
        self.all = np.fromiter(chain.from_iterable(p.args), np.int64, int(widths.sum()))
        ops = {op: k for k, op in enumerate(dict.fromkeys((None, *p.ops)))}
        op = np.fromiter(map(ops.__getitem__, p.ops), np.int64, len(p))
        self.nodes: Slots = np.flatnonzero(op)
        self.users = np.repeat(np.arange(len(p)), widths)
        self.row = numbered([outermost(one) for one in ops])[op]
        self.kind = op * (widths.max(initial=0) + 1) + widths
        outputs, place = np.unique(np.array(p.results, np.int64), return_index=True)
        computed = (op[outputs] > 0) & (op[outputs] != ops.get(PART, -1))     # a part of a block is copied from there
        self.outputs, self.place = outputs[computed], place[computed]

    def matrix(self, nodes: Slots, width: int) -> Slots:
        """The inputs of these nodes, which have `width` each: one row for each node."""
        found: Slots = self.all[self.first[nodes].reshape(-1, 1) + np.arange(width)]
        return found

    @cached_property
    def inside(self) -> tuple[list[int], list[int]]:
        """The users and the inputs of all edges between two operations, in the order of the users."""
        is_operation = np.zeros(len(self.first), bool)
        is_operation[self.nodes] = True
        inside = is_operation[self.all]
        return self.users[inside].tolist(), self.all[inside].tolist()


def numbered(xs: Iterable[Hashable]) -> Slots:
    """A number 0, 1, 2, ... for each element, the same for equal elements."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(x, len(known)) for x in xs], np.int64)


def alike(nodes: Slots, keys: Sequence[Slots]) -> list[Slots]:
    """The nodes, partitioned by their keys, which are arrays over all nodes. Parts are ordered by their first node.

    >>> alike(np.array([0, 1, 2, 3]), [np.array([7, 5, 5, 7])])
    [array([0, 3]), array([1, 2])]
    """
    if not len(nodes):
        return []
    columns = np.array([key[nodes] for key in keys])
    order = np.lexsort(columns)
    steps = np.diff(columns[:, order])
    parts = np.split(nodes[order], np.flatnonzero(steps.any(axis=0)) + 1)
    return sorted(parts, key=lambda part: int(part[0]))
