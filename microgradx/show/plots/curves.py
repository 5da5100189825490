"""Functions plotted with their derivatives: any row of the table, any function written with rows.

    >>> from microgradx import relu
    >>> from microgradx.plots import curve, kinks, save
    >>> kinks(lambda x: relu(x - 1) + relu(x + 2), -4.0, 4.0)
    [-2.0, 1.0]
    >>> axes = curve(relu)                              # a notebook shows it; a program writes it to a file:
    >>> save(axes, "relu.svg")                          # doctest: +SKIP

Needs the extra `plot`.
"""
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...activations import leaky_relu, relu, sigmoid
from ...derivatives import value_and_grad
from ...engine import Value, tape
from ...nesting import leaves
from ...ops import tanh
from ...recording import recording
from ..colours import ALARM, FAINT
from .canvas import LIGHT, MIDDLING, STRONG, canvas, named, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Function = Callable[[Any], Any]
SAMPLES, GRID = 400, 400                    # points drawn; intervals searched for kinks
LEAKS = 1 / 8, 1 / 3                        # RReLU draws its slope on the left between these (Xu et al. 2015; torch)


def curve(f: Function, low: float = -4.0, high: float = 4.0, *, title: str = "", ax: "Axes | None" = None) -> "Axes":
    """f and its derivative from low to high; dots at kinks show the value and the slope used there.

    ValueError unless low < high. f takes one number and is written with microgradx's functions.

    >>> from microgradx import sin
    >>> curve(sin).get_title()
    'sin'
    """
    if not low < high:
        raise ValueError(f"a curve goes from low to high, got low={low}, high={high}")
    ax = ax or canvas()[0]
    special = kinks(f, low, high)
    xs: list[float] = []
    for start, end in zip([low, *special], [*special, high], strict=True):
        count, gap = max(2, round(SAMPLES * (end - start) / (high - low))), (end - start) / 1e6
        xs += [start + gap + (end - start - 2 * gap) * k / (count - 1) for k in range(count)]
        xs.append(math.nan)                 # a gap in the line between the two sides of a jump
    ys, slopes = zip(*map(value_and_grad(f), xs), strict=True)
    ax.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    ax.plot(xs, ys, color=STRONG, linewidth=2, label="f(x)")
    ax.plot(xs, slopes, color=MIDDLING, linewidth=1.6, label="f'(x)", **style(1, len(xs)))
    for x in special:
        y, slope = value_and_grad(f)(x)
        ax.axvline(x, color=FAINT, linewidth=0.8, linestyle=":", zorder=0)
        ax.plot([x], [y], "o", color=STRONG, markersize=5)
        ax.plot([x], [slope], "o", color=MIDDLING, markersize=5, markerfacecolor="white")
        ax.annotate("kink" if math.isfinite(y) else "pole", (x, 1), xycoords=("data", "axes fraction"), fontsize=8,
                    color=ALARM, ha="center", va="bottom")
        if not math.isfinite(y):
            ax.set_ylim(low, high)
    ax.set_title(title or getattr(f, "name", ""), fontsize=10, pad=12)
    ax.legend(frameon=False, fontsize=8)
    named(ax, "x", "f(x), f'(x)")
    return ax


def activations() -> "list[Axes]":
    """The activations of every textbook with their derivatives: sigmoid, tanh, ReLU and its leaky variants. Six axes.

    >>> [axes.get_title() for axes in activations()][:3]
    ['sigmoid', 'tanh', 'ReLU']
    """
    a, b = LEAKS
    shown: list[tuple[str, Function]] = [
        ("sigmoid", sigmoid), ("tanh", tanh), ("ReLU", relu), ("leaky ReLU: slope 0.01", leaky_relu),
        ("PReLU: slope learned, here 0.25", lambda x: leaky_relu(x, 0.25)),
        ("RReLU: slope drawn from 1/8 to 1/3, mean in use", lambda x: leaky_relu(x, (a + b) / 2))]
    axes = canvas("abc;def")
    for ax, (title, f) in zip(axes, shown, strict=True):
        curve(f, title=title, ax=ax)
    for low, high in (([-4 * a, 0.0], [-4 * b, 0.0]), ([a, a], [b, b])):        # the range of RReLU and of its slope
        axes[-1].fill_between([-4.0, 0.0], low, high, color=LIGHT, alpha=0.6, linewidth=0)
    return axes


def kinks(f: Function, low: float, high: float) -> list[float]:
    """The places between low and high where f has a kink, jump or pole: a kink quantity of one of its rows is 0.

    >>> from microgradx import abs
    >>> kinks(lambda x: abs(x - 1), -4.0, 4.0)
    [1.0]
    """
    def quantities(x: float) -> list[float]:
        with recording():
            results = [y for y in leaves(f(Value(x))) if isinstance(y, Value)]
        return [q for v in tape(*results) if v.op and v.op.kinks
                for q in v.op.kinks(*(a.data if isinstance(a, Value) else a for a in v.args))]

    found = []
    xs = [low + (high - low) * k / GRID for k in range(GRID + 1)]
    signs = [list(map(_sign, quantities(x))) for x in xs]
    for left, right, before, after in zip(xs, xs[1:], signs, signs[1:]):
        for i, (p, q) in enumerate(zip(before, after)):
            if q == 0 != p and right < high:
                found.append(right)
            elif p * q < 0:
                found.append(_crossing(quantities, i, left, right))
    return sorted(set(found))


def _sign(x: float) -> int:
    return (x > 0) - (x < 0)


def _crossing(quantities: Callable[[float], list[float]], i: int, left: float, right: float) -> float:
    """Where quantity i changes its sign between two points, by halving the interval."""
    at_left = _sign(quantities(left)[i])
    for _ in range(60):
        middle = (left + right) / 2
        left, right = (middle, right) if _sign(quantities(middle)[i]) == at_left else (left, middle)
    return right
