"""Methods: jit above a method of a class compiles it for each object that it is called on.

    >>> from microgradx import Value, jit
    >>> class Line:
    ...     def __init__(self, slope):
    ...         self.slope = Value(slope)
    ...     @jit
    ...     def at(self, x):
    ...         return self.slope * x
    >>> Line(2.0).at(3.0), Line(5.0).at(3.0)
    (6.0, 15.0)

The object is what a function closes over: its Values are read at each run, its other attributes are part of the
program, and another one is recorded when they change. Above @classmethod that object is the class, and above
@staticmethod there is none. A Module needs none of this: it is an argument as others are.

A program goes with its object. It keeps what the attributes hold; an object to which one of these leads back stays.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import MethodType
from typing import Any
from weakref import ref

from ..ieee import kind_of

NONE: tuple[Any, Any] = (None, None)


class Methods:
    """The compiled function of each object that is alive.

    compile     makes one of a function without `self`
    """

    def __init__(self, f: Callable[..., Any], compile: Callable[[Callable[..., Any]], Any]) -> None:
        self.f, self.compile = f, compile
        self.kept: dict[int, tuple[ref[Any], Any]] = {}     # by id: objects need not be hashable

    def of(self, owner: Any) -> MethodType:
        """The method of this object. TypeError for one that cannot be referred to weakly: nobody knows how long it
        lives."""
        alive, call = self.kept.get(id(owner), NONE)
        if alive is None or alive() is not owner:
            call = self._compiled(owner)
        return MethodType(call, owner)                      # which keeps the object alive

    def _compiled(self, owner: Any) -> Any:
        key, kept, f = id(owner), self.kept, self.f
        try:
            alive = ref(owner, lambda _: kept.pop(key, None))
        except TypeError:
            raise TypeError(f"jit of a method takes objects that can be referred to weakly, got {kind_of(owner)}"
                            "; add '__weakref__' to its __slots__") from None

        def method(*args: Any, **options: Any) -> Any:
            return f(alive(), *args, **options)
        compiled = self.compile(update_wrapper(method, f))

        def call(_: Any, *args: Any, **options: Any) -> Any:
            return compiled(*args, **options)
        update_wrapper(call, f)
        vars(call)["report"] = compiled.report
        kept[key] = alive, call
        return call
