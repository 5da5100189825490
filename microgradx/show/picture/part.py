"""A part of a graph: the values near one, or those that some have to do with.

    >>> from microgradx import Value, tape
    >>> from microgradx.show.picture.part import neighbourhood
    >>> x = Value(2.0, "x")
    >>> y = (x * 3).tanh().exp()
    >>> [v.op.name for v in tape(y) if v in neighbourhood(tape(y), y, 1)]
    ['tanh', 'exp']
"""
from collections.abc import Collection, Sequence

from ...engine import Value, tape
from ...ieee import short


def part(order: Sequence[Value], centre: Value | None, hops: int, middle: Collection[Value]) -> Sequence[Value]:
    """The values of the tape that are near the centre and have to do with `middle`. ValueError for others' values."""
    if centre is None and not middle:
        return order
    wanted = known = set(order)
    for v in [*middle, *([centre] if centre is not None else [])]:
        if v not in known:
            raise ValueError(f"around and through take values of the graph, got {short(v)}, which is not in it")
    if centre is not None:
        wanted = wanted & neighbourhood(order, centre, hops)
    if middle:
        wanted = wanted & passing(order, middle)
    return [v for v in order if v in wanted]


def neighbourhood(order: Sequence[Value], centre: Value, hops: int) -> set[Value]:
    """The values at most `hops` edges away from one, in either direction."""
    neighbours: dict[Value, list[Value]] = {v: [] for v in order}
    for v in order:
        for a in v.args:
            if isinstance(a, Value):
                neighbours[v].append(a)
                neighbours[a].append(v)
    found = edge = {centre}
    for _ in range(hops):
        edge = {b for a in edge for b in neighbours[a]} - found
        found = found | edge
    return found


def passing(order: Sequence[Value], middle: Collection[Value]) -> set[Value]:
    """All values that `middle` was computed from, all that were computed from it, and the leaves these use."""
    after = set(middle)
    for v in order:
        if not after.isdisjoint(v.args):
            after.add(v)
    leaves = {a for v in after for a in v.args if isinstance(a, Value) and a.op is None}
    return after | leaves | set(tape(*middle))
