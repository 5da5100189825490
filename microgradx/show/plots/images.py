"""Images side by side: the weights of hidden units as filters, digits that a network reads wrong; a confusion matrix.

    >>> from microgradx.plots import images, save
    >>> axes = images([[[0.0, 1.0], [1.0, 0.0]]] * 3)   # a notebook shows it; a program writes it to a file:
    >>> save(axes, "images.png")                        # doctest: +SKIP

Needs the extra `plot`.
"""
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...conversion import listed
from ...nesting import floated, shape
from ..colours import ALARM
from .canvas import STRONG, canvas, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Image = Sequence[Sequence[float]]           # rows of numbers, from light to dark


def images(pictures: Sequence[Image], titles: Sequence[str] = (), *, columns: int = 10,
           ax: "Axes | None" = None) -> "Axes":
    """Images (count, height, width) in rows of `columns`, with a title below each; each has grey values of its own.

    ValueError if they differ in size, or if there is none.

    >>> images([[[0.0, 1.0]]] * 3, ["a", "b", "c"], columns=2).get_images()[0].get_array().shape
    (5, 5)
    """
    pictures = floated(listed(pictures))
    sizes = shape(pictures)
    if len(sizes) != 3 or 0 in sizes:
        raise ValueError(f"expected images of one size, (count, height, width), got {sizes}")
    ax = ax or canvas()[0]
    count, height, width = sizes
    columns = min(columns, count)
    across, down = width + 1, height + (2 if titles else 1)     # with a gap between them
    wall = [[math.nan] * (columns * across - 1) for _ in range(-(-count // columns) * down - 1)]
    for k, picture in enumerate(pictures):
        top, left = k // columns * down, k % columns * across
        numbers = [x for row in picture for x in row]
        low, span = min(numbers), max(numbers) - min(numbers) or 1.0
        for i, row in enumerate(picture):
            wall[top + i][left:left + width] = [(x - low) / span for x in row]
    ax.imshow(wall, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    for k, title in enumerate(titles):
        ax.text(k % columns * across, k // columns * down + height - 0.4, title, color=ALARM, fontsize=7, va="top")
    ax.set_axis_off()
    return ax


def filters(weights: Sequence[Sequence[float]], height: int, width: int, *, columns: int = 10,
            ax: "Axes | None" = None) -> "Axes":
    """The weights of each hidden unit, (units, height * width), as an image: what the unit looks for, dark.

    ValueError unless a row has height * width numbers. components_ of a BernoulliRBM, or the weight of a Linear.

    >>> filters([[0.0, 1.0, 2.0, 3.0]], 2, 2).get_images()[0].get_array().shape
    (2, 2)
    """
    weights = floated(listed(weights))
    if shape(weights)[1:] != (height * width,):
        raise ValueError(f"expected {height * width} weights a unit for {height} x {width}, got shape {shape(weights)}")
    return images([[row[i * width:(i + 1) * width] for i in range(height)] for row in weights], columns=columns, ax=ax)


def confusion(counts: Sequence[Sequence[int]], names: Sequence[Any] = (), *, ax: "Axes | None" = None) -> "Axes":
    """A confusion matrix: counts[i][j] samples of class i that were taken for class j. Mistakes are in colour.

    >>> [text.get_text() for text in confusion([[5, 1], [0, 6]]).texts]
    ['5', '1', '', '6']
    """
    ax = ax or canvas()[0]
    most = max(max(row) for row in counts) or 1
    ax.imshow(counts, cmap="Greys", vmin=0, vmax=2 * most)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            ax.text(j, i, str(count) if count or i == j else "", ha="center", va="center", fontsize=8,
                    color=STRONG if i == j else ALARM)
    places = range(len(counts))
    ax.set_xticks(places, list(map(str, names or places)))
    ax.set_yticks(places, list(map(str, names or places)))
    named(ax, "taken for", "is")
    return ax
