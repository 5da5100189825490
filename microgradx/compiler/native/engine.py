"""Machine: the processor that this program runs on, and code loaded for it.

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
from ...table import Op

_linking = Lock()                       # the names of rows are the process's: two threads would take each other's
_noted = local()                        # what a row raised in this thread while it was called back


def machine(effort: int = 1) -> Any:
    """The processor that this program runs on. An engine takes it over, so that each needs its own. Effort 0 compiles
    in a quarter of the time or less, for code that has little to do."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(),
                                        opt=effort, jit=True)


@cache
def width() -> int:
    """How many doubles a vector of this processor holds."""
    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


def load(module: Any, rows: Sequence[Op] = (), effort: int = 1) -> tuple[Any, list[Any]]:
    """Machine code of a module, and what must be kept alive with it. `rows` are called back in Python."""
    kept = []
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine(effort))
    with _linking:
        for op in rows:
            count = len(next(f for f in module.functions if f.name == f"row.{op.name}").args)
            kind = ctypes.PYFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)
            kept.append(kind(_calling(op)))
            llvm.add_symbol(f"row.{op.name}", ctypes.cast(kept[-1], ctypes.c_void_p).value)
        engine.finalize_object()
    return engine, kept


def _calling(op: Op) -> Any:
    """The row as machine code calls it, through which no error finds its way: it is noted."""
    def call(*xs: float) -> float:
        try:
            return op.at(*xs)
        except BaseException as error:
            _noted.error = error
            return nan
    return call


def raise_noted() -> None:
    """Raise what a row raised since the last time."""
    error = vars(_noted).pop("error", None)
    if error is not None:
        raise error
