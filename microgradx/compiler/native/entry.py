"""Entry: compiles a program to a builtin function of Python in machine code, which is the cheapest to call.

    >>> from microgradx import jit
    >>> f = jit(lambda xs, y: [xs[0] * y], backend="native")
    >>> f([3.0], 4.0), type(f.__call__).__name__                # from now on
    ([12.0], 'builtin_function_or_method')

The machine code reads the arguments as CPython's C code does: the type of an object is at offset 8, the number of a
float at offset 16, and so on; the numbers of an array where they lie, if they are in C order and of the program's
dtype. It passes arguments of any other structure to `general`. It writes new arrays of numpy in place.

A small program is a part of the function. A large one is a kernel, which runs on a memory that no other thread has;
meanwhile other threads may run Python.
"""
from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby, islice
from math import prod
from typing import Any

from llvmlite import ir

from ...arrays import numpy
from ...nesting import is_leaf
from ...passes import is_inside
from ..ir.dtype import Dtype
from ..trace.arguments import RUN, ArrayOf, is_run
from ..trace.module_snapshot import ModuleSnapshot
from .builder import Code
from .engine import load
from .instructions import BYTE, DOUBLE, INT, LONG, POINTER, VOID, called, converted, number, real
from .straight import is_small, line

TYPE, NUMBER, SIZE, ITEMS = 8, 16, 16, 24       # bytes from the start of an object; a list has a pointer at ITEMS
DATA, DIMENSIONS, LENGTHS, DTYPE, FLAGS = 16, 24, 32, 56, 64        # of an array: PyArrayObject in numpy's headers
ORDERLY = 0x101                                 # flags NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED
NEW_ARRAY = 93                                  # the place of PyArray_New in numpy's table of functions
FASTCALL = 0x82                                 # METH_FASTCALL | METH_KEYWORDS:
SIGNATURE = ir.FunctionType(POINTER, [POINTER, POINTER, LONG, POINTER])     # self, arguments, how many, names or NULL
TOGETHER = 8                                    # numbers that are rounded at once
LONG_RUN = 5000                                 # edges of a program that runs while other threads run Python: 2 µs


def is_known() -> bool:
    """Whether this Python has the object layout that Entry assumes: 64-bit CPython 3.11 to 3.13, not free-threaded."""
    return (sys.implementation.name == "cpython" and (3, 11) <= sys.version_info < (3, 14)
            and (float.__basicsize__, list.__basicsize__, tuple.__basicsize__) == (24, 40, 24))


class Definition(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int),
                ("doc", ctypes.c_char_p))


def native_call(variant: Any, args: Sequence[Any], general: Callable[..., Any]) -> Any:
    """A builtin function for arguments with the structure of `args`, which does what variant.run does. None for a
    program that calls back into Python, or may be ended by Ctrl-C: only `general` raises errors of callbacks."""
    if called(variant.program.ops, variant.program.strict) or variant.program.waits():
        return None
    return builtin(Entry(variant, args, general))


def builtin(entry: Entry) -> Any:
    """The function as an object of Python."""
    code = load(entry.module)
    definition = Definition(b"call", code.address("call"), FASTCALL, None)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    # its `self` keeps alive all objects that the machine code refers to
    return new(ctypes.addressof(definition), (code, definition, entry.kept), __name__)


def pointer_to(function: Any) -> Any:
    """The address of a function that ctypes knows."""
    return ctypes.cast(function, ctypes.c_void_p).value


