"""Native: LLVM code for a program. Small ones as one straight line, large ones as loops.

    >>> from microgradx import mul
    >>> from microgradx.compiler.native import compiled
    >>> from microgradx.compiler.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(mul, (x, x))]
    >>> kernel = compiled(p)
    >>> kernel.memory[0] = 3.0
    >>> kernel.run(); kernel.memory[kernel.results]
    9.0
"""
from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from ..table import Op
from .elements import native
from .lower import lower
from .program import Program

FLAT = 500                              # operations that one straight line may have


@cache
def machine() -> Any:
    """The processor that this program runs on."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(),
                                        opt=1, jit=True)


@cache
def width() -> int:
    """How many doubles a vector of this processor holds."""
    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


def load(module: Any, rows: Sequence[Op] = ()) -> tuple[Any, list[Any]]:
    """Machine code of a module, and what must be kept alive with it. `rows` are called back in Python."""
    kept = []
    for op in rows:
        count = len(next(f for f in module.functions if f.name == f"row.{op.name}").args)
        kind = ctypes.PYFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)
        kept.append(kind(op.at))
        llvm.add_symbol(f"row.{op.name}", ctypes.cast(kept[-1], ctypes.c_void_p).value)
    parsed = llvm.parse_assembly(str(module))
    engine = llvm.create_mcjit_compiler(parsed, machine())
    engine.finalize_object()
    return engine, kept


class Kernel:
    """Machine code that reads inputs from its memory and writes results there.

    memory      all numbers, an array of float64; inputs first (where none are elsewhere)
    results     the slot of the first result; the others follow
    status      the slot that is set to 1 where an index was outside of its table
    address     of the machine code, a C function void f(double *memory)
    """

    def __init__(self, module: Any, size: int, constants: dict[int, float], results: int, rows: Sequence[Op],
                 kept: Any = ()) -> None:
        self.memory = np.zeros(size)
        for slot, x in constants.items():
            self.memory[slot] = x
        self.results, self.status = results, size - 1
        self._kept = load(module, rows), kept
        self.address = self._kept[0][0].get_function_address("kernel")
        self._function = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(self.address)
        self._start = self.memory.ctypes.data

    def run(self) -> None:
        """Compute the results from the inputs."""
        self._function(self._start)


def compiled(p: Program, inputs: Sequence[int] | None = None, strict: bool = False) -> Kernel:
    """A program as machine code. `inputs` are the slots of its inputs, where they are not the first of its memory."""
    low = lower(p, native)
    if sum(map(len, low.args)) <= FLAT:
        return _straight(low, inputs, strict)
    from .schedule import looped
    return looped(low, inputs, strict)


def _straight(p: Program, inputs: Sequence[int] | None, strict: bool) -> Kernel:
    from .straight import straight
    first = 0 if inputs is not None else len(p.inputs)
    size = first + len(p.results) + 1
    function = straight(p, range(len(p.inputs)) if inputs is None else inputs, first, size - 1, strict)
    return Kernel(function.module, size, {}, first, called(p))


def called(p: Program) -> list[Op]:
    """The rows that are called back."""
    return list({op.name: op for op in p.ops if op is not None and not native(op)}.values())
