"""What a callback of fit(..., jit=True) sees is the state of that step, as in eager training; what it sets counts."""
import copy
import math
import pickle
import random

import pytest

from microgradx import Value, compiler, relu, tanh
from microgradx.compiler import backends
from microgradx.nn import BatchNorm1d, Dropout, Linear, Module, Sequential, Tanh, mse
from microgradx.training import SGD, Adam, LinearLR, Optimiser, RMSprop, evaluate, fit, load, save
from microgradx.training.runner import CompiledRunner

from ...compiled import needs_llvmlite

RNG = random.Random(3)
XS = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(6)]
YS = [[math.sin(a) * b] for a, b in XS]
RULES = {"sgd": lambda ps: SGD(ps, lr=0.05, momentum=0.9), "adam": lambda ps: Adam(ps, lr=0.05),
         "rmsprop": lambda ps: RMSprop(ps, lr=0.01, momentum=0.5)}


def squared(model, x, y):
    return mse(model(x), y)


@pytest.fixture(params=["python", pytest.param("native", marks=needs_llvmlite)], autouse=True)
def backend(request, monkeypatch):
    """fit(..., jit=True) compiles with this back end."""
    monkeypatch.setattr(compiler, "backend", lambda: backends.backend(request.param))


def made(rule="adam", dropout=False):
    random.seed(1)
    model = Sequential(Linear(2, 4), Tanh(), *[Dropout(0.2)] * dropout, Linear(4, 1))
    return model, RULES[rule](model.parameters())


def state(model, rule):
    return {"data": [p.data for p in model.parameters()], "grad": [p.grad for p in model.parameters()],
            "buffers": [b.data for b in model.buffers()], "lr": rule.lr, **rule.state_dict()}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"clip": 0.01, "schedule": LinearLR(0.1, 1.0, 3)}])
def test_a_callback_sees_what_it_sees_in_eager_training(rule, options):
    seen = []
    for jit in (True, False):
        model, optimiser = made(rule)
        seen.append([])
        fit(model, XS, YS, squared, optimiser, epochs=3, jit=jit, **options,
            callback=lambda m, record, rule=optimiser: seen[-1].append({**state(m, rule), "loss": record.loss}))
    assert len(seen[0]) == len(seen[1]) > 2
    for compiled, eager in zip(*seen):
        assert compiled.keys() == eager.keys()
        for name, expected in eager.items():
            assert compiled[name] == pytest.approx(expected, rel=1e-9, abs=1e-13), name
        assert any(compiled["grad"])


@pytest.mark.sweep(997)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dropout", [False, True])
def test_training_resumed_from_a_checkpoint_goes_the_way_of_the_uninterrupted_run(rule, dropout, tmp_path):
    """Bit for bit: save(optimiser) in a callback wrote exp_avg 0 while the session had the real one."""
    def checkpoint(model, record):
        if record.step == 4:
            save(model, tmp_path / "model")
            save(optimiser, tmp_path / "optimiser")
            draws.append(random.getstate())

    draws = []
    model, optimiser = made(rule, dropout)
    history = fit(model, XS, YS, squared, optimiser, epochs=10, jit=True, callback=checkpoint)
    again, other = made(rule, dropout)
    load(tmp_path / "model", again)
    load(tmp_path / "optimiser", other)
    random.setstate(draws[0])
    rest = fit(again, XS, YS, squared, other, epochs=6, jit=True, callback=lambda model, record: None)
    assert [record.loss for record in rest] == [record.loss for record in history[4:]]
    assert state(again, other) == state(model, optimiser)


def test_what_a_callback_sets_counts():
    """Parameters, gradients, the optimiser's numbers, its settings: a callback that restarts momentum, for example."""
    def change(model, record):
        if record.step == 2:
            optimiser.load_state_dict({"step": 0.0, "momentum_buffer": [0.5] * len(optimiser.params)})
        if record.step == 3:
            optimiser.momentum = 0.1
        if record.step == 4:
            model[0].weight[0][0].data = 0.25

    found = []
    for jit in (True, False):
        model, optimiser = made("sgd")
        fit(model, XS, YS, squared, optimiser, epochs=6, jit=jit, callback=change)
        found.append(state(model, optimiser))
    for name, expected in found[1].items():
        assert found[0][name] == pytest.approx(expected, rel=1e-9, abs=1e-13), name


