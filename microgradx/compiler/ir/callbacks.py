"""Callbacks: rows that machine code cannot compute by itself. It calls Python back for them, and one warning says so.

    >>> import math, warnings
    >>> from microgradx.compiler.ir.callbacks import names
    >>> from microgradx.table import Op
    >>> names([Op("floor", math.floor, 0.0)])
    ('floor',)
"""
from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

from ...table import Op
from .row_names import name


def names(ops: Iterable[Op]) -> tuple[str, ...]:
    """What these rows are called in the table, each once."""
    return tuple(dict.fromkeys(name(op)[0] for op in ops))


def warn(what: str, rows: Sequence[str], stacklevel: int) -> None:
    """RuntimeWarning that the machine code of `what` calls Python back for these rows, and what to write instead."""
    warnings.warn(f"machine code of {what} calls Python back for {', '.join(rows)}, which is slow: write the value of "
                  "such a row with rows of the table (`from microgradx import exp`, not math.exp), or say it once more "
                  "so: row(..., lowering=...). A function of math is called in C where the row answers as C does: "
                  "name its poles, row(..., poles={0.0: -inf}); with strict=True to the last bit",
                  RuntimeWarning, stacklevel=stacklevel + 1)
