"""fit(class_weight=): the loss and the gradient of a batch are those of torch's cross_entropy(weight=) for it."""
import random

import numpy as np
import pytest

from microgradx import Value, compiler
from microgradx.compiler import backends
from microgradx.nn import Dropout, Linear, Sequential, Tanh, cross_entropy
from microgradx.training import SGD, Adam, NonFiniteError, WeightsError, evaluate, fit

from .. import training_oracle as oracle
from ..compiled import needs_llvmlite

RNG = random.Random(4)
XS = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(20)]
YS = [RNG.choice([0, 0, 0, 1, 1, 2]) for _ in XS]
WEIGHT = [0.5, 2.0, 7.0]
# Samples in lanes, one by one and in blocks that threads share, and one by one with random numbers
LANES = {"eager": None, "python": None, "native": 3000, "native, samples": 0}


@pytest.fixture(params=[pytest.param(name, marks=needs_llvmlite if lanes is not None else ())
                        for name, lanes in LANES.items()])
def way(request, monkeypatch):
    """fit() goes this way."""
    name, _, _ = request.param.partition(",")
    monkeypatch.setattr(compiler, "backend", lambda: backends.backend(name))
    if name == "native":
        monkeypatch.setattr("microgradx.compiler.training.lanes.MOST", LANES[request.param])
    return {} if name == "eager" else {"jit": True, "threads": 2}


def loss(model, x, y):
    return cross_entropy(model(x), y)


def net(dropout=0.0):
    random.seed(2)
    return Sequential(Linear(2, 4), Tanh(), Dropout(dropout), Linear(4, 3))


@pytest.mark.slow
@pytest.mark.parametrize("size", [None, 6])
@pytest.mark.parametrize("table", [WEIGHT, dict(enumerate(WEIGHT)), np.array(WEIGHT)], ids=["list", "dict", "array"])
def test_torchs_loss_of_a_batch(size, table, way):
    """Step by step: the loss before each, its gradient, the weights after all."""
    torch = oracle.needed("torch")
    model, batches, slopes = net(), [], []

    def remembered(model, xs, ys):
        batches.append(list(zip(xs, ys)))
        return cross_entropy(model(xs), ys)
    fit(net(), XS, YS, remembered, SGD(net().parameters(), lr=0.0), epochs=2, batch_size=size, whole=True)
    history = fit(model, XS, YS, loss, SGD(model.parameters(), lr=0.1), epochs=2, batch_size=size, class_weight=table,
                  callback=lambda model, record: slopes.append([p.grad for p in model.parameters()]), **way)

    other = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)).double()
    first = net().state_dict()
    other.load_state_dict({f"{min(int(name[0]), 2)}{name[1:]}": torch.tensor(x, dtype=torch.float64)
                           for name, x in first.items()})
    rule = torch.optim.SGD(other.parameters(), lr=0.1)
    criterion = torch.nn.CrossEntropyLoss(weight=torch.tensor(WEIGHT, dtype=torch.float64))
    assert len(history) == len(batches)
    for record, slope, pairs in zip(history, slopes, batches):
        xs, ys = map(list, zip(*pairs))
        rule.zero_grad()
        expected = criterion(other(torch.tensor(xs, dtype=torch.float64)), torch.tensor(ys))
        expected.backward()
        rule.step()
        assert record.loss == pytest.approx(expected.item(), rel=1e-12)
        assert slope == pytest.approx(torch.cat([p.grad.flatten() for p in other.parameters()]).tolist(), rel=1e-9)
    assert [p.data for p in model.parameters()] == pytest.approx(
        torch.cat([p.detach().flatten() for p in other.parameters()]).tolist(), rel=1e-9)


@pytest.mark.slow
def test_the_weights_of_a_whole_batch_are_the_same(way):
    def whole(model, xs, ys):
        return cross_entropy(model(xs), ys, weight=WEIGHT)
    runs = []
    for f, more in ((loss, {"class_weight": WEIGHT}), (whole, {"whole": True})):
        model = net()
        fit(model, XS, YS, f, Adam(model.parameters(), lr=0.05), epochs=3, batch_size=6, **more, **way)
        runs.append([p.data for p in model.parameters()])
    assert runs[0] == pytest.approx(runs[1], rel=1e-9)


