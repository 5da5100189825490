"""Shapes and windows: index arithmetic against the plainest way to say it."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx.nn.shapes import each, expect, nested, swapped, within
from microgradx.nn.windows import Grid, cut, landings, windows

SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=4)


def numbered(sizes):
    """A nested list of these sizes of 0, 1, 2, ..."""
    return nested(sizes, iter(range(1000)).__next__)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 4), st.integers(0, 7))
def test_windows_are_those_over_an_axis_padded_with_nothing(length, kernel, stride, padding):
    padded = [None] * padding + list(range(length)) + [None] * padding
    if kernel > len(padded):
        with pytest.raises(ValueError, match=f"a kernel of {kernel} does not fit on {length} inputs"):
            windows(length, kernel, stride, padding)
        return
    stops = [padded[start:start + kernel] for start in range(0, len(padded) - kernel + 1, stride)]
    expected = [[(tap, i) for tap, i in enumerate(stop) if i is not None] for stop in stops]
    assert [list(zip(w.taps, w.inputs, strict=True)) for w in windows(length, kernel, stride, padding)] == expected


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.tuples(st.integers(0, 7), st.integers(0, 7)),
       st.integers(1, 3))
def test_the_taps_of_a_dilated_kernel_lie_apart(length, kernel, stride, padding, dilation):
    padded = [None] * padding[0] + list(range(length)) + [None] * padding[1]
    reach = dilation * (kernel - 1) + 1
    if reach > len(padded):
        with pytest.raises(ValueError, match=f"a kernel of {kernel}.* does not fit on {length} inputs"):
            windows(length, kernel, stride, padding, dilation)
        return
    stops = [padded[start:start + reach:dilation] for start in range(0, len(padded) - reach + 1, stride)]
    expected = [[(tap, i) for tap, i in enumerate(stop) if i is not None] for stop in stops]
    found = windows(length, kernel, stride, padding, dilation)
    assert [list(zip(w.taps, w.inputs, strict=True)) for w in found] == expected


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_a_transposed_kernel_lands_where_the_kernel_looked(length, kernel, stride, padding, dilation):
    """The same pairs of inputs and outputs as the windows of a convolution, seen from the other side."""
    outputs = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
    if outputs < 1:
        with pytest.raises(ValueError, match="has no output"):
            landings(length, kernel, stride, padding, dilation, 0)
        return
    there = {(i, t, o) for o, w in enumerate(landings(length, kernel, stride, padding, dilation, 0))
             for i, t in zip(w.inputs, w.taps, strict=True)}
    back = {(i, t, o) for i, w in enumerate(windows(outputs, kernel, stride, padding, dilation))
            for o, t in zip(w.inputs, w.taps, strict=True)}
    assert there == back


@given(SIZES, st.data())
def test_cut_is_what_loops_would_pick(sizes, data):
    bounds = [sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in sizes]
    ranges = tuple(range(*pair) for pair in bounds)

    def picked(x, depth):
        return [v for i in ranges[depth] for v in picked(x[i], depth + 1)] if depth < len(ranges) else [x]
    assert cut(numbered(sizes), ranges) == picked(numbered(sizes), 0)


def test_a_grid_goes_row_by_row():
    grid = Grid([windows(3, 2, 1, 0), windows(4, 3, 1, 0)])
    assert grid.sizes == [2, 2]
    assert [(i.start, j.start) for i, j in grid.inputs] == [(0, 0), (0, 1), (1, 0), (1, 1)]


@given(SIZES)
def test_the_shape_of_what_nested_builds(sizes):
    x = numbered(sizes)
    assert expect("test", x, ("*",)) == expect("test", x, tuple(sizes)) == tuple(sizes)
    assert each(lambda v: v, x) == x
    assert within(lambda row: row, x, len(sizes) - 1) == x
    assert len(sizes) < 2 or swapped(swapped(x)) == x


@pytest.mark.parametrize("pattern, fits", [
    ((2, 3), True), (("N", 3), True), (("*", 3), True), (("*", 2, 3), True), (("*", 5, 2, 3), False), (("N",), False),
    (("*", 2), False), ((2, "*"), True), ((2, 3, "*"), True), (("*",), True), ((2, "*", 3), True), ((), False),
])
def test_patterns(pattern, fits):
    x = numbered((2, 3))
    if fits:
        assert expect("test", x, pattern) == (2, 3)
    else:
        with pytest.raises(ValueError, match="test: expected shape"):
            expect("test", x, pattern)
