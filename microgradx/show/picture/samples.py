"""Which parts of a graph are alike but for their numbers: terms of a sum, such as the samples of a batch; time steps.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.picture.samples import batch
    >>> w, b = Value(0.5, "w"), Value(0.1, "b")
    >>> loss = sum(((tanh(w * x + b) - y)**2 for x, y in [(1.0, 2.0), (2.0, 1.0), (3.0, 0.5)]), 0.0)
    >>> found = batch(loss)
    >>> [(len(samples), [v.op.name for v in samples[0]]) for samples in found.kinds]
    [(3, ['mul', 'add', 'tanh', 'sub', 'pow'])]
    >>> sorted(v.label for v in found.shared)
    ['b', 'w']

A value that one term alone uses belongs to it; leaves that several use are shared, as parameters are. Terms that share
results are one sample: the outputs for one input.
"""
import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ...engine import Value, tape
from ...table import Op
from ...text import rule
from .scopes import Path

FEWEST = 3                                  # terms that are alike
TRIES = 8                                   # sums that are looked at, from the root on


class Alike(NamedTuple):
    """The terms of a sum that are alike.

    kinds   for each kind of term all of its kind; value k of one corresponds to value k of each other
    shared  the leaves that several terms use
    chain   the additions, if Python's sum() wrote them one by one; else the sum alone
    """

    kinds: list[list[list[Value]]]
    shared: set[Value]
    chain: list[Value]

    @property
    def is_batch(self) -> bool:
        """Whether the terms are samples: they share more leaves than each has for itself, the parameters."""
        return all(0 < len(self.shared) >= sum(v.op is None for v in terms[0]) for terms in self.kinds)


def batch(root: Value) -> Alike | None:
    """The samples of the graph of root, or None if it has none."""
    return next((found for found in alike(root) if found.is_batch), None)


def alike(root: Value) -> list[Alike]:
    """The sums whose terms are alike, among the first on the way from the root; none within the terms of another."""
    level, seen, left, found = [root], {root}, TRIES, list[Alike]()
    while level and left:
        below: list[Value] = []
        for v in level:
            chain, terms = _terms(v)
            if summands(v) and len(terms) >= FEWEST and left:
                left -= 1
                kinds, shared = _kinds(terms)
                if kinds:
                    found.append(Alike(kinds, shared, chain))
                    continue
            below += [a for a in dict.fromkeys(terms) if a not in seen]
            seen.update(terms)
        level = below
    return found


def _terms(v: Value) -> tuple[list[Value], list[Value]]:
    """The additions of a sum and what it adds up; for another value its inputs."""
    chain, terms = [v], list[Value]()
    while len(v.args) == 2 and (two := summands(v)) and two[0].op is v.op:
        terms.append(two[1])
        v = two[0]
        chain.append(v)
    return chain, [*(summands(v) or [a for a in v.args if isinstance(a, Value)]), *reversed(terms)]


def summands(v: Value) -> list[Value]:
    """What a sum of several Values adds up; [] for other results."""
    added = [a for a in v.args if isinstance(a, Value)] if v.op and _adds(v.op) else []
    return added if len(added) > 1 else []


@cache
def _adds(op: Op) -> bool:
    """Whether a row is a sum: every slope is 1."""
    names = op.names(2 * max(1, len(op.inputs)))
    return all(rule(op, i, names) == "1" for i in range(len(names)))


def _kinds(terms: Sequence[Value]) -> tuple[list[list[list[Value]]], set[Value]]:
    """The terms of one sum by kind, and the leaves that several use."""
    order = tape(*terms)
    owner, shared = _owners(terms, order)
    kind, known = signatures(order, shared, scoped=True), dict[Hashable, list[list[Value]]]()
    parts: dict[int, list[Value]] = {}
    for term in dict.fromkeys(terms):
        if term.op:
            parts.setdefault(owner[term], []).append(term)
    for k, outputs in parts.items():
        own = [v for v in tape(*outputs) if owner.get(v) == k]
        known.setdefault(tuple([kind[v] for v in own]), []).append(own)
    return [samples for samples in known.values() if len(samples) >= FEWEST], shared


def _owners(terms: Sequence[Value], order: Sequence[Value]) -> tuple[dict[Value, int], set[Value]]:
    """The term that each value belongs to, and the leaves that several terms use."""
    same = list(range(len(terms)))                  # terms that share a result are one: their first

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


def signatures(order: Sequence[Value], fixed: Collection[Value], opaque: Collection[Value] = (),
               scoped: bool = False) -> dict[Value, int]:
    """A number for each value; equal numbers for values computed alike from the same fixed leaves.

    Other leaves count as alike, and so do constants and the results in `opaque`, seen from those that use them. With
    `scoped` values in different scopes are not alike.
    """
    known: dict[Hashable, int] = {}
    kind: dict[Value, int] = {}
    for v in order:
        key: Hashable = 0
        if v.op:
            key = v.op, v.scope if scoped else "", *[0 if a.__class__ is float or a in opaque else kind[a]
                                                     for a in v.args]
        elif v in fixed:
            key = v
        kind[v] = known.setdefault(key, len(known) + 1)
    return kind


# Cells: scopes that differ in their number, as time steps do ------------------------------------------------------

def cells(order: Sequence[Value], paths: Mapping[Value, Path]) -> list[list[list[Value]]]:
    """The innermost scopes that are alike but for the number in their name: by kind, the values of each.

    >>> from microgradx import Value, scope, tape
    >>> from microgradx.show.picture.scopes import homes
    >>> w, h = Value(0.5, "w"), Value(1.0, "h")
    >>> for t in range(4):
    ...     with scope(f"t{t}"):
    ...         h = (w * h).tanh()
    >>> [[len(cell) for cell in kind] for kind in cells(tape(h), homes(tape(h)))]
    [[2, 2, 2]]
    """
    inside: dict[Path, list[Value]] = {}
    for v in order:
        if paths[v] and re.search(r"\d$", paths[v][-1]):
            inside.setdefault(paths[v], []).append(v)
    kinds: dict[Hashable, list[list[Value]]] = {}
    for path, values in inside.items():
        place = {v: k for k, v in enumerate(values)}
        shape = tuple([(v.op, *[place.get(a, -1) for a in v.args]) for v in values])
        kinds.setdefault((path[:-1], re.sub(r"\d+$", "", path[-1]), shape), []).append(values)
    return [cells for cells in kinds.values() if len(cells) > 1]
