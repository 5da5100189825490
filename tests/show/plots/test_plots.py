"""Plots: what is in the axes, read back from them."""
import math
import random
import re

import pytest

import microgradx as mg
from microgradx import Value
from microgradx.extras import install
from microgradx.nn import MLP
from microgradx.plots import activations, boundary, canvas, curve, gradient_norms, kinks, losses, replay
from microgradx.table import TABLE, Reduction
from microgradx.training import SGD, fit
from tests import points

from ...budget import sweep


def drawn(line):
    """The points of a line, gaps left out."""
    return [(x, y) for x, y in line.get_xydata() if x == x]


# Functions -----------------------------------------------------------------------------------------------------

def test_a_curve_shows_the_function_and_its_derivative():
    ax = curve(mg.tanh, -2, 2)
    by_label = {line.get_label(): drawn(line) for line in ax.lines}
    assert all(y == math.tanh(x) for x, y in by_label["f(x)"])
    assert all(y == pytest.approx(1 - math.tanh(x)**2) for x, y in by_label["f'(x)"])
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("tanh", "x", "f(x), f'(x)")
    assert min(by_label["f(x)"])[0] == pytest.approx(-2, abs=1e-4)


def test_a_kink_is_marked_with_the_slope_used_there_and_splits_the_derivative():
    ax = curve(mg.relu)
    slopes = dict(drawn(next(line for line in ax.lines if line.get_label() == "f'(x)")))
    assert set(slopes.values()) == {0.0, 1.0} and all((slope == 1) == (x > 0) for x, slope in slopes.items())
    assert [text.get_text() for text in ax.texts] == ["kink"]
    assert [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "o"] == [(0, 0), (0, 0)]


def test_a_pole_is_called_one_and_leaves_the_rest_visible():
    ax = curve(lambda x: 1 / (x - 1))
    assert [text.get_text() for text in ax.texts] == ["pole"] and ax.get_ylim() == (-4, 4)


@pytest.mark.parametrize("f, expected", [
    (mg.relu, [0.0]), (abs, [0.0]), (mg.tanh, []), (mg.hard_tanh, [-1.0, 1.0]),
    (lambda x: mg.relu(x - 1) + abs(x + 2.5) * x, [-2.5, 1.0]), (lambda x: mg.relu(x * x - 2), [-2**0.5, 2**0.5]),
    (lambda x: mg.where(x > 0.3, x, 0), [0.3]), (lambda x: 3.0, []), (lambda x: mg.detach(x) + x, []),
    (mg.tan, [-math.pi / 2, math.pi / 2]),
])
def test_kinks_of_composed_functions(f, expected):
    assert kinks(f, -4.0, 4.0) == pytest.approx(expected)


@sweep(5)
@pytest.mark.parametrize("op", [op for op in TABLE.values() if not isinstance(op, Reduction)],
                         ids=lambda op: op.name)
def test_every_row_can_be_plotted(op):
    xs = next(points.smooth(op, 1, (points.MODERATE,)), [0.5] * len(op.inputs))
    others = xs[1:]
    ax = curve(lambda x: op(x, *others), xs[0] - 0.1, xs[0] + 0.1)
    assert all(y == op.at(x, *others) for x, y in drawn(ax.lines[1]) if y == y)


@pytest.mark.slow
def test_the_page_of_activations():
    axes = activations()
    assert [ax.get_title().split(":")[0] for ax in axes] == [
        "sigmoid", "tanh", "ReLU", "leaky ReLU", "PReLU", "RReLU"]
    assert [len(ax.texts) for ax in axes] == [0, 0, 1, 1, 1, 1]
    assert len(axes[-1].collections) == 2           # where the random slope, and so the function, may be


def test_a_curve_needs_a_range():
    with pytest.raises(ValueError, match="from low to high"):
        curve(mg.relu, 1, 1)


