"""Which parts of a graph are alike but for their numbers: terms of a sum, such as the samples of a batch; time steps.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.picture.graph import Graph
    >>> from microgradx.show.picture.samples import alike, batch
    >>> w, b = Value(0.5, "w"), Value(0.1, "b")
    >>> loss = sum(((tanh(w * x + b) - y)**2 for x, y in [(1.0, 2.0), (2.0, 1.0), (3.0, 0.5)]), 0.0)
    >>> graph = Graph(loss)
    >>> found = batch(alike(graph))
    >>> [(len(samples), [graph.ops[k].name for k in samples[0]]) for samples in found.kinds]
    [(3, ['mul', 'add', 'tanh', 'sub', 'pow'])]
    >>> sorted(graph.order[k].label for k in found.shared)
    ['b', 'w']

A value that one term alone uses belongs to it; leaves that several use are shared, as parameters are. Terms that share
results are one sample: the outputs for one input. Values are places on the tape here, see Graph.
"""
import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence, Set
from functools import cache
from typing import NamedTuple

from ...table import Op
from ...text import rule
from .graph import Graph
from .scopes import Path

FEWEST = 3                                  # terms that are alike
TRIES = 8                                   # sums that are looked at, from the root on


class Alike(NamedTuple):
    """The terms of a sum that are alike. Values are places on the tape, see Graph.

    kinds     for each kind of term all of its kind; value k of one corresponds to value k of each other
    shared    the leaves that several terms use
    chain     the additions, if Python's sum() wrote them one by one; else the sum alone
    is_batch  whether the terms are samples: they share more leaves than each has for itself, the parameters
    """

    kinds: list[list[list[int]]]
    shared: set[int]
    chain: list[int]
    is_batch: bool


def batch(found: Sequence[Alike]) -> Alike | None:
    """The samples among sums whose terms are alike, or None if there are none."""
    return next((terms for terms in found if terms.is_batch), None)


def alike(graph: Graph) -> list[Alike]:
    """The sums whose terms are alike, among the first on the way from the root; none within the terms of another."""
    if graph.alike is None:
        graph.alike = _look(graph)
    return graph.alike


def _look(graph: Graph) -> list[Alike]:
    root = graph.place[graph.root]
    level, seen, left, found = [root], {root}, TRIES, list[Alike]()
    while level and left:
        below: list[int] = []
        for k in level:
            chain, terms = _terms(graph, k)
            if summands(graph, k) and len(terms) >= FEWEST and left:
                left -= 1
                kinds, shared = _kinds(graph, terms)
                if kinds:
                    own = [sum(graph.ops[k] is None for k in terms[0]) for terms in kinds]
                    found.append(Alike(kinds, shared, chain, 0 < len(shared) >= max(own)))
                    continue
            below += [a for a in dict.fromkeys(terms) if a not in seen]
            seen.update(terms)
        level = below
    return found


def _terms(graph: Graph, k: int) -> tuple[list[int], list[int]]:
    """The additions of a sum and what it adds up; for another value its inputs."""
    chain, terms, op, below = [k], list[int](), graph.ops[k], graph.below
    adds = bool(summands(graph, k))
    while adds and len(below[k]) == 2 and graph.ops[below[k][0]] is op:
        k, term = below[k]
        terms.append(term)
        chain.append(k)
    return chain, [*below[k], *reversed(terms)]


def summands(graph: Graph, k: int) -> Sequence[int]:
    """What a sum of several Values adds up; () for other results."""
    return graph.below[k] if len(graph.below[k]) > 1 and (op := graph.ops[k]) and _adds(op) else ()


@cache
def _adds(op: Op) -> bool:
    """Whether a row is a sum: every slope is 1."""
    names = op.names(2 * max(1, len(op.inputs)))
    return all(rule(op, i, names) == "1" for i in range(len(names)))


