"""Boxes that open, by mouse and by keys: each value inside is in one box of what opens, and no name is markup."""
import math
import random
import re

import pytest

from microgradx import Value, scope
from microgradx.show.picture import opening
from microgradx.show.picture.drawing import draw, picture
from microgradx.show.picture.opening import views
from microgradx.show.picture.render import save
from microgradx.show.web.page import to_html

from ...browser import browser, look
from ...budget import sweep
from ...hostile import LABELS
from ...markup import Elements
from .nets import attention, conv, lstm, moons, neuron, own_rnn, rnn, vanishing

__all__ = ["browser"]                   # a fixture
pytest.importorskip("pygraphviz", reason="rendered with pygraphviz; no wheel here")


def layers(names=("first", "second")):
    """Two scopes that open, in a graph that is larger than a screen."""
    x = Value(0.5, "x")
    for name in names:
        with scope(name):
            for k in range(10):
                x = (x * Value(0.9, f"w{k}")).tanh()
    return x, None


@pytest.mark.parametrize("make", [rnn, layers, *(pytest.param(net, marks=pytest.mark.slow) for net in (
    lambda: moons(20), own_rnn, lstm, attention, conv, vanishing))])
def test_what_is_in_a_box_is_in_one_box_of_the_picture_that_opens(make):
    random.seed(1)
    found = views(picture(*make()))
    assert len(found) > 1 or make is conv
    assert sum(len(view.picture.ids) for view in found) <= max(opening.BOXES, len(found[0].picture.ids))
    assert sorted(k for view in found for k in view.opens.values()) == list(range(1, len(found)))       # a tree
    for view in found:
        boxes = {name: box for box, name in view.picture.ids.items()}
        for name, k in view.opens.items():
            inner, box = found[k].picture.sketch, boxes[name]
            assert sorted(map(id, box.values)) == sorted(id(v) for b in inner.grouping.boxes for v in b.values)
            assert math.hypot(*(math.hypot(*(inner.grads[v] for v in b.values)) for b in inner.grouping.boxes)
                              ) == pytest.approx(view.picture.sketch.gradient(box))
            assert len(inner.grouping.boxes) > 1 and found[k].title == box.title


def test_a_page_has_so_many_boxes_at_most(monkeypatch):
    whole = picture(*layers())
    monkeypatch.setattr(opening, "BOXES", len(whole.ids))
    assert len(views(whole)) == 1
    monkeypatch.setattr(opening, "VALUES", 3)
    monkeypatch.setattr(opening, "BOXES", 10_000)
    assert len(views(whole)) == 1


def test_opening_changes_nothing():
    root, params = layers()
    root.backward()
    before = root.args[0].grad
    drawing = draw(root, params)
    source = drawing.source
    drawing.page()
    assert drawing.source == source and root.args[0].grad == before


def test_the_page_is_one_file_with_the_policy_of_the_other_pages(tmp_path):
    drawing = draw(*layers())
    page = drawing.page()
    policy = r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">'
    ours, theirs = (re.sub("sha256-[^']*", "", re.search(policy, text)[1]) for text in (page, to_html(neuron()[0])))
    assert ours == theirs and "default-src 'none'" in ours
    assert page.isascii() and not re.search(r"(src|href)=", page) and " style=" not in page
    save(drawing, tmp_path / "graph.html")
    assert (tmp_path / "graph.html").read_text().removesuffix("<!-- microgradx -->\n") == page


@pytest.mark.slow
@sweep(6)
@pytest.mark.parametrize("label", LABELS, ids=lambda label: ascii(label)[:30])
def test_no_name_becomes_markup(label):
    page = draw(*layers((label.replace(".", "")[:80], "second"))).page()
    tags = {tag for tag, _ in Elements(page).found}
    assert tags <= {"html", "head", "meta", "title", "style", "body", "header", "h1", "p", "noscript", "nav", "main",
                    "section", "svg", "g", "polygon", "path", "text", "ellipse", "polyline", "a", "script"}
    assert page.count("</script>") == 2


@pytest.mark.slow
def test_a_notebook_shows_the_page_over_the_image_that_stays_without_it():
    """A notebook that is not trusted loses the frame."""
    shown = draw(*layers())._repr_mimebundle_()["text/html"]
    kinds = [tag for tag, _ in Elements(shown).found]
    assert kinds == ["div", "div", "img", "iframe"]
    frame = Elements(shown).found[-1][1]
    assert frame["sandbox"] == "allow-scripts" and frame["srcdoc"].startswith("<!doctype html>")
    assert layers()[0]._repr_mimebundle_()["text/html"].count("<iframe") == 1
    assert [tag for tag, _ in Elements(draw(*neuron())._repr_mimebundle_()["text/html"]).found] == ["img"]


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_a_box_opens_at_a_click_and_by_keys_and_closes_again(browser, tmp_path, width):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys):
        ActionChains(browser).send_keys(*keys).perform()

    def state():
        """The titles of the trail, which views are seen, and what has the focus."""
        return browser.execute_script("""return [
            [...document.querySelectorAll("#trail button")].map((button) => button.textContent).join(" > "),
            [...document.querySelectorAll(".view")].filter((view) => view.offsetHeight > 0).length,
            document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent]""")

    look(browser, width, 900)
    path = tmp_path / "notebook.html"
    random.seed(1)
    path.write_text(f"<!doctype html>{draw(*moons(10))._repr_mimebundle_()['text/html']}", encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())
    browser.switch_to.frame(0)
    assert state()[:2] == ["the graph", 1]
    box, = browser.find_elements("css selector", '.view:not([hidden]) [aria-label="Open layers.0"]')
    box.click()
    assert state() == ["the graph > layers.0", 1, "layers.0"]
    press(Keys.TAB, Keys.ENTER)
    assert state()[0].startswith("the graph > layers.0 > neurons.") and state()[1] == 1
    press(Keys.ESCAPE)
    opened, _, focused = state()
    assert opened == "the graph > layers.0" and focused.startswith("Open neurons.")
    ring = browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    browser.find_element("css selector", "#trail button").click()
    assert state() == ["the graph", 1, "Open layers.0"]
    press(" ")
    assert state()[0] == "the graph > layers.0"
    press(Keys.ESCAPE, Keys.ESCAPE)                         # the second has nothing to close
    assert state()[0] == "the graph" and browser.get_log("browser") == []
