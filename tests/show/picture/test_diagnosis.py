"""Diagnosis on the two textbook cases, and on what goes wrong in a single unit."""
import math
import random

import pytest

import microgradx as mg
from microgradx import Value, gradients, tape
from microgradx.nn import MLP, Linear
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
        assert group.dead == idle / 16 and group.saturated == 0


def test_dead_saturated_and_forgotten_are_named():
    x, unused = Value(-3.0, "x"), Value(1.0, "unused")
    loss = (10 * x).tanh() + x.relu() + mg.detach(unused)
    found = diagnose(loss, [x, unused])
    assert found.problems == ["no gradient: unused", "dead: 100% of relu at level 1",
                              "saturated: 100% of tanh at level 1"]


def test_the_first_node_that_is_not_finite_is_named():
    x = Value(0.0, "x")
    found = diagnose(x.log() * x + x.tanh())
    assert found.nonfinite.op is mg.log
    assert found.problems[0] == "not finite: infinity or nan starts at row 'log' at x = 0.0"


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


def test_printed_as_tables_with_a_verdict():
    found = diagnose(*deep(mg.sigmoid, layers=30, width=2))
    text = str(found)
    assert repr(found) == text                          # as a notebook shows it
    head, *rest = text.split("\n\n")
    assert head.startswith("parameter") and rest[0].startswith("level    activation")
    assert "..." in rest[0] and len(rest[0].splitlines()) == 22
    assert rest[1].startswith("vanishing: from level 30 down to level 1")
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
