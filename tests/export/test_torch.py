"""Modules as torch's: the same numbers, gradients, names and mode, for every layer that both have."""
import random
from unittest import mock

import pytest

import microgradx as mg
from microgradx import Value, nn
from microgradx.export import to_torch
from microgradx.nesting import leaves

from .. import nn_cases
from ..budget import sweep
from ..compiled import different

LAYERS = [c for c in nn_cases.CASES if not c.is_loss]


def close(a, b):
    return a == b or abs(a - b) <= 1e-12 * max(abs(a), abs(b), 1.0) < float("inf")


def check(torch, case, change=lambda model: None):
    """Outputs and gradients of a layer and of its export."""
    expected = nn_cases.ours(case)
    drawn = nn_cases.numbers(case)
    layer = nn_cases.layer(case)
    layer.load_state_dict(drawn.state)
    model = to_torch(layer)
    change(model)
    model.load_state_dict = lambda _: None              # it has its numbers
    with mock.patch.object(nn_cases, "torch_layer", lambda *_: model):
        found = nn_cases.theirs(torch, case)
    assert found["shapes"] == expected["shapes"]
    assert different(found["outputs"], expected["outputs"], close) == []
    assert found["gradients"].keys() == expected["gradients"].keys()
    for name, gradient in expected["gradients"].items():
        assert different(found["gradients"][name], gradient, close) == [], name


@sweep(3)
@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_every_layer(torch, case):
    check(torch, case)


def test_a_changed_weight_is_noticed(torch):
    with pytest.raises(AssertionError):
        check(torch, LAYERS[0], lambda model: model.weight.data.mul_(1.001))


def test_containers_keep_their_names_and_mode(torch):
    random.seed(1)
    model = nn.Sequential(nn.Linear(3, 3), nn.Residual(nn.Linear(3, 3), nn.Softplus()), nn.Dropout(0.5)).eval()
    exported = to_torch(model)
    assert list(exported.state_dict()) == list(model.state_dict()) and not exported.training
    x = [25.0, -30.0, 1.0]
    inputs = list(map(Value, x))
    out = model(inputs)
    mg.sum(out).backward()
    tensor = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    found = exported(tensor)
    found.sum().backward()
    assert different(found.tolist(), [v.data for v in out], close) == []
    assert different(tensor.grad.tolist(), [v.grad for v in inputs], close) == []
    assert different([g for p in exported.parameters() for g in p.grad.flatten().tolist()],
                     [v.grad for v in leaves(model)], close) == []


@pytest.mark.parametrize("model", [nn.Neuron(2), nn.Neuron(2, nonlin=False), nn.Layer(2, 3), nn.Layer(2, 1),
                                   nn.MLP(2, [4, 3]), nn.MLP(2, [4, 4, 1]),
                                   nn.Sequential(nn.MLP(2, [3, 2]), nn.Tanh())],
                         ids=lambda model: type(model).__name__)
def test_micrograd_s_networks(torch, model):
    """The same names, numbers and gradients; a batch is a batch of samples."""
    x = [[0.5, -1.5], [2.0, 0.25]]
    exported = to_torch(model)
    assert list(exported.state_dict()) == list(model.state_dict())
    expected = [model(row) for row in x]
    assert different(leaves(exported(torch.tensor(x, dtype=torch.float64)).tolist()),
                     [v.data for v in leaves(expected)], close) == []
    model.zero_grad()
    mg.sum(leaves(expected)).backward()
    exported(torch.tensor(x, dtype=torch.float64)).sum().backward()
    assert different([g for p in exported.parameters() for g in p.grad.flatten().tolist()],
                     [v.grad for v in model.parameters()], close) == []


def test_each_layer_keeps_its_own_mode(torch):
    """A frozen norm or a Dropout kept on in a model that is otherwise evaluated (Gal & Ghahramani 2016)."""
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Residual(nn.Dropout(0.5), nn.Linear(2, 2)),
                          nn.TransformerEncoderLayer(2, 1, 2))
    model[0].eval()
    model[1].eval()[0].train()
    model[2].self_attn.eval()
    modes = {name: module.training for name, module in model.named_modules()}
    assert len(set(modes.values())) == 2 and modes[""] and not modes["1"] and modes["1.0"]
    found = {name: module.training for name, module in to_torch(model).named_modules()}
    assert {name: found[name] for name in modes} == modes


class Own(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


def tied():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    return model


@pytest.mark.parametrize("model, error, said", [
    (Own(), TypeError, "Own is no layer"), (nn.Sequential(nn.ReLU(), Own()), TypeError, r"Own \(1\) is no layer"),
    (nn.Perceptron(2), TypeError, "Perceptron"),
    (lambda x: x, TypeError, "expected a Module"), (tied(), ValueError, "1.weight shares numbers with 0.weight"),
])
def test_what_torch_does_not_have_is_refused(model, error, said):
    with pytest.raises(error, match=said):
        to_torch(model)


def test_without_torch_it_says_what_to_install():
    with mock.patch.dict("sys.modules", torch=None), pytest.raises(ImportError, match="pip install torch"):
        to_torch(nn.ReLU())
