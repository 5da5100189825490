"""Scopes: the levels of their names, and the scope in which each value is drawn.

    >>> from microgradx.show.picture.scopes import levels
    >>> levels("layers.0.neurons.13")
    ('layers.0', 'neurons.13')
"""
import re
from collections.abc import Collection, Iterable

from ...engine import Value
from .graph import Graph

DEEP = 50                                   # levels of scopes; deeper levels count as one
Path = tuple[str, ...]                      # of scopes, from outside in: ("layers.0", "neurons.1")


def levels(scope: str) -> Path:
    """The levels of a scope; a number stays with the name before it."""
    return tuple(re.split(r"\.(?!\d+(?:\.|$))", scope, maxsplit=DEEP)) if scope else ()


def homes(graph: Graph, params: Collection[Value] | None = None) -> list[Path]:
    """The scope in which each value is drawn: the one it was made in, except for leaves made outside of all scopes.

    A parameter moves to the innermost scope that contains all of its uses in scopes. If params is None, the leaves move
    that are used in one scope only: the weights of a neuron, but not the inputs of a layer.
    """
    scopes = graph.scopes
    known = {scope: levels(scope) for scope in set(scopes)}
    found = [known[scope] for scope in scopes]
    users: dict[int, set[str]] = {}
    for scope, below in zip(scopes, graph.below) if any(known) else ():
        if scope:
            for k in below:
                if graph.ops[k] is None and not scopes[k]:
                    users.setdefault(k, set()).add(scope)
    for k, using in users.items():
        if len(using) == 1 if params is None else graph.order[k] in params:
            found[k] = _shared([known[scope] for scope in using])
    return found


def _shared(paths: Iterable[Path]) -> Path:
    """The longest common beginning of all paths."""
    first, *others = paths
    size = 0
    while size < len(first) and all(path[:size + 1] == first[:size + 1] for path in others):
        size += 1
    return first[:size]
