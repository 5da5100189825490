"""vmap: a function of one sample as a function of many.

    >>> from microgradx import grad, tanh, vmap
    >>> vmap(grad(lambda w, x: tanh(w * x)), in_axes=(None, 0))(0.0, [1.0, 2.0, 3.0])
    [1.0, 2.0, 3.0]

Meaning and arguments are JAX's: the function runs once for each place along an axis of its arguments, and its results
are stacked along an axis. A list is an array, also one of dicts: axis 0 is its elements. A tuple, dict or dataclass is
not: each of its parts has the axis.
"""
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from .arrays import FromArray
from .calls import for_arrays
from .conversion import even, listed
from .engine import Value, tracer
from .ieee import kind_of, printable, short
from .nesting import PLAIN, branches, is_leaf, is_module, leaves, refuse, regrown, shape, walked

Axes = Any                                  # an int, None, or a nesting of them: one for each part of an argument


class Vmapped:
    """A function of many samples; see vmap().

    f           the function of one sample
    in_axes     for each argument the axis along which samples stand, None for one that all share
    out_axes    the axis along which results are stacked

    >>> from microgradx import vmap
    >>> vmap(abs).in_axes, vmap(abs)([-1.0, 2.0])
    (0, [1.0, 2.0])
    """

    def __init__(self, f: Callable[..., Any], in_axes: Axes, out_axes: Axes) -> None:
        self.f, self.in_axes, self.out_axes = f, in_axes, out_axes
        update_wrapper(self, f, updated=())

    def __call__(self, *args: Any, **options: Any) -> Any:
        """f for each sample; ValueError unless all arguments have as many. See vmap() for none."""
        return for_arrays(self._mapped)(*args, **options)

    def _mapped(self, *args: Any, **options: Any) -> Any:
        axes = self.axes(len(args))
        sizes = {size for tree, axis in [*zip(args, axes), *((x, 0) for x in options.values())]
                 for size in walked(lengths, tree, axis)}
        if len(sizes) != 1:
            got = f"{' and '.join(map(str, sorted(sizes)))} along their axes" if sizes else "none with an axis"
            raise ValueError(f"vmap needs arguments with one number of samples, got {got}; write in_axes=None for what "
                             "all samples share")
        if sizes == {0}:
            result = self.f(*[walked(blank, x, axis) for x, axis in zip(args, axes)],
                            **{name: walked(blank, x, 0) for name, x in options.items()})
            return walked(none_of, listed(result), self.out_axes)
        differ = [axis is not None for axis in axes]
        rows = [([sample(x, axis, i) for x, axis in zip(args, axes) if axis is not None],
                 {name: sample(x, 0, i) for name, x in options.items()}) for i in range(sizes.pop())]

        def one(row: tuple[list[Any], dict[str, Any]]) -> Any:
            own = iter(row[0])
            return listed(self.f(*[next(own) if differs else x for x, differs in zip(args, differ)], **row[1]))
        trace = tracer()
        found = trace.samples(one, rows) if trace is not None else None
        return walked(stacked, found or list(map(one, rows)), self.out_axes)

    def axes(self, count: int) -> Sequence[Axes]:
        """The axis of each of so many arguments. ValueError if in_axes has another number of them."""
        if self.in_axes is None or isinstance(self.in_axes, int):
            return [self.in_axes] * count
        if len(self.in_axes) != count:
            raise ValueError(f"vmap has {len(self.in_axes)} in_axes for {count} arguments; give one for each")
        return self.in_axes  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"vmap({printable(getattr(self.f, '__name__', type(self.f).__name__))})"


def vmap(f: Callable[..., Any], in_axes: Axes = 0, out_axes: Axes = 0) -> Vmapped:
    """A function that calls f for each place along the axes `in_axes` of its arguments and stacks the results along
    `out_axes`: of samples of shape (n), in an argument of shape (N, n), to results of shape (N). TypeError if f is no
    function, and for an axis that is no int; ValueError for one that an argument does not have. jax.vmap.

    in_axes     one for all arguments, or a tuple with one for each; None for an argument that all samples share. For a
                dict or tuple it may be one of axes. Keyword arguments have axis 0
    out_axes    likewise for results; None for a result that is the same for all samples

    Of no samples, in arrays of shape (0, n), the results are arrays of shape (0, ...), as in JAX; f is called once,
    with zeros, which tells their shape. ValueError for empty lists, which do not tell the shape of a sample.

    >>> from microgradx import dot, vmap
    >>> vmap(dot)([[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [2.0, 0.0]])
    [3.0, 6.0]
    >>> vmap(lambda x, by: [by * v for v in x], (1, None), out_axes=1)([[1.0, 2.0], [3.0, 4.0]], 10.0)   # columns
    [[10.0, 20.0], [30.0, 40.0]]
    """
    if not callable(f):
        raise TypeError(f"vmap takes a function, got {kind_of(f)}; write vmap(f), then call the result")
    if not (in_axes is None or isinstance(in_axes, (int, tuple, list))):
        raise TypeError(f"in_axes is an int, None, or a tuple with one for each argument, got {short(in_axes)}")
    return Vmapped(f, in_axes, out_axes)


def lengths(tree: Any, axis: Axes) -> list[int]:
    """How many samples each part of an argument has."""
    if axis is None or isinstance(tree, PLAIN):
        return []
    if isinstance(tree, list) and isinstance(axis, int):
        return [len(tree) if axis == 0 else _sizes(tree)[_place(axis, tree)]]
    if is_module(tree):
        raise TypeError(f"vmap cannot map over {kind_of(tree)}, a Module; write in_axes=None for it")
    if is_leaf(tree):
        raise ValueError(f"vmap: {short(tree)} is one number without an axis {short(axis)}; write in_axes=None for it")
    return [size for part, own in _parts(tree, axis) for size in lengths(part, own)]


