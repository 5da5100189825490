"""Effects: what layers keep and draw, recorded as a part of a program instead of done at once.

    >>> from microgradx import jit
    >>> from microgradx.nn import BatchNorm1d
    >>> norm = BatchNorm1d(1)
    >>> f = jit(lambda xs: [row[0] for row in norm(xs)])
    >>> f([[1.0], [3.0]]) == f([[1.0], [3.0]]), norm.num_batches_tracked.data
    (True, 2.0)

What a program reads, a Buffer or a random number, is an input that is given anew at each run; what it sets is a result
that is written back afterwards.
"""
from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...nn.state import Effects, Generator, effects
from ...value import Value


class Draw:
    """A random number: another one whenever it is asked."""

    def __init__(self, generator: Generator) -> None:
        self.generator: Any = generator or random

    @property
    def data(self) -> float:
        """The next number of the generator."""
        return self.generator.random()  # type: ignore[no-any-return]


class Recorder(Effects):
    """The effects of one program.

    sources     each Value that stands for what is read, and where its number comes from at a run: `.data` of this
    updates     each Buffer that is set, and to what
    """

    def __init__(self, unknown: Callable[[], Value]) -> None:
        self.unknown = unknown
        self.sources: dict[Value, Any] = {}
        self.updates: dict[Value, Any] = {}
        self.now: dict[Value, Any] = {}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it layers ask this Recorder."""
        token = effects.set(self)
        try:
            yield
        finally:
            effects.reset(token)

    def read(self, buffer: Value) -> Any:
        """What was set last, or what it holds when the program starts."""
        if buffer not in self.now:
            self.now[buffer] = self.source(buffer)
        return self.now[buffer]

    def write(self, buffer: Value, x: Any) -> None:
        """It is set after the run."""
        self.now[buffer] = self.updates[buffer] = x

    def draw(self, generator: Generator) -> Any:
        """An input of its own for each number."""
        return self.source(Draw(generator))

    def source(self, what: Any) -> Value:
        """A Value for what is given at each run."""
        found = self.unknown()
        self.sources[found] = what
        return found
