"""Maker: the part of a function on objects that makes its results: floats, arrays, lists, tuples and dicts of them.

    >>> from microgradx.compiler.ir.dtype import FLOAT64
    >>> from microgradx.compiler.native.builtin import builtin
    >>> from microgradx.compiler.native.instructions import DOUBLE, number
    >>> from microgradx.compiler.native.maker import ResultMaker
    >>> code = ResultMaker("call", FLOAT64)
    >>> _ = code.b.ret(code.made([0.0, (0.0,)], iter([number(1.0, DOUBLE), number(2.0, DOUBLE)]), iter(())))
    >>> builtin(code)()
    [1.0, (2.0,)]
"""
from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from ...arrays import numpy
from ...nesting import is_leaf
from ..trace.arguments import ArrayOf, Sizes, is_run
from .buffers import Buffers
from .instructions import DOUBLE, INT, LONG, POINTER, VOID, converted

NEW_ARRAY = 93                                  # the place of PyArray_New in numpy's table of functions


class ResultMaker(Buffers):
    """The function, under construction."""

    def made(self, tree: Any, numbers: Iterator[Any], arrays: Iterator[Any]) -> Any:
        """A new float, list, tuple or dict with its elements, or the next array. It belongs to the caller."""
        b = self.b
        if isinstance(tree, ArrayOf):
            array = next(arrays)
            self.pending.remove(array)
            return array
        if is_leaf(tree):
            x = converted(b, self.value(next(numbers)), DOUBLE)
            return self.checked(self.python("PyFloat_FromDouble", POINTER, x))
        if isinstance(tree, dict):
            new = self.checked(self.python("PyDict_New", POINTER))
            self.pending.append(new)
            for key, branch in tree.items():
                x = self.made(branch, numbers, arrays)
                failed = self.python("PyDict_SetItem", INT, new, self.object(key), x)
                self.python("Py_DecRef", VOID, x)
                self.checked(b.select(b.icmp_signed("==", failed, INT(0)), new, self.null()))
        else:
            kind = "PyList_New" if isinstance(tree, list) else "PyTuple_New"
            new = self.checked(self.python(kind, POINTER, LONG(len(tree))))
            self.pending.append(new)
            items = self.items(new, tree)
            if is_run(tree):
                self.new_numbers(items, [*islice(numbers, len(tree))])
            else:
                for k, branch in enumerate(tree):
                    b.store(self.made(branch, numbers, arrays), self.item(items, k))
        self.pending.remove(new)
        return new

    def new_numbers(self, items: Any, xs: list[Any]) -> None:
        """New floats, in a loop."""
        b = self.b
        first = self.number(*xs[0]) if isinstance(xs[0], tuple) else self.buffer(len(xs))
        if not isinstance(xs[0], tuple):
            self.put(xs, first)
        with self.each(len(xs)) as k:
            x = converted(b, b.load(self.number(first, k), typ=self.real), DOUBLE)
            b.store(self.checked(self.python("PyFloat_FromDouble", POINTER, x)), self.item(items, k))

    def new_array(self, k: int, sizes: Sizes) -> Any:
        """The k-th of the arrays of the results."""
        kind = INT(numpy().dtype(self.dtype.name).num)
        lengths = (ctypes.c_int64 * len(sizes))(*sizes)
        self.kept.append(lengths)
        null, zero = self.null(), INT(0)
        new = self.checked(self.called(
            array_maker(), POINTER, self.object(numpy().ndarray), INT(len(sizes)),
            self.b.inttoptr(LONG(ctypes.addressof(lengths)), POINTER), kind, null, null, zero, zero, null))
        self.pending.append(new)
        return new


@cache
def array_maker() -> int:
    """The address of PyArray_New in the table of numpy's C functions, whose places do not change."""
    multiarray = numpy()._core.multiarray if hasattr(numpy(), "_core") else numpy().core.multiarray
    found = ctypes.pythonapi.PyCapsule_GetPointer
    found.restype, found.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(found(multiarray._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    return int(table[NEW_ARRAY] or 0)
