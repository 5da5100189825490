"""Random numbers for layers. A compiled program draws new ones in each run.

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
    """A uniform random number from 0 to below 1, for all layers; a compiled program draws a new one in each run."""
    trace = tracer()
    return (generator or random).random() if trace is None else trace.draw(generator)


def source(generator: Generator = None) -> Any:
    """Where first weights come from: the generator, or the module `random`. A layer that is made while jit traces draws

    them once: they are a part of the program.
    """
    trace = tracer()
    if trace is not None:
        trace.state.layers = True
    return generator or random