# Training ------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def run():
    """A short training run of a small network, with what fit() and its callback tell of it."""
    random.seed(1)
    model, states = MLP(2, [4, 1]), []
    rng = random.Random(0)
    xs = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(20)]
    ys = [1.0 if x + y > 0 else -1.0 for x, y in xs]
    history = fit(model, xs, ys, lambda m, x, y: (1 - y * m(x)).relu(), SGD(model.parameters(), lr=0.1), epochs=8,
                  callback=lambda model, _: states.append(model.state_dict()), validation=(xs, ys))
    return model, states, history, xs, ys


def test_losses_of_many_steps_have_a_line_of_means():
    steps, means = losses([k % 2 + 1.0 for k in range(400)]).lines
    assert len(steps.get_ydata()) == 400 and set(means.get_ydata()) == {1.5} and len(means.get_ydata()) == 50
    assert list(means.get_xdata()[:2]) == [5, 13] and means.get_label() == "mean of 8 steps"
    assert len(losses([1.0] * 199).lines) == 1


@pytest.mark.slow
def test_losses_of_numbers_and_of_a_history(run):
    numbers = losses([4.0, 2.0, 1.0])
    assert drawn(numbers.lines[0]) == [(1, 4), (2, 2), (3, 1)] and numbers.get_yscale() == "linear"
    assert losses([1.0, 1e-6]).get_yscale() == "log" and losses([1.0, 0.0]).get_yscale() == "linear"
    training, validation = losses(run[2]).lines
    assert [y for _, y in drawn(training)] == [record.loss for record in run[2]]
    assert [y for _, y in drawn(validation)] == [record.validation for record in run[2]]


@pytest.mark.parametrize("score", [lambda p: p[0] - 0.25, lambda p: Value(p[0]) - 0.25, lambda p: [Value(p[0]) - 0.25]])
def test_the_boundary_is_where_the_score_changes_sign(score):
    ax = boundary(score, [[-1.0, 0.0], [1.0, 0.5], [0.5, 0.2]], [0, 1, 1])
    line = [path for path in ax.collections[-1].get_paths() if len(path.vertices)]
    assert all(x == pytest.approx(0.25) for path in line for x, _ in path.vertices) and line
    circles, crosses = ax.lines
    assert (circles.get_marker(), crosses.get_marker()) == ("o", "x")
    assert (len(drawn(circles)), drawn(crosses)) == (2, [(-1, 0)])


def test_gradient_norms_have_their_names_at_the_line():
    ax = gradient_norms({"layers.0": [1e-3, 1e-4], "layers.1": [1.0, 0.5]})
    assert [text.get_text().strip() for text in ax.texts] == ["layers.0", "layers.1"] and ax.get_yscale() == "log"
    assert len({line.get_linestyle() for line in ax.lines}) == len({line.get_marker() for line in ax.lines}) == 2


@pytest.mark.slow
def test_a_replay_shows_boundary_loss_and_weights_and_leaves_the_model_alone(run):
    model, states, history, xs, ys = run
    before = model.state_dict()
    *frames, loss, weights = replay(model, states, history, xs, ys)
    assert [ax.get_title() for ax in frames] == ["step 1", "step 3", "step 6", "step 8"]
    assert {(ax.get_xlabel(), ax.get_ylabel()) for ax in frames} == {("x", "y")}
    lines = [drawn(line) for line in weights.lines if len(line.get_xdata()) == len(states)]
    assert len(lines) == len(model.parameters()) and len(loss.lines) == 2 + len(frames)
    told_apart = [(line.get_linestyle(), line.get_marker()) for line in weights.lines if line.get_marker() != "None"]
    assert len(told_apart) == len(lines) and len(set(told_apart)) == min(20, len(lines))
    assert model.state_dict() == before == states[-1]
    outlines = [[path.vertices.tolist() for path in ax.collections[-1].get_paths()] for ax in frames]
    assert outlines[0] != outlines[-1]


def test_a_replay_needs_a_state_for_each_step(run):
    model, states, history, xs, ys = run
    with pytest.raises(ValueError, match="a state for each step"):
        replay(model, states[1:], history, xs, ys)


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=re.escape(install("plot"))):
        canvas()


def test_nothing_of_this_is_imported_by_the_engine():
    import subprocess
    import sys
    code = "import microgradx, microgradx.show, sys; print({'matplotlib', 'graphviz', 'pygraphviz'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
