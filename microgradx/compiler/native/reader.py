"""Reader: the part of a function on objects that reads its arguments: floats, arrays, lists and tuples of them.

    >>> from microgradx.compiler.ir.dtype import FLOAT64
    >>> from microgradx.compiler.native.builtin import builtin
    >>> from microgradx.compiler.native.reader import ArgumentReader
    >>> code = ArgumentReader("call", FLOAT64)
    >>> code.elements(code.function.args[1], [[0.0, 0.0]])      # one argument, a list of two floats
    >>> _ = code.b.ret(code.python("PyFloat_FromDouble", code.null().type, code.numbers[1]))
    >>> code.b.position_at_end(code.other)
    >>> _ = code.b.ret(code.python("PyLong_FromSsize_t", code.null().type, code.function.args[2]))
    >>> f = builtin(code)
    >>> f([3.0, 4.0]), f([3.0])
    (4.0, 1)

It checks each object, and branches to `other` where one is of another type, length or shape than those that the program
is for. The numbers of an array it finds where they lie, if they are in C order and of the program's dtype.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...arrays import numpy
from ...passes import is_inside
from ..ir.dtype import Dtype
from ..trace.arguments import ArrayOf, is_run
from ..trace.module_snapshot import ModuleSnapshot
from .buffers import Buffers
from .instructions import DOUBLE, INT, LONG, POINTER, VOID, converted
from .layout import DATA, DIMENSIONS, DTYPE, FLAGS, LENGTHS, NUMBER, ORDERLY, SIZE, TYPE


class ArgumentReader(Buffers):
    """The function, under construction.

    other       the block for arguments of any other structure
    numbers     those among the arguments that are in no array, in order; one that is in a buffer as buffer and place
    pointers    the address of the numbers of each array
    nested      arrays in lists, which another thread could drop
    orderly     flags that an array must have
    """

    def __init__(self, name: str, dtype: Dtype) -> None:
        super().__init__(name, dtype)
        self.other = self.function.append_basic_block("other")
        self.numbers: list[Any] = []
        self.pointers: list[Any] = []
        self.nested: list[Any] = []
        self.orderly = ORDERLY

    def require(self, condition: Any) -> None:
        """Continue if the condition holds, else branch to the call of `general`."""
        on = self.function.append_basic_block()
        self.b.cbranch(condition, on, self.other)
        self.b.position_at_end(on)

    def ask(self, f: Any, *args: Any) -> None:
        """Continue if f(*args) is True, else branch to the call of `general`."""
        found = self.checked(self.python("PyObject_CallFunctionObjArgs", POINTER, f, *args, self.null()))
        self.python("Py_DecRef", VOID, found)               # of True, or of what is not True
        self.require(self.b.icmp_unsigned("==", found, self.object(True)))

    def modules(self, pointer: Any, args: Sequence[Any]) -> None:
        """Ask Python whether each Module is the one that the program is for, and as it was; before all else, for then
        other threads may run."""
        for k, tree in enumerate(args):
            if isinstance(tree, ModuleSnapshot):
                x = self.b.load(self.item(pointer, k), typ=POINTER)
                self.ask(self.object(_is_now), self.object(tree), x)

    def data_of(self, x: Any) -> Any:
        """The number of a Value; before all else, too, for one that is resident asks Python."""
        found = self.checked(self.python("PyObject_GetAttr", POINTER, self.object(x), self.object("_data")))
        y = self.python("PyFloat_AsDouble", DOUBLE, found)
        self.python("Py_DecRef", VOID, found)
        return converted(self.b, y, self.real)

    def elements(self, pointer: Any, trees: Sequence[Any], nested: bool = False) -> None:
        """Read an array of objects. The code checks the types of all objects first, then their contents."""
        pairs = [(self.b.load(self.item(pointer, k), typ=POINTER), tree) for k, tree in enumerate(trees)
                 if not isinstance(tree, ModuleSnapshot)]
        if pairs:
            self.require(self.all([self.b.icmp_unsigned("==", self.get(x, TYPE, LONG), LONG(id(self.kind(tree))))
                                   for x, tree in pairs]))
        for x, tree in pairs:
            self.inside(x, tree, nested)

    def kind(self, tree: Any) -> Any:
        """The class of an argument."""
        return numpy().ndarray if isinstance(tree, ArrayOf) else type(tree)

    def inside(self, x: Any, tree: Any, nested: bool) -> None:
        """Read an object whose type is checked already."""
        b = self.b
        if tree.__class__ is float:
            self.numbers.append(converted(b, self.get(x, NUMBER, DOUBLE), self.real))
        elif isinstance(tree, ArrayOf):
            self.pointers.append(self.array(x, tree.sizes, numpy().dtype(self.dtype.name)))
            self.nested += [x] * nested
        elif isinstance(tree, (list, tuple)):
            self.require(b.icmp_signed("==", self.get(x, SIZE, LONG), LONG(len(tree))))
            if is_run(tree):
                self.floats(self.items(x, tree), len(tree))
            else:
                self.elements(self.items(x, tree), tree, True)
        else:
            equal = self.python("PyObject_RichCompareBool", INT, x, self.object(tree), INT(2))      # Py_EQ
            self.require(b.icmp_signed("==", equal, INT(1)))

    def floats(self, items: Any, count: int) -> None:
        """Read so many floats, in a loop."""
        b, buffer = self.b, self.buffer(count)
        with self.each(count) as k:
            x = b.load(self.item(items, k), typ=POINTER)
            self.require(b.icmp_unsigned("==", self.get(x, TYPE, LONG), LONG(id(float))))
            b.store(converted(b, self.get(x, NUMBER, DOUBLE), self.real), self.number(buffer, k))
        self.numbers += [(buffer, k) for k in range(count)]

    def array(self, x: Any, sizes: tuple[int, ...], dtype: Any) -> Any:
        """The address of the numbers of an array: of this dtype, in C order, of this shape."""
        b = self.b
        flags = b.and_(self.get(x, FLAGS, INT), INT(self.orderly))
        self.require(self.all([b.icmp_signed("==", self.get(x, DIMENSIONS, INT), INT(len(sizes))),
                               b.icmp_signed("==", flags, INT(self.orderly)),
                               b.icmp_unsigned("==", self.get(x, DTYPE, POINTER), self.object(dtype))]))
        if sizes:
            lengths = self.get(x, LENGTHS, POINTER)
            self.require(self.all([b.icmp_signed("==", self.get(lengths, 8 * k, LONG), LONG(size))
                                   for k, size in enumerate(sizes)]))
        return self.get(x, DATA, POINTER)

    def all(self, bits: list[Any]) -> Any:
        """The conjunction of these bits."""
        found = bits[0]
        for bit in bits[1:]:
            found = self.b.and_(found, bit)
        return found


def _is_now(known: Any, x: Any) -> bool:
    """Whether x is the Module that a program is for, in the state that it is for, and no transform is under way."""
    return known.module() is x and known.holds() and not is_inside()
