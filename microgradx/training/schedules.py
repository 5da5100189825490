"""Schedules of the learning rate. A schedule is a function: steps taken -> factor of the rate.

    >>> from microgradx.training import LinearLR, StepLR
    >>> [StepLR(2, gamma=0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    >>> warm_up, decay = LinearLR(0.1, total_iters=3), StepLR(100)
    >>> both = lambda t: warm_up(t) * decay(t)                  # any function of t is a schedule: torch's LambdaLR

Factors are those of the classes of the same name in torch.optim.lr_scheduler.
"""
import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def StepLR(step_size: int, gamma: float = 0.1) -> Schedule:
    """A schedule that multiplies the rate by gamma after every `step_size` steps.

    ValueError for a step_size below 1. As torch.optim.lr_scheduler.StepLR.

    >>> from microgradx.training import StepLR
    >>> [StepLR(2, gamma=0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    _expect(step_size)
    return lambda t: gamma ** (t // step_size)


def CosineAnnealingLR(T_max: int) -> Schedule:
    """A schedule from 1 to 0 in T_max steps, along a cosine (Loshchilov & Hutter 2017), and then up again.

    ValueError for a T_max below 1. As torch.optim.lr_scheduler.CosineAnnealingLR.

    >>> from microgradx.training import CosineAnnealingLR
    >>> [round(CosineAnnealingLR(4)(t), 3) for t in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    _expect(T_max)
    return lambda t: (1 + math.cos(math.pi * t / T_max)) / 2


def LinearLR(start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5) -> Schedule:
    """A linear schedule from start_factor to end_factor in total_iters steps, then constant: a warm-up.

    ValueError for total_iters below 1. As torch.optim.lr_scheduler.LinearLR.

    >>> from microgradx.training import LinearLR
    >>> [LinearLR(0.0, 1.0, 4)(t) for t in range(6)]
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """
    _expect(total_iters)
    return lambda t: start_factor + (end_factor - start_factor) * min(t / total_iters, 1.0)


def _expect(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"expected a schedule of 1 or more steps, got {steps}")
