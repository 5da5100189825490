"""fit: what a step does, why it ends, what it leaves behind."""
import io
import itertools
import math
import signal
import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value, dot, log, sqrt, sum, training
from microgradx.nn import BatchNorm1d, Buffer, Linear, Module, Sequential, Tanh, mse
from microgradx.training import (
    LBFGS,
    SGD,
    Adam,
    History,
    NonFiniteError,
    Record,
    ReduceLROnPlateau,
    StepLR,
    evaluate,
    fit,
    split,
)


class Line(Module):
    """y = weight*x + bias, with a count of its calls as state."""

    def __init__(self, weight=0.0, bias=0.0):
        self.weight, self.bias, self.calls = Value(weight, "weight"), Value(bias, "bias"), Buffer(0.0)
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        if self.training:
            self.calls.data += 1
        return self.weight * x + self.bias


def squared(model, x, y):
    return (model(x) - y) ** 2


XS = [-1.0, -0.5, 0.0, 0.5, 1.0]
YS = [3 * x + 1 for x in XS]


def trained(model=None, xs=XS, ys=YS, loss=squared, lr=0.1, **more):
    model = model or Line()
    return model, fit(model, xs, ys, loss, SGD(model.parameters(), lr=lr), **more)


def numbers(model):
    return [p.data for p in model.parameters()]


# The loop ------------------------------------------------------------------------------------------------------

def by_hand(steps, lr=0.1, factor=lambda t: 1.0, decay=0.0, limit=math.inf):
    """Full-batch gradient descent on the line, in plain floats: the parameters, and what is recorded of each step."""
    w, b, records = 0.0, 0.0, []
    for t in range(steps):
        gaps = [w * x + b - y for x, y in zip(XS, YS, strict=True)]
        loss = math.fsum(g * g for g in gaps) / 5 + decay * (w * w + b * b)
        dw = math.fsum(2 * g * x for g, x in zip(gaps, XS, strict=True)) / 5 + 2 * decay * w
        db = math.fsum(2 * g for g in gaps) / 5 + 2 * decay * b
        norm = math.hypot(dw, db)
        rate, shrink = lr * factor(t), min(1.0, limit / norm)
        records.append((t + 1, t + 1, loss, rate, norm))
        w, b = w - rate * shrink * dw, b - rate * shrink * db
    return [w, b], records


