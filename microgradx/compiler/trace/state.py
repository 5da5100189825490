"""State: what a function reads and sets while it is traced, and where these numbers are at a run.

    >>> from microgradx import Value
    >>> from microgradx.compiler.trace.state import GradientOf
    >>> w = Value(2.0)
    >>> GradientOf(w).data = 3.0
    >>> w.grad
    3.0
"""
from __future__ import annotations

import random
from typing import Any

from ...engine import Value
from .errors import (
    refuse_changed,
)
from .tame import Wild


class Draw:
    """A random number: another one whenever it is read."""

    def __init__(self, generator: random.Random | None) -> None:
        self.generator: Any = generator or random

    @property
    def data(self) -> float:
        """The next number of the generator."""
        return self.generator.random()  # type: ignore[no-any-return]


class GradientOf:
    """The gradient of a Value as something that is read and set like the data of one."""

    def __init__(self, value: Value) -> None:
        self.value = value

    @property
    def data(self) -> float:
        """The gradient."""
        return self.value.grad

    @data.setter
    def data(self, x: float) -> None:
        self.value.grad = x


class AttributeOf:
    """A number among the attributes of an optimiser: `t`, `lr`, or one of the rows in `numbers` (then with its place).

    The other attributes are a part of the program. Reading `t`, which each step does, looks whether they have changed.
    """

    def __init__(self, owner: Any, name: str, place: tuple[int, int] | None) -> None:
        self.owner, self.name, self.place = owner, name, place
        self.fixed = self.others()

    def others(self) -> dict[str, Any] | None:
        """What must not change."""
        kept = type(self.owner).changing
        return {k: x for k, x in vars(self.owner).items() if k not in kept} if self.name == "t" else None

    @property
    def data(self) -> float:
        """The number."""
        if self.fixed is not None and self.others() != self.fixed:
            refuse_changed(type(self.owner).__name__)
        found = vars(self.owner)[self.name]
        return found if self.place is None else found[self.place[0]][self.place[1]]  # type: ignore[no-any-return]

    @data.setter
    def data(self, x: float) -> None:
        values = vars(self.owner)
        if self.place is None:
            values[self.name] = int(x) if isinstance(values[self.name], int) and x.is_integer() else x
        else:
            i, k = self.place
            row = values[self.name][i]
            values[self.name][i] = (*row[:k], x, *row[k + 1:])


KEPT = ("sources", "updates", "origins", "gradients", "attributes")


class State:
    """What a function does, reads and sets while it is traced.

    size        how many operations were recorded
    wild        which of them may be infinite or nan on a branch that is not taken
    sources     each Value that stands for what is read, and where its number comes from at a run: `.data` of this
    updates     what is set after a run, by its `.data`, and to which Value or number
    origins     of each version that a Value has had (see Tracer.versions): that Value
    gradients   of each Value that has one by now: its gradient
    attributes  of each AttributeOf that was read or set: its number by now
    holders     each GradientOf and AttributeOf, by what it is of
    reached     whether backward() came to a number among the arguments: where that is a Value, its gradient is lost
    layers      whether layers were made, which draw their first weights at random
    checks      what the function requires of a number: the number, a Value that is 0 if it is wrong, what was expected
    unrolled    why others are written out step by step
    """

    def __init__(self) -> None:
        self.size = 0
        self.wild = Wild()
        self.sources: dict[Value, Any] = {}
        self.updates: dict[Any, Any] = {}
        self.origins: dict[Value, Value] = {}
        self.gradients: dict[Value, Any] = {}
        self.attributes: dict[Any, Any] = {}
        self.holders: dict[Any, Any] = {}
        self.reached = False
        self.layers = False
        self.checks: list[tuple[Value, Value, str]] = []
        self.unrolled: list[str] = []

    def snapshot(self) -> list[Any]:
        """What is read and set so far."""
        return [dict(vars(self)[name]) for name in KEPT] + [list(self.checks)]

    def differs(self, before: list[Any]) -> bool:
        """Whether more has been read or set since."""
        return [_ids(x) for x in self.snapshot()] != [_ids(x) for x in before]

    def restore(self, before: list[Any]) -> None:
        """What was read and set then."""
        for name, found in zip(KEPT, before):
            setattr(self, name, found)
        self.checks = before[-1]


def _ids(found: Any) -> list[Any]:
    """What these are, to compare: Values have an == of their own."""
    return [(id(key), id(x)) for key, x in found.items()] if isinstance(found, dict) else list(map(id, found))
