"""Fuse: sums of sums, of products and of multiples as one node: a machine multiplies and adds in one instruction.

    >>> from microgradx import add, mul
    >>> from microgradx.compiler.ir.fuse import fused
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> w, x, b = (p.input() for _ in range(3))
    >>> p.results = [p.add(add, (p.add(mul, (w, x)), b))]
    >>> [op.name for op in fused(p).ops if op]                  # b*1 + w*x
    ['dot']

Like terms are collected, 2*a + a is 3*a, signs go where they cost nothing, and what is there first is added first. As
with any other order of a sum it rounds and overflows elsewhere; a - a stays, which is nan where a is infinite.
"""
from __future__ import annotations

from collections.abc import Iterable

from ... import ops
from ... import reductions as red
from ...table import Op
from .program import Ids, Program

Key = tuple[int, int, float]            # two factors, the second is 1 where there is but one; and a sign, 1.0 or -1.0
Form = dict[Key, float]                 # a sum: how many times each of its terms


def fused(p: Program) -> Program:
    """The same program with fewer nodes."""
    while True:
        out = _Fusion(p).run()
        if out.count() >= p.count():
            return out
        p = out                         # what is used once now can be drawn into its user


class _Fusion:
    """One walk over a program: each node as a form of new nodes, which are made when they must be."""

    def __init__(self, p: Program) -> None:
        self.p, self.uses = p, p.uses()
        self.out = Program()
        self.one = self.out.constant(1.0)
        self.forms: dict[int, Form] = {}

    def run(self) -> Program:
        """The program without what was drawn into sums."""
        p, out = self.p, self.out
        for i in p.inputs:
            self.forms[i] = self.single(out.input())
        for i, (op, args) in enumerate(zip(p.ops, p.args)):
            if i in p.numbers:
                self.forms[i] = self.number(p.numbers[i])
            elif op is not None:
                self.forms[i] = self.form(op, args)
        out.closures, out.results, out.updates = p.closures, [self.node(r) for r in p.results], p.updates
        return out.live()

    # What a node is --------------------------------------------------------------------------------------------------

    def form(self, op: Op, args: Ids) -> Form:
        """A node as a sum; of one term, itself, where it is none."""
        if op in (ops.mul, red.dot):
            half = len(args) // 2
            return _sum(self.product(a, b) for a, b in zip(args[:half], args[half:]))
        if op in (ops.add, red.sum):
            return _sum(self.times(a, 1.0) for a in args)
        if op is ops.sub:
            return _sum(self.times(a, k) for a, k in zip(args, (1.0, -1.0)))
        if op is ops.neg:
            return self.times(args[0], -1.0)
        if op is ops.div:
            (x, s), (y, t) = map(self.signed, args)
            return {(self.out.add(ops.div, (x, y)), self.one, s * t): 1.0}
        return self.single(self.out.add(op, tuple([self.node(a) for a in args])))

    def single(self, node: int) -> Form:
        """A new node as it is."""
        return {(node, self.one, 1.0): 1.0}

    def number(self, x: float) -> Form:
        """A constant: so many times 1."""
        return _scaled(self.single(self.one), x) if _plain(x) else self.single(self.out.constant(x))

    def product(self, a: int, b: int) -> Form:
        """Two nodes multiplied: a multiple where one is a constant, else a term of two factors."""
        for x, y in ((a, b), (b, a)):
            k = self.p.number(y)
            if k is not None and _plain(k):
                return self.times(x, k)
        (x, s), (y, t) = self.signed(a), self.signed(b)
        return {(max(x, y), min(x, y), s * t): 1.0}

    def times(self, a: int, k: float) -> Form:
        """k times a node. A single term costs nothing to draw in; a sum is drawn in where nobody else uses it."""
        form = self.forms[a]
        alone = len(form) == 1 or (abs(k) == 1 and self.uses[a] == 1)
        if not (alone and all(_fits(size, k) for size in form.values())):
            form = self.single(self.node(a))
        return _scaled(form, k)

    # Making of nodes -------------------------------------------------------------------------------------------------

    def node(self, a: int) -> int:
        """The new node of an old one, made if it is not there yet."""
        form = self.forms[a]
        made = self.made(form)
        if len(form) > 1:
            self.forms[a] = self.single(made)
        return made

    def made(self, form: Form) -> int:
        """A new node: the sum of products, what is there first comes first."""
        pairs = [self.pair(key, size) for key, size in sorted(form.items())]
        return self.out.add(red.dot, (*[x for x, _ in pairs], *[y for _, y in pairs]))

    def pair(self, key: Key, size: float) -> tuple[int, int]:
        """A term as two factors."""
        (x, y, sign), out = key, self.out
        if y != self.one and size == 1:
            return (x, y) if sign > 0 else (out.add(ops.neg, (x,)), y)
        whole = x if y == self.one else out.add(ops.mul, (x, y))
        return whole, out.constant(sign * size)

    def signed(self, a: int) -> tuple[int, float]:
        """A node as a factor, and the sign that it leaves to the product."""
        form = self.forms[a]
        if len(form) > 1:
            return self.node(a), 1.0
        ((x, y, sign), size), = form.items()
        return self.made({(x, y, 1.0): size}), sign


def _plain(k: float) -> bool:
    """Whether it is a number that a few of its like make neither 0 nor infinite."""
    return 1e-99 < abs(k) < 1e99


def _fits(size: float, k: float) -> bool:
    """Whether size*k times is k times of size times, even where that is out of range: both grow, or both shrink."""
    small, large = sorted((size, abs(k)))
    return _plain(size * k) and (small >= 1 or large <= 1)


def _scaled(form: Form, k: float) -> Form:
    """k times a sum."""
    return {(x, y, sign if k > 0 else -sign): size * abs(k) for (x, y, sign), size in form.items()}


def _sum(forms: Iterable[Form]) -> Form:
    """The sum of some, like terms collected where they have the same sign."""
    total: Form = {}
    for form in forms:
        for key, size in form.items():
            total[key] = total.get(key, 0.0) + size
    return total
