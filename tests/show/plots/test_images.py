"""Images, filters and confusion matrices: what is in the axes, read back from them."""
import math

import numpy as np
import pytest

from microgradx import Value
from microgradx.show.plots.images import confusion, filters, images


def wall(ax):
    image, = ax.get_images()
    return np.ma.filled(image.get_array(), math.nan)


def test_each_image_stands_in_its_place_with_its_own_greys():
    shown = wall(images([[[0, 1], [2, 4]], [[5, 5], [5, 5]], np.array([[0.0, -1.0], [0.0, 0.0]])], columns=2))
    assert shown.shape == (5, 5) and np.isnan(shown[2]).all() and np.isnan(shown[:, 2]).all()
    assert (shown[:2, :2] == [[0, 0.25], [0.5, 1]]).all() and (shown[:2, 3:] == 0).all()
    assert (shown[3:, :2] == [[1, 0], [1, 1]]).all() and np.isnan(shown[3:, 3:]).all()


def test_weights_are_filters_whatever_holds_them():
    rows = [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]]
    expected = wall(filters(rows, 2, 3))
    assert (expected[:, :3] == [[0, 0.2, 0.4], [0.6, 0.8, 1]]).all()
    assert np.allclose(expected[:, 4:], 1 - expected[:, :3])
    for same in (np.array(rows), [[Value(x) for x in row] for row in rows]):
        assert np.array_equal(wall(filters(same, 2, 3)), expected, equal_nan=True)


def test_a_title_stands_below_its_image():
    ax = images([[[0.0, 1.0]]] * 3, ["a", "b", "c"], columns=2)
    assert [(t.get_text(), t.get_position()) for t in ax.texts] == [("a", (0, 0.6)), ("b", (3, 0.6)), ("c", (0, 3.6))]


def test_a_confusion_matrix_has_all_counts_and_marks_mistakes():
    ax = confusion([[5, 1], [0, 6]], ["cat", "dog"])
    assert [t.get_text() for t in ax.texts] == ["5", "1", "", "6"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat", "dog"]
    right, wrong = ax.texts[0].get_color(), ax.texts[1].get_color()
    assert right == ax.texts[3].get_color() != wrong


@pytest.mark.parametrize("call, text", [
    (lambda: images([]), "one size"), (lambda: images([[[1.0, 2.0]], [[1.0]]]), "ragged|length"),
    (lambda: images([[1.0, 2.0]]), r"got \(1, 2\)"), (lambda: filters([[1.0] * 5], 2, 3), "expected 6 weights a unit"),
])
def test_what_is_no_image_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
