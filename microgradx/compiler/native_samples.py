"""The program of one sample, run for many by machine code: in the lanes of vectors where it is small, else one by one.

    >>> from microgradx import jit, vmap
    >>> f = jit(vmap(lambda x, y: x * y), backend="native")
    >>> f([1.0, 2.0], [3.0, 4.0])
    [3.0, 8.0]
"""
from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from llvmlite import ir

from .native.builder import Code
from .native.engine import load, width
from .native.instructions import INT, LONG, POINTER, VOID
from .native.threads import cores, pool
from .native_backend import compiled
from .training.lanes import Lanes, fits

WORTH = 100_000                         # edges to compute, from which on a second thread is worth its start
Part = Callable[[int, int], None]       # computes the samples from one to before another


class Each(Lanes):
    """Emits void samples(double **pointers, double *shared, long start, long stop): a vector of samples at a time. The
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
            return b.load(self.at(base, i), typ=self.vector, align=8)
        x: Any = ir.Constant(self.vector, ir.Undefined)
        for k in range(self.width):
            x = b.insert_element(x, self.get(base, self.place(i, k, j, size)), INT(k))
        return x

    def put(self, x: Any, base: Any, i: Any, j: int, size: int) -> None:
        """Write number j of the rows from i on."""
        b = self.b
        if size == 1:
            b.store(x, self.at(base, i), align=8)
            return
        for k in range(self.width):
            b.store(b.extract_element(x, INT(k)), self.at(base, self.place(i, k, j, size)))

    def place(self, i: Any, k: int, j: int, size: int) -> Any:
        """Where number j of row i + k is."""
        return self.b.add(self.b.mul(i, LONG(size)), LONG(k * size + j))


def runner(s: Any) -> Callable[..., None]:
    """A function run(rows, shared, out, threads), which computes all samples."""
    edges, in_lanes = s.p.work(), fits(s.p)
    start = lanes(s) if in_lanes else one_by_one(s)

    def run(rows: Sequence[Any], shared: Sequence[float], out: Sequence[Any], threads: int | None) -> None:
        count, step = len(rows[0]), width()
        given, made = rows, out
        if count < step and in_lanes:                       # a whole vector of samples
            given = [np.concatenate([a, *[a[-1:]] * (step - count)]) for a in rows]
            made = [np.empty((step, *a.shape[1:])) for a in out]
        part = start(given, np.array(shared, float), made)
        spread(part, max(count, step) if in_lanes else count, step, edges, threads)
        if made is not out:
            for a, found in zip(out, made):
                a[:] = found[:count]
    return run


def lanes(s: Any) -> Callable[..., Part]:
    """For a small program: computes samples in lanes."""
    module = ir.Module("samples")
    Each(module, s, width())
    code = load(module)
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)(code.address("samples"))

    def start(rows: Sequence[Any], shared: Any, out: Sequence[Any]) -> Part:
        pointers = np.array([a.ctypes.data for a in (*rows, *out)], np.int64)

        def part(first: int, stop: int, kept: Any = code) -> None:
            function(pointers.ctypes.data, shared.ctypes.data, first, stop)
        return part
    return start


def one_by_one(s: Any) -> Callable[..., Part]:
    """For a large program: moves the arrays of its kernel from row to row."""
    kernel = compiled(s.p, s.addresses, s.p.strict, s.arrays, s.made)
    module = ir.Module("rows")
    code = Code(module, "rows", [POINTER, POINTER, LONG, LONG])
    b, (memory, table, first, stop) = code.b, code.args
    run = b.inttoptr(LONG(kernel.address), ir.FunctionType(VOID, [POINTER]).as_pointer())
    arrays = [*s.arrays, *s.made]
    bases = [code.get(table, k, LONG) for k in range(len(arrays))]
    with code.loop(first, stop, 1) as (i, _, _):
        for k, (base, (_, sizes)) in enumerate(zip(bases, arrays), kernel.place.arrays):
            b.store(b.add(base, b.mul(i, LONG(8 * prod(sizes)))), code.at(memory, k))
        b.call(run, [memory])
    b.ret_void()
    loaded = load(module)
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)(loaded.address("rows"))

    def start(rows: Sequence[Any], shared: Any, out: Sequence[Any]) -> Part:
        pointers = np.array([a.ctypes.data for a in (*rows, *out)], np.int64)

        def part(first: int, stop: int, kept: Any = loaded) -> None:
            with kernel.lent() as memory:
                memory[:len(shared)] = shared
                function(memory.ctypes.data, pointers.ctypes.data, first, stop)
                kernel.check(memory)
        return part
    return start


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
