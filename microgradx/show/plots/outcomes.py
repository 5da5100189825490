"""What a training came to, as one picture: losses, the fit of a curve, the border of two classes, mistakes.

    >>> from microgradx.show.plots.outcomes import overview
    >>> from microgradx.training.outcome import Outcome
    >>> figure = overview([Outcome("a network", [1.0, 0.5, 0.25])])
    >>> [axes.get_title() for axes in figure.axes]
    ['a network']

Needs the extra `plot`.
"""
from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import TYPE_CHECKING, Any

from ...nesting import shape
from ...training.outcome import Outcome, chosen, confusion
from . import images
from .canvas import MIDDLING, STRONG, boundary, canvas, losses, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WRONG = 30                              # mistakes that are shown, at most


def overview(outcomes: Sequence[Outcome]) -> Any:
    """The picture as a figure of matplotlib, a row for each outcome. ValueError if there is none."""
    if not outcomes:
        raise ValueError("expected the outcome of a training to plot, got none")
    letters = iter(ascii_letters)
    rows = [[next(letters) for _ in (_losses, *VIEWS[one.kind])] for one in outcomes]
    width = max(map(len, rows))
    axes = iter(canvas(";".join("".join(row) + row[-1] * (width - len(row)) for row in rows)))
    for one in outcomes:
        for view in (_losses, *VIEWS[one.kind]):
            ax = next(axes)
            view(one, ax)
    return ax.figure


# Views of an outcome, each on axes of its own ------------------------------------------------------------------

def _losses(one: Outcome, ax: "Axes") -> None:
    losses(one.losses, ax=ax)
    ax.set_title(one.name, fontsize=9)


def _fit(one: Outcome, ax: "Axes") -> None:
    ax.plot([x for x, in one.xs], [y for y, in one.ys], ".", color=MIDDLING, markersize=4, label="points")
    line = sorted((x, y) for (x,), (y,) in zip(one.xs, one.outputs))
    ax.plot(*zip(*line, strict=True), color=STRONG, linewidth=2, label="the network")
    ax.legend(frameon=False, fontsize=8)
    named(ax, "x", "y")


def _border(one: Outcome, ax: "Axes") -> None:
    boundary(one.model, one.xs, [y if y > 0 else -1 for y in one.ys], ax=ax)


def _confusion(one: Outcome, ax: "Axes") -> None:
    images.confusion(confusion(one.outputs, one.ys), ax=ax)


def _mistakes(one: Outcome, ax: "Axes") -> None:
    """Images that are taken for another class, with both."""
    wrong = [(x, f"{y} as {chosen(out)}") for x, y, out in zip(one.xs, one.ys, one.outputs) if chosen(out) != y]
    ax.set_axis_off()
    if wrong and len(shape(wrong[0][0])) == 3:
        images.images([x[0] for x, _ in wrong[:WRONG]], [title for _, title in wrong[:WRONG]], columns=6, ax=ax)
    ax.set_title(f"{len(wrong)} of {len(one.ys)} wrong", fontsize=9)


VIEWS: dict[str, list[Callable[[Outcome, "Axes"], None]]] = {
    "": [], "curve": [_fit], "border": [_border], "classes": [_confusion, _mistakes]}
