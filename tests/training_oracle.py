"""What training is proved against: torch's own optimisers, schedules, clipping and the curve example.

`python -m tests.training_oracle` runs torch and writes training_numbers.json, so that the numbers mean something
where torch is not installed; where it is, the tests ask it again.
"""
import importlib
import itertools
import json
import math
import os
import pathlib
import random

import pytest

NUMBERS = pathlib.Path(__file__).with_name("training_numbers.json")
START, STEPS, SEEN = [-1.2, 1.0, 0.7, -0.3, 2.0], 100, (1, 2, 10, 100)

OPTIMISERS = {
    "plain": ("SGD", {"lr": 1e-3}),
    "momentum": ("SGD", {"lr": 1e-3, "momentum": 0.9}),
    "dampening": ("SGD", {"lr": 1e-3, "momentum": 0.9, "dampening": 0.3}),
    "dampening alone": ("SGD", {"lr": 1e-3, "dampening": 0.3}),
    "nesterov": ("SGD", {"lr": 1e-3, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "sgd decay": ("SGD", {"lr": 1e-3, "weight_decay": 0.1}),
    "adam default": ("Adam", {}),
    "adam": ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6}),
    "adam decay": ("Adam", {"lr": 0.05, "weight_decay": 0.1}),
    "adamw default": ("AdamW", {}),
    "adamw": ("AdamW", {"lr": 0.05, "weight_decay": 0.2}),
    "amsgrad": ("Adam", {"lr": 0.05, "amsgrad": True, "betas": (0.5, 0.6)}),
    "amsgrad w": ("AdamW", {"lr": 0.05, "amsgrad": True}),
    "nadam default": ("NAdam", {}),
    "nadam": ("NAdam", {"lr": 0.005, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1, "momentum_decay": 0.1}),
    "nadam decoupled": ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "adagrad default": ("Adagrad", {}),
    "adagrad": ("Adagrad", {"lr": 0.5, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5,
                            "eps": 1e-6}),
    "rmsprop default": ("RMSprop", {}),
    "rmsprop": ("RMSprop", {"lr": 0.005, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1, "eps": 1e-6}),
}
LBFGS = {
    "lbfgs default": {"lr": 0.01},
    "lbfgs": {"lr": 0.01, "max_iter": 3, "history_size": 2},
    "wolfe default": {"line_search_fn": "strong_wolfe"},
    "wolfe": {"line_search_fn": "strong_wolfe", "max_iter": 2, "lr": 0.5, "history_size": 3, "max_eval": 9},
}
GROUPS = ({"lr": 0.05}, {"lr": 0.01, "weight_decay": 0.1, "betas": (0.5, 0.9)}, {})     # of two, two and one parameters
SCHEDULES = {
    "milestones": ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.5}),
    "exponential": ("ExponentialLR", {"gamma": 0.9}),
    "cosine from below": ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.1}),
    "restarts": ("CosineAnnealingWarmRestarts", {"T_0": 4, "eta_min": 0.1}),
    "longer restarts": ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 3}),
    "one cycle": ("OneCycleLR", {"max_lr": 1.0, "total_steps": 21, "cycle_momentum": False}),
    "one cycle, three phases": ("OneCycleLR", {"max_lr": 1.0, "total_steps": 21, "cycle_momentum": False,
                                               "three_phase": True, "div_factor": 10.0, "pct_start": 0.4,
                                               "final_div_factor": 100.0}),
    "one cycle, lines": ("OneCycleLR", {"max_lr": 1.0, "total_steps": 20, "cycle_momentum": False,
                                        "anneal_strategy": "linear"}),
    "step": ("StepLR", {"step_size": 3, "gamma": 0.5}),
    "step default": ("StepLR", {"step_size": 7}),
    "cosine": ("CosineAnnealingLR", {"T_max": 12}),
    "warm-up": ("LinearLR", {"start_factor": 0.1, "total_iters": 8}),
    "linear default": ("LinearLR", {}),
    "linear down": ("LinearLR", {"start_factor": 1.0, "end_factor": 0.25, "total_iters": 10}),
}
GRADIENTS = [[3.0, -4.0, 12.0], [0.1, 0.2, -0.1], [0.0, 0.0, 0.0], [1e8, -1e-8, 2.0]]
MAX_NORMS = [0.5, 1.0, 5.0, 100.0]
NORMS = [1.0, 3.0, 0.5, math.inf]


def valley(p):
    """A curved valley (Rosenbrock's), steep and flat, written for Values and for tensors alike."""
    total = 0.0
    for a, b in itertools.pairwise(p):
        total = total + 10 * (b - a**2) ** 2 + (1 - a) ** 2
    return total


def curve():
    """The textbook's data, and first weights of a 1-10-10-1 network, as plain numbers."""
    rng = random.Random(20)
    xs = [[-1 + 2 * i / 99] for i in range(100)]
    ys = [[x * x + 0.2 * rng.random()] for x, in xs]
    state = {}
    for k, (n, m) in enumerate([(1, 10), (10, 10), (10, 1)]):
        bound = 1 / n**0.5
        state[f"{2 * k}.weight"] = [[rng.uniform(-bound, bound) for _ in range(n)] for _ in range(m)]
        state[f"{2 * k}.bias"] = [rng.uniform(-bound, bound) for _ in range(m)]
    return xs, ys, state


