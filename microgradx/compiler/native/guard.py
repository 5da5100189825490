"""Guard: the part of a function on objects that looks whether what the program closes over is as it was.

Where each variable, cell and element of a list or dict is the very object that it was, and each array has its bytes,
nothing has changed. Else Closure.holds() says so: an equal object may stand in place of another.
"""
from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CellType, MappingProxyType
from typing import Any

from ...arrays import numpy
from ...engine import mode
from ...passes import is_inside, sources
from ..trace.closures import Closure, Reading
from .instructions import INT, LONG, POINTER, VOID, declared
from .layout import CONTENTS, ITEMS, SIZE
from .reader import ArgumentReader

FEW = 32                                        # elements of a dict, each of which takes some 10 ns


class Guard(ArgumentReader):
    """The function, under construction."""

    def unchanged(self, closure: Closure) -> None:
        """Continue if all is as it was, else branch to the call of `general`; before all else, for where Python is
        asked other threads may run."""
        holds = self.object(closure.holds)
        if not all(map(_is_known, closure.readings)) or not all(map(_is_short, closure.now)):
            self.ask(holds)
            return
        with self.or_asked(holds):
            for one in closure.readings:
                self.same(one)
            for now, then in zip(closure.now, closure.then):
                self.same_elements(now, then)

    def outside(self) -> None:
        """Continue if no transform is under way that could differentiate by Values that the program closes over."""
        with self.or_asked(self.object(_is_outside)):
            for variable, usual in ((sources, ()), (mode, "")):
                self.require(self.b.icmp_unsigned("==", self.current(variable), self.object(usual)))

    @contextmanager
    def or_asked(self, f: Any) -> Iterator[None]:
        """Where what is required in this block does not hold, f() decides in its place."""
        b, other = self.b, self.other
        self.other = slow = self.function.append_basic_block("slow")
        yield
        self.other, after = other, self.function.append_basic_block()
        b.branch(after)
        b.position_at_end(slow)
        self.ask(f)
        b.branch(after)
        b.position_at_end(after)

    def current(self, variable: ContextVar[Any]) -> Any:
        """What a context variable with a default is now; the context keeps it."""
        with self.b.goto_entry_block():
            place = self.b.alloca(POINTER)
        self.b.store(self.null(), place)
        self.python("PyContextVar_Get", INT, self.object(variable), self.null(), place)
        found = self.b.load(place, typ=POINTER)
        self.python("Py_DecRef", VOID, found)
        return found

    def same(self, one: Reading) -> None:
        """Continue if a variable is the same object, or an array has the same bytes."""
        owner = self.object(one.owner)
        if isinstance(one.owner, (dict, MappingProxyType)):
            for name, x in zip(one.names, one.before if len(one.names) > 1 else (one.before,)):
                self.same_item(owner, name, x, isinstance(one.owner, MappingProxyType))
        elif isinstance(one.owner, CellType):
            self.require(self.b.icmp_unsigned("==", self.get(owner, CONTENTS, POINTER), self.object(one.before)))
        else:
            data = self.array(owner, one.owner.shape, one.owner.dtype)
            self.same_bytes(data, ctypes.cast(one.before, ctypes.c_void_p).value, len(one.before))

    def same_item(self, owner: Any, name: str, x: Any, of_class: bool = False) -> None:
        """Continue if a dict, or the variables of a class, has this object under this name; instead of None it may have
        nothing."""
        get = "PyObject_GetItem" if of_class else "PyDict_GetItemWithError"
        found = self.python(get, POINTER, owner, self.object(name))
        if of_class:                            # a new reference, or KeyError
            self.python("Py_DecRef", VOID, found)
            self.python("PyErr_Clear", VOID)
        same = self.b.icmp_unsigned("==", found, self.object(x))
        self.require(same if x is not None else self.b.or_(same, self.b.icmp_unsigned("==", found, self.null())))

    def same_elements(self, now: Any, then: Any) -> None:
        """Continue if a list or dict has the same elements."""
        owner = self.object(now)
        size = self.get(owner, SIZE, LONG) if isinstance(now, list) else self.python("PyDict_Size", LONG, owner)
        self.require(self.b.icmp_signed("==", size, LONG(len(then))))
        if isinstance(now, list):
            start = ctypes.c_void_p.from_address(id(then) + ITEMS).value
            self.same_bytes(self.get(owner, ITEMS, POINTER), start, ctypes.sizeof(ctypes.c_void_p) * len(then))
        else:
            for name, x in then.items():
                self.same_item(owner, name, x)

    def same_bytes(self, pointer: Any, address: int | None, count: int) -> None:
        """Continue if so many bytes are the same at both places."""
        if count:
            compare = declared(self.module, "memcmp", INT, [POINTER, POINTER, LONG])
            found = self.b.call(compare, [pointer, self.b.inttoptr(LONG(address), POINTER), LONG(count)])
            self.require(self.b.icmp_signed("==", found, INT(0)))


def _is_outside() -> bool:
    return not is_inside()


def _is_known(one: Reading) -> bool:
    """Whether it is a cell, variables by name, of a class those that it has, or an array of numbers in C order."""
    x = one.owner
    if type(x) is numpy().ndarray:
        return x.dtype.kind in "biufc" and x.flags.c_contiguous and x.flags.aligned and x.nbytes == len(one.before)
    if type(x) is MappingProxyType:
        return all(name in x for name in one.names)
    return type(x) is CellType or (type(x) is dict and all(type(name) is str for name in one.names))


def _is_short(x: Any) -> bool:
    """Whether it is a list, or a dict of a few names."""
    return type(x) is list or (type(x) is dict and len(x) <= FEW and all(type(name) is str for name in x))
