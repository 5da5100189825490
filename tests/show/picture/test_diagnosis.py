"""Diagnosis on the two textbook cases, and on what goes wrong in a single unit."""
import math
import random

import pytest

import microgradx as mg
from microgradx import Value, gradients, tape
from microgradx.nesting import leaves
from microgradx.nn import GRU, LSTM, MLP, RNN, Linear, Sequential, Tanh, mse
from microgradx.show.picture.diagnosis import diagnose


def deep(unit, layers=10, width=16):
    """He's initialisation (He et al. 2015): variance 2/width, with which relu keeps the size of gradients."""
    rng = random.Random(0)
    x = [rng.gauss(0, 1) for _ in range(width)]
    weights = [[[Value(rng.gauss(0, math.sqrt(2 / width))) for _ in range(width)] for _ in range(width)]
               for _ in range(layers)]
    for layer in weights:
        x = [unit(mg.dot(row, x)) for row in layer]
    return mg.sum(x), weights


def recurrent(radius, steps=50):
    """h' = tanh(W h) with W a rotation times `radius`, so that every eigenvalue has this size; h stays small."""
    turn = [[math.cos(1.0), -math.sin(1.0)], [math.sin(1.0), math.cos(1.0)]]
    weights = [[Value(radius * entry) for entry in row] for row in turn]
    h = [1e-6, 0.0]
    for _ in range(steps):
        h = [mg.tanh(mg.dot(row, h)) for row in weights]
    return mg.sum(h), weights


def said(diagnosis):
    """The problems without their remedies, of which each has one."""
    assert all(problem.count(" Remedy: ") == 1 for problem in diagnosis.problems)
    return [problem.partition(". Remedy: ")[0] for problem in diagnosis.problems]


def first_words(diagnosis):
    return [problem.split(":")[0] for problem in diagnosis.problems]


def test_ten_sigmoid_layers_vanish_and_the_same_net_with_relu_does_not():
    sigmoid, relu = diagnose(*deep(mg.sigmoid)), diagnose(*deep(mg.relu))
    assert first_words(sigmoid) == ["vanishing"]
    assert sigmoid.flow[1] < 1e-4 * sigmoid.flow[10]
    assert "vanishing" not in first_words(relu) and "exploding" not in first_words(relu)
    assert 0.1 < relu.flow[1] / relu.flow[10] < 10


@pytest.mark.parametrize("radius, expected", [(0.8, ["vanishing"]), (1.0, []), (1.25, ["exploding"])])
def test_fifty_time_steps_vanish_or_explode_with_the_spectral_radius(radius, expected):
    """Pascanu, Mikolov, Bengio 2013: the gradient goes as radius**steps."""
    found = diagnose(*recurrent(radius))
    assert first_words(found) == expected
    assert list(found.flow) == list(range(1, 51))
    assert found.flow[1] / found.flow[50] == pytest.approx(radius**49, rel=0.05)


def test_a_group_holds_what_it_says():
    loss, weights = deep(mg.relu, layers=3)
    found = diagnose(loss, weights)
    for group, layer in zip(found.parameters, weights, strict=True):
        grads = gradients(loss, [v for row in layer for v in row])
        assert group.size == len(grads) and group.zero == grads.count(0.0) / len(grads)
        assert group.norm == pytest.approx(math.hypot(*grads)) == pytest.approx(group.rms * math.sqrt(len(grads)))
    units = [v for v in tape(loss) if v.op is mg.relu]
    for level, group in enumerate(found.activations, 1):
        assert (group.level, group.name, group.size) == (level, "relu", 16)
        idle = sum(v.data == 0 for v in units[16 * (level - 1):16 * level])
        assert group.off == idle / 16 and group.dead == group.saturated == 0 and group.units == 16


def test_dead_saturated_and_forgotten_are_named():
    x, unused = Value(-3.0, "x"), Value(1.0, "unused")
    loss = (10 * x).tanh() + x.relu() + mg.detach(unused)
    found = diagnose(loss, [x, unused])
    assert said(found) == ["no gradient: unused",
                           "off here: 1 of 1 relu units at level 1 get no gradient from this input",
                           "saturated: 100% of tanh at level 1"]


def test_the_first_node_that_is_not_finite_is_named():
    x = Value(0.0, "x")
    found = diagnose(x.log() * x + x.tanh())
    assert found.nonfinite.op is mg.log
    assert said(found)[0] == "not finite: infinity or nan starts at row 'log' at x = 0.0"


