"""Every layer, loss and first weight against torch: the same weights and inputs, outputs and all gradients to 1e-10.

For a fixed set of cases torch's numbers are stored, so nothing need be installed. Where torch is, it is asked itself,
also on cases that Hypothesis draws.
"""
import inspect
import json
import pathlib

import pytest
from hypothesis import given, settings

from microgradx import nn
from microgradx.nesting import shape
from microgradx.nn import init

from .. import nn_cases, nn_inits
from ..budget import FULL, budget
from ..nn_cases import CASES
from ..nn_drawn import DRAWN

STORED = json.loads(pathlib.Path(__file__).parents[1].joinpath("torch_numbers.json").read_text())
ALONE = {"Module", "Neuron", "Layer", "MLP", "Perceptron", "Elementwise", "Sequential", "ModuleList", "Residual",
         "ModuleDict", "ParameterList"}
every_case = pytest.mark.parametrize("case", CASES, ids=str)
ignore_warnings = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides", "ignore:Using padding='same'",
                                             "ignore:Support for mismatched")
every_init = pytest.mark.parametrize("case", nn_inits.CASES, ids=str)


def differences(found, expected, path=""):
    """Where two results differ by more than 1e-10, or are not of one form."""
    if isinstance(expected, dict):
        if found.keys() != expected.keys():
            return [f"{path}: {sorted(found)} against {sorted(expected)}"]
        return [line for key in expected for line in differences(found[key], expected[key], f"{path} {key}")]
    if isinstance(expected, list):
        if len(found) != len(expected):
            return [f"{path}: {len(found)} numbers against {len(expected)}"]
        return [line for i, pair in enumerate(zip(found, expected)) for line in differences(*pair, f"{path} {i}")]
    same = found == pytest.approx(expected, rel=1e-10, abs=1e-10, nan_ok=True)
    return [] if same else [f"{path}: {found} against {expected}"]


# The stored numbers --------------------------------------------------------------------------------------------

@every_case
def test_layers_and_losses_against_stored_numbers(case):
    assert differences(nn_cases.ours(case), STORED["layers"][str(case)]) == []


@every_init
def test_first_weights_against_stored_numbers(case):
    assert differences(nn_inits.ours(case), STORED["inits"][str(case)]) == []


def test_a_number_off_by_a_billionth_is_found():
    """In every output, gradient and buffer of every case; in the quick run of some."""
    for case in CASES if FULL else CASES[::9]:
        right = STORED["layers"][str(case)]
        for part in ("outputs", *right["gradients"], *right["buffers"]):
            wrong = json.loads(json.dumps(right))
            numbers = next(d[part] for d in (wrong, wrong["gradients"], wrong["buffers"]) if part in d)
            numbers[-1] += 1e-9 * max(1, abs(numbers[-1]))
            assert differences(right, wrong), (case, part)


def test_every_layer_and_loss_is_compared():
    """A layer or loss that is exported has a case; those that torch has not are proved elsewhere."""
    layers = {name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and name != "Buffer"}
    losses = {name for name in nn.__all__ if inspect.isfunction(getattr(nn, name))}
    assert layers - ALONE == {case.name for case in CASES if not case.is_loss}
    assert losses - {"detached", "attend", "l1_penalty", "l2_penalty"} == {case.name for case in CASES if case.is_loss}
    assert {name for name in vars(init) if name.endswith("_") and not name.startswith("_")} <= {
        name for name, *_ in nn_inits.CASES}


# torch itself --------------------------------------------------------------------------------------------------

@every_case
@ignore_warnings
def test_the_stored_numbers_are_torch_s(torch, case):
    assert differences(STORED["layers"][str(case)], nn_cases.theirs(torch, case)) == []


@every_init
def test_the_stored_first_weights_are_torch_s(torch, case):
    assert differences(STORED["inits"][str(case)], nn_inits.theirs(torch, case)) == []


@pytest.mark.parametrize("case", [case for case in CASES if not case.is_loss], ids=str)
def test_a_state_of_torch_loads(torch, case):
    """From torch's module of the same name, all names and shapes matching."""
    there = nn_cases.torch_layer(torch, case)
    here = nn_cases.layer(case)
    here.load_state_dict({name: t.tolist() for name, t in there.state_dict().items()})
    assert here.state_dict() == {name: t.tolist() for name, t in there.state_dict().items()}
    assert [n for n, _ in here.named_parameters()] == [n for n, _ in there.named_parameters()]


def test_a_network_s_names_are_torch_s(torch):
    def network(nn):
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(),
                             nn.Sequential(nn.Linear(8, 4), nn.Tanh()), nn.ModuleList([nn.PReLU(), nn.LayerNorm(4)]))
    here, there = network(nn), network(torch.nn)
    assert {k: shape(v) for k, v in here.state_dict().items()} == {
        k: tuple(v.shape) for k, v in there.state_dict().items()}


@pytest.mark.parametrize("cases, count", DRAWN.values(), ids=DRAWN)
@ignore_warnings
def test_drawn_cases_against_torch(torch, cases, count):
    @given(cases)
    @settings(max_examples=budget(count))
    def agrees(case):
        assert differences(nn_cases.ours(case), nn_cases.theirs(torch, case)) == []
    agrees()
