"""The lab in a real browser: it trains as Python does, tells the same numbers at every level, travels through time."""
import io
import itertools
import json
import random
from contextlib import redirect_stdout

import pytest

from microgradx import gradients
from microgradx.nn import Linear, ReLU, Sequential, Tanh, bce_with_logits, hinge, mse
from microgradx.nn.activation import Elementwise
from microgradx.show.web.chance import Chance
from microgradx.show.web.lab import lab
from microgradx.table import TABLE
from microgradx.training import SGD, Adam

from ...browser import browser, look

__all__ = ["browser"]                   # a fixture
pytestmark = pytest.mark.slow

LOSSES = {"squared": mse, "hinge": hinge, "cross entropy": lambda z, t: bce_with_logits(z, (t + 1) / 2)}
OPTIMISERS = {"sgd": lambda ps, c: SGD(ps, lr=c["rate"], weight_decay=c["decay"]),
              "momentum": lambda ps, c: SGD(ps, lr=c["rate"], momentum=c["momentum"], weight_decay=c["decay"]),
              "adam": lambda ps, c: Adam(ps, lr=c["rate"], weight_decay=c["decay"])}


@pytest.fixture
def page(browser, tmp_path):
    return opened(browser, tmp_path, lab())


def opened(browser, tmp_path, text, fragment=""):
    look(browser)
    path = tmp_path / "lab.html"
    path.write_text(text, encoding="ascii")
    browser.get_log("browser")
    browser.get("about:blank")
    browser.get(path.as_uri() + fragment)
    settle(browser)
    return browser


def settle(browser):
    """Waits until what an action changed is shown, which may take some frames; while it trains, for the next one."""
    browser.execute_async_script("""
      const done = arguments[0];
      const again = () => requestAnimationFrame(() => (job && !lab.playing ? again() : done()));
      requestAnimationFrame(again);""")


def configure(page, **config):
    page.execute_script("alter({config: {...CONFIG, ...arguments[0]}, playing: false})", config)
    return page.execute_script("return {...lab.config}")


def network(page):
    """The model of the page in Python, with its weights of this moment, and its training points."""
    found = page.execute_script("""
      const {network, training} = lab.trainer;
      return {sizes: network.sizes, acts: network.acts, weights: [...network.weights], training};""")
    modules, weights = [], iter(found["weights"])
    for nin, nout, act in zip(found["sizes"], found["sizes"][1:], found["acts"]):
        layer = Linear(nin, nout)
        for row, j in zip(layer.weight, range(nout)):
            for v in (*row, layer.bias[j]):
                v.data = float(next(weights))
        modules.append(layer)
        if act != "identity":
            row = TABLE[act]
            modules.append(type("Act", (Elementwise,), {"row": row})(*row.defaults))
    assert next(weights, None) is None
    points = found["training"]
    return Sequential(*modules), [point["x"] for point in points], [point["t"] for point in points]


def in_order(model):
    """The parameters in the page's order: for each unit its weights, then its bias."""
    return [v for module in model if isinstance(module, Linear) for row, b in zip(module.weight, module.bias)
            for v in (*row, b)]


def mean_loss(model, xs, ts, places, config):
    losses = [LOSSES[config["loss"]](model(xs[s])[0], ts[s]) for s in places]
    total = losses[0]
    for one in losses[1:]:
        total = total + one
    return total / len(losses)


