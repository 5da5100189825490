"""Entry: compiles a small program to a builtin function of Python in machine code, which is the cheapest to call.

    >>> from microgradx import mul
    >>> from microgradx.compiler.native.entry import native_call
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> x, y = p.input(), p.input()
    >>> p.results = [p.add(mul, (x, y))]
    >>> call = native_call(p, ([1.0], 1.0), [0.0], lambda *args: "something else")
    >>> call([3.0], 4.0), call([3.0], 4)
    ([12.0], 'something else')

The machine code reads the arguments as CPython's C code does: the type of an object is at offset 8, the number of a
float at offset 16, and so on. It passes arguments of any other structure to `general`.
"""
from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llvmlite import ir

from ...nesting import is_leaf
from ..ir.program import Program
from .engine import load
from .instructions import DOUBLE, INT, LONG, POINTER, called
from .straight import is_small, line

BYTE = ir.IntType(8)
TYPE, NUMBER, SIZE, ITEMS = 8, 16, 16, 24       # bytes from the start of an object; a list has a pointer at ITEMS
FASTCALL = 0x82                                 # METH_FASTCALL | METH_KEYWORDS:
SIGNATURE = ir.FunctionType(POINTER, [POINTER, POINTER, LONG, POINTER])     # self, arguments, how many, names or NULL


def is_known() -> bool:
    """Whether this Python has the object layout that Entry assumes: 64-bit CPython 3.11 to 3.13, not free-threaded."""
    return (sys.implementation.name == "cpython" and (3, 11) <= sys.version_info < (3, 14)
            and (float.__basicsize__, list.__basicsize__, tuple.__basicsize__) == (24, 40, 24))


class Definition(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int),
                ("doc", ctypes.c_char_p))


def native_call(p: Program, args: Sequence[Any], tree: Any, general: Callable[..., Any]) -> Any:
    """A builtin function for arguments with the structure of `args`, which nests the results as in `tree`. None for a
    program that is too large for one basic block, or calls back into Python: only `general` raises errors of rows."""
    if not is_small(p) or called(p.ops, p.strict):
        return None
    entry = Entry(p, args, tree, general)
    code = load(entry.module)
    definition = Definition(b"call", code.address("call"), FASTCALL, None)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    # its `self` keeps alive all objects that the machine code refers to
    return new(ctypes.addressof(definition), (code, definition, entry.kept), __name__)


class Entry:
    """PyObject *call(PyObject *self, PyObject **args, long count, PyObject *names), under construction."""

    def __init__(self, p: Program, args: Sequence[Any], tree: Any, general: Callable[..., Any]) -> None:
        self.module = ir.Module("entry")
        self.function = ir.Function(self.module, SIGNATURE, "call")
        self.b = b = ir.IRBuilder(self.function.append_basic_block())
        self.other = self.function.append_basic_block("other")
        self.kept: list[Any] = [general]
        _, pointer, count, names = self.function.args

        self.require(b.icmp_signed("==", count, LONG(len(args))))
        self.require(b.icmp_unsigned("==", names, self.null()))         # no keyword arguments
        numbers = self.numbers(pointer, args)
        results, wrong = line(b, p, numbers, p.strict)
        if wrong is not None:
            self.require(b.not_(wrong))                 # `general` raises
        self.root: Any = None
        b.ret(self.made(tree, iter(results)))
        b.position_at_end(self.other)
        b.ret(self.python("PyObject_Vectorcall", POINTER, self.object(general), pointer, count, names))

    # Arguments -----------------------------------------------------------------------------------------------------

    def require(self, condition: Any) -> None:
        """Continue if the condition holds, else branch to the call of `general`."""
        on = self.function.append_basic_block()
        self.b.cbranch(condition, on, self.other)
        self.b.position_at_end(on)

    def numbers(self, pointer: Any, trees: Sequence[Any]) -> list[Any]:
        """The numbers in an array of objects. The code checks the types of all objects first, then their contents."""
        b = self.b
        objects = [b.load(b.gep(pointer, [LONG(k)], source_etype=POINTER), typ=POINTER) for k in range(len(trees))]
        if not objects:
            return []
        self.require(self.all([b.icmp_unsigned("==", self.get(x, TYPE, LONG), LONG(id(type(tree))))
                               for x, tree in zip(objects, trees)]))
        return [number for x, tree in zip(objects, trees) for number in self.inside(x, tree)]

    def inside(self, x: Any, tree: Any) -> list[Any]:
        """The numbers in an object whose type is checked already."""
        b = self.b
        if tree.__class__ is float:
            return [self.get(x, NUMBER, DOUBLE)]
        if isinstance(tree, (list, tuple)):
            self.require(b.icmp_signed("==", self.get(x, SIZE, LONG), LONG(len(tree))))
            return self.numbers(self.items(x, tree), tree)
        equal = self.python("PyObject_RichCompareBool", INT, x, self.object(tree), INT(2))      # Py_EQ
        self.require(b.icmp_signed("==", equal, INT(1)))
        return []

    def all(self, bits: list[Any]) -> Any:
        """The conjunction of these bits."""
        found = bits[0]
        for bit in bits[1:]:
            found = self.b.and_(found, bit)
        return found

    # Results -------------------------------------------------------------------------------------------------------

    def made(self, tree: Any, results: Iterator[Any], place: Any = None) -> Any:
        """A new float, list or tuple with its elements. It is stored in `place` before its elements are created."""
        b = self.b
        if is_leaf(tree):
            new = self.checked(self.python("PyFloat_FromDouble", POINTER, next(results)))
        else:
            kind = "PyList_New" if isinstance(tree, list) else "PyTuple_New"
            new = self.checked(self.python(kind, POINTER, LONG(len(tree))))
        if place is None:
            self.root = new
        else:
            b.store(new, place)
        if not is_leaf(tree):
            items = self.items(new, tree)
            for k, branch in enumerate(tree):
                self.made(branch, results, b.gep(items, [LONG(k)], source_etype=POINTER))
        return new

    def checked(self, x: Any) -> Any:
        """A new object x. If it is NULL (out of memory), the code releases the objects made so far and returns NULL."""
        with self.b.if_then(self.b.icmp_unsigned("==", x, self.null()), likely=False):
            if self.root is not None:
                self.python("Py_DecRef", ir.VoidType(), self.root)
            self.b.ret(self.null())
        return x

    # Objects -------------------------------------------------------------------------------------------------------

    def get(self, x: Any, offset: int, kind: Any) -> Any:
        """Load the field at an offset in an object."""
        return self.b.load(self.b.gep(x, [LONG(offset)], source_etype=BYTE), typ=kind)

    def items(self, x: Any, tree: Any) -> Any:
        """The array of elements of a list, or of a tuple, whose object contains the array."""
        if isinstance(tree, list):
            return self.get(x, ITEMS, POINTER)
        return self.b.gep(x, [LONG(ITEMS)], source_etype=BYTE)

    def object(self, x: Any) -> Any:
        """The address of a Python object as a constant; keeps the object alive."""
        self.kept.append(x)
        return self.b.inttoptr(LONG(id(x)), POINTER)

    def null(self) -> Any:
        """NULL."""
        return ir.Constant(POINTER, None)

    def python(self, name: str, result: Any, *args: Any) -> Any:
        """A call of a function of CPython's C API."""
        address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
        kind = ir.FunctionType(result, [x.type for x in args])
        return self.b.call(self.b.inttoptr(LONG(address), kind.as_pointer()), args)
