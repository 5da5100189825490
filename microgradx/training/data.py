"""Data in batches of any size, and a part set aside for validation.

    >>> import random
    >>> from microgradx.training import batches, split
    >>> xs, ys = [1, 2, 3, 4, 5], "abcde"
    >>> list(batches(xs, ys, 2))
    [([1, 2], ['a', 'b']), ([3, 4], ['c', 'd']), ([5], ['e'])]
    >>> (train, labels), (kept, their_labels) = split(xs, ys, 0.4, seed=1)
    >>> len(train), len(kept), sorted(train + kept)
    (3, 2, [1, 2, 3, 4, 5])

These functions return new lists of the same elements; they never change the order of the given lists.
"""
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import count as counter
from itertools import repeat
from random import Random
from typing import Any

from ..conversion import listed
from ..ieee import short

Pair = tuple[Sequence[Any], Sequence[Any]]


def batches(xs: Sequence[Any], ys: Sequence[Any], size: int | None = None, rng: Random | None = None,
            drop_last: bool = False) -> Iterator[tuple[list[Any], list[Any]]]:
    """The batches of one epoch: every sample once, `size` at a time, the last batch with the rest.

    size       None for all samples at once (full batch), 1 for stochastic gradient descent
    rng        a random.Random(seed) that shuffles each epoch; without it samples keep their order
    drop_last  whether a last batch of fewer samples is left out

    ValueError if xs and ys differ in length, are empty, or size is below 1, and if no batch is left. torch: DataLoader.

    >>> list(batches([1, 2, 3], "abc", 2))
    [([1, 2], ['a', 'b']), ([3], ['c'])]
    >>> [len(xs) for xs, ys in batches(range(10), range(10), 4, Random(1))]
    [4, 4, 2]
    >>> [len(xs) for xs, ys in batches(range(10), range(10), 4, drop_last=True)]
    [4, 4]
    """
    xs, ys = listed((xs, ys))
    order = list(range(samples(xs, ys)))
    if size is not None and (not isinstance(size, int) or size < 1):
        raise ValueError(f"expected a batch size of 1 or more, or None for all samples at once, got {size!r}")
    if rng is not None:
        rng.shuffle(order)
    size = size or len(order)
    end = len(order) - len(order) % size if drop_last else len(order)
    if not end:
        raise ValueError(f"drop_last leaves no batch: expected {size} samples or more, got {len(order)}")
    for start in range(0, end, size):
        yield pick(xs, ys, order[start:start + size])


def endless(length: int, size: int | None = None, seed: int = 0, drop_last: bool = False) -> Iterator[list[int]]:
    """Endless epochs, as the indices of the samples of each batch; `seed` shuffles each epoch differently.

    >>> from itertools import islice
    >>> [len(places) for places in islice(endless(5, 2), 6)]
    [2, 2, 1, 2, 2, 1]
    """
    places = range(length)
    if size is None:
        return repeat(list(places))         # the order of a full batch changes rounding only
    rng = Random(seed)
    return (batch for _ in counter() for batch, _ in batches(places, places, size, rng, drop_last))


def split(xs: Sequence[Any], ys: Sequence[Any], share: float = 0.2, seed: int = 0) -> tuple[Pair, Pair]:
    """(xs, ys) for training, and (xs, ys) with a random `share` of the samples for validation; none is in both.

    ValueError if one of the two would be empty. torch: random_split.

    >>> (xs, ys), (kept_xs, kept_ys) = split([1, 2, 3, 4], [1, 4, 9, 16], share=0.25)
    >>> len(xs), len(kept_xs), [x * x for x in xs] == ys
    (3, 1, True)
    """
    xs, ys = listed((xs, ys))
    order = list(range(samples(xs, ys)))
    count = round(share * len(order)) if 0 <= share <= 1 else 0         # not for nan
    if not 0 < count < len(order):
        raise ValueError(f"expected a share that leaves samples on both sides, got {share} of {len(order)} samples")
    Random(seed).shuffle(order)
    return pick(xs, ys, order[count:]), pick(xs, ys, order[:count])


def samples(xs: Sequence[Any], ys: Sequence[Any]) -> int:
    """The number of samples. ValueError if there are none, or not as many inputs as targets; TypeError for no list."""
    for given in (xs, ys):
        if isinstance(given, (Mapping, Set)):
            raise TypeError(f"expected samples as a list, got {short(given)}; write list(....values())")
        if not hasattr(type(given), "__len__"):
            raise TypeError(f"expected samples as a list, got {short(given)}; write [...]")
    if len(xs) != len(ys) or len(xs) == 0:
        raise ValueError(f"expected as many inputs as targets, at least one, got {len(xs)} and {len(ys)}")
    return len(xs)


def pick(xs: Sequence[Any], ys: Sequence[Any], rows: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """The samples at these indices."""
    return [xs[i] for i in rows], [ys[i] for i in rows]
