"""Rules of simplification: what needs not be computed. A rule gets a program and the inputs of an operation that is to
be added, and answers with a node that has the result already, or None.

    >>> from microgradx import div
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> p.add(div, (x, p.constant(1.0))) == x
    True

(There is none for x - 0: where x - 0, x - 1, x - 2, ... are computed side by side, a gap in the row costs more.)

Each holds for every number, infinities and nan included. In strict programs the sign of a zero is kept too; in others a
sum of negative zeros only, which is 0.0 in eager code, may be -0.0.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING

from ... import ops, reductions

if TYPE_CHECKING:
    from .program import Ids, Program

Rule = Callable[["Program", "Ids"], int | None]


def _same(p: Program, args: Ids) -> int | None:
    """identity(x), detach(x): x."""
    return args[0]


def _mul(p: Program, args: Ids) -> int | None:
    """1*x, x*1: x. -1*x: -x."""
    for a, b in (args, args[::-1]):
        if p.number(a) == 1:
            return b
        if p.number(a) == -1:
            return p.add(ops.neg, (b,))
    return None


def _div(p: Program, args: Ids) -> int | None:
    """x/1: x. x/2: x*0.5, which is quicker; likewise by all powers of two, for their reciprocals are exact."""
    x, y = args[0], p.number(args[1])
    exact = y is not None and 2.0**-1022 <= abs(y) <= 2.0**1022 and abs(math.frexp(y)[0]) == 0.5
    return p.add(ops.mul, (x, p.constant(1 / y))) if exact and y else None


def _pow(p: Program, args: Ids) -> int | None:
    """x**0: 1. x**1: x."""
    n = p.number(args[1])
    return p.constant(1.0) if n == 0 else args[0] if n == 1 else None


def _neg(p: Program, args: Ids) -> int | None:
    """-(-x): x."""
    return p.args[args[0]][0] if p.ops[args[0]] is ops.neg else None


def _where(p: Program, args: Ids) -> int | None:
    """A condition that is known; two branches that are the same; a condition that is another one as a number."""
    c, yes, no = args
    number = p.number(c)
    if yes == no or number is not None:
        return no if number == 0 else yes
    choice = p.args[c] if p.ops[c] is ops.where else None
    if choice and p.number(choice[1]) == 1 and p.number(choice[2]) == 0:   # where(where(c, 1, 0), p, q): where(c, p, q)
        return p.add(ops.where, (choice[0], yes, no))
    return None


def _sum(p: Program, args: Ids) -> int | None:
    """Of one element: it."""
    return args[0] if len(args) == 1 and not p.strict else None


def _dot(p: Program, args: Ids) -> int | None:
    """Of one product: it. Times 1 throughout: a sum."""
    if len(args) == 2 and not p.strict:
        return p.add(ops.mul, args)
    half = len(args) // 2
    return p.add(reductions.sum, args[:half]) if half and _all_one(p, args[half:]) else None


def _masked_dot(p: Program, args: Ids) -> int | None:
    """Terms whose mask is known: left out, or without a mask."""
    third = len(args) // 3
    terms = list(zip(args[:third], args[third:2 * third], args[2 * third:]))
    if not p.numbers.keys().isdisjoint(args[:third]):
        kept = [term for term in terms if p.number(term[0]) != 0]
        if all([mask in p.numbers for mask, _, _ in kept]):
            return p.add(reductions.dot, (*[x for _, x, _ in kept], *[y for _, _, y in kept]))
        if len(kept) < third:
            return p.add(reductions.masked_dot, tuple(chain.from_iterable(zip(*kept))))
    return _masked(p, *args) if third == 1 and not p.strict else None


def _masked(p: Program, mask: int, x: int, y: int) -> int | None:
    """One term. Times 1: x or nothing. Times the mask itself: x or nothing, times the mask, and no product where the
    mask is 1 or 0."""
    if y == mask and p.ops[mask] is ops.where and all(p.number(a) in (0, 1) for a in p.args[mask][1:]):
        c, *choice = p.args[mask]
        return p.add(ops.where, (c, *[x if p.number(a) else p.constant(0.0) for a in choice]))
    if p.number(y) != 1 and y != mask:
        return None
    kept = p.add(ops.where, (mask, x, p.constant(0.0)))
    return kept if y != mask else p.add(ops.mul, (kept, mask))


def _all_one(p: Program, args: Ids) -> bool:
    return all(p.number(a) == 1 for a in args)


RULES: dict[str, Rule] = {
    "identity": _same, "detach": _same, "mul": _mul, "div": _div, "pow": _pow, "neg": _neg,
    "where": _where, "sum": _sum, "dot": _dot, "masked_dot": _masked_dot,
}
# Of these, those that have something to say where no input is a constant.
FREE = {name: RULES[name] for name in ("identity", "detach", "neg", "where", "sum", "dot", "masked_dot")}