def batches(config, size):
    """The places of the samples of each update, as the page draws them."""
    for k in itertools.count():
        if not config["batch"] or config["batch"] >= size:
            yield list(range(size))
            continue
        epoch, start = divmod(k, -(-size // config["batch"]))
        yield Chance(config["seed"], 16 + epoch).shuffled(size)[start * config["batch"]:(start + 1) * config["batch"]]


def close(a, b, tolerance=1e-12):
    return all(abs(x - y) <= tolerance * max(1.0, abs(y)) for x, y in zip(a, b, strict=True))


CASES = [
    ("moons", "sgd", "cross entropy", "tanh", 0), ("moons", "momentum", "squared", "sigmoid", 0),
    ("moons", "adam", "cross entropy", "relu", 7), ("circles", "adam", "hinge", "tanh", 0),
    ("circles", "sgd", "squared", "silu", 5), ("circles", "momentum", "cross entropy", "elu", 0),
    ("xor", "momentum", "hinge", "leaky_relu", 4), ("xor", "sgd", "cross entropy", "gelu", 0),
    ("xor", "adam", "squared", "softplus", 0), ("spirals", "adam", "cross entropy", "sin", 9),
    ("spirals", "sgd", "hinge", "relu", 0), ("spirals", "momentum", "squared", "tanh", 0),
    ("curve", "sgd", "squared", "tanh", 0), ("curve", "momentum", "squared", "relu", 3),
    ("curve", "adam", "squared", "sigmoid", 0),
]


@pytest.mark.parametrize("data, optimiser, loss, act, batch", CASES)
def test_a_hundred_updates_are_those_of_python(page, data, optimiser, loss, act, batch):
    config = configure(page, data=data, optimiser=optimiser, loss=loss, batch=batch, count=24, noise=0.1, decay=0.001,
                       rate=0.02 if optimiser == "momentum" else 0.05, share=0.25,
                       layers=[{"units": 5, "act": act}, {"units": 3, "act": act}])
    model, xs, ts = network(page)
    optimiser = OPTIMISERS[optimiser](model.parameters(), config)
    losses = []
    for _, places in zip(range(100), batches(config, len(xs))):
        optimiser.zero_grad()
        total = mean_loss(model, xs, ts, places, config)
        total.backward()
        optimiser.step()
        losses.append(total.data)
    page.execute_script("for (let k = 0; k < 100; k += 1) lab.trainer.step()")
    assert close(page.execute_script("return lab.trainer.losses"), losses)
    assert close(page.execute_script("return [...lab.trainer.network.weights]"), [v.data for v in in_order(model)])
    assert losses[-1] < losses[0] or batch


def test_a_wrong_update_is_found(page):
    """The negative control: one weight off by 1e-9, and the runs part."""
    config = configure(page, count=12, optimiser="sgd", layers=[{"units": 3, "act": "tanh"}])
    model, xs, ts = network(page)
    page.execute_script("lab.trainer.network.weights[0] += 1e-9; lab.trainer.step()")
    total = mean_loss(model, xs, ts, range(len(xs)), config)
    total.backward()
    SGD(model.parameters(), lr=config["rate"]).step()
    assert not close(page.execute_script("return [...lab.trainer.network.weights]"), [v.data for v in in_order(model)])


@pytest.mark.parametrize("init", ["xavier", "kaiming", "uniform", "zeros"])
def test_first_weights_are_drawn_as_they_are_named(page, init):
    configure(page, init=init, layers=[{"units": 8, "act": "relu"}])
    weights = page.execute_script("return [...lab.trainer.network.weights.slice(0, 24)]")
    reach = {"xavier": 2**0.5 * (6 / 10) ** 0.5, "kaiming": 2**0.5 * (3 / 2) ** 0.5, "uniform": 1.0, "zeros": 0.0}[init]
    assert all(abs(w) <= reach for w in weights) and weights[2::3] == [0.0] * 8
    chance = Chance(1, 4)
    drawn = [chance.uniform(-reach, reach) for _ in range(16)] if reach else [0.0] * 16
    assert close([w for k, w in enumerate(weights) if k % 3 < 2], drawn)


def test_the_generator_is_that_of_python(page):
    for seed, stream in ((0, 0), (1, 4), (123456789, 99), (-5, 3)):
        found = page.execute_script("""
          const chance = new Chance(arguments[0], arguments[1]);
          return [chance.bits(), chance.random(), chance.uniform(-2, 3), chance.shuffled(20)];""", seed, stream)
        chance = Chance(seed, stream)
        assert found == [chance.bits(), chance.random(), chance.uniform(-2, 3), chance.shuffled(20)]


def test_the_generator_is_even():
    chance = Chance(3)
    numbers = [chance.random() for _ in range(20_000)]
    counts = [sum(k / 10 <= x < (k + 1) / 10 for x in numbers) for k in range(10)]
    assert all(1800 < count < 2200 for count in counts)


# The same numbers at every level ---------------------------------------------------------------------------------

def test_network_unit_graph_and_step_tell_one_gradient(page):
    config = configure(page, count=20, layers=[{"units": 4, "act": "tanh"}, {"units": 3, "act": "relu"}])
    page.execute_script("for (let k = 0; k < 30; k += 1) lab.trainer.step()")
    model, xs, ts = network(page)
    settle(page)
    total = mean_loss(model, xs, ts, range(len(xs)), config)
    ps = in_order(model)
    found = page.execute_script("finished(observeInParts()); return [...lab.trainer.network.grad]")
    assert close(found, gradients(total, ps))
    # the unit: one sample's term of a weight's gradient is that of the mean
    page.execute_script("alter({unit: {l: 1, j: 2}, edge: {l: 1, j: 2, i: 1}, sample: 3})")
    settle(page)
    weight = model[2].weight[2][1]
    one = LOSSES[config["loss"]](model(xs[3])[0], ts[3])
    [exact] = gradients(one, [weight])
    term = page.execute_script("""
      const {network} = lab.trainer, u = network.unitAt[2] + 2;
      finished(observeInParts());
      return network.dz[3 * network.units + u] * network.h[3 * network.units + network.unitAt[1] + 1];""")
    assert close([term * len(xs)], [exact])
    # the graph of scalars of that sample, and its steps
    page.execute_script("byId('open-graph').click()")
    assert "the loss of this sample alone" in page.find_element("id", "crumbs").text
    found = page.execute_script("""
      const named = Object.fromEntries(state.graph.nodes.map(({name}, k) => [name, [state.data[k], state.grads[k]]]));
      return {named, target: nameOf(eventAt(state.at).target), loss: state.data.at(-1)};""")
    assert found["target"] == "h2_3" and close([found["loss"]], [one.data])
    data, grad = found["named"]["h2_3.w2"]
    assert close([data, grad], [weight.data, exact])
    hidden = model[1](model[0](xs[3]))
    unit = model[3](model[2](hidden))[2]
    assert close([found["named"]["h2_3"][0]], [unit.data])
    assert len(found["named"]) == len(ps) + 2 + 2 * 7 + 1 + 3          # weights, inputs, units, the output, the loss
    page.execute_script("document.querySelector('#crumbs button').click()")
    assert page.find_element("id", "network-view").is_displayed()


def test_a_dead_unit_is_found_and_its_step_is_three_clicks_away(page):
    page.execute_script("openMission('dead')")
    page.execute_script("for (let k = 0; k < 20; k += 1) lab.trainer.step(); alter({})")
    settle(page)
    page.find_element("css selector", "#health button").click()             # one: the unit
    settle(page)
    page.find_element("id", "open-graph").click()                           # two: its graph, at its step
    page.find_element("id", "next").click()                                 # three: one step of the chain rule
    assert page.find_element("id", "heading").text and page.find_element("id", "board").is_displayed()
    assert "relu" in page.execute_script("return state.graph.nodes.map((node) => node.op)")


def test_every_unit_of_the_first_network_opens_its_graph(page):
    """A unit behind eight others could not: the page lacked a dot of nine."""
    for layer, unit in ((0, 7), (1, 3), (2, 0)):
        page.execute_script("openScalar({l: arguments[0], j: arguments[1]}, 0)", layer, unit)
        seen, right, boxes = page.execute_script("""
          const {network, samples, settings} = lab.trainer;
          const parts = network.gradientInParts([samples[0]], settings.loss);
          let part;
          do part = parts.next(); while (!part.done);
          return [state.data.at(-1), part.value, picture.boxes.length];""")
        assert close([seen], [right]) and boxes < 60
    page.find_element("id", "tab-expression").click()           # its numbers are its own again
    assert page.execute_script("return numbersNow()")["w1"] == -3 and page.get_log("browser") == []


def test_the_focus_is_never_lost(page):
    for act, at in (
            ("byId('missions').querySelector('button')", "mission-see"), ("byId('mission-see')", "mission-close"),
            ("byId('mission-close')", "run-play"), ("byId('layer-more')", "layer-more"),
            ("byId('layer-less')", "layer-more"), ("byId('tab-expression')", "tab-expression")):
        page.execute_script(f"const part = {act}; part.focus(); part.click();")
        settle(page)
        assert page.switch_to.active_element.get_attribute("id") == at, act
    page.execute_script("openView('network'); openMission('dead'); alter({unit: {l: 0, j: 1}})")
    settle(page)
    page.execute_script("const part = document.querySelector('#unit th button'); part.focus(); part.click()")
    settle(page)
    assert page.switch_to.active_element.text == "of x1"
    page.execute_script("byId('open-graph').focus(); byId('open-graph').click()")
    assert page.switch_to.active_element.get_attribute("id") == "next"
    page.execute_script("const part = document.querySelector('#crumbs button'); part.focus(); part.click()")
    assert page.switch_to.active_element.get_attribute("id") == "tab-network"


def test_the_lines_are_one_stop_of_the_tab_key(page):
    from selenium.webdriver.common.keys import Keys

    stops = "return document.querySelectorAll('.wires [tabindex=\"0\"]').length"
    assert page.execute_script(stops) == 1
    page.execute_script("document.querySelector('.wires [tabindex=\"0\"]').focus()")
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.ARROW_UP)
    name = page.switch_to.active_element.get_attribute("aria-label")
    assert name == "Weight of unit 8 in output, unit 1" and page.execute_script(stops) == 1
    assert page.execute_script("return lab.trainer.t") == 0


def test_health_is_the_share_of_slopes(page):
    configure(page, count=30, layers=[{"units": 2, "act": "relu"}, {"units": 2, "act": "tanh"}])
    page.execute_script("""
      const {network} = lab.trainer;
      network.weights.fill(0);
      network.weights[network.row(0, 0) + 2] = -5;      // the bias of a relu: no point reaches it
      network.weights[network.row(0, 1) + 2] = 1;
      network.weights[network.row(1, 0) + 2] = 9;       // the bias of a tanh: flat everywhere
      alter({});""")
    settle(page)
    found = page.execute_script("return lab.seen.ill.map(({l, j, what, share}) => [l, j, what, share])")
    assert [0, 0, "dead", "100 %"] in found and [1, 0, "saturated", "100 %"] in found
    assert not any(j == 1 for _, j, what, _ in found if what != "vanishing")


# Time --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("optimiser, batch", [("sgd", 0), ("momentum", 6), ("adam", 5)])
def test_back_and_forth_gives_the_same_bits(page, optimiser, batch):
    configure(page, count=20, optimiser=optimiser, batch=batch, layers=[{"units": 4, "act": "tanh"}])
    weights = {}
    for t in range(0, 301, 20):
        page.execute_script("while (lab.trainer.t < arguments[0]) lab.trainer.step()", t)
        weights[t] = page.execute_script("return [...lab.trainer.network.weights, ...lab.trainer.last]")
    rng = random.Random(1)
    for t in [300, 0, 20, *rng.choices(list(weights)[1:], k=12), 300]:
        page.execute_script("travel(arguments[0])", t)
        assert page.execute_script("return lab.trainer.t") == t
        found = page.execute_script("return [...lab.trainer.network.weights, ...lab.trainer.last]")
        assert found == weights[t] or (t == 0 and found[:17] == weights[0][:17])
    assert page.execute_script("return lab.trainer.losses.length") == 300


def test_another_rate_on_the_way_is_remembered(page):
    configure(page, count=20, optimiser="momentum", layers=[{"units": 3, "act": "tanh"}])
    page.execute_script("""
      for (let k = 0; k < 70; k += 1) lab.trainer.step();
      setConfig({rate: 0.001});
      for (let k = 0; k < 90; k += 1) lab.trainer.step();""")
    end = page.execute_script("return [...lab.trainer.network.weights]")
    page.execute_script("travel(30); travel(160)")
    assert page.execute_script("return [...lab.trainer.network.weights]") == end


# Python and back ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("config", [
    {"optimiser": "adam", "batch": 0}, {"optimiser": "momentum", "batch": 5, "loss": "hinge"},
    {"optimiser": "sgd", "batch": 0, "loss": "squared", "data": "curve"}], ids=str)
