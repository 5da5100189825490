"""Samples: jit(vmap(f)). The program of one sample is compiled, and machine code runs it for each.

    >>> from microgradx import grad, jit, tanh, vmap
    >>> slopes = jit(vmap(grad(lambda w, x: tanh(w * x)), in_axes=(None, 0)))
    >>> slopes(0.0, [1.0, 2.0, 3.0])
    [1.0, 2.0, 3.0]

What differs from sample to sample is in arrays with a row for each; what all share is an input. Every sample is
computed by itself: its bits do not depend on the number of threads.
"""
from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache, partial
from itertools import zip_longest
from math import prod
from threading import RLock
from typing import Any

from ..arrays import is_array, numpy, packed, rounded
from ..batching import Vmapped
from ..conversion import even
from ..engine import Value
from ..locks import lock
from ..nesting import branches, is_leaf, is_module, regrown, walked
from .backends import Backend
from .ir.dtype import FLOAT64, Dtype
from .ir.program import Program, program
from .out import written
from .trace.arguments import ArrayArgument, ArrayOf, Modules, Sizes, plain, read_call
from .trace.closures import Closure, roots
from .trace.module_snapshot import ModuleSnapshot
from .trace.results import arrays_in, emptied, rebuilder
from .trace.trace import trace


class Differs:
    """What differs from sample to sample: an array with a row for each. Among the arguments of one sample it stands for
    a number, `one`, or for an array."""

    def __init__(self, given: Any, dtype: str) -> None:
        self.was_array = is_array(given)
        self.rows = packed(given, dtype) if self.was_array else rounded(numpy().array(given, float), dtype)
        self.sizes: Sizes = self.rows.shape[1:]
        self.one = numpy().zeros(self.sizes) if self.sizes else self

    def __float__(self) -> float:
        return 0.0


def split(tree: Any, axis: Any, found: list[Differs], dtype: str) -> Any:
    """An argument as one sample has it; what differs is appended to `found`. ValueError where that is not an array, or
    a list of samples of one shape, along axis 0."""
    if axis is None:
        return tree
    if axis != 0 or is_leaf(tree) or is_module(tree):
        raise ValueError
    if is_array(tree) or even(tree):
        found.append(Differs(tree, dtype))
        return found[-1].one
    inner = branches(tree)
    if inner is None or isinstance(tree, list):
        raise ValueError
    return regrown(tree, [split(branch, 0, found, dtype) for branch in inner])


class Given:
    """The arguments of one sample, read.

    args        themselves
    structure   the same for all that share a program
    items       what they hold, in the order of the program's inputs: numbers, Differs, arrays, Modules
    """

    def __init__(self, args: Sequence[Any], found: Sequence[Differs]) -> None:
        numbers: list[Any] = []
        modules: Modules = []
        self.args = args
        self.structure = read_call(tuple(args), {}, numbers, modules,
                                   lambda x: x if isinstance(x, Differs) else plain(x))
        stand_ins = {id(one.one): one for one in found}
        self.items: list[Any] = []
        before = 0
        for place, one in [*modules, (len(numbers), None)]:
            self.items += numbers[before:place]
            before = place
            if one is not None:
                self.items.append(stand_ins.get(id(getattr(one, "array", None)), one))

    def differ(self) -> list[Differs]:
        """What differs, in the order of the inputs."""
        return [one for one in self.items if isinstance(one, Differs)]


