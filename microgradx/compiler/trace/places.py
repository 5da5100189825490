"""Places: all variables, attributes and elements that can be reached from a function, by name.

    >>> from microgradx.compiler.trace.places import places
    >>> def f(state={"mean": [1.0]}):
    ...     return state
    >>> [(name, x) for name, _, x in places([f])][1:]
    [('state', {'mean': [1.0]}), ("state['mean']", [1.0]), ("state['mean'][0]", 1.0)]
"""
from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from itertools import chain
from types import BuiltinFunctionType, CodeType, FunctionType, MethodWrapperType, ModuleType
from typing import Any

from ...engine import Value
from .contents import cells, defaults, held, home, of_user, ours, slots
from .marks import LONG, is_iterator
from .traced import Traced

MOST, DEEP = 20_000, 9              # places in all, and steps from f, that are looked at


def places(roots: Sequence[Any], values: bool = False) -> Iterator[tuple[str, Any, Any]]:
    """For each place its name, what tells it from all others, and what is there. Not into lists of Values, such as the
    weights of a layer, unless Values are wanted."""
    seen: set[int] = set()
    level = [("", root) for root in roots]
    left = MOST
    yield from ((_called(root), (0, id(root)), root) for root in roots)
    for _ in range(DEEP):
        following = []
        for name, x in level:
            if id(x) in seen or (_are_values(x) and not values):
                continue
            seen.add(id(x))
            for inner, key, y in _inside(name, x):
                left -= 1
                if left < 0:
                    return
                yield inner, (id(x), key), y
                if not isinstance(y, (int, float, str, bytes, type(None), Value)):
                    following.append((inner, y))
        level = following


def _called(root: Any) -> str:
    return getattr(root, "__name__", None) or type(root).__name__


def _are_values(x: Any) -> bool:
    """Whether it is a list of Values that have numbers."""
    first = x[0] if isinstance(x, (list, tuple)) and x else None
    return isinstance(first, Value) and not isinstance(first, Traced)


def _inside(name: str, x: Any) -> Iterator[tuple[str, Any, Any]]:
    """What can be reached from an object in one step: a name for it, its key there, and itself."""
    if isinstance(x, (list, tuple, dict)):
        if len(x) <= LONG:
            items = list(x.items()) if isinstance(x, dict) else enumerate(x)
            yield from ((f"{name}[{k!r}]", k, y) for k, y in items)
    elif isinstance(x, FunctionType):
        yield from _variables(x)
    elif (known := held(x)) is not None:
        yield from ((own, k, y) for k, (own, y) in enumerate(known))
    elif isinstance(x, (BuiltinFunctionType, MethodWrapperType)):
        yield from () if isinstance(x.__self__, ModuleType) else [(x.__name__, 0, x.__self__)]
    elif is_iterator(x):
        yield from ((name, k, y) for k, y in enumerate(gc.get_referents(x)))
    elif isinstance(x, (type, ModuleType)):
        if of_user(x):
            yield from ((f"{name}.{key}", key, y) for key, y in list(vars(x).items()) if not key.startswith("__"))
    elif home(x).startswith("microgradx.compiler."):
        yield from ((key, key, y) for key, y in ours(x))
    else:
        yield from _attributes(name, x)


def _attributes(name: str, x: Any) -> Iterator[tuple[str, Any, Any]]:
    """The attributes of an object, and its class."""
    if type(getattr(x, "__dict__", None)) is dict:
        yield from ((f"{name}.{key}", key, y) for key, y in list(vars(x).items()))
        if callable(x) and isinstance(type(x).__call__, FunctionType):
            yield "", ("", "call"), type(x).__call__
    if of_user(type(x)):
        yield type(x).__name__, ("", "class"), type(x)
        yield from ((f"{name}.{key}", key, y) for key, y in slots(x))


def _variables(f: FunctionType) -> Iterator[tuple[str, Any, Any]]:
    """The variables of a function that outlive a call: closed over, defaults of arguments, global (of the user's)."""
    yield from ((name, name, cell.cell_contents) for name, cell in cells(f))
    yield from ((f"{f.__name__}.{key}", (key, "own"), y) for key, y in list(vars(f).items()))
    yield from ((name, (k, "default"), y) for k, (name, y) in enumerate(defaults(f)))
    if not str(f.__globals__.get("__name__")).startswith("microgradx."):
        known = f.__globals__
        yield from ((name, (name, "global"), known[name]) for name in dict.fromkeys(global_names(f.__code__))
                    if name in known)


def global_names(code: CodeType) -> Iterator[str]:
    """The names of global variables in a function and in those within it."""
    yield from code.co_names
    yield from chain.from_iterable(global_names(inner) for inner in code.co_consts if isinstance(inner, CodeType))
