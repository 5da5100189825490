"""Nests: turns a matrix of slots back into the loop nests that it came from.

A traced matrix product is thousands of scalar nodes, but the slots of their inputs have constant strides, in which
affine.py finds nested loops. This recovers matrix products, convolutions and attention. Code without such a pattern
becomes many small loops: slower, but never wrong.

    >>> import numpy as np
    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.memory_layout import Group
    >>> from microgradx.compiler.loops.nests import nests
    >>> slots, inputs = np.arange(90, 96), np.array([[0, 5], [1, 5], [2, 5], [10, 5], [11, 5], [12, 5]])
    >>> [nest[1:] for nest in nests(Group(mul, slots, inputs))]     # two rows of three, times the number in slot 5
    [(90, (0, 5), ((2, 3, (10, 0)), (3, 1, (1, 0))), (), False)]
"""
from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ... import reductions as red
from ...table import Op
from .affine import Axes, Slots, affine, breaks, unordered
from .memory_layout import Group

LARGE = 1000        # if nests compute so many numbers on average, fewer nests are no gain
FEW = 8             # sums of at most so many terms are unrolled, in order: each term is a column
LOOKED_AT = 16      # cuts to compare
CUTS = 8            # terms in at most so many runs become one loop for each run
REDUCED = (red.sum, red.dot, red.masked_dot)


class Nest(NamedTuple):
    """A loop nest: out[...] = op(operands), or the sum of their products over the inner loops.

    out         the first slot of the results
    operands    the first slot of each operand
    outer       loops over results, outermost first: (count, stride of out, strides of operands)
    inner       loops over the terms of a sum: (count, strides of operands)
    more        whether it adds to the numbers that are in `out` already
    """

    op: Op
    out: int
    operands: tuple[int, ...]
    outer: tuple[tuple[int, int, tuple[int, ...]], ...]
    inner: tuple[tuple[int, tuple[int, ...]], ...] = ()
    more: bool = False

    @property
    def size(self) -> int:
        """The number of iterations of the innermost body."""
        return math.prod([count for count, *_ in self.outer]) * math.prod([count for count, _ in self.inner])


def nests(group: Group, status: int = 0, strict: bool = False) -> list[Nest]:
    """The loop nests of a group. An index outside its table sets the slot `status`. Strict: terms keep their order."""
    return [_upwards(nest) for nest in _nests(group, status, strict)]


def _upwards(nest: Nest) -> Nest:
    """The nest with each outer loop reversed if most of its strides are negative."""
    out, operands, outer = nest.out, nest.operands, []
    for count, step, steps in nest.outer:
        down = sum(map(_sign, (step, *steps))) < 0
        if down:
            out += step * (count - 1)
            operands = tuple(first + s * (count - 1) for first, s in zip(operands, steps))
        outer.append((count, -step, tuple(-s for s in steps)) if down else (count, step, steps))
    return nest._replace(out=out, operands=operands, outer=tuple(outer))


def _sign(x: int) -> int:
    return (x > 0) - (x < 0)


def _nests(group: Group, status: int, strict: bool) -> list[Nest]:
    width = group.inputs.shape[1]
    if group.op is red.entry:
        return _taken(group, status)
    if group.op not in REDUCED or width <= FEW * group.op.lists:
        return _mapped(group)
    lists = group.inputs.reshape(len(group.slots), group.op.lists, width // group.op.lists)
    return _reduced(group.op, group.slots, lists if strict else _sorted(lists))


def _mapped(group: Group) -> list[Nest]:
    """Loop nests in which each input is an operand."""
    rows = np.column_stack([group.slots, group.inputs])
    found = _even(rows)
    if not found:
        rows = min(([rows, *(rows[np.lexsort((*rows.T, column))] for column in rows.T)]), key=breaks)
        found = unordered(rows)
    return [Nest(group.op, int(rows[a.first, 0]), tuple(rows[a.first, 1:].tolist()),
                 tuple((n, step[0], step[1:]) for n, step in zip(a.sizes, a.steps))) for a in found]


def _even(rows: Slots) -> list[Axes]:
    """Long nests whose innermost loop is the longest; [] if the rows in this order do not form such nests."""
    if FEW * breaks(rows) > len(rows):                  # too many changes of stride to try
        return []
    found = affine(rows)
    inside = all(not a.sizes or a.sizes[-1] == max(a.sizes) for a in found)
    return found if inside and len(found) <= 1 + len(rows) // LARGE else []


def _taken(group: Group, status: int) -> list[Nest]:
    """Nests that look up table entries. A table with a constant stride is an inner loop over operands (first entry,
    index, status); for any other table all entries are operands."""
    found = []
    for alike in _classes(np.diff(group.inputs[:, None, :-1], axis=2)):
        tables = group.inputs[alike, :-1]
        steps = np.diff(tables[0])
        if len(set(steps.tolist())) > 1:
            columns = np.column_stack([group.inputs[alike], np.full(len(alike), status)])
            found += _mapped(Group(group.op, group.slots[alike], columns))
            continue
        inner = ((tables.shape[1], (int(steps[0]) if len(steps) else 0, 0, 0)),)
        rows = np.column_stack([group.slots[alike], tables[:, 0], group.inputs[alike, -1],
                                np.full(len(alike), status)])
        found += [nest._replace(inner=inner) for nest in _mapped(Group(group.op, rows[:, 0], rows[:, 1:]))]
    return found


def _reduced(op: Op, slots: Slots, lists: Slots) -> list[Nest]:
    """Nests for sums over `lists` (nodes, lists, terms): outer loops over nodes, inner loops over terms."""
    steps = np.diff(lists, axis=2)
    cuts = np.flatnonzero((steps != steps[:1]).any(axis=(0, 1))) + 1      # where the strides of rows differ
    if len(cuts) > CUTS:
        return [nest for alike in _halves(steps, cuts - 1) for nest in _reduced(op, slots[alike], lists[alike])]
    found: list[Nest] = []
    for start, end in zip([0, *cuts.tolist()], [*cuts.tolist(), lists.shape[2]]):
        for terms in affine(lists[0, :, start:end].T):
            at = lists[:, :, start + terms.first]
            rows = np.column_stack([slots, at])
            inner = tuple(zip(terms.sizes, terms.steps))
            found += [Nest(op, int(rows[a.first, 0]), tuple(rows[a.first, 1:].tolist()),
                           tuple((n, step[0], step[1:]) for n, step in zip(a.sizes, a.steps)),
                           inner, start + terms.first > 0) for a in unordered(rows)]
    return found


def _sorted(lists: Slots) -> Slots:
    """The terms of each sum, sorted by slots: sums of the same terms in different orders become equal."""
    for k in reversed(range(lists.shape[1])):
        order = np.argsort(lists[:, k], axis=1, kind="stable")
        lists = np.take_along_axis(lists, order[:, None, :], axis=2)
    return lists


def _halves(steps: Slots, cuts: Slots) -> list[Slots]:
    """The rows, partitioned by their strides at one cut: the cut that gives the fewest parts."""
    parts = [_classes(steps[:, :, cut:cut + 1]) for cut in cuts[::max(1, len(cuts) // LOOKED_AT)].tolist()]
    return min(parts, key=len)


def _classes(steps: Slots) -> list[Slots]:
    """The rows, partitioned by a hash of their strides: in a padded convolution, the windows at one edge are a part."""
    mix = np.random.default_rng(0).integers(1, 2**62, steps.shape[1:], dtype=np.int64)
    _, which = np.unique((steps * mix).sum(axis=(1, 2)), return_inverse=True)
    return [np.flatnonzero(which == k) for k in range(int(which.max()) + 1)]
