"""The page in a real browser: every number it shows is the engine's, and it can be used by mouse, keys and ear."""
import math
import random

import pytest

from microgradx import Value, gradients, maximum, relu, square, sum, take, tanh, tape, where
from microgradx.naming import brief, names
from microgradx.reductions import dot
from microgradx.show.web.page import to_html
from microgradx.step import steps

from ...browser import browser, look
from ...budget import PATIENCE
from ...hostile import LABELS

__all__ = ["browser"]                   # a fixture
pytestmark = pytest.mark.slow

READ = """
const texts = (place) => [...document.querySelectorAll(place)].map((found) => found.textContent);
return {
  place: byId("place").textContent, heading: byId("heading").textContent, heard: byId("heard").textContent,
  lines: Object.fromEntries([...byId("lines").children].map(
    (line) => [line.querySelector("dt").textContent, line.querySelector("dd").textContent])),
  boxes: [...document.querySelectorAll("#picture .boxes > g")].map((box) => ({
    name: box.dataset.name, data: box.querySelector(".data").textContent,
    grad: box.querySelector(".grad").textContent, classes: [...box.classList]})),
  slopes: texts("#picture .slope").filter((text) => text),
  knobs: [...document.querySelectorAll(".knob")].map((knob) => ({
    name: knob.querySelector("label").textContent, field: knob.querySelector("input[type=text]").value,
    exact: knob.querySelector(".exact").textContent, check: knob.querySelector(".check").textContent})),
  result: byId("result").textContent, verdict: byId("verdict").textContent,
}"""


LINES = {"Formula", "Slope", "In numbers", "Contribution", "Gradient"}      # of the board that are formulas
TYPED = str.maketrans({"\u2212": "-", "\u22c5": "*", "\u00d7": "x"})


class Page:
    """A page that is open in the browser."""

    def __init__(self, browser, root, tmp_path, title=None):
        self.browser = browser
        look(browser)
        path = tmp_path / "page.html"
        path.write_text(to_html(root, title), encoding="ascii")
        browser.get_log("browser")
        browser.get(path.as_uri())

    def find(self, id):
        return self.browser.find_element("id", id)

    def click(self, id, times=1):
        for _ in range(times):
            self.find(id).click()

    def keys(self, *keys):
        """Typed where the focus is."""
        from selenium.webdriver import ActionChains
        ActionChains(self.browser).send_keys(*keys).perform()

    def write(self, id, text):
        """Into a field, in place of what is there (the focus selects it)."""
        self.find("place").click()
        self.find(id).click()
        self.keys(text)

    def read(self):
        return plain(self.browser.execute_script(READ))

    def run(self, script):
        return self.browser.execute_script(script)

    def wait(self, script):
        """Until it returns true."""
        from selenium.webdriver.support.wait import WebDriverWait
        WebDriverWait(self.browser, PATIENCE).until(lambda _: self.run(script))


def plain(found):
    """Typographic signs as they are typed, spaces left out of formulas."""
    if isinstance(found, dict):
        return {key: plain(text).replace(" ", "") if key in LINES else plain(text) for key, text in found.items()}
    if isinstance(found, list):
        return [plain(text) for text in found]
    return found.translate(TYPED)


def key(name):
    from selenium.webdriver import Keys
    return getattr(Keys, name)


def neuron(w1=-3.0, x1=2.0, w2=1.0, x2=0.0, b=6.8813735870195432, act=tanh):
    w1, x1, w2, x2, b = (Value(x, name) for x, name in zip((w1, x1, w2, x2, b), ("w1", "x1", "w2", "x2", "b")))
    return act((w1 * x1 + w2 * x2 + b).named("n")).named("y")


def bent(w, x=1.5, act=relu):
    """A neuron whose weight is used four times, on both sides of a kink."""
    w, x = Value(w, "w"), Value(x, "x")
    return square(act((w * x).named("n")) + maximum(w, x) - where(w < x, w, x)).named("y")


