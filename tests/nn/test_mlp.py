"""micrograd's names, one import changed; and the perceptron."""
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value, nn, tape

GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0], "xor": [0, 1, 1, 0]}
CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]


def program(Value, MLP):
    """The training loop of micrograd's demo on four points: the losses of five steps."""
    random.seed(1337)
    model = MLP(2, [4, 4, 1])
    xs, ys = [[2.0, 3.0], [3.0, -1.0], [0.5, 1.0], [1.0, 1.0]], [1.0, -1.0, -1.0, 1.0]
    found = []
    for k in range(5):
        scores = [model(list(map(Value, x))) for x in xs]
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(ys, scores)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * 0.1 * p.grad
        found.append(total.data)
    return found


# What `pip install micrograd` (0.1.0) prints for this program.
PRINTED = [0.9308983206467558, 0.9074575874807616, 0.8704619252924295, 0.837596131881506, 0.8084022164370209]


def test_a_micrograd_program_prints_the_same_numbers():
    assert program(Value, nn.MLP) == pytest.approx(PRINTED, rel=1e-12)


def test_the_parts_have_micrograd_s_names():
    model = nn.MLP(3, [4, 1])
    neuron = model.layers[0].neurons[0]
    assert len(neuron.w) == 3 and neuron.b.data == 0 and neuron.nonlin
    assert not model.layers[-1].neurons[0].nonlin
    assert neuron.parameters() == [*neuron.w, neuron.b]
    assert model.parameters() == [p for layer in model.layers for n in layer.neurons for p in n.parameters()]
    assert isinstance(model([1.0, 2.0, 3.0]), Value)
    assert len(nn.MLP(3, [4, 2])([1.0, 2.0, 3.0])) == 2


def test_every_product_and_sum_is_a_node():
    y = nn.Neuron(2)([Value(1.0), Value(2.0)])
    assert [v.op.name for v in tape(y) if v.op] == ["mul", "mul", "sum", "relu"]
    assert nn.Neuron(2, nonlin=False)([1.0, 2.0]).op.name == "sum"


def test_a_seed_gives_micrograd_s_weights():
    random.seed(3)
    expected = [random.uniform(-1, 1) for _ in range(2)]
    random.seed(3)
    assert [w.data for w in nn.Neuron(2).w] == expected


def test_a_size_in_place_of_a_list_is_refused():
    with pytest.raises(TypeError, match=r"expected a list of sizes as nouts, got 3; write MLP\(2, \[3\]\)"):
        nn.MLP(2, 3)


# The perceptron ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("gate", ["and", "or", "nand"])
def test_the_perceptron_learns_what_a_line_parts(gate):
    unit = nn.Perceptron(2)
    mistakes = unit.fit(list(zip(CORNERS, GATES[gate])))
    assert mistakes[-1] == 0 and 0 not in mistakes[:-1]
    assert [y.data for y in unit(CORNERS)] == GATES[gate]


def test_xor_defeats_it():
    unit = nn.Perceptron(2)
    mistakes = unit.fit(list(zip(CORNERS, GATES["xor"])), epochs=200)
    assert len(mistakes) == 200 and min(mistakes) > 0


def test_its_gradient_says_nothing():
    unit = nn.Perceptron(2)
    unit([1.0, 1.0]).backward()
    assert {p.grad for p in unit.parameters()} == {0.0}


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=8),
       st.tuples(st.integers(-3, 3), st.integers(-3, 3)))
def test_it_converges_whenever_a_line_parts_the_points(points, line):
    """Novikoff's theorem; points on the line are moved off it."""
    a, b = line
    samples = [([float(x), float(y)], int(a * x + b * y + 0.5 > 0)) for x, y in points]
    assert nn.Perceptron(2).fit(samples, epochs=5000)[-1] == 0


def test_one_update_is_rosenblatt_s_rule():
    unit = nn.Perceptron(2)
    assert unit.update([2.0, -1.0], 1, lr=0.5) == 1.0
    assert unit.state_dict() == {"weight": [1.0, -0.5], "bias": 0.5}
    assert unit.update([2.0, -1.0], 1) == 0.0
    with pytest.raises(ValueError, match="expected 0 or 1 as target, got -1"):
        unit.update([2.0, -1.0], -1)
