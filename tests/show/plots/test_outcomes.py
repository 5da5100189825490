"""The picture of a training run: a row for each outcome, read back from its axes; files say who wrote them."""
import pytest

from microgradx.nn import Linear
from microgradx.show.plots.canvas import SIGNED, rendered
from microgradx.show.plots.outcomes import overview
from microgradx.show.web.report import report
from microgradx.training.outcome import Outcome

LOSSES = [3.0, 2.0, 1.0]
IMAGES = [[[[0.0, 1.0], [1.0, 0.0]]]] * 3
CURVE = Outcome("a curve", LOSSES, "curve", [[1.0], [0.0]], [[1.0], [0.0]], [[0.5], [0.25]])
BORDER = Outcome("a border", LOSSES, "border", [[0.0, 1.0], [1.0, 0.0]], [0, 1], [[1.0], [2.0]], Linear(2, 1))
CLASSES = Outcome("classes", LOSSES, "classes", IMAGES, [0, 1, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


@pytest.mark.slow
def test_each_outcome_has_its_losses_and_its_views():
    axes = overview([CURVE, CLASSES, Outcome("losses", LOSSES)]).axes
    assert [ax.get_title() for ax in axes] == ["a curve", "", "classes", "", "1 of 3 wrong", "losses"]
    _, line = axes[1].lines
    assert list(line.get_xdata()) == [0.0, 1.0] and list(line.get_ydata()) == [0.25, 0.5]
    assert [t.get_text() for t in axes[3].texts] == ["1", "", "1", "1"]
    assert [t.get_text() for t in axes[4].texts] == ["1 as 0"]


def test_a_border_is_that_of_the_model():
    _, ax = overview([BORDER]).axes
    assert {line.get_marker() for line in ax.lines} == {"o", "x"}


@pytest.mark.slow
@pytest.mark.parametrize("form", SIGNED)
def test_a_file_says_who_wrote_it(form):
    content = rendered(overview([CURVE]), form)
    assert b"microgradx" in content[:100_000] + content[-100_000:] and len(content) > 1000


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf, got \.gif"):
        rendered(overview([CURVE]), "gif")
    with pytest.raises(ValueError, match="got none"):
        overview([])


def test_a_page_holds_text_as_text():
    page = report("<b>title", b"<svg/>", "</pre><script>alert(1)</script> ✓")
    assert "<b>" not in page and "<script>" not in page and page.isascii() and "&#10003;" in page
    assert "default-src 'none'" in page and "http:" not in page and "https:" not in page
