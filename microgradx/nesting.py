"""Nested lists of numbers as one flat list, and back: functions take them, and gradients have the same nesting.

    >>> from microgradx.nesting import leaves, rebuild
    >>> leaves([1.0, [2.0, 3.0]])
    [1.0, 2.0, 3.0]
    >>> rebuild([1.0, [2.0, 3.0]], iter("abc"))
    ['a', ['b', 'c']]

A Module (anything with named_parameters()) stands for its parameters, Values or nested lists of them: a gradient by
it is a dict by name, {"weight": [[...]], "bias": [...]}.
Anything else (str, bool, None) is left as it is.
"""
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from .engine import Value
from .ieee import number


def is_leaf(x: Any) -> bool:
    """Whether `x` is a Value or a number."""
    return isinstance(x, Value) or (hasattr(type(x), "__float__") and not isinstance(x, bool))


def is_module(x: Any) -> bool:
    """Whether `x` has parameters by name, as a Module of nn has."""
    return hasattr(type(x), "named_parameters")


def leaves(tree: Any) -> list[Any]:
    """All Values and numbers in a nesting of lists, tuples and Modules, from left to right."""
    if isinstance(tree, (list, tuple)):
        return joined(tree, leaves)
    if is_module(tree):
        return joined([parameter for _, parameter in tree.named_parameters()], leaves)
    return [tree] if is_leaf(tree) else []


def joined(branches: Collection[Any], inside: Callable[[Any], list[Any]]) -> list[Any]:
    """The leaves in all branches, one list. Most lists hold only Values or floats, which need no call for each."""
    if are_leaves(branches):
        return list(branches)
    return list(chain.from_iterable(map(inside, branches)))


def are_leaves(branches: Iterable[Any]) -> bool:
    """Whether all are Values or floats."""
    return all(kind is float or issubclass(kind, Value) for kind in set(map(type, branches)))


def rebuild(tree: Any, new: Iterator[Any]) -> Any:
    """The nesting of `tree` with each leaf replaced by the next of `new`; a Module becomes a dict by name."""
    if isinstance(tree, (list, tuple)):
        branches = list(islice(new, len(tree))) if are_leaves(tree) else [rebuild(branch, new) for branch in tree]
        return branches if isinstance(tree, list) else tuple(branches)
    if is_module(tree):
        return {name: rebuild(parameter, new) for name, parameter in tree.named_parameters()}
    return next(new) if is_leaf(tree) else tree


def shape(tree: Any) -> tuple[int, ...]:
    """The lengths of a nesting from outside in, () for a number. ValueError where rows differ in length (ragged).

    >>> from microgradx.nesting import shape
    >>> shape([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    (2, 3)
    """
    if not isinstance(tree, (list, tuple)):
        return ()
    if are_leaves(tree):
        return (len(tree),)
    inner = {shape(branch) for branch in tree}
    if len(inner) > 1:
        raise ValueError(f"ragged: elements of one list have shapes {' and '.join(map(str, sorted(inner)))}; "
                         "give every row the same length")
    return (len(tree), *(inner.pop() if inner else ()))


def floated(tree: Any) -> Any:
    """A sample with all its numbers, ints too, as floats. Lists that hold nothing but floats are not copied.

    >>> from microgradx.nesting import floated
    >>> floated(([1, 2.5], 3, "x"))
    ([1.0, 2.5], 3.0, 'x')
    """
    if isinstance(tree, (list, tuple)):
        branches = tree if set(map(type, tree)) == {float} else [floated(branch) for branch in tree]
        return branches if isinstance(tree, list) else tuple(branches)
    return tree.data if isinstance(tree, Value) else number(tree) if is_leaf(tree) else tree


def paths(tree: Any, path: str) -> list[str]:
    """The name of each leaf of a nesting: its label, or the path to it, "args[1][0]", "args[0].weight"."""
    if isinstance(tree, (list, tuple)):
        return [name for i, branch in enumerate(tree) for name in paths(branch, f"{path}[{i}]")]
    if is_module(tree):
        return [name for key, part in tree.named_parameters() for name in paths(part, f"{path}.{key}")]
    return [getattr(tree, "label", None) or path] if is_leaf(tree) else []
