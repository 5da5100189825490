"""Wires: a program as arrays, for what is asked of all nodes at once.

    >>> from microgradx import mul
    >>> from microgradx.compiler.program import Program
    >>> from microgradx.compiler.wires import Wires
    >>> p = Program()
    >>> x, y = p.input(), p.input()
    >>> p.results = [p.add(mul, (x, y)), p.add(mul, (y, y))]
    >>> wires = Wires(p)
    >>> wires.nodes.tolist(), wires.matrix(wires.nodes, width=2).tolist()
    ([2, 3], [[0, 1], [1, 1]])
"""
from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain

import numpy as np

from .affine import Slots
from .compose import outermost
from .program import Program


class Wires:
    """The nodes of a program.

    all, first      the inputs of all, one after the other; those of node i from place first[i] on
    nodes           those that are operations
    row, kind       a number for each node, the same for those of one outermost row; of one operation and width
    asked           those that are results, and where among them each comes first
    """

    def __init__(self, p: Program) -> None:
        widths = np.fromiter(map(len, p.args), np.int64, len(p))
        self.first = np.cumsum(widths) - widths
        self.all = np.fromiter(chain.from_iterable(p.args), np.int64, int(widths.sum()))
        ops = {op: k for k, op in enumerate(dict.fromkeys((None, *p.ops)))}
        op = np.fromiter(map(ops.__getitem__, p.ops), np.int64, len(p))
        self.nodes: Slots = np.flatnonzero(op)
        self.row = numbered([outermost(one) for one in ops])[op]
        self.kind = op * (widths.max(initial=0) + 1) + widths
        self.asked = {r: k for k, r in reversed(list(enumerate(p.results))) if p.ops[r] is not None}

    def matrix(self, nodes: Slots, width: int) -> Slots:
        """A row for each of these nodes, which have so many inputs."""
        found: Slots = self.all[self.first[nodes].reshape(-1, 1) + np.arange(width)]
        return found


def numbered(xs: Iterable[Hashable]) -> Slots:
    """A number for each, 0, 1, 2, ..., the same for equal ones."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(x, len(known)) for x in xs], np.int64)


def alike(nodes: Slots, keys: Sequence[Slots]) -> list[Slots]:
    """The nodes in parts whose keys, arrays over all nodes, are the same. Nodes stay in order, parts by their first.

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