def test_an_optimiser_that_a_callback_copies_is_an_ordinary_one():
    copies = []
    model, optimiser = made()
    fit(model, XS, YS, squared, optimiser, epochs=2, jit=True,
        callback=lambda m, record: copies.append((copy.deepcopy(optimiser), pickle.loads(pickle.dumps(optimiser)))))
    for one in copies[-1]:
        assert type(one.numbers) is list and one.state_dict() == optimiser.state_dict()
    assert type(optimiser.numbers) is list
    assert copies[0][0].state_dict() != optimiser.state_dict()


def test_an_optimiser_that_keeps_nothing():
    class Plain(Optimiser):
        def update(self, p, g, kept, t, lr):
            return p - lr * g, kept

    model, _ = made()
    optimiser, seen = Plain(model.parameters(), lr=0.1), []
    fit(model, XS, YS, squared, optimiser, epochs=2, jit=True,
        callback=lambda model, record: seen.append(optimiser.state_dict()))
    assert seen == [{"step": 1.0}, {"step": 2.0}] and optimiser.numbers == [()] * len(optimiser.params)


@pytest.mark.sweep(997)
def test_statistics_of_a_step():
    seen = []
    for jit in (True, False):
        random.seed(1)
        model = Sequential(Linear(2, 3), BatchNorm1d(3), Linear(3, 1))
        optimiser = SGD(model.parameters(), lr=0.1)
        seen.append([])
        fit(model, XS, YS, lambda m, xs, ys: mse([y for row in m(xs) for y in row], [y for row in ys for y in row]),
            optimiser, epochs=3, whole=True, jit=jit, callback=lambda m, r, o=optimiser: seen[-1].append(state(m, o)))
    for compiled, eager in zip(*seen):
        for name, expected in eager.items():
            assert compiled[name] == pytest.approx(expected, rel=1e-9, abs=1e-13), name


def test_parameters_of_a_class_of_the_users():
    """Their numbers stay where they are, and are set one by one."""
    class Weight(Value):
        pass

    seen = []
    for jit in (True, False):
        w = Weight(0.5)
        optimiser = Adam([w], lr=0.1)
        model = Linear(1, 1, bias=False)
        model.weight[0][0] = w
        fit(model, [[1.0], [2.0]], [[3.0], [5.0]], squared, optimiser, epochs=3, jit=jit,
            callback=lambda m, r, w=w, o=optimiser: seen.append([w.data, w.grad, *o.state_dict()["exp_avg"]]))
    assert seen[:3] == [pytest.approx(row, rel=1e-9) for row in seen[3:]]


# What a callback does to the model ----------------------------------------------------------------------------------

class Net(Module):
    """Attributes of all kinds."""

    def __init__(self):
        random.seed(1)
        self.first, self.last, self.drop = Linear(2, 3), Linear(3, 1), Dropout(0.0)
        self.scale, self.act, self.names = 1.0, tanh, ["a"]

    def forward(self, x):
        self.hidden = self.drop([self.act(h) for h in self.first(x)])       # forward may keep what it likes
        return [self.scale * y * len(self.names) for y in self.last(self.hidden)]


