"""Which values a picture shows, and which of them together as one box.

    >>> from microgradx import Value, scope, tape
    >>> from microgradx.show.picture.grouping import Grouping, homes
    >>> x = Value(2.0)
    >>> with scope("layers.0"), scope("neurons.1"):
    ...     y = x * 3 + x
    >>> [(box.title, len(box.values)) for box in Grouping(tape(y), homes(tape(y)), depth=1).boxes]
    [('layers.0', 3)]

A box holds one value, or all values of a scope, or, in a graph too large for that, all results of one operation.
"""
import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from ...engine import Value, tape

DEEP = 50                                   # levels of scopes; deeper ones count as one
Path = tuple[str, ...]                      # of scopes, from outside in: ("layers.0", "neurons.1")


class Box:
    """Values drawn as one node in the cluster of the scope `path`; `title` is None for a single value."""

    __slots__ = ("path", "title", "values")

    def __init__(self, path: Path, title: str | None) -> None:
        self.path, self.title = path, title
        self.values: list[Value] = []


class Grouping:
    """The boxes of the values to be shown, in their order: at most `limit` of them, however large the graph.

    depth   the level of scopes that is drawn as boxes, 1 the outermost; None for none at all, every value by itself
    expand  scopes whose values are drawn one by one all the same

    Over the limit, values outside of these scopes are grouped by operation, then a lower depth is tried; at depth 0
    all are grouped by operation. `collapsed` tells whether it came to that. Where no depth was asked for, scopes are
    closed first, level by level.
    """

    def __init__(self, values: Sequence[Value], paths: Mapping[Value, Path], depth: int | None = None,
                 expand: Collection[Path] = (), limit: int = 300) -> None:
        if depth is not None and depth < 0:
            raise ValueError(f"depth counts levels of scopes, 1 the outermost; 0 groups by operation; got {depth}")
        self.paths, self.expand = paths, expand
        deepest = max((len(paths[v]) for v in values), default=0)
        by_value = range(deepest + 1, 0, -1) if depth is None else [depth]
        by_operation = range(1 if depth is None else depth, -1, -1)
        stages = [*((d, False) for d in by_value), *((d, True) for d in by_operation)]
        for self.depth, self.by_operation in stages:
            keys = [self._key(v) for v in values]
            if len(set(keys)) <= limit:
                break
        self.collapsed = (self.depth, self.by_operation) != stages[0]
        self.box: dict[Value, Box] = {}
        found: dict[Hashable, Box] = {}
        for v, key in zip(values, keys):
            if key not in found:
                found[key] = Box(paths[v], None) if key is v else Box(key[0], key[1])
            self.box[v] = found[key]
            found[key].values.append(v)
        self.boxes = list(found.values())

    def _key(self, v: Value) -> Any:
        """What v shares with the others of its box: nothing (v itself), or the place and the name of the box."""
        path = self.paths[v]
        if self.depth == 0:
            return (), operation(v)
        if any(path[:len(scope)] == scope for scope in self.expand):
            return v
        if len(path) >= self.depth:
            return path[:self.depth - 1], path[self.depth - 1]
        return (path, operation(v)) if self.by_operation else v


def operation(v: Value) -> str:
    """The name of the row that made v; "leaves" for a leaf."""
    return v.op.name if v.op else "leaves"


# Scopes --------------------------------------------------------------------------------------------------------

def levels(scope: str) -> Path:
    """The levels of a scope; a number belongs to the name before it.

    >>> levels("layers.0.neurons.13")
    ('layers.0', 'neurons.13')
    """
    return tuple(re.split(r"\.(?!\d+(?:\.|$))", scope, maxsplit=DEEP)) if scope else ()


def homes(order: Sequence[Value], params: Collection[Value] | None = None) -> dict[Value, Path]:
    """The scope in which each value is drawn: the one it was made in; a leaf from outside of all may move in.

    A parameter moves to where it is used: the innermost scope that holds all of its uses within scopes. Where nobody
    said which leaves are parameters (None), those do that are used in one single scope: the weights of a neuron,
    and not the inputs of a layer.
    """
    users: dict[Value, set[str]] = {}
    for v in order:
        for a in v.args:
            if v.scope and isinstance(a, Value) and not a.op and not a.scope:
                users.setdefault(a, set()).add(v.scope)
    moving = {v: scopes for v, scopes in users.items() if (len(scopes) == 1 if params is None else v in params)}
    return {v: _shared(map(levels, moving[v])) if v in moving else levels(v.scope) for v in order}


def _shared(paths: Iterable[Path]) -> Path:
    """What all paths begin with."""
    first, *others = paths
    size = 0
    while size < len(first) and all(path[:size + 1] == first[:size + 1] for path in others):
        size += 1
    return first[:size]


# A part of the graph -------------------------------------------------------------------------------------------

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
    """What `middle` was computed from, and what was computed from it, with the leaves used on the way."""
    after = set(middle)
    for v in order:
        if not after.isdisjoint(v.args):
            after.add(v)
    leaves = {a for v in after for a in v.args if isinstance(a, Value) and a.op is None}
    return after | leaves | set(tape(*middle))
