"""A function that is known by its values only, at arguments of any kind.

    >>> from microgradx.checking.measured import Measured
    >>> f = Measured(lambda x: x * x, (3.0,))
    >>> f.outputs, [check.seen().value for check in f.checks([[6.0]])]
    ([9.0], [6.0])
"""
import math
from collections.abc import Callable, Sequence
from copy import copy
from functools import cache
from typing import Any

from ..ieee import short
from .arguments import Arguments, results
from .batched import Batched
from .differences import UNDEFINED
from .evaluation_point import scales
from .mismatch import Check, Gradient
from .noise import roundings


class Measured:
    """A function at arguments, and near them: known by its values.

    given     the arguments as one list of floats
    outputs   the numbers that f returns, and `titles`, their names
    rounding  the rounding error of each output, and with how many bits it is computed
    batched   a function that computes f at many points in one call, where there is one

    TypeError or ValueError if nothing can be checked.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], name: str = "f", batched: Any = None) -> None:
        if not callable(f):
            raise TypeError(f"expected a function and its arguments, got {short(f)}; write gradcheck(f, x, grad=df)")
        self.f, self.given, self.name = f, Arguments(args), name
        if not self.given.numbers:
            raise TypeError(f"expected floats to check f at, got {short(self.given.args)}; write gradcheck(f, 0.5, "
                            "grad=df), and for an array of ints x.astype(float)")
        for x, place in zip(self.given.numbers, self.given.names):
            if not math.isfinite(x):
                raise ValueError(f"expected finite inputs, {place} is {x}")
        self.scales = scales(self.given.numbers)
        self.result = f(*self.copies())
        self.places = results(self.result, name)
        self.titles = [title for place in self.places for title in ([place.name] if place.shape == () else [
            f"{place.name}[{i}]" for i in range(len(place.numbers))])]
        self.outputs = [y for place in self.places for y in place.numbers]
        if not self.outputs:
            raise TypeError(f"{name} returned no number; return one, or a list of them")
        for y, title in zip(self.outputs, self.titles):
            if not math.isfinite(y):
                raise ValueError(f"{title} is {y} here; check f where it is finite")
        again = self.values(self.copies())
        if again != self.outputs:
            raise ValueError(f"{name} answers {short(self.outputs)} and then {short(again)} at the same point; if it "
                             "draws random numbers, let it start from the same seed each time")
        self.batched = None if batched is None else Batched(batched, self)
        self.rounding = roundings(lambda s: self.at_numbers(self.given.stepped(s)))
        self.rounding = [r._replace(noise=max(r.noise, 2.0**-digits * abs(y))) for r, y, digits in zip(
            self.rounding, self.outputs, (place.digits for place in self.places for _ in place.numbers))]
        if self.batched:
            self.batched.compare()
        self.bits = [min(found.digits, *self.given.digits, *(place.digits for place in self.places))
                     for found in self.rounding]

    def at(self, args: tuple[Any, ...]) -> "Measured":
        """The same function at other arguments, with the same rounding."""
        near = copy(self)
        near.given = Arguments(args)
        return near

    def copies(self) -> tuple[Any, ...]:
        """The arguments, in arrays of f's own: f may write into them."""
        return self.given.with_numbers(self.given.numbers)

    def values(self, args: tuple[Any, ...]) -> list[float]:
        """The numbers that f returns."""
        return [y for place in results(self.f(*args), self.name) for y in place.numbers]

    def near(self, args: tuple[Any, ...]) -> list[float]:
        """The same; nan where f is not defined."""
        try:
            found = self.values(args)
        except UNDEFINED:
            return [math.nan] * len(self.outputs)
        if len(found) != len(self.outputs):
            raise ValueError(f"{self.name} returns {len(self.outputs)} numbers here and {len(found)} nearby")
        return found

    def at_numbers(self, point: Sequence[float]) -> list[float]:
        """The same for all numbers of the arguments."""
        return self.batched.at(point) if self.batched else self.near(self.given.with_numbers(point))

    def checks(self, rows: Sequence[Sequence[float]], source: str = "") -> list[Check]:
        """A check for each output and input; `rows` has the claimed gradient of each output."""
        gradients = []
        for k, (row, title, found, bits) in enumerate(zip(rows, self.titles, self.rounding, self.bits)):
            unit = 2.0**-bits                # how much worse than one rounding is f, and so perhaps its gradient?
            worse = min(max(found.noise / abs(self.outputs[k]) / unit, 1.0) if self.outputs[k] else 1.0, 2.0**10)
            blurs = [4 * unit * worse * abs(slope) if math.isfinite(slope) else 0.0 for slope in row]
            gradients.append(Gradient(title, row, found.noise, blurs, k, grain=unit))
        checks = []
        for i, (x, name) in enumerate(zip(self.given.numbers, self.given.names)):
            nearby = self.batched.along(i) if self.batched else cache(lambda t, i=i: self.near(self.given.moved(i, t)))
            for k, gradient in enumerate(gradients):
                def quantity(t: float, k: int = k, nearby: Callable[[float], list[float]] = nearby) -> float:
                    return nearby(t)[k]
                checks.append(Check(f"d {gradient.name} / d {name}{source}", gradient.slopes[i], quantity, x, i,
                                    gradient, self.scales, self.given.digits[i]))
        return checks
