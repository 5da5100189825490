"""Rows of the table as expressions of C.

    >>> from microgradx import add, silu, tanh, where
    >>> from microgradx.export.c.rows import Expressions, has_row
    >>> write = Expressions()
    >>> write.of(add, ["a", "b"]), write.of(tanh, ["x"])
    ('(a + b)', 'tanh(x)')
    >>> write.of(where, ["(a < b ? 1.0 : 0.0)", "p", "q"])
    '(a < b ? p : q)'
    >>> has_row(tanh), has_row(silu)                # silu is lowered to rows that C has
    (True, False)

A row whose value is a function of `math` is a call of libm (compiler/native/libm.py), which has the same bits.
"""
from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from ... import ops
from ... import reductions as red
from ...compiler.native.libm import libm
from ...table import Op

# Operators of C; {} stands for an input. All other rows are functions of libm, or lowered to these.
OPERATORS: dict[Op, str] = {
    ops.add: "({} + {})", ops.sub: "({} - {})", ops.mul: "({} * {})", ops.div: "({} / {})", ops.neg: "(-{})",
    ops.identity: "{}", ops.where: "({} ? {} : {})", ops.pow: "power({}, {})",
    ops.maximum: "larger({}, {})", ops.minimum: "smaller({}, {})",
    ops.less: "({} < {} ? 1.0 : 0.0)", ops.less_equal: "({} <= {} ? 1.0 : 0.0)",
    ops.greater: "({} > {} ? 1.0 : 0.0)", ops.greater_equal: "({} >= {} ? 1.0 : 0.0)",
}
SUMS = (red.sum, red.dot, red.masked_dot)
TRUTH = re.compile(r"\((.*) \? 1\.0 : 0\.0\)")      # a comparison as a number

# Functions that the source defines where it calls them.
HELPERS = {
    "power": """\
/* Called by a pointer, so that no compiler replaces it: x * x and pow(x, 2) differ in the last bit of some numbers. */
static double (*volatile power)(double, double) = pow;
""",
    "larger": "static double larger(double a, double b) { return a >= b || a != a ? a : b; }\n",
    "smaller": "static double smaller(double a, double b) { return a <= b || a != a ? a : b; }\n",
    "pick": """\
/* Entry i of a table; one outside of it, or between two entries, makes all results nan. */
static double pick(const double *table, long count, long step, double i, int *wrong)
{
    if (!(i >= 0 && i < (double)count) || i != floor(i)) {
        *wrong = 1;
        return NAN;
    }
    return table[(long)i * step];
}
""",
}


def has_row(op: Op) -> bool:
    """Whether C computes a row itself; other rows are lowered."""
    return op in OPERATORS or op in SUMS or op is red.entry or bool(called(op))


def called(op: Op) -> str:
    """The function of libm that computes a row; "" if there is none. Where Python computes it itself (hypot), the last
    digit may differ."""
    return libm(op, True) or libm(op, False)


class Expressions:
    """Writes expressions, and keeps which helpers they call.

    >>> write = Expressions()
    >>> write.of(ops.pow, ["x", "2.0"]), write.helpers
    ('power(x, 2.0)', {'power'})
    """

    def __init__(self) -> None:
        self.helpers: set[str] = set()

    def of(self, op: Any, xs: Sequence[str]) -> str:
        """The expression of a row at these expressions; a composed operation (loops/compose.py) is written inside
        out."""
        if hasattr(op, "term"):
            return self._term(op.term, xs)
        if op is ops.where:
            test = TRUTH.fullmatch(xs[0])
            return OPERATORS[op].format(test[1] if test and _is_one(test[1]) else f"{xs[0]} != 0", *xs[1:])
        form = OPERATORS.get(op)
        if form is None:
            return f"{called(op)}({', '.join(map(bare, xs))})"
        helper = form.partition("(")[0]
        if helper in HELPERS:
            self.helpers.add(helper)
            return form.format(*map(bare, xs))
        return form.format(*xs)

    def _term(self, term: Any, xs: Sequence[str]) -> str:
        return self.of(term.op, [xs[a] if isinstance(a, int) else self._term(a, xs) for a in term.args])


def _is_one(text: str) -> bool:
    """Whether the text is one expression: its parentheses match."""
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return True


def bare(text: str) -> str:
    """The text without parentheses around the whole.

    >>> bare("(a + b)"), bare("(a) + (b)")
    ('a + b', '(a) + (b)')
    """
    return text[1:-1] if text.startswith("(") and text.endswith(")") and _is_one(text[1:-1]) else text


def literal(x: float) -> str:
    """A number as C writes it, with every digit: 2.0, INFINITY, NAN.

    >>> literal(0.1), literal(-2.0), literal(math.inf)
    ('0.1', '(-2.0)', 'INFINITY')
    """
    if x != x:
        return "NAN"
    if math.isinf(x):
        return "INFINITY" if x > 0 else "(-INFINITY)"
    return repr(x) if math.copysign(1.0, x) > 0 else f"({x!r})"