# torch ---------------------------------------------------------------------------------------------------------

def needed(name):
    """An oracle that CI demands and others may do without: a module, or the test is skipped."""
    try:
        return importlib.import_module(name)
    except ImportError:
        told = f"{name} is not installed: pip install torch==2.13.0 safetensors"
        if os.environ.get("MICROGRADX_REQUIRE_TORCH"):
            pytest.fail(told)
        pytest.skip(told)


def optimised(torch, kind, hyper):
    """The parameters after each step of SEEN."""
    p = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]
    optimiser, seen = getattr(torch.optim, kind)(p, **hyper), {}
    for step in range(1, STEPS + 1):
        optimiser.zero_grad()
        valley(p).backward()
        optimiser.step()
        if step in SEEN:
            seen[str(step)] = [x.item() for x in p]
    return seen


def by_lbfgs(torch, hyper):
    """The parameters after each of six steps."""
    p = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]
    optimiser, seen = torch.optim.LBFGS(p, **hyper), []

    def closure():
        optimiser.zero_grad()
        loss = valley(p)
        loss.backward()
        return loss
    for _ in range(6):
        optimiser.step(closure)
        seen.append([x.item() for x in p])
    return seen


def in_groups(torch):
    """The parameters after ten steps of Adam in groups, and ten more at a tenth of all rates."""
    p = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]
    optimiser = torch.optim.Adam([{"params": part, **own} for part, own in zip((p[:2], p[2:4], p[4:]), GROUPS)], lr=0.1)
    for step in range(20):
        if step == 10:
            for group in optimiser.param_groups:
                group["lr"] *= 0.1
        optimiser.zero_grad()
        valley(p).backward()
        optimiser.step()
    return [x.item() for x in p]


PLATEAU = [1.0, 0.9, 0.95, 0.9, 0.91, 0.89999, 0.5, 0.6, 0.6, 0.6, 0.55, 0.7, 0.4, math.nan, 0.5, 0.5]
PLATEAUS = [{"patience": 1}, {"patience": 0, "factor": 0.5, "cooldown": 2},
            {"mode": "max", "patience": 2, "min_lr": 0.05},
            {"patience": 1, "threshold_mode": "abs", "threshold": 0.02}, {"patience": 0, "eps": 0.2}]


def plateau(torch, hyper):
    """The rates after each of the losses PLATEAU."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, rates = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, **hyper), []
    for loss in PLATEAU:
        schedule.step(loss)
        rates.append(optimiser.param_groups[0]["lr"])
    return rates


def factors(torch, kind, hyper):
    """The learning rate over 20 steps, where the optimiser's own is 1."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, rates = getattr(torch.optim.lr_scheduler, kind)(optimiser, **hyper), []
    for _ in range(20):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return rates


def clipped(torch, gradient, max_norm, norm_type=2.0):
    """The length before, and the gradient after; and the gradient clipped by value."""
    p = torch.zeros(3, dtype=torch.float64)
    p.grad = torch.tensor(gradient, dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([p], max_norm, norm_type).item()
    by_norm, p.grad = p.grad.tolist(), torch.tensor(gradient, dtype=torch.float64)
    torch.nn.utils.clip_grad_value_([p], max_norm)
    return [norm, by_norm, p.grad.tolist()]


def curve_losses(torch):
    """The textbook's program: full batch, SGD with rate 0.2, mean squared error, 100 steps."""
    xs, ys, state = curve()
    nn = torch.nn
    model = nn.Sequential(nn.Linear(1, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1)).double()
    model.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in state.items()})
    optimiser, losses = torch.optim.SGD(model.parameters(), lr=0.2), []
    x, y = torch.tensor(xs, dtype=torch.float64), torch.tensor(ys, dtype=torch.float64)
    for _ in range(100):
        loss = nn.functional.mse_loss(model(x), y)
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return losses


def numbers(torch):
    """All that is stored. NAdam keeps a number in torch's default type, which is one of 32 bits."""
    torch.set_default_dtype(torch.float64)
    try:
        return found(torch)
    finally:
        torch.set_default_dtype(torch.float32)


def found(torch):
    """All that is stored."""
    return {
        "optimisers": {name: optimised(torch, *case) for name, case in OPTIMISERS.items()},
        "schedules": {name: factors(torch, *case) for name, case in SCHEDULES.items()},
        "clipping": [[clipped(torch, gradient, limit) for limit in MAX_NORMS] for gradient in GRADIENTS],
        "norms": [[clipped(torch, gradient, 1.0, p) for p in NORMS] for gradient in GRADIENTS],
        "lbfgs": {name: by_lbfgs(torch, hyper) for name, hyper in LBFGS.items()},
        "groups": in_groups(torch),
        "plateau": [plateau(torch, hyper) for hyper in PLATEAUS],
        "curve": curve_losses(torch),
    }


def stored():
    """What torch answered when training_numbers.json was written."""
    return json.loads(NUMBERS.read_text())


if __name__ == "__main__":
    NUMBERS.write_text(json.dumps(numbers(needed("torch")), indent=1) + "\n")
