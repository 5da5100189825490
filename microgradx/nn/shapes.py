"""Shapes of nested lists for all layers: check against a pattern, apply a function at a depth, build from sizes.

    >>> from microgradx.nn.shapes import each, expect, nested
    >>> expect("Conv2d", [[[1.0, 2.0]]], (1, "H", "W"), ("N", 1, "H", "W"))
    (1, 1, 2)
    >>> each(abs, [[-1.0], [2.0, -3.0]])
    [[1.0], [2.0, 3.0]]
    >>> nested((2, 2), iter("abcd").__next__)
    [['a', 'b'], ['c', 'd']]
"""
from collections.abc import Callable, Iterable, Sequence
from operator import add
from typing import Any

from ..arrays import is_array
from ..arrays import nested as nested_lists
from ..conversion import arrayed
from ..ieee import kind_of, number, printable, short
from ..nesting import are_leaves, shape, walked

Nested = Any                                # a number (float or Value), or a list of Nested
Pattern = tuple[int | str, ...]             # (3, "H", "W"): a size, or a name for any size; "*": any number of sizes


def expect(owner: object, x: Nested, *patterns: Pattern) -> tuple[int, ...]:
    """The shape of `x`, which fits one of the patterns and has at least one number.

    TypeError if x is not a list; ValueError if it is ragged, empty or fits no pattern. The message says what `owner` (a
    layer or a name) expected and what it got.

    >>> expect("Linear", [[1.0, 2.0]], ("*", 3))
    Traceback (most recent call last):
    ValueError: Linear: expected shape (*, 3), got (1, 2)
    """
    name = owner if isinstance(owner, str) else printable(type(owner).__name__)
    wanted = f"{name}: expected shape {' or '.join(map(_written, patterns))}"
    if not isinstance(x, (list, tuple)) and not is_array(x) and () not in patterns:
        raise TypeError(f"{wanted} as nested lists of numbers, got {short(x)} ({printable(type(x).__name__)})")
    try:
        found = shape(x)
    except ValueError as error:
        raise ValueError(f"{wanted}, got {error}") from None
    if not any(_fits(found, pattern) for pattern in patterns):
        raise ValueError(f"{wanted}, got {found}{' (empty)' * (0 in found)}")
    return found


def _fits(found: tuple[int, ...], pattern: Pattern) -> bool:
    if "*" in pattern:
        i = pattern.index("*")
        pattern = pattern[:i] + ("any",) * (len(found) - len(pattern) + 1) + pattern[i + 1:]
    return (0 not in found and len(found) == len(pattern)
            and all(isinstance(size, str) or size == n for size, n in zip(pattern, found)))


def _written(pattern: Pattern) -> str:
    return str(pattern).replace("'", "")


def each(f: Callable[[Any], Any], x: Nested) -> Nested:
    """f of every number, nested as x."""
    return walked(_each, x, f)


def _each(x: Nested, f: Callable[[Any], Any]) -> Nested:
    if not isinstance(x, (list, tuple)):
        return arrayed(_each(nested_lists(x), f)) if is_array(x) else f(x)
    return [f(v) for v in x] if are_leaves(x) else [_each(branch, f) for branch in x]


def flat(x: Nested) -> list[Any]:
    """All numbers of x from left to right, Values and floats. TypeError for anything else.

    (nesting.leaves skips everything else, also bools: a target with a True in it would be one number short.)

    >>> flat([[True, 2.0], [3, 4.0]])
    [1.0, 2.0, 3.0, 4.0]
    """
    return walked(_flat, x)  # type: ignore[no-any-return]


def _flat(x: Nested) -> list[Any]:
    if isinstance(x, (list, tuple)):
        return list(x) if are_leaves(x) else [v for branch in x for v in _flat(branch)]
    if is_array(x):
        return _flat(nested_lists(x))
    return [x if hasattr(type(x), "_apply") else number(x)]


def like(x: Nested, values: Iterable[Any]) -> Nested:
    """The values, nested as x.

    >>> like([[0, 0], [0]], [1.0, 2.0, 3.0])
    [[1.0, 2.0], [3.0]]
    """
    new = iter(values)
    return each(lambda _: next(new), x)


def added(x: Nested, y: Nested) -> Nested:
    """The sum of two nested lists of one shape, number by number.

    >>> added([[1.0], [2.0]], [[10.0], [20.0]])
    [[11.0], [22.0]]
    """
    return like(x, map(add, flat(x), flat(y)))


def within(f: Callable[[Any], Any], x: Nested, depth: int) -> Nested:
    """f of every branch `depth` lists inside x; of x itself at depth 0.

    >>> within(sum, [[1.0, 2.0], [3.0, 4.0]], 1)
    [3.0, 7.0]
    """
    return [within(f, branch, depth - 1) for branch in x] if depth else f(x)


def nested(sizes: Sequence[int], make: Callable[[], Any]) -> Nested:
    """A nested list of these sizes; `make()` makes each element."""
    return [nested(sizes[1:], make) for _ in range(sizes[0])] if sizes else make()


def swapped(x: Nested) -> Nested:
    """The first two dimensions exchanged: (N, C, ...) becomes (C, N, ...)."""
    return [list(row) for row in zip(*x)]


def positive(owner: object, **sizes: int) -> None:
    """ValueError unless each of these sizes of a layer is a whole number from 1 up."""
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{kind_of(owner)}: expected a whole number from 1 up as {name}, got {short(size)}")
