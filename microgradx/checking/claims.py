"""A gradient that somebody wrote, against the function itself, which is known by its values.

    >>> from microgradx import gradcheck
    >>> gradcheck(lambda x, y: x * y * y, 3.0, 2.0, grad=lambda x, y: (y * y, 2 * x * y))
    True
"""
import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from ..ieee import short
from .arguments import results
from .causes import Entries, likely_cause
from .claimed import jacobian
from .error import GradientError
from .measured import Measured
from .mismatch import Check, Mismatch


def check_gradient(f: Callable[..., Any], args: Sequence[Any], df: Callable[..., Any], source: str = "grad",
                   value: bool = False, batched: Callable[..., Any] | bool = False) -> bool:
    """True if df(*args), or with `value` the second of what it returns, is the gradient or Jacobian of f at args."""
    samples = Measured(f, args, batched=f if batched is True else batched or None)
    if not callable(df):
        raise TypeError(f"{source} is {short(df)}; write a function of the same arguments: lambda x: ...")
    claim = df(*samples.copies())
    if value:
        value_of(claim, samples)
        claim = claim[1]
    return judge(samples, jacobian(samples, claim, source), source)


def value_of(claim: Any, samples: Measured) -> None:
    """TypeError or ValueError unless the claim is a pair whose first is the value of f."""
    if not isinstance(claim, (tuple, list)) or len(claim) != 2:
        raise TypeError(f"value_and_grad returned {short(claim)}, not the pair (value, gradient)")
    ys = [y for place in results(claim[0], "value_and_grad(...)[0]") for y in place.numbers]
    if ys != samples.outputs and max(map(abs, ys), default=0) < math.inf:
        rough = [abs(y - z) <= 1e-6 * abs(z) + 100 * r.noise for y, z, r in zip(ys, samples.outputs, samples.rounding)]
        if len(ys) != len(samples.outputs) or not all(rough):
            raise ValueError(f"value_and_grad says that f is {short(ys)} here, and f {short(samples.outputs)}")


def judge(samples: Measured, rows: Sequence[Sequence[float]], source: str) -> bool:
    """True if all claimed numbers are right; else the GradientError of the one that is furthest off."""
    checks = samples.checks(rows)
    wrong = [found for check in checks if (found := check.mismatch())]
    if not wrong:
        return True
    worst = max(wrong, key=distance)
    check, seen, kink = worst
    meaning = cause(samples, rows, checks, kink)
    more = f"{len(wrong) - 1} more of {len(checks)} numbers are wrong." if len(wrong) > 1 else ""
    raise GradientError(check.what, samples.given.names[check.i], check.slope, seen.value, seen.bound, kink, None,
                        " ".join(filter(None, [meaning, more])), source)


def distance(wrong: Mismatch) -> float:
    """How far off a number is, relative; nan first."""
    apart = abs(wrong.check.slope - wrong.seen.value)
    return apart / max(abs(wrong.check.slope), abs(wrong.seen.value)) if math.isfinite(apart) else math.inf


def cause(samples: Measured, rows: Sequence[Sequence[float]], checks: Sequence[Check],
          kink: tuple[float, float] | None) -> str:
    """What explains the wrong numbers best, in words."""
    if kink is not None:
        return f"There is a kink, with slopes {kink[0]} and {kink[1]} on its sides; any slope between them is right."
    given, count = samples.given, len(samples.outputs)
    seen = [[expected(check) for check in checks if check.gradient.output == k] for k in range(count)]
    claimed, right = ([list(chain(*part)) for part in zip(*map(given.of_each, matrix))] for matrix in (rows, seen))
    parts = [Entries(place.name, place.shape if count == 1 else (count, len(place.numbers)), xs, ys, place.numbers)
             for place, xs, ys in zip(given.places, claimed, right)]
    close = 1e-3 if min(samples.bits) <= 24 else 1e-5
    return likely_cause(joined(parts) if count == 1 else parts, count, close)


def expected(check: Check) -> float:
    """The derivative by differences; the claimed number itself where it is right."""
    seen = check.seen()
    return check.slope if seen.agrees(check.slope) else seen.value


def joined(parts: list[Entries]) -> list[Entries]:
    """Numbers of one list as the entries of one vector, so that factors and exchanged places are seen."""
    found: list[Entries] = []
    for part in parts:
        stem = part.name.rpartition("[")[0] if part.shape == () and part.name.count("[") > 1 else ""
        if stem and found and found[-1].name == stem:
            last = found[-1]
            found[-1] = Entries(stem, (len(last.claimed) + 1,), [*last.claimed, *part.claimed],
                                [*last.expected, *part.expected], [*last.numbers, *part.numbers])
        else:
            found.append(part._replace(name=stem, shape=(1,)) if stem else part)
    return found
