"""Many points in one call, of a function that takes arrays with one more axis in front: a row for each point.

    >>> import numpy as np
    >>> from microgradx import gradcheck
    >>> gradcheck(lambda x: np.sum(x**3, -1), np.ones(4), grad=lambda x: 3 * x**2, batched=True)
    True

That a row is computed by itself is not believed but compared with f, at as many points as there are rows.
"""
import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..arrays import numpy
from ..ieee import short
from .arguments import is_array, library, replaced, results
from .differences import CLOSER, HALVINGS, UNDEFINED, ends, first_step, least_step

if TYPE_CHECKING:
    from .measured import Measured

ROWS = 2 * HALVINGS + 3                     # for one input: f, a table of differences, a closer look
CELLS = 2**20                               # the largest table of numbers that f gets or returns in one call


class Batched:
    """The function `samples` known by its values at many points in one call of f. TypeError, ValueError if f does not
    return a row for each point.

    A compiler sees two shapes: `each` points for one input, and `count` times as many for the inputs that come next.
    """

    def __init__(self, f: Callable[..., Any], samples: "Measured") -> None:
        if not callable(f):
            raise TypeError(f"batched is {short(f)}; write a function of the same arguments with one more axis in "
                            "front, or True if f is one")
        self.f, self.samples, self.numpy = f, samples, numpy()
        self.here = self.numpy.array(samples.given.numbers)
        self.each = ROWS + 2 * len(samples.scales)
        wide = max(len(self.here), len(samples.outputs))
        self.count = min(len(self.here), max(1, CELLS // (self.each * wide)))
        self.ahead: dict[int, dict[float, list[float]]] = {}
        self.kinds = {library(x) for x in samples.given.args if is_array(x)}

    def rows(self, table: Any) -> list[list[float]]:
        """What f returns for each row of numbers in a table."""
        found, count = results(self.f(*self.stacked(table)), "batched"), len(table)
        for place in found:
            if place.shape[:1] != (count,):
                raise ValueError(f"batched returned {place.shape or 'one number'} for {count} points; return a number "
                                 f"for each of them: a first axis of {count}, as in np.sum(x, -1)")
        columns = [self.numpy.reshape(place.numbers, (count, -1)) for place in found]
        return self.numpy.concatenate(columns, 1).tolist()  # type: ignore[no-any-return]

    def near(self, table: Any) -> list[list[float]]:
        """The same, for one input after the other if a point is outside the domain, and there by f without batched."""
        try:
            return self.rows(table)
        except UNDEFINED:
            if len(table) > self.each:
                return [row for part in self.numpy.split(table, self.count) for row in self.near(part)]
            return [self.samples.near(self.samples.given.with_numbers(point)) for point in table.tolist()]

    def at(self, point: Sequence[float]) -> list[float]:
        """What f returns at one point."""
        return self.near(self.numpy.tile(point, (self.each, 1)))[0]

    def stacked(self, table: Any) -> tuple[Any, ...]:
        """The arguments with one more axis: their numbers from a row of the table each."""
        args, given, start = self.samples.given.args, self.samples.given, 0
        for place in given.places:
            part = table[:, start:start + len(place.numbers)].reshape(len(table), *place.shape)
            args = replaced(args, place.path, lambda x, part=part, name=place.name: self.like(x, part, name))
            start += len(place.numbers)
        return args

    def like(self, x: Any, part: Any, name: str) -> Any:
        """An array of the kind of x; a number beside tensors becomes one of them."""
        kind = library(x) if is_array(x) else next(iter(self.kinds), "numpy")
        if kind == "jax":
            return sys.modules["jax"].numpy.asarray(part, dtype=getattr(x, "dtype", None))
        if kind == "torch":
            torch = sys.modules["torch"]
            return torch.from_numpy(part.copy()).to(getattr(x, "dtype", torch.float64))
        if kind != "numpy":
            raise TypeError(f"batched takes NumPy arrays, tensors and numbers; {name} is of {kind}")
        return part.astype(getattr(x, "dtype", float))

    def compare(self) -> None:
        """ValueError unless each row is f at its point."""
        given = self.samples.given
        points = [given.stepped(k / 64) for k in range(self.each)]
        for k, (point, row) in enumerate(zip(points, self.rows(self.numpy.array(points)))):
            right = self.samples.near(given.with_numbers(point))
            for y, z, found in zip(row, right, self.samples.rounding):
                if abs(y - z) > 1e-6 * abs(z) + 100 * found.noise or len(row) != len(right):
                    raise ValueError(f"batched returned {short(row)} for point {k} of {self.each}, where f "
                                     f"is {short(right)}; each row must be computed by itself")

    def along(self, i: int) -> Callable[[float], list[float]]:
        """What f returns where number i is another. Asked for one point, it computes those that come next as well."""
        x, seen = self.samples.given.numbers[i], dict[float, list[float]]()

        def nearby(t: float) -> list[float]:
            if t not in seen:
                seen.update(self.first(i) if t == x else self.tables([(i, self.points(i, t))])[0])
            return seen[t]
        return nearby

    def first(self, i: int) -> dict[float, list[float]]:
        """What comes first for input i; with it that for the inputs after it is computed."""
        if i not in self.ahead:
            xs = self.samples.given.numbers
            those = range(i, min(i + self.count, len(xs)))
            self.ahead = dict(zip(those, self.tables([(k, self.points(k, xs[k])) for k in those])))
        return self.ahead.pop(i)

    def points(self, i: int, t: float) -> list[float]:
        """t, and the points that are looked at after it when input i is varied: all steps are powers of two."""
        x, digits = self.samples.given.numbers[i], self.samples.given.digits[i]
        h = first_step(x) if t == x else 2.0**round(math.log2(abs(t - x)))
        closer = [max(step, least_step(x, digits)) for step in (h * CLOSER, *self.samples.scales) if step <= h * CLOSER]
        steps = [*(h / 2**k for k in range(HALVINGS)), *closer]
        return [t, *{s: None for step in steps for s in ends(x, step, digits) if s != t}][:self.each]

    def tables(self, which: Sequence[tuple[int, Sequence[float]]]) -> list[dict[float, list[float]]]:
        """What f returns where one input is varied alone, for each of these inputs at its points, in one call."""
        table = self.numpy.tile(self.here, (self.each * (1 if len(which) == 1 else self.count), 1))
        starts = range(0, len(table), self.each)
        for start, (i, ts) in zip(starts, which):
            table[start:start + len(ts), i] = ts
        found = self.near(table)
        return [dict(zip(ts, found[start:start + self.each])) for start, (_, ts) in zip(starts, which)]
