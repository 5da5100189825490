"""Reach: what can be reached from functions by the names in their code.

    >>> from microgradx.compiler.trace.reach import Reach
    >>> __name__ = "program"                                # where a user writes: a library keeps its settings
    >>> settings = {"scale": 2.0}
    >>> Reach([lambda x: settings["scale"] * x]).containers
    [{'scale': 2.0}]

What is found is looked at again at each call, see closures.py. So only what the code of a function names is followed: a
variable, or an attribute of that name. What it calls of other libraries is not.
"""
from __future__ import annotations

import dis
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any
from weakref import ref

from ...arrays import may_be_array
from ...engine import Value
from ...nesting import is_module
from ...table import Op
from .contents import cells, defaults, held, home, of_user, ours, size, slots
from .module_snapshot import set_mode

LONG, MOST = 1_000, 4_000           # elements of one container, and of all: each takes some nanoseconds at a call
ROUNDS = 4                          # of functions that call functions
COLLECTIONS = (list, tuple, dict, set, frozenset, deque, bytearray)
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
        if isinstance(x, ref):
            self.owners[id(x())] = x
        if (inner := held(x)) is not None:
            return [one for _, one in inner]
        if isinstance(x, COLLECTIONS) or may_be_array(type(x)):
            return self._elements(x)
        layer = is_module(x) and not isinstance(x, type)
        if layer:
            set_mode(x)
        if of_user(x if isinstance(x, (ModuleType, type)) else type(x)):
            return self._attributes(x)
        if layer:
            self.settings.append(vars(x))
            return [*vars(x).values()]
        if home(x).startswith("microgradx."):
            return [one for _, one in ours(x)]
        return ()

    def _variables(self, f: FunctionType) -> Iterator[Any]:
        users = of_user(f)
        for name, cell in cells(f):
            if users and could_change(cell.cell_contents):
                self.cells[id(cell)] = cell, name
            yield cell.cell_contents
        yield from (x for _, x in defaults(f))
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
            inner = x.values() if isinstance(x, dict) else x
            if not all(issubclass(kind, PLAIN) for kind in set(map(type, inner))):      # most are numbers or Values
                yield from (one for one in inner if not isinstance(one, PLAIN))

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
        for name, found in slots(x):
            if name in self.named:
                self.slots.setdefault(id(x), (x, {}))[1][name] = None
                yield found

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


def could_change(x: Any) -> bool:
    """Whether another object could take its place: not for a function of a library, a class or a module."""
    maker = x.__func__ if isinstance(x, MethodType) else x if isinstance(x, FunctionType) else type(x)
    return not isinstance(x, NEVER) and (not callable(x) or is_module(x) or of_user(maker))
