"""Entry: compiles a program to a builtin function of Python in machine code.

    >>> from microgradx import jit
    >>> f = jit(lambda xs, y: [xs[0] * y], backend="native")
    >>> f([3.0], 4.0), type(f.__call__).__name__                # from now on
    ([12.0], 'builtin_function_or_method')

The machine code reads the arguments (reader.py), and passes those of any other structure to `general`; it runs the
program, and makes the results (maker.py), new arrays of numpy in place.

A small program is a part of the function. A large one is a kernel, which runs on a memory that no other thread has
(pool.py).
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from math import prod
from typing import Any

from .buffers import copying
from .builtin import builtin
from .guard import Guard
from .instructions import LONG, POINTER, VOID, called, number
from .layout import DATA
from .maker import ResultMaker
from .pool import MemoryPool
from .straight import is_small, line


def native_call(variant: Any, args: Sequence[Any], general: Callable[..., Any]) -> Any:
    """A builtin function for arguments with the structure of `args`, which does what variant.run does. None for a
    program that calls back into Python, or may be ended by Ctrl-C: only `general` raises errors of callbacks."""
    if called(variant.program.ops, variant.program.strict) or variant.program.waits():
        return None
    return builtin(Entry(variant, args, general))


class Entry(Guard, MemoryPool, ResultMaker):
    """The function, under construction. arrays: those of the results."""

    def __init__(self, variant: Any, args: Sequence[Any], general: Callable[..., Any]) -> None:
        super().__init__("call", variant.program.dtype)
        self.variant, self.p, self.tree = variant, variant.program, variant.tree
        self.arrays: list[Any] = []
        b, (_, pointer, count, names) = self.b, self.function.args

        self.require(b.icmp_signed("==", count, LONG(len(args))))
        self.keywords(names)
        if variant.closure:
            self.unchanged(variant.closure)
        if self.p.closures:
            self.outside()
        closed_over = [self.data_of(x) for several in variant.sources for x in several]
        self.modules(pointer, args)
        self.elements(pointer, args)
        self.numbers += closed_over
        self.given(self.item(pointer, len(args)))
        found = self.straight() if is_small(self.p) else self.looped()
        b.ret(self.made(self.tree, iter(found), iter(self.arrays)))
        b.position_at_end(self.other)
        b.ret(self.python("PyObject_Vectorcall", POINTER, self.object(general), pointer, count, names))

    def keywords(self, names: Any) -> None:
        """There are no keyword arguments."""
        self.require(self.b.icmp_unsigned("==", names, self.null()))

    def given(self, pointer: Any) -> None:
        """Read the keyword arguments."""

    def straight(self) -> list[Any]:
        """The results that are numbers, of a small program."""
        b, v, given = self.b, self.variant, iter(self.numbers)
        self.copies()
        places = {first + j: (pointer, j) for (first, sizes), pointer in zip(v.arrays, self.pointers)
                  for j in range(prod(sizes))}
        places |= {k: (b.inttoptr(LONG(address), POINTER), 0) for k, address in v.addresses.items()}
        xs = [b.load(self.number(*places[k]), typ=self.real) if k in places else self.value(next(given))
              for k in range(len(self.p.inputs))]
        found, wrong = line(b, self.p, xs, self.p.strict)
        if wrong is not None:
            self.require(b.not_(wrong))                 # `general` raises
        self.new_arrays()
        numbers, start = [], 0
        for (first, sizes), pointer in zip(v.made, self.pointers[len(v.arrays):]):
            numbers += found[start:first]
            start = first + prod(sizes)
            for j, x in enumerate(found[first:start]):
                b.store(x, self.number(pointer, j))
        return numbers + found[start:]

    def looped(self) -> list[Any]:
        """The results that are numbers, of a large program, which runs on a memory of its pool."""
        b, kernel = self.b, self.variant.kernel
        place, pool = kernel.place, self.pool()
        for x in self.nested:
            self.python("Py_IncRef", VOID, x)
        self.pending += self.nested
        self.new_arrays()
        self.copies()
        memory = self.free_memory(pool, kernel)
        self.fill(memory, place.arrays)
        self.run(kernel, memory, self.p.work())
        wrong = b.load(self.number(memory, place.status), typ=self.real)
        numbers = self.copied(self.number(memory, kernel.results), kernel.count)
        self.give_back(memory, pool, place)
        for x in self.nested:
            self.python("Py_DecRef", VOID, x)
        self.pending = [x for x in self.arrays if x in self.pending]
        with b.if_then(b.fcmp_unordered("!=", wrong, number(0.0, self.real)), likely=False):
            self.release()
            b.branch(self.other)                        # `general` raises
        return numbers

    def fill(self, memory: Any, arrays: int) -> None:
        """Store the numbers of the arguments in a memory, and the addresses of all arrays from the word `arrays` on."""
        start = 0
        for _, several in groupby(self.numbers, lambda x: x[0] if isinstance(x, tuple) else None):
            xs = list(several)
            self.put(xs, self.number(memory, start))
            start += len(xs)
        for k, pointer in enumerate(self.pointers, arrays):
            self.b.store(pointer, self.item(memory, k))

    def copies(self) -> None:
        """Copy the numbers of Values that the program reads in another dtype, see Copies."""
        copies = self.variant.copies
        if copies is not None:
            copy, start = copying(self.module, self.dtype), copies.memory.ctypes.data
            for place, first, count in copies.parts:
                ends = (place, start + self.dtype.size * first)
                self.b.call(copy, [*(self.b.inttoptr(LONG(x), POINTER) for x in ends), LONG(count)])

    def new_arrays(self) -> None:
        """Make the arrays of the results."""
        for k, (_, sizes) in enumerate(self.variant.made):
            array = self.new_array(k, sizes)
            self.arrays.append(array)
            self.pointers.append(self.get(array, DATA, POINTER))
