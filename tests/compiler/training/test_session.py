"""Compiled training against eager training: every way through a session, every option of fit(), what may go wrong."""
import gc
import math
import random
import weakref
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from microgradx import Value, compiler, jit, log, sum, take, training, value_and_grad
from microgradx.compiler import TracingError, backends
from microgradx.nesting import leaves
from microgradx.nn import (
    RNN,
    BatchNorm1d,
    Buffer,
    Dropout,
    Embedding,
    Linear,
    Module,
    MultiheadAttention,
    RReLU,
    Sequential,
    Tanh,
    cross_entropy,
    hinge,
    l2_penalty,
    mse,
)
from microgradx.training import LBFGS, SGD, Adagrad, Adam, LinearLR, NonFiniteError, fit

from ... import training_oracle as oracle
from ...budget import sweep
from ...compiled import needs_llvmlite


class Way(NamedTuple):
    """How a session computes. LANES: operations that a batch in lanes may have; FLAT: a sample's straight line."""

    options: dict
    lanes: int = 3000
    flat: int = 500

    @property
    def exact(self):
        return self.options.get("strict", False)


PYTHON = {"python": Way({"backend": "python"}), "python, strict": Way({"backend": "python", "strict": True})}
NATIVE = {"lanes": Way({"backend": "native"}), "samples": Way({"backend": "native"}, lanes=0),
          "loops": Way({"backend": "native"}, lanes=0, flat=-1),
          "strict": Way({"backend": "native", "strict": True}),
          "strict loops": Way({"backend": "native", "strict": True}, flat=-1)}
SLOW = {"python", "samples", "loops", "strict"}      # each of their parts is in another way too
WAYS = [pytest.param(way, id=name, marks=[*[needs_llvmlite] * (name in NATIVE), *[pytest.mark.slow] * (name in SLOW)])
        for name, way in {**PYTHON, **NATIVE}.items()]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """fit(..., jit=True) goes this way."""
    if request.param.options["backend"] == "native":
        monkeypatch.setattr("microgradx.compiler.training.lanes.MOST", request.param.lanes)
        monkeypatch.setattr("microgradx.compiler.native.straight.FLAT", request.param.flat)
    take_this_way(monkeypatch, request.param.options)
    return request.param


def session(*args, backend=None, **options):
    """A session of this back end, or of the one that is chosen by itself."""
    return backends.backend(backend).session(*args, **options)


def take_this_way(monkeypatch, options):
    """Whoever asks for a session, fit(..., jit=True), gets one with these options."""
    monkeypatch.setattr(compiler, "backend", lambda: SimpleNamespace(session=partial(session, **options)))


def data(count=7, seed=3):
    rng = random.Random(seed)
    xs = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(count)]
    return xs, [[math.sin(a) * b] for a, b in xs]


def squared(model, x, y):
    return mse(model(x), y)


def mlp():
    return Sequential(Linear(2, 4), Tanh(), Linear(4, 1))


def adam(params):
    return Adam(params, lr=0.05)


def trained(jit, make=mlp, loss=squared, optimiser=adam, samples=None, **more):
    """A model trained from one seed; and all that can be told of it afterwards."""
    random.seed(1)
    model = make()
    rule = optimiser(model.parameters())
    xs, ys = samples or data()
    more.setdefault("epochs", 4)
    history = fit(model, xs, ys, loss, rule, jit=jit, **more)
    return model, history, rule


def told(model, history, rule):
    """Numbers, losses on validation data, and words."""
    numbers = [x for record in history for x in record[:-1]]
    numbers += [v.data for v in (*model.parameters(), *model.buffers())]
    numbers += leaves(rule.state_dict())
    validation = [record.validation for record in history if record.validation is not None]
    return numbers, validation, (len(history), history.stopped, rule.t, rule.lr, random.random())


def check(way, **more):
    """Compiled as eager: to the bit where the way is strict. (Validation is not a part of training.)"""
    numbers, errors, words = told(*trained(True, **more))
    expected, other_errors, other_words = told(*trained(False, **more))
    assert words == other_words and errors == pytest.approx(other_errors, rel=1e-9)
    if way.exact:
        assert numbers == expected
    else:
        assert numbers == pytest.approx(expected, rel=1e-9, abs=1e-12)


# Every optimiser, every option -----------------------------------------------------------------------------------

