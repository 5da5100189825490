"""Several: the loop nests of one sample turned into those of several, one in each lane of vectors.

    >>> from microgradx import mul
    >>> from microgradx.compiler.loops.nests import Nest
    >>> from microgradx.compiler.loops.several import SampleLanes
    >>> slopes = Nest(mul, 20, (5, 9), ((3, 4, (1, 0)), (4, 1, (0, 1))))      # 3 x 4 products, results of a sample
    >>> samples = SampleLanes(lanes=8, first=100, status=3, results=range(20, 32), totals=-1000)
    >>> samples.summed(slopes)[1:]              # their sums over 8 samples, added to the totals
    (-1000, (140, 172), ((3, 4, (8, 0)), (4, 1, (0, 8))), ((8, (1, 1)),), True)

A number of all samples lies side by side in memory, so that samples are one more loop in each nest, whatever its other
strides are. What is in a region, such as a weight, is shared, and loaded once for all. Training wants the results as
sums over samples: where a nest of results is a product or a sum, samples become a loop over its terms, and a gradient
stays in registers until all are added.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from ... import ops
from ... import reductions as red
from ..native.place import crossed
from .memory_layout import Group
from .nests import REDUCED, Nest
from .repeat_code import RepeatNest


class SampleLanes(NamedTuple):
    """SampleLanes that are computed at once, and where.

    lanes       how many there are
    first       the slot of what is in slot 0 of the first sample
    status      the slot of the status, one for all
    results     the slots of the results of a sample
    totals      the slot of the first total; None if the results of each sample are wanted, and no sums
    """

    lanes: int
    first: int
    status: int
    results: range
    totals: int | None

    def each(self, nest: Nest) -> Nest:
        """The nest for all samples."""
        every, each = self._moved(nest)
        return every._replace(outer=((self.lanes, 1, each), *every.outer))

    def summed(self, nest: Nest) -> Nest:
        """The nest of results, which is a product or a sum, with samples as terms: it adds to the totals."""
        assert self.totals is not None
        every, each = self._moved(nest)
        outer = [(n, step, steps) for (n, step, _), (_, _, steps) in zip(nest.outer, every.outer)]
        return every._replace(op=SUMMED.get(nest.op, nest.op), out=self.totals + nest.out - self.results.start,
                              outer=tuple(outer), inner=(*every.inner, (self.lanes, each)), more=True)

    def copied(self, nest: Nest) -> Nest:
        """The sum over samples of results that this nest has computed for each, added to the totals."""
        copies = Nest(red.sum, nest.out, (nest.out,), tuple([(n, step, (step,)) for n, step, _ in nest.outer]))
        return self.summed(copies)

    def _moved(self, nest: Nest) -> tuple[Nest, tuple[int, ...]]:
        """The nest for the first sample, and how far each operand is from that of the next."""
        shared = [bool(crossed(slot)) or slot == self.status for slot in nest.operands]
        operands = tuple([x if one else self.slot(x) for x, one in zip(nest.operands, shared)])
        return nest._replace(
            out=self.slot(nest.out), operands=operands,
            outer=tuple([(n, step * self.lanes, self.steps(steps, shared)) for n, step, steps in nest.outer]),
            inner=tuple([(n, self.steps(steps, shared)) for n, steps in nest.inner])), tuple(
                [int(not one) for one in shared])

    def slot(self, slot: int) -> int:
        """Where the number of the first sample is."""
        return self.first + slot * self.lanes

    def steps(self, steps: Sequence[int], shared: Sequence[bool]) -> tuple[int, ...]:
        """These strides of operands, which are those of one sample."""
        return tuple([step if one else step * self.lanes for step, one in zip(steps, shared)])


SUMMED = {ops.mul: red.dot, ops.identity: red.sum}


def several(found: Sequence[Nest | RepeatNest], samples: SampleLanes, used: set[int]) -> list[Nest] | None:
    """The nests for several samples; None where a nest is a loop of scan, or a table that goes on in another region.
    used: the slots of results that the program reads again."""
    parts: list[Nest] = []
    for nest in found:
        if isinstance(nest, RepeatNest) or (nest.op is red.entry and _crosses(nest.inner)):
            return None
        parts += _apart(nest)
    if samples.totals is None:
        return list(map(samples.each, parts))
    direct = [part for part in parts if part.out in samples.results]
    kept = _kept(direct, used)
    directly = [part.out in samples.results and kept.isdisjoint(_slots(part)) for part in parts]
    # a result in pieces is added once, when it has all of them: by its first piece
    copies = [samples.copied(part) for part, one in zip(parts, directly)
              if part.out in samples.results and not one and not part.more]
    return [samples.summed(part) if one else samples.each(part) for part, one in zip(parts, directly)] + copies


def _kept(parts: Sequence[Nest], used: set[int]) -> set[int]:
    """The slots of results that each sample needs for itself: those that are used, or computed by what is no sum; with
    all others of the same nest."""
    kept, before = set(used), -1
    while len(kept) > before:
        before = len(kept)
        for part in parts:
            slots = set(_slots(part))
            if not (_reduces(part) or part.op in SUMMED) or not kept.isdisjoint(slots):
                kept |= slots
    return kept


def read_again(groups: Sequence[Group], results: range) -> set[int]:
    """The slots of results that are inputs, too."""
    found = [group.inputs[(group.inputs >= results.start) & (group.inputs < results.stop)] for group in groups]
    return set(np.unique(np.concatenate(found)).tolist()) if found else set()


def _reduces(nest: Nest) -> bool:
    return nest.op in REDUCED and (bool(nest.inner) or nest.more or nest.op.lists == len(nest.operands))


def _slots(nest: Nest) -> Iterator[int]:
    """The slots of the results of a nest."""
    for at in product(*[range(0, count * step, step) if step else (0,) for count, step, _ in nest.outer]):
        yield nest.out + sum(at)


def _crosses(loops: Sequence[tuple[int, tuple[int, ...]]]) -> bool:
    return any(crossed(step) for _, steps in loops for step in steps)


def _apart(nest: Nest) -> list[Nest]:
    """The nest in parts each operand of which stays in one region."""
    for k, (count, step, steps) in enumerate(nest.outer):
        if any(map(crossed, (step, *steps))):
            rest = nest._replace(outer=nest.outer[:k] + nest.outer[k + 1:])
            return [part for i in range(count) for part in _apart(
                rest._replace(out=nest.out + i * step, operands=_moved(nest.operands, steps, i)))]
    for k, (count, steps) in enumerate(nest.inner):
        if any(map(crossed, steps)):
            rest = nest._replace(inner=nest.inner[:k] + nest.inner[k + 1:])
            return [part for i in range(count) for part in _apart(
                rest._replace(operands=_moved(nest.operands, steps, i), more=nest.more or i > 0))]
    return [nest]


def _moved(slots: Sequence[int], steps: Sequence[int], i: int) -> tuple[int, ...]:
    return tuple([slot + i * step for slot, step in zip(slots, steps)])