@pytest.mark.parametrize("more, same", [
    ({}, {}), ({"schedule": StepLR(3, 0.5)}, {"factor": lambda t: 0.5 ** (t // 3)}),
    ({"penalty": lambda m: 0.1 * dot(m.parameters(), m.parameters())}, {"decay": 0.1}), ({"clip": 0.5}, {"limit": 0.5}),
], ids=["plain", "schedule", "penalty", "clip"])
def test_full_batch_is_gradient_descent_by_hand(more, same):
    model, history = trained(epochs=10, **more)
    expected, records = by_hand(10, **same)
    assert numbers(model) == pytest.approx(expected, rel=1e-5 if "clip" in more else 1e-12)  # torch's 1e-6 in clipping
    assert [r[:5] for r in history] == [pytest.approx(r, rel=1e-5 if "clip" in more else 1e-12) for r in records]
    assert isinstance(history[0], Record) and history[0].validation is None


@given(st.integers(1, 7), st.integers(0, 3))
def test_mini_batches_see_every_sample_once_an_epoch(size, seed):
    seen = []

    def loss(model, x, y):
        seen.append(x)
        return squared(model, x, y)

    _, history = trained(loss=loss, epochs=2, batch_size=size, seed=seed)
    assert sorted(seen[:5]) == sorted(seen[5:]) == XS
    per_epoch = math.ceil(5 / size)
    assert [r.step for r in history] == list(range(1, 2 * per_epoch + 1))
    assert [r.epoch for r in history] == [1] * per_epoch + [2] * per_epoch


def test_the_same_seed_trains_to_the_same_bits():
    runs = [numbers(trained(epochs=5, batch_size=2, seed=seed)[0]) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_whole_batch_at_once_is_the_mean_of_its_samples():
    def loss(model, xs, ys):
        return sum([squared(model, x, y) for x, y in zip(xs, ys, strict=True)]) / len(xs)

    apart, together = trained(epochs=20)[0], trained(epochs=20, loss=loss, whole=True)[0]
    assert numbers(together) == pytest.approx(numbers(apart), rel=1e-12)


def test_training_and_evaluation_each_have_their_mode():
    model, _ = trained(epochs=1, validation=([9.0], [9.0]))
    assert model.modes == [True] * 5 + [False]
    model.eval()
    fit(model, XS, YS, squared, SGD(model.parameters()), epochs=1)
    assert model.training is False


def test_evaluate_is_the_mean_and_records_nothing():
    model = Line(2.0)
    assert evaluate(model, [1.0, 2.0], [0.0, 0.0], squared) == 10.0
    assert model.training and numbers(model) == [2.0, 0.0] and model.weight.grad == 0.0


def test_the_callback_sees_model_and_record_after_every_step():
    seen = []
    _, history = trained(epochs=4, callback=lambda model, record: seen.append((model.weight.data, record)))
    assert [record for _, record in seen] == history
    assert len({w for w, _ in seen}) == 4


# Why it ends ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("more, steps", [({"epochs": 3}, 6), ({"steps": 5}, 5), ({"epochs": 3, "steps": 4}, 4),
                                         ({"epochs": 1, "steps": 99}, 2), ({"steps": 0}, 0), ({"epochs": 0}, 0)])
def test_epochs_and_steps(more, steps):
    _, history = trained(batch_size=3, **more)
    assert len(history) == steps and history.stopped == "all steps done"


def test_a_loss_threshold_ends_it():
    _, history = trained(steps=10_000, threshold=1e-3)
    assert history[-1].loss <= 1e-3 < history[-2].loss and history.stopped == "loss threshold reached"


def test_patience_ends_it_and_the_best_weights_come_back():
    """Training leads to weight 3; the validation data want 1, which is passed on the way there."""
    path = []
    model, history = trained(xs=[1.0], ys=[3.0], lr=0.05, epochs=1000, validation=([1.0], [1.0]), patience=4,
                             callback=lambda m, r: path.append((r.validation, numbers(m))))
    best = min(range(len(history)), key=lambda i: history[i].validation)
    assert history.stopped == "validation loss no longer falling"
    assert len(history) == best + 1 + 4
    assert numbers(model) == path[best][1] != path[-1][1]


def test_with_no_patience_the_last_weights_stay():
    path = []
    model, history = trained(xs=[1.0], ys=[3.0], lr=0.05, epochs=20, validation=([1.0], [1.0]),
                             callback=lambda m, r: path.append(numbers(m)))
    assert len(history) == 20 and numbers(model) == path[-1]
    assert all(r.validation is not None for r in history)


def test_a_validation_loss_of_nan_is_never_the_best():
    model, history = trained(epochs=10, validation=([1.0], [math.nan]), patience=2)
    assert len(history) == 2 and math.isnan(history[-1].validation) and numbers(model) != [0.0, 0.0]


def test_a_share_is_set_aside_for_validation():
    seen = []
    (train, _), (kept, targets) = split(XS, YS, 0.4, seed=3)

    def loss(model, x, y):
        if model.training:
            seen.append(x)
        return squared(model, x, y)

    model, history = trained(loss=loss, epochs=2, validation=0.4, seed=3)
    assert set(seen) == set(train)
    assert history[-1].validation == evaluate(model, kept, targets, squared)


# Ctrl-C --------------------------------------------------------------------------------------------------------

def press_in_loss(n):
    calls = []

    def loss(model, x, y):
        calls.append(x)
        if len(calls) == n:
            signal.raise_signal(signal.SIGINT)
        return squared(model, x, y)
    return loss


def test_ctrl_c_amid_a_step_leaves_the_steps_before_it(ctrl_c):
    """The 18th sample is in the fourth step."""
    model, history = trained(loss=press_in_loss(18), epochs=10)
    assert len(history) == 3 and history.stopped == "interrupted"
    assert numbers(model) == numbers(trained(epochs=3)[0])
    assert model.calls.data == 15                               # buffers too: what the half step counted is undone


def test_ctrl_c_in_the_callback():
    def callback(model, record):
        if record.step == 2:
            raise KeyboardInterrupt

    model, history = trained(epochs=10, callback=callback)
    assert len(history) == 2 and numbers(model) == numbers(trained(epochs=2)[0])


def test_ctrl_c_brings_back_the_best_weights_too():
    def callback(model, record):
        path.append(numbers(model))
        if record.step == 30:
            raise KeyboardInterrupt

    path = []
    model, history = trained(xs=[1.0], ys=[3.0], lr=0.05, epochs=99, validation=([1.0], [1.0]), patience=90,
                             callback=callback)
    assert history.stopped == "interrupted" and len(history) == 30
    assert numbers(model) == path[min(range(30), key=lambda i: history[i].validation)]


def test_after_ctrl_c_training_goes_on(ctrl_c):
    model = Line()
    optimiser = Adam(model.parameters(), lr=0.1)
    fit(model, XS, YS, press_in_loss(18), optimiser, epochs=10)
    fit(model, XS, YS, squared, optimiser, epochs=7)
    once = Line()
    fit(once, XS, YS, squared, Adam(once.parameters(), lr=0.1), epochs=10)
    assert numbers(model) == pytest.approx(numbers(once), rel=1e-12)        # samples come in another order


# What is not finite --------------------------------------------------------------------------------------------

def test_a_loss_that_is_not_finite_names_its_node_and_moves_nothing():
    """log(weight*x + bias): the weight falls below 0 after some steps."""
    def loss(model, x, y):
        return log(model(x))

    model, steps = Line(1.0, 0.1), []
    with pytest.raises(NonFiniteError, match=r"the loss is nan: it comes from row 'log' at x = -"):
        fit(model, [1.0], [0.0], loss, SGD(model.parameters(), lr=0.5), epochs=99,
            callback=lambda m, r: steps.append((numbers(m), m.calls.data)))
    assert steps and (numbers(model), model.calls.data) == steps[-1]
    assert model.training


def test_a_gradient_that_is_not_finite_names_its_node_and_moves_nothing():
    """sqrt has a finite value at 0 and no finite slope."""
    model = Line()
    with pytest.raises(NonFiniteError, match=r"gradient is not finite.* it comes from row 'sqrt' at x = 0\.0"):
        trained(model, [0.0], [0.0], lambda m, x, y: sqrt(m(x)), epochs=1)
    assert numbers(model) == [0.0, 0.0] and model.calls.data == 0


def test_a_penalty_that_is_not_finite_is_named():
    with pytest.raises(NonFiniteError, match=r"'log' at x = 0\.0"):
        trained(epochs=1, penalty=lambda m: log(m.weight))


def test_a_gradient_too_long_to_measure_is_refused():
    model = Line()
    with pytest.raises(NonFiniteError, match="overflows"):
        trained(model, [1.5e308], [0.0], lambda m, x, y: m(x) + 1.5e308 * m.bias, epochs=1)
    assert numbers(model) == [0.0, 0.0]
    trained(model, [1e200], [0.0], lambda m, x, y: m(x), epochs=1)         # its square overflows, its length does not
    assert math.isfinite(model.weight.data) and model.weight.data < -1e190


def test_a_target_of_nan_is_told():
    with pytest.raises(NonFiniteError, match="the loss is nan"):
        trained(ys=[1.0, 2.0, math.nan, 4.0, 5.0], epochs=1)


# What does not fit ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("more, told", [
    ({}, "how long"), ({"epochs": -1}, "how long"), ({"steps": 1.5}, "how long"), ({"epochs": "3"}, "how long"),
    ({"epochs": 1, "patience": 3}, "validation data"), ({"epochs": 1, "batch_size": 0}, "batch size"),
    ({"epochs": 1, "batch_size": -2}, "batch size"), ({"epochs": 1, "xs": []}, "got 0 and 5"),
    ({"epochs": 1, "ys": [1.0]}, "got 5 and 1"), ({"epochs": 1, "validation": 0.01}, "both sides"),
    ({"epochs": 1, "validation": ([], [])}, "got 0 and 0"), ({"epochs": 1, "validation": ([1.0], [])}, "got 1 and 0"),
    ({"epochs": 1, "clip": -1.0}, "expected clip"),
])
def test_arguments_that_do_not_fit_are_refused_before_anything_moves(more, told):
    model = Line()
    with pytest.raises(ValueError, match=told):
        trained(model, **more)
    assert numbers(model) == [0.0, 0.0] and model.calls.data == 0


