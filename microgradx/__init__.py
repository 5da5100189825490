"""microgradx: a scalar autograd engine to read in ten minutes, step through, trust to the last digit and run fast.

    >>> from microgradx import Value
    >>> w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-1.0, "b")
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> w.grad
    2.0

Read engine.py first, ten minutes; then Op in table.py, ops.py and step.py, half an hour in all.
sum, max, min, abs and pow are here too, but `import *` leaves Python's own names alone.
"""
from typing import TYPE_CHECKING, Any

from . import freeing as _freeing  # noqa: F401     - long graphs, in WebAssembly
from . import micrograd as _micrograd  # noqa: F401     - its names for Values
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
from .batching import vmap
from .checking.check import check_hessian, check_jvp, gradcheck
from .checking.error import GradientError
from .checking.explanation import first_nonfinite
from .derivatives import grad, gradients, hvp, jvp, value_and_grad
from .engine import tape
from .expr import ExpressionError, parse
from .jacobians import hessian, jacfwd, jacobian, jacrev, vjp
from .loops import cond, fori_loop, scan, while_loop
from .moved import install as _remember_moved
from .naming import names
from .operators import Value
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
    sech,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    sub,
    tan,
    tanh,
    weighted,
    where,
    xlogy,
)
from .ops import pow as pow
from .recording import no_grad, scope
from .reductions import dot, logsumexp, masked_dot, prod, take
from .reductions import max as max
from .reductions import min as min
from .reductions import sum as sum
from .step import Step, steps
from .table import Op, Reduction, gate, reduction, row
from .vector import Vector
from .watching import NonFinite, sources, stop_at_nonfinite, where_made

if TYPE_CHECKING:
    from .compiler.jit import jit
    from .show.picture.animation import animate
    from .show.picture.diagnosis import diagnose
    from .show.picture.drawing import draw
    from .show.stepper import stepper
    from .show.web.lab import lab
    from .show.web.page import to_html

__version__ = "0.2.0"

__all__ = [
    "Value", "Vector", "tape", "no_grad", "scope",
    "gradients", "grad", "value_and_grad", "jvp", "vjp", "hvp", "hessian", "jacobian", "jacfwd", "jacrev", "vmap",
    "scan", "fori_loop", "while_loop", "cond",
    "sources", "where_made", "stop_at_nonfinite", "NonFinite",
    "gradcheck", "check_jvp", "check_hessian", "GradientError", "first_nonfinite",
    "parse", "ExpressionError", "Step", "steps", "names",
    "stepper", "draw", "animate", "diagnose", "to_html", "lab", "jit",
    "row", "reduction", "gate",
    "add", "sub", "mul", "div", "neg", "identity", "detach", "xlogy", "weighted", "square", "reciprocal",
    "exp", "expm1", "log", "log1p", "sqrt",
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
    "sinh", "cosh", "tanh", "sech", "asinh", "acosh", "atanh", "erf", "erfc", "hypot",
    "sign", "heaviside", "where", "maximum", "minimum", "clamp",
    "dot", "masked_dot", "prod", "logsumexp", "take",
    "sigmoid", "log_sigmoid", "softplus", "relu", "leaky_relu", "elu", "selu", "silu", "gelu", "gelu_tanh", "mish",
    "hard_tanh", "softsign", "softmax", "log_softmax",
]

_remember_moved()

# The front ends are imported on first use, so that `import microgradx` is fast and needs no drawing program.
_FRONT_ENDS = {"stepper": "show.stepper", "draw": "show.picture.drawing",
               "animate": "show.picture.animation", "diagnose": "show.picture.diagnosis",
               "to_html": "show.web.page", "lab": "show.web.lab",
               "jit": "compiler.jit"}


def __getattr__(name: str) -> Any:
    if name not in _FRONT_ENDS:
        raise AttributeError(f"module 'microgradx' has no attribute {name!r}")
    from importlib import import_module
    return getattr(import_module(f".{_FRONT_ENDS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_FRONT_ENDS})           # also those that were not asked for yet: for completion


def _mimebundle(self: Value, include: object = None, exclude: object = None) -> dict[str, str]:
    """The picture of the graph of a Value, which a notebook shows."""
    from .show.notebook import mimebundle
    return mimebundle(self)


Value._repr_mimebundle_ = _mimebundle  # type: ignore[attr-defined]     # here: the engine imports no front end


def _row(op: Op) -> str:
    """str(tanh), which print(tanh) prints: the row in full. Like help(tanh) it is here, above the engine."""
    from .show.terminal.listing import in_full
    try:
        return in_full(op)
    except Exception:                                   # a row of yours whose slopes cannot be read as text
        return repr(op)


Op.__str__ = _row  # type: ignore[assignment]


class _RowDocumentation:
    """help(tanh) describes the row, help(Op) describes rows. It is here because the engine imports no front end."""

    def __init__(self, of_the_class: str | None) -> None:
        self.of_the_class = of_the_class

    def __get__(self, op: Op | None, kind: type[Op]) -> str | None:
        if op is None:
            return self.of_the_class
        from .show.terminal.listing import documentation
        try:
            return documentation(op)
        except Exception:                               # a row of yours whose slopes cannot be read as text
            return self.of_the_class


class _RowSignature:
    """inspect.signature(clamp), which completion shows: (x, lo, hi)."""

    def __get__(self, op: Op | None, kind: type[Op]) -> Any:
        if op is None:
            raise AttributeError("__signature__")       # that of the class is that of its __init__
        from inspect import Parameter, Signature
        names = (*("xs", "ys", "zs")[:op.lists], *["i"] * op.index) if isinstance(op, Reduction) else op.inputs
        given = dict(zip(names[len(names) - len(op.defaults):], op.defaults))
        return Signature([Parameter(name, Parameter.POSITIONAL_ONLY, default=given.get(name, Parameter.empty))
                          for name in names])


for _kind in (Op, Reduction):
    _kind.__doc__ = _RowDocumentation(_kind.__doc__)    # type: ignore[assignment]
    setattr(_kind, "__signature__", _RowSignature())  # noqa: B010
