"""Pickling: sends a compiled function to another process, as the programs that it recorded.

    >>> import pickle
    >>> from microgradx import jit, value_and_grad
    >>> f = jit(value_and_grad(lambda w, x: (w * x - 1.0) ** 2))        # pickle alone refuses a lambda
    >>> f(2.0, 3.0)
    (25.0, 30.0)
    >>> pickle.loads(pickle.dumps(f))(3.0, 3.0)
    (64.0, 48.0)

So concurrent.futures, Dask and Ray can send it. The other process compiles it once more, with the same
back end, or as Python if llvmlite is missing. There it takes only arguments of the structures that it was called with
before; a Module matches any Module of the same structure. Values that it closes over are sent with their present data.

The programs are JSON and are checked when read; no pickle is hidden in them. So an unpickler that allows the one name
microgradx.compiler.jit.unpacked reads compiled functions and nothing else.
"""
from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any

from ..conversion import decided
from ..engine import Value
from ..ieee import printable
from .ir.program import Program, played
from .trace.arguments import ArrayOf, Modules, by_key, read_call, with_modules
from .trace.results import rebuilt

KEPT = 32                               # compiled functions that a process caches for the next task

Programs = dict[Any, tuple[Program, Any]]          # and the nesting of the result, by structure


class RemoteFunction:
    """Takes the place of the Python function of a compiled function that was sent: it interprets the programs."""

    def __init__(self, name: str, doc: str | None, programs: Programs) -> None:
        self.__name__, self.__doc__, self.programs = name, doc, programs
        names = {key for (_, parts), named in programs if named for key in parts[-1][1]}
        self.__signature__ = Signature([Parameter("args", Parameter.VAR_POSITIONAL),
                                        *(Parameter(key, Parameter.KEYWORD_ONLY) for key in sorted(names))])

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Return the result, recorded if there are Values. ValueError for a structure without a program."""
        given: list[Any] = []
        modules: Modules = []
        args, options = decided((args, options))
        structure = by_key(read_call(args, dict(sorted(options.items())), given, modules, lambda x: x))
        if structure not in self.programs:
            raise ValueError(f"{printable(self.__name__)} came from another process with {len(self.programs)} recorded "
                             "programs, none of them for arguments of this structure (lengths, ints, Modules); call it "
                             "once with such arguments before it is sent")
        p, tree = self.programs[structure]
        with_modules(given, modules, lambda one: one.values)
        return rebuilt(tree, iter(played(p, [*given, *p.closures])))


def packed(f: Callable[..., Any], doc: str | None, programs: Programs, backend: str, *options: Any) -> tuple[Any, ...]:
    """A compiled function as JSON, and what pickle itself must send of it: all programs of f, recorded here or received
    with it.

    PicklingError if it was never called, for then there is no program; or if one draws random numbers, reads gradients
    or sets Values, for these would go their own way in each process.
    """
    known = f.programs if isinstance(f, RemoteFunction) else {}
    programs = known | {by_key(structure): found for structure, found in programs.items()}
    name = getattr(f, "__name__", "a function")
    if not programs:
        raise pickle.PicklingError(f"jit has not recorded {name} yet; call it once with arguments like those to come, "
                                   "then send it")
    if any(p.updates or not all(isinstance(source, Value) for source in p.closures) for p, _ in programs.values()):
        raise pickle.PicklingError(f"{name} draws random numbers or keeps statistics (Dropout, BatchNorm in training), "
                                   "reads gradients or sets Values, which processes cannot share; call eval() on its "
                                   "Modules, and send jit(value_and_grad(loss)) in place of a training step")
    objects: list[Any] = []
    parts = [[_written(structure, objects), p.written(), _written(tree, objects)]
             for structure, (p, tree) in programs.items()]
    return json.dumps([name, doc, backend, *options, parts], separators=(",", ":")), *objects


class Parcel:
    """What packed() returned, equal to all parcels of the same content."""

    def __init__(self, text: str, objects: tuple[Any, ...]) -> None:
        self.text, self.objects = text, objects
        self.content = text, pickle.dumps(objects)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parcel) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)


def opened(parcel: Parcel) -> tuple[Any, ...]:
    """The inverse of packed(): the function, the name of its back end, and the options: strict, arrays, dtype."""
    objects = parcel.objects
    name, doc, backend, *options, parts = json.loads(parcel.text)
    programs = {_read(structure, objects): (Program.read(p), _read(tree, objects)) for structure, p, tree in parts}
    return RemoteFunction(name, doc, programs), backend, *options


# Structures as JSON --------------------------------------------------------------------------------------------------

CLASSES: dict[str, Any] = {kind.__name__: kind for kind in (list, tuple, dict, float, int, bool, str, type(None))}


def _written(x: Any, objects: list[Any]) -> Any:
    """A structure or nesting as JSON; what JSON does not have goes to `objects`, which pickle sends as it sends all."""
    kind = x.__class__
    if kind in (bool, int, str, type(None)):
        return x
    if kind is float:
        return {"float": x.hex()}
    if kind is list:
        return [_written(branch, objects) for branch in x]
    if kind is ArrayOf:
        return {"array": list(x.sizes)}
    if kind is tuple:
        return {"tuple": [_written(branch, objects) for branch in x]}
    if kind is dict:
        return {"dict": [[_written(key, objects), _written(branch, objects)] for key, branch in x.items()]}
    if isinstance(x, type) and x in CLASSES.values():
        return {"class": x.__name__}
    objects.append(x)
    return {"object": len(objects) - 1}


def _read(x: Any, objects: Sequence[Any]) -> Any:
    """The inverse of _written()."""
    if isinstance(x, list):
        return [_read(branch, objects) for branch in x]
    if not isinstance(x, dict):
        return x
    (kind, found), = x.items()
    if kind == "array":
        return ArrayOf(tuple(found))
    if kind == "tuple":
        return tuple([_read(branch, objects) for branch in found])
    if kind == "dict":
        return {_read(key, objects): _read(branch, objects) for key, branch in found}
    return float.fromhex(found) if kind == "float" else CLASSES[found] if kind == "class" else objects[found]
