"""Conversion: arrays in a nesting become nested lists on the way in, and nested lists become arrays on the way out.

    >>> from array import array
    >>> from microgradx.conversion import arrayed, listed
    >>> listed({"w": array("d", [1.0, 2.0]), "f": abs})
    {'w': [1.0, 2.0], 'f': <built-in function abs>}
    >>> arrayed({"w": [[1.0, 2.0]], "y": 3.0})
    {'w': array([[1., 2.]]), 'y': 3.0}

One rule for all transforms: a call that has an array returns arrays, each of the shape that its nested lists have.
Within another transform nothing is converted: there all are nested lists of Values.
"""
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from operator import is_
from typing import Any

from .arrays import FLOATS, FromArray, is_array, may_be_array, nested, shaped
from .engine import Value
from .nesting import are_leaves, branches, is_leaf, leaves, regrown, walked

SIMPLE = frozenset((float, Value, int, bool, str, type(None)))      # holds no array; most often


def listed(tree: Any) -> Any:
    """A nesting with nested lists in place of its arrays; the same object if it has none."""
    return _without_arrays(tree, False)


def decided(tree: Any) -> Any:
    """A nesting with lists in place of its arrays of bools, which choose and are no numbers; the same object if it has
    none.

    >>> from array import array
    >>> decided((memoryview(b"\\x01\\x00").cast("?"), array("d", [1.0])))
    ([True, False], array('d', [1.0]))
    """
    return _without_arrays(tree, True)


def _without_arrays(tree: Any, bools: bool) -> Any:
    if tree.__class__ in SIMPLE or (tree.__class__ is tuple and SIMPLE.issuperset(map(type, tree))):
        return tree
    return walked(_listed, tree, bools)


def _listed(tree: Any, bools: bool) -> Any:
    if isinstance(tree, (list, tuple)):
        inner: Sequence[Any] = tree
    elif isinstance(tree, dict):
        inner = list(tree.values())
    elif hasattr(type(tree), "__dataclass_fields__") and not isinstance(tree, type):
        inner = [getattr(tree, f.name, None) for f in fields(tree)]
    else:
        if not may_be_array(type(tree)) or (bools and not has_bools(tree)):
            return tree
        return tree.tolist() if bools or not is_array(tree) else nested(tree)
    kinds = set(map(type, inner))
    if kinds <= SIMPLE or not any(map(_may_hold_arrays, kinds)):
        return tree
    new = [_listed(one, bools) for one in inner]
    if all(map(is_, inner, new)):
        return tree
    return regrown(tree, [_listed(one, bools) for one in branches(tree) or ()] if is_dataclass(tree) else new)


def has_bools(x: Any) -> bool:
    """Whether an array is one of bools: of numpy, torch or JAX, or a memoryview."""
    return str(getattr(x, "dtype", getattr(x, "format", ""))) in ("bool", "torch.bool", "?")


def _may_hold_arrays(kind: type) -> bool:
    return issubclass(kind, (list, tuple, dict)) or hasattr(kind, "__dataclass_fields__") or may_be_array(kind)


def even(tree: Any) -> tuple[int, ...] | None:
    """The shape of a number, of what was an array, or of nested lists of numbers of one length; None for all else.

    >>> even(1.0), even([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), even([[1.0], [2.0, 3.0]]), even((1.0, 2.0))
    ((), (2, 3), None, None)
    """
    return walked(_even, tree)  # type: ignore[no-any-return]


def _even(tree: Any) -> tuple[int, ...] | None:
    if tree.__class__ is FromArray and 0 in tree.sizes:
        return tree.sizes
    if tree.__class__ is not list and tree.__class__ is not FromArray:
        return () if is_leaf(tree) else None
    if are_leaves(tree):
        return (len(tree),)
    if FromArray in set(map(type, tree)):                    # a list of arrays
        return None
    inner = set(map(_even, tree))
    first = inner.pop()
    return None if inner or first is None else (len(tree), *first)


def arrayed(tree: Any) -> Any:
    """A nesting with an array in place of nested lists of numbers of one length, and of all that was one. Lists of
    Values stay what they are."""
    return walked(_arrayed, tree)


def _arrayed(tree: Any) -> Any:
    sizes = even(tree)
    if sizes:
        numbers = leaves(tree)
        if FLOATS.issuperset(map(type, numbers)):
            return shaped(numbers, sizes)
    inner = branches(tree) if sizes is None and not is_array(tree) else None
    return tree if inner is None else regrown(tree, map(_arrayed, inner))
