"""Results: the numbers that a function returned, and their nesting, which the numbers of each run go back into.

    >>> from microgradx.compiler.trace.results import rebuilt
    >>> rebuilt({"w": [0, 0], "b": 0}, iter([1.0, 2.0, 3.0]))
    {'w': [1.0, 2.0], 'b': 3.0}
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Any

from ...arrays import FromArray, is_array, rounded, shape, shaped
from ...conversion import even
from ...nesting import are_leaves, branches, is_leaf, is_module, joined, leaf, regrown, walked
from ...sparse import Sparse
from .arguments import FLOATS, ArrayOf, Sizes

Rebuild = Callable[[list[float]], Any]


def results(tree: Any) -> list[Any]:
    """All Values and numbers that a function returned. A Module that it returned stays what it is."""
    return walked(_results, tree)  # type: ignore[no-any-return]


def _results(tree: Any) -> list[Any]:
    inner = branches(tree)
    return joined(inner, _results) if inner is not None else [] if is_module(tree) else leaf(tree)


def rebuilt(tree: Any, numbers: Iterator[Any]) -> Any:
    """A copy of `tree` with the next numbers in place of its own, and in new arrays."""
    return walked(_rebuilt, tree, numbers)


def _rebuilt(tree: Any, numbers: Iterator[float]) -> Any:
    inner = branches(tree)
    if inner is None:
        if tree.__class__ is ArrayOf:
            return shaped([*islice(numbers, len(tree))], tree.sizes)
        return next(numbers) if is_leaf(tree) else tree
    return regrown(tree, list(islice(numbers, len(inner))) if are_leaves(inner) else
                   [_rebuilt(branch, numbers) for branch in inner])


def emptied(tree: Any, arrays: bool) -> Any:
    """A copy of what a function returned with 0.0 for each Value, so that it does not keep the graph alive.

    arrays      whether nested lists of numbers of one length come back as arrays; what was an array always does
    """
    return walked(_emptied, tree, arrays)


def _emptied(tree: Any, arrays: bool) -> Any:
    if is_array(tree):
        return ArrayOf(shape(tree))
    sizes = even(tree) if arrays or tree.__class__ is FromArray else ()
    if sizes:
        return ArrayOf(sizes)
    inner = branches(tree)
    if inner is None:
        return 0.0 if is_leaf(tree) else tree
    return regrown(tree, [0.0] * len(inner) if are_leaves(inner) else [_emptied(branch, arrays) for branch in inner])


def arrays_in(tree: Any) -> list[tuple[int, Sizes]]:
    """The shape of each array of an emptied nesting, and how many numbers are before it.

    >>> from microgradx.compiler.trace.arguments import ArrayOf
    >>> from microgradx.compiler.trace.results import arrays_in
    >>> arrays_in((0.0, {"w": ArrayOf((2, 3)), "b": ArrayOf((2,))}))
    [(1, (2, 3)), (7, (2,))]
    """
    found: list[tuple[int, Sizes]] = []
    _place_arrays(tree, 0, found)
    return found


def _place_arrays(tree: Any, start: int, found: list[tuple[int, Sizes]]) -> int:
    if tree.__class__ is ArrayOf:
        found.append((start, tree.sizes))
        return start + len(tree)
    inner = branches(tree)
    if inner is None:
        return start + is_leaf(tree)
    if set(map(type, inner)) == FLOATS:
        return start + len(inner)
    for branch in inner:
        start = _place_arrays(branch, start, found)
    return start


def rebuilder(tree: Any, whole: bool = False, dtype: str = "float64") -> Rebuild:
    """A function that does what rebuilt() does, specialised for this nesting: lists of numbers are slices.

    whole       whether it is given arrays as they are; otherwise their numbers, too, for arrays of this dtype

    >>> from microgradx.compiler.trace.results import rebuilder
    >>> rebuilder({"w": [0.0, 0.0], "b": 0.0})([1.0, 2.0, 3.0])
    {'w': [1.0, 2.0], 'b': 3.0}
    """
    return walked(_prepared, tree, 0, whole, dtype)[0]  # type: ignore[no-any-return]


def _prepared(tree: Any, start: int, whole: bool, dtype: str) -> tuple[Rebuild, int]:
    """The function for a branch whose numbers begin at `start`, and where the next branch begins."""
    inner = branches(tree)
    if tree.__class__ is ArrayOf and not whole:
        end = start + len(tree)
        return (lambda found: rounded(shaped(found[start:end], tree.sizes), dtype)), end
    if tree.__class__ is ArrayOf:
        return (lambda found: found[start]), start + 1
    if inner is None:
        return (lambda found: found[start], start + 1) if is_leaf(tree) else (lambda found: tree, start)
    if tree.__class__ is not list and tree.__class__ is not tuple:
        values, end = _prepared(list(inner), start, whole, dtype)
        if isinstance(tree, Sparse):
            return lambda found: regrown(tree, values(found)).matrix(), end
        return lambda found: regrown(tree, values(found)), end
    kind = list if isinstance(tree, list) else tuple
    if set(map(type, tree)) == FLOATS:
        end = start + len(tree)
        return (lambda found: found[start:end]) if kind is list else (lambda found: tuple(found[start:end])), end
    bounds, parts = [start], []
    for branch in tree:
        part, end = _prepared(branch, bounds[-1], whole, dtype)
        parts.append(part)
        bounds.append(end)
    if kind is list and all(isinstance(row, list) and set(map(type, row)) == FLOATS for row in tree):
        pairs = list(pairwise(bounds))
        return (lambda found: [found[at:to] for at, to in pairs]), bounds[-1]       # a matrix
    return (lambda found: kind([part(found) for part in parts])), bounds[-1]
