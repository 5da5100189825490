"""Which values a picture shows, and which of them share a box.

    >>> from microgradx import Value, scope, tape
    >>> from microgradx.show.picture.grouping import Grouping, homes
    >>> x = Value(2.0)
    >>> with scope("layers.0"), scope("neurons.1"):
    ...     y = x * 3 + x
    >>> [(box.title, len(box.values)) for box in Grouping(tape(y), homes(tape(y)), depth=1).boxes]
    [('layers.0', 3)]

A box is one value, or all values of a scope, or, in a graph too large for that, all results of one operation.
"""
import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from ...engine import Value, tape

DEEP = 50                                   # levels of scopes; deeper levels count as one
Path = tuple[str, ...]                      # of scopes, from outside in: ("layers.0", "neurons.1")


class Box:
    """Values drawn as one node in the cluster of the scope `path`; `title` is None for a single value."""

    __slots__ = ("path", "title", "values")

    def __init__(self, path: Path, title: str | None) -> None:
        self.path, self.title = path, title
        self.values: list[Value] = []


class Grouping:
    """The boxes of the values to show, in order: at most `limit`, however large the graph. ValueError if depth < 0.

    depth   the level of scopes drawn as boxes, 1 the outermost; None draws every value by itself
    expand  scopes whose values are always drawn one by one

    With more boxes than the limit, values outside of scopes are grouped by operation, then lower depths are tried; at
    depth 0 all values are grouped by operation. `collapsed` is True in these cases. Without a given depth, scopes
    become boxes first, level by level.
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
        """The key that all values of a box share: its path and name; v itself for a value with its own box."""
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
    """The levels of a scope; a number stays with the name before it.

    >>> levels("layers.0.neurons.13")
    ('layers.0', 'neurons.13')
    """
    return tuple(re.split(r"\.(?!\d+(?:\.|$))", scope, maxsplit=DEEP)) if scope else ()


def homes(order: Sequence[Value], params: Collection[Value] | None = None) -> dict[Value, Path]:
    """The scope in which each value is drawn: the one it was made in, except for leaves made outside of all scopes.

    A parameter moves to the innermost scope that contains all of its uses in scopes. If params is None, the leaves move
    that are used in one scope only: the weights of a neuron, but not the inputs of a layer.
    """
    users: dict[Value, set[str]] = {}
    for v in order:
        for a in v.args:
            if v.scope and isinstance(a, Value) and not a.op and not a.scope:
                users.setdefault(a, set()).add(v.scope)
    moving = {v: scopes for v, scopes in users.items() if (len(scopes) == 1 if params is None else v in params)}
    return {v: _shared(map(levels, moving[v])) if v in moving else levels(v.scope) for v in order}


def _shared(paths: Iterable[Path]) -> Path:
    """The longest common beginning of all paths."""
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
    """All values that `middle` was computed from, all that were computed from it, and the leaves these use."""
    after = set(middle)
    for v in order:
        if not after.isdisjoint(v.args):
            after.add(v)
    leaves = {a for v in after for a in v.args if isinstance(a, Value) and a.op is None}
    return after | leaves | set(tape(*middle))
