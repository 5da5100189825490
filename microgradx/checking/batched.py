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

ROWS = 2 * HALVINGS + 3                     # of each call, so that a compiler sees one shape: f, a table, a closer look


class Batched:
    """The function `samples` known by its values at ROWS points in one call of f. TypeError, ValueError if f does not
    return a row for each point."""

    def __init__(self, f: Callable[..., Any], samples: "Measured") -> None:
        if not callable(f):
            raise TypeError(f"batched is {short(f)}; write a function of the same arguments with one more axis in "
                            "front, or True if f is one")
        self.f, self.samples, self.numpy = f, samples, numpy()
        self.here = self.numpy.array(samples.given.numbers)
        self.kinds = {library(x) for x in samples.given.args if is_array(x)}

    def rows(self, table: Any) -> list[list[float]]:
        """What f returns for each row of numbers in a table of ROWS."""
        found = results(self.f(*self.stacked(table)), "batched")
        for place in found:
            if place.shape[:1] != (ROWS,):
                raise ValueError(f"batched returned {place.shape or 'one number'} for {ROWS} points; return a number "
                                 f"for each of them: a first axis of {ROWS}, as in np.sum(x, -1)")
        columns = [self.numpy.reshape(place.numbers, (ROWS, -1)) for place in found]
        return self.numpy.concatenate(columns, 1).tolist()  # type: ignore[no-any-return]

    def near(self, table: Any) -> list[list[float]]:
        """The same, one by one by f without batched if a point is outside its domain."""
        try:
            return self.rows(table)
        except UNDEFINED:
            return [self.samples.near(self.samples.given.with_numbers(point)) for point in table.tolist()]

    def at(self, point: Sequence[float]) -> list[float]:
        """What f returns at one point."""
        return self.near(self.numpy.tile(point, (ROWS, 1)))[0]

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
        if kind in ("jax", "jaxlib"):
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
        points = [given.stepped(k / 64) for k in range(ROWS)]
        for k, (point, row) in enumerate(zip(points, self.rows(self.numpy.array(points)))):
            right = self.samples.near(given.with_numbers(point))
            for y, z, found in zip(row, right, self.samples.rounding):
                if abs(y - z) > 1e-6 * abs(z) + 100 * found.noise or len(row) != len(right):
                    raise ValueError(f"batched returned {short(row)} for point {k} of {ROWS}, where f is "
                                     f"{short(right)}; each row must be computed by itself")

    def along(self, i: int) -> Callable[[float], list[float]]:
        """What f returns where number i is another. Asked for one point, it computes those that come next as well."""
        x, digits = self.samples.given.numbers[i], self.samples.given.digits[i]
        seen: dict[float, list[float]] = {}

        def nearby(t: float) -> list[float]:
            if t not in seen:
                h = first_step(x) if t == x else 2.0**round(math.log2(abs(t - x)))         # all steps are powers of two
                steps = [*(h / 2**k for k in range(HALVINGS)), max(h * CLOSER, least_step(x, digits))]
                ts = [t, *{s: None for h in steps for s in ends(x, h, digits) if s != t}][:ROWS]
                table = self.numpy.tile(self.here, (ROWS, 1))
                table[:len(ts), i] = ts
                seen.update(zip(ts, self.near(table)))
            return seen[t]
        return nearby
