"""Arguments: read() separates their numbers, the inputs of a program, from their structure, a part of the program.

    >>> from microgradx.compiler.trace.arguments import read
    >>> numbers, modules = [], []
    >>> structure = read([0.5, ["relu", 2.0, 3]], numbers, modules)
    >>> numbers
    [0.5, 2.0]
    >>> structure == read([0.7, ["relu", 1.0, 3]], [], []), structure == read([0.5, ["relu", 2.0, 4]], [], [])
    (True, False)

Floats, Values and the parameters of Modules are numbers. Everything else is structure: ints (a size, an index, a
choice), bools, strings, None, functions, nesting.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import is_dataclass
from itertools import chain, repeat
from math import prod
from typing import Any

from ...arrays import FromArray, as_numpy, is_array, packed, rounded, shape, shaped
from ...engine import Value
from ...ieee import number
from ...nesting import FIXED, branches, is_leaf, is_module, leaves, refuse, walked
from ...training.optim import Optimiser
from .module_snapshot import ModuleSnapshot, snapshot

FLOAT = "number"
FLOATS, LISTS = {float}, {list}
STATIC = (int, bool, str, type(None))   # what an exact call compares by ==
PYTHONS = (list, tuple)
PARTS = (*FIXED, Optimiser)             # what is a part of the program
MANY, DEEP = 256, 8                     # objects, and lists within lists, that an exact call has at most,
MOST, RUN = 4096, 8                     # and numbers, of which so many in one list are as one object: a loop

Sizes = tuple[int, ...]


class ArrayOf:
    """An array of this shape, in a structure or in the nesting of a result."""

    __slots__ = ("sizes",)

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayOf) and self.sizes == other.sizes

    def __hash__(self) -> int:
        return hash(self.sizes)

    def __len__(self) -> int:
        return prod(self.sizes)

    def __repr__(self) -> str:
        return f"ArrayOf({self.sizes})"


class ArrayArgument:
    """An array among the arguments, whose numbers are inputs, ints too.

    values      its numbers, one after the other; Values where it holds Values and these are wanted
    """

    def __init__(self, given: Any, taken: Callable[[Any], Any]) -> None:
        if isinstance(given, FromArray):
            self.sizes, self.values = given.sizes, [taken(x) for x in leaves(given)]
            return
        found = as_numpy(given, "float32")
        self.sizes = tuple(map(int, found.shape))
        if found.dtype == object:
            self.values = [taken(x) for x in found.reshape(-1).tolist()]
        else:
            self.array = packed(found, found.dtype if found.dtype == "float32" else "float64")

    def __getattr__(self, name: str) -> Any:
        if name == "values":
            self.values = self.array.reshape(-1).tolist()
        elif name == "array":
            self.array = shaped([*map(float, self.values)], self.sizes)
        return self.__getattribute__(name)

    def packed(self, dtype: str) -> Any:
        """The array in float64 or float32: itself if it is one."""
        return rounded(self.array, dtype)

    def numbers(self) -> list[float]:
        """Its numbers, one after the other."""
        return self.values


Modules = list[tuple[int, ModuleSnapshot | ArrayArgument]]      # what has many inputs, and how many numbers are before


def is_number(x: Any) -> bool:
    """Whether an argument is an input of the program: a float, a Value, a numpy scalar; not an int."""
    return x.__class__ is float or isinstance(x, Value) or (is_leaf(x) and not isinstance(x, int))


def plain(x: Any) -> float:
    """A Value, or any number, as a float."""
    return x.data if isinstance(x, Value) else number(x)


def read(tree: Any, numbers: list[Any], modules: Modules, taken: Callable[[Any], Any] = plain) -> Hashable:
    """The structure of an argument, the same for all arguments that share a program. TypeError for a part that is
    neither numbers nor fixed: another object could change, and its program would not notice.

    Appends its numbers to `numbers`, those that are not floats as taken(x), and each Module and array to `modules`,
    with the count of numbers before it.
    """
    return walked(_read, tree, numbers, modules, taken)  # type: ignore[no-any-return]


def _read(tree: Any, numbers: list[Any], modules: Modules, taken: Callable[[Any], Any]) -> Hashable:
    kind = tree.__class__
    if kind is float:
        numbers.append(tree)
        return FLOAT
    if kind is FromArray or is_array(tree):
        modules.append((len(numbers), one := ArrayArgument(tree, taken)))
        return ArrayOf(one.sizes)
    if isinstance(tree, (list, tuple)):
        kinds = set(map(type, tree))
        if kinds == FLOATS and kind in PYTHONS:
            numbers += tree
            return kind, len(tree)
        if kind is list and kinds == LISTS and all(tree):
            found = [*chain.from_iterable(tree)]
            if set(map(type, found)) == FLOATS: # a matrix, such as a batch: row by row would take longer
                numbers += found
                return kind, tuple(zip(repeat(list), map(len, tree)))
        parts = tuple([_read(branch, numbers, modules, taken) for branch in tree])
        if kind not in PYTHONS and (own := _own(tree)):
            return kind, parts, own
        return kind, len(parts) if parts and all(part is FLOAT for part in parts) else parts
    if is_number(tree):
        numbers.append(taken(tree))
        return FLOAT
    if is_module(tree):
        modules.append((len(numbers), known := snapshot(tree)))
        return known
    inner = branches(tree)
    if inner is not None:
        keys = tuple(tree) if isinstance(tree, dict) else ()
        parts = tuple([_read(branch, numbers, modules, taken) for branch in inner])
        return (kind, keys, parts) if kind is dict or is_dataclass(tree) else (kind, keys, parts, _own(tree))
    return kind, repr(tree) if kind in (range, complex) else fixed(tree)      # ranges without an element are equal


def _own(tree: Any) -> tuple[Any, ...]:
    """What a container of a class of its own has besides its elements: a part of the program. TypeError for what could
    change."""
    own = dict(getattr(tree, "__dict__", {}))
    if makes := getattr(tree, "default_factory", None):
        own["default_factory"] = makes
    return tuple([(name, type(x), x if x.__class__ is float else fixed(x)) for name, x in own.items()])


def fixed(x: Any) -> Any:
    """What is no number and becomes a part of the program, as what f closes over: a function, an int, a str. TypeError
    for another object, whose numbers could change while the program does not."""
    return x if isinstance(x, PARTS) or callable(x) else refuse(x)


def read_call(args: tuple[Any, ...], options: dict[str, Any], numbers: list[Any], modules: Modules,
              taken: Callable[[Any], Any] = plain) -> Hashable:
    """The same for all arguments of a call; its keyword arguments are a dict after the others."""
    return read((*args, options) if options else args, numbers, modules, taken), bool(options)


def by_key(structure: Any) -> Any:
    """The structure with the key of each Module in place of its snapshot: for another process."""
    if isinstance(structure, ModuleSnapshot):
        return structure.key
    return tuple(map(by_key, structure)) if isinstance(structure, tuple) else structure


def with_modules(numbers: list[Any], modules: Modules, values: Callable[[Any], Sequence[Any]]) -> list[Any]:
    """The numbers of the arguments, with those of each Module and array inserted."""
    for place, one in reversed(modules):
        numbers[place:place] = values(one)
    return numbers


def zeroed(tree: Any) -> Any:
    """The arguments with 0.0 in place of every number, and snapshots of Modules."""
    if tree.__class__ is list or tree.__class__ is tuple:
        return tree.__class__(map(zeroed, tree))
    if is_array(tree):
        return ArrayOf(shape(tree))
    if is_module(tree):
        return snapshot(tree)
    return 0.0 if is_number(tree) else tree


def is_exact(tree: Any, static: tuple[type, ...] = STATIC, depth: int = 0) -> bool:
    """Whether an exact call can check or make this nesting: only floats, arrays and what is of the classes `static`, in
    lists and tuples, and dicts if these are among them, that are not too deep."""
    if tree.__class__ is list or tree.__class__ is tuple:
        return depth < DEEP and all(is_exact(branch, static, depth + 1) for branch in tree)
    if tree.__class__ is dict:
        return dict in static and set(map(type, tree)) <= {str} and is_exact(list(tree.values()), static, depth)
    return tree.__class__ is float or tree.__class__ is ArrayOf or tree.__class__ in static


def is_run(tree: Any) -> bool:
    """Whether a list or tuple has so many numbers that an exact call reads and makes them in a loop."""
    return len(tree) >= RUN and set(map(type, tree)) == FLOATS


def pieces(tree: Any) -> int:
    """How many objects an exact call reads or makes one by one.

    >>> from microgradx.compiler.trace.arguments import pieces
    >>> pieces((0.0, [0.0] * 100, [[0.0, 0.0], [0.0, 0.0]]))
    10
    """
    inner = tree.values() if tree.__class__ is dict else tree if isinstance(tree, (list, tuple)) else ()
    return 1 + (0 if isinstance(tree, (list, tuple)) and is_run(tree) else sum(map(pieces, inner)))


def numbers(tree: Any) -> list[float]:
    """All numbers of a sample, in order, without its ints.

    >>> from microgradx.compiler.trace.arguments import numbers
    >>> numbers(([[0.5, 2.0], [1.0]], 3))
    [0.5, 2.0, 1.0]
    """
    inner = branches(tree)
    if inner is None:
        return [tree.data if isinstance(tree, Value) else number(tree)] if is_number(tree) else []
    if set(map(type, inner)) == {float}:
        return list(inner)
    return [x for branch in inner for x in numbers(branch)]
