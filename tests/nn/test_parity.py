"""Every layer, loss and first weight against torch: the same weights and inputs, outputs and all gradients to 1e-10.

For a fixed set of cases torch's numbers are stored, so nothing need be installed. Where torch is, it is asked itself,
also on cases that Hypothesis draws.
"""
import inspect
import itertools
import json
import math
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import nn
from microgradx.nesting import rebuild, shape
from microgradx.nn import init
from microgradx.nn.shapes import nested

from .. import nn_cases, nn_inits
from ..budget import budget
from ..nn_cases import CASES, Case, Chances, Classes, Floats, Gaps, Signs, Ties

STORED = json.loads(pathlib.Path(__file__).parents[1].joinpath("torch_numbers.json").read_text())
ALONE = {"Module", "Neuron", "Layer", "MLP", "Perceptron", "Elementwise", "Sequential", "ModuleList", "Residual"}
every_case = pytest.mark.parametrize("case", CASES, ids=str)
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
    return [] if found == pytest.approx(expected, rel=1e-10, abs=1e-10) else [f"{path}: {found} against {expected}"]


# The stored numbers --------------------------------------------------------------------------------------------

@every_case
def test_layers_and_losses_against_stored_numbers(case):
    assert differences(nn_cases.ours(case), STORED["layers"][str(case)]) == []


@every_init
def test_first_weights_against_stored_numbers(case):
    assert differences(nn_inits.ours(case), STORED["inits"][str(case)]) == []


def test_a_number_off_by_a_billionth_is_found():
    """In every output, gradient and buffer of every case."""
    for case in CASES:
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
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
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


def sizes(low, high, count=1):
    return st.tuples(*[st.integers(low, high)] * count)


SMALL = st.integers(1, 4)
BATCH = st.sampled_from([(), (1,), (2,), (3,)])


@st.composite
def convolutions(draw):
    """Padding up to beyond the kernel, strides that leave inputs out, a batch or none."""
    axes = draw(st.integers(1, 2))
    kernel, stride, padding = draw(sizes(1, 3, axes)), draw(sizes(1, 4, axes)), draw(sizes(0, 5, axes))
    lengths = tuple(draw(st.integers(max(1, k - 2 * p), 6)) for k, p in zip(kernel, padding))
    channels, out, batch = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(BATCH)
    return Case(f"Conv{axes}d", (channels, out, kernel), [Floats(*batch, channels, *lengths)],
                {"stride": stride, "padding": padding, "bias": draw(st.booleans())})


@st.composite
def pools(draw):
    axes, kind = draw(st.integers(1, 2)), draw(st.sampled_from(["Max", "Avg"]))
    kernel, stride = draw(sizes(1, 4, axes)), draw(st.none() | sizes(1, 4, axes))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    lengths = tuple(draw(st.integers(max(1, k - 2 * p), 6)) for k, p in zip(kernel, padding))
    options = {"count_include_pad": draw(st.booleans())} if kind == "Avg" else {}
    inputs = [draw(st.sampled_from([Floats, Ties]))(*draw(BATCH), draw(st.integers(1, 2)), *lengths)]
    if stride is not None:
        options["stride"] = stride
    return Case(f"{kind}Pool{axes}d", (kernel,), inputs, {**options, "padding": padding})


@st.composite
def linears(draw):
    n, leading = draw(SMALL), draw(st.lists(st.integers(1, 3), max_size=3))
    return Case("Linear", (n, draw(SMALL)), [Floats(*leading, n)], {"bias": draw(st.booleans())})


@st.composite
def cells(draw):
    name, n, hidden, batch = draw(st.sampled_from(["RNN", "GRU", "LSTM"])), draw(SMALL), draw(SMALL), draw(BATCH)
    states = [] if draw(st.booleans()) else [state(name, (*batch, hidden))]
    return Case(f"{name}Cell", (n, hidden), [Floats(*batch, n), *states], {"bias": draw(st.booleans())})


@st.composite
def sequences(draw):
    name, n, hidden, batch = draw(st.sampled_from(["RNN", "GRU", "LSTM"])), draw(SMALL), draw(SMALL), draw(BATCH)
    length, layers, first = draw(SMALL), draw(st.integers(1, 3)), draw(st.booleans())
    inputs = [Floats(*((*batch, length) if first else (length, *batch)), n)]
    if draw(st.booleans()):
        inputs.append(state(name, (layers, *batch, hidden)))
    return Case(name, (n, hidden), inputs, {"num_layers": layers, "bias": draw(st.booleans()), "batch_first": first})


def state(name, shape):
    return (Floats(*shape), Floats(*shape)) if name == "LSTM" else Floats(*shape)


@st.composite
def attentions(draw):
    heads, size, batch = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(BATCH)
    queries, keys, first = draw(SMALL), draw(SMALL), draw(st.booleans())
    q, k = [Floats(*((*batch, n) if first else (n, *batch)), heads * size) for n in (queries, keys)]
    call = draw(st.sampled_from([{}, {"is_causal": True}, {"need_weights": False}]))
    return Case("MultiheadAttention", (heads * size, heads), [q, k, k],
                {"bias": draw(st.booleans()), "batch_first": first}, call)


