"""Vectorcall: a class whose objects hand the arguments of a call on as the interpreter has them (PEP 590).

    >>> from microgradx.compiler.native.forward import forward
    >>> from microgradx.compiler.native.vectorcall import direct
    >>> class Function:
    ...     __slots__ = ("__call__", "__dict__")
    >>> f = direct(Function)()
    >>> f.__call__, f.vectorcall = max, forward(type(f))
    >>> f(1, 2), f([1], [2, 3], key=len)
    (2, [2, 3])

For an object of a class in Python, whose __call__ is looked up at each call, the interpreter makes a tuple and a dict
of the arguments, which a builtin function then takes apart: that takes as long as the rest of a short call, and twice
as long with a keyword such as out=. A class made by CPython's C API can have a place in its objects for the address of
a C function that is called in place of all that.
"""
from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

from .layout import is_known

WORD = 8
OBJECT, NUMBER, SIZE = 16, 17, 19               # kinds of members: Py_T_OBJECT_EX, Py_T_LONGLONG, Py_T_PYSSIZET
READONLY, MEMBERS, HAS_VECTORCALL = 1, 72, 1 << 11      # Py_READONLY, Py_tp_members, Py_TPFLAGS_HAVE_VECTORCALL


class Member(ctypes.Structure):
    """PyMemberDef."""

    _fields_ = (("name", ctypes.c_char_p), ("kind", ctypes.c_int), ("offset", ctypes.c_ssize_t),
                ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


class TypeSlot(ctypes.Structure):
    """PyType_Slot."""

    _fields_ = (("slot", ctypes.c_int), ("pointer", ctypes.c_void_p))


class TypeSpec(ctypes.Structure):
    """PyType_Spec."""

    _fields_ = (("name", ctypes.c_char_p), ("size", ctypes.c_int), ("item", ctypes.c_int), ("flags", ctypes.c_uint),
                ("slots", ctypes.c_void_p))


@cache
def direct(base: type) -> type:
    """A class like `base`, whose objects have `__call__` in a slot and hand calls on to what is there; `base` itself on
    an unknown Python, and on one for debugging, which demands more of a class.

    vectorcall  the address of the C function; at first 0: calls go the long way
    """
    if not is_known() or hasattr(sys, "gettotalrefcount"):
        return base
    size = base.__basicsize__
    members = (Member * 4)(Member(b"__vectorcalloffset__", SIZE, size, READONLY), Member(b"vectorcall", NUMBER, size),
                           Member(b"__call__", OBJECT, size + WORD))        # the last one ends the list
    slots = (TypeSlot * 2)(TypeSlot(MEMBERS, ctypes.addressof(members)))
    spec = TypeSpec(f"{base.__module__}.{base.__qualname__}".encode(), size + 2 * WORD, 0, HAS_VECTORCALL,
                    ctypes.addressof(slots))
    made = ctypes.pythonapi.PyType_FromSpecWithBases
    made.restype, made.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object]
    found: Any = made(ctypes.addressof(spec), (base,))
    found.__doc__ = base.__doc__
    return found  # type: ignore[no-any-return]


def target(kind: type) -> int:
    """Where __call__ is in an object of a class that direct() made: bytes from its start."""
    return kind.__basicsize__ - WORD
