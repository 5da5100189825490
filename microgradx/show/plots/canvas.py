"""Plots of a training run: loss, gradients by layer, decision boundary, a replay. Each function returns its axes.

    >>> from microgradx.plots import losses, save
    >>> axes = losses([1.0, 0.5, 0.3])                  # a notebook shows it; a program writes it to a file:
    >>> save(axes, "loss.svg")                          # doctest: +SKIP

Needs the extra `plot`; matplotlib is imported when the first plot is drawn. No plot relies on colour alone: lines
differ in dash and marker.
"""
import copy
import io
import math
from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from ...engine import Value
from ...extras import install
from ...nesting import leaves
from ...recording import no_grad
from ..colours import ALARM, DARK, GREY, MIDDLE, PALE, mix

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..picture.diagnosis import Diagnosis

STRONG, MIDDLING, LIGHT = (mix(colour, colour, 0) for colour in (DARK, MIDDLE, PALE))
DECADES = 2                                 # numbers that span more get a logarithmic axis
MEANS = 50                                  # means in a line of many steps
GRID = 50                                   # points on each axis at which the decision is computed
DASHES, MARKERS = ("-", "--", "-.", ":"), ("o", "s", "^", "D", "v")      # of lines that are told apart
MARKS = 8                                   # markers on a line of many points
SIGNED = {"png": "Software", "svg": "Creator", "pdf": "Creator"}        # formats, and where each says who wrote it


def canvas(layout: str = "a", **more: Any) -> list[Any]:
    """Empty axes in this layout, "ab;cc" for two above a wide one. ImportError without matplotlib, with the command.

    >>> len(canvas("ab;cc"))
    3
    """
    plt = require()
    rows = layout.split(";")
    _, axes = plt.subplot_mosaic(layout, figsize=(4 * len(rows[0]), 3 * len(rows)), layout="constrained", **more)
    for ax in axes.values():
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(GREY)
        ax.tick_params(colors=GREY, labelsize=8)
    return list(axes.values())