@pytest.mark.parametrize("loss", [lambda m, x, y: 1.0, lambda m, x, y: [m(x)], lambda m, x, y: None])
def test_a_loss_that_is_no_value_is_refused(loss):
    model = Line()
    with pytest.raises(TypeError, match=r"one Value from loss\(model, x, y\)"):
        trained(model, loss=loss, epochs=1)
    assert numbers(model) == [0.0, 0.0]


def test_an_error_in_the_loss_comes_through_and_leaves_rate_mode_and_buffers():
    def loss(model, x, y):
        return squared(model, x, {}["y"] if x == 1.0 else y)

    model = Line()
    optimiser = SGD(model.parameters(), lr=0.1)
    with pytest.raises(KeyError):
        fit(model.eval(), XS, YS, loss, optimiser, epochs=1, schedule=lambda t: 0.5)
    assert optimiser.lr == 0.1 and not model.training and model.calls.data == 0


# The line on stderr --------------------------------------------------------------------------------------------

class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("tqdm", [True, False])
def test_at_a_terminal_a_line_tells_step_and_loss(monkeypatch, tqdm):
    if not tqdm:
        monkeypatch.setitem(sys.modules, "tqdm", None)          # an import of it fails
    else:
        pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    trained(epochs=3)
    assert "3" in sys.stderr.getvalue() and "loss" in sys.stderr.getvalue()


