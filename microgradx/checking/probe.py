"""What somebody's node passes back: its inputs, and the slope by each, found by calling its own _backward.

    >>> from microgradx.checking.probe import inputs, kept, passed
    >>> class Node:
    ...     def __init__(self, data, *inputs):
    ...         self.data, self.grad, self._prev = data, 0.0, inputs
    >>> a = Node(3.0)
    >>> y = Node(9.0, a)
    >>> def square(): a.grad += 2 * a.data * y.grad
    >>> y._backward = square
    >>> kept(y), inputs(y, "_prev") == [a], passed(y, [a], [a]), a.grad
    ('_prev', True, ([6.0], ''), 0.0)
"""
from collections.abc import Iterable
from typing import Any

from ..ieee import short

NAMES = ("_children", "_prev", "children", "prev", "_parents", "parents")       # under which engines keep the inputs
CLOSE = 1e-9                                # relative


def is_node(x: Any) -> bool:
    """Whether x is a value of an engine; a number of NumPy's has .data, too."""
    return hasattr(x, "data") and any(hasattr(x, name) for name in ("grad", *NAMES))


def kept(root: Any) -> str:
    """The name under which the nodes of a graph keep their inputs. TypeError if it is no graph.

    An engine may also keep what was computed from a node; the root has nothing of that.
    """
    if not hasattr(root, "data"):
        raise TypeError(f"expected a value of an engine, with .data and ._prev or ._children, got {short(root)}")
    found = [name for name in NAMES if isinstance(getattr(root, name, None), Iterable)]
    if not found:
        raise TypeError(f"{short(root)} does not keep what it was computed from, in ._prev or ._children")
    return next((name for name in found if list(getattr(root, name))), found[0])


def inputs(node: Any, name: str) -> list[Any]:
    """What a node was computed from, nodes and constants, in order where the engine keeps one."""
    found = getattr(node, name, None) or ()
    return sorted(found, key=lambda v: float(v.data)) if isinstance(found, (set, frozenset)) else list(found)


def passed(node: Any, every: list[Any], below: list[Any], close: float = CLOSE) -> tuple[list[float], str]:
    """The slope by each of the nodes `below`, each once, and what is wrong with how they are passed, in words.

    every   all inputs, nodes and constants, each as often as it is one
    close   relative: how far numbers that are the same may be apart

    The gradients of the node and of its inputs are as before afterwards.
    """
    slopes = getattr(node, "_local_grads", None)
    if slopes is not None:
        if len(slopes) != len(every):
            raise TypeError(f"{short(node)} has {len(slopes)} ._local_grads for {len(every)} inputs")
        total = {id(v): 0.0 for v in below}
        for v, slope in zip(every, slopes):
            if id(v) in total:
                total[id(v)] += float(slope.data if is_node(slope) else slope)
        return [total[id(v)] for v in below], ""
    if not callable(getattr(node, "_backward", None)):
        raise TypeError(f"{short(node)} has neither ._local_grads nor ._backward(): its slopes cannot be found")
    before = [(v, v.grad) for v in (node, *below)]
    try:
        once = _called(node, below, 1.0, 0.0)
        more = _called(node, below, 4.0, 0.0)
        start = 8.0 * max(1.0, *map(abs, once))
        on_top = _called(node, below, 1.0, start)
    finally:
        for v, g in before:
            v.grad = g
    if any(not _close(x, 4 * y, close) for x, y in zip(more, once)):
        return once, "it does not multiply the slope by the gradient that comes in"
    if any(not _close(x, start + y, max(close, 1e-3)) for x, y in zip(on_top, once)):
        return once, "it writes = where it must add +="
    return once, ""


def _called(node: Any, below: list[Any], g: float, start: float) -> list[float]:
    """The gradients of the inputs after one _backward, from these gradients of node and inputs."""
    for v in below:
        v.grad = start
    node.grad = g
    node._backward()
    return [float(v.grad) for v in below]


def _close(x: float, y: float, close: float) -> bool:
    return x == y or abs(x - y) <= close * max(abs(x), abs(y)) or (x != x and y != y)