@sweep(5)
@pytest.mark.parametrize("name", oracle.OPTIMISERS)
def test_every_optimiser(way, name):
    kind, hyper = oracle.OPTIMISERS[name]
    check(way, optimiser=lambda params: getattr(training, kind)(params, **hyper))


def grouped(kind, *own, **common):
    """An optimiser of as many groups as there are dicts of options; the last has all parameters that are left."""
    def made(params):
        parts = [params[4 * k:4 * k + 4] for k in range(len(own) - 1)] + [params[4 * len(own) - 4:]]
        return kind([{"params": part, **options} for part, options in zip(parts, own)], **common)
    return made


SEARCH = {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 3}
RULES = {
    "sgd": grouped(SGD, {"lr": 0.05}, {"momentum": 0.9, "weight_decay": 0.1}, {"nesterov": True, "momentum": 0.5},
                   lr=0.1),
    "one group": grouped(SGD, {"lr": 0.05}, lr=0.1), "frozen": grouped(SGD, {"lr": 0.0}, {}, lr=0.1),
    "adam": grouped(Adam, {"betas": (0.5, 0.9)}, {"lr": 0.01, "weight_decay": 0.1}, lr=0.05, amsgrad=True),
    "adagrad": grouped(Adagrad, {"initial_accumulator_value": 0.5}, {"lr_decay": 0.1}, lr=0.05),
    "lbfgs": lambda params: LBFGS(params, lr=0.01, max_iter=3), "line search": lambda params: LBFGS(params, **SEARCH),
}


@sweep(5)
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("option", ["full batch", "all"])
def test_groups_and_searches(way, name, option):
    check(way, optimiser=RULES[name], **OPTIONS[option])


@pytest.mark.slow
@sweep(3)
def test_a_search_sees_the_statistics_and_draws_of_each_look(way):
    check(way, make=lambda: Sequential(Linear(2, 3), Dropout(0.3), BatchNorm1d(3), Linear(3, 1)), whole=True,
          loss=lambda model, xs, ys: mse(model(xs), ys), optimiser=RULES["lbfgs"])


@sweep(3)
def test_a_search_ends_at_a_loss_below_the_threshold(way):
    check(way, optimiser=RULES["line search"], threshold=0.1, epochs=30)


@sweep(3)
def test_what_a_callback_sets_in_a_group_counts(way):
    def run(jit):
        rule = None

        def made(params):
            nonlocal rule
            rule = RULES["sgd"](params)
            return rule

        def callback(model, record):
            if record.step == 2:
                rule.param_groups[0].lr, rule.param_groups[1].momentum = 0.5, 0.25
        return told(*trained(jit, optimiser=made, callback=callback))
    numbers, expected, plain = run(True)[0], run(False)[0], told(*trained(False, optimiser=RULES["sgd"]))[0]
    assert numbers == (expected if way.exact else pytest.approx(expected, rel=1e-9, abs=1e-12))
    assert expected != plain


@sweep(3)
def test_a_search_that_meets_no_number_moves_nothing(way):
    random.seed(1)
    model = mlp()
    before = [p.data for p in model.parameters()]
    rule = LBFGS(model.parameters(), lr=1e6, max_iter=20)
    with pytest.raises(NonFiniteError, match="row 'log'"):
        fit(model, *data(), lambda m, x, y: log(1 - mse(m(x), y) / 1e3), rule, epochs=3, jit=True)
    assert [p.data for p in model.parameters()] == before and rule.t == 0


PENALTY = {"penalty": lambda model: 0.1 * l2_penalty(model)}
OPTIONS = {
    "full batch": {}, "one by one": {"batch_size": 1}, "mini-batches": {"batch_size": 3, "seed": 5},
    "batches in lanes": {"batch_size": 5}, "steps": {"epochs": None, "steps": 5, "batch_size": 2},
    "no step": {"steps": 0}, "one step": {"steps": 1}, "schedule": {"schedule": LinearLR(0.1, 1.0, 3)},
    "penalty": PENALTY, "penalty, one by one": {**PENALTY, "batch_size": 1},
    "penalty, mini-batches": {**PENALTY, "batch_size": 4}, "clip": {"clip": 0.05}, "no clip": {"clip": 1e9},
    "all": {**PENALTY, "clip": 0.1, "batch_size": 3, "schedule": LinearLR(1.0, 0.1, 9), "validation": 0.3},
    "validation": {"validation": data(4, seed=9)},
    "patience": {"validation": data(4, seed=9), "patience": 2, "epochs": 30},
    "threshold": {"threshold": 0.3, "epochs": 60}, "threshold, one by one": {"threshold": 0.02, "batch_size": 1},
}


