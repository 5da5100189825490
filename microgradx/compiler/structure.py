"""Structure: what of the arguments is a part of the program, and what is a number that it is run on.

    >>> from microgradx.compiler.structure import flat, key, rebuilt
    >>> flat([0.5, ["relu", 2.0, 3]])
    [0.5, 2.0]
    >>> key([0.5, 3]) == key([0.7, 3]), key([0.5, 3]) == key([0.5, 4])      # an int is a size, an index, a choice
    (True, False)
    >>> rebuilt({"w": [0, 0], "b": 0}, iter([1.0, 2.0, 3.0]))
    {'w': [1.0, 2.0], 'b': 3.0}

Floats, Values and the parameters of Modules are numbers. All else is structure: ints, bools, strings, None, nesting.
"""
from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from ..ieee import number
from ..nesting import is_leaf, is_module, leaves, shape
from ..value import Value

FLOAT = "number"


def is_number(x: Any) -> bool:
    """Whether an argument is a number to run on: a float, a Value, a numpy scalar; not an int."""
    return x.__class__ is float or isinstance(x, Value) or (is_leaf(x) and not isinstance(x, int))


def flat(tree: Any) -> list[Any]:
    """All numbers of the arguments, a Module's parameters as its Values."""
    if isinstance(tree, (list, tuple)):
        return [x for branch in tree for x in flat(branch)]
    if is_module(tree):
        return leaves(tree)
    return [tree] if is_number(tree) else []


def key(tree: Any) -> Hashable:
    """What two arguments must have in common to be given to the same program.

    TypeError if a part of it is neither a number nor can be told apart by its hash.
    """
    if is_number(tree):
        return FLOAT
    if isinstance(tree, (list, tuple)):
        kinds = set(map(type, tree))
        if kinds == {float}:
            return type(tree), len(tree)
        return type(tree), tuple(map(key, tree))
    if is_module(tree):
        return module_key(tree)
    try:
        hash(tree)
    except TypeError:
        raise TypeError("jit takes floats, Values, Modules, nested lists of them, and ints, strings and the like, "
                        f"which become a part of the program; got {type(tree).__name__}") from None
    return type(tree), tree


def module_key(module: Any) -> Hashable:
    """Names and shapes of the parameters, and the mode (train or eval) of each Module within."""
    return (type(module).__qualname__, tuple((name, shape(values)) for name, values in module.named_parameters()),
            tuple(inner.training for _, inner in module.named_modules()))


def results(tree: Any) -> list[Any]:
    """All Values and numbers that a function returned; a gradient by a Module is a dict."""
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in results(branch)]
    if isinstance(tree, (list, tuple)):
        return [x for branch in tree for x in results(branch)]
    return [tree] if is_leaf(tree) else []


def rebuilt(tree: Any, numbers: Iterator[float]) -> Any:
    """The nesting of `tree` with the next numbers in it."""
    if isinstance(tree, dict):
        return {name: rebuilt(branch, numbers) for name, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        branches = [rebuilt(branch, numbers) for branch in tree]
        return branches if isinstance(tree, list) else tuple(branches)
    return next(numbers) if is_leaf(tree) else tree


def emptied(tree: Any) -> Any:
    """The nesting of what a function returned, with 0 for each Value: it outlives the graph."""
    return rebuilt(tree, iter([0.0] * len(results(tree))))


def floated(tree: Any) -> Any:
    """A sample with all its numbers, ints too, as floats: inputs. Lists that hold nothing else are not copied."""
    if isinstance(tree, (list, tuple)):
        branches = tree if set(map(type, tree)) == {float} else [floated(branch) for branch in tree]
        return branches if isinstance(tree, list) else tuple(branches)
    return tree.data if isinstance(tree, Value) else number(tree) if is_leaf(tree) else tree


def numbers(tree: Any) -> list[float]:
    """All numbers of a sample, in order; ints are none.

    >>> from microgradx.compiler.structure import numbers
    >>> numbers(([[0.5, 2.0], [1.0]], 3))
    [0.5, 2.0, 1.0]
    """
    if not isinstance(tree, (list, tuple)):
        return [tree.data if isinstance(tree, Value) else number(tree)] if is_number(tree) else []
    if set(map(type, tree)) == {float}:
        return list(tree)
    return [x for branch in tree for x in numbers(branch)]