class Samples:
    """The program of one sample, compiled.

    p           inputs: those that differ, in `arrays` the first in each and the shape of a row; those in memory, at
                `addresses`; and those that all samples share, `shared`
    made        the first result in each array, and the shape of a row, () for a number
    """

    def __init__(self, p: Program, tree: Any, given: Given, backend: Backend) -> None:
        self.p, self.tree = p, _numbered(tree)
        self.made, self.rebuild = arrays_in(self.tree), rebuilder(self.tree, True)
        self.arrays: list[tuple[int, Sizes]] = []
        self.addresses: dict[int, int] = {}
        first = 0
        for one in given.items:
            homes = backend.homes(one.values) if isinstance(one, ModuleSnapshot) else None
            if isinstance(one, Differs):
                self.arrays.append((first, one.sizes))
            elif homes is not None:
                self.addresses |= zip(range(first, first + len(homes)), homes)
            first += len(one.values) if isinstance(one, ModuleSnapshot) else prod(getattr(one, "sizes", ()))
        differ = {first + j for first, sizes in self.arrays for j in range(prod(sizes))}
        self.shared = [k for k in range(len(p.inputs)) if k not in differ and k not in self.addresses]
        self.copies = backend.copies(self.addresses, p.dtype)
        if self.copies is not None:
            self.addresses = self.copies.addresses
        self.may_fail = p.may_fail()
        self.run = backend.samples(self)

    def __call__(self, given: Given, threads: int | None, arrays: bool, made: Sequence[Any] = ()) -> Any:
        """The results of all samples, in the nesting of one: arrays, or nested lists, with a row for each. made: arrays
        of the caller for these, None for a new one."""
        rows = [one.rows for one in given.differ()]
        made = () if self.may_fail else made
        out = [numpy().empty((len(rows[0]), *sizes), self.p.dtype.name) if one is None else one
               for (_, sizes), one in zip_longest(self.made, made)]
        if self.copies is not None:
            self.copies.refresh()
        shared: list[float] = []
        for one in given.items:
            if isinstance(one, ArrayArgument) or (isinstance(one, ModuleSnapshot) and not self.addresses):
                shared += one.numbers()
            elif not isinstance(one, (Differs, ModuleSnapshot)):
                shared.append(one)
        self.run(rows, [*shared, *(source.data for source in self.p.closures)], out, threads)
        return self.rebuild(out if arrays else [a.tolist() for a in out])


def _numbered(tree: Any) -> Any:
    """The nesting of a result with an array of shape () in place of each number."""
    inner = branches(tree)
    if inner is None:
        return ArrayOf(()) if is_leaf(tree) else tree
    return regrown(tree, [_numbered(branch) for branch in inner])


class AllSamples:
    """What jit(vmap(f)) runs: the program of one sample, for each structure of the arguments; see jit().

    >>> from microgradx import vmap
    >>> from microgradx.compiler.backends import backend
    >>> AllSamples(vmap(lambda x: 2 * x), backend("python"), False, False, None)(([1.0, 2.0],), {})
    ([2.0, 4.0],)
    """

    def __init__(self, f: Vmapped, backend: Backend, strict: bool, arrays: bool, threads: int | None,
                 dtype: Dtype = FLOAT64) -> None:
        self.f, self.backend, self.strict, self.arrays, self.threads = f, backend, strict, arrays, threads
        self.dtype = dtype
        self.known: dict[Hashable, Samples | None] = {}
        self.closures: dict[Hashable, Closure] = {}
        self._lock = lock(RLock)

    def __call__(self, args: tuple[Any, ...], options: dict[str, Any], out: Any = None) -> tuple[Any] | None:
        """The result. None where there is no program of one sample, such as for an axis within: then all are one. out:
        the caller's arrays for it."""
        found: list[Differs] = []
        if options or self.f.out_axes != 0:
            return None
        try:
            axes = self.f.axes(len(args))
            given = Given([walked(split, a, axis, found, self.dtype.name) for a, axis in zip(args, axes)], found)
        except (TypeError, ValueError):
            return None                                     # eager code says what is wrong, if anything is
        if len({len(one.rows) for one in found}) != 1 or not (len(found[0].rows) or all(x.was_array for x in found)):
            return None
        with self._lock:
            if not (given.structure in self.known and self.closures[given.structure].holds()):
                self.known[given.structure] = self._samples(given)
                self.closures[given.structure] = Closure(roots(self.f.f, args))
        samples = self.known[given.structure]
        if samples is None:
            return None
        if out is not None:
            run = partial(samples, given, self.threads, True)
            return (written(out, samples.tree, args, {}, run, samples.p.dtype.name, (len(found[0].rows),)),)
        arrays = (self.arrays or any(one.was_array for one in found)
                  or any(isinstance(one, ArrayArgument) for one in given.items))
        return (samples(given, self.threads, arrays),)

    def _samples(self, given: Given) -> Samples | None:
        """The program of one sample. None where samples need more: random numbers, what f sets, Python itself."""
        recorded = trace(self.f.f, given.args, self.strict or self.backend.in_order, exact=self.strict)
        p = program(recorded, cache(partial(self.backend.has, strict=self.strict)), self.strict, self.dtype)
        plain = all(isinstance(source, Value) for source in p.closures)
        if not plain or p.updates or p.checks or self.backend.called_back(p):
            return None
        return Samples(p, emptied(recorded.tree, True), given, self.backend)
