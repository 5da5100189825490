"""Closure: what a function reads besides its arguments, as it was when its program was recorded.

    >>> from microgradx.compiler.trace.closures import Closure
    >>> __name__ = "program"                                # where a user writes: a library keeps its settings
    >>> settings = {"scale": 2.0, "more": [1.0, 2.0]}
    >>> before = Closure([lambda x: settings["scale"] * x])
    >>> before.holds()
    True
    >>> settings["more"][1] = 3.0
    >>> before.holds()
    False

Each call asks this again, and a program of another closure is recorded where it does not hold. So only what the code of
the function names is looked at: a variable, or an attribute of that name. What it calls of other libraries is not.
"""
from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from functools import lru_cache, partial
from operator import attrgetter, itemgetter
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, NamedTuple
from weakref import ref

from ...arrays import may_be_array
from ...engine import Value
from ...nesting import is_module
from ...table import Op
from .module_snapshot import inside

LONG, MOST = 1_000, 4_000           # elements of one container, and of all: each takes some nanoseconds at a call
FEW = 64                            # Values in lists: of more, such as the weights of a network, none is looked at
ROUNDS = 4                          # of functions that call functions
CONTENTS = attrgetter("cell_contents")
OURS = ("f", "loss", "penalty", "model")        # what objects of this package have of the user's
COLLECTIONS = (list, tuple, dict, set, frozenset, deque, bytearray)
HEAP = 1 << 9                       # Py_TPFLAGS_HEAPTYPE: of a class that is not written in C
PLAIN = (int, float, complex, str, bytes, type(None), Value, Op)
NEVER = (type, ModuleType, BuiltinFunctionType, Op, MemberDescriptorType)


