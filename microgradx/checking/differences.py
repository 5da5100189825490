"""Finite differences with an error bound: an oracle for derivatives that needs only the function.

    >>> from microgradx.checking.differences import derivative
    >>> import math
    >>> slope = derivative(math.exp, 0.0)
    >>> abs(slope.value - 1) < slope.error < 1e-12
    True
    >>> derivative(abs, 0.0, side=-1).value, derivative(abs, 0.0, side=1).value
    (-1.0, 1.0)

A difference quotient has an error from its step (too large) or from rounding (too small). Ridders halves the step,
extrapolates to step 0 as Romberg does, and keeps the extrapolation that changes least from one step to the next; that
change is its error. Source: C. Ridders, Advances in Engineering Software 4 (1982) 75.
"""
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..ieee import divide, inf, nan

UNDEFINED = (ValueError, ArithmeticError, LookupError)      # raised at x: f is not defined there
HALVINGS = 8            # of the step in one extrapolation
EXACT = 1e-10           # relative error at which the search stops, ...
CLOSER = 2.0**-16       # ... unless a step smaller by this factor contradicts it, as for max(x*x, 0.001) at 0
SETTLED = 1e-3          # largest relative error of an estimate that says anything, as that of a jump does not


class Estimate(NamedTuple):
    """A derivative by differences and its error. The error is infinite where differences do not settle, as at a jump or
    for sin(x) at 1e100; there any finite slope may be right. The value is nan where f has no neighbouring value.
    """

    value: float
    error: float

    @property
    def bound(self) -> float:
        """How far from `value` a right derivative may be; no absolute tolerance, which would pass any small number."""
        return 1e-8 * abs(self.value) + 10 * self.error

    @property
    def is_open(self) -> bool:
        """Whether f has neighbouring values but differences do not settle."""
        return math.isinf(self.error) and not math.isnan(self.value)

    def agrees(self, slope: float) -> bool:
        """Whether `slope` may be the derivative."""
        return math.isfinite(slope) and abs(slope - self.value) <= self.bound


UNKNOWN = Estimate(nan, inf)


def derivative(f: Callable[[float], float], x: float, side: int = 0, noise: float = 0.0,
               scales: Iterable[float] = ()) -> Estimate:
    """The derivative of f at x, with its error; at an edge of f's domain the one-sided derivative from inside.

    side    0: from both sides; 1: from the right only; -1: from the left only
    noise   the rounding error of f near x; at least one rounding of f itself is assumed
    scales  distances from x at which f may have detail, besides the size of x and 1

    f counts as not defined where it is not finite or raises ValueError, an ArithmeticError or a LookupError.

    >>> from microgradx.checking.differences import derivative
    >>> derivative(lambda x: x**1.5 if x >= 0 else math.nan, 0.0).agrees(0.0)
    True
    """
    here, way = _at(f, x), _open_side(f, x, side)
    if way is None or not math.isfinite(here):
        return UNKNOWN
    noise = max(noise, math.ulp(here))
    best, best_step, reach, sure = UNKNOWN, inf, inf, False
    for start in _steps(x):
        if start >= reach:                  # this step leaves the domain
            continue
        exact, rounded = best.error <= EXACT * abs(best.value), best.error <= 2 * noise / best_step
        if sure and (exact or (rounded and start < best_step)):     # only rounding is left; it grows as steps shrink
            continue
        step = _retreat(f, x, start, way)
        reach = step if step < start else reach
        found, settled = _ridders(f, x, here, step, way, noise)
        if not settled:
            continue
        # If two estimates contradict each other, the larger step is wrong: it misses detail, as for sin(1e6*x).
        if step < best_step if apart(found, best) else found.error < best.error:
            best, best_step = found, step
            closer = [step * CLOSER, *(h for h in scales if h < step * CLOSER)]
            sure = all(_confirmed(f, x, max(h, _least(x)), way, found, noise) for h in closer)
    if sure:
        return best
    first = _retreat(f, x, next(_steps(x)), way)
    return Estimate(_quotient(f, x, first, way)[0], inf)


