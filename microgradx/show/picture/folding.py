"""Values of which one is shown for all that are alike: the samples of a batch, the terms of a sum, time steps.

    >>> from microgradx import Value, tanh
    >>> from microgradx.show.picture.folding import Folding
    >>> from microgradx.show.picture.graph import Graph
    >>> from microgradx.show.picture.scopes import homes
    >>> w, b = Value(0.5, "w"), Value(0.1, "b")
    >>> loss = sum((tanh(w * x + b) for x in (1.0, 2.0, 3.0)), 0.0)
    >>> graph = Graph(loss)
    >>> folding = Folding(graph, homes(graph), samples=True)
    >>> set(folding.frames.values()), set(folding.together.values())
    ({'3 samples, one shown'}, {'add of 3'})
    >>> sum(one != k for k, one in enumerate(folding.shown))
    6
"""
from collections.abc import Iterable, Sequence

from .graph import Graph
from .samples import Alike, alike, cells
from .scopes import Path


class Folding:
    """Which values are shown by another, and the frames around these. Values are places on the tape, see Graph.

    paths    for each value the scopes in which it is drawn; those of cells that are rolled up change
    samples  whether one shows the terms of a sum that are alike, and the sum is one box
    rolled   whether one shows the innermost scopes that are alike, as those of time steps are

    shown     for each value the one that shows it, by default itself
    folded    whether it is one of several of which one is shown
    frames    for each value of the first of these, and of the scopes that they share, the frame around them
    together  the additions of a sum, with the title of their box
    """

    def __init__(self, graph: Graph, paths: list[Path], samples: bool = False, rolled: bool = False) -> None:
        self.shown, self.folded = list(range(len(graph.order))), bytearray(len(graph.order))
        self.together: dict[int, str] = {}
        self.frames: dict[int, str] = {}
        self.paths = paths
        for kind in cells(graph, self.paths) if rolled else ():
            self._roll(kind)
        for terms in alike(graph) if samples else ():
            self._fold(graph, terms)

    def _roll(self, kind: list[list[int]]) -> None:
        """The first of the cells shows all of its kind."""
        *outside, name = self.paths[kind[0][0]]
        last = self.paths[kind[-1][0]][-1]
        self._show(kind)
        for k in kind[0]:
            self.paths[k] = (*outside, f"{name} to {last}, one shown")

    def _fold(self, graph: Graph, found: Alike) -> None:
        """The first term of each kind shows all of its kind, in a frame with the scopes that it is computed in.

        All but leaves that others use as well, as the regularisation uses a weight.
        """
        inside = bytearray(len(graph.order))
        for kind in found.kinds:
            for term in kind:
                for k in term:
                    inside[k] = 1
        outside = {a for k, below in enumerate(graph.below) if not inside[k] for a in below
                   if inside[a] and graph.ops[a] is None}
        count = sum(map(len, found.kinds))
        using = {frozenset(a for k in kind[0] for a in graph.below[k] if a in found.shared) for kind in found.kinds}
        frame = (f"{count:,} {'samples' if found.is_batch and len(using) == 1 else 'alike'}, "
                 f"{'one' if len(found.kinds) == 1 else len(found.kinds)} shown")
        scopes: set[Path] = set()
        for kind in found.kinds:
            own = [[k for k in term if k not in outside] for term in kind] if outside else kind
            if len({len(term) for term in own}) > 1:
                continue
            self._show(own)
            self.frames.update(dict.fromkeys(own[0], frame))
            scopes.update(self.paths[k][:1] for k in own[0] if self.paths[k])
        if found.is_batch and scopes:
            self.frames.update((k, frame) for k, path in enumerate(self.paths) if path[:1] in scopes)
        if len(found.chain) > 1 and (op := graph.ops[found.chain[0]]):
            self.together.update(dict.fromkeys(found.chain, f"{op.name} of {len(found.chain):,}"))

    def _show(self, kind: Iterable[Sequence[int]]) -> None:
        first, *_ = kind
        for other in kind:
            for k, one in zip(other, first):
                if not self.folded[k]:
                    self.shown[k], self.folded[k] = one, 1
