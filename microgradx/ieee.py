"""Floats that answer as IEEE 754 does, where Python's own operators raise.

    >>> from microgradx.ieee import divide, number, power
    >>> divide(1.0, 0.0), divide(1.0, -0.0), power(-4.0, 0.5)
    (inf, -inf, nan)
    >>> number(True), number(10**400)
    (1.0, inf)
"""
import math
from collections.abc import Sequence
from typing import Any

inf, nan = math.inf, math.nan
PLAIN = frozenset((float, int, bool))       # the numbers that need no second look
RAISED = (ValueError, ArithmeticError)      # what math and float operators raise where IEEE has an answer


def number(x: Any) -> float:
    """`x` as a float: int, bool, Fraction, Decimal, numpy scalar. TypeError for all that is not one real number."""
    kind = x.__class__
    if kind is float:
        return x  # type: ignore[no-any-return]
    if not hasattr(kind, "__float__") or hasattr(kind, "__len__") or "complex" in kind.__name__:
        raise TypeError(f"expected a number or a Value, got {short(x)} ({kind.__name__}); {_advice(x)}")
    try:
        return float(x)
    except OverflowError:                    # an int beyond 1.8e308 rounds to infinity, as IEEE has it
        return inf if x > 0 else -inf


def short(x: Any, limit: int = 40) -> str:
    """`repr(x)`, cut to `limit` characters: what an error message shows of an input."""
    text = repr(x)
    return text if len(text) <= limit else text[:limit - 3] + "..."


def _advice(x: Any) -> str:
    if isinstance(x, (str, bytes)):
        return "write float(...) to read a number from text"
    if hasattr(x, "__len__") or hasattr(x, "__iter__"):
        return "apply the operation to each element: [f(v) for v in ...]"
    return "write one real number"


def divide(a: float, b: float) -> float:
    """a/b: one rounding; a/0 is infinite with the sign of both, 0/0 is nan."""
    try:
        return a / b
    except ZeroDivisionError:
        return nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1.0, b)


def power(x: float, n: float) -> float:
    """x**n: 0**0 is 1, 0**-1 a pole, nan (never complex) for a fractional power of a negative base."""
    try:
        return math.pow(x, n)
    except OverflowError:
        return -inf if x < 0 and n % 2 == 1 else inf
    except ValueError:
        if x != 0:
            return nan
        return math.copysign(inf, x) if n % 2 == 1 else inf


class Ieee(float):
    """A float whose operators never raise. A slope is read on it where plain floats raised."""

    __slots__ = ()

    @staticmethod
    def _apply(op: Any, args: Sequence[float]) -> "Ieee":
        return Ieee(op.at(*map(float, args)))

    def __add__(self, b: float) -> "Ieee":
        return Ieee(float(self) + b)

    def __sub__(self, b: float) -> "Ieee":
        return Ieee(float(self) - b)

    def __rsub__(self, a: float) -> "Ieee":
        return Ieee(a - float(self))

    def __mul__(self, b: float) -> "Ieee":
        return Ieee(float(self) * b)

    def __truediv__(self, b: float) -> "Ieee":
        return Ieee(divide(float(self), float(b)))

    def __rtruediv__(self, a: float) -> "Ieee":
        return Ieee(divide(float(a), float(self)))

    def __pow__(self, n: float, mod: None = None) -> "Ieee":
        return Ieee(power(float(self), float(n)))

    def __neg__(self) -> "Ieee":
        return Ieee(-float(self))

    __radd__, __rmul__ = __add__, __mul__
