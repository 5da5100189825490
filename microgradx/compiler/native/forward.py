"""Forward: the C function of the objects of vectorcall.py, which calls what is in their slot `__call__`.

    >>> from microgradx import jit
    >>> from microgradx.compiler.native.forward import forward
    >>> f = jit(lambda x: x * x, backend="native")
    >>> f(3.0), getattr(f, "vectorcall", 0) in (0, forward(type(f)))       # 0 where CPython's layout is not known
    (9.0, True)
"""
from __future__ import annotations

from functools import cache
from typing import Any

from .engine import load
from .instructions import POINTER, VOID
from .objects import Objects
from .vectorcall import target


def forward(kind: type) -> int:
    """Its address, for a class that direct() made."""
    return _code(kind).address("forward")  # type: ignore[no-any-return]


@cache
def _code(kind: type) -> Any:
    """The machine code. It holds a reference to what it calls: another thread may put something else in the slot."""
    made = Objects("forward")
    b, (own, args, count, names) = made.b, made.function.args
    called = made.get(own, target(kind), POINTER)
    with b.if_then(b.icmp_unsigned("==", called, made.null()), likely=False):      # deleted: AttributeError
        b.ret(made.python("PyObject_GetAttr", POINTER, own, made.object("__call__")))
    made.python("Py_IncRef", VOID, called)
    found = made.python("PyObject_Vectorcall", POINTER, called, args, count, names)
    made.python("Py_DecRef", VOID, called)
    b.ret(found)
    return load(made.module)
