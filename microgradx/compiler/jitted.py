"""jit: a function on Values compiled, once for each structure of its arguments.

    >>> from microgradx import jit, tanh, value_and_grad
    >>> neuron = jit(value_and_grad(lambda w, x, b: tanh(w[0] * x[0] + w[1] * x[1] + b)))
    >>> neuron([0.5, -1.0], [2.0, 1.0], 0.0)
    (0.0, [2.0, 1.0])

As all transforms: numbers in, numbers out; within another transform it is the function itself.
"""
from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from importlib.util import find_spec
from threading import RLock
from time import perf_counter
from typing import Any, NamedTuple

from ..derivatives import is_inside
from ..ieee import number
from ..nesting import is_module, leaves
from ..value import Value
from .program import Program, program
from .python import PythonKernel
from .structure import emptied, flat, key, rebuilt, results
from .trace import Traced, trace

BACKENDS = ("native", "python")
STORM = 16                              # programs of one function from which on somebody ought to know


class Report(NamedTuple):
    """What became of a function, for one structure of its arguments.

    backend     "native" or "python"
    traced      nodes that were recorded
    kept        nodes after simplification
    loops       nests of loops found; 0 for a straight line
    seconds     from the call to the compiled program
    programs    how many structures the function was compiled for so far
    """

    backend: str
    traced: int
    kept: int
    loops: int
    seconds: float
    programs: int

    def __str__(self) -> str:
        form = f"{self.loops} loops" if self.loops else "a straight line"
        return (f"{self.backend}: {self.traced:,} nodes traced, {self.kept:,} after simplification, {form}, "
                f"compiled in {self.seconds:.2f} s; {self.programs} program{'s' * (self.programs != 1)} so far")


class Variant:
    """A function compiled for one structure of its arguments."""

    def __init__(self, p: Program, tree: Any, traced: int) -> None:
        self.program, self.tree, self.traced = p, tree, traced
        self.kernel: Any = None
        self.read: list[Value] = []             # Values whose numbers are given at each run
        self.seconds = 0.0

    def prepare(self, args: Sequence[Any], backend: str, strict: bool) -> None:
        """Compile it for the Modules among the arguments, whose parameters stay where the machine code finds them."""
        if backend == "python":
            self.kernel = PythonKernel(self.program)
            return
        from .native import compiled
        self.kernel = compiled(self.program, self.blocks(args), strict)

    def blocks(self, args: Sequence[Any]) -> dict[int, int]:
        """The address of each input that is a parameter of a Module."""
        from .resident import address, resident
        found: dict[int, int] = {}
        place = 0
        for part in parts(args):
            block = resident(leaves(part)) if is_module(part) and leaves(part) else None
            if block is not None:
                start = address(block)
                found |= {place + k: start + 8 * k for k in range(len(block))}
            place += len(leaves(part)) if is_module(part) else 1
        self.resident = found
        return found

    def numbers(self, args: Sequence[Any]) -> list[float]:
        """The numbers that are given at a run: arguments, then what the function closes over."""
        given = [x for x in flat(args)]
        if self.resident:
            given = [x for k, x in enumerate(given) if k not in self.resident]
        return [*(x if x.__class__ is float else x.data if isinstance(x, Value) else number(x) for x in given),
                *(source.data for source in self.program.closures)]

    resident: dict[int, int] = {}  # noqa: RUF012     # none, for generated Python

    def run(self, args: Sequence[Any]) -> Any:
        """What the function returns for these arguments."""
        found = self.kernel.run(self.numbers(args))
        self.program.update(found)
        return rebuilt(self.tree, iter(found))


def parts(args: Any) -> list[Any]:
    """The numbers and Modules among the arguments."""
    if isinstance(args, (list, tuple)):
        return [part for branch in args for part in parts(branch)]
    return [args] if is_module(args) or flat(args) else []


