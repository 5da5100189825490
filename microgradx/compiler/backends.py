"""Backends: the two ways of running a program, native and python, behind one interface; backend(name) chooses.

    >>> from microgradx import sech, tanh
    >>> from microgradx.compiler.backends import backend
    >>> python = backend("python")
    >>> python.name, python.has(tanh), python.has(sech)         # math has no sech: Python gets 1/cosh(x)
    ('python', True, False)

What a back end needs is imported when it is first used: generated Python runs where llvmlite and numpy are missing.
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from ..extras import install
from ..table import Op
from .ir.program import Program
from .python_backend import PythonKernel, python_call, spoken
from .trace.traced import GradientOf
from .training.session import Session


class Runnable(Protocol):
    """A compiled program."""

    def run(self, numbers: Sequence[float]) -> list[float]:
        """The results for these inputs."""


class Backend(ABC):
    """A way of running programs.

    name        "native" or "python"
    in_order    whether it always adds gradients up in the order of backward(), not only in strict programs
    """

    name: str
    in_order: bool

    @abstractmethod
    def is_installed(self) -> bool:
        """Whether all that it needs is installed."""

    @abstractmethod
    def has(self, op: Op, strict: bool = False) -> bool:
        """Whether a row stays in a program as it is; any other is replaced by the rows that it is made of."""

    def called_back(self, p: Program) -> list[Op]:
        """The rows that the code of a program calls back in Python, each once."""
        return []

    @abstractmethod
    def homes(self, sources: Sequence[Any]) -> list[int] | None:
        """The address of each number: of Values' data, or of their gradients (GradientOf). They are put into memory if
        they are not there yet. None where they keep their own numbers, which are then inputs of every run."""

    @abstractmethod
    def kernel(self, p: Program, addresses: Mapping[int, int], targets: Sequence[int] = ()) -> Runnable:
        """A program from a list of numbers to a list of numbers. `addresses`: of the inputs that have one; `targets`:
        addresses that take the last results after each run, which are not in its list then."""

    @abstractmethod
    def exact(self, p: Program, args: Sequence[Any], tree: Any, general: Callable[..., Any]) -> Any:
        """A function that takes arguments just like `args`, few floats in lists, and nests its results as in `tree`;
        all other arguments it hands to `general`. None where this back end has no faster way than `general`."""

    @abstractmethod
    def session(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any,
                **options: Any) -> Session:
        """Compiled training; the arguments are those of Session."""


class PythonBackend(Backend):
    """Generated Python, which needs nothing installed."""

    name = "python"
    in_order = True

    def is_installed(self) -> bool:
        """Always."""
        return True

    def has(self, op: Op, strict: bool = False) -> bool:
        """Operators of the language, functions of math, and rows with branches."""
        return spoken(op)

    def homes(self, sources: Sequence[Any]) -> None:
        """None: Values keep their numbers."""

    def kernel(self, p: Program, addresses: Mapping[int, int], targets: Sequence[int] = ()) -> PythonKernel:
        """The program as a Python function."""
        return PythonKernel(p)

    def exact(self, p: Program, args: Sequence[Any], tree: Any, general: Callable[..., Any]) -> Any:
        """A Python function with the unpacking written out."""
        return python_call(p, args, tree, general)

    def session(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any,
                **options: Any) -> Session:
        """Training by generated Python."""
        from .training.python_session import PythonSession
        return PythonSession(model, xs, ys, loss, optimiser, **options)


class NativeBackend(Backend):
    """Machine code by llvmlite, in memory of numpy's."""

    name = "native"
    in_order = False

    def is_installed(self) -> bool:
        """Whether llvmlite and numpy are."""
        return bool(find_spec("llvmlite") and find_spec("numpy"))

    def has(self, op: Op, strict: bool = False) -> bool:
        """Rows that are instructions, or functions that are called: in strict programs libm's."""
        from .native.instructions import native
        return native(op, strict)

    def called_back(self, p: Program) -> list[Op]:
        """Those that are neither instructions nor functions of the C library, and are made of no other rows."""
        from .native.instructions import called
        return called(p.ops, p.strict)

    def homes(self, sources: Sequence[Any]) -> list[int] | None:
        """None where one of them is neither a Value nor a Buffer, but of a class of the user's."""
        from .native.resident import addresses, gradient_addresses
        if sources and isinstance(sources[0], GradientOf):
            return gradient_addresses([source.value for source in sources])
        return addresses(sources)

    def kernel(self, p: Program, addresses: Mapping[int, int], targets: Sequence[int] = ()) -> Runnable:
        """Machine code: one straight line, or loops."""
        from .native_backend import compiled
        found = compiled(p, addresses, p.strict)
        found.keep(targets)
        return found

    def exact(self, p: Program, args: Sequence[Any], tree: Any, general: Callable[..., Any]) -> Any:
        """A builtin function of machine code. None where it does not know how Python's objects lie in memory, and for
        programs that are large or call Python."""
        from .native.entry import is_known, native_call
        return native_call(p, args, tree, general) if is_known() else None

    def session(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any,
                **options: Any) -> Session:
        """Training in machine code."""
        from .training.native_session import NativeSession
        return NativeSession(model, xs, ys, loss, optimiser, **options)


NATIVE, PYTHON = NativeBackend(), PythonBackend()
BACKENDS: dict[str, Backend] = {one.name: one for one in (NATIVE, PYTHON)}


def backend(name: str | None = None) -> Backend:
    """The back end of this name; without a name native where it is installed, else python.

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
    """The back end of this name if it is installed here, else python: for a function that another process sends."""
    return BACKENDS[name] if BACKENDS[name].is_installed() else PYTHON
