"""Signature: what tells programs apart, the same for two recordings of a function that do the same.

    >>> from microgradx.compiler.trace.signature import signature
    >>> from microgradx.compiler.trace.trace import trace
    >>> one, same, other = (signature(trace(lambda x: x * 2.0 + k, [1.0])) for k in (3.0, 3.0, 4.0))
    >>> one == same, one == other
    (True, False)
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...engine import Value
from .body import inputs_of, made
from .state import AttributeOf, GradientOf
from .traced import Traced, is_constant


def signature(recorded: Any) -> list[Any]:
    """Every operation with its inputs, the results, and what is set: Values by the order in which they were made, and
    those from outside by themselves."""
    places: dict[Value, int] = {v: k for k, v in enumerate((*recorded.inputs, *recorded.sources))}
    lines = list(_operations(recorded.parts, places, recorded.mark))

    def named(x: Any) -> Any:
        return _named(x, places, recorded.mark)
    return [*lines, list(map(named, recorded.results)), [_outer(x) for x in recorded.sources.values()],
            [(_outer(x), named(y)) for x, y in recorded.updates.items()]]


def _operations(parts: Iterable[Any], places: dict[Value, int], mark: str) -> Iterable[Any]:
    for part in parts:
        for v, xs in zip(made(part), inputs_of(part)):
            body = getattr(part.op, "body", None)
            yield part.op.name, [_named(x, places, mark) for x in xs], body and _step(body, places, mark)
            places[v] = len(places)


def _step(body: Any, places: dict[Value, int], mark: str) -> Any:
    """The same of one step of a loop."""
    inner = places | {v: len(places) + k for k, v in enumerate(body.inputs)}
    return [*_operations(body.parts, inner, mark), [_named(x, inner, mark) for x in body.results]]


def _named(x: Any, places: dict[Value, int], mark: str) -> Any:
    if not isinstance(x, Value):
        return repr(x)
    if x in places:
        return places[x]
    if isinstance(x, Traced):
        return "traced"
    return repr(x._data) if is_constant(x, mark) else id(x)


def _outer(x: Any) -> Any:
    """What stands for a number outside: the same in two recordings."""
    if isinstance(x, GradientOf):
        return "grad", id(x.value)
    return (id(x.owner), x.name, x.place) if isinstance(x, AttributeOf) else (type(x).__name__, isinstance(x, Value)
                                                                              and id(x))