def _kinds(graph: Graph, terms: Sequence[int]) -> tuple[list[list[list[int]]], set[int]]:
    """The terms of one sum by kind, and the leaves that several use."""
    owner, shared = _owners(graph, terms)
    order = [k for k, term in enumerate(owner) if term >= 0]
    kind = signatures(graph, order, shared, scoped=True)
    own = defaultdict[int, list[int]](list)
    for k in order:
        if k not in shared:
            own[owner[k]].append(k)
    known = defaultdict[tuple[int, ...], list[list[int]]](list)
    for term in dict.fromkeys(terms):
        if graph.ops[term] and (values := own.pop(owner[term], None)):
            known[tuple([kind[k] for k in values])].append(values)
    return [samples for samples in known.values() if len(samples) >= FEWEST], shared


def _owners(graph: Graph, terms: Sequence[int]) -> tuple[list[int], set[int]]:
    """The term that each value below them belongs to, -1 for none, and the leaves that several terms use."""
    same = list(range(len(terms)))                  # terms that share a result are one: their first

    def first(k: int) -> int:
        while same[k] != k:
            same[k] = k = same[same[k]]
        return k

    owner = [-1] * len(graph.order)
    for k, term in reversed(list(enumerate(terms))):
        owner[term] = k
    users: dict[int, set[int]] = {}                 # of the leaves that several terms use
    for v in range(max(terms), -1, -1):
        if (k := owner[v]) >= 0:
            for a in graph.below[v]:
                if (known := owner[a]) < 0:
                    owner[a] = k
                elif known != k and graph.ops[a] is None:
                    users.setdefault(a, {known}).add(k)
                elif known != k:
                    low, high = sorted((first(known), first(k)))
                    same[high] = low
    firsts = [*map(first, range(len(terms))), -1]
    return [firsts[k] for k in owner], {leaf for leaf, ks in users.items() if len({firsts[k] for k in ks}) > 1}


def signatures(graph: Graph, order: Iterable[int], fixed: Set[int], opaque: Collection[int] = (),
               scoped: bool = False) -> list[int]:
    """A number for each value in `order`; equal numbers for values computed alike from the same fixed leaves.

    Other leaves count as alike, and so do constants and the results in `opaque`, seen from those that use them. If
    there are any of these, what a fixed leaf is applied to counts as alike, too: the state of a GRU at each time step.
    With `scoped` values in different scopes are not alike.
    """
    known: dict[Hashable, int] = {}
    kind = [0] * len(graph.order)
    seen = [0] * (len(graph.order) + 1)             # what a value looks like to those that use it; [-1]: a constant
    for k in order:
        key: Hashable = 0
        if op := graph.ops[k]:
            args = graph.args[k]
            if opaque and not _adds(op) and not fixed.isdisjoint(args):
                args = tuple([a if a in fixed else -1 for a in args])
            key = op, graph.scopes[k] if scoped else "", *[seen[a] for a in args]
        elif k in fixed:
            key = k + 1
        kind[k] = known.setdefault(key, len(known) + 1)
        if k not in opaque:
            seen[k] = kind[k]
    return kind


# Cells: scopes that differ in their number, as time steps do ------------------------------------------------------

def cells(graph: Graph, paths: Sequence[Path]) -> list[list[list[int]]]:
    """The innermost scopes that are alike but for the number in their name: by kind, the places of the values of each.

    paths   the scopes of each value, by its place

    >>> from microgradx import Value, scope
    >>> from microgradx.show.picture.scopes import homes
    >>> w, h = Value(0.5, "w"), Value(1.0, "h")
    >>> for t in range(4):
    ...     with scope(f"t{t}"):
    ...         h = (w * h).tanh()
    >>> cells(Graph(h), homes(Graph(h)))                # the first has h in it, too
    [[[4, 5], [6, 7], [8, 9]]]
    """
    inside: dict[Path, list[int]] = {}
    for k, path in enumerate(paths):
        if path and re.search(r"\d$", path[-1]):
            inside.setdefault(path, []).append(k)
    kinds: dict[Hashable, list[list[int]]] = {}
    for path, values in inside.items():
        place = {k: i for i, k in enumerate(values)}
        shape = tuple([(graph.ops[k], *[place.get(a, -1) for a in graph.args[k]]) for k in values])
        kinds.setdefault((path[:-1], re.sub(r"\d+$", "", path[-1]), shape), []).append(values)
    return [cells for cells in kinds.values() if len(cells) > 1]
