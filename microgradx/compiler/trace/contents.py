"""Contents: what one object holds, and whose it is: the user's or a library's.

    >>> from functools import partial
    >>> from microgradx.compiler.trace.contents import held, is_users
    >>> is_users("__main__"), is_users("json"), is_users("microgradx.ops")
    (True, False, False)
    >>> held(partial(max, 2.0, key=abs))
    [('', <built-in function max>), ('args[0]', 2.0), ("keywords['key']", <built-in function abs>)]

Two walkers go through objects: reach.py follows what the code of a function names, to compare it at each call, and
places.py all that is there, to see what a function changes while it is recorded.
"""
from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from types import CellType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any
from weakref import ref

OURS = ("f", "loss", "penalty", "model")        # what objects of this package have of the user's
HEAP = 1 << 9                       # Py_TPFLAGS_HEAPTYPE: of a class that is not written in C


@lru_cache(maxsize=4096)
def is_users(module: Any) -> bool:
    """Whether code or a class of this module is the user's: not of this package, of Python, or of another library."""
    top = module.partition(".")[0] if isinstance(module, str) else "builtins"
    if top == "__main__":                       # whatever runs it: a notebook, a debugger, pytest
        return True
    if top in ("microgradx", "builtins") or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return not ("site-packages" in file or "dist-packages" in file)


def of_user(x: Any) -> bool:
    """The same for a function, class or module; what exec() made without a name is the user's, too. Of a function its
    variables tell: functools.wraps, as grad(f) has it, gives it the module of another."""
    module = (x.__name__ if isinstance(x, ModuleType) else x.__globals__.get("__name__") if isinstance(x, FunctionType)
              else getattr(x, "__module__", None))
    if module in (None, "builtins"):
        return isinstance(x, FunctionType) or (isinstance(x, type) and bool(x.__flags__ & HEAP))
    return is_users(module)


def home(x: Any) -> str:
    """The module of an object's class."""
    found = type(x).__module__
    return found if isinstance(found, str) else ""      # Cython's classes have another object there


def held(x: Any) -> list[tuple[str, Any]] | None:
    """What a method, a partial or a weak reference holds, with names; None for any other object."""
    if isinstance(x, MethodType):
        return [("self", x.__self__), ("", x.__func__)]
    if isinstance(x, ref):                          # the object of a method that jit compiled
        return [("self", x())]
    if isinstance(x, partial):
        return [("", x.func), *((f"args[{i}]", one) for i, one in enumerate(x.args)),
                *((f"keywords[{key!r}]", one) for key, one in x.keywords.items())]
    return None


def ours(x: Any) -> list[tuple[str, Any]]:
    """What an object of this package has of the user's, with names."""
    return [(name, vars(x)[name]) for name in OURS if name in getattr(x, "__dict__", ())]


def cells(f: FunctionType) -> Iterator[tuple[str, CellType]]:
    """What f closes over, by name, as far as it is set."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        with suppress(ValueError):
            cell.cell_contents  # noqa: B018
            yield name, cell


def defaults(f: FunctionType) -> Iterator[tuple[str, Any]]:
    """The arguments of f that have a default, and that."""
    values = f.__defaults__ or ()
    yield from zip(f.__code__.co_varnames[f.__code__.co_argcount - len(values):], values)
    yield from (f.__kwdefaults__ or {}).items()


def slots(x: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of an object in __slots__, as far as they are set."""
    yield from ((name, getattr(x, name)) for kind in type(x).__mro__ for name, slot in vars(kind).items()
                if isinstance(slot, MemberDescriptorType) and hasattr(x, name))


def size(x: Any) -> int:
    """How many numbers an array has."""
    found = getattr(x, "size", None)
    return found if isinstance(found, int) else len(x)
