"""Straight: the body of a small program, one statement after the other, without memory of its own.

    >>> from microgradx import add, mul, tanh
    >>> from microgradx.compiler.ir.program import Program
    >>> from microgradx.export.c.rows import Expressions
    >>> from microgradx.export.c.straight import straight
    >>> p = Program()
    >>> w, x = p.input(), p.input()
    >>> p.results = [p.add(tanh, (p.add(add, (p.add(mul, (w, x)), w)),))]
    >>> straight(p, ["w", "x"], Expressions())
    (['const double r0 = tanh((w * x) + w);'], ['r0'])
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ... import reductions as red
from ...compiler.ir.program import Program
from .rows import SUMS, Expressions, bare, literal

LINE = 90                               # a longer expression becomes a variable
VARIABLE = re.compile(r"v\d+")


def straight(p: Program, inputs: Sequence[str], write: Expressions) -> tuple[list[str], list[str]]:
    """The statements, and the variables of the results: all are computed before any is stored, since an array may be
    both an argument and a result."""
    body = _Body(p, inputs, write)
    results = []
    for k, i in enumerate(p.results):
        text = body.texts[i]
        if not VARIABLE.fullmatch(text):
            body.lines.append(f"const double r{k} = {bare(text)};")
            text = f"r{k}"
        results.append(text)
    return body.lines, results


class _Body:
    """The statements of a program. `texts` has the expression of each node."""

    def __init__(self, p: Program, inputs: Sequence[str], write: Expressions) -> None:
        self.p, self.write = p, write
        self.lines: list[str] = []
        self.texts = {i: literal(x) for i, x in p.numbers.items()} | dict(zip(p.inputs, inputs))
        uses = p.uses()
        for i, (op, args) in enumerate(zip(p.ops, p.args)):
            if op is not None:
                text = self.expression(i, op, args)
                named = (uses[i] > 1 or len(text) > LINE) and not text.isidentifier()
                self.texts[i] = self.named(i, text) if named else text

    def named(self, i: int, text: str) -> str:
        """Assign the expression to a new variable and return the variable."""
        self.lines.append(f"const double v{i} = {bare(text)};")
        return f"v{i}"

    def expression(self, i: int, op: Any, args: Sequence[int]) -> str:
        """The expression of an operation on nodes; statements before it where it needs some."""
        xs = [self.texts[a] for a in args]
        if op is red.entry:
            self.write.helpers.add("pick")
            self.lines += [f"const double t{i}[] = {{{', '.join(map(bare, xs[:-1]))}}};",
                           f"const double v{i} = pick(t{i}, {len(xs) - 1}, 1, {bare(xs[-1])}, &wrong);",
                           f"(void)v{i};"]              # where it only says whether the index is one
            return f"v{i}"
        if op not in SUMS:
            return self.write.of(op, xs)
        terms = added(op, xs)
        if op is not red.masked_dot and sum(map(len, terms)) <= LINE:
            return f"({' + '.join(['0.0', *terms])})"
        self.lines += [f"double v{i} = 0.0;", *(f"{before}v{i} += {term};" for before, term in
                                                 zip(conditions(op, xs), terms))]
        return f"v{i}"


def added(op: Any, xs: Sequence[str]) -> list[str]:
    """The terms of a sum, each one expression.

    >>> added(red.dot, ["a", "b", "x", "1.0"])
    ['a * x', 'b']
    """
    lists = op.split(xs)
    return [" * ".join([x for x in factors[op is red.masked_dot:] if x != "1.0"]) or "1.0" for factors in zip(*lists)]


def conditions(op: Any, xs: Sequence[str]) -> list[str]:
    """What stands before each term of a sum: a mask.

    >>> conditions(red.masked_dot, ["m", "x", "y"])
    ['if (m != 0) ']
    """
    if op is not red.masked_dot:
        return [""] * len(op.split(xs)[0])
    return ["" if mask == "1.0" else f"if ({mask} != 0) " for mask in op.split(xs)[0]]
