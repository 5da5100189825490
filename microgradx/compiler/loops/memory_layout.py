"""Memory layout: gives every number of a program a slot, such that loops can run over the numbers.

Nodes of the same level, which do not depend on each other, and of the same operation get consecutive slots. Those with
the same number of inputs form a group, whose inputs are a matrix of slots; nests.py finds loops in it.

    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.memory_layout import groups
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> xs = [p.input() for _ in range(3)]
    >>> p.results = [p.add(mul, (x, xs[0])) for x in xs]
    >>> memory = groups(p, [0, 1, 2], 3)
    >>> [(g.op.name, g.slots.tolist(), g.inputs.tolist()) for g in memory.groups]
    [('mul', [7, 8, 9], [[0, 0], [1, 0], [2, 0]])]
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ...ops import identity
from ...table import Op
from ..ir.program import Program
from ..ir.repeat import Repeat, Structure
from ..native.place import Memory
from .affine import Slots, affine, breaks
from .edges import EdgeArrays, alike

WIDE = 8            # operations of more inputs keep the order in which they were recorded;
UNEVEN = 8          # so do operations whose inputs form at most so many loops


class Group(NamedTuple):
    """Nodes to compute together: their operation, the slot of each, and the slots of the inputs of each."""

    op: Op
    slots: Slots
    inputs: Slots


def groups(p: Program, inputs: Sequence[int], start: int, late: bool = False,
           edges: EdgeArrays | None = None, outputs: Mapping[int, int] = MappingProxyType({})) -> Memory:
    """Slots for all nodes of a program: `inputs` for its inputs, slots from `start` on for all other nodes.

    late    whether each node gets the last possible level, just before its first user; else the first possible, just
            after its inputs. Which of the two finds longer loops depends on the program
    outputs     the slots of results that are elsewhere
    """
    edges = edges or EdgeArrays(p)
    slots = np.full(len(p), -1, np.int64)
    slots[p.inputs] = inputs
    size = start
    for i in sorted(p.numbers, key=lambda i: (not p.numbers[i].is_integer(), p.numbers[i])):     # 0, 1, 2, ...
        slots[i], size = size, size + 1
    line = p.dtype.line
    out = size = lined(size + 1, line) - 1      # a loss, then its gradient, which starts a cache line
    results = np.full(len(p.results), -1, np.int64)
    results[list(outputs)] = list(outputs.values())
    own = np.flatnonzero(results < 0)
    results[own] = np.arange(out, out + len(own))
    slots[edges.outputs] = results[edges.place]
    size += len(own)

    found: list[Group] = []
    for is_result, parts in _ordered(p, edges, late):
        matrices = [(ids, slots[edges.matrix(ids, len(p.args[ids[0]]))]) for ids in parts]
        if isinstance(p.ops[parts[0][0]], Structure):
            size = _blocks(p, matrices, slots, size, found)
            continue
        if not is_result:
            ids = np.sort(np.concatenate(parts))
            size = lined(size, line) if len(ids) >= line else size
            ids = _arranged(*matrices[0]) if len(matrices) == 1 else ids[::_sense([m for _, m in matrices])]
            slots[ids] = np.arange(size, size + len(ids))
            size += len(ids)
        found += [_upwards(p.ops[ids[0]], slots[ids], matrix) for ids, matrix in matrices]
    if len(edges.place) < len(p.results):           # some results are inputs, constants or duplicates
        copies = np.delete(np.arange(len(p.results)), edges.place)
        sources = slots[np.array(p.results, np.int64)[copies]].reshape(-1, 1)
        found.append(Group(identity, results[copies], sources))
    return Memory(size, found, {int(slots[i]): x for i, x in p.numbers.items()}, out)


def _blocks(p: Program, matrices: list[tuple[Slots, Slots]], slots: Slots, size: int, found: list[Group]) -> int:
    """Slots for the blocks of loops, from `size` on, or for parts of these; appends the groups of the loops, each after
    those that bring its columns into slots with a constant stride. Returns the end of the slots."""
    for (i, *more), matrix in matrices:
        op: Any = p.ops[i]
        if isinstance(op, Repeat):
            (inputs,), at = matrix, op.carries + op.constants
            columns = []
            for whole in op.columns:
                column = inputs[at:at + (1 if whole else op.steps)]
                at += len(column)
                if not whole and len(set(np.diff(column).tolist())) > 1:
                    found.append(Group(identity, np.arange(size, size + op.steps), column.reshape(-1, 1)))
                    column, size = np.arange(size, size + 2), size + op.steps
                columns += [int(column[0]), 1 if len(column) < 2 else int(column[1] - column[0])]
            slots[i], size = size, size + op.size
            found.append(Group(op, slots[[i]], np.array([[*inputs[:op.carries + op.constants], *columns]])))
        for k in (i, *more) if not isinstance(op, Repeat) else ():
            block, place = p.args[k]
            loop: Any = p.ops[block]
            slots[k] = slots[block] + loop.pick(op, int(p.numbers[place])).start
    return size


def lined(slot: int, line: int) -> int:
    """The next slot that starts a cache line, of so many numbers."""
    return -(-slot // line) * line


def _upwards(op: Op, slots: Slots, inputs: Slots) -> Group:
    """A group, sorted by slot: the slots of results follow the order of the results."""
    order = np.argsort(slots)
    return Group(op, slots[order], inputs[order])


def _ordered(p: Program, edges: EdgeArrays, late: bool) -> list[tuple[bool, list[Slots]]]:
    """The nodes by level and outermost row, results separate: (is result, parts of one operation and width)."""
    level = _levels(edges, late)
    is_result = np.zeros(len(p), np.int64)
    is_result[edges.outputs] = 1
    found: dict[tuple[int, int, int], list[Slots]] = {}
    for ids in alike(edges.nodes, [edges.kind, is_result, edges.row, level]):
        i = ids[0]
        found.setdefault((int(level[i]), int(edges.row[i]), int(is_result[i])), []).append(ids)
    return [(bool(result), parts) for (_, _, result), parts in sorted(found.items(), key=lambda item: item[0][0])]


def _levels(edges: EdgeArrays, late: bool) -> Slots:
    """The level of each operation: one above its highest input, or with `late` one below its lowest user."""
    level = [0] * len(edges.first)
    users, inputs = edges.inside
    if late:
        for i, a in zip(reversed(users), reversed(inputs)):
            if level[a] >= level[i]:
                level[a] = level[i] - 1
    else:
        for i, a in zip(users, inputs):
            if level[i] <= level[a]:
                level[i] = level[a] + 1
    return np.array(level, np.int64)


def _arranged(ids: Slots, matrix: Slots) -> Slots:
    """The nodes in an order that gives their inputs and themselves constant strides: the recorded order, or if that has
    many loops, sorted by one of the inputs. (The recorded order is best for sums over them: it keeps the rows and
    columns. It serves also where loops in another order write to it, as to an image from the places of a pool.)"""
    if len(ids) == 1:
        return ids
    sense, width = _sense([matrix]), matrix.shape[1]
    recorded = np.arange(len(ids))[::sense]
    if width > WIDE or len(affine(matrix)) <= UNEVEN:
        return ids[recorded]
    columns = [matrix[:, k] for k in range(width)]
    orders = [recorded, *(np.lexsort((*columns, columns[k])) for k in range(width))]
    best = min(orders, key=lambda order: breaks(matrix[order]))
    slots = np.argsort(recorded)
    return ids[recorded if len(affine(np.column_stack([slots, matrix])[best])) <= UNEVEN else best]


def _sense(matrices: Sequence[Slots]) -> int:
    """1 if slots increase from the first row to the last, -1 if they decrease, as in the backward pass, which runs in
    reverse. By all parts: the first is often a corner of an image, one row, which tells nothing."""
    return -1 if sum(len(m) * float(np.sign(m[-1] - m[0]).mean()) for m in matrices if m.shape[1]) < 0 else 1
