"""The program of one sample, run for many by machine code: in the lanes of vectors, or one by one if that is quicker.

    >>> from microgradx import jit, vmap
    >>> f = jit(vmap(lambda x, y: x * y), backend="native")
    >>> f([1.0, 2.0], [3.0, 4.0])
    [3.0, 8.0]
"""
from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache, partial
from math import prod
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ..arrays import rounded
from .native.builder import Code
from .native.engine import load, width
from .native.instructions import INT, LONG, POINTER
from .native.place import placed
from .native.straight import is_small
from .native.threads import cores, pool
from .native.waiting import Waiting
from .native_backend import compiled
from .training.fields import KERNEL, SEVERAL
from .training.lanes import Lanes, fits

WORTH = 100_000                         # edges to compute, from which on a second thread is worth its start
WIDE = 16                               # a program with a result for so many edges is better run one by one
Part = Callable[[int, int], None]       # computes the samples from one to before another


class Each(Lanes):
    """Emits void samples(number **pointers, number *shared, long start, long stop): a vector of samples at a time. The
    last one may overlap that before. `pointers` are the arrays that the program reads, then those that it writes."""

    def __init__(self, module: Any, s: Any, width: int) -> None:
        super().__init__(module, "samples", [POINTER, POINTER, LONG, LONG], s.p, width, s.p.strict)
        b, (pointers, shared, start, stop) = self.b, self.args
        for j, k in enumerate(s.shared):
            self.values[s.p.inputs[k]] = self.get(shared, j)
        for k, address in s.addresses.items():
            self.values[s.p.inputs[k]] = self.get(b.inttoptr(LONG(address), POINTER), 0)
        bases = [self.get(pointers, k, POINTER) for k in range(len(s.arrays) + len(s.made))]
        self.compute(varying=False)
        last = b.sub(stop, LONG(width))
        with self.loop(start, stop, width) as (at, _, _):
            i = b.select(b.icmp_signed(">", at, last), last, at)
            for base, (first, sizes) in zip(bases, s.arrays):
                for j in range(prod(sizes)):
                    self.values[s.p.inputs[first + j]] = self.column(base, i, j, prod(sizes))
            self.compute(varying=True)
            for base, (first, sizes) in zip(bases[len(s.arrays):], s.made):
                for j in range(prod(sizes)):
                    self.put(self.vectored(self.value(s.p.results[first + j])), base, i, j, prod(sizes))
        b.ret_void()

    def column(self, base: Any, i: Any, j: int, size: int) -> Any:
        """Number j of the rows from i on, one in each lane."""
        b = self.b
        if size == 1:
            return b.load(self.at(base, i), typ=self.vector, align=self.dtype.size)
        x: Any = ir.Constant(self.vector, ir.Undefined)
        for k in range(self.width):
            x = b.insert_element(x, self.get(base, self.place(i, k, j, size)), INT(k))
        return x

    def put(self, x: Any, base: Any, i: Any, j: int, size: int) -> None:
        """Write number j of the rows from i on."""
        b = self.b
        if size == 1:
            b.store(x, self.at(base, i), align=self.dtype.size)
            return
        for k in range(self.width):
            b.store(b.extract_element(x, INT(k)), self.at(base, self.place(i, k, j, size)))

    def place(self, i: Any, k: int, j: int, size: int) -> Any:
        """Where number j of row i + k is."""
        return self.b.add(self.b.mul(i, LONG(size)), LONG(k * size + j))


class Ready(NamedTuple):
    """Code for the samples of a program.

    start       start(rows, shared, out) returns what computes the samples from one to before another
    lanes       how many it computes at once
    """

    start: Callable[[Sequence[Any], Any, Sequence[Any]], Part]
    lanes: int


def runner(s: Any) -> Callable[..., None]:
    """A function run(rows, shared, out, threads), which computes all samples."""
    edges, waits, code = s.p.work(), s.p.waits(), cache(partial(ready, s))

    def run(rows: Sequence[Any], shared: Sequence[float], out: Sequence[Any], threads: int | None) -> None:
        count = len(rows[0])
        start, step = code(count < SEVERAL)
        given, made = rows, out
        if count < step:                                    # a whole vector of samples
            given = [np.concatenate([a, *[a[-1:]] * (step - count)]) for a in rows]
            made = [np.empty((step, *a.shape[1:]), a.dtype) for a in out]
        part = start(given, rounded(shared, s.p.dtype.name), made)
        with Waiting() if waits else nullcontext():
            spread(part, max(count, step), step, edges, threads)
        if made is not out:
            for a, found in zip(out, made):
                a[:] = found[:count]
    return run


def ready(s: Any, few: bool) -> Ready:
    """The code for few samples, or for many; a sample has the same bits in both."""
    if fits(s.p):
        return Ready(lanes(s), width(s.p.dtype))
    if len(s.p.results) * WIDE <= s.p.work() and not s.p.strict and not is_small(s.p):
        found = several(s, width(s.p.dtype) if few else SEVERAL)
        if found is not None:
            return found
    return Ready(one_by_one(s), 1)


