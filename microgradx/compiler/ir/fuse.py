"""Fuse: makes one node of a sum of sums, products and multiples, as a machine multiplies and adds in one instruction.

    >>> from microgradx import add, mul
    >>> from microgradx.compiler.ir.fuse import fused
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> w, x, b = (p.input() for _ in range(3))
    >>> p.results = [p.add(add, (p.add(mul, (w, x)), b))]
    >>> [op.name for op in fused(p).ops if op]                  # b*1 + w*x
    ['dot']

It collects like terms (2*a + a is 3*a), moves signs where they cost nothing, and adds terms in the order of their
nodes. The new order of a sum changes where it rounds and overflows. a - a stays: it is nan where a is infinite.
"""
from __future__ import annotations

from collections.abc import Iterable

from ... import ops
from ... import reductions as red
from ...table import Op
from .program import Ids, Program

Key = tuple[int, int, float]            # two factors (the second is 1 if there is only one), a sign 1.0 or -1.0
Form = dict[Key, float]                 # a sum: each term with its positive coefficient


def fused(p: Program) -> Program:
    """The same program with fewer nodes."""
    while True:
        out = _Fusion(p).run()
        if out.count() >= p.count():
            return out
        p = out                         # a node that now has a single use can be fused into its user


class _Fusion:
    """One pass over a program: it has a form for each node, and creates new nodes only on demand."""

    def __init__(self, p: Program) -> None:
        self.p, self.uses = p, p.uses()
        self.out = Program()
        self.one = self.out.constant(1.0)
        self.forms: dict[int, Form] = {}

    def run(self) -> Program:
        """The fused program."""
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

    # Forms -----------------------------------------------------------------------------------------------------------

    def form(self, op: Op, args: Ids) -> Form:
        """The form of an operation; if it is not a sum, a single term, the node itself."""
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
        """The form of a new node: 1 times the node."""
        return {(node, self.one, 1.0): 1.0}

    def number(self, x: float) -> Form:
        """The form of a constant: x times 1."""
        return _scaled(self.single(self.one), x) if _plain(x) else self.single(self.out.constant(x))

    def product(self, a: int, b: int) -> Form:
        """The form of a product: a multiple if one factor is a constant, else a term of two factors."""
        for x, y in ((a, b), (b, a)):
            k = self.p.number(y)
            if k is not None and _plain(k):
                return self.times(x, k)
        (x, s), (y, t) = self.signed(a), self.signed(b)
        return {(max(x, y), min(x, y), s * t): 1.0}

    def times(self, a: int, k: float) -> Form:
        """The form of k times a node. It fuses a single term, which costs nothing, and a sum that has no other use."""
        form = self.forms[a]
        alone = len(form) == 1 or (abs(k) == 1 and self.uses[a] == 1)
        if not (alone and all(_fits(size, k) for size in form.values())):
            form = self.single(self.node(a))
        return _scaled(form, k)

    # New nodes -------------------------------------------------------------------------------------------------------

    def node(self, a: int) -> int:
        """The new node for an old one, created if necessary."""
        form = self.forms[a]
        made = self.made(form)
        if len(form) > 1:
            self.forms[a] = self.single(made)
        return made

    def made(self, form: Form) -> int:
        """A new node for a form: a sum of products in the order of their nodes."""
        pairs = [self.pair(key, size) for key, size in sorted(form.items())]
        return self.out.add(red.dot, (*[x for x, _ in pairs], *[y for _, y in pairs]))

    def pair(self, key: Key, size: float) -> tuple[int, int]:
        """A term as two nodes to multiply."""
        (x, y, sign), out = key, self.out
        if y != self.one and size == 1:
            return (x, y) if sign > 0 else (out.add(ops.neg, (x,)), y)
        whole = x if y == self.one else out.add(ops.mul, (x, y))
        return whole, out.constant(sign * size)

    def signed(self, a: int) -> tuple[int, float]:
        """The new node for a factor without its sign, and the sign, which the product takes over."""
        form = self.forms[a]
        if len(form) > 1:
            return self.node(a), 1.0
        ((x, y, sign), size), = form.items()
        return self.made({(x, y, 1.0): size}), sign


def _plain(k: float) -> bool:
    """Whether a product of a few such numbers neither underflows nor overflows."""
    return 1e-99 < abs(k) < 1e99


def _fits(size: float, k: float) -> bool:
    """Whether (size*k)*x equals k*(size*x) even out of range: both factors must grow x, or both shrink it."""
    small, large = sorted((size, abs(k)))
    return _plain(size * k) and (small >= 1 or large <= 1)


def _scaled(form: Form, k: float) -> Form:
    """k times a sum."""
    return {(x, y, sign if k > 0 else -sign): size * abs(k) for (x, y, sign), size in form.items()}


def _sum(forms: Iterable[Form]) -> Form:
    """The sum of forms; like terms are collected if they have the same sign."""
    total: Form = {}
    for form in forms:
        for key, size in form.items():
            total[key] = total.get(key, 0.0) + size
    return total