def test_elsewhere_nothing_is_written(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    trained(epochs=3)
    assert sys.stderr.getvalue() == ""


# Batches -------------------------------------------------------------------------------------------------------

def normalised():
    model = Sequential(Linear(1, 2), BatchNorm1d(2), Tanh(), Linear(2, 1))
    model.load_state_dict({**model.state_dict(), "0.weight": [[1.0], [-1.0]], "3.weight": [[0.5, 0.5]]})
    return model, (lambda m, x, y: mse(m(x), y)), SGD(model.parameters(), lr=0.1)


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_last_batch_of_one_sample_may_be_left_out(jit):
    """pytorch#4534: BatchNorm has no variance of one sample; training raised after two steps."""
    xs = [[0.1 * k] for k in range(9)]
    model, loss, optimiser = normalised()
    history = fit(model, xs, xs, loss, optimiser, epochs=3, batch_size=4, whole=True, drop_last=True, jit=jit)
    assert len(history) == 6 and [record.epoch for record in history] == [1, 1, 2, 2, 3, 3]
    model, loss, optimiser = normalised()
    with pytest.raises(ValueError, match=r"leave out a last one of one sample, fit\(..., drop_last=True\)"):
        fit(model, xs, xs, loss, optimiser, epochs=3, batch_size=4, whole=True, jit=jit)


def test_drop_last_changes_nothing_where_all_batches_are_whole():
    xs = [float(k) for k in range(6)]
    runs = []
    for drop_last in (False, True):
        for size in (None, 1, 3):
            model = Line()
            history = fit(model, xs, xs, squared, SGD(model.parameters(), lr=0.01), epochs=2, batch_size=size,
                          drop_last=drop_last)
            runs.append([record.loss for record in history])
    assert runs[:3] == runs[3:]


def test_drop_last_that_leaves_nothing_is_refused():
    model = Line()
    with pytest.raises(ValueError, match="drop_last leaves no batch: expected 4 samples or more, got 3"):
        fit(model, [1.0] * 3, [1.0] * 3, squared, SGD(model.parameters()), epochs=1, batch_size=4, drop_last=True)


# Rates, groups, line searches, tables --------------------------------------------------------------------------

@pytest.mark.parametrize("jit", [False, True])
def test_the_rate_falls_when_the_validation_loss_does_not(jit):
    """At a rate of 2 the loss grows; after each epoch that is no better the rate is halved, from the next step on."""
    schedule = ReduceLROnPlateau(factor=0.5, patience=0)
    _, history = trained(lr=2.0, schedule=schedule, validation=(XS, YS), epochs=6, batch_size=2, jit=jit)
    rates = [record.lr for record in history]
    assert rates[0] == 2.0 and rates[-1] < 1.0 and all(a in (b, 2 * b) for a, b in itertools.pairwise(rates))
    assert len({record.lr for record in history if record.epoch == 3}) == 1
    with pytest.raises(ValueError, match="ReduceLROnPlateau needs validation data"):
        trained(schedule=schedule, epochs=1)


def test_lbfgs_searches_the_line_of_each_step():
    model = Line()
    history = fit(model, XS, YS, squared, LBFGS(model.parameters(), line_search_fn="strong_wolfe"), epochs=2)
    assert numbers(model) == pytest.approx([3.0, 1.0], abs=1e-4) and history[1].loss < 1e-6 < history[0].loss


def test_groups_learn_at_their_own_rates():
    model = Line()
    weight, bias = model.parameters()
    fit(model, XS, YS, squared, SGD([{"params": weight, "lr": 0.0}, {"params": bias}], lr=0.1), epochs=50)
    assert weight.data == 0.0 and bias.data == pytest.approx(1.0, abs=1e-3)


SCHEDULES = {"StepLR": {"step_size": 3}, "MultiStepLR": {"milestones": [2, 4]}, "CosineAnnealingLR": {"T_max": 10},
             "OneCycleLR": {"total_steps": 12}, "LinearLR": {}, "CosineAnnealingWarmRestarts": {"T_0": 4}}


@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_of_groups_is_torchs(torch, name, jit):
    """Each group has the factor of the schedule on a rate of its own."""
    model, options = Line(), SCHEDULES[name]
    own = [{"lr": 0.05, "weight_decay": 0.1}, {"momentum": 0.5}]
    params = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in own]
    rule = SGD([{"params": p, **more} for p, more in zip(model.parameters(), own, strict=True)], lr=0.1)
    theirs = torch.optim.SGD([{"params": [p], **more} for p, more in zip(params, own, strict=True)], lr=0.1)
    more = {"max_lr": [0.05, 0.1], "cycle_momentum": False} if name == "OneCycleLR" else {}
    schedule = getattr(torch.optim.lr_scheduler, name)(theirs, **options, **more)
    fit(model, XS, YS, squared, rule, steps=10, schedule=getattr(training, name)(**options), jit=jit)
    for _ in range(10):
        theirs.zero_grad()
        torch.stack([(params[0] * x + params[1] - y) ** 2 for x, y in zip(XS, YS, strict=True)]).mean().backward()
        theirs.step()
        schedule.step()
    assert numbers(model) == pytest.approx([p.item() for p in params], rel=1e-12)


