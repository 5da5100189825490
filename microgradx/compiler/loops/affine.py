"""Affine: finds nested loops in rows of slots. Rows with a constant stride are a loop, loops whose first rows have a
constant stride are a loop of loops, and so on.

    >>> import numpy as np
    >>> from microgradx.compiler.loops.affine import affine
    >>> affine(np.array([[0], [1], [2], [10], [11], [12]]))     # two rows of three
    [Axes(first=0, sizes=(2, 3), steps=((10,), (1,)))]
"""
from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Slots = NDArray[np.int64]


class Axes(NamedTuple):
    """A loop nest over rows: the index of the first row, and count and stride of each loop, outermost first."""

    first: int
    sizes: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]


def affine(rows: Slots) -> list[Axes]:
    """The loop nests that visit these rows in order."""
    if len(rows) == 1:
        return [Axes(0, (), ())]
    if len(rows) and not breaks(rows):                  # most often: one loop
        return [Axes(0, (len(rows),), (tuple((rows[1] - rows[0]).tolist()),))]
    found = [Axes(start, (count,) if count > 1 else (), (step,) if count > 1 else ())
             for start, count, step in _runs(rows)]
    while True:
        merged = []
        for (sizes, steps), alike in groupby(found, key=lambda axes: axes[1:]):
            firsts = [axes.first for axes in alike]
            for k, count, step in _runs(rows[firsts]) if len(firsts) > 1 else [(0, 1, ())]:
                merged.append(Axes(firsts[k], (count, *sizes) if count > 1 else sizes,
                                   (step, *steps) if count > 1 else steps))
        if len(merged) == len(found):
            return merged
        found = merged


def breaks(rows: Slots) -> int:
    """How often the stride from row to row changes."""
    if len(rows) < 3:
        return 0
    steps = rows[1:] - rows[:-1]
    return int((steps[1:] != steps[:-1]).any(axis=1).sum())


def unordered(rows: Slots) -> list[Axes]:
    """The loop nests that visit these rows in any order: those of affine(), of which alike ones are loops of loops also
    where others lie between them, as the rows of causal attention, longer from letter to letter, in each head.

    >>> unordered(np.array([[0], [1], [10], [11], [12], [20], [21], [30], [31], [32]]))     # two and three, twice
    [Axes(first=0, sizes=(2, 2), steps=((20,), (1,))), Axes(first=2, sizes=(2, 3), steps=((20,), (1,)))]
    """
    kinds: dict[Any, list[int]] = {}
    for axes in (found := affine(rows)):
        kinds.setdefault(axes[1:], []).append(axes.first)
    if len(kinds) == len(found):
        return found
    return [Axes(firsts[a.first], (*a.sizes, *sizes), (*a.steps, *steps))
            for (sizes, steps), firsts in kinds.items() for a in affine(rows[firsts])]


def _runs(rows: Slots) -> list[tuple[int, int, tuple[int, ...]]]:
    """Runs of consecutive rows with a constant stride: first row, number of rows, stride."""
    last = len(rows) - 1
    steps = np.diff(rows, axis=0)
    ends = (np.flatnonzero((steps[1:] != steps[:-1]).any(axis=1)) + 1).tolist() + [last]    # where the stride changes
    found, i, k = [], 0, 0
    while i <= last:
        while k < len(ends) and ends[k] <= i:
            k += 1
        count = ends[k] - i if i < last else 0
        # a single step followed by a longer run leads into that run: this row is a run of its own
        if count == 1 and k + 1 < len(ends) and ends[k + 1] - ends[k] > 1:
            count = 0
        found.append((i, count + 1, tuple(steps[i].tolist()) if count else ()))
        i += count + 1
    return found
