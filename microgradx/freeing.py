"""Freeing: takes a graph of any length apart where Python's own way is too deep for the stack, as in WebAssembly.

    >>> from microgradx import Value
    >>> x = Value(2.0)
    >>> y = x * 3.0 + 1.0
    >>> unlinked(y)                             # nobody else has the product, so that it is taken apart, too
    >>> y.args, x.args
    ((), ())

Python frees an operation, within that its inputs, and within that theirs. CPython notices how deep it is and goes on
later; under Pyodide the stack ends first, and Python with it.
"""
import sys
from typing import Any

from .engine import Value


def _alone() -> int:
    """What sys.getrefcount says of an object that only a variable here has; it depends on Python's version."""
    inputs = {object()}
    x = inputs.pop()
    return sys.getrefcount(x)


ALONE = _alone()


def unlinked(dying: Value) -> None:
    """Part an operation that nobody has any more from its inputs, and those that nobody else has from theirs."""
    waiting: list[Any] = [dying]
    while waiting:
        v = waiting.pop()
        inputs = {x for x in v.args if isinstance(x, Value)}
        v._a = v._b = None
        while inputs:
            x = inputs.pop()
            if sys.getrefcount(x) == ALONE:
                waiting.append(x)


if sys.platform == "emscripten":                # elsewhere a destructor would only take time
    setattr(Value, "__del__", unlinked)  # noqa: B010
