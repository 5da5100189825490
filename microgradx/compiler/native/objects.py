"""Objects: builds a function in C's manner on objects of Python, by CPython's C API.

    >>> from microgradx.compiler.native.objects import Objects
    >>> code = Objects("same")
    >>> _ = code.python("Py_IncRef", code.function.args[0].type, code.function.args[0])
    >>> len(code.function.args)
    4
"""
from __future__ import annotations

import ctypes
from typing import Any

from llvmlite import ir

from .instructions import BYTE, LONG, POINTER, VOID
from .layout import ITEMS

SIGNATURE = ir.FunctionType(POINTER, [POINTER, POINTER, LONG, POINTER])     # self, arguments, how many, names or NULL


def pointer_to(function: Any) -> Any:
    """The address of a function that ctypes knows."""
    return ctypes.cast(function, ctypes.c_void_p).value


class Objects:
    """PyObject *name(PyObject *self, PyObject **args, long count, PyObject *names), under construction.

    kept        objects that the machine code refers to
    pending     objects that are made and have no owner: to be released if there is no memory for the next
    """

    def __init__(self, name: str) -> None:
        self.module = ir.Module(name)
        self.function = ir.Function(self.module, SIGNATURE, name)
        self.b = ir.IRBuilder(self.function.append_basic_block())
        self.kept: list[Any] = []
        self.pending: list[Any] = []

    def python(self, name: str, result: Any, *args: Any) -> Any:
        """A call of a function of CPython's C API."""
        return self.called(pointer_to(getattr(ctypes.pythonapi, name)), result, *args)

    def called(self, address: int, result: Any, *args: Any) -> Any:
        """A call of the C function at this address."""
        kind = ir.FunctionType(result, [x.type for x in args])
        return self.b.call(self.b.inttoptr(LONG(address), kind.as_pointer()), args)

    def object(self, x: Any) -> Any:
        """The address of a Python object as a constant; keeps the object alive."""
        self.kept.append(x)
        return self.b.inttoptr(LONG(id(x)), POINTER)

    def null(self) -> Any:
        """NULL."""
        return ir.Constant(POINTER, None)

    def get(self, x: Any, offset: int, kind: Any) -> Any:
        """Load the field at an offset in an object."""
        return self.b.load(self.b.gep(x, [LONG(offset)], source_etype=BYTE), typ=kind)

    def item(self, base: Any, k: Any) -> Any:
        """The address of the k-th of pointers."""
        return self.b.gep(base, [LONG(k) if isinstance(k, int) else k], source_etype=POINTER)

    def items(self, x: Any, tree: Any) -> Any:
        """The array of elements of a list, or of a tuple, whose object contains the array."""
        if isinstance(tree, list):
            return self.get(x, ITEMS, POINTER)
        return self.b.gep(x, [LONG(ITEMS)], source_etype=BYTE)

    def checked(self, x: Any) -> Any:
        """A new object x. If it is NULL (out of memory), the code releases the objects made so far and returns NULL."""
        with self.b.if_then(self.b.icmp_unsigned("==", x, self.null()), likely=False):
            self.release()
            self.b.ret(self.null())
        return x

    def release(self) -> None:
        """Release what is made and has no owner."""
        for x in self.pending:
            self.python("Py_DecRef", VOID, x)
