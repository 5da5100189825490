"""Whether a screen holds a picture, from the boxes and what they are computed from, before it is laid out.

    >>> from microgradx.show.picture.screen import fits
    >>> chain = [[], [0], [1], [2]]                     # each box with the boxes that it uses
    >>> fits(chain, [(60, 60)] * 4), fits(chain, [(600, 60)] * 4)
    (True, False)
"""
from collections.abc import Collection, Sequence

WIDTH, HEIGHT = 1800, 1080                  # points: 1600 x 1000 pixels after scaling, with letters of 10 pixels
ROW = 1300                                  # points of a row of a chain, which may have many
GAP, SPACE, FRAME = 45, 14, 30              # between columns and between boxes; the edges of a frame and its name
MOST, DENSE = 120, 4                        # boxes; lines for each box


def columns(used: Sequence[Collection[int]]) -> list[int]:
    """The column of each box: the length of the longest way to it; a box that uses none stands just before its user."""
    users: list[list[int]] = [[] for _ in used]
    for box, below in enumerate(used):
        for other in below:
            users[other].append(box)
    column, waiting = [0] * len(used), [len(below) for below in used]
    ready = [box for box, count in enumerate(waiting) if not count]
    while ready:                                            # boxes in a circle keep the column they have
        box = ready.pop()
        for user in users[box]:
            column[user] = max(column[user], column[box] + 1)
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    return [column[box] if below or not users[box] else min(column[user] for user in users[box]) - 1
            for box, below in enumerate(used)]


def fits(used: Sequence[Collection[int]], sizes: Sequence[tuple[float, float]], frames: Sequence[str] = ()) -> bool:
    """Whether a screen holds boxes of these widths and heights, each in the column after those that it uses.

    A chain may be wrapped: see rows().

    frames  the outermost frame of each box; one that begins before another ends stands below it
    """
    if len(used) > MOST or sum(map(len, used)) > DENSE * len(used):
        return False
    widths, heights = dict[int, float](), dict[str, dict[int, float]]()
    for place, (width, height), frame in zip(columns(used), sizes, frames or [""] * len(used)):
        widths[place] = max(widths.get(place, 0), width + GAP)
        inside = heights.setdefault(frame, {})
        inside[place] = inside.get(place, 0) + height + SPACE
    total = heights.pop("", {})
    for inside in heights.values():
        for place in range(min(inside), max(inside) + 1):
            total[place] = total.get(place, 0) + max(inside.values()) + FRAME
    return sum(widths.values()) <= WIDTH and max(total.values(), default=0) <= HEIGHT


def rows(used: Sequence[Collection[int]], sizes: Sequence[tuple[float, float]]) -> list[int] | None:
    """The row of each box of a chain that a screen holds in several rows; None for any other graph.

    >>> from microgradx.show.picture.screen import rows
    >>> rows([[], [0], [1], [2]], [(600, 60)] * 4)
    [0, 0, 1, 1]
    """
    if len(used) > MOST:
        return None
    place, widths = columns(used), dict[int, float]()
    for k, (width, _) in zip(place, sizes):
        widths[k] = max(widths.get(k, 0), width + GAP)
    row, x, at = 0, 0.0, dict[int, int]()
    for k, width in sorted(widths.items()):
        row, x = (row + 1, width) if x + width > ROW else (row, x + width)
        at[k] = row
    found = [at[k] for k in place]
    across = sum(found[box] != found[other] for box, below in enumerate(used) for other in below)
    tallest = max(sum(height + SPACE for k, (_, height) in zip(place, sizes) if k == column) for column in widths)
    return found if across == row and (row + 1) * (tallest + FRAME) <= HEIGHT else None
