"""Which parts of a graph are the samples of a batch: alike but for their numbers, with the same parameters.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.picture.samples import batches
    >>> w, b = Value(0.5, "w"), Value(0.1, "b")
    >>> loss = sum(((tanh(w * x + b) - y)**2 for x, y in [(1.0, 2.0), (2.0, 1.0), (3.0, 0.5)]), 0.0)
    >>> batch, = batches(loss)
    >>> len(batch.samples), [v.op.name for v in batch.samples[0]]
    (3, ['mul', 'add', 'tanh', 'sub', 'pow'])
    >>> sorted(v.label for v in batch.shared)
    ['b', 'w']

The samples of a batch are the terms of a sum. A value that one of them alone uses belongs to it; leaves that several
use are shared, as parameters are. Terms that share results belong to one sample: the outputs for one input.
"""
from collections.abc import Collection, Hashable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from ...engine import Value, tape
from ...table import Op
from ...text import rule

FEWEST = 3                                  # samples of a batch
TRIES = 8                                   # sums that are looked at, from the root on


class Batch(NamedTuple):
    """Samples in the order of the sum; value k of one sample corresponds to value k of each other.

    shared  the leaves that several samples use
    """

    samples: list[list[Value]]
    shared: set[Value]


def batches(root: Value) -> list[Batch]:
    """The batches of the graph of root, one for each kind of sample; [] if it has none."""
    for terms in _sums(root):
        found = _kinds(terms)
        if found:
            return found
    return []


def _sums(root: Value) -> Iterator[list[Value]]:
    """The terms of each of the first sums, from the root on."""
    level, seen, left = [root], {root}, TRIES
    while level and left:
        below: list[Value] = []
        for v in level:
            terms = _terms(v)
            if len(terms) >= FEWEST and left and summands(v):
                left -= 1
                yield terms
            below += [a for a in dict.fromkeys(terms) if a not in seen]
            seen.update(below)
        level = below


def _terms(v: Value) -> list[Value]:
    """What a sum or mean adds up, also one that Python's sum() wrote as a chain of +; for another value its inputs."""
    terms: list[Value] = []
    while len(v.args) == 2 and (two := summands(v)) and two[0].op is v.op:
        terms.append(two[1])
        v = two[0]
    return [*(summands(v) or [a for a in v.args if isinstance(a, Value)]), *reversed(terms)]


def summands(v: Value) -> list[Value]:
    """What a sum of several Values adds up; [] for other results."""
    added = [a for a in v.args if isinstance(a, Value)] if v.op and _adds(v.op) else []
    return added if len(added) > 1 else []


@cache
def _adds(op: Op) -> bool:
    """Whether a row is a sum: every slope is 1."""
    names = op.names(2 * max(1, len(op.inputs)))
    return all(rule(op, i, names) == "1" for i in range(len(names)))


def _kinds(terms: Sequence[Value]) -> list[Batch]:
    """The batches among the terms of one sum."""
    order = tape(*terms)
    owner, shared = _owners(terms, order)
    if not shared:
        return []
    kind, known = signatures(order, shared), dict[Hashable, list[list[Value]]]()
    parts: dict[int, list[Value]] = {}
    for term in dict.fromkeys(terms):
        if term.op and term in owner:
            parts.setdefault(owner[term], []).append(term)
    for k, outputs in parts.items():
        own = [v for v in tape(*outputs) if owner.get(v) == k]
        known.setdefault(tuple([kind[v] for v in own]), []).append(own)
    return [Batch(samples, shared) for samples in known.values() if len(samples) >= FEWEST]


def _owners(terms: Sequence[Value], order: Sequence[Value]) -> tuple[dict[Value, int], set[Value]]:
    """The sample that each value belongs to, and the leaves that several samples use."""
    same = list(range(len(terms)))                  # samples that share a result are one: their first

    def first(k: int) -> int:
        while same[k] != k:
            same[k] = k = same[same[k]]
        return k

    owner = {term: k for k, term in reversed(list(enumerate(terms)))}
    users: dict[Value, set[int]] = {}
    for v in reversed(order):
        if v.op is None:
            continue
        k = owner[v]
        for a in v.args:
            if not isinstance(a, Value):
                continue
            if a.op is None:
                users.setdefault(a, set()).add(k)
            elif owner.setdefault(a, k) != k:
                low, high = sorted((first(owner[a]), first(k)))
                same[high] = low
    owner = {v: first(k) for v, k in owner.items()}
    using = {leaf: set(map(first, ks)) for leaf, ks in users.items()}
    shared = {leaf for leaf, ks in using.items() if len(ks) > 1}
    return owner | {leaf: k for leaf, ks in using.items() if leaf not in shared for k in ks}, shared


def signatures(order: Sequence[Value], fixed: Collection[Value], opaque: Collection[Value] = ()) -> dict[Value, int]:
    """A number for each value; equal numbers for values computed alike from the same fixed leaves.

    Other leaves count as alike, and so do constants and the results in `opaque`, seen from those that use them.
    """
    known: dict[Hashable, int] = {}
    kind: dict[Value, int] = {}
    for v in order:
        key: Hashable = 0
        if v.op:
            key = v.op, *[0 if a.__class__ is float or a in opaque else kind[a] for a in v.args]
        elif v in fixed:
            key = v
        kind[v] = known.setdefault(key, len(known) + 1)
    return kind
