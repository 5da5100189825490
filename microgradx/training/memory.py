"""What LBFGS remembers, and the direction that follows from it.

    >>> from microgradx.training.memory import CurvatureMemory
    >>> memory = CurvatureMemory()
    >>> memory.direction([12.0], history_size=5)                # 3*x**2 at 2: nothing is known yet, so downhill
    [-12.0]
    >>> memory.length = 0.125                                   # how far the step went: to 0.5
    >>> memory.direction([3.0], history_size=5)                 # two gradients show the curvature: to the minimum
    [-0.5]

Source: Liu & Nocedal 1989, "On the limited memory BFGS method".
"""
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..ieee import number
from .line_search import dot


def along(xs: list[float], direction: list[float], step: float) -> list[float]:
    """xs moved by a step in a direction."""
    return [x + step * d for x, d in zip(xs, direction)]


class Pair(NamedTuple):
    """How a step changed the gradient, the step, and the product of the two."""

    change: list[float]
    moved: list[float]
    product: float


class CurvatureMemory:
    """What LBFGS remembers: the last direction and gradient, and pairs of changes of gradient and parameters."""

    def __init__(self) -> None:
        self.count, self.length, self.loss = 0, 0.0, 0.0
        self.way, self.gradient = list[float](), list[float]()
        self.pairs: list[Pair] = []

    def copy(self) -> "CurvatureMemory":
        """A copy, since a step that fails changes nothing."""
        new = CurvatureMemory()
        vars(new).update(vars(self), pairs=list(self.pairs))
        return new

    def direction(self, gradient: list[float], history_size: int) -> list[float]:
        """-H g by the two loops over all pairs; remembers it and the gradient."""
        self.count += 1
        if self.count > 1:
            change = [a - b for a, b in zip(gradient, self.gradient)]
            moved = [self.length * d for d in self.way]
            if dot(change, moved) > 1e-10:
                self.pairs = [*self.pairs, Pair(change, moved, dot(change, moved))][-history_size:]
        q, shares = [-g for g in gradient], []
        for change, moved, product in reversed(self.pairs):
            shares.append(dot(moved, q) * (1.0 / product))
            q = along(q, change, -shares[-1])
        if self.pairs:
            factor = self.pairs[-1].product / dot(self.pairs[-1].change, self.pairs[-1].change)
            q = [x * factor for x in q]
        for (change, moved, product), share in zip(self.pairs, reversed(shares)):
            q = along(q, moved, share - dot(change, q) * (1.0 / product))
        self.way, self.gradient = q, gradient
        return q

    def state(self) -> dict[str, Any]:
        """Its numbers, under torch's names."""
        if not self.count:
            return {"n_iter": 0.0}
        pairs = {"old_dirs": [list(pair.change) for pair in self.pairs],
                 "old_stps": [list(pair.moved) for pair in self.pairs]}
        return {"n_iter": float(self.count), "d": list(self.way), "t": self.length, "prev_loss": self.loss,
                "prev_flat_grad": list(self.gradient), **(pairs if self.pairs else {})}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "CurvatureMemory":
        """The memory with these numbers."""
        new = cls()
        new.count = int(state["n_iter"])
        if "d" in state:
            new.length, new.loss = number(state["t"]), number(state["prev_loss"])
            new.way, new.gradient = list(map(number, state["d"])), list(map(number, state["prev_flat_grad"]))
            pairs = [[list(map(number, row)) for row in state.get(name, ())] for name in ("old_dirs", "old_stps")]
            new.pairs = [Pair(change, moved, dot(change, moved)) for change, moved in zip(*pairs)]
        return new
