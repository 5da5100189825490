"""A recorded graph computed again with other numbers, without changing its nodes.

    >>> from microgradx import Value
    >>> from microgradx.replay import as_function, replay
    >>> w = Value(3.0, "w")
    >>> y = w * w
    >>> again, now = replay(y, {w: 5.0})            # a second graph: what if w were 5?
    >>> again.data, now[w].data, y.data, w.data
    (25.0, 5.0, 9.0, 3.0)
    >>> as_function(y, w)(5.0)                      # numbers only, for finite differences
    25.0
"""
from collections.abc import Callable, Mapping

from .engine import Value, tape
from .recording import recording


def replay(root: Value, changed: Mapping[Value, float]) -> tuple[Value, dict[Value, Value]]:
    """The same computation with some nodes set to other numbers: its root, and the new node for each old one.

    A node that is set becomes a leaf. IndexError if a take() gets an index outside its table.
    """
    now: dict[Value, Value] = {}
    with recording():
        for v in tape(root):
            if v in changed or v.op is None:
                now[v] = Value(changed.get(v, v.data), v.label)
            else:
                now[v] = v.op.apply(v.op.called([now[a] if isinstance(a, Value) else a for a in v.args]))
                now[v].label, now[v].scope = v.label, v.scope
    return now[root], now


def as_function(root: Value, v: Value) -> Callable[[float], float]:
    """root as a function of the number of `v` only, a leaf or a result; the other leaves stay as they are.

    The function takes and returns a float, and records nothing. IndexError as in replay().
    """
    moves = {v}
    for node in tape(root):
        if node not in moves and not moves.isdisjoint(node.args):
            moves.add(node)
    order = [node for node in tape(root) if node in moves and node is not v]

    def function(x: float) -> float:
        data = {v: x}
        for node in order:
            if node.op is not None:
                data[node] = node.op.at(*[data.get(a, a.data) if isinstance(a, Value) else a for a in node.args])
        return data.get(root, root.data)
    return function
