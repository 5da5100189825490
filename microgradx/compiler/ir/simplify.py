"""Simplification rules. A rule takes a program and the inputs of a new operation; it returns a cheaper node with the
same result, or None.

    >>> from microgradx import div
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> p.add(div, (x, p.constant(1.0))) == x
    True

(There is no rule for x - 0: if a program computes x - 0, x - 1, x - 2, ..., a gap in the loop costs more.)

Every rule is valid for all numbers, infinities and nan included. Strict programs also keep the sign of a zero in what
gates make: a single term under a mask, which is 0.0 in eager code, may be -0.0 in others.
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
    """x/1: x. x/2: x*0.5, which is faster; the same for all powers of two, whose reciprocals are exact."""
    x, y = args[0], p.number(args[1])
    most = 2.0**p.dtype.exponent
    exact = y is not None and 1 / most <= abs(y) <= most and abs(math.frexp(y)[0]) == 0.5
    return p.add(ops.mul, (x, p.constant(1 / y))) if exact and y else None


def _pow(p: Program, args: Ids) -> int | None:
    """x**0: 1. x**1: x."""
    n = p.number(args[1])
    return p.constant(1.0) if n == 0 else args[0] if n == 1 else None


def _neg(p: Program, args: Ids) -> int | None:
    """-(-x): x."""
    return p.args[args[0]][0] if p.ops[args[0]] is ops.neg else None


def _where(p: Program, args: Ids) -> int | None:
    """where(constant, p, q): p or q. where(c, p, p): p. where(where(c, 1, 0), p, q): where(c, p, q)."""
    c, yes, no = args
    number = p.number(c)
    if yes == no or number is not None:
        return no if number == 0 else yes
    choice = p.args[c] if p.ops[c] is ops.where else None
    if choice and p.number(choice[1]) == 1 and p.number(choice[2]) == 0:
        return p.add(ops.where, (choice[0], yes, no))
    return None


def _dot(p: Program, args: Ids) -> int | None:
    """dot(xs, [1, 1, ...]): sum(xs)."""
    half = len(args) // 2
    return p.add(reductions.sum, args[:half]) if half and _all_one(p, args[half:]) else None


def _masked_dot(p: Program, args: Ids) -> int | None:
    """Drop terms whose mask is the constant 0; use dot if all other masks are constants."""
    third = len(args) // 3
    if not p.numbers.keys().isdisjoint(args[:third]):
        terms = zip(args[:third], args[third:2 * third], args[2 * third:])
        kept = [term for term in terms if p.number(term[0]) != 0]
        if all([mask in p.numbers for mask, _, _ in kept]):
            return p.add(reductions.dot, (*[x for _, x, _ in kept], *[y for _, _, y in kept]))
        if len(kept) < third:
            return p.add(reductions.masked_dot, tuple(chain.from_iterable(zip(*kept))))
    return _masked(p, *args) if third == 1 and not p.strict else None


def _masked(p: Program, mask: int, x: int, y: int) -> int | None:
    """A single term. Times 1: where(mask, x, 0). Times the mask itself: where(mask, x, 0) * mask, or no product if the
    mask is a choice between 1 and 0."""
    if y == mask and p.ops[mask] is ops.where and all(p.number(a) in (0, 1) for a in p.args[mask][1:]):
        c, *choice = p.args[mask]
        return p.add(ops.where, (c, *[x if p.number(a) else p.constant(0.0) for a in choice]))
    if p.number(y) != 1 and y != mask:
        return None
    kept = p.add(ops.where, (mask, x, p.constant(0.0)))
    return kept if y != mask else p.add(ops.mul, (kept, mask))


def _all_one(p: Program, args: Ids) -> bool:
    return p.number(args[0]) == 1 and all(p.number(a) == 1 for a in args)       # most often the first is not


RULES: dict[str, Rule] = {
    "identity": _same, "detach": _same, "mul": _mul, "div": _div, "pow": _pow, "neg": _neg,
    "where": _where, "dot": _dot, "masked_dot": _masked_dot,
}
# The rules that can apply even if no input is a constant.
FREE = {name: RULES[name] for name in ("identity", "detach", "neg", "where", "dot", "masked_dot")}
