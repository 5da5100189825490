"""Engine: compiles LLVM modules for this processor and loads the code.

    >>> import ctypes
    >>> from llvmlite import ir
    >>> from microgradx.compiler.native.builder import Code
    >>> from microgradx.compiler.native.instructions import LONG
    >>> from microgradx.compiler.native.engine import load
    >>> code = Code(ir.Module(), "answer", [], LONG)
    >>> _ = code.b.ret(code.long(42))
    >>> loaded = load(code.function.module)
    >>> ctypes.CFUNCTYPE(ctypes.c_long)(loaded.address("answer"))()
    42
"""
from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from itertools import count
from threading import RLock, local
from typing import Any
from weakref import ref

import llvmlite
import llvmlite.binding as llvm

from ... import __version__
from ...ieee import nan
from ...interrupts import held
from ...table import Op
from ..ir.dtype import FLOAT64, Dtype
from .cache import Cache, folder, key_of

_linking = RLock()                      # symbols are global to the process: two threads would overwrite each other's
_numbers = count()                      # for names of functions that are unique in the process
_last: list[Any] = []                   # the engine that took the last modules, if it is still there, and how many
SHARED = 64                             # modules that an engine has at most
_loaded: set[str] = set()                # keys of modules that this process has loaded
_cached: list[Cache | None] = [None]    # where the code of a module with a key is
_noted = local()                        # the error that a row raised in this thread during a callback


def machine() -> Any:
    """A new LLVM target machine for this processor; each engine takes ownership of its own."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(),
                                        opt=1, jit=True)


@cache
def width(dtype: Dtype = FLOAT64) -> int:
    """How many numbers are in a vector of this processor."""
    features = llvm.get_host_cpu_features()
    return (64 if features.get("avx512f") else 32 if features.get("avx2") else 16) // dtype.size


@cache
def kind() -> tuple[str, ...]:
    """What machine code depends on beside its LLVM code: versions, and the processor."""
    return (__version__, llvmlite.__version__, *map(str, llvm.llvm_version_info), llvm.get_default_triple(),
            llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


class Held:
    """An engine. A weak reference to itself could bring it back while its destructor, which is Python, closes it."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine


class Loaded:
    """The machine code of a module, as long as this lives."""

    def __init__(self, held: Held, names: dict[str, str], callbacks: list[Any]) -> None:
        self.held, self.names, self.callbacks = held, names, callbacks

    def address(self, name: str) -> int:
        """The address of a function of the module."""
        return self.held.engine.get_function_address(self.names[name])  # type: ignore[no-any-return]


def load(module: Any, rows: Sequence[Op] = ()) -> Loaded:
    """The machine code of a module, from the cache on disk if it is there. It calls back into Python for `rows`."""
    text, callbacks = str(module), []
    where = folder() if not rows else None
    key = key_of(text, *kind()) if where else None
    with held(), _linking:                  # the destructors of LLVM's objects are Python, and would swallow Ctrl-C
        code = llvm.parse_assembly(text)
        defined = [f for f in code.functions if not f.is_declaration]
        if key in _loaded:
            key = None                      # a second time in this process: under other names
        mark = key or str(next(_numbers))   # names in the cache are the same in each process
        _loaded.update([key] if key else ())
        names = {f.name: f"{f.name}.{mark}" for f in defined}
        for f in defined:
            f.name = names[f.name]
        for op in rows:
            inputs = len(next(f for f in module.functions if f.name == f"row.{op.name}").args)
            kind_of_row = ctypes.PYFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * inputs)
            callbacks.append(kind_of_row(_callback(op)))
            llvm.add_symbol(f"row.{op.name}", ctypes.cast(callbacks[-1], ctypes.c_void_p).value)
        if key is not None and where is not None:
            code.name = key
            _cached[0] = Cache(where)
        own = Held(llvm.create_mcjit_compiler(code, machine())) if rows else _shared(code)
        own.engine.finalize_object()
        return Loaded(own, names, callbacks)


def _shared(code: Any) -> Held:
    """The engine for a module that calls nothing back: one for many modules, which lives as long as one of them does.
    An engine of its own takes 0.7 MB beside the code."""
    found: Held | None = _last[0]() if _last else None
    if found is None or _last[1] == SHARED:
        found = Held(llvm.create_mcjit_compiler(code, machine()))
        found.engine.set_object_cache(_put, _get)
        _last[:] = ref(found), 1
    else:
        found.engine.add_module(code)
        _last[1] += 1
    return found


def _put(code: Any, found: bytes) -> None:
    """Called by LLVM after it has compiled a module."""
    if code.name in _loaded and _cached[0] is not None:
        _cached[0].put(code.name, found)


def _get(code: Any) -> bytes | None:
    """Called by LLVM before it compiles a module."""
    return _cached[0].get(code.name) if code.name in _loaded and _cached[0] is not None else None


def _callback(op: Op) -> Any:
    """The callback of a row. An exception cannot pass through machine code: it is noted, and the callback returns
    nan."""
    def call(*xs: float) -> float:
        try:
            return op.at(*xs)
        except BaseException as error:
            note(error)
            return nan
    return call


def note(error: BaseException) -> None:
    """Keep the error of a callback, for raise_noted() in this thread."""
    _noted.error = error


def raise_noted() -> None:
    """Raise the error that a callback noted since the last call, if any."""
    error = vars(_noted).pop("error", None)
    if error is not None:
        raise error


# A fork waits until no thread is inside of LLVM: the child would wait for that thread, which it does not have.
_inside: Any = getattr(llvm.ffi.lib, "_lock", nullcontext())        # llvmlite's own lock around each call


def _enter() -> None:
    _linking.acquire()
    _inside.__enter__()


def _leave() -> None:
    _inside.__exit__(None, None, None)
    _linking.release()


if hasattr(os, "register_at_fork"):         # Unix
    os.register_at_fork(before=_enter, after_in_parent=_leave, after_in_child=_leave)