def lanes(s: Any) -> Callable[..., Part]:
    """For a small program: computes samples in lanes."""
    module = ir.Module("samples")
    Each(module, s, width(s.p.dtype))
    function = loaded(module, "samples")

    def start(rows: Sequence[Any], shared: Any, out: Sequence[Any]) -> Part:
        pointers = addresses(rows, out)

        def part(first: int, stop: int) -> None:
            function(pointers.ctypes.data, shared.ctypes.data, first, stop)
        return part
    return start


def one_by_one(s: Any) -> Callable[..., Part]:
    """For a large program: moves the arrays of its kernel from row to row."""
    kernel = compiled(s.p, s.addresses, s.p.strict, s.arrays, s.made)
    module = ir.Module("rows")
    code = Code(module, "rows", [POINTER, POINTER, LONG, LONG], dtype=s.p.dtype)
    b, (memory, table, first, stop) = code.b, code.args
    run = b.inttoptr(LONG(kernel.address), KERNEL)
    arrays = [*s.arrays, *s.made]
    bases = [code.get(table, k, LONG) for k in range(len(arrays))]
    with code.loop(first, stop, 1) as (i, _, _):
        for k, (base, (_, sizes)) in enumerate(zip(bases, arrays), kernel.place.arrays):
            b.store(b.add(base, b.mul(i, LONG(s.p.dtype.size * prod(sizes)))), code.at(memory, k, POINTER))
        b.call(run, [memory])
    b.ret_void()
    function = loaded(module, "rows")

    def start(rows: Sequence[Any], shared: Any, out: Sequence[Any]) -> Part:
        pointers = addresses(rows, out)

        def part(first: int, stop: int) -> None:
            with kernel.lent() as memory:
                memory[:len(shared)] = shared
                function(memory.ctypes.data, pointers.ctypes.data, first, stop)
                kernel.check(memory)
        return part
    return start


def several(s: Any, count: int) -> Ready | None:
    """For a large program: its loops over `count` samples at once, see loops/several.py; None if that cannot be."""
    from .loops.schedule import together
    place = placed(s.p, s.addresses)
    found = together(s.p, place, count)
    if found is None:
        return None
    kernel, base = found
    module = ir.Module("several")
    code = Code(module, "several", [POINTER, POINTER, LONG, LONG], dtype=s.p.dtype)
    b, (memory, table, first, stop) = code.b, code.args
    run = b.inttoptr(LONG(kernel.address), KERNEL)
    bases = [code.get(table, k, POINTER) for k in range(len(s.arrays) + len(s.made))]
    slots = [place.inputs[k] for k, _ in s.arrays] + [kernel.results + k for k, _ in s.made]
    last = b.sub(stop, LONG(count))
    with code.loop(first, stop, count) as (at, _, _):
        i = b.select(b.icmp_signed(">", at, last), last, at)
        for k, (array, slot, (_, sizes)) in enumerate(zip(bases, slots, (*s.arrays, *s.made))):
            if k == len(s.arrays):
                b.call(run, [memory])
            rows = [code.at(array, b.mul(b.add(i, LONG(lane)), LONG(prod(sizes)))) for lane in range(count)]
            with code.loop(0, LONG(prod(sizes)), 1) as (j, _, _):
                column = code.at(memory, b.add(b.mul(j, LONG(count)), LONG(base + slot * count)))
                for lane, row in enumerate(rows):
                    source, target = (code.at(row, j), code.at(column, lane))[::1 if k < len(s.arrays) else -1]
                    b.store(b.load(source, typ=code.real), target)
    b.ret_void()
    function = loaded(module, "several")
    own = [base + place.inputs[k] * count for k in s.shared]

    def start(rows: Sequence[Any], shared: Any, out: Sequence[Any]) -> Part:
        pointers = addresses(rows, out)

        def part(first: int, stop: int) -> None:
            with kernel.lent() as memory:
                for slot, x in zip(own, shared):
                    memory[slot:slot + count] = x
                function(memory.ctypes.data, pointers.ctypes.data, first, stop)
                kernel.check(memory)
        return part
    return Ready(start, count)


def loaded(module: Any, name: str) -> Any:
    """A function of two addresses and two ints in a module, which stays loaded as long as the function."""
    code = load(module)
    function: Any = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)(code.address(name))
    function.code = code
    return function


def addresses(rows: Sequence[Any], out: Sequence[Any]) -> Any:
    """The addresses of arrays that are read, then of those that are written."""
    return np.array([a.ctypes.data for a in (*rows, *out)], np.int64)


# Threads -----------------------------------------------------------------------------------------------------------

def spread(part: Part, count: int, step: int, edges: int, threads: int | None) -> None:
    """Compute so many samples: a share in each thread, the first in this one. A share is a multiple of `step`."""
    wanted = cores() if threads is None else threads
    shares = max(1, min(wanted, count * edges // WORTH if threads is None else count // step))
    size = -(-count // (shares * step)) * step
    starts = range(0, count, size)
    futures = [pool(wanted).submit(part, start, min(start + size, count)) for start in starts[1:]]
    try:
        part(0, min(size, count))
    finally:
        for future in futures:
            future.result()
