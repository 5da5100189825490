"""Whether a node is an activation, and dead, off or saturated, computed from its row, without a list of names.

    >>> from microgradx import Value, relu, sigmoid, tanh
    >>> from microgradx.show.picture.units import condition
    >>> condition(tanh(Value(4.0))), condition(sigmoid(Value(0.5))), condition(relu(Value(-1.0)))
    ('saturated', '', 'off')

A relu that is off for this input alone is no fault; a unit is dead if it is off for each input: Units.

A node counts as a function of its one Value input; its other inputs are constants or have defaults, as the slope of
leaky_relu(x, a). A row is an activation if it has limits: Op.limits.
"""
import math
from collections.abc import Collection, Sequence, Set
from functools import lru_cache

from ...engine import Value
from ...table import Op
from .graph import Graph
from .samples import alike, batch, signatures, summands

OFF = "off here"        # the state that is no fault: for another input the unit may pass a gradient on
FLAT = 0.05             # share of the slope at 0: |tanh(x)| above 0.975, sigmoid(x) above 0.987; 0.97 is usual


class Curve:
    """A row as a function of its input `i`, with constants for the others: curve.at(x), curve.slope(x).

    limits  its limits on the left and on the right
    level   a slope below this is flat
    """

    __slots__ = ("op", "i", "xs", "limits", "level")

    def __init__(self, op: Op, i: int, xs: tuple[float, ...]) -> None:
        self.op, self.i, self.xs = op, i, xs
        assert op.limits is not None
        self.limits = op.limits(*xs[:i], *xs[i + 1:]) if callable(op.limits) else op.limits
        self.level = FLAT * abs(self.slope(0.0))

    def at(self, x: float) -> float:
        """The value at x."""
        return self.op.at(*self._inputs(x))

    def slope(self, x: float) -> float:
        """The derivative at x; 0 behind a gate that is closed."""
        xs = self._inputs(x)
        wanted = [k == self.i for k in range(len(xs))]
        return self.op.partials(wanted, self.op.at(*xs), *xs)[self.i] or 0.0

    def flat(self, x: float) -> bool:
        """Whether it stays flat from x outwards. silu does not at its lowest point, x = -1.28, where its slope is 0."""
        return abs(self.slope(2 * x)) < self.level and self.bounded(x)

    def bounded(self, side: float) -> bool:
        """Whether its limit on the side of this sign is finite."""
        return math.isfinite(self.limits[math.copysign(1, side) > 0])

    def _inputs(self, x: float) -> tuple[float, ...]:
        return (*self.xs[:self.i], x, *self.xs[self.i + 1:])


_curve = lru_cache(maxsize=256)(Curve)


def activation(v: Value) -> tuple[Curve, int] | None:
    """The function that an activation applies, and the index of its input; None for any other node.

    An activation has one Value input, and its row has `limits`: relu, tanh, sin, abs, maximum(x, 0); not exp, log,
    x**2, nor 3*x.
    """
    if v.op is None or v.op.limits is None:
        return None
    main = len(v.args) - len(v.op.defaults)
    places = [k for k, a in enumerate(v.args[:main]) if isinstance(a, Value)]
    if len(places) != 1:
        return None
    constants = tuple(0.0 if k == places[0] else number_at(a) for k, a in enumerate(v.args))
    return _curve(v.op, places[0], constants), places[0]


def number_at(a: Value | float) -> float:
    """The data of a Value, a number itself."""
    return a.data if isinstance(a, Value) else a


def condition(v: Value) -> str:
    """"saturated" or "off" for an activation in that condition; "" for any other node.

    Saturated: flat from here outwards, as tanh on both sides and elu on the left. Off: its slope is 0, as that of relu
    on the left; a tanh far out, with slope 0, is saturated, and abs at 0, without finite limits, is neither. The input
    is read as it is now, the slope as it was recorded.
    """
    found = activation(v)
    if not found:
        return ""
    function, i = found
    x, slope = number_at(v.args[i]), v.slopes[i] or 0.0
    if abs(slope) < function.level and function.flat(x) and (slope != 0 or function.bounded(-x)):
        return "saturated"
    return "off" if slope == 0 and (function.bounded(-1) or function.bounded(1)) else ""


# Units: the same activation for every sample ---------------------------------------------------------------------