@sweep(5)
@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_fit(way, name):
    check(way, **OPTIONS[name])


def test_whole_batches(way):
    check(way, loss=lambda model, xs, ys: mse(model(xs), ys), whole=True, batch_size=3, validation=0.2)


@pytest.mark.slow
def test_strict_is_not_idle():
    """What it is for: 64 products added up in another order, or fused, differ in the last digit."""
    pytest.importorskip("llvmlite")
    rng = random.Random(1)
    xs, ys = [[rng.gauss(0, 1) for _ in range(64)] for _ in range(3)], [[0.5], [0.2], [0.1]]

    def numbers(**options):
        random.seed(1)
        model = Sequential(Linear(64, 20), Tanh(), Linear(20, 1))
        session(model, xs, ys, squared, SGD(model.parameters(), lr=0.1), **options).run([[0, 1, 2]], [0.1])
        return [p.data for p in model.parameters()]

    random.seed(1)
    model = Sequential(Linear(64, 20), Tanh(), Linear(20, 1))
    fit(model, xs, ys, squared, SGD(model.parameters(), lr=0.1), steps=1)
    eager = [p.data for p in model.parameters()]
    assert numbers(strict=True) == eager != numbers()
    assert numbers() == pytest.approx(eager, rel=1e-12)


# What samples may be ---------------------------------------------------------------------------------------------

WORDS = [[0, 1, 2], [0, 2], [0, 2, 1], [0, 1], [0, 1, 1, 2]]


class Reader(Module):
    """Tokens in, for each of them logits of the next."""

    def __init__(self):
        self.embedding, self.layer, self.head = Embedding(3, 2), RNN(2, 3), Linear(3, 3)

    def forward(self, tokens):
        outputs, _ = self.layer(self.embedding(tokens))
        return self.head(outputs)


def next_token(model, x, y):
    return cross_entropy(model(x), y)


READING = {"make": Reader, "loss": next_token, "samples": (WORDS, [[*w[1:], 0] for w in WORDS])}


@pytest.mark.slow
@sweep(4)
@pytest.mark.parametrize("size", [1, 2, None])
def test_sequences_of_many_lengths(way, size):
    check(way, **READING, batch_size=size, epochs=2)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["python", pytest.param("native", marks=needs_llvmlite)])
@pytest.mark.parametrize("strict, programs", [(False, 3), (True, 5)])
def test_a_program_for_each_form_of_sample(backend, strict, programs):
    """Three lengths; strict code takes tokens as a part of the program, as eager code does."""
    model = Reader()
    one = session(model, *READING["samples"], next_token, adam(model.parameters()), backend=backend, strict=strict)
    one.run([[k] for k in range(5)] * 2, [0.1] * 10)
    assert len(one.kernels) == programs


@needs_llvmlite
@pytest.mark.parametrize("first", range(3))
def test_all_lengths_are_laid_out_as_the_first_sample(first, monkeypatch):
    """For it both orders of levels are tried, whichever length comes first; so training that goes on has its bits."""
    monkeypatch.setattr("microgradx.compiler.native.straight.FLAT", -1)
    from microgradx.compiler.loops import schedule
    model, tried = Reader(), []
    monkeypatch.setattr(schedule, "groups", lambda *args, of=schedule.groups: tried.append(args[3]) or of(*args))
    one = session(model, *READING["samples"], next_token, adam(model.parameters()), backend="native")
    one.run([[first]], [0.1])
    one.run([[k] for k in range(5)], [0.1] * 5)
    assert next(iter(one.kernels)) == one.form((0,)) and len(one.kernels) == 3
    taken = {kernel.kernel.late for _, kernel in one.kernels.values()}
    assert len(taken) == 1 and tried == [True, False, *taken, *taken]


def test_targets_may_be_ints(way):
    check(way, make=lambda: Sequential(Linear(2, 3)), loss=next_token, samples=(data()[0], [0, 1, 2, 1, 0, 2, 2]))
    check(way, make=lambda: Linear(2, 1), loss=lambda m, x, y: hinge(m(x)[0], y), samples=(data(6)[0], [1, -1] * 3))


def test_some_parameters_stay_as_they_are(way):
    check(way, optimiser=lambda params: SGD([params[0], *params[3:]], lr=0.1, momentum=0.5))


