"""Vectors: loops of every length, forwards and backwards; the last vector overlaps the one before, and touches nothing
beyond the loop."""
import pytest

import microgradx as mg

from ...budget import sweep
from ...compiled import LOOPS, needs_llvmlite

pytestmark = needs_llvmlite
np = pytest.importorskip("numpy")

from microgradx.compiler.loops.nests import Nest  # noqa: E402
from microgradx.compiler.loops.shapes import shaped  # noqa: E402

LENGTHS = (2, 3, 5, 7, 8, 9, 12, 19)
DTYPES = ("float64", "float32")


def numbers(*sizes):
    return np.random.default_rng(4).normal(size=sizes)


@sweep(2)
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_every_length(dtype):
    """The bits of numpy: each row begins where the one before ends, so that one number too many would be seen."""
    def products(rows, by):
        return [[[a * b - a for a, b in zip(row, way)] for row in rows] for way in (by, by[::-1])]
    for length in LENGTHS:
        rows, by = numbers(3, length).astype(dtype), numbers(length).astype(dtype)
        expected = np.array([rows * by - rows, rows * by[::-1] - rows])
        found = LOOPS.jit(products, dtype=dtype)(rows, by)
        assert np.asarray(found).tobytes() == expected.tobytes(), length


@sweep(2)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_of_every_length(dtype):
    """Sums over results and over terms, of columns and of rows, one of the two backwards."""
    def sums(rows, by):
        return [[mg.dot(row, by[::-1]) for row in rows], [mg.dot(column, by[::-1]) for column in zip(*rows)]]
    for length in LENGTHS:
        rows, by = numbers(length, length).astype(dtype), numbers(length).astype(dtype)
        found = LOOPS.jit(sums, dtype=dtype)(rows, by)
        small = 1e-5 if dtype == "float32" else 1e-12
        assert np.allclose(found, [rows @ by[::-1], rows.T @ by[::-1]], rtol=small, atol=small)


@pytest.mark.parametrize("count, width, lanes", [(16, 8, 0), (9, 8, 0), (8, 8, 0), (7, 8, 4), (4, 8, 4), (3, 4, 2),
                                                 (5, 4, 0)])
def test_short_loops_have_short_vectors(count, width, lanes):
    shape, _ = shaped(Nest(mg.mul, 90, (0, 50), ((count, 1, (1, -1)), (2, 30, (0, 0)))), width, strict=False)
    assert (shape.along, shape.lanes, shape.steps) == ("outer", lanes, (1, 1, -1))


def test_what_adds_to_memory_is_masked():
    """A sum that goes on from a total may not add a term twice."""
    shape, _ = shaped(Nest(mg.dot, 90, (0, 50), ((5, 1, (1, 0)),), ((4, (5, 1)),), True), 8, strict=False)
    assert (shape.more, shape.lanes, shape.whole) == (True, 0, False)
