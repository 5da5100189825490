"""Optimisers, schedules and clipping against torch: the stored numbers, and its answers to the same calls."""
import builtins
import inspect
import math
import sys

import pytest

from microgradx import Value, training
from microgradx.training import (
    LBFGS,
    Adam,
    ReduceLROnPlateau,
    clip_grad_norm,
    clip_grad_value,
    load,
    save,
)

from .. import training_oracle as oracle
from .test_optim import ALL, all_close, close, descend, leaves

STORED = oracle.stored()


def ours(kind, hyper):
    """The parameters after each step of SEEN."""
    optimiser, seen, before = getattr(training, kind)([Value(x) for x in oracle.START], **hyper), {}, 0
    for step in oracle.SEEN:
        seen[str(step)] = descend(optimiser, step - before)
        before = step
    return seen


def test_torch_still_gives_the_stored_numbers():
    assert all_close(oracle.numbers(oracle.needed("torch")), STORED)


@pytest.mark.parametrize("name", oracle.OPTIMISERS)
def test_a_hundred_steps_are_torchs(name):
    assert all_close(ours(*oracle.OPTIMISERS[name]), STORED["optimisers"][name])


@pytest.mark.parametrize("name, near", [("plain", "momentum"), ("momentum", "nesterov"), ("adam decay", "adamw"),
                                        ("momentum", "dampening"), ("rmsprop default", "adam default")])
def test_the_comparison_tells_optimisers_apart(name, near):
    assert not all_close(ours(*oracle.OPTIMISERS[name]), STORED["optimisers"][near])


@pytest.mark.parametrize("name", oracle.LBFGS)
def test_steps_of_lbfgs_are_torchs(name, tmp_path):
    """Also by an optimiser that continues from the state of another."""
    params, hyper, seen = [Value(x) for x in oracle.START], oracle.LBFGS[name], []
    optimiser = LBFGS(params, **hyper)
    for step in range(6):
        if step == 3:
            save(optimiser, tmp_path / "state")
            load(tmp_path / "state", optimiser := LBFGS(params, **hyper))
        optimiser.step(lambda: valley(optimiser))
        seen.append([p.data for p in params])
    assert all(math.isclose(a, b, rel_tol=1e-8) for xs, ys in zip(seen, STORED["lbfgs"][name], strict=True)
               for a, b in zip(xs, ys, strict=True))


def valley(optimiser):
    optimiser.zero_grad()
    loss = oracle.valley(optimiser.params)
    loss.backward()
    return loss


def test_lbfgs_moves_nothing_after_an_error():
    params = [Value(x) for x in oracle.START]
    optimiser = LBFGS(params, line_search_fn="strong_wolfe")
    optimiser.step(lambda: valley(optimiser))
    before, state, calls = [p.data for p in params], optimiser.state_dict(), iter(range(3))

    def closure():
        next(calls)
        return valley(optimiser)
    with pytest.raises(StopIteration):
        optimiser.step(closure)
    assert [p.data for p in params] == before and optimiser.state_dict() == state
    with pytest.raises(TypeError, match=r"write step\(closure\)"):
        optimiser.step()


def test_lbfgs_shows_its_settings_and_nothing_else():
    assert repr(LBFGS([Value(1.0)], max_iter=4)) == (
        "LBFGS(1 parameters, lr=1.0, max_eval=5, max_iter=4, history_size=100, line_search_fn=None, "
        "tolerance_grad=1e-07, tolerance_change=1e-09)")


def test_lbfgs_does_not_take_a_nan_for_small():
    """max() passes over a nan that does not come first."""
    params = leaves([1e-9, math.nan])
    LBFGS(params).step(lambda: 1.0)
    assert params[0].data == -1e-9 and math.isnan(params[1].data)       # as in torch


@pytest.mark.parametrize("line_search_fn", [None, "strong_wolfe"])
def test_the_bits_of_lbfgs_do_not_depend_on_pythons_sum(line_search_fn, monkeypatch):
    """From Python 3.12 on sum() of floats is compensated: fsum stands for that here."""
    def run():
        params = [Value(x) for x in oracle.START]
        optimiser = LBFGS(params, line_search_fn=line_search_fn)
        for _ in range(3):
            optimiser.step(lambda: valley(optimiser))
        return [p.data for p in params]
    expected, plain = run(), sum

    def compensated(xs, start=0):
        terms = [start, *xs]
        return math.fsum(terms) if any(type(x) is float for x in terms) else plain(terms)
    assert math.fsum([0.1] * 10) != plain([0.1] * 10) or sys.version_info >= (3, 12)
    monkeypatch.setattr(builtins, "sum", compensated)
    assert run() == expected


