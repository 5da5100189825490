"""fit(checkpoint=): a run that was interrupted and continued has the bits of one without a break."""
import json
import math
import random
import signal
import struct
from contextlib import suppress

import pytest

from microgradx import Value, compiler
from microgradx.compiler import backends
from microgradx.nn import BatchNorm1d, Dropout, Linear, Module, Sequential, Tanh, mse
from microgradx.training import (
    LBFGS,
    SGD,
    Adam,
    CosineAnnealingLR,
    ReduceLROnPlateau,
    StepLR,
    WeightsError,
    fit,
    load,
    save,
)
from microgradx.training.checkpoint import KEY
from microgradx.training.weights import encoded, read

from ..budget import budget, sweep
from ..compiled import needs_llvmlite
from .test_interrupts import WAYS, Press

RNG = random.Random(3)
XS = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(10)]
YS = [[math.sin(a) * b] for a, b in XS]
EPOCHS = 6


@pytest.fixture(params=["eager", "python", pytest.param("native", marks=needs_llvmlite)])
def way(request, monkeypatch):
    """fit() goes this way."""
    monkeypatch.setattr(compiler, "backend", lambda: backends.backend(request.param))
    return WAYS[request.param]


def one(model, x, y):
    return mse(model(x), y)


def batch(model, xs, ys):
    return mse([y for row in model(xs) for y in row], [y for row in ys for y in row])


def plain():
    return Sequential(Linear(2, 3), Tanh(), Linear(3, 1))


def dropping():
    """Two sources of random numbers: the module `random` and a generator of its own."""
    return Sequential(Linear(2, 4), Dropout(0.25), Tanh(), Dropout(0.25, generator=random.Random(7)), Linear(4, 1))


def normed():
    return Sequential(Linear(2, 3), BatchNorm1d(3), Dropout(0.25), Tanh(), Linear(3, 1))


def adam(params):
    return Adam(params, lr=0.05)


def momentum(params):
    return SGD(params, lr=0.05, momentum=0.9)


SHARE = {"validation": 0.3, "batch_size": 3}
CASES = {
    "adam": (plain, adam, lambda: {"loss": one, "batch_size": 8}),             # the first batch is computed in lanes
    "momentum": (dropping, momentum, lambda: {"loss": one, "batch_size": 4, "schedule": StepLR(5, 0.5)}),
    "norm": (normed, adam, lambda: {"loss": batch, "whole": True, "clip": 0.5, "drop_last": True, **SHARE}),
    "plateau": (dropping, adam, lambda: {"loss": one, "schedule": ReduceLROnPlateau(factor=0.5, patience=0), **SHARE}),
    "patience": (plain, momentum, lambda: {"loss": one, "patience": 2, **SHARE}),
}


class Run:
    """The same call of fit() each time: what a program does that is started anew."""

    def __init__(self, case, way, path=None):
        self.made, self.rule, self.options = CASES[case] if isinstance(case, str) else case
        self.way, self.path = way, path

    def __call__(self, epochs=EPOCHS, **more):
        random.seed(1)
        self.model = self.made()
        self.optimiser = self.rule(self.model.parameters())
        options = {**self.options(), "epochs": epochs, **self.way, "checkpoint": self.path, **more}
        self.history = fit(self.model, XS, YS, options.pop("loss"), self.optimiser, **options)
        return self

    def state(self):
        """All that a run leaves behind, the next random number included."""
        return (self.model.state_dict(), self.optimiser.state_dict(), [*self.history], self.history.stopped,
                random.getstate(), [m.generator.getstate() for _, m in self.model.named_modules()
                                    if getattr(m, "generator", None)])


@sweep(997)
@pytest.mark.parametrize("case", CASES)
def test_a_run_in_parts_has_the_bits_of_one_without_a_break(case, way, tmp_path):
    path = tmp_path / "run.safetensors"
    expected = Run(case, way)().state()
    run = Run(case, way, path)
    for epochs in (1, 3, EPOCHS):
        run(epochs)
    assert run.state() == expected
    assert run().state() == expected                # all is done: what is in the file comes back


class Stop(Exception):
    """What ends a run, as a power cut does: nothing is cleaned up for it."""


@pytest.mark.slow
@sweep(5)
@pytest.mark.parametrize("case", ["norm", "plateau"])
@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_a_run_that_breaks_amid_an_epoch_goes_on_from_its_beginning(case, error, way, tmp_path):
    path = tmp_path / "run.safetensors"
    expected = Run(case, way)(callback=lambda model, record: None).state()
    run, breaks = Run(case, way, path), iter([4, 8, math.inf])

    def callback(model, record):
        if record.step == step:
            raise error
    for step in breaks:
        try:
            run(callback=callback)
        except Stop:
            assert step < math.inf
    assert run.state() == expected


