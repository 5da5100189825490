"""Engine: compiles LLVM modules for this processor and loads the code.

    >>> import ctypes
    >>> from llvmlite import ir
    >>> from microgradx.compiler.native.builder import Code
    >>> from microgradx.compiler.native.instructions import LONG
    >>> from microgradx.compiler.native.engine import load
    >>> code = Code(ir.Module(), "answer", [], LONG)
    >>> _ = code.b.ret(code.long(42))
    >>> engine, _ = load(code.function.module)
    >>> ctypes.CFUNCTYPE(ctypes.c_long)(engine.get_function_address("answer"))()
    42
"""
from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from threading import Lock, local
from typing import Any

import llvmlite.binding as llvm

from ...ieee import nan
from ...interrupts import held
from ...table import Op

_linking = Lock()                       # symbols are global to the process: two threads would overwrite each other's
_noted = local()                        # the error that a row raised in this thread during a callback


def machine() -> Any:
    """A new LLVM target machine for this processor; each engine takes ownership of its own."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(),
                                        opt=1, jit=True)


@cache
def width() -> int:
    """The number of doubles in a vector of this processor."""
    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


def load(module: Any, rows: Sequence[Op] = ()) -> tuple[Any, list[Any]]:
    """The engine with the machine code of a module, and objects to keep alive with it. The code calls back into Python
    for `rows`."""
    kept = []
    text = str(module)
    with held(), _linking:                  # the destructors of LLVM's objects are Python, and would swallow Ctrl-C
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine())
        for op in rows:
            count = len(next(f for f in module.functions if f.name == f"row.{op.name}").args)
            kind = ctypes.PYFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)
            kept.append(kind(_callback(op)))
            llvm.add_symbol(f"row.{op.name}", ctypes.cast(kept[-1], ctypes.c_void_p).value)
        engine.finalize_object()
    return engine, kept


def _callback(op: Op) -> Any:
    """The callback of a row. An exception cannot pass through machine code: it is noted, and the callback returns
    nan."""
    def call(*xs: float) -> float:
        try:
            return op.at(*xs)
        except BaseException as error:
            _noted.error = error
            return nan
    return call


def raise_noted() -> None:
    """Raise the error that a callback noted since the last call, if any."""
    error = vars(_noted).pop("error", None)
    if error is not None:
        raise error