def test_the_program_reproduces_the_run(page, config):
    configure(page, count=12, layers=[{"units": 3, "act": "tanh"}, {"units": 2, "act": "leaky_relu"}], **config)
    page.execute_script("for (let k = 0; k < 25; k += 1) lab.trainer.step()")
    program = page.execute_script("return pythonProgram(lab)")
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(program, "program", "exec"), {})
    model, _, _ = network(page)
    assert close(json.loads(out.getvalue().splitlines()[-1]), [p.data for p in model.parameters()])


def test_a_model_of_ones_own_with_its_data(browser, tmp_path):
    random.seed(2)
    model = Sequential(Linear(2, 3), Tanh(), Linear(3, 4), ReLU(), Linear(4, 1))
    xs, ys = [[0.5, -1.0], [1.5, 0.25], [-1.0, 1.0]], [1, -1, 1]
    page = opened(browser, tmp_path, lab(model, xs, ys))
    found, points, targets = network(page)
    assert [v.data for v in in_order(found)] == [v.data for v in in_order(model)]
    assert sorted(points) == sorted(xs) and sorted(targets) == sorted(ys)
    page.execute_script("byId('run-step').click()")
    assert page.execute_script("return lab.trainer.t") == 1 and browser.get_log("browser") == []
    page.execute_script("setConfig({optimiser: 'sgd'})")                   # a new run starts from the model again
    fragment = page.execute_script("return fragment()")
    page = opened(browser, tmp_path, lab(model, xs, ys), f"#{fragment}")
    found, _, _ = network(page)
    assert [v.data for v in in_order(found)] == [v.data for v in in_order(model)]
    assert page.execute_script("return lab.config.optimiser") == "sgd"