@given(st.lists(st.tuples(st.floats(allow_nan=False), st.floats(0, 1e300), st.none() | st.floats(-1e300, 1e300))))
def test_a_history_comes_back_from_its_table(tmp_path_factory, rows):
    history = History(Record(i, i // 2 + 1, loss, 0.1, norm, value) for i, (loss, norm, value) in enumerate(rows, 1))
    path = tmp_path_factory.mktemp("run") / "run.csv"
    history.to_csv(path)
    assert History.from_csv(path) == history


@pytest.mark.parametrize("text, said", [
    ("", "expected the columns step, epoch"), ("a,b\n", "expected the columns step, epoch"),
    ("step,epoch,loss,lr,norm,validation\n1,1,x,1,1,\n", "line 2: expected 6 numbers"),
    ("step,epoch,loss,lr,norm,validation\n1,1,1\n", "line 2: expected 6 numbers"),
    ("x" * 200_000, "expected a table"), ("\xff", "expected a table.*'utf-8'")])
def test_another_table_is_no_history(tmp_path, text, said):
    (tmp_path / "run.csv").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=said):
        History.from_csv(tmp_path / "run.csv")


# What would be noticed after the parameters have changed -----------------------------------------------------------

@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("options, error, message", [
    ({"schedule": lambda t: math.nan if t else 1.0}, ValueError,
     r"lr times the factor of schedule from 0\.0 to below inf, got nan"),
    ({"schedule": lambda t: -1.0}, ValueError, r"lr times the factor of schedule .* got -0\.1"),
    ({"schedule": lambda t: math.inf}, ValueError, "got inf"),
    ({"schedule": lambda t: None}, TypeError, "expected a number"),
    ({"schedule": 0.5}, TypeError, "function as schedule, got 0.5"),
    ({"callback": 3}, TypeError, "expected a function as callback, got 3"),
    ({"penalty": 1.0}, TypeError, "as penalty, got 1.0"),
    ({"patience": -1, "validation": 0.4}, ValueError, "patience from 0"),
    ({"validation": 1}, TypeError, r"expected \(xs, ys\) as validation, or a share such as 0\.2, got 1"),
    ({"validation": math.nan}, ValueError, "a share that leaves samples on both sides, got nan"),
    ({"threads": 0}, ValueError, "threads from 1 up"), ({"threads": 1.5}, ValueError, "threads from 1 up"),
])
def test_what_would_fail_amid_training_is_refused_before(options, error, message, jit):
    """A learning rate that was nan made all parameters nan, and the loss was blamed."""
    model = Line(0.5)
    with pytest.raises(error, match=message):
        trained(model, steps=2, jit=jit, **options)
    assert all(math.isfinite(x) for x in numbers(model))


@pytest.mark.parametrize("lr", [math.nan, -1.0, math.inf, "0.1", None])
def test_no_lr_is_set_that_no_optimiser_is_made_with(lr):
    optimiser = SGD([Value(1.0)], lr=0.1)
    with pytest.raises((ValueError, TypeError), match="expected"):
        optimiser.lr = lr
    assert optimiser.lr == 0.1
    with pytest.raises(TypeError, match=r"expected two numbers as betas, such as \(0\.9, 0\.999\), got 0\.9"):
        Adam([Value(1.0)], betas=0.9)