def test_what_the_loss_closes_over_is_read_at_every_step(way):
    """A Value that the callback sets: a loss that is weighted more and more."""
    weight = Value(1.0)

    def grow(model, record):
        weight.data = 1 + record.step / 10

    results = []
    for compiled in (True, False):
        weight.data = 1.0
        results.append(told(*trained(compiled, loss=lambda m, x, y: weight * squared(m, x, y), callback=grow,
                                     penalty=lambda m: weight * l2_penalty(m))))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-9) and results[0][2] == results[1][2]


# Layers that keep and draw ---------------------------------------------------------------------------------------

def across(model, xs, ys):
    return mse(model(xs), ys)


NORMED = {"loss": across, "whole": True, "batch_size": 4}


@pytest.mark.slow
@sweep(3)
@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics(way, momentum):
    """SGD: Adam would make steps of the rounding errors by which a bias before a norm moves."""
    check(way, make=lambda: Sequential(Linear(2, 3), BatchNorm1d(3, momentum=momentum), Tanh(), Linear(3, 1)),
          optimiser=lambda params: SGD(params, lr=0.1), validation=data(3, seed=8), **NORMED)


@sweep(4)
@pytest.mark.parametrize("size", [1, 5, None])
def test_random_draws_come_from_the_same_generator_in_the_same_order(way, size):
    check(way, make=lambda: Sequential(Linear(2, 4), Dropout(0.4), RReLU(), Linear(4, 1)), batch_size=size)


def test_generators_of_their_own(way):
    check(way, make=lambda: Sequential(Linear(2, 4), Dropout(0.4, generator=random.Random(7)), Linear(4, 1)))


def test_draws_and_statistics_together(way):
    check(way, make=lambda: Sequential(Linear(2, 3), Dropout(0.3), BatchNorm1d(3), Linear(3, 1)),
          optimiser=lambda params: SGD(params, lr=0.1), **NORMED)


def test_where_training_stops_early_the_generator_is_as_far_as_it_would_be(way):
    check(way, make=lambda: Sequential(Linear(2, 4), Dropout(0.2), Linear(4, 1)), threshold=0.3, batch_size=1,
          epochs=50)
    assert len(trained(True, threshold=0.3, batch_size=1, epochs=50)[1]) < 350      # it does stop early


class Counting(Module):
    """weight * x, and a count of the calls, twice as fast for x above 0."""

    def __init__(self):
        self.weight, self.calls = Value(1.0), Buffer(0.0)

    def forward(self, x):
        self.calls.data += 1
        self.calls.data = self.calls.data + (x > 0)
        return self.weight * x


@pytest.mark.parametrize("size", [1, 2, None])
def test_buffers_are_set_sample_by_sample(way, size):
    check(way, make=Counting, loss=lambda m, x, y: (m(x) - y) ** 2, samples=([1.0, -1.0, 0.5], [2.0, -2.0, 1.0]),
          batch_size=size)


def test_a_buffer_outside_of_the_model_is_refused(way):
    inner = Counting()

    def loss(model, x, y):
        return squared(model, [inner(x[0]), x[1]], y)

    with pytest.raises(TracingError, match="not in the model"):
        trained(True, loss=loss)


def test_a_penalty_that_draws_is_refused(way):
    drop = Dropout(0.5)
    with pytest.raises(TracingError, match="a penalty that draws"):
        trained(True, penalty=lambda model: sum(drop(model.parameters())))


# While it runs ---------------------------------------------------------------------------------------------------

def test_a_callback_sees_the_parameters_of_its_step(way):
    paths = []
    for compiled in (True, False):
        seen = []
        trained(compiled, batch_size=3, callback=lambda m, r: seen.append([p.data for p in m.parameters()]))  # noqa: B023
        paths.append([x for step in seen for x in step])
    assert paths[0] == pytest.approx(paths[1], rel=1e-9) and len(paths[0]) == 12 * 17


def test_training_goes_on_where_it_stopped(way):
    parts = []
    for compiled in (True, False):
        random.seed(1)
        model = mlp()
        rule = adam(model.parameters())
        for epochs in (2, 3):
            fit(model, *data(), squared, rule, epochs=epochs, jit=compiled)
        parts.append(([p.data for p in model.parameters()], rule.state_dict()))
    (numbers, state), (expected, other) = parts
    assert numbers == pytest.approx(expected, rel=1e-9)
    assert state["step"] == other["step"] == 5 and state["exp_avg"] == pytest.approx(other["exp_avg"], rel=1e-9)


