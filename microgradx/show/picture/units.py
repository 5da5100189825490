"""Whether a node is an activation, saturated or dead, computed from its row, without a list of names.

    >>> from microgradx import Value, relu, sigmoid, tanh
    >>> from microgradx.show.picture.units import condition
    >>> condition(tanh(Value(4.0))), condition(sigmoid(Value(0.5))), condition(relu(Value(-1.0)))
    ('saturated', '', 'dead')

A node counts as a function of its one Value input; its other inputs are constants or have defaults, as the slope of
leaky_relu(x, a). A row is an activation if it has limits: Op.limits.
"""
import math
from functools import lru_cache

from ...engine import Value
from ...table import Op

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
    """"saturated" or "dead" for an activation in that condition; "" for any other node.

    Saturated: flat from here outwards, as tanh on both sides and elu on the left. Dead: its slope is 0, as that of relu
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
    return "dead" if slope == 0 and (function.bounded(-1) or function.bounded(1)) else ""
