"""Two gradients of the same thing, by name: the first entry in backward order at which they part, and the likely cause.

    >>> from microgradx.testing import compare
    >>> found = compare({"dlogits": [0.5, -0.5], "dw": [2.0, 4.0]}, {"dlogits": [0.5, -0.5], "dw": [1.0, 2.0]})
    >>> found.same, found.first.name
    (False, 'dw')
    >>> print(found.first)
    dw[1] is 4.0 and should be 2.0: 2 apart, 3.6e-12 allowed
    >>> found.first.cause
    'All entries of dw are 2 times what they should be: a factor 2, or the same contribution added twice.'
"""
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..arrays import is_array as is_nested
from ..arrays import nested
from ..engine import Value, tape
from ..ieee import printable, short
from ..nesting import branches
from .arguments import Slot, entries, flat, is_array, keys, places, precision, shape_of
from .causes import Entries, likely_cause


class Parting(NamedTuple):
    """A gradient on which two sides differ.

    name             of the gradient; `entry` is the entry that is furthest off
    mine, reference  the two numbers there; `bound` is how far apart they may be
    cause            the likely mistake, in words; "" if none is recognised

    >>> from microgradx.testing import compare
    >>> parting = compare({"dw": [1.0, -4.0]}, {"dw": [1.0, 4.0]}).first
    >>> parting.entry, parting.mine, parting.reference
    ('dw[1]', -4.0, 4.0)
    """

    name: str
    entry: str
    mine: float
    reference: float
    bound: float
    cause: str

    def __str__(self) -> str:
        if math.isnan(self.mine) and math.isnan(self.reference):
            return printable(f"{self.name}: {self.cause}")
        said = f"{self.entry} is {self.mine} and should be {self.reference}"
        return printable(f"{said}: {abs(self.mine - self.reference):.2g} apart, {self.bound:.2g} allowed")


class Compared(NamedTuple):
    """All names in backward order, each with a Parting, or None where both sides agree.

    >>> from microgradx.testing import compare
    >>> found = compare({"dx": 2.0, "dw": 3.0}, {"dx": 2.0, "dw": 6.0})
    >>> found.same, [name for name, parting in found.found.items() if parting]
    (False, ['dw'])
    """

    found: dict[str, Parting | None]

    @property
    def same(self) -> bool:
        """Whether all gradients agree."""
        return self.first is None

    @property
    def first(self) -> Parting | None:
        """The first gradient in backward order that differs: what comes after it may be wrong only because of it."""
        return next(filter(None, self.found.values()), None)

    def __str__(self) -> str:
        wide = max(len(printable(name)) for name in self.found)
        lines = [f"{printable(name):{wide}}  {parting or 'the same'}" for name, parting in self.found.items()]
        if self.first:
            cause = f": {self.first.cause}" if self.first.cause else ", for no reason that is recognised."
            lines.append(printable(f"{self.first.name} is the first to part{cause}"))
        return "\n".join(lines)


def compare(mine: Any, reference: Any) -> Compared:
    """Where two gradients part, and why, as far as that can be told.

    mine, reference   each a dict or list of gradients (numbers, nested lists, arrays, tensors of torch or JAX) in
                      backward order, as hand-written code computes them, or of more of them: {"out": {"w": ...}} is
                      named out.w; or a Value: the gradients of all that have a label in its graph; or a Module, also
                      of torch: the .grad of its parameters, the last one first

    Names and shapes must be the same. How far numbers may be apart follows from their precision, 24 bits or 53.
    ValueError for a name that one side does not have or that two Values have, TypeError for what is no gradient.

    >>> from microgradx import Value
    >>> from microgradx.testing import compare
    >>> w = Value(3.0, "w")
    >>> y = w * w
    >>> y.backward()
    >>> print(compare(y, {"w": 6.0}))
    w  the same
    """
    ours, theirs = gradients(mine, "mine"), gradients(reference, "reference")
    if lost := [name for name in [*ours, *theirs] if name not in ours or name not in theirs]:
        side, there = ("mine", ours) if lost[0] not in ours else ("reference", theirs)
        raise ValueError(f"{side} has no gradient {lost[0]!r}; it has {short(list(there), 80)}")
    every = [Entries(name, ours[name].shape, ours[name].numbers, theirs[name].numbers) for name in ours]
    large = max((abs(x) for slot in theirs.values() for x in slot.numbers if math.isfinite(x)), default=0.0)
    return Compared({name: parting(name, ours[name], theirs[name], every, large) for name in ours})


