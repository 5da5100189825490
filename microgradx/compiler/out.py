"""Out: the caller's arrays, which a compiled function writes its results to.

    >>> from microgradx import grad, jit
    >>> from microgradx.arrays import numpy
    >>> np = numpy()
    >>> slopes, kept = jit(grad(lambda x: x[0] * x[1])), np.zeros(2)
    >>> slopes(np.array([3.0, 4.0]), out=kept) is kept, kept.tolist()
    (True, [4.0, 3.0])

All of them are looked at before anything runs: what is refused has changed nothing.
"""
from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from itertools import combinations, product
from typing import Any

from ..arrays import as_numpy, is_array, numpy
from ..conversion import even
from ..ieee import kind_of, short
from ..interrupts import held
from ..nesting import are_leaves, branches, is_module, keys, regrown, walked
from ..sparse import Sparse
from .trace.arguments import ArrayOf, Sizes
from .trace.results import arrays_in


def has_own(f: Callable[..., Any]) -> bool:
    """Whether f has a parameter `out` itself, or takes keyword arguments of any name.

    >>> has_own(lambda x, out: x), has_own(lambda x, **options: x), has_own(lambda x: x)
    (True, True, False)
    """
    try:
        parameters = signature(f.forward if is_module(f) else f).parameters     # type: ignore[attr-defined]
    except (TypeError, ValueError):                         # a builtin function that does not say
        return False
    return "out" in parameters or any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())


def written(out: Any, tree: Any, args: Sequence[Any], options: dict[str, Any], run: Callable[[Sequence[Any]], Any],
            dtype: str, rows: Sizes = ()) -> Any:
    """`out` after run(made) has computed the results: `made` has, for each array that the program makes, the caller's,
    or None for a new one. What the program makes otherwise is copied.

    tree    the nesting of the results, emptied; of one sample
    args    of the call, and keyword arguments: they must not lie where the results are written
    dtype   of the arrays
    rows    what the shape of each result begins with: the number of samples
    """
    given = Targets(dtype, rows)
    walked(given.match, tree, out, "out")
    given.apart([*walked(_arrays, args, "args"), *walked(_arrays, options, "options")])
    found = given.filled(out, run(given.made))
    if given.copies:
        with held():                                        # Ctrl-C between two of them: all are made first
            for memory, part in given.copies:
                memory[...] = part
    return found


class Targets:
    """The arrays that the caller gave.

    memory      of each, as numpy's, by the id of what was given
    names       of these: "out[0]"
    made        for each array of the program's the one given, or None
    copies      memory, and what is to be written to it
    """

    def __init__(self, dtype: str, rows: Sizes) -> None:
        self.dtype, self.rows = dtype, rows
        self.memory: dict[int, Any] = {}
        self.names: list[tuple[str, Any]] = []
        self.made: list[Any] = []
        self.copies: list[tuple[Any, Any]] = []

    def match(self, tree: Any, out: Any, name: str) -> None:
        """Look at what was given for a part of the results. TypeError for another nesting."""
        is_made = tree.__class__ is ArrayOf
        sizes = tree.sizes if is_made else even(tree)
        inner = None if isinstance(tree, Sparse) else branches(tree)
        if out is None:
            self.made += [None] * (len(arrays_in(tree)) if inner is not None or is_made else 0)
        elif sizes is not None:
            found = self.taken(out, (*self.rows, *sizes), name)
            self.made += [found] * is_made
        elif inner is None:
            raise TypeError(f"jit: {name} is for {short(tree)}, which is no array or number; give None there, got "
                            f"{short(out)}")
        else:
            for key, part, one in zip(keys(tree), inner, self.parts(tree, out, name)):
                self.match(part, one, name + key)

    def parts(self, tree: Any, out: Any, name: str) -> list[Any]:
        """What was given for each part of a container."""
        if type(out) is type(tree) and (set(out) == set(tree) if isinstance(tree, dict) else
                                        len(branches(out) or ()) == len(branches(tree) or ())):
            return _parts(tree, out)
        wanted = f"{kind_of(tree)} with {', '.join(map(repr, tree)) if isinstance(tree, dict) else len(tree)}"
        raise TypeError(f"jit: {name} has the nesting of the result, a {wanted}, got {short(out)}; give an array for "
                        "each array or number in it, and None for what is to be a new one")

    def taken(self, out: Any, sizes: Sizes, name: str) -> Any:
        """The memory of an array. TypeError if it is none of this dtype, ValueError if results cannot be written to
        it."""
        np = numpy()
        wanted = f"jit: {name} is for an array of {self.dtype} of shape {sizes} in C order, got"
        right = f"numpy.empty({sizes}{'' if self.dtype == 'float64' else f', {self.dtype!r}'})"
        if not isinstance(out, (np.ndarray, array, memoryview)) or hasattr(out, "mask"):
            raise TypeError(f"{wanted} {short(out)} ({kind_of(out)}); give {right}")
        found = np.asarray(out)
        if found.dtype != np.dtype(self.dtype):
            raise TypeError(f"{wanted} one of {found.dtype}; give {right}")
        if found.shape != sizes:
            raise ValueError(f"{wanted} one of shape {found.shape}; give {right}")
        if not found.flags.c_contiguous or not found.flags.aligned:
            where = f"strides {found.strides}" if found.flags.aligned else "an address between two numbers"
            raise ValueError(f"{wanted} one with {where}; give {right}, and copy it there")
        if not found.flags.writeable:
            raise ValueError(f"{wanted} one that is read-only; give {right}")
        self.memory[id(out)] = found
        self.names.append((name, found))
        return found

    def apart(self, args: Sequence[tuple[str, Any]]) -> None:
        """ValueError if two arrays share memory, or one with an argument, which would change while it is read."""
        shared = numpy().shares_memory
        for (name, one), (other, known) in [*combinations(self.names, 2), *product(self.names, args)]:
            if shared(one, known):
                raise ValueError(f"jit: {name}, an array of shape {one.shape}, shares memory with {other}, of shape "
                                 f"{known.shape}; give one of its own")

    def filled(self, out: Any, found: Any) -> Any:
        """The results in the caller's arrays, where there are any."""
        if out is None:
            return found
        if id(out) in self.memory:
            if self.memory[id(out)] is not found:
                self.copies.append((self.memory[id(out)], found))
            return out
        return regrown(found, [self.filled(*pair) for pair in zip(_parts(found, out), branches(found) or ())])


def _parts(tree: Any, out: Any) -> list[Any]:
    """The parts of `out`, in the order of `tree`."""
    return [out[key] for key in tree] if isinstance(tree, dict) else list(branches(out) or ())


def _arrays(tree: Any, name: str) -> list[tuple[str, Any]]:
    """All arrays in a nesting, with their names."""
    if is_array(tree):
        return [(name, as_numpy(tree))]
    inner = branches(tree)
    if inner is None or are_leaves(inner):
        return []
    return [found for key, branch in zip(keys(tree), inner) for found in _arrays(branch, name + key)]
