"""ReduceLROnPlateau: a smaller rate when the validation loss no longer falls.

    >>> from microgradx.training import ReduceLROnPlateau
    >>> schedule = ReduceLROnPlateau(factor=0.5, patience=1)
    >>> for loss in (1.0, 0.5, 0.5, 0.5, 0.5): schedule.step(loss)
    >>> schedule(100)
    0.5
"""
import math
from collections.abc import Mapping
from typing import Literal

from ..ieee import number, short
from .optim import require


class ReduceLROnPlateau:
    """A schedule that multiplies the rate by `factor` after `patience` measurements that are no better.

    fit() gives it the validation loss after each epoch; elsewhere call step(loss). min_lr is a share of the rate; with
    base_lr, the optimiser's lr, it is a rate, as in torch. Better is less than the best loss by a share of threshold
    (threshold_mode "rel"), or by threshold ("abs"); with mode "max" more. After a reduction `cooldown` measurements do
    not count. ValueError for a factor of 1 or more, another mode. As torch.optim.lr_scheduler.ReduceLROnPlateau.

    >>> schedule = ReduceLROnPlateau(patience=0)
    >>> schedule.step(1.0); schedule.step(2.0); schedule(2)
    0.1
    """

    changing = ("best", "bad", "waiting", "rate")

    def __init__(self, mode: Literal["min", "max"] = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: Literal["rel", "abs"] = "rel", cooldown: int = 0,
                 min_lr: float = 0.0, eps: float = 1e-8, base_lr: float = 1.0) -> None:
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(f"expected mode 'min' or 'max' and threshold_mode 'rel' or 'abs', got {mode!r} and "
                             f"{threshold_mode!r}")
        require(below=1, factor=factor)
        require(patience=patience, threshold=threshold, cooldown=cooldown, min_lr=min_lr, eps=eps)
        require(least=5e-324, base_lr=base_lr)
        self.mode, self.factor, self.patience, self.threshold = mode, factor, patience, threshold
        self.threshold_mode, self.cooldown, self.min_lr, self.eps = threshold_mode, cooldown, min_lr, eps
        self.base_lr, self.rate = base_lr, base_lr
        self.best, self.bad, self.waiting = math.inf if mode == "min" else -math.inf, 0, 0

    def __call__(self, t: int) -> float:
        """The factor now, whatever the step."""
        return self.rate / self.base_lr

    def step(self, loss: float) -> None:
        """Look at a new measurement. A nan is no better than any other.

        >>> schedule = ReduceLROnPlateau(patience=0, mode="max")
        >>> schedule.step(1.0); schedule.step(2.0); schedule(2)
        1.0
        """
        loss = number(loss)
        if self._is_better(loss):
            self.best, self.bad = loss, 0
        else:
            self.bad += 1
        if self.waiting > 0:
            self.waiting, self.bad = self.waiting - 1, 0
        if self.bad > self.patience:
            smaller = max(self.rate * self.factor, self.min_lr)
            if self.rate - smaller > self.eps:
                self.rate = smaller
            self.waiting, self.bad = self.cooldown, 0

    def state_dict(self) -> dict[str, float]:
        """What changes from step to step, to continue from; the rest are arguments of the constructor.

        >>> ReduceLROnPlateau().state_dict()
        {'best': inf, 'bad': 0, 'waiting': 0, 'rate': 1.0}
        """
        return {name: vars(self)[name] for name in self.changing}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Continue from a state_dict(). KeyError for other names; then nothing has changed.

        >>> schedule = ReduceLROnPlateau()
        >>> schedule.load_state_dict({"best": 0.5, "bad": 1, "waiting": 0, "rate": 0.25}); schedule(100)
        0.25
        """
        if state.keys() != {*self.changing}:
            raise KeyError(f"the state does not fit ReduceLROnPlateau: expected {[*self.changing]}, got "
                           f"{short([*state], 200)}")
        vars(self).update({name: type(vars(self)[name])(number(x)) for name, x in state.items()})

    def _is_better(self, loss: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "abs":
            return sign * loss < sign * self.best - self.threshold
        return sign * loss < sign * self.best * (1 - sign * self.threshold)
