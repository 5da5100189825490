"""Python's operators, written once: each calls the operand's own `_apply(op, args)` with a row of the table.

    >>> from microgradx.arithmetic import Arithmetic
    >>> class Shout(Arithmetic["Shout"]):
    ...     def _apply(self, op, args):
    ...         return op.name.upper()
    >>> Shout() * 2, 1 - Shout(), Shout().tanh()
    ('MUL', 'SUB', 'TANH')

All operands inherit their operators from here: Value records (engine.py), Symbol writes text (text.py), Ieee computes
by IEEE 754 (ieee.py), Script writes JavaScript, VectorMath writes machine code.
"""
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")

TABLE: dict[str, Any] = {}          # every row by name; see table.py


class Arithmetic(Generic[T]):
    """The base class of operands that stand in for a number. T is the type that the operators return.

    A subclass defines `_apply(op, args)`: the result of row `op` at the arguments `args` of the call, at least one of
    which is of its class. For a row of lists (a Reduction) args are the lists.
    """

    __slots__ = ()

    def _apply(self, op: Any, args: Sequence[Any]) -> T:
        raise NotImplementedError

    def __add__(self, b: T | float) -> T:
        return self._apply(TABLE["add"], (self, b))

    def __radd__(self, a: float) -> T:
        return self._apply(TABLE["add"], (a, self))

    def __sub__(self, b: T | float) -> T:
        return self._apply(TABLE["sub"], (self, b))

    def __rsub__(self, a: float) -> T:
        return self._apply(TABLE["sub"], (a, self))

    def __mul__(self, b: T | float) -> T:
        return self._apply(TABLE["mul"], (self, b))

    def __rmul__(self, a: float) -> T:
        return self._apply(TABLE["mul"], (a, self))

    def __truediv__(self, b: T | float) -> T:
        return self._apply(TABLE["div"], (self, b))

    def __rtruediv__(self, a: float) -> T:
        return self._apply(TABLE["div"], (a, self))

    def __pow__(self, n: T | float) -> T:
        return self._apply(TABLE["pow"], (self, n))

    def __rpow__(self, x: float) -> T:
        return self._apply(TABLE["pow"], (x, self))

    def __neg__(self) -> T:
        return self._apply(TABLE["neg"], (self,))

    def __pos__(self) -> T:
        return self._apply(TABLE["identity"], (self,))

    def __abs__(self) -> T:
        return self._apply(TABLE["abs"], (self,))

    def __lt__(self, b: T | float) -> T:
        return self._apply(TABLE["less"], (self, b))

    def __le__(self, b: T | float) -> T:
        return self._apply(TABLE["less_equal"], (self, b))

    def __gt__(self, b: T | float) -> T:
        return self._apply(TABLE["greater"], (self, b))

    def __ge__(self, b: T | float) -> T:
        return self._apply(TABLE["greater_equal"], (self, b))

    # Functions that are methods in micrograd and PyTorch too

    def exp(self) -> T:
        """exp(self): the row of the table."""
        return self._apply(TABLE["exp"], (self,))

    def log(self) -> T:
        """log(self): the row of the table."""
        return self._apply(TABLE["log"], (self,))

    def sqrt(self) -> T:
        """sqrt(self): the row of the table."""
        return self._apply(TABLE["sqrt"], (self,))

    def sin(self) -> T:
        """sin(self): the row of the table."""
        return self._apply(TABLE["sin"], (self,))

    def cos(self) -> T:
        """cos(self): the row of the table."""
        return self._apply(TABLE["cos"], (self,))

    def tanh(self) -> T:
        """tanh(self): the row of the table."""
        return self._apply(TABLE["tanh"], (self,))

    def sigmoid(self) -> T:
        """sigmoid(self): the row of the table."""
        return self._apply(TABLE["sigmoid"], (self,))

    def relu(self) -> T:
        """relu(self): the row of the table."""
        return self._apply(TABLE["relu"], (self,))
