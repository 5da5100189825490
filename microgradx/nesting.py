"""Nested containers of numbers as one flat list, and back: functions take them, and gradients have the same nesting.

    >>> from microgradx.nesting import leaves, rebuild
    >>> leaves([1.0, {"a": 2.0, "b": (3.0, None)}])
    [1.0, 2.0, 3.0]
    >>> rebuild([1.0, {"a": 2.0, "b": (3.0, None)}], iter("xyz"))
    ['x', {'a': 'y', 'b': ('z', None)}]

A container is a list, a tuple (also a named one), a dict or a dataclass; JAX calls such a nesting a pytree. A Module
(anything with named_parameters()) stands for its parameters, Values or nested lists of them: a gradient by it is a dict
by name, {"weight": [[...]], "bias": [...]}. An array stands for its nested lists (arrays.py). What is no number (str,
bool, None, a function) is left as it is; a set or an object of another class is refused, because numbers in it would be
ignored.
"""
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import chain, islice
from random import Random
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import Any, NoReturn

from .arrays import FromArray, is_array, nested
from .arrays import shape as shape_of
from .engine import Value
from .ieee import kind_of, number, printable, short
from .table import Op

DEEP, ENDLESS = 100, 20_000             # levels that Python's stack has room for, wherever a function is called
PLAIN = (str, bytes, bool, NoneType, Enum, FunctionType, BuiltinFunctionType, type, Op)     # cannot hold a number
FIXED = (*PLAIN, int, complex, range, frozenset, Random)    # what does not change, or may be a part of a program


def is_leaf(x: Any) -> bool:
    """Whether `x` is a Value or a number."""
    return isinstance(x, Value) or (hasattr(type(x), "__float__") and not isinstance(x, bool) and not is_array(x))


def is_module(x: Any) -> bool:
    """Whether `x` has parameters by name, as a Module of nn has."""
    return hasattr(type(x), "named_parameters")


def is_empty(x: Any) -> bool:
    """Whether `x` holds nothing: empty containers, None, Modules without parameters."""
    inner = branches(x)
    return x is None or is_module(x) if inner is None else all(map(is_empty, inner))


# Containers ----------------------------------------------------------------------------------------------------

def branches(tree: Any) -> Sequence[Any] | None:
    """What a container holds: elements, values of a dict, fields of a dataclass. None for what is no container."""
    if isinstance(tree, (list, tuple)):
        return tree
    if isinstance(tree, dict):
        return list(tree.values())
    if is_dataclass(tree) and not isinstance(tree, type) and not is_module(tree):
        return [getattr(tree, name) for name in _names(tree)]
    return nested(tree) if is_array(tree) else None


def regrown(tree: Any, new: Iterable[Any]) -> Any:
    """A container of the same kind that holds `new`: no constructor runs, so that none refuses a gradient."""
    if tree.__class__ is tuple:
        return tuple(new)
    if isinstance(tree, tuple):
        again = tuple.__new__(type(tree), new)
        getattr(again, "__dict__", {}).update(getattr(tree, "__dict__", {}))
        return again
    if tree.__class__ is list:
        return list(new)
    if tree.__class__ is FromArray or is_array(tree):
        return FromArray(new, getattr(tree, "sizes", None) or shape_of(tree))
    found = copy(tree)
    if isinstance(tree, list):
        found[:] = new
    elif isinstance(tree, dict):
        dict.update(found, zip(tree, new))              # that of a Counter would add
    else:
        for name, x in zip(_names(tree), new):
            object.__setattr__(found, name, x)          # a frozen one, too
    return found


def _names(tree: Any) -> list[str]:
    """The fields of a dataclass. TypeError if it keeps a number that it has computed from them."""
    own, computes = fields(tree), hasattr(tree, "__post_init__")
    names = [f.name for f in own if f.init or not computes]
    for name in {*(f.name for f in own), *getattr(tree, "__dict__", ())}.difference(names):
        if not isinstance(found := getattr(tree, name, None), PLAIN):
            raise TypeError(f"{kind_of(tree)}.{printable(name)} is {short(found)}, no field that its constructor "
                            "takes: it would not follow the fields; write it as a property")
    return names


def refuse(tree: Any, why: str = "") -> NoReturn:
    """TypeError for what is neither a number nor a container of numbers; it says what to write instead."""
    raise TypeError("expected a number, a Value, a Module, an array, or a list, tuple, dict or dataclass of them, "
                    f"got {short(tree)} ({printable(type(tree).__name__)}){why}; {_advice(tree)}")


def _advice(tree: Any) -> str:
    if isinstance(tree, bool):
        return "write float(...)"
    if isinstance(tree, PLAIN):
        return "pass it as another argument"
    if hasattr(type(tree), "toarray"):                  # a sparse matrix
        return "write .toarray()"
    if hasattr(type(tree), "__iter__"):
        return "write dict(...)" if isinstance(tree, Mapping) else "write list(...)"
    return "pass its numbers in a list or dict"