def require() -> Any:
    """matplotlib.pyplot. ImportError, with the command that installs it, if it is missing.

    >>> require().__name__
    'matplotlib.pyplot'
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f"plots need matplotlib: {install('plot')}") from error
    return plt


def losses(history: Sequence[Any], *, ax: "Axes | None" = None) -> "Axes":
    """The loss by step, from numbers or from the records of fit(), which may have a validation loss too. Of many steps
    the line is thin, and a strong one is the mean of several.

    >>> losses([1.0, 0.5, 0.3]).get_ylabel()
    'loss'
    """
    ax = ax or canvas()[0]
    values = [getattr(record, "loss", record) for record in history]
    steps, several = range(1, len(values) + 1), len(values) // MEANS
    many = several >= 4
    ax.plot(steps, values, color=LIGHT if many else STRONG, linewidth=0.6 if many else 1.5, label="training")
    if many:
        means = [sum(values[k:k + several]) / several for k in range(0, len(values) - several + 1, several)]
        ax.plot(steps[several // 2::several][:len(means)], means, color=STRONG, linewidth=1.5,
                label=f"mean of {several} steps", **style(2, len(means)))
    measured = [(step, record.validation) for step, record in enumerate(history, 1)
                if getattr(record, "validation", None) is not None]
    if measured:
        ax.plot(*zip(*measured, strict=True), "o--", color=MIDDLING, markersize=4, linewidth=1, label="validation")
    if measured or many:
        ax.legend(frameon=False, fontsize=8)
    named(ax, "step", "loss", values)
    return ax


def boundary(f: Callable[[list[float]], Any], points: Sequence[Sequence[float]], labels: Sequence[float], *,
             ax: "Axes | None" = None) -> "Axes":
    """Where the score f([x, y]) changes sign, with the training points: circles if the label is above 0, else crosses.

    f may be a Module of two inputs and one output.

    >>> axes = boundary(lambda p: p[0] - p[1], [[1.0, 0.0], [0.0, 1.0]], [1, -1])
    >>> [line.get_marker() for line in axes.lines]
    ['o', 'x']
    """
    ax = ax or canvas()[0]
    xs, ys = (_around([point[i] for point in points]) for i in (0, 1))
    with no_grad():
        scores = [[_number(f([x, y])) for x in xs] for y in ys]
    ax.contourf(xs, ys, scores, levels=[-math.inf, 0, math.inf], colors=["white", LIGHT], alpha=0.5)
    ax.contour(xs, ys, scores, levels=[0], colors=[STRONG], linewidths=1.5)
    for marker, colour, wanted in (("o", STRONG, True), ("x", ALARM, False)):
        inside = [point for point, label in zip(points, labels, strict=True) if (label > 0) == wanted]
        if inside:
            ax.plot(*zip(*inside, strict=True), marker, color=colour, markersize=4)
    named(ax, "x", "y")
    return ax


def gradient_norms(norms: Mapping[str, Sequence[float]], *, ax: "Axes | None" = None) -> "Axes":
    """The length of the gradient by step, one line for each layer, with its name at the end of the line.

    >>> len(gradient_norms({"layer 1": [1.0, 0.5], "layer 2": [0.1, 0.2]}).lines)
    2
    """
    ax = ax or canvas()[0]
    for k, (name, sizes) in enumerate(norms.items()):
        colour = mix(MIDDLE, DARK, k / max(len(norms) - 1, 1))
        ax.plot(range(1, len(sizes) + 1), sizes, color=colour, linewidth=1.3, **style(k, len(sizes)))
        ax.annotate(f" {name}", (len(sizes), sizes[-1]), color=colour, fontsize=8, va="center", annotation_clip=False)
    named(ax, "step", "|gradient|", [size for sizes in norms.values() for size in sizes])
    return ax


def gradient_flow(diagnosis: "Diagnosis") -> Any:
    """A diagnosis as two axes: the gradient by level, and the shares of dead and of saturated activations.

    >>> from microgradx import Value, diagnose, tanh
    >>> top, bottom = gradient_flow(diagnose(tanh(tanh(Value(0.5)))))
    >>> top.get_title(loc="left")
    'nothing conspicuous'
    """
    top, bottom = canvas("aa;bb", sharex=True, height_ratios=[2, 1])
    levels, sizes = list(diagnosis.flow), list(diagnosis.flow.values())
    top.plot(levels, sizes, "o-", color=STRONG, markersize=4, linewidth=1.3)
    named(top, "level", "gradient (rms)", sizes)
    for word, marker in (("dead", "s"), ("saturated", "^")):
        shares = [max(getattr(g, word) for g in diagnosis.activations if g.level == level) for level in levels]
        bottom.plot(levels, shares, marker, color=ALARM if word == "dead" else MIDDLING, markersize=5, label=word)
    bottom.set_ylim(-0.05, 1.05)
    bottom.legend(frameon=False, fontsize=8)
    named(bottom, "level: activations from the input on", "share", shares)
    title = "\n".join(fill(sentence, 90) for sentence in diagnosis.problems)
    top.set_title(title or "nothing conspicuous", fontsize=9, loc="left")
    return top, bottom


def replay(model: Any, states: Sequence[Mapping[str, Any]], history: Sequence[Any], points: Sequence[Sequence[float]],
           labels: Sequence[float]) -> list[Any]:
    """A training run as a strip: the boundary at four steps, below them the loss and all weights by step.

    ValueError if there are not as many states as steps. states are the model's state_dict() after each step, as
    fit(..., callback=lambda model, record: states.append(model.state_dict())) collects them; history is that of
    losses(), the rest is that of boundary(). The model does not change.

    >>> from microgradx.nn import Linear
    >>> model = Linear(2, 1)
    >>> states = [{"weight": [[1.0, 0.0]], "bias": [0.0]}, {"weight": [[0.0, 1.0]], "bias": [0.0]}]
    >>> len(replay(model, states, [0.5, 0.25], [[1.0, 0.0], [0.0, 1.0]], [1, -1]))
    6
    """
    if len(states) != len(history) or not states:
        raise ValueError(f"replay needs a state for each step, got {len(states)} states for {len(history)} steps")
    *frames, loss, weights = canvas("abcd;eeff")
    own = copy.deepcopy(model)
    steps = [round(k * (len(states) - 1) / (len(frames) - 1)) for k in range(len(frames))]
    for ax, step in zip(frames, steps, strict=True):
        own.load_state_dict(states[step])
        boundary(own, points, labels, ax=ax)
        ax.set_title(f"step {step + 1}", fontsize=10)
        for below in (loss, weights):
            below.axvline(step + 1, color=LIGHT, linewidth=1, linestyle=":")
    losses(history, ax=loss)
    lines = zip(*([x for values in state.values() for x in leaves(values)] for state in states), strict=True)
    for k, line in enumerate(lines):
        weights.plot(range(1, len(line) + 1), line, color=MIDDLING, linewidth=0.8, **style(k, len(line)))
    named(weights, "step", "weights")
    return [*frames, loss, weights]


def style(k: int, points: int) -> dict[str, Any]:
    """Dash and marker of line number k, which has so many points: what tells it from others where there is no colour.

    >>> style(1, 100)
    {'linestyle': '--', 'marker': 's', 'markersize': 3.5, 'markevery': 12}
    """
    return {"linestyle": DASHES[k % len(DASHES)], "marker": MARKERS[k % len(MARKERS)], "markersize": 3.5,
            "markevery": max(1, points // MARKS)}


def named(ax: "Axes", x: str, y: str, sizes: Sequence[float] = ()) -> None:
    """Name the axes; make y logarithmic for positive sizes that span more than two decades.

    >>> axes, = canvas()
    >>> named(axes, "step", "loss", [1.0, 1e-3])
    >>> axes.get_xlabel(), axes.get_yscale()
    ('step', 'log')
    """
    ax.set_xlabel(x, color=GREY, fontsize=9)
    ax.set_ylabel(y, color=GREY, fontsize=9)
    known = [size for size in sizes if math.isfinite(size)]
    if known and min(known) > 0 and max(known) > 10**DECADES * min(known):
        ax.set_yscale("log")


def rendered(figure: Any, form: str) -> bytes:
    """A figure as a file in this format. ValueError if it is none of SIGNED.

    >>> rendered(canvas()[0].figure, "png")[:4]
    b'\x89PNG'
    """
    if form not in SIGNED:
        raise ValueError(f"expected a picture that ends with .{', .'.join(SIGNED)}, got .{form}")
    file = io.BytesIO()
    figure.savefig(file, format=form, metadata={SIGNED[form]: "microgradx"})
    return file.getvalue()


def _around(xs: Sequence[float]) -> list[float]:
    """A grid from a little below the smallest to a little above the largest."""
    low, high = min(xs), max(xs)
    margin = 0.15 * (high - low) or 1.0
    return [low - margin + (high - low + 2 * margin) * k / (GRID - 1) for k in range(GRID)]


def _number(score: Any) -> float:
    """The number of a score: a float, a Value, or a list of one."""
    y, = leaves(score)
    return float(y.data if isinstance(y, Value) else y)
