"""Is a node an activation, does it saturate here, is it dead? Read from its row: no list of names.

    >>> from microgradx import Value, relu, sigmoid, tanh
    >>> from microgradx.show.picture.units import condition
    >>> condition(tanh(Value(4.0))), condition(sigmoid(Value(0.5))), condition(relu(Value(-1.0)))
    ('saturated', '', 'dead')

Here a node is a function of its one Value input, the others being constants or, as the slope of leaky_relu(x, a),
inputs that may be left out. A row is an activation if it says where it tends to far out: Op.limits.
"""
import math
from functools import lru_cache

from ...engine import Value
from ...table import Op

FLAT = 0.05             # of the slope at 0: |tanh(x)| above 0.975, sigmoid(x) above 0.987; 0.97 is the usual mark


class Curve:
    """A row as a function of its input `i`, the others being constants: curve.at(x), curve.slope(x).

    limits  what it tends to on the left and on the right
    level   a slope below this is called flat
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
        """Is it at rest from x on outwards? silu at its lowest point, x = -1.28, has slope 0 and is not."""
        return abs(self.slope(2 * x)) < self.level and self.bounded(x)

    def bounded(self, side: float) -> bool:
        """Does it come to rest on the side of this sign?"""
        return math.isfinite(self.limits[math.copysign(1, side) > 0])

    def _inputs(self, x: float) -> tuple[float, ...]:
        return (*self.xs[:self.i], x, *self.xs[self.i + 1:])


_curve = lru_cache(maxsize=256)(Curve)


def activation(v: Value) -> tuple[Curve, int] | None:
    """The function that an activation applies, and to which of its inputs; None for a node that is none.

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
    """Of an activation "saturated", "dead" or ""; "" of any other node.

    Saturated: flat for good, as tanh is on both sides and elu on the left. Dead: its slope is 0, and it is no tanh
    far out but a relu on the side where it is off; abs at 0, which comes to rest nowhere, is not. The input is read as
    it is now, a slope of 0 as it was recorded.
    """
    found = activation(v)
    if not found:
        return ""
    function, i = found
    x, slope = number_at(v.args[i]), v.slopes[i] or 0.0
    if abs(slope) < function.level and function.flat(x) and (slope != 0 or function.bounded(-x)):
        return "saturated"
    return "dead" if slope == 0 and (function.bounded(-1) or function.bounded(1)) else ""
