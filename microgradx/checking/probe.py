"""What somebody's node passes back: its inputs, and the slope by each, found by calling its own _backward.

    >>> from microgradx.checking.probe import inputs, passed
    >>> class Node:
    ...     def __init__(self, data, *inputs):
    ...         self.data, self.grad, self._prev = data, 0.0, inputs
    >>> a = Node(3.0)
    >>> y = Node(9.0, a)
    >>> def square(): a.grad += 2 * a.data * y.grad
    >>> y._backward = square
    >>> inputs(y) == [a], passed(y, [a]), a.grad
    (True, ([6.0], ''), 0.0)
"""
from collections.abc import Iterable
from typing import Any

from ..ieee import short

NAMES = ("_children", "_prev", "children", "prev", "_parents", "parents")       # under which engines keep the inputs
CLOSE = 1e-9                                # relative


def inputs(node: Any) -> list[Any]:
    """The nodes that a node was computed from, in order where the engine keeps one. TypeError if it is no node."""
    if not hasattr(node, "data"):
        raise TypeError(f"expected a value of an engine, with .data and ._prev or ._children, got {short(node)}")
    found = [getattr(node, name) for name in NAMES if isinstance(getattr(node, name, None), Iterable)]
    if not found:
        raise TypeError(f"{short(node)} does not keep what it was computed from, in ._prev or ._children")
    kept = next(filter(list, map(list, found)), [])
    return sorted(kept, key=lambda v: v.data) if isinstance(found[0], (set, frozenset)) else kept


def passed(node: Any, below: list[Any]) -> tuple[list[float], str]:
    """The slope by each of the inputs `below`, each once, and what is wrong with how they are passed, in words.

    All gradients are as before afterwards.
    """
    slopes = getattr(node, "_local_grads", None)
    if slopes is not None and len(slopes) == len(inputs(node)):
        total = {id(v): 0.0 for v in below}
        for v, slope in zip(inputs(node), slopes):
            total[id(v)] += float(slope)
        return [total[id(v)] for v in below], ""
    if not callable(getattr(node, "_backward", None)):
        raise TypeError(f"{short(node)} has neither ._local_grads nor ._backward(): its slopes cannot be found")
    before = [(v, v.grad) for v in (node, *below)]
    try:
        once = _called(node, below, 1.0, 0.0)
        thrice = _called(node, below, 3.0, 0.0)
        on_top = _called(node, below, 1.0, 8.0)
    finally:
        for v, g in before:
            v.grad = g
    if any(not _close(x, 3 * y) for x, y in zip(thrice, once)):
        return once, "it does not multiply the slope by the gradient that comes in"
    if any(not _close(x, 8 + y) for x, y in zip(on_top, once)):
        return once, "it writes = where it must add +="
    return once, ""


def _called(node: Any, below: list[Any], g: float, start: float) -> list[float]:
    """The gradients of the inputs after one _backward, from these gradients of node and inputs."""
    for v in below:
        v.grad = start
    node.grad = g
    node._backward()
    return [float(v.grad) for v in below]


def _close(x: float, y: float) -> bool:
    return x == y or abs(x - y) <= CLOSE * max(abs(x), abs(y)) or (x != x and y != y)
