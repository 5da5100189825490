"""Callbacks: the warning about rows that machine code cannot compute, so that it calls back into Python for them.

    >>> import math, warnings
    >>> from microgradx.compiler.ir.callbacks import names
    >>> from microgradx.table import Op
    >>> names([Op("floor", math.floor, 0.0)])
    ('floor',)
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...table import Op
from ...warning import warn
from .row_names import name


def names(ops: Iterable[Op]) -> tuple[str, ...]:
    """The names of these rows in the table, each once."""
    return tuple(dict.fromkeys(name(op)[0] for op in ops))


def warn_of(what: str, rows: Sequence[str]) -> None:
    """Issue a RuntimeWarning: the machine code of `what` calls Python back for these rows; with a remedy."""
    warn(f"machine code of {what} calls Python back for {', '.join(rows)}, which is slow: write the value of such a "
         "row with rows of the table (`from microgradx import exp`, not math.exp), or give such a formula as "
         "row(..., lowering=...). A function of math is called in C if the row gives the same answers as C: name its "
         "poles, row(..., poles={0.0: -inf}); strict=True needs the same bits")
