"""microgradx: a scalar autograd engine to read in ten minutes, step through, trust to the last digit and run fast.

    >>> from microgradx import Value
    >>> w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-1.0, "b")
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> w.grad
    2.0

Reading order of the source: ops.py (the table), value.py (the node and backward), stepper.py, then what you like.
sum, max, min, abs and pow are here too, but `import *` leaves Python's own names alone.
"""
from .activations import (
    elu,
    gelu,
    gelu_tanh,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
)
from .derivatives import grad, gradients, hessian, hvp, jvp, value_and_grad
from .ops import abs as abs
from .ops import (
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    carry,
    clamp,
    cos,
    cosh,
    detach,
    div,
    erf,
    erfc,
    exp,
    expm1,
    heaviside,
    hypot,
    identity,
    log,
    log1p,
    maximum,
    minimum,
    mul,
    neg,
    reciprocal,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    sub,
    tan,
    tanh,
    where,
    xlogy,
)
from .ops import pow as pow
from .recording import no_grad, scope, tape
from .reductions import dot, logsumexp, prod, take
from .reductions import max as max
from .reductions import min as min
from .reductions import sum as sum
from .table import reduction, row
from .value import Value

__version__ = "0.1.0"

__all__ = [
    "Value", "tape", "no_grad", "scope",
    "gradients", "grad", "value_and_grad", "jvp", "hvp", "hessian",
    "row", "reduction",
    "add", "sub", "mul", "div", "neg", "identity", "detach", "carry", "xlogy", "square", "reciprocal",
    "exp", "expm1", "log", "log1p", "sqrt",
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "hypot",
    "sign", "heaviside", "where", "maximum", "minimum", "clamp",
    "dot", "prod", "logsumexp", "take",
    "sigmoid", "log_sigmoid", "softplus", "relu", "leaky_relu", "elu", "selu", "silu", "gelu", "gelu_tanh", "mish",
    "hard_tanh", "softsign", "softmax", "log_softmax",
]
