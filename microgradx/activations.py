"""More rows of the table: the activations of neural networks, added by the same call that a user would write.

Accuracy in the tails: sigmoid'(x) as y*(1 - y) is 0 beyond x = 38, and gelu by erf is 2 % off at x = -8. The rows below
keep their relative accuracy until the result underflows. Names and constants are torch's.

    >>> from microgradx import Value, sigmoid, softmax
    >>> sigmoid(0.0)
    0.5
    >>> [p.data for p in softmax([Value(0.0), Value(0.0)])]
    [0.5, 0.5]
"""
import math
from collections.abc import Sequence
from typing import Any

from .arrays import is_array, nested
from .ieee import inf, short
from .ops import abs, clamp, detach, erfc, exp, expm1, heaviside, log1p, minimum, sech, square, tanh, where
from .reductions import logsumexp, max, shares
from .table import Op, gate, row

ALPHA, SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946     # Klambauer et al. 2017
ROOT_2, ROOT_2PI, ROOT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi), math.sqrt(2 / math.pi)


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    z = math.exp(x)                         # exp(-x) would overflow
    return z / (1 + z)


def _softplus(x: float) -> float:
    return (x if x > 0 or x != x else 0.0) + math.log1p(math.exp(-math.fabs(x)))


# The lowerings, for generated code: no branch, and one exponential for both signs

def _sigmoid_lowered(x: Any) -> Any:
    z = exp(-abs(x))
    return where(x >= 0, 1 / (1 + z), where(x < 0, z / (1 + z), x))


def _softplus_lowered(x: Any) -> Any:
    return where(x <= 0, 0.0, x) + log1p(exp(-abs(x)))


def _elu_lowered(x: Any, a: Any) -> Any:
    return where(x > 0, x, a * expm1(x))


def _gaussian(x: Any) -> Any:
    """The share of a normal distribution below x, exact in the left tail."""
    return erfc(-x / ROOT_2) / 2


def _bend(x: Any) -> Any:
    """The argument of sigmoid in the tanh form of gelu: 2*sqrt(2/pi)*(x + 0.044715*x**3), Hendrycks & Gimpel 2016."""
    return 2 * ROOT_2_PI * x * (1 + 0.044715 * square(x))


def _silu_slope(x: Any) -> Any:
    return sigmoid(x) * (1 + x * sigmoid(-x))


def _gelu_slope(x: Any) -> Any:
    return _gaussian(x) + exp(-square(x) / 2) / ROOT_2PI * x


def _mish_slope(x: Any) -> Any:
    return tanh(softplus(x)) + square(sech(softplus(x))) * (x * sigmoid(x))


def _gelu_tanh_slope(x: Any) -> Any:
    s, times_bend = sigmoid(_bend(x)), x * (2 * ROOT_2_PI * (1 + 0.134145 * square(x)))
    return s + s * sigmoid(-_bend(x)) * times_bend


# (y*sigmoid(-x) is the same; but its slope cancels around 0.)
sigmoid: Op = row("sigmoid", _sigmoid, lambda y, x: square(sech(x / 2)) / 4, textbook="sigmoid(x)*(1 - sigmoid(x))",
                  lowering=_sigmoid_lowered, limits=(0.0, 1.0))
log_sigmoid = row("log_sigmoid", lambda x: -_softplus(-x), lambda y, x: sigmoid(-x),
                  lowering=lambda x: -softplus(-x), limits=(-inf, 0.0))
softplus: Op = row("softplus", _softplus, lambda y, x: sigmoid(x), lowering=_softplus_lowered, limits=(0.0, inf))

relu = row("relu", lambda x: 0.0 if x <= 0 else x, lambda y, x: gate(heaviside(x)), kinks=lambda x: [x], symbol="ReLU",
           limits=(0.0, inf))
leaky_relu = row("leaky_relu", lambda x, a: x if x > 0 else a * x,
                 lambda y, x, a: where(x > 0, 1, a), lambda y, x, a: gate(1 - heaviside(x), minimum(x, 0)),
                 kinks=lambda x, a: [x], defaults=(0.01,),
                 limits=lambda a: (-inf * a if a else 0.0, inf))
elu = row("elu", lambda x, a: x if x > 0 else a * math.expm1(x),
          lambda y, x, a: where(x > 0, 1, a * exp(minimum(x, 0))),
          lambda y, x, a: gate(1 - heaviside(x), where(x > 0, 0, expm1(x))),
          kinks=lambda x, a: [x], defaults=(1.0,), lowering=_elu_lowered, limits=lambda a: (-a, inf))
selu = row("selu", lambda x: SCALE * (x if x > 0 else ALPHA * math.expm1(x)),
           lambda y, x: SCALE * where(x > 0, 1, ALPHA * exp(minimum(x, 0))), kinks=lambda x: [x],
           lowering=lambda x: SCALE * _elu_lowered(x, ALPHA), limits=(-SCALE * ALPHA, inf))
# Far out the slopes of these four are constant, but a factor in them is 0, and 0*x is nan for infinite x. So x is
# clamped where that changes no digit.
silu = row("silu", lambda x: x * sigmoid(x), lambda y, x: _silu_slope(clamp(x, -800, 800)), limits=(0.0, inf))
gelu = row("gelu", lambda x: x * _gaussian(x), lambda y, x: _gelu_slope(clamp(x, -40, 40)), limits=(0.0, inf))
gelu_tanh = row("gelu_tanh", lambda x: x * sigmoid(_bend(x)), lambda y, x: _gelu_tanh_slope(clamp(x, -40, 40)),
                limits=(0.0, inf))
mish = row("mish", lambda x: x * tanh(softplus(x)), lambda y, x: _mish_slope(clamp(x, -800, 800)), limits=(0.0, inf))
hard_tanh = row("hard_tanh", lambda x: 1.0 if x > 1 else -1.0 if x < -1 else x,
                lambda y, x: gate(where(x > -1, where(x < 1, 1, 0), 0)), kinks=lambda x: [x - 1, x + 1],
                limits=(-1.0, 1.0))
softsign = row("softsign", lambda x: x / (1 + abs(x)), lambda y, x: square(1 / (1 + abs(x))), limits=(-1.0, 1.0))


def softmax(xs: Sequence[Any]) -> list[Any]:
    """exp(x) of each element over the sum of all: a list of positive numbers that add up to 1. TypeError for no list.

    >>> from microgradx import softmax
    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return shares(_listed(xs, "softmax"))


def log_softmax(xs: Sequence[Any]) -> list[Any]:
    """The logarithm of softmax, without numbers that underflow: a list of the same length. TypeError for no list.

    >>> from microgradx import log_softmax
    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """
    top = detach(max(_listed(xs, "log_softmax")))           # a shift changes neither the result nor its gradient
    gaps = [x - top for x in xs]
    total = logsumexp(gaps)
    return [x - total for x in gaps]


def _listed(xs: Sequence[Any], name: str) -> Sequence[Any]:
    if not hasattr(type(xs), "__len__"):
        raise TypeError(f"{name} takes a list of Values, got {short(xs)}; write {name}([...])")
    return nested(xs) if is_array(xs) else xs