def gradients(given: Any, side: str) -> dict[str, Slot]:
    """Gradients by name, in backward order."""
    named: Any = given
    if isinstance(given, Value):
        labelled = [v for v in reversed(tape(given)) if v.label]
        named = {v.label: v.grad for v in labelled}
        if len(named) < len(labelled):
            twice = next(v.label for v in labelled if sum(v.label == u.label for u in labelled) > 1)
            raise ValueError(f"{side} has two Values with the label {twice!r}; give each its own")
    elif hasattr(given, "named_parameters"):
        named = {name: grad_of(p) for name, p in reversed(list(given.named_parameters()))}
    elif not isinstance(given, Mapping):
        if branches(given) is None:
            raise TypeError(f"{side} is {short(given)}; expected a dict of gradients by name, a Value or a Module")
        named = dict(zip(names(given), branches(given) or ()))
    if not named:
        raise TypeError(f"{side} has no gradients by name; label the Values, or write a dict")
    every = [found for name, x in named.items() for found in parts(x, str(name))]
    return {name: whole(grad_of(x), name, side) for name, x in every}


def parts(x: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The gradients in one, each with its name: out.w of a dict "out", rows[0] of a list of arrays of other shapes."""
    if shape(x) is not None or (inner := branches(x)) is None:
        yield name, x
    else:
        for key, part in zip(names(x), inner):
            yield from parts(part, f"{name}{key}" if key[:1] == "[" else f"{name}.{key}")


def names(tree: Any) -> list[str]:
    """The names of the branches of a container: those of a dict or of fields, else [0], [1]."""
    return [str(key) for key in tree] if isinstance(tree, Mapping) else [key.removeprefix(".") for key in keys(tree)]


def grad_of(x: Any) -> Any:
    """The gradient of a Value or of a parameter; anything else is a gradient itself. Nested lists of them likewise."""
    if isinstance(x, Value):
        return x.grad
    if isinstance(x, (list, tuple)):
        return [grad_of(part) for part in x]
    if getattr(x, "is_leaf", False) and getattr(x, "requires_grad", False):        # a parameter of torch
        return x.grad if x.grad is not None else x.detach() * 0
    return x


def whole(x: Any, name: str, side: str) -> Slot:
    """A gradient as one list of numbers. TypeError if it holds none."""
    if is_array(x) or (hasattr(x, "dtype") and hasattr(x, "reshape")):
        return Slot((), name, flat(x), shape_of(x), precision(x) or 53)
    x = nested(x) if is_nested(x) else x    # a Series of pandas
    found, sizes = list(places(x, name)), shape(x)
    if sizes is None or (not found and 0 not in sizes):
        raise TypeError(f"{side}[{name!r}] is {short(x)}, not a gradient")
    numbers = [n for place in found for n in place.numbers]
    return Slot((), name, numbers, sizes, min((place.digits for place in found), default=53))


def shape(x: Any) -> tuple[int, ...] | None:
    """The shape of an array, of nested lists, of a number; None for a container of names or of various shapes."""
    if hasattr(x, "shape") or (inner := branches(x)) is None:
        return shape_of(x) if hasattr(x, "shape") else ()
    within = {shape(part) for part in inner}
    if isinstance(x, Mapping) or None in within or len(within) > 1 or names(x)[:1] not in ([], ["[0]"]):
        return None
    return (len(inner), *(within.pop() or () if within else ()))


def parting(name: str, mine: Slot, reference: Slot, every: list[Entries], large: float) -> Parting | None:
    """The difference of two gradients; None if there is none. `large` is the largest number of all references."""
    digits = min(mine.digits, reference.digits)
    if mine.shape != reference.shape:
        turned = ": it is transposed" if mine.shape == reference.shape[::-1] else ""
        said = f"its shape is {mine.shape}, and should be {reference.shape}{turned}"
        return Parting(name, name, math.nan, math.nan, 0.0, said)
    bound = 2.0**(14 - digits) * max((abs(x) for x in reference.numbers if math.isfinite(x)), default=0.0)
    gaps = [gap(x, y) for x, y in zip(mine.numbers, reference.numbers)]
    worst = max(range(len(gaps)), key=gaps.__getitem__, default=None)
    if worst is None or gaps[worst] <= bound:
        return None
    close = 1e-5 if digits > 24 else 1e-3
    own = [part for part in every if part.name == name]
    others = [part for part in every if part.name != name and len(part.claimed) == len(part.expected)]
    nothing = max(map(abs, (*mine.numbers, *reference.numbers))) <= 2.0**(4 - digits) * large
    cause = "Beside the other gradients it is 0 but for rounding, as of a bias before a batch norm." if nothing else ""
    cause = cause or likely_cause(own, close=close) or likely_cause(own + others, close=close)
    return Parting(name, entries(name, mine.shape)[worst], mine.numbers[worst], reference.numbers[worst], bound, cause)


def gap(x: float, y: float) -> float:
    """How far two numbers are apart: 0 for twice nan, infinity for once."""
    return 0.0 if x == y or (x != x and y != y) else math.inf if x != x or y != y else abs(x - y)