def sample(tree: Any, axis: Axes, i: int) -> Any:
    """Sample i of an argument."""
    if axis is None or isinstance(tree, PLAIN):
        return tree
    if isinstance(tree, list) and isinstance(axis, int):
        place = 0 if axis == 0 else _place(axis, tree)
        found = _entry(tree, place, i)
        return _known(found, _without(tree, place)) if isinstance(tree, FromArray) else found
    return regrown(tree, [sample(part, own, i) for part, own in _parts(tree, axis)])


def blank(tree: Any, axis: Axes) -> Any:
    """A sample of zeros in place of none. ValueError for an empty list, which does not tell the shape of a sample."""
    if axis is None or isinstance(tree, PLAIN):
        return tree
    if isinstance(tree, list) and isinstance(axis, int):
        if not isinstance(tree, FromArray):
            raise ValueError("vmap: an empty list does not tell the shape of a sample; give at least 1, or an array of "
                             "shape (0, ...)")
        sizes = _without(tree, _place(axis, tree))
        return _known(zeros(sizes), sizes)
    return regrown(tree, [blank(part, own) for part, own in _parts(tree, axis)])


def zeros(sizes: Sequence[int]) -> Any:
    """0.0 in nested lists of this shape.

    >>> from microgradx.batching import zeros
    >>> zeros((2, 1)), zeros(())
    ([[0.0], [0.0]], 0.0)
    """
    return [zeros(sizes[1:]) for _ in range(sizes[0])] if sizes else 0.0


def _without(tree: FromArray, place: int) -> tuple[int, ...]:
    """The shape of what was an array, without an axis."""
    return (*tree.sizes[:place], *tree.sizes[place + 1:])


def _known(rows: Any, sizes: tuple[int, ...]) -> Any:
    """Nested lists, which remember their shape if they do not show it."""
    return FromArray(rows, sizes) if 0 in sizes else rows


def _entry(rows: Any, axis: int, i: int) -> Any:
    return rows[i] if axis == 0 else [_entry(row, axis - 1, i) for row in rows]


def _place(axis: int, tree: Any, more: int = 0) -> int:
    """An axis counted from the front. ValueError if there is none such."""
    count = len(_sizes(tree)) + more
    if not -count <= axis < count:
        raise ValueError(f"vmap: there is no axis {axis} in shape {_sizes(tree)}")
    return axis % count


def _sizes(tree: Any) -> tuple[int, ...]:
    """The shape of a nesting, also of an array without numbers."""
    return tree.sizes if isinstance(tree, FromArray) else shape(tree)


def _parts(tree: Any, axis: Axes) -> list[tuple[Any, Axes]]:
    """The parts of a container, each with its axis. TypeError or ValueError for axes that are not one for each."""
    inner = branches(tree)
    if inner is None:
        refuse(tree)
    if isinstance(axis, int):
        return [(part, axis) for part in inner]
    if isinstance(axis, dict) and isinstance(tree, dict) and axis.keys() == tree.keys():
        return [(part, axis[key]) for key, part in tree.items()]
    own = branches(axis) if not isinstance(axis, dict) else None
    if own is None:
        raise TypeError(f"vmap: expected an int or None as axis, or one for each part, got {short(axis)}")
    if len(own) != len(inner):
        raise ValueError(f"vmap: {short(axis)} has {len(own)} axes for {len(inner)} parts; give one for each")
    return list(zip(inner, own))


def stacked(results: list[Any], axis: Axes) -> Any:
    """The results of all samples as one, along an axis. ValueError for results of several shapes."""
    first = results[0]
    sizes = even(first)
    if axis is None:
        if any(not _is_same(first, one) for one in results):
            raise ValueError("vmap: out_axes=None needs a result that is the same for all samples; write out_axes=0")
        return first
    if sizes is not None:
        for one in results:
            if even(one) != sizes:
                raise ValueError(f"vmap: results of samples have shapes {sizes} and {even(one)}; give all the same")
        place = _place(axis, first, 1)
        found = _along(results, place)
        shaped = (*sizes[:place], len(results), *sizes[place:])
        return FromArray(found, shaped) if isinstance(first, FromArray) else found
    if isinstance(first, PLAIN):
        return first if all(one == first for one in results) else results
    parts = [_parts(one, axis) for one in results]
    for one, own in zip(results, parts):
        if type(one) is not type(first) or len(own) != len(parts[0]):
            raise ValueError(f"vmap: results of samples differ: {short(first)} and {short(one)}; give all the same "
                             "nesting")
    return regrown(first, [stacked([part for part, _ in each], each[0][1]) for each in zip(*parts)])


def none_of(sample: Any, axis: Axes) -> Any:
    """The results of no samples, of which `sample` would be one. ValueError where they have no axis for these."""
    sizes = even(sample)
    if axis is None:
        raise ValueError("vmap: out_axes=None needs at least one sample, whose result is that of all; write out_axes=0")
    if sizes is None:
        return (sample if isinstance(sample, PLAIN) else
                regrown(sample, [none_of(part, own) for part, own in _parts(sample, axis)]))
    place = _place(axis, sample, 1)
    shaped = (*sizes[:place], 0, *sizes[place:])
    return FromArray(zeros(shaped), shaped)


def _along(results: Sequence[Any], place: int) -> list[Any]:
    return [_along([one[j] for one in results], place - 1) for j in range(len(results[0]))] if place else list(results)


def _is_same(a: Any, b: Any) -> bool:
    """Whether two results have the same numbers and are the same Values."""
    pairs = list(zip(leaves(a), leaves(b), strict=True))
    return all(x is y or (not isinstance(x, Value) and (x == y or (x != x and y != y))) for x, y in pairs)
