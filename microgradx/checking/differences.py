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
GRAINS = 8              # how many roundings of inner numbers a value may hold
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
               scales: Iterable[float] = (), digits: int = 53, grain: float = 0.0) -> Estimate:
    """The derivative of f at x, with its error; at an edge of f's domain the one-sided derivative from inside.

    side    0: from both sides; 1: from the right only; -1: from the left only
    noise   the rounding error of f near x; at least one rounding of f itself is assumed
    scales  distances from x at which f may have detail, besides the size of x and 1
    digits  the bits of x that f sees: 24 if it takes a float of 32 bits
    grain   the rounding of numbers of size 1 inside f, if `noise` may have missed it: log(1 + x*x) + x/5 at 0.003 in
            single precision stands still, but for x/5, over steps at which noise is measured

    f counts as not defined where it is not finite or raises ValueError, an ArithmeticError or a LookupError.

    >>> from microgradx.checking.differences import derivative
    >>> derivative(lambda x: x**1.5 if x >= 0 else math.nan, 0.0).agrees(0.0)
    True
    """
    if not math.isfinite(x):
        return UNKNOWN
    near = _Near(f, x, side, noise, digits, grain)
    here, way = near.at(x), near.open_side()
    if way is None or not math.isfinite(here):
        return UNKNOWN
    near.side, near.noise = way, max(noise, math.ulp(here))
    best, best_step, doubt, reach, sure = UNKNOWN, inf, 0.0, inf, False
    for start in near.steps():
        if start >= reach:                  # this step leaves the domain
            continue
        exact = best.error <= EXACT * abs(best.value)
        if start < best_step:               # rounding grows as steps shrink
            enough = exact or best.error <= 2 * near.noise / best_step
        else:                               # a larger step may show what rounding hides over a smaller one
            enough = exact and GRAINS * grain <= EXACT * abs(best.value) * best_step
        if sure and enough:
            continue
        step = near.retreat(start)
        reach = step if step < start else reach
        found, settled = near.ridders(here, step)
        if not settled:
            continue
        # If two estimates contradict each other, the larger step is wrong: it misses detail, as for sin(1e6*x). Or f
        # stands still over the smaller one for rounding: where that can be, a slope between the two may be right.
        gap = abs(found.value - best.value) if apart(found, best) else 0.0
        still = gap * min(step, best_step) <= GRAINS * grain
        doubt = max(doubt, gap) if still else doubt
        if found.error < best.error if gap == 0 else (step > best_step) == still:
            best, best_step, doubt = found, step, doubt if still else 0.0
            gaps = near.gaps(found, step * CLOSER, scales)
            sure = all(gap * h <= GRAINS * grain for h, gap in gaps.items())
            doubt = max(doubt, *gaps.values())
    if sure:
        return best._replace(error=best.error + max(doubt / 10, 0.0 if best.value else grain / best_step))
    return Estimate(near.quotient(near.retreat(next(near.steps())))[0], inf)


def one_sided(f: Callable[[float], float], x: float) -> tuple[Estimate, Estimate]:
    """The slopes of f at x from the left and from the right; if they differ, f has a kink."""
    return derivative(f, x, -1), derivative(f, x, 1)


def apart(left: Estimate, right: Estimate) -> bool:
    """Whether two slopes differ by more than their errors."""
    return abs(left.value - right.value) > left.bound + right.bound