def test_groups_are_torchs(tmp_path):
    p = [Value(x) for x in oracle.START]

    def made():
        parts = zip((p[:2], p[2:4], p[4]), oracle.GROUPS)
        return Adam([{"params": part, **own} for part, own in parts], lr=0.1)
    optimiser = made()
    descend(optimiser, 10)
    save(optimiser, tmp_path / "state")
    load(tmp_path / "state", optimiser := made())
    optimiser.lr *= 0.1
    assert all_close(descend(optimiser, 10), STORED["groups"])
    assert [group.lr for group in optimiser.param_groups] == [0.05, 0.01, 0.1]


def test_a_rate_changes_on_a_plateau_by_more_than_eps():
    for eps, rate in ((0.5, 1.0), (0.4375, 0.5)):
        schedule = ReduceLROnPlateau(factor=0.5, patience=0, eps=eps)
        schedule.step(1.0)
        schedule.step(1.0)
        assert schedule(2) == rate


@pytest.mark.parametrize("i", range(len(oracle.PLATEAUS)))
def test_rates_on_a_plateau_are_torchs(i):
    schedule, rates = ReduceLROnPlateau(**oracle.PLATEAUS[i]), []
    for t, loss in enumerate(oracle.PLATEAU):
        schedule.step(loss)
        rates.append(schedule(t))
    assert all_close(rates, STORED["plateau"][i])


@pytest.mark.parametrize("kind", [*ALL, LBFGS])
def test_arguments_are_torchs(kind):
    """Names, order and defaults of all that we take."""
    theirs = inspect.signature(getattr(oracle.needed("torch").optim, kind.__name__)).parameters
    own = inspect.signature(kind).parameters
    assert all(name in theirs and theirs[name].default == p.default for name, p in own.items())


@pytest.mark.parametrize("name", oracle.SCHEDULES)
def test_schedules_are_torchs(name):
    kind, hyper = oracle.SCHEDULES[name]
    schedule = getattr(training, kind)(**{k: x for k, x in hyper.items() if k not in ("max_lr", "cycle_momentum")})
    assert all_close([schedule(t) for t in range(20)], STORED["schedules"][name])


def test_clipping_is_torchs():
    found = []
    for gradient in oracle.GRADIENTS:
        found.append([])
        for limit in oracle.MAX_NORMS:
            norm = clip_grad_norm(by_norm := leaves(gradient), limit)
            clip_grad_value(by_value := leaves(gradient), limit)
            found[-1].append([norm, [p.grad for p in by_norm], [p.grad for p in by_value]])
    assert all_close(found, STORED["clipping"])


def test_parameters_may_come_one_by_one_or_alone():
    """A generator, which is empty after the first look, was measured and not shortened."""
    params = leaves([3.0, 4.0])
    assert clip_grad_norm(iter(params), 1.0) == 5.0 and [round(p.grad, 5) for p in params] == [0.6, 0.8]
    clip_grad_value(iter(params), 0.5)
    assert [p.grad for p in params] == [0.5, 0.5] and clip_grad_norm(params[0], 0.25) == 0.5
    assert close(params[0].grad, 0.25 / 0.500001 * 0.5)


def test_norms_of_every_type_are_torchs():
    for gradient, expected in zip(oracle.GRADIENTS, STORED["norms"], strict=True):
        for norm_type, (norm, by_norm, _) in zip(oracle.NORMS, expected, strict=True):
            found = leaves(gradient)
            assert close(clip_grad_norm(found, 1.0, norm_type), norm)
            assert all_close([p.grad for p in found], by_norm)


@pytest.mark.parametrize("norm_type, norm", [(1.0, 7e200), (2.0, 5e200), (3.0, 91 ** (1 / 3) * 1e200),
                                             (math.inf, 4e200)])
def test_gradients_of_1e200_have_a_length(norm_type, norm):
    found = leaves([3e200, -4e200])
    assert close(clip_grad_norm(found, 1.0, norm_type, error_if_nonfinite=True), norm)
    assert all_close([p.grad for p in found], [3e200 / norm, -4e200 / norm])


@pytest.mark.parametrize("wrong", [math.inf, math.nan])
def test_a_gradient_that_is_not_finite_may_be_refused(wrong):
    found = leaves([1.0, wrong])
    with pytest.raises(ArithmeticError, match=r"expected a finite gradient, got one of length (inf|nan)"):
        clip_grad_norm(found, 1.0, error_if_nonfinite=True)
    assert found[0].grad == 1.0
    for norm_type in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="expected a norm_type above 0"):
            clip_grad_norm(found, 1.0, norm_type)
