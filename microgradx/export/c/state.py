"""State: what a function reads and sets besides its arguments, as a struct of C.

Its members have the names that the function has for the numbers: those of the parameters and Buffers of a Module, of a
variable that it closes over, of what an optimiser keeps.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ...compiler.ir.program import Program
from ...compiler.trace.state import AttributeOf, Draw, GradientOf
from ...compiler.trace.surroundings import Surroundings
from ...engine import Value
from ...ieee import printable
from ...nesting import branches, is_module, leaves
from ..recorded import Function
from .interface import Array, Scalar, Struct
from .names import Names

PLACE = re.compile(r"(.*?)((?:\[\d+\])*)")          # weight[0][1]: the name of a list, and a place in it


class Kept(NamedTuple):
    """What f reads and sets besides its arguments, and the place of each in the struct."""

    struct: Struct
    sources: list[Any]
    places: dict[Any, int]

    def place(self, source: Any) -> int:
        """The place of a source among the numbers of the struct."""
        return self.places[key(source)]


def state(recorded: Function, names: Names) -> Kept:
    """The state of a function. TypeError for what C cannot read: random numbers."""
    programs = [p for p in (recorded.value, recorded.gradient) if p is not None]
    sources = {key(s): s for p in programs for s in (*p.closures, *p.updates)}
    for s in sources.values():
        if isinstance(s, Draw):
            raise TypeError(f"{printable(recorded.name)} draws random numbers, which C would have to draw itself; "
                            "write model.eval(), or pass them as arguments")
    called = _called(recorded)
    groups: dict[str, list[tuple[tuple[int, ...], int, Any]]] = {}
    for k, s in enumerate(sources.values()):
        base, place = _name(s, called, k)
        groups.setdefault(base, []).append((place, k, s))
    inner, members, order = Names(), list[Scalar | Array](), list[Any]()
    for base, ones in groups.items():
        ones.sort(key=lambda one: one[:2])
        alone = len(ones) == 1 and not ones[0][0]
        members.append(Scalar(inner.new(base)) if alone else Array(inner.new(base), len(ones)))
        order += [s for *_, s in ones]
    writes = any(p.updates for p in programs)
    struct = Struct(names.new("state"), f"{recorded.name}_state", members, "" if writes else "const ")
    return Kept(struct, order, {key(s): k for k, s in enumerate(order)})


def key(source: Any) -> Any:
    """The same for all objects that stand for the same number."""
    if isinstance(source, GradientOf):
        return "gradient", source.value
    if isinstance(source, AttributeOf):
        return id(source.owner), source.name, source.place
    return source


def _name(source: Any, called: dict[Value, tuple[str, tuple[int, ...]]], k: int) -> tuple[str, tuple[int, ...]]:
    """The name of a member, and the place in it."""
    if isinstance(source, GradientOf):
        base, place = _name(source.value, called, k)
        return f"grad_{base}", place
    if isinstance(source, AttributeOf):
        owner = type(source.owner).__name__
        if source.place is None:
            return f"{owner}_{source.name}", ()
        return f"{owner}_{source.owner.kept[source.place[1]]}", (source.place[0],)
    return called.get(source) or (source.label or "value", (k,) if not source.label else ())


def _called(recorded: Function) -> dict[Value, tuple[str, tuple[int, ...]]]:
    """Names of the Values that f can reach: of the parameters and Buffers of Modules, of variables, of elements."""
    around = Surroundings([recorded.f])
    found: dict[Value, tuple[str, tuple[int, ...]]] = {}
    modules = [("", recorded.f), *((p.name, p.given) for p in recorded.parameters), *around.before.values()]
    for prefix, module in modules:
        if is_module(module):
            for path, nest in _tensors(module):
                for k, v in enumerate(leaves(nest)):
                    place = (k,) if branches(nest) is not None else ()
                    found.setdefault(v, (f"{prefix}.{path}".strip("."), place))
    for path, v in around.values():
        base, places = PLACE.fullmatch(path).groups()  # type: ignore[union-attr]
        found.setdefault(v, (base, tuple(map(int, re.findall(r"\d+", places)))))
    return found


def _tensors(module: Any) -> list[tuple[str, Any]]:
    tensors: Callable[[], Any] | None = getattr(module, "_tensors", None)
    return [(path, nest) for path, nest, _ in tensors()] if tensors else list(module.named_parameters())


def update_order(p: Program, place: Callable[[Any], int]) -> None:
    """Put what the program sets into the order of the struct, so that what lies side by side is set at once."""
    first = len(p.results) - len(p.updates)
    order = sorted(range(len(p.updates)), key=lambda k: place(p.updates[k]))
    p.results[first:] = [p.results[first + k] for k in order]
    p.updates[:] = [p.updates[k] for k in order]
