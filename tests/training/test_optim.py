"""Optimisers, schedules and clipping against torch's numbers; what they refuse; what they leave alone."""
import builtins
import inspect
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value, training
from microgradx.nn import Buffer
from microgradx.training import (
    LBFGS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    LinearLR,
    NAdam,
    Optimiser,
    ReduceLROnPlateau,
    RMSprop,
    StepLR,
    clip_grad_norm,
    clip_grad_value,
    load,
    save,
)

from .. import training_oracle as oracle

ALL = [SGD, Adam, AdamW, NAdam, RMSprop, Adagrad]
STORED = oracle.stored()


def close(a, b):
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-15)


def all_close(a, b):
    """Numbers, lists and dicts of them, equal to 12 digits."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(all_close(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(all_close, a, b))
    return close(a, b)


def descend(optimiser, steps):
    for _ in range(steps):
        optimiser.zero_grad()
        oracle.valley(optimiser.params).backward()
        optimiser.step()
    return [p.data for p in optimiser.params]


def ours(kind, hyper):
    """The parameters after each step of SEEN."""
    optimiser, seen, before = getattr(training, kind)([Value(x) for x in oracle.START], **hyper), {}, 0
    for step in oracle.SEEN:
        seen[str(step)] = descend(optimiser, step - before)
        before = step
    return seen


# torch ---------------------------------------------------------------------------------------------------------

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


def leaves(gradient):
    params = [Value(0.0) for _ in gradient]
    for p, g in zip(params, gradient, strict=True):
        p.grad = g
    return params


# The rule ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", oracle.OPTIMISERS)
def test_the_rule_is_recorded_on_values_with_the_same_numbers(name):
    """What a compiler will read: update() given Values gives Values, bit for bit those of floats."""
    kind, hyper = oracle.OPTIMISERS[name]
    optimiser = getattr(training, kind)([Value(1.0)], **hyper)
    kept = tuple(0.1 * (i + 1) for i in range(len(optimiser.kept)))
    for t in (1.0, 7.0):
        p, numbers = optimiser.update(0.5, -0.3, kept, t, 0.01)
        recorded, more = optimiser.update(Value(0.5), Value(-0.3), tuple(map(Value, kept)), Value(t), Value(0.01))
        assert recorded.data == p
        assert [x.data for x in more] == list(numbers)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=6), st.sampled_from(ALL), st.randoms())
def test_parameters_do_not_know_each_other(start, kind, rng):
    """One optimiser over all parameters does what one for each of them does."""
    together, alone = [[Value(x) for x in start] for _ in range(2)]
    optimisers = [kind(together), *(kind([p]) for p in alone)]
    for _ in range(3):
        for p, q in zip(together, alone, strict=True):
            p.grad = q.grad = rng.uniform(-1, 1)
        for optimiser in optimisers:
            optimiser.step()
    assert [p.data for p in together] == [p.data for p in alone]


@pytest.mark.parametrize("kind", ALL)
def test_a_zero_rate_moves_nothing(kind):
    assert descend(kind([Value(x) for x in oracle.START], lr=0.0), 3) == oracle.START


@pytest.mark.parametrize("kind", ALL)
def test_zero_grad(kind):
    p = Value(1.0)
    p.grad = 3.0
    kind([p]).zero_grad()
    assert p.grad == 0.0


# Going on later ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", oracle.OPTIMISERS)
def test_state_and_weights_resume_as_if_never_stopped(name, tmp_path):
    kind, hyper = oracle.OPTIMISERS[name]
    first = getattr(training, kind)([Value(x) for x in oracle.START], **hyper)
    descend(first, 10)
    save({"p": [p.data for p in first.params]}, tmp_path / "weights")
    save(first, tmp_path / "state")
    second = getattr(training, kind)([Value(x) for x in load(tmp_path / "weights")["p"]], **hyper)
    load(tmp_path / "state", second)
    assert descend(second, 10) == descend(first, 10)


@pytest.mark.parametrize("state, error", [
    ({}, KeyError), ({"step": 1.0}, KeyError), ({"step": 1.0, "exp_avg": [0.0]}, KeyError),
    ({"step": 1.0, "exp_avg": [0.0, 0.0], "exp_avg_sq": [0.0, 0.0], "more": [1.0]}, KeyError),
    ({"step": 1.0, "exp_avg": [0.0], "exp_avg_sq": [0.0, 0.0]}, ValueError),
    ({"step": 1.0, "exp_avg": 0.0, "exp_avg_sq": [0.0, 0.0]}, ValueError),
    ({"step": 1.0, "exp_avg": [0.0, "1"], "exp_avg_sq": [0.0, 0.0]}, TypeError),
    ({"step": "one", "exp_avg": [0.0, 0.0], "exp_avg_sq": [0.0, 0.0]}, TypeError),
    *(({"step": t, "exp_avg": [0.0, 0.0], "exp_avg_sq": [0.0, 0.0]}, ValueError)
      for t in (1.7, -1.0, -1, math.nan, math.inf, -math.inf, [1.0], 0.5, 1e300)),
    ({"step": 1.0, "exp_avg": [0.0, 0.0], "exp_avg_sq": [0.5, -1.0]}, ValueError),
])
def test_a_state_that_does_not_fit_changes_nothing(state, error):
    optimiser = Adam([Value(1.0), Value(2.0)])
    optimiser.params[0].grad = 1.0
    optimiser.step()
    before = optimiser.state_dict()
    with pytest.raises(error):
        optimiser.load_state_dict(state)
    assert optimiser.state_dict() == before


@pytest.mark.parametrize("made", ["numpy", "torch"])
def test_a_state_of_arrays_is_loaded(made):
    library = pytest.importorskip(made)
    numbers = {"step": [3.0], "exp_avg": [0.5, 1.5], "exp_avg_sq": [0.25, 2.0]}
    state = {name: getattr(library, "array" if made == "numpy" else "tensor")(x) for name, x in numbers.items()}
    optimiser = Adam([Value(1.0), Value(2.0)])
    optimiser.load_state_dict({**state, "step": state["step"][0]})
    assert optimiser.state_dict() == {**numbers, "step": 3.0} and optimiser.t.__class__ is int


# Bad input -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("params, error, told", [
    ([], ValueError, "at least one parameter"), ([1.0], TypeError, "model.parameters"),
    ([Value(1.0), Value(1.0) * 2], ValueError, "got a result, of mul, which is computed anew; write Value"),
    ([Value(2.0).tanh()], ValueError, "a result, of tanh"),
    ({Value(1.0), Value(2.0)}, TypeError, "expected a list of Values, got set"),
    ({"w": Value(1.0)}, TypeError, "expected a list of Values, got dict"),
    ([Value(1.0), Buffer(2.0)], TypeError, r"got Buffer\(data=2.0, grad=0.0\), which a Module saves"),
    (3, TypeError, "list of Values"), ([Value(1.0), None], TypeError, "None"), ("ab", TypeError, "Values"),
])
def test_what_is_no_list_of_parameters_is_refused(kind, params, error, told):
    with pytest.raises(error, match=told):
        kind(params)


def test_a_parameter_that_comes_twice_is_refused():
    p = Value(1.0)
    with pytest.raises(ValueError, match="once"):
        SGD([p, p])


@pytest.mark.parametrize("kind, hyper", [
    *((kind, {"lr": lr}) for kind in ALL for lr in (-1, math.nan, math.inf)),
    *((kind, {"weight_decay": -0.1}) for kind in ALL),
    (SGD, {"momentum": -0.5}), (SGD, {"nesterov": True}), (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    (Adam, {"betas": (1.0, 0.9)}), (Adam, {"betas": (0.9, 1.0)}), (Adam, {"betas": (0.9, -0.1)}), (Adam, {"eps": 0.0}),
    (NAdam, {"momentum_decay": -1.0}), (NAdam, {"betas": (0.9, 1.0)}), (Adagrad, {"lr_decay": -0.1}),
    (Adagrad, {"initial_accumulator_value": -1.0}), (LBFGS, {"lr": -1.0}), (LBFGS, {"max_iter": 0}),
    (LBFGS, {"history_size": 0}), (LBFGS, {"max_eval": 1.5}), (LBFGS, {"line_search_fn": "armijo"}),
    (LBFGS, {"tolerance_grad": -1.0}), (AdamW, {"eps": -1.0}),
    (RMSprop, {"alpha": 1.5}), (RMSprop, {"eps": 0}), (RMSprop, {"momentum": math.nan}),
])
def test_hyperparameters_out_of_range_are_refused(kind, hyper):
    with pytest.raises(ValueError, match=r"expected|nesterov"):
        kind([Value(1.0)], **hyper)


@pytest.mark.parametrize("limit", [-1.0, math.nan])
@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_clipping_to_no_length_is_refused(clip, limit):
    p = leaves([3.0])
    with pytest.raises(ValueError, match="expected"):
        clip(p, limit)
    assert p[0].grad == 3.0


@pytest.mark.parametrize("schedule", [lambda: StepLR(0), lambda: StepLR(-1), lambda: LinearLR(total_iters=0),
                                      lambda: training.CosineAnnealingLR(0), lambda: training.OneCycleLR(0),
                                      lambda: training.CosineAnnealingWarmRestarts(0),
                                      lambda: training.CosineAnnealingWarmRestarts(1, 0)])
def test_schedules_of_no_length_are_refused(schedule):
    with pytest.raises(ValueError, match="1 or more"):
        schedule()


@pytest.mark.parametrize("schedule", [
    lambda: StepLR(1.5), lambda: StepLR(math.nan), lambda: StepLR(1, math.nan), lambda: StepLR(1, -1.0),
    lambda: training.ExponentialLR(math.nan), lambda: training.ExponentialLR(-1.0), lambda: LinearLR(math.nan),
    lambda: LinearLR(-1.0), lambda: LinearLR(0.3, math.inf), lambda: training.OneCycleLR(3, div_factor=0.0),
    lambda: training.OneCycleLR(3, final_div_factor=0.0), lambda: training.OneCycleLR(3, div_factor=-1.0),
    lambda: training.MultiStepLR([1], math.nan),
    lambda: training.MultiStepLR([-1]), lambda: training.OneCycleLR(3, pct_start=2.0),
    lambda: training.OneCycleLR(3)(3),
    lambda: training.OneCycleLR(3, anneal_strategy="exp"), lambda: training.CosineAnnealingLR(3, eta_min=-1.0),
    lambda: training.CosineAnnealingLR(3, 0.1, base_lr=0.0), lambda: ReduceLROnPlateau(factor=1.0),
    lambda: ReduceLROnPlateau(mode="low"), lambda: ReduceLROnPlateau(patience=-1)])
def test_options_of_schedules_out_of_range_are_refused(schedule):
    with pytest.raises(ValueError, match="expected"):
        schedule()


def test_a_lowest_rate_is_a_rate_beside_the_rate_it_starts_from():
    assert close(0.2 * training.CosineAnnealingLR(4, eta_min=0.05, base_lr=0.2)(4), 0.05)
    assert close(0.2 * training.CosineAnnealingWarmRestarts(4, eta_min=0.05, base_lr=0.2)(2), 0.125)


@pytest.mark.parametrize("groups, error, told", [
    ([{"params": [Value(1.0)]}, [Value(2.0)]], KeyError, "every group as a dict with 'params'"),
    ([{"lr": 0.1}], KeyError, "every group as a dict with 'params'"), ([{"params": []}], ValueError, "at least one"),
    ([{"params": Value(1.0), "momentun": 0.9}], TypeError, "momentun"),
    ([{"params": Value(1.0), "lr": -1.0}], ValueError, "expected lr from 0"),
])
def test_groups_that_are_none_are_refused(groups, error, told):
    with pytest.raises(error, match=told):
        SGD(groups)


def test_what_is_set_in_a_group_holds_from_the_next_step_on():
    p, q = leaves([1.0, 1.0])
    optimiser = SGD([{"params": p, "lr": 0.5}, {"params": q}], lr=0.25)
    optimiser.step()
    optimiser.param_groups[0]["lr"] *= 2
    optimiser.step()
    assert [p.data, q.data] == [-1.5, -0.5]


@pytest.mark.parametrize("kind", [*ALL, LBFGS])
def test_options_are_read_and_set_by_torchs_names(kind):
    """for group in optimiser.param_groups: group["lr"] *= 0.5"""
    p = Value(1.0)
    one, = (optimiser := kind([p], lr=0.5)).param_groups
    one["lr"] *= 0.5
    assert optimiser.lr == 0.25 and one["params"] == [p]
    for name in ("params", "momentun", "t", "numbers"):
        with pytest.raises(KeyError, match="has no option"):
            one[name] = 1.0
    with pytest.raises(KeyError, match=r"it has .*'lr'"):
        one["momentun"]


def test_lbfgs_has_no_groups():
    with pytest.raises(ValueError, match="give it one list of parameters"):
        LBFGS([{"params": Value(1.0)}, {"params": Value(2.0)}])


def test_groups_share_one_rate_and_no_parameter():
    p = Value(1.0)
    with pytest.raises(ValueError, match="each parameter once"):
        SGD([{"params": p}, {"params": [p]}])
    with pytest.raises(ValueError, match="a common lr above 0"):
        SGD([{"params": p, "lr": 0.1}], lr=0.0)
    with pytest.raises(ValueError, match="give all the same amsgrad"):
        Adam([{"params": p, "amsgrad": True}, {"params": Value(2.0)}])
    assert "Groups(lr=0.5, [SGD(1 parameters" in repr(SGD([{"params": p}], lr=0.5))


def test_an_error_in_the_rule_moves_nothing():
    class Picky(Optimiser):
        def update(self, p, g, kept, t, lr):
            if p == 2.0:
                raise RuntimeError("no")
            return p + 1, kept

    optimiser = Picky([Value(1.0), Value(2.0)], lr=0.1)
    with pytest.raises(RuntimeError):
        optimiser.step()
    assert [p.data for p in optimiser.params] == [1.0, 2.0] and optimiser.t == 0


def test_ctrl_c_amid_a_step_finishes_the_step():
    class Interrupted(Value):
        pressed = False

        @property
        def data(self):
            return self._data

        @data.setter
        def data(self, x):
            if not self.pressed:
                self.pressed = True
                raise KeyboardInterrupt
            self._data = x

    params = [Value(1.0), Interrupted(1.0), Value(1.0)]
    for p in params:
        p.grad = 1.0
    optimiser = SGD(params, lr=0.5)
    with pytest.raises(KeyboardInterrupt):
        optimiser.step()
    assert [p.data for p in params] == [0.5, 0.5, 0.5] and optimiser.t == 1


def test_an_optimiser_says_what_it_must_define():
    with pytest.raises(NotImplementedError, match="update"):
        Optimiser([Value(1.0)], lr=0.1).step()


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_without_dampening(options):
    """As torch.optim.SGD."""
    with pytest.raises(ValueError, match="momentum"):
        SGD([Value(1.0)], lr=0.1, nesterov=True, **options)


def test_the_state_before_the_first_step_is_a_state():
    optimiser = Adam([Value(1.0)])
    optimiser.load_state_dict(Adam([Value(2.0)]).state_dict())
    assert optimiser.t == 0 and optimiser.numbers == [(0.0, 0.0)]