@pytest.mark.slow
@needs_llvmlite
def test_parameters_that_other_compiled_modules_keep(monkeypatch):
    """Each layer was compiled by itself: their numbers do not lie side by side."""
    random.seed(1)
    model = mlp()
    for layer, size in ((model[0], 2), (model[2], 4)):
        jit(value_and_grad(lambda m, x: sum(m(x))), backend="native")(layer, [0.5] * size)
    fit(model, *data(), squared, adam(model.parameters()), epochs=4, jit=True)
    expected, _, _ = trained(False)
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in expected.parameters()], rel=1e-9)


def test_ctrl_c_in_a_callback_leaves_the_model_of_that_step(way):
    def press(model, record):
        if record.step == 3:
            raise KeyboardInterrupt

    model, history, rule = trained(True, callback=press)
    expected, _, _ = trained(False, steps=3, epochs=None)
    assert history.stopped == "interrupted" and len(history) == rule.t == 3
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in expected.parameters()], rel=1e-9)


@needs_llvmlite
def test_ctrl_c_while_machine_code_runs_is_heard_when_it_comes_back(monkeypatch):
    """Python raises it right after the call: the steps are made, and so they are told."""
    from microgradx.compiler.training.native_session import NativeSession
    plain = NativeSession.load_driver

    def load(self):
        plain(self)
        run = self.driver

        def pressed(*args):
            run(*args)
            raise KeyboardInterrupt
        self.driver = pressed

    monkeypatch.setattr(NativeSession, "load_driver", load)
    model, history, rule = trained(True)
    expected, _, _ = trained(False, steps=1, epochs=None)
    assert history.stopped == "interrupted" and len(history) == rule.t == 1
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in expected.parameters()], rel=1e-9)


@sweep(4)
def test_nothing_is_kept_of_a_session_that_is_over(way):
    model = mlp()
    one = session(model, *data(), squared, adam(model.parameters()), **way.options)
    one.run([[0, 1, 2, 3]], [0.1])
    one.finish()
    gone = [weakref.ref(one), *(weakref.ref(kernel) for _, kernel in one.kernels.values() if hasattr(kernel, "kernel"))]
    del one
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)
    assert all(math.isfinite(p.data) for p in model.parameters())


# What is not finite, what does not fit ----------------------------------------------------------------------------

class Line(Module):
    def __init__(self, weight=1.0, bias=0.1):
        self.weight, self.bias, self.calls = Value(weight), Value(bias), Buffer(0.0)

    def forward(self, x):
        self.calls.data += 1
        return self.weight * x + self.bias


def everything(model):
    return [v.data for v in (*model.parameters(), *model.buffers())]


def test_a_loss_that_is_not_finite_names_its_node_and_moves_nothing(way):
    model, seen = Line(), []
    with pytest.raises(NonFiniteError, match=r"the loss is nan: it comes from row 'log' at x = -"):
        fit(model, [1.0], [0.0], lambda m, x, y: log(m(x)), SGD(model.parameters(), lr=0.5), epochs=99, jit=True,
            callback=lambda m, r: seen.append(everything(m)))
    assert seen and everything(model) == seen[-1]


def test_many_steps_in_one_call_end_before_the_one_that_is_not_finite(way):
    model, expected = Line(), Line()
    rule = SGD(model.parameters(), lr=0.5)
    with pytest.raises(NonFiniteError, match="'log'"):
        fit(model, [1.0], [0.0], lambda m, x, y: log(m(x)), rule, epochs=99, jit=True)
    with pytest.raises(NonFiniteError):
        fit(expected, [1.0], [0.0], lambda m, x, y: log(m(x)), SGD(expected.parameters(), lr=0.5), epochs=99)
    assert everything(model) == pytest.approx(everything(expected), rel=1e-12) and rule.t > 0


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_a_gradient_whose_square_is_no_float_has_a_length(way, size):
    check(way, make=Line, loss=lambda m, x, y: m(x), samples=([size, -size], [0.0, 0.0]), clip=size)


