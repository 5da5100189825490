"""Values of which one is shown for all that are alike: the samples of a batch, the terms of a sum, time steps.

    >>> from microgradx import Value, tape, tanh
    >>> from microgradx.show.picture.folding import Folding
    >>> w, b = Value(0.5, "w"), Value(0.1, "b")
    >>> loss = sum((tanh(w * x + b) for x in (1.0, 2.0, 3.0)), 0.0)
    >>> folding = Folding(tape(loss), None, samples=True)
    >>> set(folding.frames.values()), set(folding.together.values())
    ({'3 samples, one shown'}, {'add of 3'})
"""
from collections.abc import Collection, Iterable, Sequence

from ...engine import Value
from .samples import Alike, alike, cells
from .scopes import Path, homes


class Folding:
    """Which values are shown by another, and the frames around these.

    order, params  the tape of the graph and its parameters, or None
    samples        whether one shows the terms of a sum that are alike, and the sum is one box
    rolled         whether one shows the innermost scopes that are alike, as those of time steps are

    shown     for each value that another shows: that one, or itself if it is the one
    paths     for each value the scopes in which it is drawn
    frames    for each value of the first of these, and of the scopes that they share, the frame around them
    together  the additions of a sum, with the title of their box
    """

    def __init__(self, order: Sequence[Value], params: Collection[Value] | None, samples: bool = False,
                 rolled: bool = False) -> None:
        self.shown: dict[Value, Value] = {}
        self.together: dict[Value, str] = {}
        self.frames: dict[Value, str] = {}
        self.paths = homes(order, params)
        if rolled:
            for kind in cells(order, self.paths):
                self._roll(kind)
        if samples:
            users: dict[Value, list[Value]] = {}
            for v in order:
                for a in v.args:
                    if isinstance(a, Value) and not a.op:
                        users.setdefault(a, []).append(v)
            for found in alike(order[-1]):
                self._fold(found, users)

    def _roll(self, kind: list[list[Value]]) -> None:
        """The first of the cells shows all of its kind."""
        *outside, name = self.paths[kind[0][0]]
        last = self.paths[kind[-1][0]][-1]
        self._show(kind)
        for v in kind[0]:
            self.paths[v] = (*outside, f"{name} to {last}, one shown")

    def _fold(self, found: Alike, users: dict[Value, list[Value]]) -> None:
        """The first term of each kind shows all of its kind, in a frame with the scopes that it is computed in."""
        count = sum(map(len, found.kinds))
        using = {frozenset(a for v in kind[0] for a in v.args if a in found.shared) for kind in found.kinds}
        frame = (f"{count:,} {'samples' if found.is_batch and len(using) == 1 else 'alike'}, "
                 f"{'one' if len(found.kinds) == 1 else len(found.kinds)} shown")
        scopes: set[Path] = set()
        for kind in found.kinds:
            own = [[v for v in term if v.op or set(users[v]) <= set(term)] for term in kind]
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
