"""scikit-learn's rules of the solvers, as optimisers. They differ from torch's where the learning rate enters.

    >>> from microgradx import Value
    >>> from microgradx.estimators.rules import Velocity
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> Velocity([w], 0.1, momentum=0.9, nesterov=False).step(); round(w.data, 6)
    2.4
"""
from collections.abc import Iterable
from typing import Any

from ..engine import Value
from ..ops import sqrt
from ..training import Adam, Optimiser
from ..training.optim import Numbers


class Velocity(Optimiser):
    """Gradient descent with momentum: a velocity that has the learning rates of its past steps in it."""

    kept = ("velocity",)

    def __init__(self, params: Iterable[Value], lr: float, momentum: float, nesterov: bool) -> None:
        super().__init__(params, lr)
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """A step by the velocity, or by what it will be (Nesterov)."""
        v = self.momentum * kept[0] - lr * g
        return p + (self.momentum * v - lr * g if self.nesterov else v), (v,)


class EarlyEpsilonAdam(Adam):
    """Adam as its paper writes it in the order that saves time: epsilon is added before the bias is removed.

    Kingma & Ba 2015, end of section 2.
    """

    def adapt(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """Adam's rule, with the correction of both biases in the learning rate."""
        (m, v), (b1, b2) = kept, self.betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        return p - lr * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + self.eps), (m, v)
