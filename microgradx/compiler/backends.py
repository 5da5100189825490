"""Backends: native and python, the two ways to run a program, behind one interface. backend(name) returns one.

    >>> from microgradx import square, tanh
    >>> from microgradx.compiler.backends import backend
    >>> python = backend("python")
    >>> python.name, python.has(tanh), python.has(square)       # math has no square: Python gets x*x
    ('python', True, False)

A back end imports its dependencies on first use, so generated Python runs where llvmlite and numpy are missing.
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from ..extras import install
from ..interrupts import held
from ..table import Op
from .ir.dtype import DTYPES, FLOAT64, Dtype
from .ir.program import Program
from .python_backend import PythonKernel, has_row, python_call, python_samples
from .trace.arguments import MANY, is_exact
from .trace.state import GradientOf
from .training.session import Session

MOST_ARRAYS = 120                       # that machine code reads and writes where they are, see native/place.py
Arrays = Sequence[tuple[int, tuple[int, ...]]]


class Runnable(Protocol):
    """A compiled program."""

    def run(self, numbers: Sequence[float], arrays: Sequence[Any] = (), made: Sequence[Any] = ()) -> list[Any]:
        """Return the results for these inputs: numbers, and those in arrays. made: arrays that machine code writes
        results to, None for a new one."""


class Backend(ABC):
    """One way to run programs.

    name        "native" or "python"
    in_order    whether it adds gradients in the order of backward() in all programs, not only in strict ones
    reads_modules   whether its exact functions read the parameters of Modules, and Values that are closed over
    """

    name: str
    in_order: bool
    reads_modules = False

    @abstractmethod
    def is_installed(self) -> bool:
        """Whether its dependencies are installed."""

    @abstractmethod
    def has(self, op: Op, strict: bool = False) -> bool:
        """Whether this back end computes the row itself; other rows are lowered."""

    def check(self, dtype: Dtype, strict: bool) -> None:
        """ValueError if it does not compute in this dtype."""
        if dtype is not FLOAT64 and strict:
            raise ValueError("strict=True is for the bits of eager code, which computes in float64; write "
                             "dtype='float64', or strict=False")

    def called_back(self, p: Program) -> list[Op]:
        """The rows for which the compiled program calls back into Python, each once."""
        return []

    @abstractmethod
    def homes(self, sources: Sequence[Any]) -> list[int] | None:
        """The address of each number: of Values' data, or of their gradients (GradientOf). They are put into memory if
        they are not there yet. None where they keep their own numbers, which are then inputs of every run."""

    def copies(self, places: Mapping[int, int], dtype: Dtype) -> Any:
        """Copies of the numbers at these addresses, see native.resident.Copies, for a program of another dtype; None
        where there is no need of them."""
        return None

    def blocks(self, values: Sequence[Any]) -> tuple[Any, Any] | None:
        """The numbers and the gradients of these Values, two arrays to read and write. None where they keep their own,
        as in homes()."""
        return None

    def reads_arrays(self, count: int) -> bool:
        """Whether its kernels read and write so many arrays where they are; if not, they take and give numbers."""
        return False

    @abstractmethod
    def kernel(self, p: Program, addresses: Mapping[int, int], targets: Sequence[int] = (), arrays: Arrays = (),
               made: Arrays = ()) -> Runnable:
        """A program from a list of numbers to a list of numbers. `addresses`: of the inputs that have one; `targets`:
        addresses that take the last results after each run, which are not in its list then; `arrays` and `made`: the
        first input, or result, that is in each array, and its shape."""

    @abstractmethod
    def exact(self, variant: Any, args: Sequence[Any], general: Callable[..., Any]) -> Any:
        """A function specialised for arguments with the structure of `args`, which does what variant.run does, and
        passes all other arguments to `general`. None if this back end has nothing faster than `general`."""

    def into(self, variant: Any, args: Sequence[Any], out: Any) -> Any:
        """The same for calls with out=, arrays of this nesting, which passes all others to `variant.exact`. None if
        this back end has nothing faster."""
        return None

    def direct(self, kind: type) -> type:
        """A class of functions like `kind`, whose calls hasten() can shorten; `kind` itself if there is none."""
        return kind

    def hasten(self, f: Any) -> None:
        """From now on a call of f, of a direct() class, goes to what is in its slot `__call__` without a detour."""
        return None

    @abstractmethod
    def samples(self, samples: Any) -> Callable[..., None]:
        """A function run(rows, shared, out, threads): the program of one of `samples`, see samples.py, for each row of
        these arrays; it writes the results to the rows of `out`."""

    @abstractmethod
    def session(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any,
                **options: Any) -> Session:
        """A compiled training session; the arguments are those of Session, and `executor`: see ExecutorSession."""


class PythonBackend(Backend):
    """Generated Python, without dependencies."""

    name = "python"
    in_order = True

    def is_installed(self) -> bool:
        """Always True."""
        return True

    def check(self, dtype: Dtype, strict: bool) -> None:
        """ValueError for float32: Python's floats are float64."""
        super().check(dtype, strict)
        if dtype is not FLOAT64:
            raise ValueError(f"dtype='float32' is for machine code, and Python's floats are float64; write "
                             f"{install('jit')} and backend='native', or dtype='float64'")

    def has(self, op: Op, strict: bool = False) -> bool:
        """True for operators of Python, functions of math, and rows with branches."""
        return has_row(op)

    def homes(self, sources: Sequence[Any]) -> None:
        """None: Values keep their numbers."""

    def kernel(self, p: Program, addresses: Mapping[int, int], targets: Sequence[int] = (), arrays: Arrays = (),
               made: Arrays = ()) -> PythonKernel:
        """The program as a Python function."""
        return PythonKernel(p)

    def exact(self, variant: Any, args: Sequence[Any], general: Callable[..., Any]) -> Any:
        """A Python function with unrolled unpacking. None where there are arrays or dicts, or many numbers."""
        p, tree = variant.program, variant.tree
        if variant.made or variant.placed or not is_exact(tree, ()) or max(len(p.inputs), len(p.results)) > MANY:
            return None
        return python_call(p, args, tree, general, variant.closure and variant.closure.holds)

    def samples(self, samples: Any) -> Callable[..., None]:
        """A loop in Python."""
        return python_samples(samples)

    def session(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any,
                **options: Any) -> Session:
        """Training in generated Python. ValueError for float32, ImportError for an executor: both need machine code."""
        if options.pop("executor", None) is not None:
            raise ImportError(f"executor= needs llvmlite; write {install('jit')}, or executor=None")
        self.check(DTYPES[options.get("dtype", "float64")], False)
        from .training.python_session import PythonSession
        return PythonSession(model, xs, ys, loss, optimiser, **options)