# A page like any other ----------------------------------------------------------------------------------------------

WORK = """
const [config, pace] = arguments;
let passed = 0;
for (const name of ["forward", "backward"]) {
  const plain = Network.prototype[name];
  Network.prototype[name] = function (...given) {
    passed += this.weights.length;
    return plain.apply(this, given);
  };
}
performance.now = () => passed / PART;                  // by this clock a part takes a millisecond
alter({config: {...CONFIG, ...config}, pace, playing: true});
const found = [];
for (let k = 0; k < 60; k += 1) {
  const [before, {t}, seen] = [passed, lab.trainer, lab.seen];
  frame();
  found.push([(passed - before) / PART, lab.trainer.t - t, lab.seen !== seen]);
}
alter({playing: false});
return [found, SLICE, PACES[pace], [...lab.trainer.network.weights], lab.trainer.t];
"""
MOST = {"layers": [{"units": 8, "act": "gelu"}] * 6, "count": 500, "share": 0}


@pytest.mark.parametrize("config, pace", [
    ({}, "fast"), (MOST, "fast"), ({"data": "curve", "loss": "squared", "batch": 1}, "normal")],
    ids=["moons", "the most", "curve"])
def test_a_frame_has_a_budget_while_it_trains(browser, tmp_path, config, pace):
    """Counted in weights that are passed, not in time: no frame does more than its budget and a part beyond it."""
    page = opened(browser, tmp_path, lab())
    frames, budget, most, weights, updates = page.execute_script(WORK, config, pace)
    work, steps, shown = zip(*frames)
    assert 0 < max(work) < budget + 2 and max(steps) <= most
    assert sum(steps) == updates > 3 and sum(shown) > 3                  # it trains, and it shows what it does
    page = opened(browser, tmp_path, lab())
    page.execute_script("alter({config: {...CONFIG, ...arguments[0]}})", config)
    page.execute_script("for (let k = 0; k < arguments[0]; k += 1) lab.trainer.step()", updates)
    assert page.execute_script("return [...lab.trainer.network.weights]") == weights       # the same bits as at once