def test_an_index_outside_of_its_table_is_told_and_its_step_is_not_made(way):
    """Classes 0 and 1, then 5. (Strict code meets it while it records.)"""
    model = Linear(2, 2)
    rule = adam(model.parameters())
    one = session(model, data(3)[0], [0, 1, 5], lambda m, x, y: -take(m(x), y), rule, **way.options)
    one.run([[0], [1]], [0.1, 0.1])
    before = [p.data for p in model.parameters()]
    for batches in ([[2], [0]], [[0, 2, 1]]):
        with pytest.raises(IndexError, match=r"whole number from 0 to 1 as index, got 5\.0"):
            one.run(batches, [0.1] * len(batches))
    assert [p.data for p in model.parameters()] == before and rule.t == 2
    assert len(one.run([[0]], [0.1])) == 1


@pytest.mark.parametrize("classes, loss, error, told", [
    ([0, 7, 1], cross_entropy, IndexError, "got (target )?7.0"),
    ([0, 1, 1.5], take, IndexError, "got 1.5"),
    ([0, 1, 2], lambda xs, t: hinge(xs[0], 2 * t - 1), ValueError, "hinge: expected targets -1 or 1, got 3.0"),
])
@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"batch_size": 2}])
def test_what_is_wrong_with_a_target_is_told_as_in_eager_training(way, classes, loss, error, told, options):
    for compiled in (False, True):
        model = Linear(2, 3)
        with pytest.raises(error, match=told):
            fit(model, data(3)[0], classes, lambda m, x, t: loss(m(x), t), SGD(model.parameters()), epochs=2,
                jit=compiled, **options)


def test_a_loss_that_asks_for_a_number_is_told_where(way):
    with pytest.raises(TracingError, match=r"test_session\.py"):
        trained(True, loss=lambda m, x, y: m(x)[0] if m(x)[0] > 0 else m(x)[0] ** 2)


@pytest.mark.parametrize("loss", [lambda m, x, y: 1.0, lambda m, x, y: m(x), lambda m, x, y: None])
def test_a_loss_that_is_no_value_is_refused(way, loss):
    with pytest.raises(TypeError, match=r"one Value from loss\(model, x, y\)"):
        trained(True, loss=loss)


def test_a_program_too_large_for_generated_python_is_refused(monkeypatch):
    take_this_way(monkeypatch, {"backend": "python"})
    monkeypatch.setattr("microgradx.compiler.python_backend.LIMIT", 50)
    with pytest.raises(ValueError, match=r"too large for generated Python .*\[jit\]"):
        trained(True)


def test_samples_are_left_as_they_are(way):
    xs, ys = data()
    before = [[list(x) for x in xs], [list(y) for y in ys]]
    trained(True, samples=(xs, ys))
    assert [xs, ys] == before


def test_a_model_of_no_module(way):
    w = Value(0.0)
    one = session(None, [1.0, 2.0], [3.0, 6.0], lambda model, x, y: (w * x - y) ** 2, SGD([w], lr=0.1), **way.options)
    one.run([[0, 1]] * 99, [0.1] * 99)
    assert w.data == pytest.approx(3)


@pytest.mark.slow
@needs_llvmlite
@pytest.mark.parametrize("make, batch, lanes", [
    (mlp, [0, 1, 2, 3], True), (mlp, [0, 1], False), (lambda: Sequential(Linear(2, 1), Dropout()), [0, 1, 2, 3], False),
    (lambda: Sequential(Linear(2, 300), Tanh(), Linear(300, 1)), [0, 1, 2, 3], False),
], ids=["small", "few samples", "draws", "large"])
def test_a_batch_goes_in_lanes_where_it_can(make, batch, lanes):
    model = make()
    one = session(model, *data(), squared, adam(model.parameters()), backend="native")
    one.run([batch], [0.1])
    assert one.lanes is lanes and bool(one.kernels) is not lanes


def test_a_mask_of_bools_in_a_sample_is_one(way):
    """They became 1.0 and 0.0, and were added to scores: bools are a part of the program, as in jit."""
    masks = [[[False, True], [False, False]], [[False, False], [True, False]]]
    xs = [([[0.5, -1.0], [2.0, 0.25]], mask) for mask in masks]

    def trained_with(jit):
        random.seed(0)
        model = MultiheadAttention(2, 1)
        fit(model, xs, [True, False], lambda m, x, y: (m(x[0], x[0], x[0], attn_mask=x[1])[0][0][0] - y)**2,
            SGD(model.parameters(), lr=0.1), steps=4, seed=0, jit=jit)
        return [p.data for p in model.parameters()]
    assert trained_with(True) == pytest.approx(trained_with(False), rel=1e-12)
