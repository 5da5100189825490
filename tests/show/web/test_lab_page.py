"""The lab as text: one small file that reaches for nothing; models of one's own; what it cannot show is refused."""
import json
import random
import re

import pytest

import microgradx
from microgradx import Value
from microgradx.nn import MLP, Linear, ReLU, Residual, Sequential, Softmax, Tanh
from microgradx.nn.activation import LeakyReLU
from microgradx.show.web.bundle import CORE, STEP, asset
from microgradx.show.web.kernels import UNITS
from microgradx.show.web.lab import LAB, READER, lab

from .test_page import Parsed

XS, YS = [[0.5, -1.0], [1.0, 0.25]], [1, -1]


def data(page):
    return json.loads(Parsed(page).texts("script", id="data")[0])


def test_it_is_one_small_plain_file_with_a_strict_policy():
    page = lab()
    assert len(page) <= 350_000 and page.isascii() and page == lab()
    parsed = Parsed(page)
    for tag, attrs, _ in parsed.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "img", "form", "a"}
        assert not {"src", "href", "style", "srcdoc"} & set(attrs) and not any(name.startswith("on") for name in attrs)
    [policy] = [attrs["content"] for tag, attrs, _ in parsed.elements if tag == "meta" and "http-equiv" in attrs]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"@import|\bfetch\(|XMLHttpRequest|\beval\(|new Function|innerHTML|outerHTML|document\.write|"
                         r"insertAdjacentHTML|localStorage|new Worker|url\((?!#)", page)


def test_the_graph_of_every_unit_can_be_computed():
    """A unit behind a full layer is a dot of its units and a bias: the page has the row at this length."""
    found = data(lab())["rules"]
    assert all(f"dot{2 * (n + 1)}" in found for n in range(1, UNITS + 1)) and "softplus" in found


FILES = ["core/math.js", *CORE, *READER, *STEP, "step/page.js", "lab/data_in.js", *LAB]


def test_every_script_is_short_and_says_what_it_is():
    for name in FILES:
        lines = asset(name).splitlines()
        assert lines[0].startswith("// ") and max(map(len, lines)) <= 120 and len(lines) <= 200, name


def test_no_name_is_declared_twice():
    """All scripts of a page share one scope: a second function of a name would replace the first without a word."""
    found = [name for file in FILES if file != "step/page.js"
             for name in re.findall(r"^(?:const|let|function|class) (\w+)", asset(file), re.MULTILINE)]
    assert len(found) > 200 and {name for name in found if found.count(name) > 1} == set()


def test_no_derivative_is_written_by_hand():
    """Where numbers flow back, slopes come from the rows: no function of Math stands in those files."""
    for name in ("core/engine.js", "lab/network.js", "lab/trainer.js", "lab/scalar.js"):
        body = asset(name).partition("// First weights")[0]
        assert not re.search(r"Math\.(exp|tanh|cosh|sinh|sin|cos|log|pow|sqrt)\b|\*\*", body), name


@pytest.mark.parametrize("model, layers", [
    (lambda: Sequential(Linear(2, 3), Tanh(), Linear(3, 1)), [("tanh", 3)]),
    (lambda: Sequential(Linear(2, 3, bias=False), LeakyReLU(), Linear(3, 8), Linear(8, 1)),
     [("leaky_relu", 3), ("identity", 8)]),
    (lambda: Sequential(Linear(2, 1)), []),
    (lambda: MLP(2, [4, 3, 1]), [("relu", 4), ("relu", 3)]),
])
def test_models_become_settings_and_weights(model, layers):
    random.seed(1)
    made = model()
    before = [v.data for v in made.parameters()]
    given = data(lab(made, XS, YS))["given"]
    assert [(layer["act"], layer["units"]) for layer in given["config"]["layers"]] == layers
    assert set(before) <= set(given["weights"]) and [v.data for v in made.parameters()] == before
    assert given["config"]["own"] == [{"x": [0.5, -1.0], "t": 1.0}, {"x": [1.0, 0.25], "t": -1.0}]


def test_a_curve_and_other_kinds_of_data():
    model = Sequential(Linear(1, 2), Tanh(), Linear(2, 1))
    assert data(lab(model, [0.5, [1.0]], [7.0, [8.0]]))["given"]["config"]["loss"] == "squared"
    zeros = data(lab(Sequential(Linear(2, 1)), ((0, 1), (1, 0)), [0, True]))["given"]["config"]["own"]
    assert [point["t"] for point in zeros] == [-1.0, 1.0]


@pytest.mark.parametrize("model, xs, ys, error, says", [
    (lambda: Sequential(Linear(2, 1)), None, None, TypeError, r"lab\(model, xs, ys\)"),
    (lambda: Value(1.0), XS, YS, TypeError, "Sequential"),
    (Sequential, XS, YS, ValueError, "no Linear"),
    (lambda: Sequential(Tanh(), Linear(2, 1)), XS, YS, ValueError, "one activation"),
    (lambda: Sequential(Linear(2, 2), Tanh(), ReLU(), Linear(2, 1)), XS, YS, ValueError, "one activation"),
    (lambda: Sequential(Linear(2, 2), LeakyReLU(0.3), Linear(2, 1)), XS, YS, ValueError, "cannot show"),
    (lambda: Sequential(Linear(2, 2), Softmax()), XS, YS, ValueError, "cannot show"),
    (lambda: Sequential(Linear(2, 2), Residual(Linear(2, 2)), Linear(2, 1)), XS, YS, ValueError, "cannot show"),
    (lambda: Sequential(Linear(2, 2)), XS, YS, ValueError, "one output"),
    (lambda: Sequential(Linear(2, 1), Tanh()), XS, YS, ValueError, "without an activation"),
    (lambda: Sequential(Linear(2, 9), Tanh(), Linear(9, 1)), XS, YS, ValueError, "8 units"),
    (lambda: MLP(2, [2] * 7 + [1]), XS, YS, ValueError, "6 hidden layers"),
    (lambda: Sequential(Linear(2, 2), Tanh(), Linear(3, 1)), XS, YS, ValueError, "3 inputs behind 2 units"),
    (lambda: Sequential(Linear(3, 1)), [[1, 2, 1]], [1], ValueError, "1 or 2 inputs"),
    (lambda: Sequential(Linear(2, 1)), XS, [1], ValueError, "as many targets"),
    (lambda: Sequential(Linear(2, 1)), [], [], ValueError, "1 to 500"),
    (lambda: Sequential(Linear(2, 1)), [[0.0, 5.0]], [1], ValueError, "scale the data"),
    (lambda: Sequential(Linear(2, 1)), [[0.0, float("nan")]], [1], ValueError, "from -2 to 2"),
    (lambda: Sequential(Linear(2, 1)), [[0.0]], [1], ValueError, "expected 2 numbers"),
    (lambda: Sequential(Linear(2, 1)), [[0.0, 1.0]], [3], ValueError, "classes 1 and -1"),
    (lambda: Sequential(Linear(1, 1)), [0.0], [float("inf")], ValueError, "finite"),
])
def test_what_it_cannot_show_is_refused(model, xs, ys, error, says):
    with pytest.raises(error, match=says):
        lab(model(), xs, ys)


def test_a_notebook_shows_it_in_a_frame():
    page = microgradx.lab()
    assert page._repr_html_().startswith('<iframe sandbox="allow-scripts" title="microgradx lab"')
