"""Colouring: which columns of a sparse matrix one pass can compute together.

    >>> from microgradx.colouring import apart, star
    >>> apart([[0, 1], [1, 2], [2, 3]], 4)                  # columns of one colour have no row in common
    [0, 1, 0, 1]
    >>> star([[0, 1, 2, 3], [0, 1], [0, 2], [0, 3]])        # an arrow: all columns have the first row in common
    [0, 1, 1, 1]

A pass along the sum of some columns returns for each row the sum of their entries. Where only one of them has an entry
in the row, the sum is that entry. Curtis, Powell and Reid 1974; for symmetric matrices, where one of two equal entries
suffices, Coleman and Moré 1984. Colours are chosen greedily, as in Gebremedhin, Manne and Pothen, "What color is your
Jacobian?", 2005.
"""
from collections import defaultdict
from collections.abc import Sequence

Pattern = Sequence[Sequence[int]]           # for each row the columns in which it has an entry


def apart(rows: Pattern, count: int) -> list[int]:
    """A colour for each of `count` columns; those of one colour have no row in common."""
    masks = [sum(1 << j for j in row) for row in rows]
    beside = [0] * count                                # for each column a bit for each one that it has a row with
    for row, mask in zip(rows, masks):
        for j in row:
            beside[j] |= mask
    colours: list[int] = []
    classes: list[int] = []                             # for each colour a bit for each column that has it
    for j, near in enumerate(beside):
        c = next((c for c, members in enumerate(classes) if not members & near), len(classes))
        if c == len(classes):
            classes.append(0)
        classes[c] |= 1 << j
        colours.append(c)
    return colours


def star(rows: Pattern) -> list[int]:
    """A colour for each column of a symmetric matrix: of any entry outside the diagonal and its mirror image, at least
    one is alone of its colour in its row.

    Columns are the nodes of a graph, entries its edges. Neighbours differ, and no path of four nodes has two colours.
    """
    size = len(rows)
    colours = [-1] * size
    near: list[dict[int, list[int]]] = [defaultdict(list) for _ in rows]    # of each node: its neighbours by colour
    taken: list[set[int]] = [set() for _ in rows]       # colours k for which the node is at the end of a path k, own, k
    for v in sorted(range(size), key=lambda v: -len(rows[v])):
        others = [w for w in rows[v] if w != v]
        refused: set[int] = set()
        for w in others:
            refused.update({colours[w]} | taken[w] if colours[w] >= 0 else near[w])
        c = colours[v] = next(c for c in range(size) if c not in refused)
        for ends in near[v].values():                   # v in the middle of paths
            if len(ends) > 1:
                for w in ends:
                    taken[w].add(c)
        for x in others:                                # v at their end
            ends = near[x][c]
            ends.append(v)
            if colours[x] >= 0 and len(ends) > 1:
                for w in ends if len(ends) == 2 else (v,):
                    taken[w].add(colours[x])
    return colours
