"""Masks of attention: which keys a query sees, and what is added to their scores.

    >>> from microgradx.nn.masks import looks, terms
    >>> terms("attn_mask", [[False, True]], (1, 2))
    [[0.0, -inf]]
    >>> looks([terms("attn_mask", [[-0.5, float("-inf")], [0.0, 0.0]], (2, 2))], queries=2, keys=2)
    [([0], [-0.5]), ([0, 1], None)]

A mask of bools hides where it is True; one of floats is added, and hides where it is -inf. What is hidden is not
computed. (Bools are a part of a compiled program: for samples with masks of their own one of floats needs fewer.)
"""
from collections.abc import Sequence
from functools import cache
from typing import Any

from ..engine import Value
from ..ieee import inf, kind_of, short
from ..reductions import sum
from .shapes import Nested, Pattern, each, expect

Mask = list[Any] | None
Look = tuple[list[int], list[Any] | None]           # the keys that a query sees; what is added to the score of each


def terms(name: str, mask: Mask, *patterns: Pattern) -> Nested:
    """A mask as terms that are added to scores: a bool as -inf or 0. TypeError for what is neither bools nor floats."""
    expect(name, mask, *patterns)
    entries: list[Any] = []
    each(entries.append, mask)
    if all(isinstance(x, bool) for x in entries):
        return each(lambda hidden: -inf if hidden else 0.0, mask)
    for x in entries:
        if not isinstance(x, (float, Value)):
            raise TypeError(f"{name}: expected rows of bools, True where a query may not look, or of floats, which are "
                            f"added to its scores; got {short(x)} ({kind_of(x)})")
    return mask


def looks(masks: Sequence[list[Any]], queries: int, keys: int, is_causal: bool = False) -> list[Look]:
    """For each query the keys that it sees by all masks (queries, keys), and what is added. ValueError for no key."""
    found = []
    for i in range(queries):
        rows = [mask[i] for mask in masks]
        places = [j for j in range(keys if not is_causal else min(keys, i + 1))
                  if not any(row[j].__class__ is float and row[j] == -inf for row in rows)]
        if not places:
            raise ValueError(f"attn_mask: query {i} may look at no key; leave it at least one")
        added = [[row[j] for row in rows if row[j].__class__ is not float or row[j] != 0] for j in places]
        found.append((places, list(map(sum, added)) if any(added) else None))
    return found


def views(samples: int | None, heads: int, queries: int, keys: int, padding: Mask, attn_mask: Mask,
          is_causal: bool) -> list[list[list[Look]]]:
    """For each sample (None: one, which is no batch) and each head what each query looks at."""
    sizes = (keys,) if samples is None else (samples, keys)
    padded: Any = None if padding is None else terms("key_padding_mask", padding, sizes)
    by_sample = [padded] if samples is None else padded
    count = samples or 1
    wanted = (queries, keys), (count * heads, queries, keys)
    masked: Any = None if attn_mask is None else terms("attn_mask", attn_mask, *wanted)
    each_head = bool(masked) and isinstance(masked[0][0], (list, tuple))

    @cache
    def view(i: int, h: int) -> list[Look]:
        masks = [] if padded is None else [[by_sample[i]] * queries]
        if masked is not None:
            masks.append(masked[i * heads + h] if each_head else masked)
        return looks(masks, queries, keys, is_causal)
    return [[view(i if padded or each_head else 0, h if each_head else 0) for h in range(heads)] for i in range(count)]
