"""Batches and splits: every sample once, in an order from a seed, and nobody's lists touched."""
import math
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx.training import batches, split
from microgradx.training.data import endless

LENGTHS, SIZES, SEEDS = st.integers(1, 40), st.none() | st.integers(1, 50), st.integers(0, 5)


def data(n):
    return [[float(i)] for i in range(n)], [f"y{i}" for i in range(n)]


def joined(pairs):
    """All samples of some batches, as pairs of input and target."""
    return [(x[0], y) for xs, ys in pairs for x, y in zip(xs, ys, strict=True)]


@given(LENGTHS, SIZES, st.none() | SEEDS)
def test_an_epoch_has_every_sample_once_with_its_target(n, size, seed):
    found = list(batches(*data(n), size, None if seed is None else Random(seed)))
    assert sorted(joined(found)) == sorted(joined([data(n)]))
    assert [len(xs) for xs, _ in found[:-1]] == [size] * (len(found) - 1)
    assert 1 <= len(found[-1][0]) <= (size or n)


@given(LENGTHS, SIZES)
def test_without_a_generator_the_order_stands(n, size):
    assert joined(batches(*data(n), size)) == joined([data(n)])


def test_full_mini_and_stochastic():
    xs, ys = data(10)
    assert [[len(b) for b, _ in batches(xs, ys, size)] for size in (None, 4, 1)] == [[10], [4, 4, 2], [1] * 10]


def test_a_seed_gives_the_same_epochs_and_each_epoch_another_order():
    epochs = [[joined(batches(*data(30), 7, rng)) for _ in range(3)] for rng in (Random(5), Random(5), Random(6))]
    assert epochs[0] == epochs[1] != epochs[2]
    assert epochs[0][0] != epochs[0][1] != epochs[0][2]


@given(LENGTHS, SEEDS)
def test_what_is_given_is_neither_reordered_nor_copied(n, seed):
    xs, ys = data(n)
    before = list(xs), list(ys)
    (_, _), = batches(xs, ys, None, Random(seed))
    assert (xs, ys) == before
    assert all(any(x is given for given in xs) for b, _ in batches(xs, ys, 3, Random(seed)) for x in b)


@given(st.integers(2, 40), st.floats(0.01, 0.99), SEEDS)
def test_a_split_is_disjoint_complete_and_from_its_seed(n, share, seed):
    count = round(share * n)
    if not 0 < count < n:
        with pytest.raises(ValueError, match="both sides"):
            split(*data(n), share, seed)
        return
    train, kept = split(*data(n), share, seed)
    assert len(kept[0]) == count
    assert sorted(joined([train, kept])) == sorted(joined([data(n)]))
    assert (train, kept) == split(*data(n), share, seed)


def test_another_seed_splits_otherwise():
    assert split(*data(20), seed=1) != split(*data(20), seed=2)


def test_arrays_and_strings_serve_as_data():
    numpy = pytest.importorskip("numpy")
    (xs, ys), = batches(numpy.arange(6).reshape(3, 2), "abc")
    assert [list(x) for x in xs] == [[0, 1], [2, 3], [4, 5]] and ys == ["a", "b", "c"]


@pytest.mark.parametrize("xs, ys", [([], []), ([1], []), ([1, 2], [1])])
def test_data_that_does_not_fit_is_refused(xs, ys):
    for call in (lambda: list(batches(xs, ys)), lambda: split(xs, ys)):
        with pytest.raises(ValueError, match=f"got {len(xs)} and {len(ys)}"):
            call()


@pytest.mark.parametrize("size", [0, -1, 2.0, "4"])
def test_a_batch_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="batch size of 1 or more"):
        list(batches([1], [1], size))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 2.0, 0.01])
def test_a_share_that_leaves_one_side_empty_is_refused(share):
    with pytest.raises(ValueError, match="both sides"):
        split(*data(10), share)


# Without end ---------------------------------------------------------------------------------------------------

@given(LENGTHS, st.integers(1, 50), SEEDS)
def test_without_end_every_epoch_is_shuffled_anew(n, size, seed):
    found = list(islice(endless(n, size, seed), 2 * math.ceil(n / size)))
    rng, places = Random(seed), range(n)
    assert found == [rows for _ in range(2) for rows, _ in batches(places, places, size, rng)]


def test_without_end_a_full_batch_keeps_its_order():
    assert list(islice(endless(3), 2)) == [[0, 1, 2]] * 2