def test_work_that_is_not_in_parts_is_found(page):
    page.execute_script("Object.defineProperty(Network.prototype, 'part', {get: () => 1e9})")
    frames, budget, *_ = page.execute_script(WORK, MOST, "fast")
    assert max(work for work, *_ in frames) > 2 * budget


def test_a_newcomer_trains_moons(page):
    page.find_element("id", "run-play").click()
    for _ in range(400):
        settle(page)
        if page.execute_script("return lab.trainer.t > 60"):
            break
    page.find_element("id", "run-play").click()
    settle(page)
    playing, right, resources = page.execute_script("""
      return [lab.playing, lab.seen.score.train.right, performance.getEntriesByType('resource').length];""")
    assert not playing and right > 0.9 and resources == 0 and page.get_log("browser") == []


@pytest.mark.parametrize("mission", ["line", "vanish", "dead", "zeros", "diverge", "saddle", "mazur"])
def test_every_mission_opens_by_its_link(browser, tmp_path, mission):
    page = opened(browser, tmp_path, lab(), f"#m={mission}")
    assert page.find_element("id", "mission-ask").text and page.get_log("browser") == []
    assert not page.find_element("id", "mission-answer").is_displayed()


def test_mazurs_numbers(browser, tmp_path):
    page = opened(browser, tmp_path, lab(), "#m=mazur")
    found = page.execute_script("""
      const k = state.graph.nodes.findIndex(({name}) => name === "w5"), before = [state.data.at(-1), state.grads[k]];
      byId("rate").value = "0.5";
      byId("down").click();
      return [...before, state.leaves[k]];""")
    assert close(found, [0.298371109, 0.082167041, 0.35891648], 1e-8)