def test_parameters_of_a_module_are_named_and_a_module_alone_is_read_from_grad():
    model = Linear(2, 1)
    loss = model([1.0, 2.0])[0]
    assert [g.name for g in diagnose(loss, model).parameters] == ["weight", "bias"]
    assert [g.norm for g in diagnose(model).parameters] == [0.0, 0.0]
    loss.backward()
    assert diagnose(model).parameters == diagnose(loss, model).parameters
    assert diagnose(model).problems == []


def test_without_parameters_leaves_are_grouped_by_the_layer_that_uses_them():
    random.seed(0)
    loss = MLP(2, [3, 1])([Value(1.0), Value(2.0)])
    assert {g.name: g.size for g in diagnose(loss).parameters} == {
        "layers.0.neurons.0": 3, "layers.0.neurons.1": 3, "layers.0.neurons.2": 3, "layers.1.neurons.0": 4, "leaves": 2}


# Dead, or off for this one -------------------------------------------------------------------------------------

def moons(count=50, seed=0):
    """Points on two half circles, and their side."""
    rng = random.Random(seed)
    for k in range(count):
        turn, noise = rng.uniform(0, math.pi), [rng.gauss(0, 0.1), rng.gauss(0, 0.1)]
        x, y = (math.cos(turn), math.sin(turn)) if k % 2 else (1 - math.cos(turn), 0.5 - math.sin(turn))
        yield [x + noise[0], y + noise[1]], 1.0 if k % 2 else -1.0


def margins(net, points, kind=float):
    """The hinge losses of a network: each has a relu of its own."""
    return [(1 + -side * net([kind(x) for x in xs])).relu() for xs, side in points]


def killed(net, count):
    """The first units of the first layer, with weights and biases that keep them off wherever the points are."""
    for neuron in net.layers[0].neurons[:count]:
        for w in neuron.w:
            w.data = 0.0
        neuron.b.data = -1.0
    return net


def truly_off(net, points, layer):
    """For each unit of a layer the share of points for which it gives 0: by running the network, without its graph."""
    rows = []
    for xs, _ in points:
        outputs = xs
        for inner in net.layers[:layer + 1]:
            outputs = inner(outputs)
        rows.append([y.data == 0 for y in outputs])
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [float, Value])
@pytest.mark.parametrize("given", [True, False])
def test_dead_units_are_those_that_no_sample_brings_to_life(kind, given):
    random.seed(1337)
    net, points = killed(MLP(2, [16, 16, 1]), 4), list(moons())
    found = diagnose(mg.sum(margins(net, points, kind)) / 50, net if given else None)
    assert [(g.level, g.name, g.units, g.size, g.samples) for g in found.activations] == [
        (1, "relu", 16, 800, 50), (2, "relu", 16, 800, 50)]         # and the relu of the margins is no layer
    for layer, group in enumerate(found.activations):
        shares = truly_off(net, points, layer)
        assert group.dead == shares.count(1.0) / 16
        assert group.off == pytest.approx((sum(shares) - shares.count(1.0)) / 16)
    assert said(found) == ["dead: 4 of 16 relu units at level 1 get no gradient from any of 50 inputs"]


@pytest.mark.slow
def test_a_unit_that_is_off_for_one_sample_is_not_dead():
    """36 % of a layer were said to be dead that had no dead unit."""
    random.seed(1337)
    net, points = MLP(2, [16, 16, 1]), list(moons())
    one = diagnose(margins(net, points)[3], net).activations[0]
    assert one.dead == 0 and one.off == sum(y.data == 0 for y in net.layers[0](points[3][0])) / 16 > 0.3
    batch = diagnose(mg.sum(margins(net, points)), net)
    assert all(g.dead == 0 and 0.3 < g.off < 0.6 for g in batch.activations) and batch.problems == []


def test_units_of_a_recurrent_network_are_judged_over_time():
    random.seed(0)
    w, u = Value(0.5, "w"), Value(0.5, "u")
    h, k = 0.0, 0.0
    for x in (1.0, -2.0, 3.0, -1.0):
        h, k = mg.relu(w * h + u * x), mg.relu(u * k - 1 - w)
    group = diagnose(h + k, [w, u]).activations
    assert {g.units for g in group} == {2} and {g.dead for g in group} == {0.5}


@pytest.mark.parametrize("kind, units, remedy", [
    (RNN, 2, "an LSTM or a GRU"), (GRU, 4, "1 as first bias of the gates that keep the state"),
    (LSTM, 8, "1 as first bias of the gates that keep the state")])