def check_step(shown, root, k):
    """Everything the page shows at step k is what the engine says of it."""
    events, order = steps(root), tape(root)
    step, count = events[k], len(order)
    called = names(root)
    node, target = called[step.node], called[step.target]
    if step.phase == "forward":
        assert shown["place"] == f"Forward {k + 1} of {count}" and shown["heading"].startswith(node)
        assert shown["heard"].endswith(f"{node} = {brief(step.node.data)}.")
        line = shown["lines"]["In numbers" if step.op else "Data"]
        assert line.replace(" ", "").endswith(f"={brief(step.node.data)}")
    else:
        assert shown["place"] == f"Backward {k + 1 - count} of {len(events) - count}"
        if step.i is not None:
            check_way_back(shown, step, node, target)
    check_picture(shown, events[:k + 1], order)
    check_panel(shown, root, events[:k + 1])


def check_way_back(shown, step, node, target):
    use = f"use {step.use} of {step.uses}: " if step.uses > 1 else "its only use: "
    use += "complete" if step.use == step.uses else "more to come"
    assert shown["heading"] == f"{node} hands its gradient back to {target}"
    assert shown["heard"].endswith(f"contribution {brief(step.contribution)}, grad({target}) = {brief(step.after)}, "
                                   f"{use}.")
    lines = shown["lines"]
    assert lines["Gradient"].endswith(use.replace(" ", ""))
    if step.slope is None:
        assert "no gradient flows" in lines["Slope"].replace("nogradientflows", "no gradient flows")
        return
    number = lines.get("In numbers", lines["Slope"])
    assert number.endswith(f"={brief(step.slope)}") and lines["Slope"].startswith(f"d{node}d{target}=")
    if step.incoming:
        slope = brief(step.slope) if step.slope >= 0 else f"({brief(step.slope)})"
        assert lines["Contribution"] == (f"grad({node})*d{node}d{target}={brief(step.incoming)}*{slope}"
                                         f"={brief(step.contribution)}")
    total = step.sum.replace(" ", "")
    if step.use == step.uses:
        assert lines["Gradient"] == f"grad({target})={total}{use.replace(' ', '')}"
    elif step.uses <= 6:
        assert lines["Gradient"].startswith(f"grad({target})={total.split('=')[0]}+grad(")


def check_picture(shown, past, order):
    for v, box in zip(order, shown["boxes"]):
        gifts = [step for step in past if step.phase == "backward" and step.target is v]
        made = any(step.phase == "forward" and step.node is v for step in past)
        assert box["data"] == (four(v.data) if made else "")
        more = " + …" if gifts and gifts[-1].use < gifts[-1].uses else ""
        assert box["grad"] == (f"grad {four(gifts[-1].after)}{more}" if gifts else "")
        assert ("now" in box["classes"]) == (past[-1].target is v) and ("future" in box["classes"]) == (not made)
    passed = {(step.node, step.i): step.slope for step in past if step.i is not None}
    here = past[-1].node, past[-1].i
    uses = [(v, i) for v in order for i in range(len(v.args)) if len(v.args) <= 4 or (v, i) == here]
    assert shown["slopes"] == [f"x {four(passed[use])}" for use in uses if passed.get(use) is not None]


def four(x):
    """Four digits, as in a box."""
    return f"{x + 0.0:.4g}"


def check_panel(shown, root, past):
    leaves = [v for v in tape(root) if v.op is None]
    called = names(root)
    for v, grad, knob in zip(leaves, gradients(root, leaves), shown["knobs"], strict=True):
        assert (knob["name"], knob["field"]) == (called[v], brief(v.data))
        done = any(step.phase == "backward" and step.target is v and step.use == step.uses for step in past)
        assert knob["exact"] == f"d{called[root]}/d{called[v]} = {brief(grad) if done else '?'}"
        assert knob["check"].startswith(("differences: ", "a kink: ")) if done else knob["check"] == ""
        if done and "kink" not in knob["check"]:
            value = float(knob["check"].split()[1])
            assert value == pytest.approx(grad, rel=1e-5, abs=1e-9) and knob["check"].endswith("agrees")
    assert shown["result"].startswith(f"{called[root]} = {brief(root.data)}")