RUN = """
const [mission, config, updates] = arguments;
openMission(mission);
setConfig(config);
for (let k = 0; k < updates; k += 1) lab.trainer.step();
finished(observeInParts());
const {seen, trainer} = lab;
return {loss: seen.loss, right: seen.score.train.right, norms: seen.norms, ill: seen.ill.map(({what}) => what),
        moved: [...trainer.last].filter((x) => x !== 0).length};
"""


def test_what_missions_promise(page):
    def run(mission, updates, **config):
        return page.execute_script(RUN, mission, config, updates)

    assert run("line", 200)["right"] < 0.7                                  # no line does it, four units do
    assert run("line", 400, layers=[{"units": 4, "act": "tanh"}])["right"] > 0.95
    vanished, tanh = run("vanish", 0), run("vanish", 0, layers=[{"units": 8, "act": "tanh"}] * 6)
    relu = run("vanish", 0, layers=[{"units": 8, "act": "relu"}] * 6, init="kaiming")
    norms = vanished["norms"]
    assert len(norms) == 7 and norms[0] < 1e-3 * norms[-1] and "vanishing" in vanished["ill"]
    for cured in (tanh, relu):
        assert cured["norms"][0] > 0.03 * cured["norms"][-1] and "vanishing" not in cured["ill"]
    assert "dead" in run("dead", 10)["ill"]
    assert "dead" not in run("dead", 10, layers=[{"units": 6, "act": "leaky_relu"}])["ill"]
    assert run("zeros", 1)["moved"] <= 1
    first = run("diverge", 1)["loss"]
    assert run("diverge", 10)["loss"] > 1e3 * first and run("diverge", 200, rate=0.1)["loss"] < 0.05
    assert run("saddle", 200)["loss"] > 0.6 and run("saddle", 200, optimiser="adam")["loss"] < 0.3


def test_two_runs_side_by_side_and_back(page):
    configure(page, count=20, share=0.2)
    first = page.execute_script("""
      for (let k = 0; k < 20; k += 1) lab.trainer.step();
      return [lab.trainer.t, ...lab.trainer.network.weights];""")
    page.execute_script("""
      setConfig({optimiser: "sgd", layers: [{units: 3, act: "relu"}, {units: 3, act: "relu"}]});
      for (let k = 0; k < 7; k += 1) lab.trainer.step();
      byId("runs").open = true;
      askFrame();""")
    settle(page)
    rows = [[cell.text for cell in row.find_elements("css selector", "th, td")]
            for row in page.find_elements("css selector", "#runs-rows tr")]
    losses = page.execute_script("""
      return [lab.trainer, lab.earlier].map(({scores}) => brief(scores.at(-1).train.loss, 4));""")
    assert rows[:3] == [["Hidden layers", "2 times 3 relu", "2 times 8 tanh"], ["Optimiser", "SGD", "Adam"],
                        ["Updates", "7", "20"]]
    assert [text.partition(",")[0] for text in rows[3][1:]] == losses and rows[4][0] == "Test loss"
    swap = page.find_element("id", "runs-swap")
    for back in (first, None, first):
        page.execute_script("arguments[0].click()", swap)
        settle(page)
        found = page.execute_script("return [lab.trainer.t, ...lab.trainer.network.weights]")
        assert found == back or (back is None and found[0] == 7)
    assert page.execute_script("return [lab.config.optimiser, lab.config.layers.length]") == ["adam", 2]
    assert page.get_log("browser") == []


def test_a_run_that_went_nowhere_is_none_to_compare_with(page):
    page.execute_script("setConfig({seed: 2}); setConfig({seed: 3})")
    settle(page)
    assert page.execute_script("return lab.earlier") is None and not page.find_element("id", "runs").is_displayed()


def test_on_a_phone_the_network_is_in_view_and_the_rest_folds(browser, tmp_path):
    page = opened(browser, tmp_path, lab())
    look(browser, 390, 780)
    settle(page)
    tops = """return ["run-play", "diagram", "output"].map((id) => {
      const {top, bottom} = byId(id).getBoundingClientRect();
      return [top, bottom];
    })"""
    play, diagram, output = page.execute_script(tops)
    assert play[0] > 0 and diagram[0] < 200 and diagram[1] < 500 and output[0] < 780 - 150
    data = page.find_element("id", "set-data")
    assert not data.is_displayed()
    page.find_element("id", "unfold").click()
    assert data.is_displayed() and page.find_element("id", "unfold").get_attribute("aria-expanded") == "true"
    page.execute_script("byId('curves').scrollIntoView()")
    play, *_ = page.execute_script(tops)
    assert 0 <= play[0] < play[1] < 100                     # it stays at the top
    look(browser)
    settle(page)
    assert data.is_displayed() and not page.find_element("id", "unfold").is_displayed()