class Entry:
    """PyObject *call(PyObject *self, PyObject **args, long count, PyObject *names), under construction.

    numbers     those among the arguments that are in no array, in order; one that is in a buffer as buffer and place
    pointers    the address of the numbers of each array: of the arguments, then of the results
    nested      arrays in lists, which another thread could drop
    arrays      the arrays of the results
    pending     objects that are made and have no owner: to be released if there is no memory for the next
    orderly     flags that an array must have
    """

    def __init__(self, variant: Any, args: Sequence[Any], general: Callable[..., Any]) -> None:
        self.module = ir.Module("entry")
        self.function = ir.Function(self.module, SIGNATURE, "call")
        self.b = b = ir.IRBuilder(self.function.append_basic_block())
        self.other = self.function.append_basic_block("other")
        self.kept: list[Any] = [general]
        self.variant, self.p, self.tree = variant, variant.program, variant.tree
        self.dtype, self.real = variant.program.dtype, real(variant.program.dtype)
        self.numbers: list[Any] = []
        self.pointers: list[Any] = []
        self.nested: list[Any] = []
        self.arrays: list[Any] = []
        self.pending: list[Any] = []
        self.orderly = ORDERLY
        _, pointer, count, names = self.function.args

        self.require(b.icmp_signed("==", count, LONG(len(args))))
        self.keywords(names)
        self.modules(pointer, args)
        self.elements(pointer, args)
        self.given(self.item(pointer, len(args)))
        found = self.straight() if is_small(self.p) else self.looped()
        b.ret(self.made(self.tree, iter(found), iter(self.arrays)))
        b.position_at_end(self.other)
        b.ret(self.python("PyObject_Vectorcall", POINTER, self.object(general), pointer, count, names))

    # Arguments -----------------------------------------------------------------------------------------------------

    def ask(self, f: Any, *args: Any) -> None:
        """Continue if f(*args) is True, else branch to the call of `general`."""
        found = self.checked(self.python("PyObject_CallFunctionObjArgs", POINTER, f, *args, self.null()))
        self.python("Py_DecRef", VOID, found)               # of True, or of what is not True
        self.require(self.b.icmp_unsigned("==", found, self.object(True)))

    def require(self, condition: Any) -> None:
        """Continue if the condition holds, else branch to the call of `general`."""
        on = self.function.append_basic_block()
        self.b.cbranch(condition, on, self.other)
        self.b.position_at_end(on)

    def keywords(self, names: Any) -> None:
        """There are no keyword arguments."""
        self.require(self.b.icmp_unsigned("==", names, self.null()))

    def given(self, pointer: Any) -> None:
        """Read the keyword arguments."""

    def modules(self, pointer: Any, args: Sequence[Any]) -> None:
        """Ask Python whether what the program closes over is as it was, and whether each Module is the one that it is
        for, and as it was; before all else, for then other threads may run."""
        if self.variant.closure:
            self.ask(self.object(self.variant.closure.holds))
        for k, tree in enumerate(args):
            if isinstance(tree, ModuleSnapshot):
                x = self.b.load(self.item(pointer, k), typ=POINTER)
                self.ask(self.object(_is_now), self.object(tree), x)

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
            self.array(x, tree.sizes)
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

    def array(self, x: Any, sizes: tuple[int, ...]) -> None:
        """Read an array: of the program's dtype, in C order, of this shape."""
        b, dtype = self.b, numpy().dtype(self.dtype.name)
        flags = b.and_(self.get(x, FLAGS, INT), INT(self.orderly))
        self.require(self.all([b.icmp_signed("==", self.get(x, DIMENSIONS, INT), INT(len(sizes))),
                               b.icmp_signed("==", flags, INT(self.orderly)),
                               b.icmp_unsigned("==", self.get(x, DTYPE, POINTER), self.object(dtype))]))
        if sizes:
            lengths = self.get(x, LENGTHS, POINTER)
            self.require(self.all([b.icmp_signed("==", self.get(lengths, 8 * k, LONG), LONG(size))
                                   for k, size in enumerate(sizes)]))
        self.pointers.append(self.get(x, DATA, POINTER))

    def all(self, bits: list[Any]) -> Any:
        """The conjunction of these bits."""
        found = bits[0]
        for bit in bits[1:]:
            found = self.b.and_(found, bit)
        return found

    # The program ---------------------------------------------------------------------------------------------------

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
        """The results that are numbers, of a large program, which runs on a memory from the stack of those that are
        free."""
        b, kernel = self.b, self.variant.kernel
        place = kernel.place
        top = (ctypes.c_int64 * 1)()                    # the address of the first free memory; each has the next one's
        self.kept.append(top)
        stack = b.inttoptr(LONG(ctypes.addressof(top)), POINTER)
        for x in self.nested:
            self.python("Py_IncRef", VOID, x)
        self.pending += self.nested
        self.new_arrays()
        self.copies()
        memory = self.popped(stack, place)
        start = 0
        for _, several in groupby(self.numbers, lambda x: x[0] if isinstance(x, tuple) else None):
            xs = list(several)
            self.put(xs, self.number(memory, start))
            start += len(xs)
        for k, pointer in enumerate(self.pointers, place.arrays):
            b.store(pointer, self.item(memory, k))
        self.run(kernel, memory)
        wrong = b.load(self.number(memory, place.status), typ=self.real)
        numbers = self.copied(self.number(memory, kernel.results), kernel.count)
        b.store(number(0.0, self.real), self.number(memory, place.status))
        b.store(b.load(stack, typ=POINTER), self.item(memory, place.next))
        b.store(memory, stack)
        for x in self.nested:
            self.python("Py_DecRef", VOID, x)
        self.pending = [x for x in self.arrays if x in self.pending]
        with b.if_then(b.fcmp_unordered("!=", wrong, number(0.0, self.real)), likely=False):
            self.release()
            b.branch(self.other)                        # `general` raises
        return numbers

    def copies(self) -> None:
        """Copy the numbers of Values that the program reads in another dtype, see Copies."""
        copies = self.variant.copies
        if copies is not None:
            copy, start = copying(self.module, self.dtype), copies.memory.ctypes.data
            for place, first, count in copies.parts:
                ends = (place, start + self.dtype.size * first)
                self.b.call(copy, [*(self.b.inttoptr(LONG(x), POINTER) for x in ends), LONG(count)])

    def popped(self, stack: Any, place: Any) -> Any:
        """A memory that is free, or a new one."""
        b, kernel = self.b, self.variant.kernel
        free = b.load(stack, typ=POINTER)
        with b.if_else(b.icmp_unsigned("==", free, self.null())) as (none, some):
            with none:
                found = self.checked(self.python("PyObject_CallNoArgs", POINTER, self.object(kernel.another)))
                new = self.python("PyLong_AsVoidPtr", POINTER, found)
                self.python("Py_DecRef", VOID, found)
                inside = b.block
            with some:
                b.store(b.load(self.item(free, place.next), typ=POINTER), stack)
                before = b.block
        memory = b.phi(POINTER)
        memory.add_incoming(new, inside)
        memory.add_incoming(free, before)
        return memory

    def run(self, kernel: Any, memory: Any) -> None:
        """Run the kernel; if it takes long, without the interpreter lock."""
        b = self.b
        code = b.inttoptr(LONG(kernel.address), ir.FunctionType(VOID, [POINTER]).as_pointer())
        if self.p.work() < LONG_RUN:
            b.call(code, [memory])
            return
        state = self.python("PyEval_SaveThread", POINTER)
        b.call(code, [memory])
        self.python("PyEval_RestoreThread", VOID, state)

    # Results -------------------------------------------------------------------------------------------------------

    def new_arrays(self) -> None:
        """Make the arrays of the results."""
        for k, (_, sizes) in enumerate(self.variant.made):
            array = self.new_array(k, sizes)
            self.arrays.append(array)
            self.pointers.append(self.get(array, DATA, POINTER))

    def new_array(self, k: int, sizes: tuple[int, ...]) -> Any:
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

    # Objects -------------------------------------------------------------------------------------------------------

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

    def get(self, x: Any, offset: int, kind: Any) -> Any:
        """Load the field at an offset in an object."""
        return self.b.load(self.b.gep(x, [LONG(offset)], source_etype=BYTE), typ=kind)

    def number(self, base: Any, k: Any) -> Any:
        """The address of the k-th of numbers."""
        return self.b.gep(base, [LONG(k) if isinstance(k, int) else k], source_etype=self.real)

    def item(self, base: Any, k: Any) -> Any:
        """The address of the k-th of pointers."""
        return self.b.gep(base, [LONG(k) if isinstance(k, int) else k], source_etype=POINTER)

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
        return self.called(pointer_to(getattr(ctypes.pythonapi, name)), result, *args)

    def called(self, address: int, result: Any, *args: Any) -> Any:
        """A call of the C function at this address."""
        kind = ir.FunctionType(result, [x.type for x in args])
        return self.b.call(self.b.inttoptr(LONG(address), kind.as_pointer()), args)


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


def _is_now(known: Any, x: Any) -> bool:
    """Whether x is the Module that a program is for, in the state that it is for, and no transform is under way."""
    return known.module() is x and known.holds() and not is_inside()


@cache
def array_maker() -> int:
    """The address of PyArray_New in the table of numpy's C functions, whose places do not change."""
    multiarray = numpy()._core.multiarray if hasattr(numpy(), "_core") else numpy().core.multiarray
    found = ctypes.pythonapi.PyCapsule_GetPointer
    found.restype, found.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(found(multiarray._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    return int(table[NEW_ARRAY] or 0)
