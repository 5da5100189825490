"""Which parts of a graph are alike but for their numbers: terms of a sum, such as the samples of a batch; time steps.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.picture.graph import Graph
    >>> from microgradx.show.picture.samples import alike, batch
    >>> w, b = Value(0.5, "w"), Value(0.1, "b")
    >>> loss = sum(((tanh(w * x + b) - y)**2 for x, y in [(1.0, 2.0), (2.0, 1.0), (3.0, 0.5)]), 0.0)
    >>> found = batch(alike(Graph(loss)))
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

from ...engine import Value
from ...table import Op
from ...text import rule
from .graph import Graph
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


def batch(found: Sequence[Alike]) -> Alike | None:
    """The samples among sums whose terms are alike, or None if there are none."""
    return next((terms for terms in found if terms.is_batch), None)


def alike(graph: Graph) -> list[Alike]:
    """The sums whose terms are alike, among the first on the way from the root; none within the terms of another."""
    if graph.alike is None:
        graph.alike = _look(graph)
    return graph.alike


def _look(graph: Graph) -> list[Alike]:
    level, seen, left, found = [graph.root], {graph.root}, TRIES, list[Alike]()
    while level and left:
        below: list[Value] = []
        for v in level:
            chain, terms = _terms(graph, v)
            if summands(graph, v) and len(terms) >= FEWEST and left:
                left -= 1
                kinds, shared = _kinds(graph, terms)
                if kinds:
                    found.append(Alike(kinds, shared, chain))
                    continue
            below += [a for a in dict.fromkeys(terms) if a not in seen]
            seen.update(terms)
        level = below
    return found


def _terms(graph: Graph, v: Value) -> tuple[list[Value], list[Value]]:
    """The additions of a sum and what it adds up; for another value its inputs."""
    chain, terms = [v], list[Value]()
    while len(two := summands(graph, v)) == 2 and two[0].op is v.op:
        terms.append(two[1])
        v = two[0]
        chain.append(v)
    return chain, [*graph.inputs[v], *reversed(terms)]


def summands(graph: Graph, v: Value) -> Sequence[Value]:
    """What a sum of several Values adds up; () for other results."""
    inputs = graph.inputs[v]
    return inputs if len(inputs) > 1 and v.op and _adds(v.op) else ()


@cache
def _adds(op: Op) -> bool:
    """Whether a row is a sum: every slope is 1."""
    names = op.names(2 * max(1, len(op.inputs)))
    return all(rule(op, i, names) == "1" for i in range(len(names)))


def _kinds(graph: Graph, terms: Sequence[Value]) -> tuple[list[list[list[Value]]], set[Value]]:
    """The terms of one sum by kind, and the leaves that several use."""
    owner, shared = _owners(graph, terms)
    order = [v for v in graph.order if v in owner]
    kind = signatures(graph, order, shared, scoped=True)
    own: dict[int, list[Value]] = {}
    for v in order:
        if v not in shared:
            own.setdefault(owner[v], []).append(v)
    known: dict[tuple[int, ...], list[list[Value]]] = {}
    for term in dict.fromkeys(terms):
        if term.op and (values := own.pop(owner[term], None)):
            known.setdefault(tuple(map(kind.__getitem__, values)), []).append(values)
    return [samples for samples in known.values() if len(samples) >= FEWEST], shared


def _owners(graph: Graph, terms: Sequence[Value]) -> tuple[dict[Value, int], set[Value]]:
    """The term that each value below them belongs to, and the leaves that several terms use."""
    same = list(range(len(terms)))                  # terms that share a result are one: their first

    def first(k: int) -> int:
        while same[k] != k:
            same[k] = k = same[same[k]]
        return k

    owner = {term: k for k, term in reversed(list(enumerate(terms)))}
    users: dict[Value, set[int]] = {}               # of the leaves that several terms use
    for v in reversed(graph.order):
        if v.op and (k := owner.get(v)) is not None:
            for a in graph.inputs[v]:
                if (known := owner.setdefault(a, k)) == k:
                    continue
                if a.op is None:
                    users.setdefault(a, {known}).add(k)
                else:
                    low, high = sorted((first(known), first(k)))
                    same[high] = low
    owner = {v: first(k) for v, k in owner.items()}
    return owner, {leaf for leaf, ks in users.items() if len({first(k) for k in ks}) > 1}


def signatures(graph: Graph, order: Sequence[Value], fixed: Collection[Value], opaque: Collection[Value] = (),
               scoped: bool = False) -> dict[Value, int]:
    """A number for each value; equal numbers for values computed alike from the same fixed leaves.

    Other leaves count as alike, and so do constants and the results in `opaque`, seen from those that use them. With
    `scoped` values in different scopes are not alike.
    """
    known: dict[Hashable, int] = {}
    kind: dict[Value, int] = {}
    seen: dict[Value, int] = dict.fromkeys(opaque, 0)       # what a value looks like to those that use it
    for v in order:
        key: Hashable = 0
        if v.op:
            key = v.op, v.scope if scoped else "", *[seen.get(a, 0) for a in graph.args[v]]     # 0: a constant
        elif v in fixed:
            key = v
        number = kind[v] = known.setdefault(key, len(known) + 1)
        seen.setdefault(v, number)
    return kind


# Cells: scopes that differ in their number, as time steps do ------------------------------------------------------

def cells(graph: Graph, paths: Mapping[Value, Path]) -> list[list[list[Value]]]:
    """The innermost scopes that are alike but for the number in their name: by kind, the values of each.

    >>> from microgradx import Value, scope
    >>> from microgradx.show.picture.scopes import homes
    >>> w, h = Value(0.5, "w"), Value(1.0, "h")
    >>> for t in range(4):
    ...     with scope(f"t{t}"):
    ...         h = (w * h).tanh()
    >>> [[len(cell) for cell in kind] for kind in cells(Graph(h), homes(Graph(h)))]
    [[2, 2, 2]]
    """
    inside: dict[Path, list[Value]] = {}
    for v in graph.order:
        if paths[v] and re.search(r"\d$", paths[v][-1]):
            inside.setdefault(paths[v], []).append(v)
    kinds: dict[Hashable, list[list[Value]]] = {}
    for path, values in inside.items():
        place = {v: k for k, v in enumerate(values)}
        shape = tuple([(v.op, *[place.get(a, -1) for a in graph.args[v]]) for v in values])
        kinds.setdefault((path[:-1], re.sub(r"\d+$", "", path[-1]), shape), []).append(values)
    return [cells for cells in kinds.values() if len(cells) > 1]
