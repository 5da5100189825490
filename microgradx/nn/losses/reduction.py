"""What all losses share: one number from many, checks of targets, and weights that are spread over a batch.

    >>> from microgradx.nn.losses.reduction import pairwise, reduced
    >>> reduced([1.0, 3.0], "mean", [0, 0]), reduced([1.0, 3.0], "none", [[0], [0]])
    (2.0, [[1.0], [3.0]])
    >>> pairwise("gap", lambda x, t: x - t, [5.0, 7.0], [1.0, 2.0], "sum")
    9.0
"""
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, overload

from ...engine import Value, tracer
from ...ieee import short
from ...ops import abs, div, weighted
from ...reductions import sum
from ..shapes import Nested, expect, flat, like

Reduction = Literal["mean", "sum", "none"]
P = ParamSpec("P")
N = TypeVar("N", float, Value)
Lists = Sequence[N] | Sequence[Sequence[N]] | Sequence[Sequence[Sequence[N]]]


class Loss(Protocol[P]):
    """A loss as type checkers see it: without options one number, of Values a Value."""

    @overload
    def __call__(self, input: Lists[N], target: float | Lists[float], /) -> N: ...
    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> Any: ...


def typed(loss: Callable[P, Any]) -> Loss[P]:
    """The loss itself, as a Loss."""
    return loss  # type: ignore[return-value]


def pairwise(name: str, loss: Callable[[Any, Any], Any], input: Nested, target: Nested, reduction: str,
             weight: Nested = None) -> Any:
    """The loss of every number and its target, times its weight."""
    sizes = expect(name, input, (), ("*",))
    expect(f"{name} target", target, sizes)
    losses = [loss(x, t) for x, t in zip(flat(input), flat(target))]
    if weight is not None:
        losses = list(map(weighted, spread(f"{name} weight", weight, sizes), losses))
    return reduced(losses, reduction, input)


def reduced(losses: list[Any], reduction: str, nesting: Nested, count: Any = None) -> Any:
    """The losses as one number, or as a nested list. ValueError for an unknown reduction.

    count is what the mean divides by, their number if it is None; a mean of nothing is nan.
    """
    if reduction == "none":
        return like(nesting, losses)
    if reduction not in ("mean", "sum"):
        raise ValueError(f"expected reduction 'mean', 'sum' or 'none', got {reduction!r}")
    if reduction == "sum":
        return sum(losses)
    return div(sum(losses), len(losses) if count is None else count)


def spread(name: str, x: Nested, sizes: tuple[int, ...]) -> list[Any]:
    """The numbers of x, repeated to these sizes as arrays are: along leading dimensions, and along those of size 1.

    >>> spread("weight", [1.0, 2.0], (2, 2)), spread("weight", [[1.0], [2.0]], (2, 2)), spread("weight", 3.0, (2,))
    ([1.0, 2.0, 1.0, 2.0], [1.0, 1.0, 2.0, 2.0], [3.0, 3.0])
    """
    found = expect(name, x, (), ("*",))
    if len(found) > len(sizes) or any(n not in (1, size) for n, size in zip(found[::-1], sizes[::-1])):
        raise ValueError(f"{name}: expected a shape that can be spread over {sizes}, got {found}")
    return flat(_spread(x, found, sizes))


def _spread(x: Nested, found: tuple[int, ...], sizes: tuple[int, ...]) -> Nested:
    if not sizes:
        return x
    if len(found) < len(sizes):
        return [_spread(x, found, sizes[1:])] * sizes[0]
    rows = x if found[0] == sizes[0] else list(x) * sizes[0]
    return [_spread(row, found[1:], sizes[1:]) for row in rows]


# Targets -------------------------------------------------------------------------------------------------------

def check(name: str, target: Nested, holds: Callable[[Any], Any], wanted: str) -> None:
    """ValueError for a target for which `holds` is 0. A compiled program checks its inputs each time that it runs."""
    trace = tracer()
    for t in flat(target):
        if trace is not None and isinstance(t, Value):
            trace.require(t, holds(t), f"{name}: expected targets {wanted}")
        elif not holds(now(t)):
            raise ValueError(f"{name}: expected targets {wanted}, got {short(now(t))}")


def now(x: Any) -> Any:
    """The number of a Value, so that a choice by it is not recorded. A compiled program makes the choice as it runs."""
    return x.data if isinstance(x, Value) and tracer() is None else x


def check_shares(name: str, target: Nested) -> None:
    """ValueError for a target outside 0 to 1."""
    check(name, target, lambda t: (t >= 0) * (t <= 1), "from 0 to 1")


def check_class(name: str, t: Any, classes: int) -> None:
    """IndexError for a plain number that is not a class. A Value is checked by the rows that take an index."""
    if not isinstance(t, Value) and t not in range(classes):
        raise IndexError(f"{name}: expected a class from 0 to {classes - 1}, got target {short(t)}")


def check_signs(name: str, target: Nested) -> None:
    """ValueError for a target other than -1 and 1."""
    check(name, target, lambda t: (abs(t) >= 1) * (abs(t) <= 1), "-1 or 1")
