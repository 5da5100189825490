"""Spelling: rows of the table in terms of the few that a machine has.

Most rows are written with operators and other rows, and so say themselves what they are made of: their value is traced.
One that calls Python's math is a primitive of the machine, or is spelled here in other rows.

    >>> from microgradx import silu
    >>> from microgradx.compiler.ir.program import template
    >>> [op.name for op in template(silu, 1).ops if op]
    ['sigmoid', 'mul']
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import activations, ops
from ... import reductions as red
from ...ieee import inf
from ...table import Op
from ..trace.branches import both_ways

# Rows in other rows, where the value is written with Python's math or loops ----------------------------------------

def _sigmoid(x: Any) -> Any:
    z = ops.exp(-ops.abs(x))
    return ops.where(x >= 0, 1 / (1 + z), ops.where(x < 0, z / (1 + z), x))


def _softplus(x: Any) -> Any:
    return ops.where(x <= 0, 0.0, x) + ops.log1p(ops.exp(-ops.abs(x)))


def _elu(x: Any, a: Any) -> Any:
    return ops.where(x > 0, x, a * ops.expm1(x))


def _xlogy(a: Any, b: Any) -> Any:
    return ops.where(a, a * ops.log(b), ops.where(b <= inf, a, b))


def _best(better: Op, xs: tuple[Any, ...]) -> Any:
    """The best of pairs, of pairs of pairs, ...: in few levels, and the first of equals."""
    while len(xs) > 1:
        odd = xs[-1:] if len(xs) % 2 else ()
        xs = (*map(better, xs[::2], xs[1::2]), *odd)
    return xs[0]


def _logsumexp(*xs: Any) -> Any:
    """The largest, and what the others add to it; all that are largest but one are among the others."""
    if not xs:
        return -inf
    top = _best(ops.maximum, xs)
    ties = red.sum([x >= top for x in xs]) - 1
    rest = red.sum([ops.where(x < top, ops.exp(x - top), 0.0) for x in xs]) + ties
    return ops.where(ops.abs(top) < inf, top + ops.log1p(rest), top)


def _prod(*xs: Any) -> Any:
    y: Any = 1.0
    for x in xs:
        y = y * x
    return y


SPELLINGS: dict[str, Callable[..., Any]] = {
    "sign": lambda x: ops.where(x > 0, 1.0, ops.where(x < 0, -1.0, x)),
    "xlogy": _xlogy, "sigmoid": _sigmoid, "softplus": _softplus, "log_sigmoid": lambda x: -activations.softplus(-x),
    "elu": _elu, "selu": lambda x: activations.SCALE * _elu(x, activations.ALPHA),
    "prod": _prod, "logsumexp": _logsumexp,
    "max": lambda *xs: _best(ops.maximum, xs), "first_max": lambda *xs: _best(ops.maximum, xs),
    "min": lambda *xs: _best(ops.minimum, xs),
}


# Powers with a constant exponent ------------------------------------------------------------------------------------

def _root(x: Any) -> Any:
    """x**0.5, which differs from the root at -0.0 and -inf: it is 0.0 and inf there."""
    return ops.where(x <= -inf, inf, ops.sqrt(x + 0.0))


# Two or three roundings each, in an order in which nothing on the way is out of range where the result is not.
POWERS: dict[float, Callable[[Any], Any]] = {
    -3.0: lambda x: 1 / x / x / x, -2.0: lambda x: 1 / x / x, -1.5: lambda x: 1 / _root(x) / ops.abs(x),
    -1.0: lambda x: 1 / x, -0.5: lambda x: 1 / _root(x), 0.5: _root,
    2.0: lambda x: x * x, 3.0: lambda x: x * x * x, 4.0: lambda x: (x * x) * (x * x),
}


# Any row -----------------------------------------------------------------------------------------------------------

def spelled(op: Op, xs: Sequence[Any]) -> Any:
    """The value of a row, told in other rows, at Traced Values. TypeError if it cannot be told so."""
    if op.name in SPELLINGS:
        return SPELLINGS[op.name](*xs)
    if op.poles:
        raise TypeError("no operator gives the answers that it has where Python raises")
    return both_ways(op.value, *xs)