# Depth ---------------------------------------------------------------------------------------------------------

def walked(walk: Callable[..., Any], tree: Any, *more: Any) -> Any:
    """walk(tree, *more), which calls itself for each branch. ValueError with the depth of what is too deep for that."""
    try:
        return walk(tree, *more)
    except RecursionError:
        deep = depth(tree)
        if deep < DEEP:
            raise                           # it was not the nesting
        levels = f"{deep} levels" if deep < ENDLESS else "a container that holds itself"
        raise ValueError(f"expected containers within containers, at most {DEEP} levels or so, got {levels}; give the "
                         "numbers in a flat list") from None


def depth(tree: Any) -> int:
    """How many containers stand within each other. ENDLESS if one holds itself."""
    level, deep = [tree], 0
    while deep < ENDLESS:
        inner = [branches(x) for x in level]
        if not any(x is not None for x in inner):
            return deep
        level = list({id(y): y for x in inner for y in x or ()}.values())
        deep += 1
    return deep


# Leaves --------------------------------------------------------------------------------------------------------

def leaves(tree: Any) -> list[Any]:
    """All Values and numbers in a nesting of containers and Modules, from left to right. TypeError for anything that
    could hold numbers but is no container, such as a set."""
    return walked(_leaves, tree)  # type: ignore[no-any-return]


def _leaves(tree: Any) -> list[Any]:
    inner = branches(tree)
    if inner is not None:
        return joined(inner, _leaves)
    if is_module(tree):
        return joined([parameter for _, parameter in tree.named_parameters()], _leaves)
    return leaf(tree)


def leaf(tree: Any) -> list[Any]:
    """[tree] for a number, [] for what cannot hold one. TypeError for anything else."""
    if is_leaf(tree):
        return [tree]
    return [] if isinstance(tree, PLAIN) else refuse(tree)


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
    return walked(_rebuild, tree, new)


def _rebuild(tree: Any, new: Iterator[Any]) -> Any:
    inner = branches(tree)
    if inner is not None:
        return regrown(tree, list(islice(new, len(inner))) if are_leaves(inner) else [_rebuild(b, new) for b in inner])
    if is_module(tree):
        return {name: _rebuild(parameter, new) for name, parameter in tree.named_parameters()}
    return next(new) if is_leaf(tree) else tree


def shape(tree: Any) -> tuple[int, ...]:
    """The lengths of a nesting from outside in, () for a number. ValueError where rows differ in length (ragged).

    >>> from microgradx.nesting import shape
    >>> shape([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    (2, 3)
    """
    return walked(_shape, tree)  # type: ignore[no-any-return]


def _shape(tree: Any) -> tuple[int, ...]:
    if not isinstance(tree, (list, tuple)):
        return shape_of(tree) if is_array(tree) else ()
    if are_leaves(tree):
        return (len(tree),)
    inner = {_shape(branch) for branch in tree}
    if len(inner) > 1:
        raise ValueError(f"ragged: elements of one list have shapes {' and '.join(map(str, sorted(inner)))}; "
                         "give every row the same length")
    return (len(tree), *(inner.pop() if inner else ()))


def floated(tree: Any) -> Any:
    """A sample with all its numbers, ints too, as floats. Lists that hold nothing but floats are not copied.

    Bools stay, as they do in jit, where they are a part of the program: a mask of bools is no mask of 1.0 and 0.0.

    >>> from microgradx.nesting import floated
    >>> floated(([1, 2.5], {"y": 3}, "x", True))
    ([1.0, 2.5], {'y': 3.0}, 'x', True)
    """
    return walked(_floated, tree)


def _floated(tree: Any) -> Any:
    inner = branches(tree)
    if inner is not None:
        alone = tree.__class__ is list and set(map(type, inner)) == {float}
        return tree if alone else regrown(tree, map(_floated, inner))
    return tree.data if isinstance(tree, Value) else number(tree) if is_leaf(tree) else tree


def paths(tree: Any, path: str) -> list[str]:
    """The name of each leaf of a nesting: its label, or the path to it, "args[1][0]", "args[0].weight"."""
    inner = branches(tree)
    if inner is None and is_module(tree):
        return [name for key, part in tree.named_parameters() for name in paths(part, f"{path}.{key}")]
    if inner is None:
        return [printable(getattr(tree, "label", None) or path)] if is_leaf(tree) else []
    return [name for key, branch in zip(keys(tree), inner) for name in paths(branch, path + key)]


def keys(tree: Any) -> Iterable[str]:
    """How Python writes each branch of a container: "[0]", "['a']", ".a"."""
    if isinstance(tree, dict):
        return [f"[{key!r}]" for key in tree]
    names = getattr(tree, "_fields", None) or (_names(tree) if is_dataclass(tree) else None)
    return [f".{name}" for name in names] if names else [f"[{i}]" for i in range(len(tree))]
