"""Repeat: a loop in a Program: a program for one step, and how often it runs, or that its first carry says when to end.

    >>> from microgradx import add
    >>> from microgradx.compiler.ir.program import Program, played
    >>> from microgradx.compiler.ir.repeat import Repeat
    >>> step = Program()
    >>> total, x = step.many(2)
    >>> step.results = [step.add(add, (total, x)), total]
    >>> loop = Repeat(step, count=3, carries=1, constants=0, columns=[False], reverse=False, play=played)
    >>> loop.apply((10.0, 1.0, 2.0, 3.0))               # the last carry, then y of all steps
    [16.0, 10.0, 11.0, 13.0]

Its inputs and the block of numbers that it computes are those of a Loop (trace/loop.py); PART and COLUMN pick from it.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...engine import Value
from ...loops import while_loop
from ..trace.loop import COLUMN, PART, Structure, sources

if TYPE_CHECKING:
    from .program import Program


class Repeat(Structure):
    """`count` steps of `body`, or where that is None as many as there are until the first carry is 0; the rest as of a
    Loop. ys: how many y a step has, of those with a count."""

    __slots__ = ("body", "count", "carries", "constants", "columns", "reverse", "ys", "play")

    def __init__(self, body: Program, count: int | None, carries: int, constants: int, columns: Sequence[bool],
                 reverse: bool, play: Callable[[Program, Sequence[Any]], list[Any]]) -> None:
        super().__init__("loop", float, 0.0)
        self.body, self.count, self.carries, self.constants = body, count, carries, constants
        self.columns, self.reverse, self.play = list(columns), reverse, play
        self.ys = len(body.results) - carries

    @property
    def size(self) -> int:
        """How many numbers it computes."""
        return self.carries + self.ys * self.steps

    @property
    def steps(self) -> int:
        """How many steps it has; 0 if nobody knows."""
        return self.count or 0

    def takes(self, count: int) -> bool:
        """Whether it has so many inputs."""
        return count == self.carries + self.constants + sum(1 if whole else self.steps for whole in self.columns)

    def apply(self, args: tuple[Any, ...]) -> Any:
        """The block of numbers, or Values, that the loop computes."""
        return self.run(args, lambda given: self.play(self.body, given))

    def run(self, args: Sequence[Any], step: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """The same, with each step computed by step(inputs)."""
        carry, fixed, columns = sources(self, args)
        if self.count is None:
            if any(isinstance(x, Value) for x in args):
                return while_loop(lambda now: now[0], lambda now: step([*now, *fixed]), carry)  # type: ignore[no-any-return]
            while carry[0] != 0:
                carry = step([*carry, *fixed])
            return carry
        ys = []
        for t in reversed(range(self.count)) if self.reverse else range(self.count):
            found = step([*carry, *fixed, *[column[t] for column in columns]])
            carry = found[:self.carries]
            ys.append(found[self.carries:])
        return [*carry, *(y for column in zip(*(reversed(ys) if self.reverse else ys)) for y in column)]

    def pick(self, op: Structure, place: int) -> slice:
        """Where in the block a PART or COLUMN is."""
        start = place if op is PART else self.carries + place * self.steps
        return slice(start, start + (1 if op is PART else self.steps))


__all__ = ["COLUMN", "PART", "Repeat", "Structure"]
