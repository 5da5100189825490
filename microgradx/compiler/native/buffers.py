"""Buffers: numbers of a function on objects, one by one or side by side in memory.

    >>> from microgradx.compiler.ir.dtype import FLOAT64
    >>> from microgradx.compiler.native.buffers import Buffers
    >>> code = Buffers("call", FLOAT64)
    >>> numbers = code.copied(code.function.args[1], 100)       # of which each is a place in a buffer
    >>> len(numbers), str(code.value(numbers[7]).type)
    (100, 'double')
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from ..ir.dtype import Dtype
from ..trace.arguments import RUN
from .builder import Code
from .instructions import DOUBLE, LONG, POINTER, converted, real
from .objects import Objects

TOGETHER = 8                                    # numbers that are rounded at once


class Buffers(Objects):
    """The function, which has numbers of this dtype. A number is a value, or a buffer and a place in it."""

    def __init__(self, name: str, dtype: Dtype) -> None:
        super().__init__(name)
        self.dtype, self.real = dtype, real(dtype)

    def buffer(self, count: int) -> Any:
        """Space for so many numbers."""
        with self.b.goto_entry_block():
            return self.b.alloca(self.real, count)

    def copied(self, source: Any, count: int) -> list[Any]:
        """So many numbers, copied to a buffer."""
        if count < RUN:
            return [self.b.load(self.number(source, k), typ=self.real) for k in range(count)]
        buffer = self.buffer(count)
        self.copy(source, buffer, count)
        return [(buffer, k) for k in range(count)]

    def put(self, xs: list[Any], target: Any) -> None:
        """Store these numbers, all in one buffer or none in any."""
        if isinstance(xs[0], tuple):
            self.copy(self.number(*xs[0]), target, len(xs))
        else:
            for k, x in enumerate(xs):
                self.b.store(x, self.number(target, k))

    def copy(self, source: Any, target: Any, count: int) -> None:
        """Copy so many numbers."""
        with self.each(count) as k:
            self.b.store(self.b.load(self.number(source, k), typ=self.real), self.number(target, k))

    def value(self, x: Any) -> Any:
        """A number, also one in a buffer."""
        return self.b.load(self.number(*x), typ=self.real) if isinstance(x, tuple) else x

    def number(self, base: Any, k: Any) -> Any:
        """The address of the k-th of numbers."""
        return self.b.gep(base, [LONG(k) if isinstance(k, int) else k], source_etype=self.real)

    @contextmanager
    def each(self, count: int) -> Iterator[Any]:
        """A loop: k from 0 to count - 1."""
        b, before = self.b, self.b.block
        body = self.function.append_basic_block()
        b.branch(body)
        b.position_at_end(body)
        k = b.phi(LONG)
        yield k
        after = b.add(k, LONG(1))
        k.add_incoming(LONG(0), before)
        k.add_incoming(after, b.block)
        end = self.function.append_basic_block()
        b.cbranch(b.icmp_signed("<", after, LONG(count)), body, end)
        b.position_at_end(end)


def copying(module: Any, dtype: Dtype) -> Any:
    """A function void copy(double *from, number *to, long count), which rounds numbers; emitted into the module."""
    code = Code(module, "copy", [POINTER, POINTER, LONG], dtype=dtype)
    b, (source, target, count) = code.b, code.args
    whole = b.sub(count, b.srem(count, LONG(TOGETHER)))
    for start, stop, step in ((LONG(0), whole, TOGETHER), (whole, count, 1)):
        kind = DOUBLE if step == 1 else ir.VectorType(DOUBLE, step)
        with code.loop(start, stop, step) as (k, _, _):
            x = b.load(code.at(source, k, DOUBLE), typ=kind, align=8)
            b.store(converted(b, x, code.real), code.at(target, k), align=dtype.size)
    b.ret_void()
    return code.function
