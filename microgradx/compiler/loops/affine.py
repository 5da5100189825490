"""Affine: rows of slots that go up in even steps are a loop; loops whose starts do are a loop of loops; and so on.

    >>> import numpy as np
    >>> from microgradx.compiler.loops.affine import affine
    >>> affine(np.array([[0], [1], [2], [10], [11], [12]]))     # two rows of three
    [Axes(first=0, sizes=(2, 3), steps=((10,), (1,)))]
"""
from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Slots = NDArray[np.int64]


class Axes(NamedTuple):
    """Evenly spaced rows: the first, and for each nested loop, outermost first, how often and by which steps."""

    first: int
    sizes: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]


def affine(rows: Slots) -> list[Axes]:
    """Vectors, in order, as nested loops with constant steps."""
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


def _runs(rows: Slots) -> list[tuple[int, int, tuple[int, ...]]]:
    """First row, number of rows and step, of consecutive rows with one step between them."""
    last = len(rows) - 1
    steps = np.diff(rows, axis=0)
    ends = (np.flatnonzero((steps[1:] != steps[:-1]).any(axis=1)) + 1).tolist() + [last]    # where the step changes
    found, i, k = [], 0, 0
    while i <= last:
        while k < len(ends) and ends[k] <= i:
            k += 1
        count = ends[k] - i if i < last else 0
        # one odd step before a longer run leads into that run: this row stands alone
        if count == 1 and k + 1 < len(ends) and ends[k + 1] - ends[k] > 1:
            count = 0
        found.append((i, count + 1, tuple(steps[i].tolist()) if count else ()))
        i += count + 1
    return found
