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
from ..ieee import kind_of, number, short
from ..nesting import branches, is_leaf, regrown, walked
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
    args = tuple(given.args[n] for n in varied)
    if has_keys(claim) or (is_array(samples.result) and _follows(
            claim, args[0] if len(args) == 1 else args, shape_of(samples.result))):
        return by_key(given, varied, claim, samples.result, source)
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


def has_keys(claim: Any) -> bool:
    """Whether there is a dict in it."""
    return isinstance(claim, dict) or (isinstance(claim, (tuple, list)) and any(map(has_keys, claim)))


def _follows(claim: Any, arg: Any, axes: tuple[int, ...]) -> bool:
    """Whether a claim has the nesting of an argument with arrays in it, the axes of an array of results in front."""
    if is_array(arg) or is_leaf(arg):
        return is_array(claim) and shape_of(claim) == (*axes, *(shape_of(arg) if is_array(arg) else ()))
    inner = branches(arg)
    return inner is not None and isinstance(claim, (tuple, list)) and len(claim) == len(inner) and all(
        _follows(c, x, axes) for c, x in zip(claim, inner))


def by_key(given: Arguments, varied: Sequence[int], claim: Any, result: Any, source: str) -> list[list[float]]:
    """The rows of a Jacobian in dicts, as JAX's: for the keys of a result outside, for those of an argument inside. A
    Hessian is the Jacobian of a gradient, a result like the arguments."""
    if is_array(result):
        rows = math.prod(shape_of(result))
        return [_row(given, varied, _taken(claim, k, rows, len(shape_of(result))), source) for k in range(rows)]
    inner = branches(result)
    if inner is None or is_leaf(result):
        return [_row(given, varied, claim, source)]
    claims = _paired(result, inner, claim, source, "f")
    return [row for c, y in zip(claims, inner) for row in by_key(given, varied, c, y, source)]


def _taken(claim: Any, k: int, rows: int, axes: int) -> Any:
    """What belongs to entry k of a result with so many entries and axes, which come first in each array."""
    if is_array(claim):
        return claim.reshape((rows, *shape_of(claim)[axes:]))[k]
    inner = branches(claim)
    return claim if inner is None else regrown(claim, [_taken(c, k, rows, axes) for c in inner])


def _paired(tree: Any, inner: Sequence[Any], claim: Any, source: str, name: str) -> Sequence[Any]:
    """The claims for the branches of a container, in its order. TypeError or ValueError if they do not fit."""
    if not isinstance(claim, dict):
        if isinstance(tree, dict):
            raise TypeError(f"{source} is {_described(claim)} for {name}, which is a dict; return a dict of its keys")
        claims = [*(branches(claim) or (claim if is_array(claim) else ()))]
        if len(claims) != len(inner):
            said = f"has {len(claims)} entries" if claims else f"is {_described(claim)}"
            raise ValueError(f"{source} {said} for {name}, which has {len(inner)}; return a list of so many")
        return claims
    names = [*tree] if isinstance(tree, dict) else [key[1:] for key in keys(tree) if key[0] == "."]
    if not names:
        raise TypeError(f"{source} is {_described(claim)} for {name}, which has no keys; return a list")
    if lost := [key for key in [*names, *claim] if key not in claim or key not in names]:
        side = f"no key {lost[0]!r}" if lost[0] in names else f"a key {lost[0]!r}"
        raise ValueError(f"{source} has {side} for {name}; its keys are {short(list(claim), 80)}, and should be "
                         f"{short(names, 80)}")
    return [claim[key] for key in names]


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
        return walked(_matched, given.args[varied[0]], claim, source, f"args[{varied[0]}]")  # type: ignore[no-any-return]
    claims = list(claim) if isinstance(claim, (tuple, list)) or is_array(claim) else None
    if claims is None or len(claims) not in (len(varied), len(given.args)):
        raise TypeError(f"{source} returned {_described(claim)}; expected one gradient for each of the "
                        f"{len(varied)} arguments that hold floats, as a tuple")
    if len(claims) == len(given.args):
        claims = [claims[n] for n in varied]
    return [x for n, part in zip(varied, claims) for x in walked(_matched, given.args[n], part, source, f"args[{n}]")]


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
    claims = _paired(arg, inner, claim, source, name)
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
    return walked(_numbers_in, claim, source)  # type: ignore[no-any-return]


def _numbers_in(claim: Any, source: str) -> list[float]:
    if is_array(claim) or hasattr(claim, "detach"):
        return flat(claim)
    if is_leaf(claim):
        return [number(claim.data if isinstance(claim, Value) else claim)]
    inner = branches(claim)
    if inner is None:
        raise TypeError(f"{source} returned {_described(claim)}, not numbers")
    return [x for branch in inner for x in _numbers_in(branch, source)]


def _shape(claim: Any) -> tuple[int, ...]:
    """The shape of an array or of nested lists."""
    if is_array(claim) or hasattr(claim, "shape"):
        return shape_of(claim)
    inner = branches(claim)
    return () if inner is None else (len(inner), *(_shape(inner[0]) if len(inner) else ()))


def _described(x: Any) -> str:
    return f"{short(x)} ({kind_of(x)})"
