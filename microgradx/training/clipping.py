"""Gradient clipping: shorten a gradient that is too long, as at a cliff of the loss, before the step.

    >>> from microgradx import Value
    >>> from microgradx.training import clip_grad_norm
    >>> w = [Value(3.0), Value(4.0)]
    >>> (w[0] ** 2 / 2 + w[1] ** 2 / 2).backward()
    >>> clip_grad_norm(w, 1.0), [round(p.grad, 3) for p in w]
    (5.0, [0.6, 0.8])

Source: Pascanu, Mikolov, Bengio, ICML 2013; the numbers are those of torch.nn.utils.
"""
import math
from collections.abc import Iterable

from ..engine import Value
from ..ieee import number
from ..nn.lengths import length
from ..ops import clamp, minimum
from .optim import require

Params = Value | Iterable[Value]

def grad_norm(params: Params, norm_type: float = 2.0) -> float:
    """The length of the gradient by all parameters, as one vector: its p-norm. torch: get_total_norm.

    norm_type is p, inf for the largest number. ValueError unless it is above 0.

    >>> w = [Value(3.0), Value(4.0)]
    >>> (w[0] ** 2 / 2 + w[1] ** 2 / 2).backward()
    >>> grad_norm(w)
    5.0
    """
    if not number(norm_type) > 0:
        raise ValueError(f"expected a norm_type above 0, got {norm_type}")
    gradient = [p.grad for p in _listed(params)]
    return length(gradient, norm_type) if gradient else 0.0


def clip_grad_norm(params: Params, max_norm: float, norm_type: float = 2.0,
                   error_if_nonfinite: bool = False) -> float:
    """Shorten the gradient to the length `max_norm` if it is longer; returns the length before.

    norm_type as for grad_norm. ValueError if max_norm is below 0; with error_if_nonfinite ArithmeticError if the length
    is infinite or nan, before any gradient is changed (torch: RuntimeError). torch: clip_grad_norm_; source: Pascanu et
    al. 2013.

    >>> from microgradx.training import clip_grad_norm
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> clip_grad_norm([w], 1.0), round(w.grad, 3)
    (6.0, 1.0)
    """
    require(max_norm=max_norm)
    params = _listed(params)
    norm = grad_norm(params, norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise ArithmeticError(f"expected a finite gradient, got one of length {norm}, so it cannot be clipped; "
                              "error_if_nonfinite=False clips it all the same")
    factor = minimum(max_norm / (norm + 1e-6), 1.0)         # 1e-6 is torch's guard against dividing by 0
    for p in params:
        p.grad *= factor
    return norm


def clip_grad_value(params: Params, clip_value: float) -> None:
    """Clamp each gradient to -clip_value..clip_value. ValueError if clip_value is below 0. torch: clip_grad_value_.

    >>> from microgradx import Value
    >>> from microgradx.training import clip_grad_value
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> clip_grad_value([w], 0.5)
    >>> w.grad
    0.5
    """
    require(clip_value=clip_value)
    for p in _listed(params):
        p.grad = clamp(p.grad, -clip_value, clip_value)


def _listed(params: Params) -> list[Value]:
    """One Value or any iterable of them, as in torch, as a list."""
    return [params] if isinstance(params, Value) else list(params)