def check_every_step(page, root):
    """From the first step on, click by click, and all the way back."""
    page.click("first")
    seen = []
    for k in range(len(steps(root))):
        seen.append(page.read())
        check_step(seen[-1], root, k)
        page.click("next")
    assert page.read() == seen[-1]                      # there is nothing after the last
    for earlier in reversed(seen[:-1]):
        page.click("back")
        assert page.read() == earlier


# Stepping ------------------------------------------------------------------------------------------------------

def test_every_number_of_a_neuron(browser, tmp_path):
    root = neuron()
    check_every_step(Page(browser, root, tmp_path), root)


def test_every_number_of_a_bent_neuron(browser, tmp_path):
    root = bent(-0.5)
    check_every_step(Page(browser, root, tmp_path), root)


def test_a_wrong_number_would_be_found(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.click("last")
    shown = page.read()
    k = len(steps(neuron())) - 1
    check_step(shown, neuron(), k)
    with pytest.raises(AssertionError):
        check_step(shown, neuron(x1=2.01), k)
    with pytest.raises(AssertionError):
        check_step(shown, neuron(), k - 1)


@pytest.mark.parametrize("leaf", [0.5, math.nan, -math.inf])
def test_a_leaf_alone_and_numbers_that_are_none(browser, tmp_path, leaf):
    page = Page(browser, Value(leaf, "x"), tmp_path)
    assert page.read()["boxes"][0]["data"] == brief(leaf)
    page.click("last")
    assert page.read()["heard"] == "Backward 1 of 1. The way back begins: how x changes with itself. grad(x) = 1."


def test_slider_and_keys_step(browser, tmp_path):
    root = neuron()
    page = Page(browser, root, tmp_path)
    last = len(steps(root)) - 1
    body = [(key("ARROW_RIGHT"), 1), (key("ARROW_RIGHT"), 2), (key("ARROW_LEFT"), 1), (key("END"), last),
            (key("ARROW_RIGHT"), last), (key("HOME"), 0), (key("ARROW_LEFT"), 0)]
    for pressed, at in body:
        page.keys(pressed)
        check_step(page.read(), root, at)
    page.run("byId('slider').focus()")
    for pressed, at in body:                            # the slider's own keys: once, not twice
        page.keys(pressed)
        check_step(page.read(), root, at)
    assert page.find("slider").get_attribute("aria-valuetext") == "Forward 1 of 10"


def test_a_box_leads_to_its_step(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    boxes = browser.find_elements("css selector", "#picture .boxes > g")
    boxes[2].click()
    assert page.read()["place"] == "Forward 3 of 10"
    page.click("last")
    boxes[0].click()
    assert page.read()["heading"] == "v1 hands its gradient back to w1"


def test_the_table_tells_what_the_picture_shows(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.find("all").click()
    page.click("next", 11)
    rows = [[cell.text for cell in row.find_elements("css selector", "th, td")]
            for row in browser.find_elements("css selector", "#rows tr")]
    boxes = page.read()["boxes"]
    for (name, _, data, grad), box in zip(plain(rows), boxes, strict=True):        # six digits, in the picture four
        assert (name, four(float(data))) == (box["name"], box["data"])
        assert grad.split()[:1] == box["grad"].split()[:1]
    browser.find_elements("css selector", "#rows button")[1].click()
    assert page.read()["place"] == "Forward 2 of 10"


# What if -------------------------------------------------------------------------------------------------------

def test_a_weight_crosses_a_kink(browser, tmp_path):
    page = Page(browser, bent(-0.5), tmp_path)
    last = len(steps(bent(-0.5))) - 1
    for w in (0.5, 2.0, -3.0):                          # beyond relu's kink, beyond maximum's and where's, back
        page.write("leaf-0", repr(w))
        page.run("document.activeElement.blur()")
        for k in (5, last - 6, last):
            page.run(f"go({k})")
            check_step(page.read(), bent(w), k)
    page.write("leaf-0", "2")
    check_every_step(page, bent(2.0))
    page.write("leaf-0", "0")
    at_kink = bent(0.0)
    page.click("last")
    shown = page.read()["knobs"][0]
    assert shown["exact"] == f"dy/dw = {brief(gradients(at_kink, [tape(at_kink)[0]])[0])}"
    assert shown["check"] == "a kink: slope -3 from the left, 1.5 from the right"
    page.click("reset")
    page.click("first")
    check_step(page.read(), bent(-0.5), 0)


def test_a_slider_recomputes_at_once(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.click("last")
    page.run("document.querySelector('.knob input[type=range]').focus()")
    page.keys(key("ARROW_RIGHT"), key("ARROW_RIGHT"))
    w1 = float(page.run("return byId('leaf-0').value"))
    assert -3 < w1 < -2.8
    check_step(page.read(), neuron(w1=w1), len(steps(neuron())) - 1)
    assert page.read()["result"].endswith(", was 0.707107")


def test_numbers_are_read(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.click("last")
    for text, x in (("1/4", 0.25), ("-.5", -0.5), ("1e-3", 1e-3), (" 2 ", 2.0), ("\u22121", -1.0), ("+3.", 3.0)):
        page.write("leaf-0", text)
        assert page.read()["boxes"][0]["data"] == brief(x)
        page.run("document.activeElement.blur()")       # the field shows the number again as any other
        v = neuron(w1=x)
        check_panel(page.read(), v, steps(v))


def test_what_is_not_finite_is_shown(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.click("last")
    for text, y in (("inf", "1"), ("-inf", "-1"), ("nan", "nan")):
        page.write("leaf-0", text)
        assert page.read()["result"] == f"y = {y}, was 0.707107" and page.read()["boxes"][0]["data"] == text


def test_what_is_no_number_is_refused(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    for text in ("", "-", "one", "1,5", "0x10", "1e", "1/2/3", "1 2", "alert(1)", "<b>"):
        page.run(f"byId('leaf-0').value = '{text}'; byId('leaf-0').dispatchEvent(new Event('input'))")
        shown = page.read()
        assert shown["knobs"][0]["check"].startswith("write a number") and shown["result"] == "y = 0.707107"
        assert page.find("leaf-0").get_attribute("aria-invalid") == "true"
    page.write("leaf-0", "one")
    page.run("document.activeElement.blur()")           # the box shows the leaf again, and what was wrong is told still
    assert page.find("leaf-0").get_attribute("aria-invalid") == "false"
    knob = page.read()["knobs"][0]
    assert knob["field"] == "-3" and knob["check"].startswith("write a number") and "w1 stays -3" in knob["check"]
    page.write("leaf-0", "-3")
    page.run("document.activeElement.blur()")           # a number ends it
    v = neuron()
    check_panel(page.read(), v, steps(v)[:1])


def test_a_decimal_comma_is_told(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.write("leaf-0", "0,5")
    page.run("document.activeElement.blur()")
    knob = page.read()["knobs"][0]
    assert knob["field"] == "0" and "0.5" in knob["check"] and knob["check"].endswith("w1 stays 0")


def test_an_index_outside_its_list_is_refused(browser, tmp_path):
    table, i = [Value(1.0), Value(2.0), Value(4.0)], Value(2.0, "i")
    page = Page(browser, take(table, i).named("y"), tmp_path)
    page.click("last")
    page.write("leaf-3", "1")
    assert page.read()["result"] == "y = 2, was 4"
    page.write("leaf-3", "3")
    assert "whole number from 0 to 2" in page.read()["knobs"][3]["check"] and page.read()["result"] == "y = 2, was 4"
    page.run("document.activeElement.blur()")
    knob = page.read()["knobs"][3]
    assert (knob["name"], knob["field"], knob["exact"]) == ("i", "1", "dy/di = 0")
    assert "whole number from 0 to 2" in knob["check"] and knob["check"].endswith("i stays 1")
    page.find("leaf-3").click()                         # the next try
    assert page.read()["knobs"][3]["check"] == "differences: not finite nearby"
    assert browser.get_log("browser") == []


def test_a_graph_that_no_longer_belongs_to_its_leaves_is_computed_anew_and_says_so(browser, tmp_path):
    root = neuron()
    assert not Page(browser, root, tmp_path).find("note").is_displayed()
    tape(root)[0].data = 1.0
    page = Page(browser, root, tmp_path)
    assert "v1 was \u22126 when the graph was recorded" in page.find("note").text
    page.click("last")
    check_step(page.read(), neuron(w1=1.0), len(steps(root)) - 1)


# Predict, then reveal ------------------------------------------------------------------------------------------

def test_a_prediction_by_keyboard_alone(browser, tmp_path):
    """From the first key to the last step, with no mouse: right and wrong answers, hints, the score."""
    root = bent(-0.5)
    events, count = steps(root), len(tape(root))
    page = Page(browser, root, tmp_path)
    for _ in range(20):
        page.keys(key("TAB"))
        if page.run("return document.activeElement.id") == "predict":
            break
    page.keys(key("SPACE"))
    page.keys(*[key("ARROW_RIGHT")] * (count + 1))
    right = 0
    for k in range(count + 1, len(events)):
        step, shown = events[k], page.read()
        target = names(root)[step.target]
        assert shown["heard"].endswith(f"What is grad({target})?") and "?" in shown["lines"]["Gradient"]
        assert page.run("return document.activeElement.id") == "answer"
        answer = step.after if k % 2 else step.after + 1
        right += k % 2
        page.keys(repr(answer), key("ENTER"))
        shown = page.read()
        assert shown["verdict"].startswith("Right" if k % 2 else "Not quite")
        assert f"grad({target}) = {brief(step.after)}" in shown["verdict"]
        assert shown["verdict"].endswith(f"{right} of {k - count} right so far.")
        assert shown["lines"]["Gradient"].count("?") == 0
        page.keys(key("ENTER"))                         # the focus is on Next


@pytest.mark.parametrize("anew", ["another number", "reset"])
def test_other_numbers_are_asked_anew(browser, tmp_path, anew):
    root = bent(-0.5)
    page = Page(browser, root, tmp_path)
    page.click("predict")
    page.click("last")
    page.keys("1", key("ENTER"))
    assert page.read()["verdict"] and not page.find("answer").is_displayed()
    if anew == "reset":
        page.click("reset")
    else:
        page.write("leaf-0", "0")
    assert page.find("answer").is_displayed() and page.find("answer").get_attribute("value") == ""
    assert page.read()["verdict"] == ""


def test_nothing_tells_what_is_to_be_predicted(browser, tmp_path):
    """The number stands nowhere on the page before it is asked for, and everywhere after."""
    w = Value(0.123, "w")
    root = (w * 7.77 + Value(1.0, "b")).tanh().named("y")
    answer = brief(steps(root)[-1].after)
    page = Page(browser, root, tmp_path)
    page.find("all").click()
    page.click("predict")
    page.click("last")
    text = plain(page.run("return document.body.innerText"))
    assert answer not in text and page.read()["knobs"][0]["exact"] == "dy/dw = ?"
    page.click("reveal")
    text = plain(page.run("return document.body.innerText"))
    assert text.count(answer) >= 3 and page.read()["knobs"][0]["exact"] == f"dy/dw = {answer}"


def test_a_mistake_is_told(browser, tmp_path):
    a = Value(3.0, "a")
    root = square(a * a * 0.5 + a * 0.7).named("y")
    step = steps(root)[-1]
    page = Page(browser, root, tmp_path)
    for guess, hint in ((-step.after, "the sign is the other"), (step.contribution, "this contribution alone"),
                        (step.slope, "that is the slope"), (step.incoming, "that is the incoming gradient"),
                        (1234.5, f"grad(a) = {brief(step.after)}. ")):
        page.click("predict")                           # off and on again: nothing is told any more
        page.click("first")
        if not page.find("predict").is_selected():
            page.click("predict")
        page.click("last")
        page.keys(repr(guess), key("ENTER"))
        verdict = page.read()["verdict"]
        assert verdict.startswith("Not quite") and hint in verdict, verdict


# Everyone can use it, and nobody can misuse it -----------------------------------------------------------------

def test_it_runs_from_disk_without_a_network_and_without_complaint(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.click("next", 12)
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []


def test_its_policy_stops_foreign_code(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.run("""
      window.hacked = 0;
      const script = document.createElement("script");
      script.textContent = "window.hacked += 1";
      document.body.append(script);
      const button = document.createElement("div");
      button.setAttribute("onclick", "window.hacked += 1");
      document.body.append(button);
      button.click();
      const image = document.createElement("img");
      image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
      document.body.append(image);""")
    assert page.run("return window.hacked") == 0
    assert len([entry for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]]) >= 3


def test_hostile_names_are_shown_as_they_are(browser, tmp_path):
    leaves = [Value(float(k), label) for k, label in enumerate(LABELS)]
    root = dot(leaves, leaves[::-1]).named("</title><script>alert(1)</script>")
    page = Page(browser, root, tmp_path, title="<img src=x onerror=alert(1)>")
    page.find("all").click()
    page.click("last")
    page.click("next")
    shown = page.read()
    assert [box["name"] for box in shown["boxes"]] == plain([*names(root).values()])
    assert page.run("return document.images.length + document.scripts.length") == 2
    assert browser.find_element("tag name", "h1").text == "<img src=x onerror=alert(1)>" == browser.title
    assert browser.get_log("browser") == []


def test_every_control_has_a_name(browser, tmp_path):
    page = Page(browser, neuron(), tmp_path)
    page.find("all").click()
    controls = browser.find_elements("css selector", "button, input, summary, [tabindex]")
    assert len(controls) > 20
    for control in controls:
        assert not control.is_displayed() or control.accessible_name, control.get_attribute("outerHTML")
    assert len({c.accessible_name for c in controls if c.tag_name == "input" and c.is_displayed()}) == 14


def test_it_fits_any_window_and_follows_the_colours_of_the_system(browser, tmp_path):
    page = Page(browser, bent(-0.5), tmp_path)
    page.click("predict")
    for width, scheme in ((320, "light"), (390, "dark"), (1000, "light"), (1920, "dark")):
        look(browser, width, 800, scheme)
        for k in range(len(steps(bent(-0.5)))):
            page.run(f"go({k})")
            assert page.run("return document.documentElement.scrollWidth <= innerWidth"), (width, k)
        paper = page.run("return getComputedStyle(document.body).backgroundColor")
        assert (sum([float(c) for c in paper[4:-1].split(",")]) > 384) == (scheme == "light")


def test_a_graph_of_a_thousand_values(browser, tmp_path):
    rng = random.Random(0)
    xs = [Value(rng.gauss(0, 1)) for _ in range(10)]
    for _ in range(4):
        xs = [tanh(dot([Value(rng.gauss(0, 1)) for _ in xs], xs) + 0.1) for _ in range(14)]
    root = sum([square(x) for x in xs])
    while len(tape(root)) < 1000:
        root = root + 0.5
    page = Page(browser, root, tmp_path)
    events, called = steps(root), names(root)
    assert len(page.read()["boxes"]) <= 25              # groups of neighbours
    for k in (0, len(tape(root)) + 50, len(events) - 1):
        page.run(f"byId('slider').value = {k}; byId('slider').dispatchEvent(new Event('input'))")
        page.run("const k = eventAt(state.at)?.target ?? state.at;"
                 "change({open: aroundNode(state.graph.nodes, k, state.open)})")
        [box] = [box for box in page.read()["boxes"] if "now" in box["classes"]]
        assert (box["name"], box["data"]) == (called[events[k].target], four(events[k].target.data))
    page.click("told")
    leaves = [v for v in tape(root) if v.op is None]
    exact = [f"d{called[root]}/d{called[v]} = {brief(g)}" for v, g in zip(leaves, gradients(root, leaves))]
    assert [knob["exact"] for knob in page.read()["knobs"]] == exact and browser.get_log("browser") == []
