"""Names of rows: simplification rules and back ends look rows up by name, and pickled programs contain names.

    >>> from microgradx import row, tanh
    >>> from microgradx.compiler.ir.row_names import distinct, name, named
    >>> from microgradx.table import TABLE
    >>> name(tanh), named("tanh", own=True) is tanh, distinct(tanh) is tanh
    (('tanh', True), True, True)
    >>> cube = row("cube", lambda x: x * x * x, lambda y, x: 3 * x**2)
    >>> name(cube), distinct(cube) is cube, name(distinct(cube))
    (('cube', False), False, ('cube', False))
    >>> del TABLE["cube"]
"""
from __future__ import annotations

from copy import copy
from functools import cache

from ... import activations, ops, reductions
from ...table import TABLE, Op

OWN = {op.name: op for rows in (ops, reductions, activations) for op in vars(rows).values() if isinstance(op, Op)}


@cache
def distinct(op: Op) -> Op:
    """The row itself if it is built in, else a copy with a unique name: rules and back ends look rows up by name, and
    the name of a user's row may have belonged to another row before, even to a built-in one."""
    if OWN.get(op.name) is op:
        return op
    alone = copy(op)
    alone.name = f"{op.name}.{id(op)}"
    _original[alone] = op
    return alone


_original: dict[Op, Op] = {}


def name(op: Op) -> tuple[str, bool]:
    """The name of a row in the table, and whether it is built in."""
    row = _original.get(op, op)
    return row.name, OWN.get(row.name) is row


def named(name: str, own: bool) -> Op:
    """The row of this name. LookupError if there is none."""
    if name not in (OWN if own else TABLE):
        raise LookupError(f"the program uses a row {name!r} that the table here does not have; import the module that "
                          "adds it before the program is loaded")
    return OWN[name] if own else TABLE[name]
