"""Sparse derivatives: the graph tells which entries may differ from 0, and a pass computes many columns at once.

    >>> from microgradx import hessian
    >>> def rosenbrock(x):
    ...     return sum([100 * (b - a**2)**2 + (1 - a)**2 for a, b in zip(x, x[1:])])
    >>> found = hessian(rosenbrock, sparse=True)([1.0] * 100)               # three passes in place of a hundred
    >>> found.shape, found.nnz
    ((100, 100), 298)

As in CasADi; colouring.py says which columns share a pass. An entry that is not stored is 0 at any input with the same
branches; a branch that is not taken has no entry.
"""
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

from .colouring import Pattern, apart, star
from .dependence import between
from .engine import Value
from .extras import install
from .passes import ONE, Edges, adjoints, derived, edges, is_inside, sums, tangents


@dataclass(frozen=True)
class Sparse:
    """A sparse matrix within another transform, where its entries are Values.

    data        the entries, row by row
    columns     the column of each, starts: where each row begins among them, shape: of the matrix. Each is the bytes of
                ints, which a program takes for no numbers of its own
    """

    data: list[Any]
    columns: bytes
    starts: bytes
    shape: bytes

    def matrix(self) -> Any:
        """A scipy.sparse.csr_matrix. ImportError without scipy."""
        columns, starts, shape = (array("i", ints) for ints in (self.columns, self.starts, self.shape))
        try:
            from scipy.sparse import csr_matrix
        except ImportError as error:
            raise ImportError(f"sparse=True returns scipy's matrices: {install('sparse')}") from error
        return csr_matrix((self.data, columns, starts), shape=tuple(shape), copy=True)


def compressed(outputs: Sequence[Value], xs: Sequence[Value], inside: bool, symmetric: bool = False) -> Any:
    """The derivatives of outputs by xs, a row for each output, in few passes. `symmetric` says that they are so."""
    with derived(inside):
        graph = edges(between(outputs, xs), inside)
        rows = pattern(graph, outputs, xs)
        columns = turned(rows, len(xs))
        forward, backward = apart(rows, len(xs)), [] if symmetric else apart(columns, len(outputs))
        both = [sorted({*row, *column}) for row, column in zip(rows, columns)] if symmetric else []
        mirrored = star(both) if symmetric else forward
        if max(mirrored, default=0) < max(forward, default=0):
            rows, found = both, _of_symmetric(both, mirrored, _along(graph, outputs, xs, mirrored, inside))
        elif symmetric or max(forward, default=0) <= max(backward, default=0):
            passes = _along(graph, outputs, xs, forward, inside)
            found = [[passes[forward[j]][i] for j in row] for i, row in enumerate(rows)]
        else:
            passes = _against(outputs, xs, backward, inside)
            found = [[passes[backward[i]][j] for j in row] for i, row in enumerate(rows)]
    ints = chain.from_iterable(rows), accumulate(map(len, rows), initial=0), (len(rows), len(xs))
    matrix = Sparse([x for row in found for x in row], *(array("i", each).tobytes() for each in ints))
    return matrix if is_inside() else matrix.matrix()


def pattern(graph: Edges, outputs: Sequence[Value], xs: Sequence[Value]) -> Pattern:
    """For each output the places of the inputs that edges connect it with."""
    masks = {x: 1 << j for j, x in enumerate(xs)}       # a bit for each input
    for v, inputs in graph:
        if v not in masks:
            mask = 0
            for a, _ in inputs:
                mask |= masks.get(a, 0)
            masks[v] = mask
    return [bits(masks.get(v, 0)) for v in outputs]


def bits(mask: int) -> list[int]:
    """The places of the bits that are 1.

    >>> bits(0b1011)
    [0, 1, 3]
    """
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def turned(rows: Pattern, count: int) -> Pattern:
    """The pattern of the transposed matrix.

    >>> turned([[0, 2], [2]], 3)
    [[0], [], [0, 1]]
    """
    columns: list[list[int]] = [[] for _ in range(count)]
    for i, row in enumerate(rows):
        for j in row:
            columns[j].append(i)
    return columns


def _along(graph: Edges, outputs: Sequence[Value], xs: Sequence[Value], colours: Sequence[int],
           record: bool) -> list[list[Any]]:
    """For each colour the sum of its columns: a forward pass."""
    return [sums(tangents(graph, dict.fromkeys(seeds, ONE), record), outputs) for seeds in grouped(xs, colours)]


def _against(outputs: Sequence[Value], xs: Sequence[Value], colours: Sequence[int], record: bool) -> list[list[Any]]:
    """For each colour the sum of its rows: a backward pass."""
    found = [adjoints([(v, ONE) for v in seeds], xs, record) for seeds in grouped(outputs, colours)]
    return [[adjoint.get(x, 0.0) for x in xs] for adjoint in found]


def grouped(values: Sequence[Value], colours: Sequence[int]) -> list[list[Value]]:
    """The values of each colour."""
    return [[v for v, own in zip(values, colours) if own == c] for c in range(max(colours, default=-1) + 1)]


def _of_symmetric(rows: Pattern, colours: Sequence[int], passes: list[list[Any]]) -> list[list[Any]]:
    """The entries of a symmetric matrix: each from its own row, or from that of its mirror image."""
    counts = [Counter(colours[j] for j in row) for row in rows]
    return [[passes[colours[j]][i] if counts[i][colours[j]] == 1 else passes[colours[i]][j] for j in row]
            for i, row in enumerate(rows)]
