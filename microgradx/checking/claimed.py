"""What somebody says a derivative is, put in the order of the inputs; what has another shape is refused.

    >>> from microgradx.checking.claimed import jacobian
    >>> from microgradx.checking.measured import Measured
    >>> jacobian(Measured(lambda p: p["a"] * p["b"], ({"a": 3.0, "b": 2.0},)), {"b": 3.0, "a": 2.0}, "grad")
    [[2.0, 3.0]]
"""
import math
from collections.abc import Sequence
from typing import Any

from ..engine import Value
from ..ieee import number, short
from ..nesting import branches, is_leaf
from .arguments import Arguments, flat, is_array, keys, shape_of
from .measured import Measured


def jacobian(samples: Measured, claim: Any, source: str) -> list[list[float]]:
    """The claimed gradient of each output. TypeError or ValueError for a claim of another shape than the arguments.

    For several outputs it is nested as they are, outputs outside, or for several arguments a tuple of Jacobians.
    """
    given, count = samples.given, len(samples.outputs)
    alone = count == 1 and samples.places[0].shape == ()
    varied = sorted({place.path[0] for place in given.places})
    claim = _unwrapped(given, varied, claim) if len(varied) == 1 else claim
    if alone:
        return [_row(given, varied, claim, source)]
    parts = [claim] if len(varied) == 1 or not isinstance(claim, tuple) or len(claim) != len(varied) else list(claim)
    if len(parts) == 1:
        numbers = numbers_in(claim, source)
        size = len(given.numbers)
        if len(numbers) != count * size:
            raise ValueError(f"{source} has {len(numbers)} numbers, expected {count} outputs times {size} inputs")
        return [numbers[k * size:(k + 1) * size] for k in range(count)]
    rows: list[list[float]] = [[] for _ in range(count)]
    for n, part in zip(varied, parts):
        numbers = numbers_in(part, source)
        size = sum(len(place.numbers) for place in given.places if place.path[0] == n)
        if len(numbers) != count * size:
            raise ValueError(f"{source} has {len(numbers)} numbers for args[{n}], expected {count} times {size}")
        rows = [row + numbers[k * size:(k + 1) * size] for k, row in enumerate(rows)]
    return rows


def _unwrapped(given: Arguments, varied: Sequence[int], claim: Any) -> Any:
    """The gradient itself where it stands in a tuple: torch.autograd.grad returns one of one, and a function of several
    arguments may write None for those without floats."""
    arg = given.args[varied[0]]
    if not isinstance(claim, tuple):
        return claim
    if 1 < len(claim) == len(given.args) and sum(c is None for c in claim) == len(claim) - 1:
        return claim[varied[0]]
    if len(claim) == 1 and (is_array(arg) or is_leaf(arg) or is_array(claim[0])):
        return claim[0]
    return claim


def _row(given: Arguments, varied: Sequence[int], claim: Any, source: str) -> list[float]:
    """The claimed gradient of one output."""
    if len(varied) == 1:
        return _matched(given.args[varied[0]], claim, source, f"args[{varied[0]}]")
    claims = list(claim) if isinstance(claim, (tuple, list)) or is_array(claim) else None
    if claims is None or len(claims) not in (len(varied), len(given.args)):
        raise TypeError(f"{source} returned {_described(claim)}; expected one gradient for each of the "
                        f"{len(varied)} arguments that hold floats, as a tuple")
    if len(claims) == len(given.args):
        claims = [claims[n] for n in varied]
    return [x for n, part in zip(varied, claims) for x in _matched(given.args[n], part, source, f"args[{n}]")]


def _matched(arg: Any, claim: Any, source: str, name: str) -> list[float]:
    """The numbers of a claim in the order of the argument's. TypeError or ValueError if it has another shape."""
    shape = shape_of(arg) if is_array(arg) else ()
    if claim is None:
        return [0.0] * math.prod(shape) if is_array(arg) or is_leaf(arg) else [
            x for branch in branches(arg) or () for x in _matched(branch, None, source, name)]
    if is_array(arg):
        return _matched_array(shape, claim, source, name)
    if is_leaf(arg):
        numbers = numbers_in(claim, source)
        if len(numbers) != 1:
            raise ValueError(f"{source} has {len(numbers)} numbers for {name}, which is one")
        return numbers
    inner = branches(arg)
    if inner is None:
        return []
    if isinstance(arg, dict):
        if not isinstance(claim, dict):
            raise TypeError(f"{source} is {_described(claim)} for {name}, which is a dict; return a dict of its keys")
        if lost := [key for key in arg if key not in claim]:
            raise ValueError(f"{source} has no key {lost[0]!r} for {name}; its keys are {short(list(claim), 80)}")
        claims = [claim[key] for key in arg]
    else:
        claims = [*(branches(claim) or (claim if is_array(claim) else ()))]
        if len(claims) != len(inner):
            said = f"has {len(claims)} entries" if claims else f"is {_described(claim)}"
            raise ValueError(f"{source} {said} for {name}, which has {len(inner)}; return a list of so many")
    named = zip(inner, claims, keys(arg))
    return [x for branch, part, key in named for x in _matched(branch, part, source, f"{name}{key}")]


def _matched_array(shape: tuple[int, ...], claim: Any, source: str, name: str) -> list[float]:
    """The same where the argument is an array of this shape."""
    numbers = numbers_in(claim, source)
    if isinstance(claim, dict):
        raise TypeError(f"{source} is {_described(claim)} for {name}, which is an array; return one of its shape")
    found = _shape(claim)
    if found != shape and math.prod(found) * math.prod(shape) != 1:
        turned = f"; transposed, it would fit {name}" if found == shape[::-1] else ""
        raise ValueError(f"{source} has shape {found} for {name}, which has shape {shape}{turned}")
    if len(numbers) != math.prod(shape):
        raise ValueError(f"{source} has {len(numbers)} numbers for {name}, which has {math.prod(shape)}")
    return numbers


def numbers_in(claim: Any, source: str) -> list[float]:
    """All numbers in a claim, one after the other. TypeError for anything else in it."""
    if is_array(claim) or hasattr(claim, "detach"):
        return flat(claim)
    if is_leaf(claim):
        return [number(claim.data if isinstance(claim, Value) else claim)]
    inner = branches(claim)
    if inner is None:
        raise TypeError(f"{source} returned {_described(claim)}, not numbers")
    return [x for branch in inner for x in numbers_in(branch, source)]


def _shape(claim: Any) -> tuple[int, ...]:
    """The shape of an array or of nested lists."""
    if is_array(claim) or hasattr(claim, "shape"):
        return shape_of(claim)
    inner = branches(claim)
    return () if inner is None else (len(inner), *(_shape(inner[0]) if len(inner) else ()))


def _described(x: Any) -> str:
    return f"{short(x)} ({type(x).__name__})"
