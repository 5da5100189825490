"""What the table is proved against: the definition of every row on mpmath's numbers, and torch's functions.

    >>> from microgradx import tanh
    >>> float(value(tanh, [0.5])) == tanh(0.5), float(slope(tanh, [0.5], 0))
    (True, 0.7864477329659274)

The definitions are naive on purpose. With 700 digits softplus may be log(1 + e**x) and its derivative a plain
difference quotient; the tricks that the table needs to be exact in 16 digits have no second copy here.
"""
from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

from microgradx.table import Op

mp.dps = 700                    # 1 + 1e-300 and a step of 1e-340 still leave 50 digits of a slope
STEP = mpf(10) ** -40           # of a difference quotient, relative to inputs below 1: good to 80 digits

SELU_ALPHA, SELU_SCALE = mpf("1.6732632423543772848170429916717"), mpf("1.0507009873554804934193349852946")


def _sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mp.exp(-x))


def _softplus(x: mpf) -> mpf:
    return mp.log(1 + mp.exp(x))


def _elu(x: mpf, a: mpf) -> mpf:
    return x if x > 0 else a * (mp.exp(x) - 1)


def _gelu_tanh(x: mpf) -> mpf:
    return x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)))


def _dot(*xs: mpf) -> mpf:
    half = len(xs) // 2
    return mp.fsum(a * b for a, b in zip(xs[:half], xs[half:], strict=True))


DEFINITIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda x: -x,
    "identity": lambda x: x,
    "detach": lambda x: x,
    "pow": lambda x, n: x**n,
    "xlogy": lambda a, b: a * mp.log(b),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "exp": mp.exp,
    "expm1": lambda x: mp.exp(x) - 1,
    "log": mp.log,
    "log1p": lambda x: mp.log(1 + x),
    "sqrt": mp.sqrt,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "hypot": lambda a, b: mp.sqrt(a * a + b * b),
    "sign": mp.sign,
    "abs": abs,
    "heaviside": lambda x: mpf(x > 0),
    "less": lambda a, b: mpf(a < b),
    "less_equal": lambda a, b: mpf(a <= b),
    "greater": lambda a, b: mpf(a > b),
    "greater_equal": lambda a, b: mpf(a >= b),
    "where": lambda c, p, q: q if c == 0 else p,
    "maximum": max,
    "minimum": min,
    "clamp": lambda x, lo, hi: min(max(x, lo), hi),
    "carry": lambda g, s: g * s,
    "sum": lambda *xs: mp.fsum(xs),
    "dot": _dot,
    "prod": lambda *xs: mp.fprod(xs),
    "logsumexp": lambda *xs: mp.log(mp.fsum(map(mp.exp, xs))),
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
    "take": lambda *xs: xs[int(xs[-1])],
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: mp.log(_sigmoid(x)),
    "softplus": _softplus,
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x, a: x if x > 0 else a * x,
    "elu": _elu,
    "selu": lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "gelu_tanh": _gelu_tanh,
    "mish": lambda x: x * mp.tanh(_softplus(x)),
    "hard_tanh": lambda x: max(mpf(-1), min(mpf(1), x)),
    "softsign": lambda x: x / (1 + abs(x)),
}


def value(op: Op, xs: Sequence[Any]) -> mpf:
    """The row's value at `xs`, to hundreds of digits."""
    return DEFINITIONS[op.name](*map(mpf, xs))


def slope(op: Op, xs: Sequence[Any], i: int) -> mpf:
    """The derivative by input `i` at `xs`: a central difference quotient."""
    h = STEP * min(abs(mpf(xs[i])), 1)
    return (value(op, moved(xs, i, h)) - value(op, moved(xs, i, -h))) / (2 * h)


def moved(xs: Sequence[Any], i: int, h: Any) -> list[mpf]:
    """`xs` with `h` added to input `i`."""
    return [mpf(x) + h if k == i else mpf(x) for k, x in enumerate(xs)]


def wobble(f: Callable[[Sequence[Any]], mpf], xs: Sequence[Any]) -> mpf:
    """The condition of f at `xs`: by how much f moves, relative moves of each input added up."""
    t = mpf(10) ** -25
    return mp.fsum(abs(f(moved(xs, i, mpf(x) * t)) - f(xs)) / t for i, x in enumerate(xs))


def along(op: Op, xs: Sequence[float], ds: Sequence[float], orders: int) -> list[mpf]:
    """Value and derivatives up to `orders` of t -> op(xs + t*ds) at t = 0."""
    with mp.workdps(60):
        line = [DEFINITIONS[op.name]] and (lambda t: DEFINITIONS[op.name](*(mpf(x) + t * d for x, d in zip(xs, ds))))
        return list(mp.diffs(line, mpf(0), orders))
