"""SGD: gradient descent, the plainest optimiser, and its two forms of momentum.

    >>> from microgradx import Value
    >>> from microgradx.training import SGD
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> SGD([w], lr=0.25).step(); w.data                        # 3 - 0.25 * 6
    1.5
"""
from collections.abc import Iterable
from typing import Any

from .optim import Numbers, Optimiser, require


class SGD(Optimiser):
    """Gradient descent, with momentum (Polyak) or Nesterov's form of it (Sutskever et al. 2013, torch's formula).

    As torch.optim.SGD. ValueError for a hyperparameter out of range, and for nesterov without momentum.

    >>> from microgradx import Value
    >>> from microgradx.training import SGD
    >>> SGD([Value(1.0)], lr=0.1, momentum=0.9, nesterov=True)
    SGD(1 parameters, lr=0.1, momentum=0.9, dampening=0.0, weight_decay=0.0, nesterov=True)
    """

    kept = ("momentum_buffer",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0,
                 weight_decay: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(params, lr)
        require(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(f"nesterov needs momentum above 0 and dampening 0, got {momentum} and {dampening}")
        self.momentum, self.dampening, self.weight_decay, self.nesterov = momentum, dampening, weight_decay, nesterov

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """A step against the gradient, or against the running sum of gradients."""
        buffer, = kept
        g = g + self.weight_decay * p
        if self.momentum:
            buffer = self.momentum * buffer + (1 - self.dampening * (t > 1)) * g    # the first gradient is not damped
            g = g + self.momentum * buffer if self.nesterov else buffer
        return p - lr * g, (buffer,)
