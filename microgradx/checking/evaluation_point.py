"""A function at the inputs where its derivatives are checked, and all its checks.

    >>> from microgradx.checking.evaluation_point import EvaluationPoint
    >>> for check in EvaluationPoint(lambda x: x**3, [2.0]).checks():
    ...     print(check.what, check.slope, check.mismatch())
    d f / d args[0] 12.0 None
    d f / d args[0] in forward mode 12.0 None
    d (d f / d args[0]) / d args[0] 12.0 None
"""
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from ..calls import call, fresh
from ..derivatives import gradients, jvp
from ..engine import Value, tape
from ..ieee import short
from ..nesting import PLAIN, leaves, paths
from .differences import UNDEFINED, apart, one_sided
from .mismatch import Check, Gradient, Mismatch, roundings


class EvaluationPoint:
    """A function f and its arguments.

    inputs    a Value for each number in the arguments; set to other numbers to compute f nearby
    names     the names of the inputs in messages
    outputs   the results of f; `titles` are their names in messages

    TypeError or ValueError if nothing can be checked.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any]) -> None:
        if not callable(f):
            raise TypeError(f"expected a function and its arguments, got {short(f)}; write gradcheck(f, x)")
        self.f = partial(_with_fixed, f, list(args))
        self.inputs: list[Value] = []
        self.args = [fresh(a, self.inputs, False) for a in args if not isinstance(a, PLAIN)]
        self.names = paths(list(args), "args")
        self.seen: dict[tuple[int, float], list[list[float]]] = {}
        if not self.inputs:
            raise TypeError("expected numbers to check f at; write gradcheck(f, 0.5) or gradcheck(f, [0.5, 2.0])")
        for x, name in zip(self.inputs, self.names):
            if not math.isfinite(x.data):
                raise ValueError(f"expected finite inputs, {name} is {x.data}")
        self.scales = scales([x.data for x in self.inputs])
        self.titles, self.outputs, self.xs = self.call()
        if not self.outputs:
            raise TypeError("f returned no Value; expected one or a nested list of them")
        for y, title in zip(self.outputs, self.titles):
            _refuse(y, title)

    def call(self) -> tuple[list[str], list[Any], list[Value]]:
        """f at its inputs: the titles of its outputs, the outputs, and the Values passed to it."""
        y, xs, _ = call(self.f, self.args, range(len(self.args)))
        return paths(y, "f"), leaves(y), xs

    def mismatch(self) -> Mismatch | None:
        """The first check that differences contradict, or None."""
        return next(filter(None, (check.mismatch() for check in self.checks())), None)

    def checks(self) -> Iterator[Check]:
        """Every derivative by the first input, of each output and of each first derivative; then by the next input."""
        everything = list(self.every_gradient())
        for i, x in enumerate(self.inputs):
            self.seen.clear()                   # all checks by one input share the values of f nearby
            for of in everything:
                what = f"d {of.name} / d {self.names[i]}{of.mode}"
                yield Check(what, of.slopes[i], self.along(i, of), x.data, i, of, self.scales)

    def every_gradient(self) -> Iterator[Gradient]:
        """For each output its gradient, the same in forward mode, and the gradients of its first derivatives."""
        tangents = [self.tangents(i) for i in range(len(self.inputs))]
        for k, (y, name) in enumerate(zip(self.outputs, self.titles)):
            rounding = roundings(y, self.xs)
            yield Gradient(name, gradients(y, self.xs), *rounding, k)
            yield Gradient(name, [column[k] for column in tangents], *rounding, k, mode=" in forward mode")
            for j, dy in enumerate(gradients(y, self.xs, create_graph=True)):
                title = f"(d {name} / d {self.names[j]})"
                yield Gradient(title, gradients(dy, self.xs), *roundings(dy, self.xs), k, 1 + j)

    def tangents(self, i: int) -> list[float]:
        """The derivative of each output by input i in forward mode. ValueError if f's values change."""
        direction = [float(k == i) for k in range(len(self.inputs))]
        ys, tangents = map(leaves, jvp(self.f, self.args, direction))
        before = [y.data for y in self.outputs]
        if ys != before:
            raise ValueError(f"f answers {short(before)} and then {short(ys)} at the same point; if it draws random "
                             "numbers, let it start from the same seed each time")
        return tangents

    def along(self, i: int, of: Gradient) -> Callable[[float], float]:
        """A quantity as a function of input i alone. LookupError where f is not defined."""
        def quantity(t: float) -> float:
            if (i, t) not in self.seen:
                self.seen[i, t] = self.near(i, t)
            return self.seen[i, t][of.output][of.part]
        return quantity

    def near(self, i: int, t: float) -> list[list[float]]:
        """Each output and its first derivatives where input i is t; nothing where f is not defined or not finite."""
        v = self.inputs[i]
        before, v.data = v.data, t
        try:
            _, outputs, xs = self.call()
            return [[y.data, *gradients(y, xs)] if math.isfinite(y.data) else [] for y in outputs]
        except UNDEFINED:
            return []
        finally:
            v.data = before


def scales(xs: Sequence[float]) -> list[float]:
    """Distances at which a function of `xs` may have detail: the sizes of those that are far from 1, roughly.

    >>> from microgradx.checking.evaluation_point import scales
    >>> scales([3.0, -0.25, 1e-73]) == [2.0**-244]
    True
    """
    sizes = {round(math.frexp(x)[1] / 16) for x in xs if x}
    return [math.ldexp(1.0, 16 * size - 4) for size in sorted(sizes - {0}) if size > -67]


def kinked(root: Value) -> Value | None:
    """A node on a kink of its row, where the slope is a convention; None if there is none."""
    def moved(v: Value, i: int) -> Callable[[float], float]:
        xs = [a.data if isinstance(a, Value) else a for a in v.args]
        return lambda t: v.op.at(*xs[:i], t, *xs[i + 1:]) if v.op else t

    for v in tape(root):
        for i, a in enumerate(v.args if v.op and v.op.kinks else ()):
            if isinstance(a, Value) and apart(*one_sided(moved(v, i), a.data)):
                return v
    return None


def _with_fixed(f: Callable[..., Any], args: list[Any], *given: Any) -> Any:
    """f at `given`, with those of `args` that hold no number, such as a str, in their places."""
    rest = iter(given)
    return f(*[a if isinstance(a, PLAIN) else next(rest) for a in args])


def _refuse(y: Any, title: str) -> None:
    """TypeError or ValueError if the derivatives of an output cannot be checked."""
    if not isinstance(y, Value):
        raise TypeError(f"{title} is {short(y)}, not a Value; compute it with Values and microgradx's functions, "
                        "without .data, float() and math")
    if not math.isfinite(y.data):
        raise ValueError(f"{title} is {y.data} here; check f where it is finite (first_nonfinite(y) finds the node)")
