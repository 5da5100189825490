"""The random generators that a model draws from, by name, and their states as plain data.

    >>> import random
    >>> from microgradx.nn import Dropout, Sequential
    >>> from microgradx.training.generators import checked, generators, states
    >>> one = random.Random(3)
    >>> found = generators(Sequential(Dropout(), Dropout(generator=one)))
    >>> [*found]
    ['random', '1.generator']
    >>> kept = checked(states(found), found)
    >>> first = one.random()
    >>> one.setstate(kept["1.generator"])
    >>> one.random() == first
    True
"""
import random
from collections.abc import Mapping
from typing import Any

from ..ieee import short
from ..nn import Module

State = tuple[Any, ...]                 # its version, 625 whole numbers, the other half of a pair of normal numbers


def generators(model: Module) -> dict[str, Any]:
    """The module `random`, and the generators that are attributes of Modules, each by its first name."""
    found: dict[Any, str] = {random: "random"}
    for path, module in model.named_modules():
        for name, x in vars(module).items():
            if isinstance(x, random.Random):
                found.setdefault(x, f"{path}.{name}".lstrip("."))
    return {name: generator for generator, name in found.items()}


def states(found: Mapping[str, Any]) -> dict[str, State]:
    """The state of each generator. ValueError for one that has none."""
    try:
        return {name: generator.getstate() for name, generator in found.items()}
    except NotImplementedError:
        raise ValueError("a checkpoint has the state of each random generator, and SystemRandom has none; write "
                         "random.Random(seed)") from None


def checked(given: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, State]:
    """What has been read as the states of these generators. ValueError for other names, or for what is no state."""
    if given.keys() != found.keys():
        raise ValueError(f"it has the random generators {short([*given], 200)}, the model {short([*found], 200)}")
    return {name: _checked(name, state) for name, state in given.items()}


def _checked(name: str, state: Any) -> State:
    try:
        version, words, gauss = state
        found = version, tuple(words), None if gauss is None else float(gauss)
        random.Random().setstate(found)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"expected the state of a random generator as {short(name)}, got {short(state)}") from None
    return found