class Units:
    """The activations of a graph by unit: those that apply the same parameters are one unit, at each of its inputs.

    params  the parameters; None for the leaves that several samples of a batch share, without a batch for all leaves

    of      the unit of each activation, as a number. A loss's own relu or clamp is no unit: no parameter comes after
            it, and it does not take the result of a layer as it is, but, for example, 1 - y*score. Nor is the abs of
            a weight, as in L1
    inputs  the activations of each unit
    stuck   "dead" for a unit that is off at each of several inputs, "saturated" for one that is flat at each; else ""

    >>> from microgradx import Value, relu
    >>> from microgradx.show.picture.graph import Graph
    >>> w, v = Value(1.0, "w"), Value(-1.0, "v")
    >>> y = sum((relu(w * x) + relu(v * x) for x in (1.0, 2.0, -3.0)), 0.0)
    >>> units = Units(Graph(y), [w, v])
    >>> len(units.inputs), [units.state(a) for a in units.of]
    (2, ['', 'off here', '', 'off here', 'off here', ''])
    """

    def __init__(self, graph: Graph, params: Collection[Value] | None = None) -> None:
        if params is None:
            found = batch(alike(graph))
            fixed = found.shared if found else {k for k, op in enumerate(graph.ops) if op is None}
        else:
            fixed = {graph.place[v] for v in params if v in graph.place}
        limited = {op for op in set(graph.ops) if op and op.limits}
        curves = {k: function for k, op in enumerate(graph.ops)
                  if op in limited and (function := activation(graph.order[k]))}
        after = _before_parameters(graph, fixed) if curves else b""
        units = {k: None for k, (function, i) in curves.items()
                 if after[k] or (function.bounded(-1) and function.bounded(1) and not function.op.kinks)
                 or _of_layer(graph, k, graph.args[k][i], fixed, function)}
        # a single one is alike to no other, and to look at all of a large graph takes a while
        kind = signatures(graph, range(len(graph.order)), fixed, units) if len(units) > 1 else dict.fromkeys(units, 0)
        self.of = {graph.order[k]: kind[k] for k in units}
        self.inputs: dict[int, list[Value]] = {}
        for v, unit in self.of.items():
            self.inputs.setdefault(unit, []).append(v)
        self.condition = {v: condition(v) for v in map(graph.order.__getitem__, curves)}
        self.stuck = {unit: self._stuck(inputs) for unit, inputs in self.inputs.items()}

    def _stuck(self, inputs: Sequence[Value]) -> str:
        found = {self.condition[v] for v in inputs}
        if len(inputs) == 1 or "" in found:
            return ""
        return "dead" if found == {"off"} else "saturated"

    def state(self, v: Value) -> str:
        """"dead", "off here", "saturated", or "" for an activation that passes a gradient on and for any other node."""
        found = self.condition.get(v, "")
        if found == "off":
            return "dead" if v in self.of and self.stuck[self.of[v]] == "dead" else OFF
        return found

    def levels(self, graph: Graph) -> list[int]:
        """The number of activations on the longest path from a leaf to each value, itself included, by its place."""
        level: list[int] = []
        for v, below in zip(graph.order, graph.below):
            level.append(max([level[a] for a in below], default=0) + (v in self.of))
        return level


def _before_parameters(graph: Graph, fixed: Set[int]) -> bytearray:
    """For each place whether a parameter is still to come after it on the way to the root."""
    found = bytearray(len(graph.order))
    for k in range(len(found) - 1, -1, -1):
        if (below := graph.below[k]) and (found[k] or not fixed.isdisjoint(below)):
            for a in below:
                found[a] = 1
    return found


def _of_layer(graph: Graph, k: int, argument: int, fixed: Set[int], function: Curve) -> bool:
    """Whether an activation takes the result of a layer as it is, in the same scope or in one beside it."""
    if argument in fixed and not (function.bounded(-1) or function.bounded(1)):
        return False
    own, before = graph.scopes[k], graph.scopes[argument]
    outside = own != before and f"{before}.".startswith(f"{own}." if own else "")
    added = [argument, *summands(graph, argument)]              # w*x + u*h has no parameter by itself
    return not outside and any(a in fixed or not fixed.isdisjoint(graph.below[a]) for a in added)
