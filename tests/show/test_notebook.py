"""What a notebook shows, run and saved: the page in a frame, the picture as an image, and never a name as markup."""
import base64
import sys
import types
import xml.etree.ElementTree

import pytest

from microgradx import Value, stepper, tape
from microgradx.show import notebook
from microgradx.show.notebook import Stepper, mimebundle, running
from microgradx.show.picture import drawing
from microgradx.show.terminal.transcript import transcript
from microgradx.show.web.page import to_html

from ..browser import browser, look
from ..hostile import LABELS
from ..markup import Elements

__all__ = ["browser"]                   # a fixture


def neuron():
    return (Value(0.5, "w") * Value(2.0, "x") + Value(-0.3, "b")).tanh().named("y")


def image(markup):
    """The SVG in the image of a piece of HTML."""
    [source] = [attrs["src"] for tag, attrs in Elements(markup).found if tag == "img"]
    kind, _, data = source.partition(",")
    assert kind == "data:image/svg+xml;base64"
    return base64.b64decode(data)


needs_graphviz = pytest.mark.skipif("<pre>" in notebook.picture(neuron()), reason="there is no Graphviz here")


def test_a_stepper_is_the_page_in_a_frame_that_reaches_nothing():
    shown = Stepper(neuron(), "A neuron")._repr_mimebundle_(include=None, exclude=None)
    tag, attrs = Elements(shown["text/html"]).found[0]
    assert tag == "iframe" and attrs["srcdoc"] == to_html(neuron(), "A neuron")
    assert attrs["sandbox"] == "allow-scripts" and attrs["title"]
    assert shown["text/plain"] == "\n".join(transcript(neuron()))


@needs_graphviz
def test_beside_the_frame_stands_a_picture_that_a_saved_notebook_keeps():
    shown = Stepper(neuron())._repr_mimebundle_()["text/html"]
    assert xml.etree.ElementTree.fromstring(image(shown)).tag == "{http://www.w3.org/2000/svg}svg"


@needs_graphviz
def test_a_value_shows_its_picture():
    bundle = mimebundle(neuron())
    assert [tag for tag, _ in Elements(bundle["text/html"]).found] == ["img"]
    assert b"tanh" in image(bundle["text/html"])
    assert bundle["text/plain"] == repr(neuron())


def test_a_leaf_is_its_text():
    assert mimebundle(Value(2.0, "w")) == {"text/plain": "Value(data=2.0, grad=0.0, label='w')"}


@pytest.mark.parametrize("error", [ImportError, RuntimeError])
def test_without_graphviz_the_tree_stands_for_the_picture(monkeypatch, error):
    def draw(root):
        raise error("no Graphviz")
    monkeypatch.setattr(drawing, "draw", draw)
    root = (Value(1.0, "<b>") + 1).named("</pre>")
    markup = mimebundle(root)["text/html"]
    assert [tag for tag, _ in Elements(markup).found] == ["pre"] and "&lt;b&gt;" in markup
    assert Elements(Stepper(root)._repr_mimebundle_()["text/html"]).found[1][0] == "pre"


@pytest.mark.parametrize("label", LABELS, ids=lambda label: ascii(label)[:30])
def test_no_name_becomes_markup(label):
    root = (Value(0.5, label) * Value(2.0, label)).named(label)
    for markup in (Stepper(root, label)._repr_mimebundle_()["text/html"], mimebundle(root)["text/html"]):
        assert {tag for tag, _ in Elements(markup).found} <= {"iframe", "img", "pre"}
        markup.encode()                                 # half a surrogate pair would stop the notebook from saving


def test_looking_changes_nothing():
    root = neuron()
    root.backward()
    before = [(v.data, v.grad) for v in tape(root)]
    Stepper(root)._repr_mimebundle_()
    mimebundle(root)
    assert [(v.data, v.grad) for v in tape(root)] == before


def test_too_large_a_graph_is_refused_at_once():
    x = Value(1.0)
    for _ in range(2000):
        x = x + 1
    with pytest.raises(ValueError, match="2,001 values"):
        Stepper(x)


def test_whether_a_notebook_runs_this(monkeypatch):
    def shell(**members):
        return types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(**members))

    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setitem(sys.modules, "marimo", None)
    assert not running()
    monkeypatch.setitem(sys.modules, "IPython", shell())
    assert not running()                                # IPython in a terminal
    monkeypatch.setitem(sys.modules, "IPython", shell(kernel=object()))
    assert running()
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setitem(sys.modules, "marimo", types.SimpleNamespace(running_in_notebook=lambda: True))
    assert running()


@pytest.mark.slow
def test_the_page_steps_inside_a_notebook(browser, tmp_path):
    look(browser)
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><p>In</p>{Stepper(neuron())._repr_mimebundle_()['text/html']}", encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())
    browser.switch_to.frame(0)
    browser.find_element("id", "last").click()
    assert browser.find_element("id", "heading").text.endswith("hands its gradient back to x")
    field = browser.find_element("id", "leaf-0")
    field.click()
    field.send_keys("-1")
    assert browser.find_element("id", "result").text == "y = \u22120.980096, was 0.604368"
    browser.find_element("id", "predict").click()
    assert browser.find_element("id", "answer").is_displayed()
    browser.switch_to.default_content()
    [picture] = browser.find_elements("css selector", "img") or [None]
    assert picture is None or int(picture.get_property("naturalWidth")) > 100
    assert browser.get_log("browser") == []


def test_a_value_shows_itself_and_stepper_shows_the_page(monkeypatch):
    bundle = neuron()._repr_mimebundle_()
    assert bundle["text/html"] == notebook.picture(neuron())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(
        get_ipython=lambda: types.SimpleNamespace(kernel=1)))
    shown = stepper(neuron())
    assert isinstance(shown, notebook.Stepper)