def test_units_of_recurrent_layers_are_the_same_at_each_step_and_an_lstm_is_not_told_to_be_one(kind, units, remedy):
    random.seed(0)
    net = kind(1, 2)
    found = diagnose(mg.sum(net([[math.sin(t)] for t in range(25)])[0][-1]), net)
    first = [g for g in found.activations if g.level == 1]
    assert found.recurrent and sum(g.units for g in first) == units and {g.samples for g in first} == {25}
    assert found.problems[0].startswith("vanishing: ") and found.problems[0].endswith(f"Remedy: {remedy}")


@pytest.mark.parametrize("seed", range(50))
def test_nothing_is_found_in_healthy_networks(seed):
    """Untrained networks without a dead unit, which is looked up by running them: of the networks that a seed draws
    the first such one, since of a few points any first weights may leave a unit off for all."""
    random.seed(seed)
    points = list(moons(12, seed))
    wide = next(net for net in iter(lambda: MLP(2, [8, 1]), None) if 1.0 not in truly_off(net, points, 0))
    smooth = Sequential(Linear(2, 6), Tanh(), Linear(6, 6), Tanh(), Linear(6, 1))
    squared = mse([smooth(xs)[0] for xs, _ in points], [side for _, side in points])
    for loss, net in ((mg.sum(margins(wide, points)), wide), (squared, smooth), (squared, None)):
        assert diagnose(loss, net).problems == []


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("bend", [
    lambda score, side: mg.relu(1 - side * score), lambda score, side: -mg.log(mg.clamp(mg.sigmoid(score), 0.4, 0.6)),
    lambda score, side: -mg.minimum(mg.exp(score) * side, mg.clamp(mg.exp(score), 2.9, 3.1) * side),
], ids=["hinge", "log of clamp", "PPO"])
def test_bends_of_a_loss_and_of_a_penalty_are_no_layer(bend, given):
    """A clamp around exp(score) was "dead: 1 of 1 clamp units", and each abs of L1 a unit with its own gradient."""
    random.seed(3)
    net, points = Sequential(Linear(2, 3), Tanh(), Linear(3, 1)), list(moons(8))
    loss = mg.sum([bend(net(xs)[0], side) for xs, side in points]) + 1e-9 * mg.sum([abs(p) for p in leaves(net)])
    found = diagnose(loss, net if given else None)
    assert found.problems == [] and [g.name for g in found.activations if g.name != "sigmoid"] == ["tanh"]


def test_units_that_are_flat_for_every_sample_are_named():
    random.seed(1)
    net = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
    for unit in range(3):
        net[0].bias[unit].data = 9.0
    found = diagnose(mse([net(xs)[0] for xs, _ in moons(20)], [side for _, side in moons(20)]), net)
    assert said(found) == ["saturated: 38% of tanh at level 1, 3 of 8 tanh units at level 1 for every input"]


def test_a_gradient_that_cancels_is_not_missing_and_a_product_with_0_is():
    w, b = Value(1.0, "w"), Value(0.0, "b")
    assert diagnose((w * 2 + b) - (w * 3 + b), [w, b]).problems == []
    assert said(diagnose((w * 0).tanh() + b.tanh(), [w, b])) == ["no gradient: w"]


def test_printed_as_tables_with_a_verdict():
    found = diagnose(*deep(mg.sigmoid, layers=30, width=2))
    text = str(found)
    assert repr(found) == text                          # as a notebook shows it
    head, *rest = text.split("\n\n")
    assert head.startswith("parameter") and rest[0].startswith("level    activation")
    assert "..." in rest[0] and len(rest[0].splitlines()) == 22
    assert rest[1].startswith("vanishing: from level 30 down to level 1") and "Remedy: relu in place of" in rest[1]
    assert str(diagnose(Value(1.0, "x"))).endswith("nothing conspicuous")


def test_drawn_as_two_axes():
    pytest.importorskip("matplotlib").use("agg")
    top, bottom = diagnose(*deep(mg.sigmoid)).plot()
    assert len(top.lines[0].get_xdata()) == 10 and top.get_yscale() == "log"
    assert "vanishing" in top.get_title(loc="left")
    assert [line.get_label() for line in bottom.lines] == ["dead", "saturated"]
    top.figure.clear()


def test_looking_changes_nothing():
    loss, weights = deep(mg.tanh, layers=2)
    loss.backward()
    before = [(v.data, v.grad) for v in tape(loss)]
    str(diagnose(loss, weights))
    assert [(v.data, v.grad) for v in tape(loss)] == before


@pytest.mark.parametrize("root", [3.0, "loss", None, [Value(1.0)]])
def test_bad_input_is_named(root):
    with pytest.raises(TypeError, match="diagnose takes a Value or a Module"):
        diagnose(root)
