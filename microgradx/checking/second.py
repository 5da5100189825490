"""A jvp or a Hessian that somebody wrote, against the function itself.

    >>> from microgradx import check_hessian, check_jvp
    >>> check_jvp(lambda x: x * x, 3.0, jvp=lambda xs, vs: 2 * xs[0] * vs[0])
    True
    >>> check_hessian(lambda x, y: x * x * y, 3.0, 2.0, hessian=lambda x, y: [[2 * y, 2 * x], [2 * x, 0.0]])
    True
"""
import math
from collections.abc import Callable, Sequence
from typing import Any

from .arguments import Arguments
from .claimed import by_key, has_keys, jacobian, numbers_in
from .claims import judge
from .differences import Estimate, derivative
from .error import GradientError
from .measured import Measured
from .mismatch import Check


def check_directions(f: Callable[..., Any], args: Sequence[Any], jvp: Callable[..., Any]) -> bool:
    """True if jvp(args, tangents) is the derivative of f along each input in turn, and along a mixture of all."""
    samples = Measured(f, args)
    given = samples.given
    count = len(given.numbers)
    mixed = [(-1) ** i * (1 + i % 5 / 4) for i in range(count)]
    columns = [_tangent(samples, jvp, [float(i == k) for i in range(count)]) for k in range(count)]
    rows = [[column[k] for column in columns] for k in range(len(samples.outputs))]
    judge(samples, rows, "jvp")
    for k, (found, row) in enumerate(zip(_tangent(samples, jvp, mixed), rows)):
        terms = [slope * t for slope, t in zip(row, mixed)]
        right, size = math.fsum(terms), math.fsum(map(abs, terms))
        bound = 2.0**(6 - samples.bits[k]) * size + 1e-8 * abs(right)
        if not abs(found - right) <= bound:
            what, why = f"d {samples.titles[k]} along a mixture of all inputs", "jvp is not linear in the direction."
            raise GradientError(what, "args", found, right, bound, None, None,
                                f"It is right along each input alone: {why}", "jvp")
    return True


def _tangent(samples: Measured, jvp: Callable[..., Any], direction: Sequence[float]) -> list[float]:
    """The claimed derivative of each output in a direction."""
    args, vs = samples.copies(), samples.given.with_numbers(direction)
    found = jvp(args, vs)
    numbers, count = numbers_in(found, "jvp"), len(samples.outputs)
    if isinstance(found, (tuple, list)) and len(found) == 2 and len(numbers) == 2 * count:
        return numbers[count:]              # JAX's: the value, and the derivative
    if len(numbers) != count:
        raise ValueError(f"jvp returned {len(numbers)} numbers, expected one for each of {count} outputs")
    return numbers


def check_second(f: Callable[..., Any], args: Sequence[Any], hessian: Callable[..., Any],
                 df: Callable[..., Any] | None) -> bool:
    """True if hessian(*args) is the matrix of second derivatives of f: differences of df, or of differences of f."""
    value = Measured(f, args)
    if len(value.outputs) != 1:
        raise TypeError(f"f returned {len(value.outputs)} numbers; a Hessian belongs to one")
    count = len(value.given.numbers)
    claim = hessian(*value.copies())
    rows = numbers_in(claim, "hessian")
    if len(rows) != count * count:
        raise ValueError(f"hessian has {len(rows)} numbers, expected {count} times {count}")
    seen = [estimate(check) for check in value.checks([[0.0] * count])] if df is None else []

    def gradient(*now: Any) -> list[float]:
        if df is not None:
            return jacobian(value, df(*now), "grad")[0]
        return [estimate(check).value for check in value.at(now).checks([[0.0] * count])]

    samples = Measured(gradient, args, "df")
    samples.titles = [f"(d f / d {name})" for name in value.given.names]
    if seen:
        samples.rounding = [r._replace(noise=max(r.noise, e.error)) for r, e in zip(samples.rounding, seen)]
    return judge(samples, _ordered(claim, rows, value.given), "hessian")


def estimate(check: Check) -> Estimate:
    """The derivative by differences, whatever is claimed."""
    return derivative(check.f, check.x, 0, check.gradient.noise, check.scales, check.digits)


def _ordered(claim: Any, numbers: Sequence[float], given: Arguments) -> list[list[float]]:
    """The Hessian row by row. For several arguments it is nested, as JAX's: blocks of an argument by an argument."""
    count = len(given.numbers)
    if has_keys(claim):
        varied = sorted({place.path[0] for place in given.places})
        args = tuple(given.args[n] for n in varied)
        return by_key(given, varied, claim, args[0] if len(args) == 1 else args, "hessian")
    sizes = [len(place.numbers) for place in given.places]
    nested = isinstance(claim, (tuple, list)) and len(claim) == len(sizes)
    if not nested or all(size == 1 for size in sizes):
        return [list(numbers[i * count:(i + 1) * count]) for i in range(count)]
    rows: list[list[float]] = []
    cuts = iter(numbers)
    for height in sizes:
        blocks = [[[next(cuts) for _ in range(width)] for _ in range(height)] for width in sizes]
        rows += [[x for block in blocks for x in block[i]] for i in range(height)]
    return rows
