"""Pool: the memories of a kernel that no thread is using, for a function on objects that runs it.

They are a list: `top` has the address of the first, and each that of the next. A call takes one, or asks Python for a
new one where all are in use, and gives it back: both under the interpreter lock, which a run of a long program releases
in between.
"""
from __future__ import annotations

import ctypes
from typing import Any

from llvmlite import ir

from .buffers import Buffers
from .instructions import LONG, POINTER, VOID, number

LONG_RUN = 5000                                 # edges of a program that runs while other threads run Python: 2 µs


class MemoryPool(Buffers):
    """The function, under construction."""

    def pool(self) -> Any:
        """The address of `top`, of a new list."""
        top = (ctypes.c_int64 * 1)()
        self.kept.append(top)
        return self.b.inttoptr(LONG(ctypes.addressof(top)), POINTER)

    def free_memory(self, pool: Any, kernel: Any) -> Any:
        """A memory that is free, or a new one."""
        b, next_free = self.b, kernel.place.next
        free = b.load(pool, typ=POINTER)
        with b.if_else(b.icmp_unsigned("==", free, self.null())) as (none, some):
            with none:
                found = self.checked(self.python("PyObject_CallNoArgs", POINTER, self.object(kernel.another)))
                new = self.python("PyLong_AsVoidPtr", POINTER, found)
                self.python("Py_DecRef", VOID, found)
                inside = b.block
            with some:
                b.store(b.load(self.item(free, next_free), typ=POINTER), pool)
                before = b.block
        memory = b.phi(POINTER)
        memory.add_incoming(new, inside)
        memory.add_incoming(free, before)
        return memory

    def run(self, kernel: Any, memory: Any, work: int) -> None:
        """Run the kernel, of so many edges; if it takes long, without the interpreter lock."""
        b = self.b
        code = b.inttoptr(LONG(kernel.address), ir.FunctionType(VOID, [POINTER]).as_pointer())
        if work < LONG_RUN:
            b.call(code, [memory])
            return
        state = self.python("PyEval_SaveThread", POINTER)
        b.call(code, [memory])
        self.python("PyEval_RestoreThread", VOID, state)

    def give_back(self, memory: Any, pool: Any, place: Any) -> None:
        """Return a memory to its pool, its status reset."""
        b = self.b
        b.store(number(0.0, self.real), self.number(memory, place.status))
        b.store(b.load(pool, typ=POINTER), self.item(memory, place.next))
        b.store(memory, pool)
