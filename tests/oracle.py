"""What the table is proved against: the definition of every row on mpmath's numbers, and torch's functions.

    >>> from microgradx import tanh
    >>> float(value(tanh, [0.5])) == tanh(0.5), float(slope(tanh, [0.5], 0))
    (True, 0.7864477329659274)

The definitions are naive on purpose. With 700 digits softplus may be log(1 + e**x) and its derivative a plain
difference quotient; the tricks that the table needs to be exact in 16 digits have no second copy here.
"""
import math
from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

from microgradx.arithmetic import Arithmetic
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


def _masked_dot(*xs: mpf) -> mpf:
    third = len(xs) // 3
    return mp.fsum(x * y for mask, x, y in zip(xs[:third], xs[third:], xs[2 * third:]) if mask != 0)


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
    "weighted": lambda a, b: a * b,
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
    "sech": lambda x: 1 / mp.cosh(x),
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "erf": mp.erf,
    "erfc": lambda x: 1 - mp.erf(x),
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
    "sum": lambda *xs: mp.fsum(xs),
    "dot": _dot,
    "masked_dot": _masked_dot,
    "prod": lambda *xs: mp.fprod(xs),
    "logsumexp": lambda *xs: mp.log(mp.fsum(map(mp.exp, xs))),
    "max": lambda *xs: max(xs),
    "first_max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
    "take": lambda *xs: xs[int(xs[-1])],
    "cross_entropy": lambda *xs: mp.log(mp.fsum(mp.exp(x - xs[int(xs[-1])]) for x in xs[:-1])),
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: mp.log(_sigmoid(x)),
    "softplus": _softplus,
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x, a: x if x > 0 else a * x,
    "elu": _elu,
    "selu": lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2,
    "gelu_tanh": _gelu_tanh,
    "mish": lambda x: x * mp.tanh(_softplus(x)),
    "hard_tanh": lambda x: max(mpf(-1), min(mpf(1), x)),
    "softsign": lambda x: x / (1 + abs(x)),
}


def value(op: Op, xs: Sequence[Any]) -> mpf:
    """The row's value at `xs`, to hundreds of digits."""
    return DEFINITIONS[op.name](*map(mpf, xs))


class Exact(Arithmetic["Exact"]):
    """A number of mpmath's in place of a Value: layers and losses, given these, compute to hundreds of digits.

    >>> float(sum(Exact(x) for x in (1e300, 1.0, -1e300)).number)
    1.0
    """

    __slots__ = ("number",)

    def __init__(self, x: Any) -> None:
        self.number = mpf(x)

    def _apply(self, op: Op, args: Sequence[Any]) -> "Exact":
        return Exact(value(op, list(map(bare, op.flat(args)))))


def bare(x: Any) -> mpf:
    """A number, or that of an Exact."""
    return x.number if isinstance(x, Exact) else mpf(x)


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


def one_sided(op: Op, xs: Sequence[Any], i: int) -> tuple[mpf, mpf]:
    """The difference quotients to the left and to the right by input `i`; at a jump one of them is beyond 1e30."""
    here, left, right = value(op, xs), value(op, moved(xs, i, -STEP)), value(op, moved(xs, i, STEP))
    return (here - left) / STEP, (right - here) / STEP


def along(op: Op, xs: Sequence[float], ds: Sequence[float], orders: int) -> list[mpf]:
    """The derivatives of order 0, 1, ... `orders` on the way from `xs` in the direction `ds`: central differences."""
    h = STEP * min([1, *(abs(mpf(x)) for x, d in zip(xs, ds, strict=True) if d)])

    def way(steps: mpf) -> mpf:
        return value(op, [mpf(x) + steps * h * d for x, d in zip(xs, ds, strict=True)])

    return [mp.fsum((-1) ** k * math.comb(n, k) * way(mpf(n) / 2 - k) for k in range(n + 1)) / h**n
            for n in range(orders + 1)]


# torch ---------------------------------------------------------------------------------------------------------

def _same_name(*names: str) -> dict[str, Callable[..., Any]]:
    return {name: (lambda torch, *xs, name=name: getattr(torch, name)(*xs)) for name in names}


def _layer(*names: str, **options: Any) -> dict[str, Callable[..., Any]]:
    return {name: (lambda torch, *xs, name=name: getattr(torch.nn.functional, name)(*xs, **options)) for name in names}