@pytest.mark.slow
def test_after_ctrl_c_the_same_objects_go_on(tmp_path, ctrl_c, way):
    """As in a notebook: the cell is run again, with a model and schedule that are amid the third epoch."""
    path, schedule = tmp_path / "run.safetensors", ReduceLROnPlateau(factor=0.5, patience=0)
    case = (dropping, adam, lambda: {**SHARE, "loss": one, "schedule": schedule})
    steps = []

    def callback(model, record):
        steps.append(record.step)
        if steps == [1, 2, 3, 4, 5, 6, 7, 8]:
            signal.raise_signal(signal.SIGINT)
    run = Run(case, way, path)(callback=callback)
    assert run.history.stopped == "interrupted" and len(run.history) == 8
    again = fit(run.model, XS, YS, one, run.optimiser, epochs=EPOCHS, schedule=schedule, checkpoint=path,
                callback=callback, **SHARE, **way)
    fresh = ReduceLROnPlateau(factor=0.5, patience=0)
    whole = Run((dropping, adam, lambda: {**SHARE, "loss": one, "schedule": fresh}), way)(callback=lambda m, r: None)
    run.history = again
    assert run.state() == whole.state() and schedule.state_dict() == fresh.state_dict()
    assert steps == [*range(1, 9), *range(7, len(again) + 1)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")      # in a destructor: see allowed()
@pytest.mark.parametrize("case", ["norm", "plateau"])
def test_ctrl_c_at_any_line(case, way, tmp_path, ctrl_c):
    """Between any two lines of the package, those that write the file and load it included."""
    expected = Run(case, way)(2).state()
    with Press() as counted:
        Run(case, way, tmp_path / "whole.safetensors")(2)
    rng = random.Random(5)
    for i in range(budget(6)):
        run = Run(case, way, tmp_path / f"{i}.safetensors")
        for _ in range(2):
            with suppress(KeyboardInterrupt), Press(rng.randrange(6, counted.lines)):
                run(2)
        assert run(2).state() == expected


@pytest.mark.sweep(997)
@pytest.mark.parametrize("rule", [
    lambda p: LBFGS(p, max_iter=3, line_search_fn="strong_wolfe"),
    lambda p: Adam([{"params": p[:4], "lr": 0.01}, {"params": p[4:], "betas": (0.5, 0.9)}], lr=0.05, amsgrad=True)])
def test_optimisers_without_one_rule(rule, way, tmp_path):
    case = (plain, rule, lambda: {"loss": one, "threshold": -1.0})
    expected = Run(case, way)().state()
    run = Run(case, way, tmp_path / "run.safetensors")
    run(2)
    assert run().state() == expected


def test_what_ended_a_run_ends_it_again(tmp_path):
    run = Run((plain, adam, lambda: {"loss": one, "threshold": 0.3}), {}, tmp_path / "run.safetensors")
    run(500)
    assert run.history.stopped == "loss threshold reached"
    expected = run.state()
    assert run(500).state() == expected
    stale = Run("patience", {}, tmp_path / "stale.safetensors")
    expected = stale(500).state()
    assert stale.history.stopped == "validation loss no longer falling"
    assert stale(1000).state() == expected


def test_the_file_is_whole_after_each_epoch_and_has_torchs_names(tmp_path):
    path, seen = tmp_path / "run.safetensors", []

    def callback(model, record):
        seen.append(len(load(path)["history.loss"]) if path.exists() else 0)
    run = Run("adam", {}, path)(3, callback=callback)
    assert seen == [0, 0, 2, 2, 4, 4] and [*tmp_path.iterdir()] == [path]
    found = load(path)
    assert {name[6:]: x for name, x in found.items() if name.startswith("model.")} == run.model.state_dict()
    assert found["history.loss"] == [record.loss for record in run.history]


@pytest.mark.slow
def test_the_file_is_read_by_the_safetensors_package(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    run = Run("plateau", {}, tmp_path / "run.safetensors")(2)
    found = safetensors.load_file(tmp_path / "run.safetensors")
    assert found["model.0.weight"].tolist() == run.model.state_dict()["0.weight"]


# Files that do not fit -----------------------------------------------------------------------------------------

def deeper():
    return Sequential(Linear(2, 3), Tanh(), Linear(3, 3), Tanh(), Linear(3, 1))


def wider():
    return Sequential(Linear(2, 4), Tanh(), Linear(4, 1))


def bent():
    return Sequential(Linear(2, 3), Dropout(0.0), Linear(3, 1))


BASE = {"loss": one, "batch_size": 3, "schedule": StepLR(5, 0.5)}


@pytest.mark.parametrize("made, rule, more, said", [
    (deeper, adam, {}, "does not fit Sequential"), (wider, adam, {}, r"0\.weight: expected shape"),
    (bent, adam, {}, "it is of a run with model"), (plain, momentum, {}, "it is of a run with optimiser"),
    (plain, lambda p: Adam(p, lr=0.01), {}, "it is of a run with optimiser"),
    (plain, lambda p: Adam(p[::-1], lr=0.05), {}, "in another order"),
    (plain, lambda p: Adam(p[1:], lr=0.05), {}, "it is of a run with optimiser"),
    (plain, adam, {"schedule": CosineAnnealingLR(9)}, "its step 2 had a learning rate of 0.05, this schedule gives"),
    (plain, adam, {"schedule": ReduceLROnPlateau(), "validation": (XS, YS)}, "it is of a run with schedule"),
    (plain, adam, {"batch_size": 4}, "it is of a run with batch_size 3, got 4"),
    (plain, adam, {"seed": 1}, "it is of a run with seed"), (plain, adam, {"clip": 1.0}, "it is of a run with clip"),
    (plain, adam, {"validation": (XS, YS)}, "it is of a run with validation"),
    (plain, adam, {"epochs": 1}, "it has 8 steps, of which 4 were asked for"),
])
def test_a_file_of_another_run_changes_nothing(made, rule, more, said, tmp_path):
    path = tmp_path / "run.safetensors"
    Run((plain, adam, lambda: BASE), {}, path)(2)
    content = path.read_bytes()
    run = Run((made, rule, lambda: BASE), {}, path)
    random.seed(1)
    model = made()
    before = model.state_dict(), random.getstate()
    with pytest.raises(WeightsError, match=said) as caught:
        run(**more)
    assert str(caught.value).startswith(repr(str(path)))
    assert (run.model.state_dict(), random.getstate()) == before and run.optimiser.t == 0
    assert path.read_bytes() == content


def changed(path, edit):
    """Write a file anew after edit(tensors, head)."""
    tensors, metadata = read(path, lambda shapes, metadata: None)
    head = json.loads(metadata[KEY])
    found = edit(tensors, head)
    path.write_bytes(encoded(tensors, {KEY: found if isinstance(found, str) else json.dumps(head)}))


@pytest.mark.parametrize("edit, said", [
    (lambda tensors, head: "[" * 9999, "expected a checkpoint"), (lambda tensors, head: "3", "expected a checkpoint"),
    (lambda tensors, head: head["random"].update(random=[3, [1, 2], None]), "expected the state of a random generator"),
    (lambda tensors, head: head["random"].update(random=7), "expected the state of a random generator"),
    (lambda tensors, head: head["random"].update(other=7), "it has the random generators"),
    (lambda tensors, head: tensors.pop("history.norm"), "expected the history of whole epochs"),
    (lambda tensors, head: tensors.update({"history.loss": [1.0]}), "expected the history of whole epochs"),
    (lambda tensors, head: tensors.update({"optimiser.step": 0.5}), "step: expected a whole number"),
    (lambda tensors, head: tensors.update({"schedule.bad": math.nan}), "cannot convert float NaN"),
    (lambda tensors, head: tensors.pop("schedule.bad"), "does not fit ReduceLROnPlateau"),
    (lambda tensors, head: tensors.pop("best.0.weight"), "missing"),
    (lambda tensors, head: tensors.update({"more.x": 1.0}), "expected a checkpoint with"),
])
def test_a_file_with_a_fault_changes_nothing(edit, said, tmp_path):
    path = tmp_path / "run.safetensors"
    run = Run("plateau", {}, path)
    run(2)
    changed(path, lambda tensors, head: None)
    run(2)                                                      # written anew it is as good as before
    changed(path, edit)
    random.seed(1)
    before = dropping().state_dict(), random.getstate()
    with pytest.raises(WeightsError, match=said):
        run(3)
    assert (run.model.state_dict(), random.getstate()) == before
    assert run.optimiser.state_dict() == adam(run.model.parameters()).state_dict()


def test_weights_are_not_written_over(tmp_path):
    path = tmp_path / "model.safetensors"
    save(plain(), path)
    content = path.read_bytes()
    with pytest.raises(WeightsError, match="expected a checkpoint that fit\\(\\) has written"):
        Run("adam", {}, path)()
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"\0" * 8, struct.pack("<Q", 99) + b"{}", b"text"])
def test_no_safetensors_file(content, tmp_path):
    path = tmp_path / "run.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"run\.safetensors"):
        Run("adam", {}, path)()


class Outside(Module):
    def forward(self, x):
        return [x[0] * SCALE]


SCALE = Value(1.0)


@pytest.mark.parametrize("made, rule, path, error, said", [
    (plain, adam, 3, TypeError, "expected the path of a file"),
    (plain, adam, ".", FileNotFoundError, "expected a file in a folder"),
    (plain, adam, "no/such/folder", FileNotFoundError, "expected a file in a folder"),
    (Outside, lambda p: SGD([SCALE]), "run", ValueError, "make them attributes of the model"),
    (lambda: Sequential(Linear(2, 1), Dropout(generator=random.SystemRandom())), adam, "run", ValueError,
     "SystemRandom"),
])
def test_what_could_not_be_saved_is_refused_at_once(made, rule, path, error, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Run((made, rule, lambda: {"loss": one}), {}, path)
    with pytest.raises(error, match=said):
        run()
    assert run.optimiser.t == 0 and not [*tmp_path.iterdir()]
