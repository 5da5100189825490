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


def _carry(p: Program, args: Ids) -> int | None:
    """Of a gradient that is known, 0 or a product; by a finite slope a product (but that 0 * -1 is -0.0)."""
    g, s = args
    numbers = p.numbers
    if g in numbers:
        return p.constant(0.0) if numbers[g] == 0 else p.add(ops.mul, (g, s))
    finite = s in numbers and abs(numbers[s]) < float("inf")
    return p.add(ops.mul, (s, g)) if finite and not p.strict else None


def _where(p: Program, args: Ids) -> int | None:
    """A condition that is known; two branches that are the same."""
    c, yes, no = args
    number = p.number(c)
    return yes if yes == no else None if number is None else no if number == 0 else yes


def _sum(p: Program, args: Ids) -> int | None:
    """Of one element: it."""
    return args[0] if len(args) == 1 and not p.strict else None


def _dot(p: Program, args: Ids) -> int | None:
    """Of one product: it. Times 1 throughout: a sum."""
    if len(args) == 2 and not p.strict:
        return p.add(ops.mul, args)
    half = len(args) // 2
    return p.add(reductions.sum, args[:half]) if half and _all_one(p, args[half:]) else None


def _chain(p: Program, args: Ids) -> int | None:
    """Where all gradients are numbers, or all slopes are finite ones, a dot product; terms with a gradient of 0 left
    out."""
    half = len(args) // 2
    gs, slopes = args[:half], args[half:]
    if not p.numbers.keys().isdisjoint(args):
        kept = [(g, s) for g, s in zip(gs, slopes) if p.number(g) != 0]
        if len(kept) < half:
            return chained(p, kept)
        if all(abs(p.numbers.get(s, float("inf"))) < float("inf") for s in slopes):
            return p.add(reductions.dot, args)
        if all([g in p.numbers for g in gs]):
            return p.add(reductions.dot, (*slopes, *gs))
    return p.add(ops.carry, args) if half == 1 and not p.strict else None


def chained(p: Program, pairs: list[tuple[int, int]]) -> int:
    """The chain of these gradients and slopes."""
    if not pairs:
        return p.constant(0.0)
    return p.add(reductions.chain, (*[g for g, _ in pairs], *[s for _, s in pairs]))


def _all_one(p: Program, args: Ids) -> bool:
    return all(p.number(a) == 1 for a in args)


RULES: dict[str, Rule] = {
    "identity": _same, "detach": _same, "mul": _mul, "div": _div, "pow": _pow, "neg": _neg, "carry": _carry,
    "where": _where, "sum": _sum, "dot": _dot, "chain": _chain,
}
# Of these, those that have something to say where no input is a constant.
FREE = {name: RULES[name] for name in ("identity", "detach", "neg", "where", "sum", "dot", "chain")}