def _confirmed(f: Callable[[float], float], x: float, h: float, side: int, found: Estimate, noise: float) -> bool:
    """Whether the quotient with a smaller step does not contradict an estimate."""
    close = _quotient(f, x, h, side)[0]
    if side:                                # the error of a one-sided quotient grows with its step
        close = 2 * close - _quotient(f, x, 2 * h, side)[0]
    return not apart(found, Estimate(close, 4 * noise / h))


def one_sided(f: Callable[[float], float], x: float, noise: float = 0.0,
              scales: Iterable[float] = ()) -> tuple[Estimate, Estimate]:
    """The slopes of f at x from the left and from the right; if they differ, f has a kink."""
    return derivative(f, x, -1, noise, scales), derivative(f, x, 1, noise, scales)


def apart(left: Estimate, right: Estimate) -> bool:
    """Whether two slopes differ by more than their errors."""
    return abs(left.value - right.value) > left.bound + right.bound


def _open_side(f: Callable[[float], float], x: float, side: int) -> int | None:
    """`side`, or the only side on which f is defined, or None if f has no neighbouring value there."""
    if math.isfinite(_quotient(f, x, next(_steps(x)), side)[0]):
        return side
    sides = [way for way in (-1, 1) if math.isfinite(_at(f, math.nextafter(x, way * inf)))]
    if len(sides) == 1 and side in (0, *sides):
        return sides[0]
    return side if len(sides) == 2 else None


def _steps(x: float) -> Iterator[float]:
    """First steps, powers of two: of the size of x, of size 1 if x is far from 1, then smaller ones, then the least."""
    size, least = math.frexp(x)[1], _least(x)
    sizes = [size] if x and abs(size) < 5 else [size, 1] if x else [1]
    steps = [math.ldexp(1.0, size - shrink) for shrink in (4, 12, 20, 28) for size in sizes]
    yield from (step for step in steps if step >= least)
    if min(steps) < least:                  # x is so large that floats near it are far apart, or nearly 0
        yield 16 * least


def _retreat(f: Callable[[float], float], x: float, h: float, side: int) -> float:
    """The largest of h, h/2, h/4, ... at which f is defined."""
    while h >= math.ulp(x) and math.isnan(_quotient(f, x, h, side)[0]):
        h /= 2
    return h


def _least(x: float) -> float:
    """The smallest step: for smaller steps x + h and x + h/2 may round to the same number."""
    return 32 * math.ulp(x)


def _ridders(f: Callable[[float], float], x: float, here: float, h: float, side: int,
             noise: float) -> tuple[Estimate, bool]:
    """Neville's table: each row halves the step, each column removes one more power of it from the error.

    The estimate, and whether it has settled: its error is small beside it, or as large as rounding explains, and f
    bends less over smaller steps. (A pulse, as 1/(x*x + 1e-300) at 1e-200, looks flat from both sides.)
    """
    power = 1 if side else 2                # the error of a one-sided quotient is a series in h, of a central in h*h
    above: list[float] = []
    best, bends = UNKNOWN, list[float]()
    for _ in range(HALVINGS):
        if h < _least(x) or best.error <= noise / h:    # the rounding error alone is as large
            break
        quotient, size, both = _quotient(f, x, h, side)
        noise = max(noise, math.ulp(size)) if size == size else noise
        bends.append(0.0 if side else abs(both - 2 * here))
        row = [quotient]
        for k, coarse in enumerate(above, 1):
            row.append(row[-1] + (row[-1] - coarse) / (2 ** (power * k) - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - coarse)) + noise / h
            if error < best.error:
                best = Estimate(row[-1], error)
        above = row
        h /= 2
    straight = not bends or bends[-1] <= bends[0] / 2 + 8 * noise
    return best, straight and best.error <= SETTLED * abs(best.value) + 8 * noise / h


def _quotient(f: Callable[[float], float], x: float, h: float, side: int) -> tuple[float, float, float]:
    """The difference quotient with step h, and the size and the sum of f there; nan where f is not finite."""
    h = abs(x) + h - abs(x)                 # the step that x + h, rounded, really takes
    a, b = x - h * (side <= 0), x + h * (side >= 0)
    low, high = _at(f, a), _at(f, b)
    return divide(high - low, b - a), max(abs(low), abs(high)), low + high


def _at(f: Callable[[float], float], x: float) -> float:
    try:
        y = f(x)
    except UNDEFINED:
        return nan
    return y if math.isfinite(y) else nan
