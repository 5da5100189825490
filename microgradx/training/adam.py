"""Adam, AdamW, NAdam: a running mean of gradients over the root of a running mean of their squares.

    >>> from microgradx import Value
    >>> from microgradx.training import Adam
    >>> steep, flat = Value(3.0), Value(3.0)
    >>> (1000 * steep + flat / 1000).backward()
    >>> Adam([steep, flat], lr=0.1).step(); round(steep.data, 4), round(flat.data, 4)      # steps of one length
    (2.9, 2.9)
"""
import sys
from collections.abc import Iterable
from typing import Any

from ..ieee import short
from ..ops import maximum, sqrt
from .optim import Numbers, Optimiser, require

TINY = sys.float_info.min           # an eps of 0 would divide 0 by 0 where a gradient is 0


def checked(betas: tuple[float, float], eps: float, weight_decay: float) -> tuple[float, float]:
    """betas. ValueError for a hyperparameter out of range, TypeError for other than two betas."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"expected two numbers as betas, such as (0.9, 0.999), got {short(betas)}")
    b1, b2 = betas
    require(below=1, b1=b1, b2=b2)
    require(least=TINY, eps=eps)
    require(weight_decay=weight_decay)
    return b1, b2


class Adam(Optimiser):
    """Steps of about lr for gradients of any size: mean m over root mean square v (Kingma & Ba 2015).

    amsgrad: the largest v so far in place of v, so that steps do not grow again (Reddi et al. 2018). As
    torch.optim.Adam. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> from microgradx.training import Adam
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> Adam([w], lr=0.1).step(); round(w.data, 6)
    2.9
    """

    kept: tuple[str, ...] = ("exp_avg", "exp_avg_sq")
    squares: tuple[str, ...] = ("exp_avg_sq",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0, amsgrad: bool = False) -> None:
        if amsgrad:
            self.kept, self.squares = (*self.kept, "max_exp_avg_sq"), (*self.squares, "max_exp_avg_sq")
        super().__init__(params, lr)
        self.betas, self.eps, self.weight_decay = checked(betas, eps, weight_decay), eps, weight_decay
        self.amsgrad = amsgrad

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """Adam's step, with weight decay added to the gradient, as in torch."""
        return self.adapt(p, g + self.weight_decay * p, kept, t, lr)

    def adapt(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """Adam's rule. Both averages start at 0; division by 1 - b**t removes that bias."""
        (m, v, *top), (b1, b2) = kept, self.betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        top = [maximum(top[0], v)] if self.amsgrad else []
        size = top[0] if self.amsgrad else v
        return p - lr * (m / (1 - b1**t)) / (sqrt(size / (1 - b2**t)) + self.eps), (m, v, *top)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient, not scaled by v (Loshchilov & Hutter 2019).

    As torch.optim.AdamW. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> from microgradx.training import AdamW
    >>> w = Value(3.0)                                  # with a gradient of 0
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step(); round(w.data, 6)
    2.85
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """The parameter decays by itself, then Adam moves it."""
        return self.adapt(p * (1 - lr * self.weight_decay), g, kept, t, lr)


class NAdam(Optimiser):
    """Adam with Nesterov's momentum, whose weight grows with t (Dozat 2016). As torch.optim.NAdam.

    ValueError for a hyperparameter out of range. decoupled_weight_decay: as in AdamW.

    >>> from microgradx import Value
    >>> from microgradx.training import NAdam
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> NAdam([w], lr=0.1).step(); round(w.data, 6)
    2.894355
    """

    kept = ("exp_avg", "exp_avg_sq", "mu_product")
    squares = ("exp_avg_sq",)

    def __init__(self, params: Iterable[Any], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0, momentum_decay: float = 4e-3,
                 decoupled_weight_decay: bool = False) -> None:
        super().__init__(params, lr)
        require(momentum_decay=momentum_decay)
        self.betas, self.eps, self.weight_decay = checked(betas, eps, weight_decay), eps, weight_decay
        self.momentum_decay, self.decoupled_weight_decay = momentum_decay, decoupled_weight_decay
        self.numbers = [(0.0, 0.0, 1.0) for _ in self.params]

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """A step by the gradient and by the mean, each with its own momentum."""
        (m, v, product), (b1, b2) = kept, self.betas
        if self.decoupled_weight_decay:
            p = p * (1 - lr * self.weight_decay)
        else:
            g = g + self.weight_decay * p
        mu, following = (b1 * (1 - 0.5 * 0.96 ** (k * self.momentum_decay)) for k in (t, t + 1))
        product = product * mu
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        size = sqrt(v / (1 - b2**t)) + self.eps
        p = p - lr * (1 - mu) / (1 - product) * g / size
        return p - lr * following / (1 - product * following) * m / size, (m, v, product)
