"""Is a node an activation, does it saturate here, is it dead? Read from its row: no list of names.

    >>> from microgradx import Value, relu, sigmoid, tanh
    >>> from microgradx.show.picture.units import condition
    >>> condition(tanh(Value(4.0))), condition(sigmoid(Value(0.5))), condition(relu(Value(-1.0)))
    ('saturated', '', 'dead')

Here a node is a function of its one Value input, the others being constants or, as the slope of leaky_relu(x, a),
inputs that may be left out.
"""
import math
from functools import lru_cache

from ...engine import Value
from ...table import Op

FLAT = 0.05             # of the slope at 0: |tanh(x)| above 0.975, sigmoid(x) above 0.987; 0.97 is the usual mark
FAR = 1e6               # where a function shows what becomes of it
REST = 1e-3             # a function that changes less than this from FAR to 1000*FAR has come to rest


class Curve:
    """A row as a function of its input `i`, the others being constants: curve.at(x), curve.slope(x).

    bends  is it an activation's?
    level  a slope below this is called flat
    """

    __slots__ = ("op", "i", "xs", "bends", "level")

    def __init__(self, op: Op, i: int, xs: tuple[float, ...]) -> None:
        self.op, self.i, self.xs = op, i, xs
        near, far = ([self.slope(x) for x in (-t, 0.0, t)] for t in (1.0, FAR))
        # No activation has a slope that grows without bound (exp, square), has a pole (log) or never changes (3*x).
        self.bends = (all(map(math.isfinite, near + far)) and len(set(near + far)) > 1
                      and max(map(abs, far)) <= 2 * max(map(abs, near)))
        self.level = FLAT * abs(near[1])

    def at(self, x: float) -> float:
        """The value at x."""
        return self.op.at(*self._inputs(x))

    def slope(self, x: float) -> float:
        """The derivative at x."""
        xs = self._inputs(x)
        wanted = [k == self.i for k in range(len(xs))]
        return self.op.partials(wanted, self.op.at(*xs), *xs)[self.i] or 0.0

    def flat(self, x: float) -> bool:
        """Is it at rest from x on outwards? silu at its lowest point, x = -1.28, has slope 0 and is not."""
        return abs(self.slope(2 * x)) < self.level and self.bounded(x)

    def bounded(self, side: float) -> bool:
        """Does it come to rest on the side of this sign?"""
        end = math.copysign(FAR, side)
        return abs(self.at(1000 * end) - self.at(end)) < REST

    def _inputs(self, x: float) -> tuple[float, ...]:
        return (*self.xs[:self.i], x, *self.xs[self.i + 1:])


_curve = lru_cache(maxsize=256)(Curve)


def activation(v: Value) -> tuple[Curve, int] | None:
    """The function that an activation applies, and to which of its inputs; None for a node that is none.

    An activation has one Value input, bends, and is nowhere much steeper than around 0: relu, tanh, sin, abs,
    maximum(x, 0); not exp, log, x**2, nor 3*x.
    """
    if v.op is None:
        return None
    main = len(v.args) - len(v.op.defaults)
    places = [k for k, a in enumerate(v.args[:main]) if isinstance(a, Value)]
    if len(places) != 1 or v.slopes[places[0]] is None:
        return None
    constants = tuple(0.0 if k == places[0] else number_at(a) for k, a in enumerate(v.args))
    found = _curve(v.op, places[0], constants)
    return (found, places[0]) if found.bends else None


def number_at(a: Value | float) -> float:
    """The data of a Value, a number itself."""
    return a.data if isinstance(a, Value) else a


def condition(v: Value) -> str:
    """Of an activation "saturated", "dead" or ""; "" of any other node.

    Saturated: flat for good, as tanh is on both sides and elu on the left. Dead: its slope is 0, and it is no tanh
    far out but a relu on the side where it is off. The input is read as it is now, a slope of 0 as it was recorded.
    """
    found = activation(v)
    if not found:
        return ""
    function, i = found
    x, slope = number_at(v.args[i]), v.slopes[i] or 0.0
    if abs(slope) < function.level and function.flat(x) and (slope != 0 or function.bounded(-x)):
        return "saturated"
    return "dead" if slope == 0 else ""
