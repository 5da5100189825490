"""A line search: how far to go in a direction, so that the loss falls enough and its slope becomes flat.

    >>> from microgradx.training.line_search import strong_wolfe
    >>> def loss(t):                                            # (t - 3)**2: its value and its gradient
    ...     return (t - 3.0) ** 2, [2 * (t - 3.0)]
    >>> found = strong_wolfe(loss, 1.0, [1.0], 9.0, [-6.0], c2=0.1)
    >>> found.step, found.loss
    (3.0, 0.0)

Sources: Nocedal & Wright, Numerical Optimization, algorithms 3.5 and 3.6; the numbers are those of torch's LBFGS.
"""
import math
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, mul
from typing import NamedTuple

from ..ieee import divide

Evaluate = Callable[[float], tuple[float, list[float]]]         # a step: the loss and the gradient there


class Point(NamedTuple):
    """A place on the line: the step to it, loss, gradient, and the slope of the loss along the line."""

    step: float
    loss: float
    gradient: list[float]
    slope: float


class Found(NamedTuple):
    """Where the search ended, and how often it evaluated."""

    step: float
    loss: float
    gradient: list[float]
    evaluations: int


def dot(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The sum of products, one rounding each from left to right: Python's own sum differs between versions."""
    return reduce(add, map(mul, xs, ys), 0.0)


def cubic(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """The step to the minimum of the cubic with these two values and slopes, within bounds; the middle if it has none.

    >>> cubic(Point(0.0, 4.0, [], -4.0), Point(3.0, 1.0, [], 2.0))       # (t - 2)**2
    2.0
    """
    low, high = bounds or (min(a.step, b.step), max(a.step, b.step))
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    left, right = (a, b) if a.step <= b.step else (b, a)
    share: float = divide(right.slope + d2 - d1, right.slope - left.slope + 2 * d2)
    place: float = right.step - (right.step - left.step) * share
    return min(max(place, low), high) if place == place else (low + high) / 2


def strong_wolfe(evaluate: Evaluate, step: float, direction: Sequence[float], loss: float, gradient: list[float],
                 c1: float = 1e-4, c2: float = 0.9, tolerance_change: float = 1e-9, most: int = 25) -> Found:
    """A step where loss <= start + c1*step*slope and |slope there| <= c2*|slope at the start|, or the best of `most`.

    evaluate(step) -> (loss, gradient) at that step in the direction; loss and gradient are those of the start.
    """
    search = _Search(evaluate, direction, Point(0.0, loss, gradient, dot(gradient, direction)), c1, c2, most)
    best = search.closed_in(search.bracket(step), tolerance_change)
    return Found(best.step, best.loss, best.gradient, search.count)


class _Search:
    """The two phases of a search, and what they share."""

    def __init__(self, evaluate: Evaluate, direction: Sequence[float], start: Point, c1: float, c2: float,
                 most: int) -> None:
        self.evaluate, self.direction, self.start, self.c1, self.c2, self.most = (
            evaluate, direction, start, c1, c2, most)
        self.count = 0

    def at(self, step: float) -> Point:
        """The point at this step."""
        loss, gradient = self.evaluate(step)
        self.count += 1
        return Point(step, loss, gradient, dot(gradient, self.direction))

    def falls(self, new: Point) -> bool:
        """Whether the loss fell enough."""
        return new.loss <= self.start.loss + self.c1 * new.step * self.start.slope

    def is_flat(self, new: Point) -> bool:
        """Whether the slope is flat enough."""
        return abs(new.slope) <= -self.c2 * self.start.slope

    def bracket(self, step: float) -> list[Point]:
        """Go on until a minimum lies between two points; one point that is good enough."""
        before, new = self.start, self.at(step)
        while self.count <= self.most:
            if not self.falls(new) or (self.count > 2 and new.loss >= before.loss):
                return [before, new]
            if self.is_flat(new):
                return [new]
            if new.slope >= 0:
                return [before, new]
            ahead = cubic(before, new, (new.step + 0.01 * (new.step - before.step), new.step * 10))
            before, new = new, self.at(ahead)
        return [self.start, new]

    def closed_in(self, bracket: list[Point], tolerance: float) -> Point:
        """The best point, after the bracket has been made smaller until one is good enough."""
        low, high = (0, -1) if bracket[0].loss <= bracket[-1].loss else (-1, 0)
        stuck = False
        while len(bracket) == 2 and self.count <= self.most:
            first, last = sorted(point.step for point in bracket)
            if all([(last - first) * abs(d) < tolerance for d in self.direction]):
                break
            place, stuck = _inside(cubic(bracket[0], bracket[1]), first, last, stuck)
            new = self.at(place)
            if not self.falls(new) or new.loss >= bracket[low].loss:
                bracket[high] = new
                low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
            elif self.is_flat(new):
                return new
            else:
                if new.slope * (bracket[high].step - bracket[low].step) >= 0:
                    bracket[high] = bracket[low]
                bracket[low] = new
        return bracket[low]


def _inside(place: float, first: float, last: float, stuck: bool) -> tuple[float, bool]:
    """The place; a tenth inside, if it is beyond an end, or was near one twice. And whether it is near one now."""
    margin = 0.1 * (last - first)
    if min(last - place, place - first) >= margin:
        return place, False
    if not stuck and first < place < last:
        return place, True
    return (last - margin if abs(place - last) < abs(place - first) else first + margin), False
