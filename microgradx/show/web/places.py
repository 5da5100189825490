"""The layout of the page's picture: columns from the leaves to the root, few crossings, short lines.

    >>> from microgradx import Value
    >>> from microgradx.show.web.places import places
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> [(v.label, column, rows) for v, (column, *rows) in places(a * b).items()]
    [('a', 0.0, [0.0]), ('b', 0.0, [1.0]), ('', 1.0, [0.5])]

A layered drawing after Sugiyama, Tagawa and Toda (1981): a Value is in the column after its last input, a leaf just
before its first use, and a line that passes a column takes a place in it. Sweeps sort each column by the means of its
neighbours' rows and spread it out around them.
"""
from collections.abc import Sequence
from statistics import fmean

from ...engine import Value, tape

Spot = tuple[Value, int]                    # a Value in its own column; a line from it in a column further on
SWEEPS = 24
REACH, SPOTS = 12, 20_000                   # if all lines need more places, lines across more columns go straight
SLIM = 0.55                                 # the height of a line, where a Value has 1


def places(root: Value) -> dict[Value, list[float]]:
    """Column and row of each Value, and the rows where lines from it pass later columns.

    Columns count from 0. Rows are at least 0, and 1 apart for Values of one column.
    """
    column = columns(root)
    rows = _rows(column, _links(column))
    top = min(rows.values())
    found: dict[Value, list[float]] = {v: [float(c)] for v, c in column.items()}
    for v, c in sorted(rows, key=lambda spot: spot[1]):
        found[v].append(rows[v, c] - top)
    return found


def columns(root: Value) -> dict[Value, int]:
    """The column of each Value, its number of operations from the leaves, in the order of the tape."""
    found: dict[Value, int] = {}
    first: dict[Value, int] = {}            # the column of its first use
    for v in tape(root):
        inputs = [a for a in v.args if isinstance(a, Value)]
        found[v] = 1 + max((found[a] for a in inputs), default=-1)
        for a in inputs:
            first[a] = min(found[v], first.get(a, found[v]))
    return {v: c if v.op or v is root else first[v] - 1 for v, c in found.items()}


def _links(column: dict[Value, int]) -> list[tuple[Spot, Spot, float]]:
    """The pieces of all lines, from left to right, and how far above or below the middle of its box each ends."""
    links: dict[tuple[Spot, Spot], float] = {}
    reach = REACH if _spots(column) > SPOTS else len(column)
    for v, end in column.items():
        for i, a in enumerate(v.args):
            if not isinstance(a, Value):
                continue
            start = column[a]
            if end - start <= reach:
                for c in range(start + 1, end):
                    links[(a, c - 1), (a, c)] = 0.0
                start = end - 1
            links[(a, start), (v, end)] = (i + 0.5) / len(v.args) - 0.5
    return [(left, right, shift) for (left, right), shift in links.items()]


def _spots(column: dict[Value, int]) -> int:
    """The number of places that all lines take: the line of a Value ends at its last use."""
    last = dict(column)
    for v, c in column.items():
        for a in v.args:
            if isinstance(a, Value):
                last[a] = max(last[a], c)
    return sum(last[v] - c for v, c in column.items())


def _rows(column: dict[Value, int], links: list[tuple[Spot, Spot, float]]) -> dict[Spot, float]:
    """The row of every spot, after sweeps from left to right and back."""
    spots = dict.fromkeys([*column.items(), *(left for left, _, _ in links)])
    before: dict[Spot, list[tuple[Spot, float]]] = {spot: [] for spot in spots}
    after: dict[Spot, list[tuple[Spot, float]]] = {spot: [] for spot in spots}
    for left, right, shift in links:
        before[right].append((left, -shift))
        after[left].append((right, shift))
    layers: list[list[Spot]] = [[] for _ in range(1 + max(column.values()))]
    for spot in spots:
        layers[spot[1]].append(spot)
    rows = {spot: float(k) for layer in layers for k, spot in enumerate(layer)}
    for sweep in range(SWEEPS):
        near, way = (before, 1) if sweep % 2 == 0 else (after, -1)
        for layer in layers[::way]:
            middles = {s: fmean(rows[n] + shift for n, shift in near[s]) if near[s] else rows[s] for s in layer}
            layer.sort(key=middles.__getitem__)
            room = [1.0 if column[v] == c else SLIM for v, c in layer]
            rows.update(zip(layer, spread([middles[s] for s in layer], room)))
    return rows


def spread(wishes: Sequence[float], room: Sequence[float]) -> list[float]:
    """Positions in this order, as near to the wishes as possible (least squares), each with its room around it.

    >>> from microgradx.show.web.places import spread
    >>> spread([0.0, 0.0, 5.0], [1.0, 1.0, 1.0])
    [-0.5, 0.5, 5.0]
    """
    offsets, edge = [], 0.0
    for width in room:
        offsets.append(edge + width / 2)
        edge += width
    # position - offset must not decrease: neighbours that would decrease are pooled and share their mean
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets):
        total, count = wish - offset, 1
        while pools and pools[-1][0] * count > total * pools[-1][1]:
            total, count = total + pools[-1][0], count + pools[-1][1]
            pools.pop()
        pools.append((total, count))
    means = [total / count for total, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets)]
