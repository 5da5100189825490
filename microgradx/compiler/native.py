"""Native: LLVM code for a program. Small ones as one straight line, large ones as loops.

    >>> from microgradx import mul
    >>> from microgradx.compiler.native import compiled
    >>> from microgradx.compiler.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(mul, (x, x))]
    >>> kernel = compiled(p)
    >>> kernel.run([3.0])
    [9.0]
"""
from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from struct import Struct
from threading import Lock, local
from typing import Any, NamedTuple

import llvmlite.binding as llvm

from ..ieee import nan
from ..table import Op
from .elements import native
from .program import Program
from .resident import LINE, aligned

FLAT = 500                              # operations that one straight line may have


def machine() -> Any:
    """The processor that this program runs on. An engine takes it over, so that each needs its own."""
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
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine())
    with _linking:
        for op in rows:
            count = len(next(f for f in module.functions if f.name == f"row.{op.name}").args)
            kind = ctypes.PYFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)
            kept.append(kind(_calling(op)))
            llvm.add_symbol(f"row.{op.name}", ctypes.cast(kept[-1], ctypes.c_void_p).value)
        engine.finalize_object()
    return engine, kept


_linking = Lock()                       # the names of rows are the process's: two threads would take each other's
_noted = local()                        # what a row raised in this thread while it was called back


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


class Place(NamedTuple):
    """Where a program finds its numbers.

    memory      an array of float64, larger than is needed: what is left over is never touched
    inputs      the slot of each input, counted from the start of memory; a Module's parameters lie outside of it
    given       how many inputs are written into memory before each run; they come first
    status      the slot that is set to 1 where an index was outside of its table
    """

    memory: Any
    inputs: list[int]
    given: int

    @property
    def status(self) -> int:
        """Right behind the inputs."""
        return self.given


def placed(p: Program, blocks: Mapping[int, int]) -> Place:
    """Memory for a program. `blocks` tells the address of each input that has one."""
    memory = aligned(2 * len(p) + len(p.results) + 2 * LINE)
    start = memory.ctypes.data
    given = count()
    inputs = [(blocks[k] - start) // 8 if k in blocks else next(given) for k in range(len(p.inputs))]
    return Place(memory, inputs, next(given))


class Kernel:
    """A program as machine code: run(numbers) -> results.

    place       its memory, with the inputs
    results     the slot of the first result; the others follow
    nests       of loops; 0 for a straight line
    address     of the machine code, a C function void f(double *memory)
    """

    def __init__(self, module: Any, place: Place, results: int, count: int, rows: Sequence[Op], kept: Any = (),
                 nests: int = 0) -> None:
        self.place, self.results, self.count, self.nests = place, results, count, nests
        self.closures: list[Any] = []
        self.engine = load(module, rows), kept
        self.address = self.engine[0][0].get_function_address("kernel")
        self.start = place.memory.ctypes.data
        self._give = Struct(f"{place.given}d").pack_into
        self._found = place.memory[results:results + count]
        self._function = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(self.address)
        self._lock = Lock()

    def run(self, numbers: Sequence[float]) -> list[float]:
        """The results for these inputs. IndexError if a take() was given an index outside of its table; what a row
        raises that is called back."""
        with self._lock:
            self._give(self.place.memory, 0, *numbers)
            self._function(self.start)
            self.check()
            found: list[float] = self._found.tolist()
        return found

    def check(self) -> None:
        """Raise what was raised since the last check; IndexError if a take() was given an index outside its table."""
        wrong, self.place.memory[self.place.status] = self.place.memory[self.place.status] != 0, 0.0
        raise_noted()
        if wrong:
            raise IndexError("take: expected a whole number from 0 to the length of the table less 1 as index")


def compiled(p: Program, blocks: Mapping[int, int] | None = None, strict: bool = False) -> Kernel:
    """A program as machine code. `blocks` tells the address of each input that lies elsewhere."""
    place = placed(p, blocks or {})
    if is_small(p):
        from .straight import straight
        function = straight(p, place.inputs, place.given + 1, place.status, strict)
        kernel = Kernel(function.module, place, place.given + 1, len(p.results), called(p, strict))
    else:
        from .schedule import looped
        kernel = looped(p, place, strict)
    kernel.closures = p.closures
    return kernel


def is_small(p: Program) -> bool:
    """Whether a program is one straight line."""
    return sum(map(len, p.args)) <= FLAT


def called(p: Program, strict: bool) -> list[Op]:
    """The rows that are called back."""
    return list({op.name: op for op in p.ops if op is not None and not native(op, strict)}.values())
