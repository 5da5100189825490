"""Builtin: machine code as a builtin function of Python, which is the cheapest to call.

    >>> from microgradx.compiler.native.builtin import builtin
    >>> from microgradx.compiler.native.objects import Objects
    >>> code = Objects("call")
    >>> _ = code.b.ret(code.python("PyLong_FromSsize_t", code.null().type, code.function.args[2]))
    >>> builtin(code)("a", "b")                                 # returns how many arguments there are
    2
"""
from __future__ import annotations

import ctypes
from typing import Any

from .engine import load
from .objects import Objects

FASTCALL = 0x82                                 # METH_FASTCALL | METH_KEYWORDS: the arguments are those of Objects


class Definition(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int),
                ("doc", ctypes.c_char_p))


def builtin(made: Objects) -> Any:
    """The function as an object of Python."""
    code = load(made.module)
    definition = Definition(b"call", code.address(made.function.name), FASTCALL, None)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    # its `self` keeps alive all objects that the machine code refers to
    return new(ctypes.addressof(definition), (code, definition, made.kept), __name__)