@pytest.mark.sweep(997)
def test_equal_weights_change_nothing_and_random_numbers_are_drawn_once(way):
    runs = []
    for more in ({}, {"class_weight": [2.0, 2.0, 2.0]}):
        model = net(0.5)
        random.seed(5)
        fit(model, XS, YS, loss, SGD(model.parameters(), lr=0.1), epochs=3, batch_size=6, **more, **way)
        runs.append([*[p.data for p in model.parameters()], random.random()])
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


@pytest.mark.slow
def test_the_weight_in_the_loss_of_one_sample_cancels_out():
    """As in torch: why there is class_weight."""
    x = [0.5, -1.0, 2.0]
    assert cross_entropy(x, 2, weight=WEIGHT) == cross_entropy(x, 2)
    torch = oracle.needed("torch")
    given = torch.tensor(x), torch.tensor(2)
    assert torch.nn.functional.cross_entropy(*given, weight=torch.tensor(WEIGHT)).item() == pytest.approx(
        torch.nn.functional.cross_entropy(*given).item())


def test_the_validation_loss_has_no_weights():
    model = net()
    history = fit(model, XS, YS, loss, SGD(model.parameters()), epochs=1, validation=(XS, YS), class_weight=WEIGHT)
    assert history[-1].validation == evaluate(model, XS, YS, loss)


def test_labels_of_any_kind():
    found = []
    named = ["abc"[y] for y in YS], dict(zip("abc", WEIGHT))
    for ys, table in ((YS, WEIGHT), ([float(y) for y in YS], WEIGHT), named):
        model = net()
        fit(model, XS, ys, lambda m, x, y: cross_entropy(m(x), "abc".index(y) if isinstance(y, str) else int(y)),
            SGD(model.parameters(), lr=0.1), epochs=2, class_weight=table)
        found.append(model.state_dict())
    assert found[0] == found[1] == found[2]


def test_a_class_of_weight_0_does_not_count_and_a_batch_of_nothing_else_is_nan():
    model, other = net(), net()
    some = [(x, y) for x, y in zip(XS, YS) if y]
    fit(model, XS, YS, loss, SGD(model.parameters(), lr=0.1), epochs=2, class_weight=[0.0, 1.0, 1.0])
    fit(other, *map(list, zip(*some)), loss, SGD(other.parameters(), lr=0.1), epochs=2)
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in other.parameters()], rel=1e-12)
    with pytest.raises(NonFiniteError, match="the loss is nan"):
        fit(model, XS, [0] * 20, loss, SGD(model.parameters()), epochs=1, class_weight=[0.0, 1.0, 1.0])


@pytest.mark.parametrize("ys, more, error, said", [
    (YS, {"class_weight": [1.0, 2.0]}, ValueError, r"expected a target of the classes \[0, 1\], got 2 as target"),
    (YS, {"class_weight": {0: 1.0, 1: 1.0, 2: -1.0}}, ValueError, "expected class_weight of 2 from 0.0"),
    (YS, {"class_weight": [1.0, 2.0, float("inf")]}, ValueError, "expected class_weight of 2 from 0.0"),
    (YS, {"class_weight": [1.0, "x", 2.0]}, TypeError, "got 'x'"),
    ([[1.0, 0.0, 0.0]] * 20, {"class_weight": WEIGHT}, ValueError, r"got \[1.0, 0.0, 0.0\] as target 0"),
    ([Value(1.0)] * 20, {"class_weight": WEIGHT}, ValueError, "as target 0"),
    (YS, {"class_weight": WEIGHT, "whole": True}, ValueError, "with whole=True"),
])
def test_what_has_no_weight_is_refused(ys, more, error, said):
    model = net()
    before = model.state_dict()
    with pytest.raises(error, match=said):
        fit(model, XS, ys, loss, SGD(model.parameters()), epochs=1, **more)
    assert model.state_dict() == before


def test_a_checkpoint_knows_its_weights(tmp_path):
    def run(epochs, path=None, table=WEIGHT):
        model = net()
        fit(model, XS, YS, loss, Adam(model.parameters()), epochs=epochs, batch_size=6, checkpoint=path,
            class_weight=table)
        return model.state_dict()
    run(1, tmp_path / "run")
    assert run(3, tmp_path / "run") == run(3)
    with pytest.raises(WeightsError, match="it is of a run with class_weight"):
        run(4, tmp_path / "run", [1.0, 1.0, 1.0])
