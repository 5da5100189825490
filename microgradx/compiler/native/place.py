"""Place: where a program finds its numbers: in a memory of its own, and in regions outside of it.

    >>> from microgradx.compiler.native.place import ORIGINS, crossed
    >>> crossed(7), crossed(ORIGINS[2] + 7), crossed(ORIGINS[2] - ORIGINS[3] + 7)
    (None, (2, 0, 7), (2, 3, 7))

A slot counts numbers from the start of the memory. Slots of a region begin at its origin, far beyond all memory. Loops
are found in slots, whatever they are; then those that are in a region, and strides from one region to another, get
their true numbers: before each run for arrays of the caller, once for what stays where it is.

No two pairs of origins have the same distance (Erdos and Turan, 1941), so that a stride tells its two regions, and no
three regions look like a loop.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from math import prod
from typing import Any, NamedTuple

from ..ir.dtype import FLOAT64, Dtype
from ..ir.program import Program

FAR, PRIME = 46, 127                    # bits of a slot in a region; more than the regions that a program may have
ORIGINS = [(2 * PRIME * r + r * r % PRIME) << FAR for r in range(PRIME)]
PAIRS = {(a - b) >> FAR: (i, j) for i, a in enumerate(ORIGINS) for j, b in enumerate(ORIGINS) if i != j}
WORD = 8                                # bytes of an address
FIXED, ARRAYS = 1, 2                    # regions: 0 is the memory, 1 what stays at its address, then arrays of a call


class Place(NamedTuple):
    """Slots in the memory of a program, and outside of it.

    inputs      the slot of each input
    given       how many inputs are copied into memory before each run; they come first. Behind them stand: the status,
                which is set to 1 if an index was outside of its table; the addresses of the tables of the loops, of
                another free memory, of each region, and of the totals, whose places count words of 8 bytes
    outputs     the slot of each result that is in an array
    shapes      of these arrays, and the place of each among the results when an array counts as one
    regions     how many regions there are; the last ones are the arrays of the arguments, then those of the results.
                Behind them is one for totals over samples, see loops/several.py
    """

    inputs: list[int]
    given: int
    outputs: dict[int, int]
    shapes: list[tuple[int, tuple[int, ...]]]
    regions: int
    dtype: Dtype = FLOAT64

    @property
    def status(self) -> int:
        """The slot of the status."""
        return self.given

    @property
    def tables(self) -> int:
        """The word with the address of the tables."""
        return -(-(self.given + 1) * self.dtype.size // WORD)

    @property
    def next(self) -> int:
        """The word with the address of the next free memory."""
        return self.tables + 1

    @property
    def pointers(self) -> int:
        """The word with the address of the first region, of this memory itself."""
        return self.tables + 2

    @property
    def arrays(self) -> int:
        """The word with the address of the first array."""
        return self.pointers + ARRAYS

    @property
    def totals(self) -> int:
        """The word with the address of the totals."""
        return self.pointers + self.regions

    @property
    def start(self) -> int:
        """The first slot that is free."""
        return (self.totals + 1) * WORD // self.dtype.size


class Memory(NamedTuple):
    """The memory of a program: number of slots, groups of nodes in order (see loops/memory_layout.py), constants by
    slot, first slot of the results that are numbers: the others follow."""

    size: int
    groups: list[Any]
    constants: dict[int, float]
    results: int


Sizes = tuple[int, ...]


def placed(p: Program, blocks: Mapping[int, int], arrays: Sequence[tuple[int, Sizes]] = (),
           results: Sequence[tuple[int, Sizes]] = ()) -> Place:
    """The place of a program.

    blocks      the address of each input that stays at one
    arrays      of the caller: the first input that is in each, and its shape
    results     the first result that is in each array, and its shape
    """
    regions, given = ARRAYS + len(arrays) + len(results), count()
    fixed, size = ORIGINS[FIXED], p.dtype.size
    outside = {k: fixed + address // size for k, address in blocks.items()} | _slots(arrays, ARRAYS)
    inputs = [outside[k] if k in outside else next(given) for k in range(len(p.inputs))]
    before = [sum(prod(sizes) - 1 for _, sizes in results[:k]) for k in range(len(results))]
    shapes = [(first - less, sizes) for (first, sizes), less in zip(results, before)]
    return Place(inputs, next(given), _slots(results, ARRAYS + len(arrays)), shapes, regions, p.dtype)


def _slots(parts: Sequence[tuple[int, Sizes]], region: int) -> dict[int, int]:
    return {first + j: ORIGINS[r] + j for r, (first, sizes) in enumerate(parts, region) for j in range(prod(sizes))}


def crossed(slot: int) -> tuple[int, int, int] | None:
    """The regions a and b, and the rest, of a slot or a stride that is in a, or goes from b to a. None if it is in
    memory, or stays in one region."""
    far = (slot + (1 << FAR - 1)) >> FAR
    return (*PAIRS[far], slot - (far << FAR)) if far else None