class _Near:
    """A function near x, on one side or both: its values, its quotients, and the steps for them."""

    def __init__(self, f: Callable[[float], float], x: float, side: int, noise: float, digits: int,
                 grain: float) -> None:
        self.f, self.x, self.side, self.noise, self.digits, self.grain = f, x, side, noise, digits, grain
        self.least, self.ulp = least_step(x, digits), ulp(x, digits)

    def at(self, x: float) -> float:
        """f; nan where it is not defined or not finite."""
        try:
            y = self.f(x)
        except UNDEFINED:
            return nan
        return y if math.isfinite(y) else nan

    def quotient(self, h: float) -> tuple[float, float, float]:
        """The difference quotient with step h, and the size and the mean of f there; nan where f is not finite."""
        a, b = ends(self.x, h, self.digits)
        a, b = self.x if self.side > 0 else a, self.x if self.side < 0 else b
        low, high = self.at(a), self.at(b)
        return divide(high - low, b - a), max(abs(low), abs(high)), low / 2 + high / 2

    def steps(self) -> Iterator[float]:
        """First steps, powers of two: of the size of x, of size 1 if x is far from 1, then smaller ones, the least."""
        x, size = self.x, math.frexp(self.x)[1]
        sizes = [size] if x and abs(size) < 5 else [size, 1] if x else [1]
        steps = [math.ldexp(1.0, size - shrink) for shrink in (4, 12, 20, 28) for size in sizes]
        yield from (step for step in steps if step >= self.least)
        if min(steps) < self.least:         # x is so large that floats near it are far apart, or nearly 0
            yield 16 * self.least

    def open_side(self) -> int | None:
        """The side asked for, or the only one on which f is defined, or None if f has no neighbouring value there."""
        if math.isfinite(self.quotient(next(self.steps()))[0]):
            return self.side
        far = ends(self.x, self.ulp, self.digits)
        sides = [way for way, x in zip((-1, 1), far) if math.isfinite(self.at(x))]
        if len(sides) == 1 and self.side in (0, *sides):
            return sides[0]
        return self.side if len(sides) == 2 else None

    def retreat(self, h: float) -> float:
        """The largest of h, h/2, h/4, ... at which f is defined."""
        while h >= self.ulp and math.isnan(self.quotient(h)[0]):
            h /= 2
        return h

    def gaps(self, found: Estimate, most: float, scales: Iterable[float]) -> dict[float, float]:
        """For smaller steps how far their quotients are from an estimate that they contradict; 0 if they do not."""
        return {h: self.gap(found, h) for h in [max(h, self.least) for h in (most, *scales) if h <= most]}

    def gap(self, found: Estimate, h: float) -> float:
        """The same for one step."""
        close = self.quotient(h)[0]
        if self.side:                       # the error of a one-sided quotient grows with its step
            close = 2 * close - self.quotient(2 * h)[0]
        return abs(close - found.value) if apart(found, Estimate(close, 4 * self.noise / h)) else 0.0

    def ridders(self, here: float, h: float) -> tuple[Estimate, bool]:
        """Neville's table: each row halves the step, each column removes one more power of it from the error.

        The estimate, and whether it has settled: its error is small beside it, or as large as rounding explains, and f
        bends less over smaller steps. (A pulse, as 1/(x*x + 1e-300) at 1e-200, looks flat from both sides.)
        """
        power = 1 if self.side else 2       # the error of a one-sided quotient is a series in h, of a central in h*h
        above: list[float] = []
        best, least, bends, noise = UNKNOWN, inf, list[float](), self.noise
        for _ in range(HALVINGS):
            if h < self.least or best.error <= noise / h:       # the rounding error alone is as large
                break
            quotient, size, mean = self.quotient(h)
            noise = max(noise, math.ulp(size)) if size == size else noise
            bends.append(0.0 if self.side else abs(mean - here))
            row = [quotient]
            for k, coarse in enumerate(above, 1):
                row.append(row[-1] + (row[-1] - coarse) / (2 ** (power * k) - 1))
                error = max(abs(row[-1] - row[-2]), abs(row[-1] - coarse)) + noise / h
                if error + self.grain / h < least:
                    best, least = Estimate(row[-1], error), error + self.grain / h
            above = row
            h /= 2
        straight = not bends or bends[-1] <= bends[0] / 2 + 4 * max(noise, self.grain)
        return best, straight and best.error <= SETTLED * abs(best.value) + 8 * max(noise, self.grain) / h


def ends(x: float, h: float, digits: int) -> tuple[float, float]:
    """The two floats near x - h and x + h that are as far from x as a step rounded to x + h."""
    h = abs(x) + h - abs(x)
    return (x - h, x + h) if digits == 53 else (rounded(x - h, digits), rounded(x + h, digits))


def ulp(x: float, digits: int) -> float:
    """The distance of floats near x."""
    return math.ldexp(math.ulp(x), 53 - digits)


def first_step(x: float) -> float:
    """The step with which the search starts."""
    return math.ldexp(1.0, (math.frexp(x)[1] if x else 1) - 4)


def least_step(x: float, digits: int) -> float:
    """The least step: for smaller ones x + h and x + h/2 may round to the same number."""
    return 32 * ulp(x, digits)


def rounded(x: float, digits: int) -> float:
    """x as a float with fewer bits.

    >>> from microgradx.checking.differences import rounded
    >>> rounded(0.1, 24)
    0.10000000149011612
    """
    part, size = math.frexp(x)
    return x if digits == 53 or not math.isfinite(x) else math.ldexp(round(math.ldexp(part, digits)), size - digits)
