"""Schedules of the learning rate. A schedule is a function: steps taken -> factor of the rate.

    >>> from microgradx.training import LinearLR, StepLR
    >>> [StepLR(2, gamma=0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    >>> warm_up, decay = LinearLR(0.1, total_iters=3), StepLR(100)
    >>> both = lambda t: warm_up(t) * decay(t)                  # any function of t is a schedule: torch's LambdaLR

Factors are those of the classes of the same name in torch.optim.lr_scheduler.
"""
import math
import sys
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Literal

from .optim import require

Schedule = Callable[[int], float]


def StepLR(step_size: int, gamma: float = 0.1) -> Schedule:
    """A schedule that multiplies the rate by gamma after every `step_size` steps.

    ValueError for a step_size below 1, or a gamma below 0. As torch.optim.lr_scheduler.StepLR.

    >>> from microgradx.training import StepLR
    >>> [StepLR(2, gamma=0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    _expect(step_size)
    require(gamma=gamma)
    return lambda t: gamma ** (t // step_size)


def MultiStepLR(milestones: Sequence[int], gamma: float = 0.1) -> Schedule:
    """A schedule that multiplies the rate by gamma at each of these steps; one that comes twice counts twice.

    ValueError for a milestone, or a gamma, below 0. As torch.optim.lr_scheduler.MultiStepLR.

    >>> from microgradx.training import MultiStepLR
    >>> [MultiStepLR([1, 3], gamma=0.5)(t) for t in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """
    ends = sorted(milestones)
    if ends and ends[0] < 0:
        raise ValueError(f"expected milestones from 0 up, got {ends[0]}")
    require(gamma=gamma)
    return lambda t: gamma ** bisect_right(ends, t)


def ExponentialLR(gamma: float) -> Schedule:
    """A schedule that multiplies the rate by gamma after every step. ValueError for a gamma below 0.

    As torch.optim.lr_scheduler.ExponentialLR.

    >>> from microgradx.training import ExponentialLR
    >>> [ExponentialLR(0.5)(t) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """
    require(gamma=gamma)
    return lambda t: float(gamma**t)


def CosineAnnealingLR(T_max: int, eta_min: float = 0.0, base_lr: float = 1.0) -> Schedule:
    """A schedule from 1 to eta_min in T_max steps, along a cosine (Loshchilov & Hutter 2017), and then up again.

    eta_min is a share of the rate; with base_lr, the optimiser's lr, it is a rate, as in torch. ValueError for a T_max
    below 1, a base_lr of 0. As torch.optim.lr_scheduler.CosineAnnealingLR.

    >>> from microgradx.training import CosineAnnealingLR
    >>> [round(CosineAnnealingLR(4)(t), 3) for t in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    _expect(T_max)
    low = _share(eta_min, base_lr)
    return lambda t: low + (1 - low) * (1 + math.cos(math.pi * t / T_max)) / 2


def CosineAnnealingWarmRestarts(T_0: int, T_mult: int = 1, eta_min: float = 0.0, base_lr: float = 1.0) -> Schedule:
    """The same, but back at 1 after T_0 steps; each descent takes T_mult times as long as the one before.

    ValueError for T_0 or T_mult below 1. As torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.

    >>> from microgradx.training import CosineAnnealingWarmRestarts
    >>> [round(CosineAnnealingWarmRestarts(2)(t), 3) for t in range(5)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    _expect(T_0)
    _expect(T_mult)
    low = _share(eta_min, base_lr)

    def factor(t: int) -> float:
        length = T_0
        if T_mult == 1:
            t %= T_0
        while t >= length:
            t, length = t - length, length * T_mult
        return low + (1 - low) * (1 + math.cos(math.pi * t / length)) / 2
    return factor


def OneCycleLR(total_steps: int, pct_start: float = 0.3, anneal_strategy: Literal["cos", "linear"] = "cos",
               div_factor: float = 25.0, final_div_factor: float = 1e4, three_phase: bool = False) -> Schedule:
    """Up from 1/div_factor to 1 in a share pct_start of the steps, then down to 1/(div_factor*final_div_factor).

    The optimiser's lr is torch's max_lr; momentum stays as it is (torch: cycle_momentum=False). three_phase: first down
    as long as up, then to the end. ValueError for total_steps below 1, a share outside 0 to 1, a factor of 0,
    another strategy. As torch.optim.lr_scheduler.OneCycleLR; source: Smith & Topin 2017.

    >>> from microgradx.training import OneCycleLR
    >>> [round(OneCycleLR(5, pct_start=0.5, div_factor=10)(t), 3) for t in range(5)]
    [0.1, 0.775, 0.905, 0.345, 0.0]
    """
    _expect(total_steps)
    if not 0 <= pct_start <= 1:
        raise ValueError(f"expected pct_start from 0 to 1, got {pct_start}")
    if anneal_strategy not in ("cos", "linear"):
        raise ValueError(f"expected anneal_strategy 'cos' or 'linear', got {anneal_strategy!r}")
    require(least=sys.float_info.min, div_factor=div_factor, final_div_factor=final_div_factor)
    first, last = 1 / div_factor, 1 / div_factor / final_div_factor
    up = pct_start * total_steps - 1
    phases = [(up, first, 1.0), (2 * up, 1.0, first)] if three_phase else [(up, first, 1.0)]
    phases.append((total_steps - 1, phases[-1][2], last))

    def factor(t: int) -> float:
        if t >= total_steps:
            raise ValueError(f"expected a step below total_steps={total_steps}, got {t}")
        begin = 0.0
        for end, high, low in phases:
            if t <= end:
                share = (t - begin) / (end - begin) if end > begin else 1.0
                part = share if anneal_strategy == "linear" else (1 - math.cos(math.pi * share)) / 2
                return high + (low - high) * part
            begin = end
        return phases[-1][2]                            # not reached: the last phase ends with the last step
    return factor


def LinearLR(start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5) -> Schedule:
    """A linear schedule from start_factor to end_factor in total_iters steps, then constant: a warm-up.

    ValueError for total_iters below 1, or a factor below 0. As torch.optim.lr_scheduler.LinearLR.

    >>> from microgradx.training import LinearLR
    >>> [LinearLR(0.0, 1.0, 4)(t) for t in range(6)]
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """
    _expect(total_iters)
    require(start_factor=start_factor, end_factor=end_factor)
    return lambda t: start_factor + (end_factor - start_factor) * min(t / total_iters, 1.0)


def _share(eta_min: float, base_lr: float) -> float:
    require(least=sys.float_info.min, base_lr=base_lr)
    require(eta_min=eta_min)
    return eta_min / base_lr


def _expect(steps: int) -> None:
    if not 1 <= steps < math.inf or steps != int(steps):
        raise ValueError(f"expected a schedule of 1 or more steps, a whole number, got {steps}")
