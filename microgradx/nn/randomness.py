"""Random numbers of layers. In a compiled program each run draws anew.

    >>> import random
    >>> from microgradx.nn.randomness import draw
    >>> draw(random.Random(1)) == random.Random(1).random()
    True
"""
import random
from typing import Any

from ..engine import tracer

Generator = random.Random | None            # None: the functions of the module `random`


def draw(generator: Generator = None) -> Any:
    """A number drawn evenly from 0 to below 1, in a compiled program at each run anew. All layers draw here."""
    trace = tracer()
    return (generator or random).random() if trace is None else trace.draw(generator)