@st.composite
def norms(draw):
    last = draw(sizes(1, 3, draw(st.integers(1, 3))))
    name = draw(st.sampled_from(["LayerNorm", "RMSNorm"]))
    options = {"elementwise_affine": draw(st.booleans()), "eps": draw(st.sampled_from([1e-5, 0.1]))}
    return Case(name, (last,), [Floats(*draw(BATCH), *last)], options)


@st.composite
def batch_norms(draw):
    axes, channels = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    training, places = draw(st.booleans()), draw(sizes(1, 3, axes))
    samples = draw(st.integers(1 if (places and max(places) > 1) or not training else 2, 3))
    options = {"affine": draw(st.booleans()), "momentum": draw(st.sampled_from([None, 0.1, 0.5])),
               "track_running_stats": draw(st.booleans())}
    if not training and not options["track_running_stats"]:
        samples += 1
    return Case("BatchNorm2d" if axes == 2 else "BatchNorm1d", (channels,), [Floats(samples, channels, *places)],
                options, training=training)


@st.composite
def losses(draw):
    shape, reduction = draw(st.lists(SMALL, max_size=3)), draw(st.sampled_from(["mean", "sum", "none"]))
    name, inputs, target = draw(st.sampled_from([
        ("mse", Floats, Floats), ("l1", Floats, Floats), ("huber", Floats, Floats), ("smooth_l1", Floats, Floats),
        ("bce", Chances, Chances), ("bce_with_logits", Floats, Chances), ("kl_div", Floats, Chances),
        ("hinge", Floats, Signs), ("hinge_embedding", Floats, Signs)]))
    call = {"reduction": reduction}
    if name == "hinge" and reduction == "none":
        call["reduction"] = "sum"
    if name in ("smooth_l1", "hinge_embedding"):
        call["beta" if name == "smooth_l1" else "margin"] = draw(st.sampled_from([0.0, 0.5, 2.0]))
    for option in draw(st.sets(st.sampled_from(["weight", "pos_weight"]))) if shape and name.startswith("bce") else ():
        if option == "weight" or name == "bce_with_logits":
            call[option] = numbers(draw, draw(st.sampled_from([shape[k:] for k in range(len(shape) + 1)])))
    return Case(name, (), [inputs(*shape), target(*shape)], call=call)


@st.composite
def classes(draw):
    """cross_entropy and nll with all their options; targets that are ignored or probabilities."""
    name, batch, classes = draw(st.sampled_from(["cross_entropy", "nll"])), draw(BATCH), draw(st.integers(3, 5))
    places = draw(sizes(1, 3, draw(st.integers(0, 2)))) if batch else ()
    target = draw(st.sampled_from([Classes, Gaps, *[Chances] * (name == "cross_entropy")]))
    call = {"reduction": draw(st.sampled_from(["mean", "sum", "none"]))}
    if draw(st.booleans()):
        call["weight"] = numbers(draw, (classes,))
    if target is not Chances and draw(st.booleans()):
        call["ignore_index"] = draw(st.sampled_from([-100, 0, 2]))
        target = Classes if call["ignore_index"] >= 0 else target
    if name == "cross_entropy" and draw(st.booleans()):
        call["label_smoothing"] = draw(st.floats(0, 1))
    shape = (*batch, classes, *places)
    return Case(name, (), [Floats(*shape), target(*(shape if target is Chances else (*batch, *places)))], call=call)


@st.composite
def margins(draw):
    """Losses of vectors, or of the scores of classes; also where several tie."""
    name = draw(st.sampled_from(["margin_ranking", "multi_margin", "cosine_embedding", "triplet_margin"]))
    batch, kind, n = draw(BATCH), draw(st.sampled_from([Floats, Ties])), draw(st.integers(3, 5))
    call = {"reduction": draw(st.sampled_from(["mean", "sum", "none"])), "margin": draw(st.sampled_from([0.5, 1.0]))}
    if name == "multi_margin":
        call["p"] = draw(st.sampled_from([1, 2]))
        if draw(st.booleans()):
            call["weight"] = numbers(draw, (n,))
        return Case(name, (), [kind(*batch, n), Classes(*batch)], call=call)
    if name == "triplet_margin":
        call |= {"p": draw(st.sampled_from([1.0, 2.0, 3.0, math.inf])), "swap": draw(st.booleans())}
        return Case(name, (), [Floats(*batch, n)] * 3, call=call)
    shape = (*batch, n) if name == "margin_ranking" or not batch else (batch[0], n)
    return Case(name, (), [kind(*shape), Floats(*shape), Signs(*(shape if name == "margin_ranking" else batch))],
                call=call)


def numbers(draw, shape):
    """A nested list of positive numbers as an option."""
    return rebuild(nested(shape, float), (draw(st.floats(0.1, 3)) for _ in itertools.count())) if shape else [1.5]


DRAWN = {"convolutions": (convolutions(), 60), "pools": (pools(), 60), "linears": (linears(), 30),
         "cells": (cells(), 40), "sequences": (sequences(), 40), "attentions": (attentions(), 40),
         "norms": (norms(), 40), "batch_norms": (batch_norms(), 50), "losses": (losses(), 80),
         "classes": (classes(), 80), "margins": (margins(), 80)}


@pytest.mark.parametrize("cases, count", DRAWN.values(), ids=DRAWN)
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_drawn_cases_against_torch(torch, cases, count):
    @given(cases)
    @settings(max_examples=budget(count))
    def agrees(case):
        assert differences(nn_cases.ours(case), nn_cases.theirs(torch, case)) == []
    agrees()
