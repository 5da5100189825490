"""Packing: flows (flows.py) as plain numbers, which a loop carries along or takes from columns.

    >>> from microgradx.compiler.trace.packing import packed, state
    >>> from microgradx.flows import Flow
    >>> flows = [None, Flow(2.0)]
    >>> list(map(state, flows)), packed(flows, [0, 1]), packed(flows, [2, 2])
    ([0, 1], [2.0], [0.0, 0.0, 2.0, 1.0])
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...flows import Flow, Open, opened

ABSENT, OPEN, FLAGGED = 0, 1, 2         # what flows: nothing; always; or that is known when the program runs


def state(flow: Flow | None) -> int:
    """Whether it flows."""
    return ABSENT if flow is None else OPEN if flow.open is None else FLAGGED


def packed(flows: Sequence[Flow | None], states: Sequence[int]) -> list[Any]:
    """Flows as numbers: of one that is FLAGGED the sum, and 0 if nothing flows."""
    found: list[Any] = []
    for flow, how in zip(flows, states):
        flag = 0.0 if flow is None else 1.0 if flow.open is None else opened(flow.open)
        found += [] if how == ABSENT else [0.0 if flow is None else flow.sum, flag][:how]
    return found


def unpacked(numbers: Iterator[Any], states: Sequence[int]) -> list[Flow | None]:
    """The inverse of packed()."""
    return [None if how == ABSENT else Flow(next(numbers), flag(next(numbers)) if how == FLAGGED else None)
            for how in states]


def flag(x: Any) -> Open | None:
    """The Open of a flow that flows if this number is not 0."""
    if x.__class__ is float:
        return None if x else Open([])
    found = Open([])
    found.recorded = x
    return found


def before(states: Sequence[int], k: int) -> int:
    """How many numbers packed() makes of the first k flows."""
    return sum(states[:k])


def as_columns(flows: Sequence[Flow | None]) -> tuple[list[list[Any]], int]:
    """The flows of all steps as columns, and what they are: none, the sums, or the sums and whether they flow."""
    states = set(map(state, flows))
    how = states.pop() if len(states) == 1 else FLAGGED
    rows = [packed([flow], [how]) for flow in flows]
    return [list(column) for column in zip(*rows)], how


def whole(flow: Flow | None) -> list[Any]:
    """The same for a flow that is a column already."""
    return [] if flow is None else [flow.sum, flow.open][:state(flow)]
