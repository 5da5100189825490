"""jit: a function on Values compiled, once for each structure of its arguments.

    >>> from microgradx import jit, tanh, value_and_grad
    >>> neuron = jit(value_and_grad(lambda w, x, b: tanh(w[0] * x[0] + w[1] * x[1] + b)))
    >>> neuron([0.5, -1.0], [2.0, 1.0], 0.0)
    (0.0, [2.0, 1.0])

As all transforms: numbers in, numbers out; within another transform it is the function itself.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache, cached_property, lru_cache, partial, update_wrapper
from pickle import PicklingError
from threading import RLock
from time import perf_counter
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, Never, ParamSpec, TypeVar, overload

from ..arrays import dtype_name
from ..batching import Vmapped
from ..conversion import decided
from ..engine import Value
from ..ieee import kind_of, printable
from ..locks import lock
from ..nn.module import Module
from ..passes import is_inside
from ..warning import warn
from .backends import Backend, nearest
from .backends import backend as chosen
from .ir.callbacks import names, warn_of
from .ir.dtype import DTYPES, FLOAT64, Dtype
from .ir.program import program
from .methods import Methods
from .out import has_own, written
from .pickling import KEPT, Parcel, opened, packed
from .report import Report
from .samples import AllSamples
from .trace.arguments import ArrayArgument, Modules, by_key, plain, read_call
from .trace.closures import Closure, roots
from .trace.errors import refuse_gradient
from .trace.module_snapshot import ModuleSnapshot
from .trace.results import emptied
from .trace.trace import trace, unhindered
from .variant import Variant

WARN_AFTER = 16                         # programs of one function, from which on a warning says so
OTHERS = 7                              # programs for other closures that are kept: train() and eval(), some settings
MANY_PROGRAMS, MANY_OPERATIONS = 256, 5_000_000     # that one function keeps; of more, the newest

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Jitted(Generic[P, R_co]):
    """A compiled function; see jit().

    Called as the function itself; report() tells what the last call ran. TypeError for out= within another transform.
    Pickled as the programs that it recorded; PicklingError for jit(vmap(f)).

    >>> from microgradx import jit, tanh
    >>> neuron = jit(lambda w, x: tanh(w * x), backend="python")
    >>> type(neuron).__name__, neuron(0.0, 2.0), neuron.backend, neuron.dtype
    ('Jitted', 0.0, 'python', 'float64')
    """

    if TYPE_CHECKING:                       # as f, but numbers go in and come out where f says Value
        @overload
        def __call__(self: Jitted[P, Never], *args: P.args, **options: P.kwargs) -> Any: ...        # f does not say
        @overload
        def __call__(self: Jitted[..., Value], *args: Any, out: None = None, **options: Any) -> float: ...
        @overload
        def __call__(self: Jitted[..., list[Value] | tuple[Value, ...]], *args: Any, **options: Any) -> Any: ...
        @overload
        def __call__(self, *args: P.args, **options: P.kwargs) -> R_co: ...
        @overload
        def __call__(self, *args: Any, out: Any, **options: Any) -> Any: ...
        def __call__(self, *args: Any, **options: Any) -> Any:
            """f(*args, **options), compiled."""
    else:
        # A slot: each function has its own __call__, the exact one of the structure that it was called with last. That
        # asks whether a transform is under way only where what it closes over has Values: its arguments have none.
        __slots__ = ("__call__", "__dict__", "__weakref__")

    def __new__(cls, f: Callable[P, R_co], backend: Backend, *_: Any, **_options: Any) -> Jitted[P, R_co]:
        """An object of a class whose calls machine code shortens, where the back end has one."""
        return object.__new__(backend.direct(cls) if cls is Jitted else cls)

    def __init__(self, f: Callable[P, R_co], backend: Backend, strict: bool, arrays: bool = False,
                 shared: bool = False, dtype: Dtype = FLOAT64) -> None:
        self.f, self._backend, self.strict, self.arrays, self._dtype = f, backend, strict, arrays, dtype
        self.shared = shared                    # a program for all Modules of one structure: f itself is a few programs
        self.samples: AllSamples | None = None  # of vmap(f), what computes them one by one
        self.binds: type | None = None          # staticmethod or classmethod, where jit is written above it
        self.methods = Methods(f, lambda method: Jitted(method, backend, strict, arrays, dtype=dtype))
        self.variants: dict[Hashable, Variant] = {}
        self._last: Variant | None = None
        self._closures = 0                      # programs because of what f closes over
        self._warned = False                    # that it calls rows back
        self._lock = lock(RLock)
        self.__call__ = self._general  # type: ignore[method-assign]
        update_wrapper(self, f, updated=())     # name, docstring and signature

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """The function as a method: a Module is its first argument; for any other object, and for a class above
        @classmethod, it is compiled anew. Above @staticmethod it is no method."""
        if self.binds is classmethod:
            return self.methods.of(kind)
        if owner is None or self.binds is staticmethod:
            return self
        return MethodType(self, owner) if isinstance(owner, Module) else self.methods.of(owner)

    @property
    def backend(self) -> str:
        """The name of its back end: "native" or "python"."""
        return self._backend.name

    @property
    def dtype(self) -> str:
        """The name of the type of its numbers: "float64" or "float32"."""
        return self._dtype.name

    def _general(self, *args: Any, **options: Any) -> Any:
        """f(*args, **options), whatever the arguments are."""
        out = options.pop("out") if "out" in options and not self.has_out else None
        if is_inside():
            if out is not None:
                raise TypeError("jit: out= takes the numbers of a call; within another transform there are Values, "
                                "which f returns: leave it out there")
            return self.f(*args, **options)     # another transform records or differentiates it
        args, options = decided((args, options))
        if self.samples is not None and (result := self.samples(args, options, out)) is not None:
            return result[0]
        numbers: list[float] = []
        modules: Modules = []
        values: list[Value] = []
        options = dict(sorted(options.items()))
        structure = self._structure(args, options, numbers, modules, partial(_noted, values))
        known = self._known(structure)
        self._last = variant = known or self._compiled(structure, args, options, modules)
        if values and variant.reached:
            refuse_gradient()
        self.__call__ = variant.exact or self._general  # type: ignore[method-assign]
        if out is not None:
            run = partial(variant.run, numbers, modules)
            found = written(out, variant.tree, args, options, run, variant.program.dtype.name)
            if not options:
                self.__call__ = variant.exact_into(args, out) or self._general  # type: ignore[method-assign]
            return found
        if variant.exact and not known:
            return variant.exact(*args)         # which comes back here if it is none of its cases
        return variant.run(numbers, modules)

    @cached_property
    def has_out(self) -> bool:
        """Whether f itself takes the argument `out`."""
        return has_own(self.f)

    def variant(self, args: Sequence[Any]) -> Variant:
        """The program for arguments of this structure, compiled if it is the first time."""
        modules: Modules = []
        given = decided(tuple(args))
        structure = self._structure(given, {}, [], modules)
        return self._known(structure) or self._compiled(structure, given, {}, modules)

    def _known(self, structure: Hashable) -> Variant | None:
        """The program for this structure, and for what f closes over as that is now."""
        last = self.variants.get(structure)
        return last if last is None or last.holds() else self._other(structure)

    def _other(self, structure: Hashable) -> Variant | None:
        """The one of the programs for this structure whose closure holds, which is the first of them from now on."""
        with self._lock:
            several = [last, *last.others] if (last := self.variants.get(structure)) else []
            for one in several:
                if one.holds():
                    for v in several:
                        v.others = []
                    self.variants[structure], one.others = one, [v for v in several if v is not one]
                    return one
        return None

    def _structure(self, args: tuple[Any, ...], options: dict[str, Any], numbers: list[float], modules: Modules,
                   taken: Callable[[Any], float] = plain) -> Hashable:
        structure = read_call(args, options, numbers, modules, taken)
        return by_key(structure) if self.shared else structure

    def _compiled(self, structure: Hashable, args: Sequence[Any], options: dict[str, Any], modules: Modules) -> Variant:
        with self._lock, unhindered():
            if found := self._known(structure):     # another thread was faster
                return found
            variant = self._built(args, options, modules)
            if last := self.variants.get(structure):
                self._changed(last.closure.changed() if last.closure else "")
                variant.others, last.others = [last, *last.others][:OTHERS], []
            for key, old in list(self.variants.items()):
                if any(one.module() is None for one in old.modules):
                    del self.variants[key]
            self.variants[structure] = variant
            self._forget()
            if len(self.variants) == WARN_AFTER:
                self._warn()
            if variant.called_back and not self._warned:
                self._warned = True
                warn_of(self._name("a function"), variant.called_back)
            return variant

    def _built(self, args: Sequence[Any], options: dict[str, Any], modules: Modules) -> Variant:
        start = perf_counter()
        recorded = trace(self.f, args, self.strict or self._backend.in_order, options, self.strict)
        for _, one in modules:
            if isinstance(one, ModuleSnapshot) and not one.holds():         # f has changed it
                one.remember()
        closure = None if self.shared else Closure(roots(self.f, [*args, *options.values()]))
        p = program(recorded, cache(partial(self._backend.has, strict=self.strict)), self.strict, self._dtype)
        arrays = self.arrays or any(isinstance(one, ArrayArgument) for _, one in modules)
        variant = Variant(p, emptied(recorded.tree, arrays), modules, self._backend, self.shared)
        variant.called_back = names(self._backend.called_back(p))
        variant.reached, variant.unrolled = recorded.reached, recorded.unrolled
        variant.closure = closure or None
        del recorded                            # many objects that need not be there for what comes
        variant.compile(None if options else args, self._general)
        if variant.exact is not None:
            self._backend.hasten(self)
        variant.seconds = perf_counter() - start
        return variant

    def _forget(self) -> None:
        """Drop the oldest programs where there are many: each keeps its memory and machine code."""
        size = sum(len(v.program) for v in self.variants.values())
        for key in list(self.variants)[:-1]:
            if len(self.variants) <= MANY_PROGRAMS and size <= MANY_OPERATIONS:
                break
            size -= len(self.variants.pop(key).program)

    def _warn(self) -> None:
        warn(f"jit compiled {self._name('a function')} {WARN_AFTER} times, for as many structures of its arguments; an "
             "int is a part of the program, so pass what changes from call to call as a float (take(table, i) accepts "
             "one)")

    def _changed(self, name: str) -> None:
        """One more program because of what f closes over; of many, a warning says so."""
        self._closures += 1
        if self._closures == WARN_AFTER:
            what = printable(name) or "a list or array that it reads"
            warn(f"jit compiled {self._name('a function')} {WARN_AFTER} times, because {what} is another one at each "
                 "call; pass it as an argument, a float, or keep it in a Value")

    def _name(self, otherwise: str) -> str:
        return printable(getattr(self.f, "__name__", otherwise))

    def __reduce__(self) -> Any:
        if self.samples is not None and self.samples.known:
            raise PicklingError("jit(vmap(f)) is not sent to other processes; send jit(f), and write vmap there")
        programs = {structure: (v.program, v.tree) for structure, v in self.variants.items()}
        return unpacked, packed(self.f, self.__doc__, programs, self.backend, self.strict, self.arrays,
                                self.dtype)

    def __repr__(self) -> str:
        return f"jit({self._name(type(self.f).__name__)})"

    def __copy__(self) -> Jitted[P, R_co]:
        return self                             # as a function is

    def __deepcopy__(self, _: Any) -> Jitted[P, R_co]:
        return self

    def report(self) -> Report:
        """What the last call ran. ValueError before the first call.

        >>> from microgradx import jit
        >>> square = jit(lambda x: x * x)
        >>> square(3.0), square.report().programs
        (9.0, 1)
        """
        if self._last is None:
            raise ValueError("nothing is compiled yet; call the function once")
        v = self._last
        programs = sum(1 + len(one.others) for one in self.variants.values())
        return Report(self.backend, v.program.traced, v.program.count(), getattr(v.compiled, "nests", 0), v.seconds,
                      programs, v.called_back, *v.program.scans(), v.unrolled)


def _noted(values: list[Value], x: Any) -> float:
    """A number among the arguments that is no float; Values are noted."""
    if isinstance(x, Value):
        values.append(x)
    return plain(x)


def jit(f: Callable[P, R_co], *, backend: str | None = None, strict: bool = False, arrays: bool = False,
        threads: int | None = None, dtype: Any = "float64") -> Jitted[P, R_co]:
    """Compile f, a function on Values, numbers, Modules, arrays, and nested lists, tuples, dicts and dataclasses of
    them; the first call with arguments of a new structure traces it, which takes a moment.

    f           may itself be a transform, jit(value_and_grad(loss)), jit(hessian(f)), and a method: see methods.py
    backend     "native", machine code by llvmlite (the extra "jit"), or "python", generated Python; by default native
                where llvmlite is installed
    strict      long sums in the order of eager code, too, no fused multiply-add, libm's functions: the same bits
    arrays      whether nested lists of numbers come back as arrays of numpy; else only where a call has arrays
    threads     how many compute the samples of jit(vmap(f)); by default one on each core, where there is enough to do
    dtype       "float64", or "float32": twice as many numbers in a vector. Arguments and parameters are then rounded
                to float32 (beyond 3.4e38 to infinity), every operation is, and results are float32 numbers: in arrays
                of float32, or as floats. Arrays of float32 are read where they lie. It needs machine code

    Floats, Values and the parameters of Modules are inputs, also Values and parameters that f closes over. Ints, bools
    (also in arrays), strings, None and the nesting are part of the program; `take(table, i)` looks up a float or Value
    `i` as it runs. So are plain numbers, lists, arrays, modes and functions that f closes over: each call looks whether
    they are as they were, and another program is recorded if not. Numbers come back in the nesting of f's result.

    A call may give arrays that take the results and are returned, jit(f)(x, out=a): of the dtype in C order, for each
    array or number, in the nesting of the result, or None for a new one, out=(None, a). TypeError or ValueError for
    another dtype, shape, strides, or memory that an argument has, too. A function with a parameter `out` of its own, or
    with `**options`, is given it itself: write jit(lambda x, to: f(x, out=to)).

    f may be a whole training step: `.data` and `.grad` are read as it runs, `loss.backward()`, `p.data -= lr * p.grad`
    and the step() of an optimiser are recorded, and what f sets is set after each run.

    TracingError where f asks for the number or the truth of a Value, the clock, a file or a random generator, and where
    it changes a plain number that its next call would read. ValueError for an unknown backend, ImportError for
    "native" without llvmlite. TypeError if f is no function, and for an argument of another kind, such as a set.
    ValueError for another dtype, and for float32 with strict or generated Python, which are eager code's float64.

    >>> from microgradx import jit
    >>> square = jit(lambda x: x * x)
    >>> square(3.0), square(4.0), square.report().programs
    (9.0, 16.0, 1)
    """
    binds = type(f) if isinstance(f, (staticmethod, classmethod)) else None
    if binds is not None:
        f = f.__func__  # type: ignore[attr-defined]
    if not callable(f):
        raise TypeError(f"jit takes a function, got {kind_of(f)}; write jit(f), then call the result")
    kind, by = DTYPES[dtype_name(dtype)], chosen(backend)
    by.check(kind, strict)
    found = Jitted(f, by, strict, arrays, dtype=kind)
    found.binds = binds
    if isinstance(f, Vmapped):
        found.samples = AllSamples(f, by, strict, arrays, threads, kind)
    return found


def unpacked(text: str, *objects: Any) -> Jitted[..., Any]:
    """The compiled function that was sent, see pickling.py; by the same back end where that is installed."""
    return _unpacked(Parcel(text, objects))


@lru_cache(maxsize=KEPT)                # a function that comes with every task is compiled once
def _unpacked(parcel: Parcel) -> Jitted[..., Any]:
    f, backend, strict, arrays, dtype = opened(parcel)
    by, kind = nearest(backend), DTYPES[dtype]
    by.check(kind, strict)
    return Jitted(f, by, strict, arrays, shared=True, dtype=kind)


__all__ = ["Jitted", "Report", "jit"]
