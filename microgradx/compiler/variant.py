"""Variant: a function compiled for one structure of its arguments.

    >>> from microgradx import jit
    >>> product = jit(lambda x, y: x * y)
    >>> variant = product.variant([2.0, 3.0])
    >>> variant.program.count(), variant.run([2.0, 3.0], []), variant.exact(2.0, 3.0)
    (1, 6.0, 6.0)
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cached_property
from itertools import chain, groupby
from math import prod
from threading import RLock
from typing import Any

from ..engine import Value
from ..locks import lock
from .backends import Backend, Runnable
from .ir.program import Program, played
from .trace.arguments import (
    MANY,
    MOST,
    STATIC,
    ArrayArgument,
    Modules,
    Sizes,
    is_exact,
    pieces,
    read,
    with_modules,
    zeroed,
)
from .trace.closures import Closure
from .trace.module_snapshot import ModuleSnapshot
from .trace.results import arrays_in, rebuilder
from .trace.state import AttributeOf, GradientOf

SEVERAL = 16                            # Values that are closed over, from which on they are kept in memory


class Variant:
    """A function compiled for one structure of its arguments.

    program, tree   what it computes, and the nesting of its result
    modules         those among the arguments that it is for; none if it is shared by all of their structure
    placed          for each Module and array whether machine code finds its numbers where they are, or is given them at
                    each run
    copies          of the Values that machine code finds where they are, in its dtype; None if it reads them themselves
    arrays          the first input that is in each array, and its shape, where machine code reads arrays
    sources         what else is given at each run: `.data` of these, in parts
    updates         what is set after each run, by `.data`, in parts; what has an address is not among them
    reached         whether backward() comes to a number among the arguments
    unrolled        why loops of scan were written out step by step
    exact           a function for arguments of this structure, which passes others on; None if there is none
    into            the same for calls with out=, by the structure of the arrays that are given
    called_back     names of the rows for which the machine code calls Python back
    compiled        the kernel, if there was need of it: an exact call does without
    closure         what it was recorded with besides the arguments; None if nothing of that could change
    others          programs for other closures, the last first
    blocks          for each Module where the machine code finds its parameters; None if they are given at each run
    """

    def __init__(self, p: Program, tree: Any, modules: Modules, backend: Backend, shared: bool) -> None:
        self.program, self.tree, self.backend = p, tree, backend
        self.modules = [] if shared else [one for _, one in modules if isinstance(one, ModuleSnapshot)]
        self.placed = [False] * len(modules)
        self.arrays: list[tuple[int, Sizes]] = []
        self.made = arrays_in(tree)
        self.in_arrays = backend.reads_arrays(len(self.made) + len(modules))
        self.addresses: dict[int, int] = {}
        self.targets: list[int] = []
        self.sources, self.updates = parts(p.closures), parts(p.updates)
        self.rebuild = rebuilder(tree, self.in_arrays, p.dtype.name)
        self.exact: Any = None
        self.into: dict[Any, Any] = {}
        self.seconds = 0.0
        self.reached = False
        self._lock = lock(RLock)
        self.compiled: Runnable | None = None
        self.called_back: tuple[str, ...] = ()
        self.unrolled: tuple[str, ...] = ()
        self.closure: Closure | None = None
        self.others: list[Variant] = []
        self._place(modules, shared)
        if not shared:
            self._keep()
        self.copies = backend.copies(self.addresses, p.dtype)
        if self.copies is not None:
            self.addresses = self.copies.addresses

    def _place(self, modules: Modules, shared: bool) -> None:
        """Put the parameters of each Module side by side, and note their addresses by input; note where arrays are."""
        before = 0
        for k, (place, one) in enumerate(modules):
            first = place + before
            if isinstance(one, ArrayArgument):
                if self.in_arrays:
                    self.placed[k] = True
                    self.arrays.append((first, one.sizes))
                before += prod(one.sizes)
                continue
            found = None if shared else self.backend.homes(one.values)
            if found is not None:
                self.placed[k] = True
                self.addresses |= zip(range(first, first + len(found)), found)
            before += len(one.values)

    def _keep(self) -> None:
        """Where the program sets anything, or reads many Values: what it reads and sets stays in memory from run to
        run."""
        p = self.program
        homes: dict[Any, int] = {}
        if not p.updates and len(p.closures) < SEVERAL:
            return
        for kind in (Value, GradientOf):
            several = [x for x in dict.fromkeys((*p.updates, *p.closures)) if isinstance(x, kind)
                       and (x.value.op is None if isinstance(x, GradientOf) else True)]
            homes |= zip(several, self.backend.homes(several) or ())
        first = len(p.inputs) - len(p.closures)
        self.addresses |= {first + k: homes[x] for k, x in enumerate(p.closures) if x in homes}
        self.sources = parts([x for x in p.closures if x not in homes])
        places = sorted(range(len(p.updates)), key=lambda k: homes.get(p.updates[k], 0))
        results = len(p.results) - len(p.updates)
        p.results[results:] = [p.results[results + k] for k in places]
        p.updates[:] = [p.updates[k] for k in places]
        self.targets = [homes[x] for x in p.updates if x in homes]
        self.updates = parts([x for x in p.updates if x not in homes])

    def holds(self) -> bool:
        """Whether what it was recorded with besides the arguments is as it was."""
        return self.closure is None or self.closure.holds()

    def _static(self) -> tuple[type, ...]:
        """What an exact call may be given beside numbers: Modules where it can tell each from all others."""
        return (*STATIC, ModuleSnapshot) if self.backend.reads_modules and all(self.placed) else STATIC

    @property
    def kernel(self) -> Runnable:
        """The program from a list of numbers to a list of numbers; compiled when it is needed first."""
        if self.compiled is None:
            with self._lock:
                self.compiled = self.compiled or self.backend.kernel(
                    self.program, self.addresses, self.targets, self.arrays, self.made if self.in_arrays else ())
        return self.compiled

    def compile(self, args: Sequence[Any] | None, general: Callable[..., Any]) -> None:
        """Where the arguments are arrays, or floats in lists, and few: a function that takes them as they are, `exact`,
        which hands all others to `general`. Else the kernel. None for a call with keyword arguments, never exact."""
        p, given = self.program, zeroed(tuple(args or ()))
        inputs = len(p.inputs) - sum(prod(sizes) for _, sizes in self.arrays) - len(self.addresses)
        results = len(p.results) - sum(prod(sizes) for _, sizes in self.made) * self.in_arrays
        few = max(inputs, results) <= MOST and not p.updates
        few &= not self.sources or (self.backend.reads_modules and all(map(_is_value, chain(*self.sources))))
        few &= self.in_arrays or not (self.made or arrays_in(given))        # of very many arrays the numbers are taken
        if (few and args is not None and is_exact(given, self._static()) and is_exact(self.tree, (dict,))
                and max(pieces(given), pieces(self.tree)) <= MANY):
            self.exact = self.backend.exact(self, given, general)
        if self.exact is None:
            self.kernel  # noqa: B018          # compiled now, not at the first run

    def exact_into(self, args: Sequence[Any], out: Any) -> Any:
        """A function as `exact` for calls with arrays like those in `out`; `exact` itself if there is none."""
        if self.exact is None:
            return None
        structure, given = read(out, [], []), zeroed(out)
        if structure not in self.into:
            found = self.backend.into(self, zeroed(tuple(args)), given) if is_exact(given, (dict, type(None))) else None
            self.into[structure] = found or self.exact
        return self.into[structure]

    def run(self, numbers: list[float], modules: Modules, made: Sequence[Any] = ()) -> Any:
        """What the function returns for the numbers among the arguments. made: arrays of the caller for those that it
        makes; an error leaves them as they are."""
        loose = [module for module, placed in zip(modules, self.placed) if not placed]
        with_modules(numbers, loose, lambda one: one.numbers())
        with self._lock if self.updates else nullcontext():     # nobody reads in between what is then set
            for several in self.sources:
                numbers += several.read()
            arrays = self._arrays(modules) if self.in_arrays else ()
            if self.copies is not None:
                self.copies.refresh()
            try:
                found = self.kernel.run(numbers, arrays, made if self.in_arrays and not self.may_fail else ())
            except IndexError:
                played(self.program, self._given(numbers, arrays))      # raises the same, with the number
                raise
            try:
                self._update(found)
            except KeyboardInterrupt:           # Ctrl-C between two of them: all are set first
                self._update(found)
                raise
        return self.rebuild(found)

    def _arrays(self, modules: Modules) -> list[Any]:
        """The arrays among the arguments, in the dtype of the program."""
        return [one.packed(self.program.dtype.name) for _, one in modules if isinstance(one, ArrayArgument)]

    @cached_property
    def may_fail(self) -> bool:
        """Whether a run may raise an error when it has written some of the results."""
        return bool(self.called_back) or self.program.may_fail()

    def _given(self, numbers: Sequence[float], arrays: Sequence[Any]) -> list[float]:
        """All inputs of the program: those given, and those that machine code finds in memory and arrays."""
        rest, places, kind = iter(numbers), self.addresses, self.program.dtype.c
        known = {first + j: x for (first, _), array in zip(self.arrays, arrays)
                 for j, x in enumerate(array.reshape(-1).tolist())}
        return [known[k] if k in known else kind.from_address(places[k]).value if k in places else next(rest)
                for k in range(len(self.program.inputs))]

    def _update(self, found: list[float]) -> None:
        """Set what the program sets, to the last of the numbers that it found."""
        start = len(found) - sum(map(len, self.updates))
        for several in self.updates:
            several.set(found[start:start + len(several)])
            start += len(several)


def _is_value(x: Any) -> bool:
    """Whether it is a Value, and not of a class of the user's that has its data elsewhere."""
    return isinstance(x, Value) and type(x).data is Value.data


class Several(list[Any]):
    """Numbers that are read and set one by one: `.data` of each."""

    def read(self) -> list[float]:
        """All of them."""
        return [what.data for what in self]

    def set(self, numbers: Sequence[float]) -> None:
        """The new ones."""
        for what, x in zip(self, numbers):
            what.data = x


class Rows(Several):
    """All numbers that an optimiser keeps, in order: read and set at once."""

    def read(self) -> list[float]:
        """See Several."""
        return list(chain.from_iterable(vars(self[0].owner)["numbers"]))

    def set(self, numbers: Sequence[float]) -> None:
        """See Several."""
        rows = vars(self[0].owner)["numbers"]
        rows[:] = zip(*[iter(numbers)] * len(rows[0]))


def parts(whats: Sequence[Any]) -> list[Several]:
    """These, in order, in parts that are read and set at once."""
    found: list[Several] = []
    for owner, group in groupby(whats, lambda x: x.owner if isinstance(x, AttributeOf) and x.place else None):
        several = Several(group)
        rows = vars(owner)["numbers"] if owner else []
        found.append(Rows(several) if owner and [x.place for x in several] == [
            (i, k) for i, row in enumerate(rows) for k in range(len(row))] else several)
    return found