CHANGES = {
    "a number": lambda m: setattr(m, "scale", 0.5), "a function": lambda m: setattr(m, "act", relu),
    "a list": lambda m: setattr(m, "names", ["a", "b"]), "a probability": lambda m: setattr(m.drop, "p", 0.5),
    "the mode": lambda m: (setattr(m.drop, "p", 0.5), m.eval()), "a layer": lambda m: setattr(m, "last", Linear(3, 1)),
    "no bias": lambda m: setattr(m.first, "bias", None),
    "a frozen weight": lambda m: setattr(m.first, "weight", [[Value(w.data) for w in row] for row in m.first.weight]),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_callback_changes_in_the_model_counts(change):
    """Compiled training went on with the model as it was, without a word."""
    found = []
    for jit in (True, False):
        model = Net()
        optimiser = Adam(model.parameters(), lr=0.05)
        random.seed(3)
        history = fit(model, XS, YS, squared, optimiser, epochs=5, jit=jit,
                      callback=lambda m, record: change(m) if record.step == 2 else None)
        found.append([*(record.loss for record in history), *(p.data for p in optimiser.params),
                      *(x for row in optimiser.numbers for x in row)])
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("make, look", [
    (Net, lambda model, record: model(XS[0])),                              # forward() keeps a result
    (lambda: made(dropout=True)[0], lambda model, record: evaluate(model, XS, YS, squared))])
def test_a_callback_that_changes_nothing_compiles_nothing(make, look, monkeypatch):
    runs, compiled = [], CompiledRunner.compiled
    monkeypatch.setattr(CompiledRunner, "compiled", lambda self: runs.append(self) or compiled(self))
    model = make()
    fit(model, XS, YS, squared, SGD(model.parameters()), epochs=4, jit=True, callback=look)
    assert len(runs) == 1


@pytest.mark.slow
def test_a_callback_that_changes_the_model_at_each_step_is_warned_of():
    def count(model, record):
        model.steps = record.step

    model = Net()
    with pytest.warns(RuntimeWarning, match="a callback has changed the model 16 times"):
        fit(model, XS, YS, squared, SGD(model.parameters()), epochs=18, jit=True, callback=count)


# What a callback sets -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("jit", [True, False])
def test_the_lr_that_a_callback_sets_stays(jit):
    model, optimiser = made("sgd")
    seen = []

    def halves(_, record):
        seen.append(record.lr)
        optimiser.lr /= 2
    fit(model, XS, YS, squared, optimiser, steps=4, callback=halves, jit=jit)
    assert seen == [0.05, 0.025, 0.0125, 0.00625] and optimiser.lr == 0.003125


def test_it_is_refused_where_a_schedule_or_a_checkpoint_sets_it(tmp_path):
    for options in ({"schedule": LinearLR(0.1, 1.0, 3)}, {"checkpoint": tmp_path / "run"}):
        model, optimiser = made("sgd")
        with pytest.raises(ValueError, match=r"a callback has set lr to 7\.0, .* write schedule="):
            fit(model, XS, YS, squared, optimiser, steps=4, jit=True, **options,
                callback=lambda *_, o=optimiser: setattr(o, "lr", 7.0))


def test_what_the_loss_closes_over_is_followed():
    ends = []
    for jit in (True, False):
        model, optimiser = made("sgd")
        factor = [1.0]

        def loss(model, x, y, factor=factor):
            return mse(model(x), y) * factor[0]

        def callback(_, record, factor=factor):
            factor[0] = 0.5 if record.step == 2 else factor[0]
        history = fit(model, XS, YS, loss, optimiser, steps=5, callback=callback, jit=jit)
        ends.append([record.loss for record in history])
    assert ends[0] == pytest.approx(ends[1], rel=1e-9) and ends[0][3] < 0.7 * ends[0][1]


def test_an_optimiser_of_another_model_is_named():
    model, _ = made()
    with pytest.warns(RuntimeWarning, match="the optimiser has no parameter of the model"):
        fit(model, XS, YS, squared, made()[1], steps=1)


class Scaled(Module):
    def __init__(self):
        self.w, self.settings = Value(1.0), {"scale": 1.0}

    def forward(self, x):
        return [self.w * self.settings["scale"] * v for v in x]


@pytest.mark.parametrize("jit", [False, True])
def test_what_a_layer_of_the_user_s_holds_counts_also_within_one_of_nn(jit):
    """It was followed only where the model itself is of the user's class."""
    model = Sequential(Scaled())

    def grow(model, _):
        model[0].settings["scale"] += 1.0
    history = fit(model, [[1.0]], [[0.0]], lambda m, x, y: m(x)[0] * 1.0, SGD(model.parameters(), lr=0.1), steps=3,
                  callback=grow, jit=jit)
    assert [round(record.loss, 12) for record in history] == [1.0, 1.8, 2.1]
