"""The page in a real browser: what the graph shows when it is looked at more closely, played, zoomed and moved."""
import itertools
import math
import random

import pytest

from microgradx import Value, gradients, relu, square, steps, tape
from microgradx.naming import brief
from microgradx.nn import MLP
from microgradx.show.web.page import to_html

from ...browser import browser, look
from .test_browser import Page, bent, key, neuron, plain

__all__ = ["browser"]                   # a fixture
pytestmark = pytest.mark.slow


def mlp(*sizes):
    random.seed(1)
    model = MLP(2, list(sizes))
    return model, square(model([Value(1.0, "a"), Value(-2.0, "b")]) - 1).named("loss")


class Model(Page):
    """The page of a model's loss."""

    def __init__(self, browser, tmp_path, *sizes):
        self.model, self.root = mlp(*sizes)
        super().__init__(browser, self.root, tmp_path)
        path = tmp_path / "model.html"
        path.write_text(to_html(self.root, params=self.model), encoding="ascii")
        browser.get(path.as_uri())


def test_weights_have_their_names_and_layers_are_boxes(browser, tmp_path):
    page = Model(browser, tmp_path, 8, 8, 1)
    boxes = page.run("return [...document.querySelectorAll('#picture .boxes > g')].map((g) => g.dataset.name)")
    assert {"a", "b", "layers.0", "layers.1", "layers.2", "loss"} <= set(boxes) and len(boxes) < 10
    page.browser.find_element("css selector", "[data-name='layers.0']").click()
    page.browser.find_element("css selector", "[data-name='neurons.3']").click()
    assert page.browser.find_elements("css selector", "[data-name='layers.0.neurons.3.w[1]']")
    knobs = [knob["name"] for knob in page.read()["knobs"]]
    assert "layers.2.neurons.0.b" in knobs and len(knobs) == len(page.model.parameters()) + 2
    page.click("fold")
    assert page.run("return document.querySelectorAll('#picture .boxes > g').length") == len(boxes)


def every_path(v, root):
    """The product of slopes along each way from v to the root."""
    uses = [(u, i) for u in tape(root) for i, a in enumerate(u.args) if a is v and u.slopes[i] is not None]
    if v is root:
        return [1.0]
    return [u.slopes[i] * product for u, i in uses for product in every_path(u, root)]


def test_a_value_shows_its_terms_and_its_ways(browser, tmp_path):
    root = bent(2.0)
    page = Page(browser, root, tmp_path)
    page.click("last")
    page.run("choose({node: 0})")
    text = plain(page.find("closer").text)
    w = tape(root)[0]
    terms = [step.contribution for step in steps(root) if step.phase == "backward" and step.target is w]
    assert f"grad(w) = {brief(math.fsum(terms))}" in text and f"A sum of {len(terms)} terms" in text
    listed = [plain(li.text) for li in browser.find_elements("css selector", "#closer ol li")]
    products = sorted(every_path(w, root), key=abs, reverse=True)
    assert [float(line.split(":")[0]) for line in listed] == pytest.approx(products)
    assert math.fsum(products) == pytest.approx(gradients(root, [w])[0])


def test_the_ten_largest_of_many_ways(browser, tmp_path):
    y = Value(0.5, "x")
    for k in range(12):
        y = y * (0.9 + 0.01 * k) + y * y
    page = Page(browser, y, tmp_path)
    page.run("choose({node: 0})")
    listed = [plain(li.text) for li in browser.find_elements("css selector", "#closer ol li")]
    assert "531,441 ways lead to y" in page.find("closer").text             # 3**12
    assert len(listed) == 10
    y = Value(0.5, "x")
    for k in range(6):
        y = y * (0.9 + 0.01 * k) + y * y
    page = Page(browser, y, tmp_path)
    page.run("choose({node: 0})")
    listed = [plain(li.text) for li in browser.find_elements("css selector", "#closer ol li")]
    largest = sorted(every_path(tape(y)[0], y), key=abs, reverse=True)[:10]
    assert [float(line.split(":")[0]) for line in listed] == pytest.approx(largest, rel=1e-5)


def test_an_edge_shows_its_curve_with_the_tangent(browser, tmp_path):
    root = relu((Value(0.0, "w") * Value(2.0, "x")).named("n")).named("y")
    page = Page(browser, root, tmp_path)
    page.run("choose({node: 3, i: 0})")
    assert "the slope is 0 from the left and 1 from the right" in plain(page.find("closer").text)
    assert page.run("return document.querySelectorAll('#closer .curve').length") == 1
    page = Page(browser, neuron(), tmp_path)
    page.run("choose({node: count() - 1, i: 0})")
    assert "tangent of slope 0.5" in page.run("return document.querySelector('.curve').getAttribute('aria-label')")
    page.keys(key("ESCAPE"))
    assert page.find("closer").text.startswith("Press a box")


def test_a_kink_is_named_at_its_step(browser, tmp_path):
    root = relu(Value(0.0, "x")).named("y")
    page = Page(browser, root, tmp_path)
    page.click("last")
    assert page.read()["lines"]["A kink"].startswith("the slope is 0 from the left and 1 from the right")
    page = Page(browser, relu(Value(1e-8, "x")).named("y"), tmp_path)
    page.click("last")
    assert "A kink" not in page.read()["lines"] and "agrees" in page.read()["knobs"][0]["check"]