@pytest.mark.parametrize("fragment", [
    "#" + "x" * 1_000_000, "#layers=99relu", "#layers=<b>", "#data=nothing", "#rate=inf", "#rate=", "#count=1e9",
    "#own=1 2", "#m=__proto__", "#e=w.__class__", "#e=tanh(", "#e=x&v.x=one", "#__proto__=1", "#constructor=1",
    "#%E0%A4%A", "#seed=1.5", "#e=" + "(" * 5000, "#e=&v.x=1"], ids=lambda text: text[:20])
def test_a_link_that_makes_no_sense_is_refused_and_changes_nothing(browser, tmp_path, fragment):
    page = opened(browser, tmp_path, lab())
    before = page.execute_script("return JSON.stringify([lab.config, state.leaves])")
    page.execute_script("location.hash = arguments[0]", fragment)
    settle(page)
    note = page.find_element("id", "note")
    assert note.is_displayed() and len(note.text) < 400
    assert page.execute_script("return JSON.stringify([lab.config, state.leaves])") == before
    assert page.execute_script("return document.scripts.length") == 2 and page.get_log("browser") == []


def test_a_link_shares_what_is_on_the_page(browser, tmp_path):
    page = opened(browser, tmp_path, lab())
    configure(page, data="xor", layers=[{"units": 3, "act": "relu"}], rate=0.25, seed=7, optimiser="sgd")
    fragment = page.execute_script("return fragment()")
    config = page.execute_script("return lab.config")
    page = opened(browser, tmp_path, lab(), f"#{fragment}")
    assert page.execute_script("return lab.config") == config
    page.execute_script("openView('expression'); tryExpression('tanh(w*x)', {w: 0.25, x: -3}); go(4)")
    fragment = page.execute_script("return fragment()")
    page = opened(browser, tmp_path, lab(), f"#{fragment}")
    found = page.execute_script("return [state.leaves.slice(0, 2), state.at, typed.text]")
    assert found == [[0.25, -3], 4, "tanh(w*x)"]


def test_pasted_points_and_refusals(page):
    page.execute_script("setConfig({data: 'own'}); byId('own-text').value = arguments[0]; byId('own-paste').click()",
                        "0.5, -1, 1\n1\t1\t-1")
    settle(page)
    assert page.execute_script("return lab.config.own") == [{"x": [0.5, -1], "t": 1}, {"x": [1, 1], "t": -1}]
    for text in ("", "1,2", "1,2,3", "a,b,c", "<b>,1,1", "9,0,1", "1,1,1\n" * 501, "nan,0,1"):
        page.execute_script("byId('own-text').value = arguments[0]; byId('own-paste').click()", text)
        settle(page)
        assert page.find_element("id", "lab-note").text
        assert page.execute_script("return lab.config.own.length") == 2


def test_no_points_no_training_and_no_complaint(page):
    page.execute_script("setConfig({data: 'own', own: []}); byId('run-play').click()")
    settle(page)
    assert "no points" in page.find_element("id", "lab-note").text and page.get_log("browser") == []


@pytest.mark.parametrize("width, scheme", [(390, "light"), (768, "dark"), (1200, "light"), (1440, "dark")])
def test_it_fits_any_window(browser, tmp_path, width, scheme):
    page = opened(browser, tmp_path, lab())
    look(browser, width, 900, scheme)
    for script in ("alter({unit: {l: 0, j: 1}})", "openMission('line')", "openMission('mazur')",
                   "openView('network'); setConfig({data: 'curve'})",
                   "setConfig({data: 'own', layers: Array(6).fill({units: 8, act: 'relu'})})",
                   "alter({unit: {l: 2, j: 7}})",
                   "openView('expression')"):
        page.execute_script(script)
        settle(page)
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth"), script
    for control in page.find_elements("css selector", "button, input, select, textarea, [role=button]"):
        page.execute_script("arguments[0].scrollIntoView()", control)      # what is far away has no name yet
        assert not control.is_displayed() or control.accessible_name, control.get_attribute("outerHTML")
