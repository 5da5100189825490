"""Effects: what a layer does beside computing. BatchNorm keeps numbers from call to call, Dropout draws at random.

    >>> import random
    >>> from microgradx.nn.state import draw
    >>> draw(random.Random(1)) == random.Random(1).random()
    True

As a rule both happen at once. While a program is recorded they become a part of it: the compiler puts Effects of its
own in place, and the program then keeps and draws, at each run, what the layer would have.
"""
import random
from contextvars import ContextVar
from typing import Any

from ..ieee import number
from ..value import Value

Generator = random.Random | None            # None: the functions of the module `random`


class Effects:
    """At once: the number of a Buffer is read and set, a generator is asked."""

    def read(self, buffer: Value) -> Any:
        """What a Buffer holds now."""
        return buffer._data

    def write(self, buffer: Value, x: Any) -> None:
        """A Buffer takes a number, or that of a Value."""
        buffer._data = x._data if isinstance(x, Value) else number(x)

    def draw(self, generator: Generator) -> Any:
        """A number from 0 to below 1."""
        return (generator or random).random()


effects: ContextVar[Effects] = ContextVar("effects", default=Effects())         # noqa: B039  # it has no state


def draw(generator: Generator = None) -> Any:
    """A number drawn evenly from 0 to below 1, in a compiled program at each run anew. All layers draw here."""
    return effects.get().draw(generator)
