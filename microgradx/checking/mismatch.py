"""A derivative by the chain rule compared with finite differences: a Check, and the Mismatch if they disagree.

    >>> from microgradx.checking.mismatch import Check, Gradient
    >>> cube = Gradient("f", slopes=[12.0], noise=0.0, blurs=[0.0], output=0)
    >>> Check("d f / d x", 12.0, lambda x: x**3, 2.0, 0, cube).mismatch() is None
    True
    >>> Check("d f / d x", 12.001, lambda x: x**3, 2.0, 0, cube).mismatch().seen.value
    12.0

evaluation_point.py makes the checks of a function; check.py puts a mismatch into words.
"""
import math
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..engine import Value, tape
from .differences import Estimate, apart, derivative

EPSILON, TINY = sys.float_info.epsilon, sys.float_info.min


class Gradient(NamedTuple):
    """The derivatives of one quantity by all inputs, by the chain rule.

    name     the quantity: an output, "f", or a derivative of one, "(d f / d w)"
    slopes   the derivatives
    noise    the rounding error of the quantity
    blurs    the rounding errors of the derivatives
    output   the index of the output
    part     0 for the output itself, 1 + j for its derivative by input j
    mode     "" or " in forward mode"
    grain    the rounding of numbers of size 1 in its computation, if only its values are known; see `derivative`
    """

    name: str
    slopes: Sequence[float]
    noise: float
    blurs: Sequence[float]
    output: int
    part: int = 0
    mode: str = ""
    grain: float = 0.0


class Check(NamedTuple):
    """The claim that `slope` is the derivative at x of `f`, the quantity of `gradient` as a function of input i.

    scales   the sizes of the other inputs, where they are far from 1: f may have detail there
    digits   the bits of x that f sees, 24 if it takes floats of 32 bits
    """

    what: str
    slope: float
    f: Callable[[float], float]
    x: float
    i: int
    gradient: Gradient
    scales: Sequence[float] = ()
    digits: int = 53

    def mismatch(self) -> "Mismatch | None":
        """The mismatch with differences; None if they agree, or if the quantity itself is infinite or nan here."""
        if not math.isfinite(self.f(self.x)):           # a first derivative, which has a check of its own
            return None
        seen = self.seen()
        # Two slopes are right without differences: 0 for an index, which has no neighbours; inf if f overflows nearby.
        if seen.agrees(self.slope) or seen.value == self.slope or (seen.value != seen.value and (
                self.slope == 0 or math.isinf(self.slope))):
            return None
        low, high = sorted([self.seen(-1), self.seen(1)])
        if math.isfinite(self.slope) and any(side.is_open for side in (low, high)):
            return None                                 # a kink or jump is closer to x than differences can tell
        if not apart(low, high):
            return Mismatch(self, seen, None)
        if low.value - low.bound <= self.slope <= high.value + high.bound:
            return None
        return Mismatch(self, seen, (low.value, high.value))

    def seen(self, side: int = 0) -> Estimate:
        """The derivative by differences: from both sides, or from the left (-1) or right (1)."""
        value, error = derivative(self.f, self.x, side, self.gradient.noise, self.scales, self.digits,
                                  self.gradient.grain)
        return Estimate(value, error + self.gradient.blurs[self.i])


class Mismatch(NamedTuple):
    """A check that differences contradict; at a kink, also the slopes on its two sides, the smaller first."""

    check: Check
    seen: Estimate
    kink: tuple[float, float] | None


def roundings(y: Value, xs: Sequence[Value]) -> tuple[float, list[float]]:
    """The rounding errors of y and of its derivatives by xs: the chain rule on absolute values.

    A node's own error (_own) changes y by up to pull[v] times as much: d y/d v if no terms cancelled. Inputs are exact.
    A slope below TINY has lost digits or is 0: the slope of atan at 1e94, squared, should be 1e-376.
    Source: S. Linnainmaa, BIT 16 (1976) 146.

    >>> from microgradx import Value
    >>> x = Value(1.0)
    >>> noise, blurs = roundings((x + 1e8) - 1e8, [x])      # is 1.0, and rounding may have made up half its digits
    >>> 1e-8 < noise < 1e-7, blurs == [EPSILON]
    (True, True)
    """
    pull = {y: 1.0}
    for v in reversed(tape(y)):
        for a, slope in zip(v.args, v.slopes):
            if slope is not None and v in pull and isinstance(a, Value):
                pull[a] = pull.get(a, 0.0) + (abs(slope) + TINY) * pull[v]
    noise = sum(_finite(force * _own(v)) for v, force in pull.items() if v.op)
    return noise, [_finite(EPSILON * pull.get(x, 0.0)) for x in xs]


def _own(v: Value) -> float:
    """The rounding error of one node at exact inputs.

    A row of more than two inputs rounds partial sums: that of [-1, -1e-16, 1] is 0, and has lost the middle term. A row
    with branches that returns an input as it is does not round: nothing is uncertain in max([-1e14, -1e14]).
    """
    terms = [(a.data if isinstance(a, Value) else a, slope) for a, slope in zip(v.args, v.slopes) if slope is not None]
    if v.op and v.op.kinks and all(x == v.data for x, _ in terms):
        return 0.0
    parts = [abs(x * slope) for x, slope in terms] if len(v.args) > 2 else []
    return math.ulp(max([abs(v.data), *parts]))


def _finite(x: float) -> float:
    """A rounding error; 0 if it is infinite, behind an infinite slope."""
    return x if math.isfinite(x) else 0.0