def test_no_gradient_before_its_step_but_on_request(browser, tmp_path):
    root = neuron()
    page = Page(browser, root, tmp_path)
    assert all(knob["exact"].endswith("= ?") for knob in page.read()["knobs"])
    page.click("told")
    assert not any("?" in knob["exact"] for knob in page.read()["knobs"])
    page.click("told")
    page.click("last")
    assert not any("?" in knob["exact"] for knob in page.read()["knobs"])


def test_one_step_down_and_undo(browser, tmp_path):
    root = bent(-0.5)
    page = Page(browser, root, tmp_path)
    leaves = [v for v in tape(root) if v.op is None]
    moved = [v.data - 0.05 * g for v, g in zip(leaves, gradients(root, leaves))]
    page.run("byId('rate').value = '0.05'")
    page.click("down")
    assert [knob["field"] for knob in page.read()["knobs"]] == [*map(brief, moved)]
    assert page.run("return state.leaves.filter((x, k) => state.graph.nodes[k].op === null)") == moved
    page.click("down")
    page.click("undo")
    assert [knob["field"] for knob in page.read()["knobs"]] == [*map(brief, moved)]
    page.click("undo")
    assert [knob["field"] for knob in page.read()["knobs"]] == [brief(v.data) for v in leaves]
    assert not page.find("undo").is_enabled()


def test_a_slider_follows_what_is_typed(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.write("leaf-0", "500")
    page.run("document.activeElement.blur()")
    assert page.run("return document.querySelector('.knob input[type=range]').valueAsNumber") == 500


def test_the_pulse_lands_before_the_sum_shows_it(browser, tmp_path):
    root = neuron()
    page = Page(browser, root, tmp_path)
    look(browser, motion="no-preference")
    page.run("change({speed: 0.05}); go(count()); byId('next').click()")
    assert plain(page.run("return document.querySelector('.pulse text').textContent")) == "1 x 0.5 = 0.5"
    assert page.read()["boxes"][-2]["grad"] == ""       # of n, until it lands
    page.run("change({speed: 50})")
    page.wait("return document.querySelectorAll('.pulse').length === 0")
    assert page.read()["boxes"][-2]["grad"] == "grad 0.5"
    look(browser)
    page.click("next")                                  # who prefers reduced motion sees none
    assert page.run("return state.flight === null && document.querySelectorAll('.pulse').length === 0")


def test_it_plays_to_the_end_and_stops(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.run("change({speed: 100}); byId('play').click()")
    page.wait("return !state.playing")
    assert page.run("return state.at === lastStep()") and "Play" in page.find("play").text


def test_lines_keep_width_and_sign_of_what_flowed(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.click("last")
    page.run("go(lastStep())")
    seen = page.run("return [...document.querySelectorAll('#picture .lines > g')].map((g) => "
                    "[g.getAttribute('aria-label'), g.classList.contains('minus'), "
                    "parseFloat(g.querySelector('.line').style.strokeWidth)])")
    for label, minus, width in seen:
        contribution = float(label.rsplit(" ", 1)[1])
        assert minus == (contribution < 0) and (width > 1.4) == (contribution != 0), label


def test_the_graph_fits_its_window_and_zooms(browser, tmp_path):
    for width, make in itertools.product((390, 768, 1200, 1280, 1440), (neuron, lambda: mlp(2, 1)[1])):
        page = Page(browser, make(), tmp_path)
        look(browser, width, 900)
        page.run("picture.viewport.fit()")
        assert page.run("""
          const seen = picture.svg.getBoundingClientRect();
          return document.documentElement.scrollWidth <= innerWidth && picture.boxes.every(({all}) => {
            const box = all.getBoundingClientRect();
            return box.left >= seen.left - 1 && box.right <= seen.right + 1 && box.top >= seen.top - 1
              && box.bottom <= seen.bottom + 1;
          })"""), width
    before = page.run("return picture.svg.getAttribute('viewBox')")
    page.run("byId('picture').scrollIntoView()")
    page.keys("+")
    assert page.run("return picture.svg.getAttribute('viewBox')") != before
    page.keys("f")
    assert page.run("return picture.svg.getAttribute('viewBox')") == before


def test_board_and_graph_keep_their_height(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    heights = set()
    for k in range(len(steps(neuron()))):
        page.run(f"go({k})")
        heights.add(page.run("return byId('board').offsetHeight + 10000 * byId('picture').offsetHeight"))
    assert len(heights) == 1


def test_boxes_and_lines_are_reached_and_spoken(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    parts = browser.find_elements("css selector", "#picture [role=button]")
    assert len(parts) == len(tape(neuron())) + 9 and all(part.accessible_name for part in parts)
    page.run("document.querySelector('#picture .boxes > g').focus()")
    page.keys(key("ENTER"))
    assert "grad(w1)" in page.find("closer").text
    assert page.run("return document.querySelectorAll('[aria-hidden=true] :is(button, input, [tabindex])').length") == 0
