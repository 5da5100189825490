"""Fuse: sums of products, and sums of sums, as one node: a machine multiplies and adds in one instruction.

    >>> from microgradx import add, mul
    >>> from microgradx.compiler.fuse import fused
    >>> from microgradx.compiler.program import Program
    >>> p = Program()
    >>> w, x, b = (p.input() for _ in range(3))
    >>> p.results = [p.add(add, (p.add(mul, (w, x)), b))]
    >>> [op.name for op in fused(p).ops if op]                  # w*x + b*1
    ['dot']

Only what is used nowhere else is drawn into a sum. Terms keep their order; each product is rounded once less.
"""
from __future__ import annotations

from .. import ops
from .. import reductions as red
from .program import Program

Pairs = list[tuple[int, int]]           # terms of a sum: factors; the second is -1 where there is only one


def fused(p: Program) -> Program:
    """The same program with fewer nodes."""
    return _Fusion(p).run()


class _Fusion:
    """One walk over a program. `waiting` are the terms of sums and products that may be drawn into another sum."""

    def __init__(self, p: Program) -> None:
        self.p, self.out = p, Program()
        self.new = [0] * len(p)
        self.waiting: dict[int, Pairs] = {}

    def run(self) -> Program:
        """The program without what was drawn into sums."""
        p, out, uses = self.p, self.out, self.p.uses()
        kept = set(p.results)
        for i in p.inputs:
            self.new[i] = out.input()
        for i, (op, args) in enumerate(zip(p.ops, p.args)):
            if i in p.numbers:
                self.new[i] = out.constant(p.numbers[i])
            elif op is None:                        # an input, or what nothing needs
                continue
            elif op in (ops.add, red.sum, ops.mul, red.dot):
                self.waiting[i] = self.terms(i)
                if uses[i] > 1 or i in kept:
                    self.node(i)
            else:
                self.new[i] = out.add(op, tuple([self.node(a) for a in args]))
        out.closures, out.results, out.updates = p.closures, [self.new[r] for r in p.results], p.updates
        return out.live()

    def node(self, i: int) -> int:
        """The new node of an old one; a sum that waited is made now."""
        if i in self.waiting:
            self.new[i] = _sum(self.out, self.waiting.pop(i))
        return self.new[i]

    def terms(self, i: int) -> Pairs:
        """The terms of a node: a product is one, a sum has those of its inputs."""
        op, args, waiting = self.p.ops[i], self.p.args[i], self.waiting
        if op in (ops.mul, red.dot):
            half = len(args) // 2
            return [(self.node(a), self.node(b)) for a, b in zip(args[:half], args[half:])]
        return [term for a in args for term in (waiting.pop(a) if a in waiting else [(self.new[a], -1)])]


def _sum(out: Program, pairs: Pairs) -> int:
    """The node of a sum of products."""
    if len(pairs) == 1:
        a, b = pairs[0]
        return a if b < 0 else out.add(ops.mul, (a, b))
    if all(b < 0 for _, b in pairs):
        singles = tuple([a for a, _ in pairs])
        return out.add(ops.add if len(pairs) == 2 else red.sum, singles)
    one = out.constant(1.0)
    return out.add(red.dot, (*[a for a, _ in pairs], *[one if b < 0 else b for _, b in pairs]))
