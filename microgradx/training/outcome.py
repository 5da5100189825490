"""Outcome: what a training came to, as text: the losses as a line of blocks, a curve's fit, a confusion matrix.

    >>> from microgradx.training.outcome import Outcome
    >>> print(Outcome("a network", [4.0, 3.0, 2.0, 1.0, 0.0], "classes", [[0.0]] * 3, [0, 0, 1],
    ...               [[2.0, 1.0], [1.0, 2.0], [0.0, 3.0]]))
    a network: loss █▆▅▃▁ from 4 to 0 in 5 steps
      is / taken for     0    1
      0                  1    1
      1                  .    1
"""
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-=+*%#"      # PLAIN where the terminal cannot show blocks
WIDTH, HEIGHT = 60, 12                      # of what is drawn, in characters
DECADES = 2                                 # losses that span more are drawn by their logarithms


class Outcome(NamedTuple):
    """What a training came to.

    losses  of all steps
    kind    how its outputs are shown: "curve" and "border" of one number for each sample, "classes" of logits; "" not
    xs, ys  the samples that it is judged by
    outputs of the model for each
    """

    name: str
    losses: Sequence[float]
    kind: str = ""
    xs: Sequence[Any] = ()
    ys: Sequence[Any] = ()
    outputs: Sequence[Any] = ()
    model: Any = None

    def __str__(self) -> str:
        lines = [f"{self.name}: loss {sparkline(self.losses)}"] if len(self.losses) > 1 else []
        if self.kind == "curve":
            lines += fit_lines([x for x, in self.xs], [y for y, in self.ys], [y for y, in self.outputs])
        if self.kind == "classes":
            counts = confusion(self.outputs, self.ys)
            lines.append("  is / taken for " + "".join(f"{j:5}" for j in range(len(counts))))
            lines += [f"  {i:<15}" + "".join(f"{n or '.':>5}" for n in row) for i, row in enumerate(counts)]
        return "\n".join(lines)


def sparkline(losses: Sequence[float]) -> str:
    """The losses as blocks, the mean of some steps each, with the first and the last."""
    width = min(WIDTH, len(losses))
    parts = [losses[k * len(losses) // width:(k + 1) * len(losses) // width] for k in range(width)]
    means = [sum(part) / len(part) for part in parts]
    finite = [x for x in means if math.isfinite(x)] or [0.0]
    far = min(finite) > 0 and max(finite) > 10**DECADES * min(finite)
    scale = math.log if far else float
    low, high = scale(min(finite)), scale(max(finite))
    marks = _marks()

    def mark(x: float) -> str:
        if not math.isfinite(x):
            return "?"
        return marks[round((len(marks) - 1) * (scale(x) - low) / (high - low))] if high > low else marks[0]
    return (f"{''.join(map(mark, means))} from {losses[0]:.4g} to {losses[-1]:.4g} in {len(losses):,} steps"
            f"{', logarithmic' if far else ''}")


def fit_lines(xs: Sequence[float], ys: Sequence[float], outputs: Sequence[float]) -> list[str]:
    """A curve through points as text: . the points, # the curve."""
    numbers = [y for y in (*ys, *outputs) if math.isfinite(y)]
    (left, right), (low, high) = (min(xs), max(xs)), (min(numbers), max(numbers))
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    for mark, values in ((".", ys), ("#", outputs)):
        for x, y in zip(xs, values):
            if math.isfinite(y):
                column = round((WIDTH - 1) * (x - left) / (right - left or 1.0))
                grid[round((HEIGHT - 1) * (high - y) / (high - low or 1.0))][column] = mark
    ends = {0: f"{high:.3g}", HEIGHT - 1: f"{low:.3g}"}
    return [f"  {ends.get(k, ''):>6} |{''.join(row).rstrip()}" for k, row in enumerate(grid)] + [
        f"         {left:<10.3g}. points   # the network{right:>{WIDTH - 33}.3g}"]


def confusion(outputs: Sequence[Sequence[float]], classes: Sequence[int]) -> list[list[int]]:
    """counts[i][j]: samples of class i whose largest output is that of class j.

    >>> from microgradx.training.outcome import confusion
    >>> confusion([[2.0, 1.0], [1.0, 2.0]], [0, 0])
    [[1, 1], [0, 0]]
    """
    counts = [[0] * len(outputs[0]) for _ in outputs[0]]
    for out, is_class in zip(outputs, classes):
        counts[is_class][chosen(out)] += 1
    return counts


def chosen(outputs: Sequence[float]) -> int:
    """The class of the largest output."""
    return max(range(len(outputs)), key=outputs.__getitem__)


def _marks() -> str:
    try:
        BLOCKS.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return PLAIN
    return BLOCKS