def _halves(torch: Any, *xs: Any) -> list[Any]:
    return [torch.stack(xs[:len(xs) // 2]), torch.stack(xs[len(xs) // 2:])]


# Name of a row -> the same on torch's tensors; the module comes in as an argument, for it may not be installed.
TORCH: dict[str, Callable[..., Any]] = {
    **_same_name("add", "sub", "mul", "div", "neg", "pow", "xlogy", "square", "reciprocal", "exp", "expm1", "log",
                 "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh",
                 "acosh", "atanh", "erf", "erfc", "hypot", "sign", "abs", "maximum", "minimum", "clamp", "sigmoid",
                 "relu", "selu"),
    **_layer("softplus", "silu", "gelu", "mish", "softsign"),
    "gelu_tanh": lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"),
    "hard_tanh": lambda torch, x: torch.nn.functional.hardtanh(x),
    "log_sigmoid": lambda torch, x: torch.nn.functional.logsigmoid(x),
    "leaky_relu": lambda torch, x, a: torch.nn.functional.prelu(x.reshape(1, 1), a.reshape(1)).reshape(()),
    "elu": lambda torch, x, a: torch.nn.functional.elu(x) * torch.where(x > 0, 1.0, a),     # alpha is no tensor there
    "identity": lambda torch, x: x.clone(),
    "detach": lambda torch, x: x.detach(),
    "heaviside": lambda torch, x: torch.heaviside(x.detach(), torch.zeros_like(x)),
    "less": lambda torch, a, b: (a < b).double(),
    "less_equal": lambda torch, a, b: (a <= b).double(),
    "greater": lambda torch, a, b: (a > b).double(),
    "greater_equal": lambda torch, a, b: (a >= b).double(),
    "where": lambda torch, c, p, q: torch.where(c != 0, p, q),
    "sum": lambda torch, *xs: torch.stack(xs).sum(),
    "dot": lambda torch, *xs: torch.dot(*_halves(torch, *xs)),
    "prod": lambda torch, *xs: torch.stack(xs).prod(),
    "logsumexp": lambda torch, *xs: torch.logsumexp(torch.stack(xs), 0),
    "max": lambda torch, *xs: torch.amax(torch.stack(xs), 0),
    "min": lambda torch, *xs: torch.amin(torch.stack(xs), 0),
    "take": lambda torch, *xs: torch.stack(xs[:-1])[int(xs[-1].item())],
    "cross_entropy": lambda torch, *xs: torch.nn.functional.cross_entropy(torch.stack(xs[:-1]), xs[-1].long()),
}

NOT_IN_TORCH = {"weighted": "a product, but 0 * inf is 0",
                "masked_dot": "the engine's own: a sum of products under a mask", "sech": "written 1/cosh there",
                "first_max": "what MaxPool does there; tests/test_nn_parity.py compares it"}


def _any_nan(*xs: float) -> bool:
    return any(map(math.isnan, xs))


def _not_finite(*xs: float) -> bool:
    return not all(map(math.isfinite, xs))


# Where a row answers otherwise than torch at an edge, on purpose: (rows, "value" and places of slopes, at, why).
NOT_AS_TORCH: list[tuple[set[str], set[Any], Callable[..., bool], str]] = [
    ({"cross_entropy"}, {"value", 0, 1}, _not_finite, "infinite logits: the limit; torch has inf - inf = nan"),
    ({"xlogy"}, {0}, lambda a, b: a == 0 and b <= 0, "the slope is log(b); torch says 0, JAX as we do"),
    ({"xlogy"}, {1}, lambda a, b: a == 0 and b == 0, "it is 0 for every b; torch has 0/0 = nan"),
    ({"pow"}, {1}, lambda x, n: math.isinf(x) and n < 0, "y*log(x) is 0 where y is 0; torch has 0*inf = nan"),
    ({"pow"}, {1}, lambda x, n: x == n == 0, "both difference quotients diverge to -inf; torch and JAX say 0"),
    ({"acosh"}, {0}, lambda x: x < 1, "no slope outside the domain; torch has that of sqrt(x*x - 1)"),
    ({"hypot"}, {0, 1}, lambda a, b: a == b == 0, "a slope of 0 lies between those of both sides; torch has nan"),
    ({"hypot"}, {0, 1}, lambda a, b: math.isinf(a) != math.isinf(b), "the limit, 1 or -1; torch has inf/inf = nan"),
    ({"sign", "heaviside"}, {"value"}, _any_nan, "nan is passed on; torch has 0, JAX as we do"),
    ({"abs", "relu", "elu", "selu"}, {0}, _any_nan, "nan is passed on"),
    ({"hard_tanh"}, {0}, _any_nan, "nan lies within no bounds; torch has slope 1"),
    ({"maximum", "minimum"}, {0, 1}, _any_nan, "neither is larger: a tie; torch gives the whole slope to both"),
    ({"clamp"}, {0, 1, 2}, _any_nan, "nan compares with nothing; torch gives the slope away by other rules"),
    ({"clamp"}, {0}, lambda x, lo, hi: x == lo == hi, "between equal bounds nothing moves; torch has slope 1"),
    ({"clamp"}, {1}, lambda x, lo, hi: x < lo == hi, "both bounds tie; torch gives all to the upper one"),
    ({"silu", "gelu", "gelu_tanh", "mish"}, {0}, math.isinf, "the limits, 1 and 0; torch has inf*0 = nan"),
    ({"prod"}, {0, 1}, _not_finite, "the product of the others is a number; torch divides inf by inf"),
    ({"softsign"}, {0}, math.isinf, "1/(1 + inf)**2 is 0; torch has inf/inf"),
]