class Jitted:
    """A compiled function; see jit()."""

    def __init__(self, f: Callable[..., Any], backend: str, strict: bool) -> None:
        self.f, self.backend, self.strict = f, backend, strict
        self.variants: dict[Hashable, Variant] = {}
        self._last: Variant | None = None
        self._lock = RLock()
        self.__doc__ = f.__doc__

    def __call__(self, *args: Any) -> Any:
        """f(*args), compiled."""
        if is_inside() or any(x.__class__ is Traced for x in flat(args)):
            return self.f(*args)                # another transform records or differentiates it
        return self.variant(args).run(args)

    def variant(self, args: Sequence[Any]) -> Variant:
        """The program for arguments of this structure, compiled if it is the first time."""
        modules = tuple(id(part) for part in parts(args) if is_module(part))
        wanted = (key(args), modules)
        if wanted not in self.variants:
            with self._lock:
                if wanted not in self.variants:
                    self.variants[wanted] = self._compiled(args)
        self._last = self.variants[wanted]
        return self._last

    def _compiled(self, args: Sequence[Any]) -> Variant:
        start = perf_counter()
        recorded = trace(self.f, args, self.strict or self.backend == "python")
        p = program(recorded, self.native(), self.strict)
        variant = Variant(p, emptied(recorded.tree), len(recorded.results))
        variant.prepare(args, self.backend, self.strict)
        variant.seconds = perf_counter() - start
        if len(self.variants) + 1 == STORM:
            warnings.warn(f"jit compiled {getattr(self.f, '__name__', 'a function')} {STORM} times, for as many "
                          "structures of its arguments; an int is a part of the program, so pass what changes from "
                          "call to call as a float (take(table, i) accepts one)", RuntimeWarning, stacklevel=4)
        return variant

    def native(self) -> Any:
        """Which rows the back end has; None for all."""
        if self.backend == "python":
            return None
        from .elements import native
        return lambda op: native(op, self.strict)

    def report(self) -> Report:
        """What the last call ran. ValueError before the first call."""
        if self._last is None:
            raise ValueError("nothing is compiled yet; call the function once")
        v = self._last
        return Report(self.backend, v.traced, len(v.program), getattr(v.kernel, "nests", 0), v.seconds,
                      len(self.variants))


def jit(f: Callable[..., Any], *, backend: str | None = None, strict: bool = False) -> Jitted:
    """Compile f, a function on Values, numbers, nested lists of them and Modules; the first call with arguments of a
    new structure traces it, which takes a moment.

    f           may itself be a transform: jit(value_and_grad(loss)), jit(hessian(f))
    backend     "native", machine code by llvmlite (the extra "jit"), or "python", generated Python; by default native
                where llvmlite is installed
    strict      every sum in the order of eager code, no fused multiply-add, libm's functions: the same bits as eager

    Floats, Values and the parameters of Modules are inputs, also those that f closes over. Ints, bools, strings, None
    and the nesting are part of the program; `take(table, i)` looks up a float or Value `i` as it runs. Numbers come
    back in the nesting of f's result.

    TracingError where f asks for the number or the truth of a Value. ValueError for an unknown backend.

    >>> from microgradx import jit
    >>> square = jit(lambda x: x * x)
    >>> square(3.0), square(4.0), square.report().programs
    (9.0, 16.0, 1)
    """
    if not callable(f):
        raise TypeError(f"jit takes a function, got {type(f).__name__}; write jit(f), then call the result")
    if backend is None:
        backend = "native" if find_spec("llvmlite") and find_spec("numpy") else "python"
    if backend not in BACKENDS:
        raise ValueError(f"expected backend 'native' or 'python', got {backend!r}")
    if backend == "native" and not find_spec("llvmlite"):
        raise ImportError('backend="native" needs llvmlite; write pip install "microgradx[jit]", or backend="python"')
    return Jitted(f, backend, strict)


__all__ = ["Jitted", "Report", "jit", "results"]
