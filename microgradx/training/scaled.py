"""RMSprop, Adagrad: gradients over the root of their squares, recent ones or all.

    >>> from microgradx import Value
    >>> from microgradx.training import Adagrad
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> Adagrad([w], lr=0.5).step(); w.data
    2.5000000000083333
"""
from collections.abc import Iterable
from typing import Any

from ..ops import sqrt
from .adam import TINY
from .optim import Numbers, Optimiser, require


class RMSprop(Optimiser):
    """The gradient over its root mean square (Hinton's lecture 6e, 2012), optionally with momentum.

    As torch.optim.RMSprop. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> from microgradx.training import RMSprop
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> RMSprop([w], lr=0.1).step(); round(w.data, 6)
    2.0
    """

    kept = ("square_avg", "momentum_buffer")
    squares = ("square_avg",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
                 weight_decay: float = 0.0, momentum: float = 0.0) -> None:
        super().__init__(params, lr)
        require(below=1, alpha=alpha)
        require(least=TINY, eps=eps)
        require(momentum=momentum, weight_decay=weight_decay)
        self.alpha, self.eps, self.weight_decay, self.momentum = alpha, eps, weight_decay, momentum

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """A step by g / sqrt(v), where v is a running mean of squares."""
        v, buffer = kept
        g = g + self.weight_decay * p
        v = self.alpha * v + (1 - self.alpha) * g * g
        buffer = self.momentum * buffer + g / (sqrt(v) + self.eps)
        return p - lr * buffer, (v, buffer)


class Adagrad(Optimiser):
    """The gradient over the root of the sum of all squares so far: steps grow smaller (Duchi et al. 2011).

    As torch.optim.Adagrad. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> from microgradx.training import Adagrad
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> Adagrad([w], lr=1.0).step(); round(w.data, 6)
    2.0
    """

    kept = ("sum",)
    squares = ("sum",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
                 initial_accumulator_value: float = 0.0, eps: float = 1e-10) -> None:
        super().__init__(params, lr)
        require(lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value)
        require(least=TINY, eps=eps)
        self.lr_decay, self.weight_decay, self.eps = lr_decay, weight_decay, eps
        self.numbers = [(float(initial_accumulator_value),) for _ in self.params]

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """A step by g / sqrt(total), where total is the sum of squares."""
        total, = kept
        g = g + self.weight_decay * p
        total = total + g * g
        return p - lr / (1 + (t - 1) * self.lr_decay) * g / (sqrt(total) + self.eps), (total,)
