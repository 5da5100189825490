"""Lowering: expresses a row of the table in the few rows that a machine has.

Most rows are written with operators and other rows: tracing their value lowers them. A row that is written with
Python's math and branches has a second formula, its `lowering`.

    >>> from microgradx import silu
    >>> from microgradx.compiler.ir.program import template
    >>> [op.name for op in template(silu, 1).ops if op]
    ['sigmoid', 'mul']
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import ops
from ...branches import both_ways
from ...ieee import inf, number
from ...nesting import is_leaf
from ...table import Op

# Powers with a constant exponent ------------------------------------------------------------------------------------

def _root(x: Any) -> Any:
    """x**0.5, which is 0.0 at -0.0 and inf at -inf, unlike sqrt."""
    return ops.where(x <= -inf, inf, ops.sqrt(x + 0.0))


# Two or three roundings each. No intermediate result is out of range unless the result is.
POWERS: dict[float, Callable[[Any], Any]] = {
    -3.0: lambda x: 1 / x / x / x, -2.0: lambda x: 1 / x / x, -1.5: lambda x: 1 / _root(x) / ops.abs(x),
    -1.0: lambda x: 1 / x, -0.5: lambda x: 1 / _root(x), 0.5: _root,
    2.0: lambda x: x * x, 3.0: lambda x: x * x * x, 4.0: lambda x: (x * x) * (x * x),
}


# Any row -----------------------------------------------------------------------------------------------------------

def lowered(op: Op, xs: Sequence[Any]) -> Any:
    """The value of a row at Traced Values, computed with other rows; TypeError if it cannot be."""
    if op.poles and op.lowering is None:
        raise TypeError("no operator gives the answers that the row has where Python raises")
    found = formula(op, xs)
    return found if is_leaf(found) else number(found)           # TypeError for what is no number


def formula(op: Op, xs: Sequence[Any]) -> Any:
    """The value of a row at operands of any kind, whose operators and rows it calls.

    It runs both sides of a branch and joins them with where().
    """
    value: Callable[..., Any] = op.lowering or op.value
    where: Callable[..., Any] = ops.where
    return both_ways(lambda: value(*xs), where)
