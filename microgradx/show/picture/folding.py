"""Values of which one is shown for all that are alike: the samples of a batch, the terms of a sum, time steps.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.picture.folding import Folding
    >>> from microgradx.show.picture.graph import Graph
    >>> w, b = Value(0.5, "w"), Value(0.1, "b")
    >>> loss = sum((tanh(w * x + b) for x in (1.0, 2.0, 3.0)), 0.0)
    >>> folding = Folding(Graph(loss), None, samples=True)
    >>> set(folding.frames.values()), set(folding.together.values())
    ({'3 samples, one shown'}, {'add of 3'})
"""
from collections.abc import Collection, Iterable, Mapping, Sequence

from ...engine import Value
from .graph import Graph
from .samples import Alike, alike, cells
from .scopes import Path, homes


class Folding:
    """Which values are shown by another, and the frames around these.

    params   the parameters of the graph, or None
    samples  whether one shows the terms of a sum that are alike, and the sum is one box
    rolled   whether one shows the innermost scopes that are alike, as those of time steps are

    shown     for each value that another shows: that one, or itself if it is the one
    paths     for each value the scopes in which it is drawn
    frames    for each value of the first of these, and of the scopes that they share, the frame around them
    together  the additions of a sum, with the title of their box
    """

    def __init__(self, graph: Graph, params: Collection[Value] | None, samples: bool = False,
                 rolled: bool = False) -> None:
        self.shown: dict[Value, Value] = {}
        self.together: dict[Value, str] = {}
        self.frames: dict[Value, str] = {}
        self.paths = homes(graph, params)
        for kind in cells(graph, self.paths) if rolled else ():
            self._roll(kind)
        found = alike(graph) if samples else []
        candidates = {v for terms in found for kind in terms.kinds for term in kind for v in term if v.op is None}
        users: dict[Value, set[Value]] = {v: set() for v in candidates}
        for v in graph.order if candidates else ():
            for a in graph.inputs[v]:
                if a in users:
                    users[a].add(v)
        for terms in found:
            self._fold(graph, terms, users)

    def _roll(self, kind: list[list[Value]]) -> None:
        """The first of the cells shows all of its kind."""
        *outside, name = self.paths[kind[0][0]]
        last = self.paths[kind[-1][0]][-1]
        self._show(kind)
        for v in kind[0]:
            self.paths[v] = (*outside, f"{name} to {last}, one shown")

    def _fold(self, graph: Graph, found: Alike, users: dict[Value, set[Value]]) -> None:
        """The first term of each kind shows all of its kind, in a frame with the scopes that it is computed in."""
        count = sum(map(len, found.kinds))
        using = {frozenset(a for v in kind[0] for a in graph.inputs[v] if a in found.shared) for kind in found.kinds}
        frame = (f"{count:,} {'samples' if found.is_batch and len(using) == 1 else 'alike'}, "
                 f"{'one' if len(found.kinds) == 1 else len(found.kinds)} shown")
        scopes: set[Path] = set()
        for kind in found.kinds:
            own = [_alone(term, users) for term in kind]
            if len({len(term) for term in own}) > 1:
                continue
            self._show(own)
            self.frames.update(dict.fromkeys(own[0], frame))
            scopes.update(self.paths[v][:1] for v in own[0] if self.paths[v])
        if found.is_batch:
            self.frames.update((v, frame) for v, path in self.paths.items() if path[:1] in scopes)
        if len(found.chain) > 1 and found.chain[0].op:
            self.together.update(dict.fromkeys(found.chain, f"{found.chain[0].op.name} of {len(found.chain):,}"))

    def _show(self, kind: Iterable[Sequence[Value]]) -> None:
        first, *others = kind
        for other in (first, *others):
            self.shown.update((v, shown) for v, shown in zip(other, first) if v not in self.shown)


def _alone(term: Sequence[Value], users: Mapping[Value, set[Value]]) -> list[Value]:
    """The values of a term but leaves that others use as well, as its regularisation uses a weight."""
    known = set(term)
    return [v for v in term if v.op or users[v] <= known]
