"""Optimisers, schedules and clipping: the rule, going on later, what they refuse; what they leave alone."""
import math

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
