"""Floats that return the results of IEEE 754 where Python's own operators raise.

    >>> from microgradx.ieee import divide, number, power
    >>> divide(1.0, 0.0), divide(1.0, -0.0), power(-4.0, 0.5)
    (inf, -inf, nan)
    >>> number(True), number(10**400)
    (1.0, inf)
"""
import math
import sys
from collections.abc import Mapping, Sequence, Set
from typing import Any

from .arithmetic import Arithmetic

inf, nan = math.inf, math.nan
LARGEST = sys.float_info.max                # of all finite floats
PLAIN = frozenset((float, int, bool))       # types that float() always converts correctly
NO_LIST = (str, bytes, Mapping, Set)        # can be read one by one, but are no numbers, or in no order of their own
RAISED = (ValueError, ArithmeticError)      # raised by math and float operators where IEEE 754 has a result


def number(x: Any) -> float:
    """`x` as a float. TypeError unless it is one real number.

    Accepts int, bool, Fraction, Decimal, a numpy scalar, an array without dimensions.
    """
    kind = x.__class__
    if kind is float:
        return x  # type: ignore[no-any-return]
    if kind not in PLAIN and (not hasattr(kind, "__float__") or hasattr(kind, "__len__") or "complex" in kind.__name__):
        if getattr(x, "shape", None) == () and hasattr(kind, "tolist"):
            return number(x.tolist())       # an array without dimensions: its element
        raise TypeError(f"expected a number or a Value, got {short(x)} ({kind_of(x)}); {_advice(x)}")
    try:
        return float(x)
    except OverflowError:                    # IEEE 754 rounds an int beyond 1.8e308 to infinity
        return inf if x > 0 else -inf
    except TypeError as error:
        if not str(error).startswith("float()"):
            raise                            # a Value's own, which says what to write instead
        raise TypeError(f"expected a number or a Value, got {short(x)} ({kind_of(x)}); {_advice(x)}") from None


def short(x: Any, limit: int = 40) -> str:
    """`repr(x)`, printable and cut to `limit` characters, for an error message."""
    try:
        text = printable(repr(x))
    except RecursionError:
        text = f"a {printable(type(x).__name__)} that is nested too deep"
    return text if len(text) <= limit else text[:limit - 3] + "..."


def printable(text: str) -> str:
    """A text of a user's, for a message or a picture: what does not print is written as its code, so that no escape
    sequence reaches a terminal, and no line is broken or turned around.

    >>> from microgradx.ieee import printable
    >>> print(printable("a\x1b[31m"))
    a\\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def kind_of(x: Any) -> str:
    """The name of an object's class, printable: a user may give it any."""
    return printable(type(x).__name__)


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


class Ieee(Arithmetic["Ieee"], float):  # type: ignore[misc]     # the operators of the first take precedence
    """A float whose operators never raise. Rows compute a slope on it after plain floats have raised."""

    __slots__ = ()

    @staticmethod
    def of(x: Any) -> Any:
        """A float as Ieee; a Value or Symbol, which never raises either, as it is."""
        return Ieee(x) if x.__class__ is float else x

    @staticmethod
    def plain(x: Any) -> Any:
        """An Ieee (or a number) as a float, nan for a complex one; a Value or Symbol as it is."""
        return float(x) if isinstance(x, (int, float)) else nan if isinstance(x, complex) else x

    def _apply(self, op: Any, args: Sequence[Any]) -> Any:
        for x in op.flat(args):
            if hasattr(type(x), "_apply") and not isinstance(x, Ieee):
                return x._apply(op, args)
        return Ieee(op.at(*map(float, op.flat(args))))