class NativeBackend(Backend):
    """Machine code, compiled by llvmlite, on numpy arrays."""

    name = "native"
    in_order = False
    reads_modules = True

    def is_installed(self) -> bool:
        """Whether llvmlite and numpy are installed."""
        return bool(find_spec("llvmlite") and find_spec("numpy"))

    def has(self, op: Op, strict: bool = False) -> bool:
        """True for rows that are instructions or functions; strict programs call only functions of libm."""
        from .native.instructions import native
        return native(op, strict)

    def called_back(self, p: Program) -> list[Op]:
        """Rows that are neither instructions nor functions of the C library, and cannot be lowered."""
        from .native.instructions import called
        return called(p.ops, p.strict)

    def homes(self, sources: Sequence[Any]) -> list[int] | None:
        """None where one of them is neither a Value nor a Buffer, but of a class of the user's."""
        from .native.resident import addresses, gradient_addresses
        if sources and isinstance(sources[0], GradientOf):
            return gradient_addresses([source.value for source in sources])
        return addresses(sources)

    def copies(self, places: Mapping[int, int], dtype: Dtype) -> Any:
        """In float32; Values keep their numbers in float64."""
        if not places or dtype is FLOAT64:
            return None
        from .native.resident import Copies
        return Copies(places, dtype)

    def blocks(self, values: Sequence[Any]) -> tuple[Any, Any] | None:
        """The memory that machine code reads and writes."""
        import numpy as np

        from .native.resident import resident, resident_gradients
        numbers, slopes = resident(values), resident_gradients(values)
        return None if numbers is None or slopes is None else (np.frombuffer(numbers), np.frombuffer(slopes))

    def reads_arrays(self, count: int) -> bool:
        """True, unless there are very many."""
        return count <= MOST_ARRAYS

    def kernel(self, p: Program, addresses: Mapping[int, int], targets: Sequence[int] = (), arrays: Arrays = (),
               made: Arrays = ()) -> Runnable:
        """Machine code: one straight line, or loops."""
        from .native_backend import compiled
        found = compiled(p, addresses, p.strict, arrays, made)
        found.keep(targets)
        return found

    def exact(self, variant: Any, args: Sequence[Any], general: Callable[..., Any]) -> Any:
        """A builtin function in machine code. None on a Python whose object layout is not known, and for programs that
        call Python."""
        from .native.entry import native_call
        from .native.layout import is_known
        return native_call(variant, args, general) if is_known() else None

    def into(self, variant: Any, args: Sequence[Any], out: Any) -> Any:
        """A builtin function in machine code, too."""
        from .native.into import into_call
        return into_call(variant, args, out)

    def direct(self, kind: type) -> type:
        """A class made by CPython's C API."""
        from .native.vectorcall import direct
        return direct(kind)

    def hasten(self, f: Any) -> None:
        """By a C function that calls it, where f is of such a class."""
        from .native.forward import forward
        if hasattr(f, "vectorcall"):
            f.vectorcall = forward(type(f))

    def samples(self, samples: Any) -> Callable[..., None]:
        """Machine code in the lanes of vectors or in a loop, in threads."""
        from .native_samples import runner
        return runner(samples)

    def session(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any,
                **options: Any) -> Session:
        """Training in machine code."""
        executor = options.pop("executor", None)
        self.check(DTYPES[options.get("dtype", "float64")], options.get("strict", False))
        with held():                                    # numpy cannot be imported again if Ctrl-C cut its import short
            if executor is None:
                from .training.native_session import NativeSession
            else:
                from .training.executor_session import ExecutorSession
        if executor is None:
            return NativeSession(model, xs, ys, loss, optimiser, **options)
        return ExecutorSession(model, xs, ys, loss, optimiser, executor=executor, **options)


NATIVE, PYTHON = NativeBackend(), PythonBackend()
BACKENDS: dict[str, Backend] = {one.name: one for one in (NATIVE, PYTHON)}


def backend(name: str | None = None) -> Backend:
    """The back end of this name; without a name native if it is installed, else python.

    ValueError for an unknown name, ImportError for "native" without llvmlite.
    """
    if name is None:
        return NATIVE if NATIVE.is_installed() else PYTHON
    if name not in BACKENDS:
        raise ValueError(f"expected backend 'native' or 'python', got {name!r}")
    if name == NATIVE.name and not find_spec("llvmlite"):
        raise ImportError(f'backend="native" needs llvmlite; write {install("jit")}, or backend="python"')
    return BACKENDS[name]


def nearest(name: str) -> Backend:
    """The back end of this name if it is installed, else python: for a function that another process sent."""
    return BACKENDS[name] if BACKENDS[name].is_installed() else PYTHON
