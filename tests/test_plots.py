"""save(): every plot, picture and page becomes a file by the same call; what cannot is refused, and the file stays."""
import math

import pytest

from microgradx import Value, diagnose, draw, lab, plots, relu, tanh, to_html
from microgradx.plots import save

BEGINS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
STATES = [{"weight": [[1.0, 0.0]], "bias": [0.0]}, {"weight": [[0.0, 1.0]], "bias": [0.0]}]
CORNERS, SIDES = [[1.0, 0.0], [0.0, 1.0]], [1, -1]


def neuron():
    return tanh(Value(0.5, "w") * Value(2.0, "x"))


def replay():
    from microgradx.nn import Linear
    return plots.replay(Linear(2, 1), STATES, [0.5, 0.25], CORNERS, SIDES)


# Everything in microgradx.plots that draws, called in its own way
DRAWN = {
    "curve": lambda: plots.curve(relu), "activations": plots.activations, "losses": lambda: plots.losses([1.0, 0.5]),
    "boundary": lambda: plots.boundary(lambda p: p[0] - p[1], CORNERS, SIDES), "replay": replay,
    "gradient_norms": lambda: plots.gradient_norms({"a": [1.0, 0.5], "b": [0.1, 0.2]}),
    "gradient_flow": lambda: plots.gradient_flow(diagnose(neuron())), "canvas": lambda: plots.canvas("ab"),
    "images": lambda: plots.images([[[0.0, 1.0]]]), "filters": lambda: plots.filters([[0.0, 1.0]], 1, 2),
    "confusion": lambda: plots.confusion([[5, 1], [0, 6]]),
}
OTHERS = {"save", "kinks", "named", "style"}


@pytest.fixture
def pyplot():
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="plots need the extra plot")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


def test_all_that_draws_is_tried():
    assert {name for name in plots.__all__ if callable(getattr(plots, name))} == DRAWN.keys() | OTHERS


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_a_plot_is_a_file_by_one_call(name, pyplot, tmp_path):
    shown = DRAWN[name]()
    for form, begins in BEGINS.items():
        save(shown, tmp_path / f"a.{form}")
        content = (tmp_path / f"a.{form}").read_bytes()
        assert content.startswith(begins) and b"microgradx" in content and len(content) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_lines_are_told_apart_without_colour_and_axes_have_names(name, pyplot):
    """Of lines with names of their own. Axes without a frame are images."""
    from .notebooks import unreadable
    DRAWN[name]()
    assert name == "canvas" or list(unreadable(pyplot.gcf())) == []


def test_a_figure_and_a_list_of_axes_are_saved_whole(pyplot, tmp_path):
    figure, axes = pyplot.subplots(1, 2, figsize=(1, 1))
    for k, shown in enumerate((figure, axes[1], list(axes), tuple(axes))):
        save(shown, tmp_path / f"{k}.png")
    assert len({(tmp_path / f"{k}.png").read_bytes() for k in range(4)}) == 1


def test_a_picture_of_a_graph_is_a_file(tmp_path):
    pytest.importorskip("graphviz")
    save(draw(neuron()), str(tmp_path / "a.dot"))
    save(draw(neuron()), tmp_path / "a.html")
    assert (tmp_path / "a.dot").read_text().startswith("digraph")
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("page", [lambda: to_html(neuron()), lab], ids=["step", "lab"])
def test_a_page_is_a_file(page, tmp_path):
    made = page()
    save(made, tmp_path / "a.HTML")
    assert (tmp_path / "a.HTML").read_text() == made


@pytest.mark.parametrize("shown, name, error, said", [
    (lambda: to_html(neuron()), "a.png", ValueError, "ends in .html for a page"),
    (lambda: plots.losses([1.0]), "a.gif", ValueError, r"\.png, \.svg, \.pdf, got \.gif"),
    (lambda: plots.losses([1.0]), "a", ValueError, r"\.png, \.svg, \.pdf"),
    (lambda: "text", "a.html", TypeError, "axes, a picture or a page; got 'text'"),
    (lambda: [], "a.png", TypeError, r"got \[\]"), (neuron, "a.png", TypeError, "got Value"),
    (lambda: math.nan, "a.png", TypeError, "got nan")])
def test_what_is_no_picture_and_an_ending_that_does_not_fit_leave_the_file(shown, name, error, said, pyplot, tmp_path):
    (tmp_path / name).write_text("kept")
    with pytest.raises(error, match=said):
        save(shown(), tmp_path / name)
    assert (tmp_path / name).read_text() == "kept" and len(list(tmp_path.iterdir())) == 1