@lru_cache(maxsize=4096)
def names(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """The global variables that a function reads, and whatever it names: these, attributes, and texts that may be the
    name of one."""
    inner = [names(part) for part in code.co_consts if isinstance(part, CodeType)]
    own = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    texts = {x for x in code.co_consts if isinstance(x, str) and x.isidentifier()}
    return (frozenset(own.union(*(a for a, _ in inner))),
            frozenset({*code.co_names, *texts}.union(*(b for _, b in inner))))


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


def roots(f: Any, given: Iterable[Any]) -> list[Any]:
    """f, and the functions and Modules that it is given: of Modules those that are, or contain, one of the user's."""
    return [f, *(x for x in given if (any(is_users(type(one).__module__) for _, one in inside(x)) if is_module(x)
                                      else callable(x)))]


class Reach:
    """What can be reached from functions and objects by the names in the code of these functions.

    codes       the code of every function
    spaces      their global variables
    cells       what functions close over, by name
    reads       for each namespace, such as the attributes of an object, which of its names are read
    slots       the same for objects that have attributes in __slots__
    owners      weak references to the objects that may go, and their programs with them
    settings    the attributes of each layer of this package
    containers  every list, dict, set and array
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        self.named: frozenset[str] = frozenset({"forward", "training", "__call__"})
        for _ in range(ROUNDS):
            self.codes: dict[CodeType, None] = {}
            self.cells: dict[int, tuple[CellType, str]] = {}
            self.reads: dict[int, tuple[Mapping[str, Any], dict[str, None]]] = {}
            self.slots: dict[int, tuple[Any, dict[str, None]]] = {}
            self.owners: dict[int, ref[Any]] = {}
            self.spaces: list[Mapping[str, Any]] = []
            self.settings: list[dict[str, Any]] = []
            self.containers: list[Any] = []
            self._walk(roots)
            found = self.named.union(*(names(code)[1] for code in self.codes))
            if found == self.named:
                break
            self.named = found

    def _walk(self, roots: Sequence[Any]) -> None:
        seen: dict[int, Any] = {}                       # the objects, too: an id is not used again then
        waiting = deque(roots)
        while waiting and len(seen) < MOST:
            x = waiting.popleft()
            if id(x) not in seen and not isinstance(x, PLAIN):
                seen[id(x)] = x
                waiting.extend(self._inside(x))

    def _inside(self, x: Any) -> Iterable[Any]:
        if isinstance(x, FunctionType):
            return self._variables(x)
        if isinstance(x, MethodType):
            return (x.__self__, x.__func__)
        if isinstance(x, ref):                                  # the object of a method that jit compiled
            self.owners[id(x())] = x
            return (x(),)
        if isinstance(x, partial):
            return (x.func, *x.args, *x.keywords.values())
        if isinstance(x, COLLECTIONS) or may_be_array(type(x)):
            return self._elements(x)
        if is_module(x) and hasattr(x, "training") and not isinstance(x, type):
            object.__setattr__(x, "training", x.training)       # as train() does
        if of_user(x if isinstance(x, (ModuleType, type)) else type(x)):
            return self._attributes(x)
        if is_module(x) and not isinstance(x, type):
            self.settings.append(vars(x))
            return [*vars(x).values()]
        if home(x).startswith("microgradx."):
            return [vars(x)[name] for name in OURS if name in getattr(x, "__dict__", ())]
        return ()

    def _variables(self, f: FunctionType) -> Iterator[Any]:
        users = of_user(f)
        for name, cell in cells(f):
            if users and could_change(cell.cell_contents):
                self.cells[id(cell)] = cell, name
            yield cell.cell_contents
        yield from (f.__defaults__ or ())
        yield from (f.__kwdefaults__ or {}).values()
        if users:
            self.codes[f.__code__] = None
            self.spaces.append(f.__globals__)
            yield from self._read(f.__globals__, names(f.__code__)[0])
            yield from self._read(vars(f), self.named)

    def _elements(self, x: Any) -> Iterator[Any]:
        if may_be_array(type(x)) or isinstance(x, bytearray):
            if size(x) <= LONG:
                self.containers.append(x)
        elif len(x) <= LONG:
            if not isinstance(x, (tuple, frozenset)):
                self.containers.append(x)
            yield from (one for one in (x.values() if isinstance(x, dict) else x) if not isinstance(one, PLAIN))

    def _attributes(self, x: Any) -> Iterator[Any]:
        """Those of these names, and of its class, with methods and what properties compute."""
        if isinstance(x, ModuleType):
            yield from self._read(vars(x), self.named)
            return
        kinds = [kind for kind in (x if isinstance(x, type) else type(x)).__mro__ if of_user(kind)]
        more = {name for kind in kinds for name in vars(kind)}          # may be set on the object, too
        if hasattr(x, "__dict__"):
            yield from self._read(vars(x), self.named, more)
        for kind in kinds:
            yield from self._read(vars(kind), self.named, more)
            for name, slot in vars(kind).items():
                if name in self.named and isinstance(slot, MemberDescriptorType) and hasattr(x, name):
                    self.slots.setdefault(id(x), (x, {}))[1][name] = None
                    yield getattr(x, name)

    def _read(self, space: Mapping[str, Any], wanted: frozenset[str], more: Set[str] = frozenset()) -> Iterator[Any]:
        """The variables or attributes of these names. Those that could be others at another time are noted, and `more`
        that are not there yet."""
        for name in wanted & (space.keys() | more):
            found = space.get(name)
            if isinstance(found, property):
                found = found.fget
            elif isinstance(found, (staticmethod, classmethod)):
                found = found.__func__
            if could_change(found):
                self.reads.setdefault(id(space), (space, {}))[1][name] = None
            yield found


def cells(f: FunctionType) -> Iterator[tuple[str, CellType]]:
    """What f closes over, by name, as far as it is set."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        with suppress(ValueError):
            cell.cell_contents  # noqa: B018
            yield name, cell


def could_change(x: Any) -> bool:
    """Whether another object could take its place: not for a function of a library, a class or a module."""
    maker = x.__func__ if isinstance(x, MethodType) else x if isinstance(x, FunctionType) else type(x)
    return not isinstance(x, NEVER) and (not callable(x) or is_module(x) or of_user(maker))


class Reading(NamedTuple):
    """How something is read that could change, and what it was: variables, a cell, attributes, the numbers of an array;
    the object that has it, and its names there. Of several names `before` is a tuple."""

    read: Callable[[], Any]
    before: Any
    owner: Any
    names: tuple[str, ...] = ()


class Closure:
    """All that can be reached, as it is now; see holds(). False where nothing could ever change.

    readings    each variable and attribute, and each array
    now, then   each other container, and a copy of it
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        reach = Reach(roots)
        reads: list[tuple[Any, Callable[[], Any], tuple[str, ...]]] = []
        reads += [(cell, partial(CONTENTS, cell), (name,)) for cell, name in reach.cells.values()]
        for space, keys in reach.reads.values():
            there = tuple(key for key in keys if key in space)
            reads += [(space, partial(itemgetter(*there), space), there)] if there else []
            reads += [(space, partial(space.get, key), (key,)) for key in keys if key not in space]
        for x, keys in reach.slots.values():
            owner = reach.owners.get(id(x))
            reads += [(x if owner is None else owner, _slots(x, keys, owner), (*keys,))]
        reads += [(x, read, ()) for x in reach.containers if (read := _reader(x))]
        self.readings = [Reading(read, read(), owner, keys) for owner, read, keys in reads]
        self.now: list[Any] = [*reach.settings]
        lists = [x for x in reach.containers if not _is_array(x)]
        few, left = sum(len(x) for x in lists if _has_values(x)) <= FEW, MOST
        for x in lists:
            if len(x) <= left and (few or not _has_values(x)):
                self.now.append(x)
                left -= len(x)
        self.then = [x.copy() for x in self.now]

    def __bool__(self) -> bool:
        return bool(self.readings or self.now)

    def holds(self) -> bool:
        """Whether all is as it was."""
        try:
            for read, before, _, _ in self.readings:
                if (x := read()) is not before and x != before:
                    return False
            return self.now == self.then
        except Exception:                   # it is gone, or has no single truth, as an array in place of another
            return False

    def changed(self) -> str:
        """The name of a variable or attribute that is another one now; "" where it is inside of a container."""
        with suppress(Exception):
            for read, before, _, keys in self.readings:
                now = read()
                several = zip(keys, now, before) if len(keys) > 1 else [(*keys[:1], now, before)]
                for name, x, y in several if keys else ():
                    if x is not y and x != y:
                        return str(name)
        return ""


def _slots(x: Any, keys: Iterable[str], owner: ref[Any] | None) -> Callable[[], Any]:
    """What reads these attributes of x; by the weak reference to it, if there is one."""
    get = attrgetter(*keys)
    return partial(get, x) if owner is None else lambda: get(owner())


def size(x: Any) -> int:
    """How many numbers an array has."""
    found = getattr(x, "size", None)
    return found if isinstance(found, int) else len(x)


def _is_array(x: Any) -> bool:
    return isinstance(x, bytearray) or may_be_array(type(x))


def _reader(x: Any) -> Callable[[], Any] | None:
    """What tells the numbers of an array, or the objects in it. None for what is no array, or of another library."""
    if isinstance(x, bytearray):
        return partial(bytes, x)
    found = getattr(x, "tolist" if str(getattr(x, "dtype", "")) == "object" else "tobytes", None)
    return found if _is_array(x) else None


def _has_values(x: Any) -> bool:
    return any(isinstance(one, Value) for one in (x.values() if isinstance(x, dict) else x))
