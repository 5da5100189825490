"""Compose: fuses an operation that is used once into its user: one loop instead of three.

    >>> from microgradx import mul, sech, square
    >>> from microgradx.compiler.loops.compose import composed
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> g, x = p.input(), p.input()
    >>> p.results = [p.add(mul, (g, p.add(square, (p.add(sech, (x,)),))))]
    >>> [op.name for op in composed(p, False).ops if op]
    ['mul(0, square(sech(1)))']

Results and order of computation stay the same, but intermediate numbers are never written to memory.
"""
from __future__ import annotations

from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ...table import Op
from ..ir.program import Program
from ..ir.repeat import Structure
from ..native.instructions import LISTS, native

MOST = 6                                # inputs of a composed operation,
WIDE = 32                               # and of one of a single row: maxima of two and of 27 numbers are one level each


class Term(NamedTuple):
    """An operation on inputs, given by index, and on other terms."""

    op: Op
    args: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.op.name}({', '.join(map(str, self.args))})"

    def moved(self, places: tuple[int, ...]) -> Term:
        """The term with input k replaced by places[k]."""
        return Term(self.op, tuple([a.moved(places) if isinstance(a, Term) else places[a] for a in self.args]))


class Composed:
    """A term as an operation: code emission treats it like a row."""

    def __init__(self, term: Term) -> None:
        self.term, self.name = term, str(term)

    def __repr__(self) -> str:
        return f"<composed {self.name}>"


def outermost(op: Any) -> Op:
    """The row that computes the result: of a composed operation the last one."""
    found: Op = op.term.op if isinstance(op, Composed) else op
    return found


row = cache(Composed)                   # one object for each term: equal operations are found by identity


@cache
def joined(op: Op, parts: tuple[Any, ...]) -> Composed:
    """`op` fused with its inputs. Each part is the index of an input, or another operation and the indices of its
    inputs.

    >>> from microgradx import mul, tanh
    >>> joined(mul, (0, (tanh, (1,)))), joined(tanh, ((joined(mul, (0, (tanh, (1,)))), (1, 0)),))
    (<composed mul(0, tanh(1))>, <composed tanh(mul(1, tanh(0)))>)
    """
    return row(Term(op, tuple([part if isinstance(part, int) else _term(*part) for part in parts])))


@cache
def only_row(op: Any) -> Any:
    """The row of an operation that has no other; None if it has several."""
    if not isinstance(op, Composed):
        return op
    rows = {only_row(row(a)) for a in op.term.args if isinstance(a, Term)}
    return op.term.op if rows <= {op.term.op} else None


def _term(op: Any, places: tuple[int, ...]) -> Term:
    return op.term.moved(places) if isinstance(op, Composed) else Term(op, places)


def composed(p: Program, strict: bool) -> Program:
    """The program after fusion."""
    return _Composition(p, strict).run()


def _used_once(p: Program) -> tuple[list[bool], list[int]]:
    """Whether each node is an operation with a single use that is no result; and all such nodes and their users.

    The program has no dead code, so that numpy can count the uses.
    """
    widths = np.fromiter(map(len, p.args), np.int64, len(p))
    used = np.fromiter(chain.from_iterable(p.args), np.int64, int(widths.sum()))
    once = (np.bincount(used, minlength=len(p)) == 1) & (widths > 0)
    once[p.results] = False
    near = once.copy()
    near[np.repeat(np.arange(len(p)), widths)[once[used]]] = True
    return once.tolist(), np.flatnonzero(near).tolist()


class _Composition:
    """One pass over a program. `waiting` has the operation and inputs of each node that may be fused into its user.

    Nodes keep their numbers; a node that was fused into another has no operation and no user.
    """

    def __init__(self, p: Program, strict: bool) -> None:
        self.p, self.out = p, p.changed(list(p.ops), list(p.args))
        self.fits = cache(lambda op: op.name not in LISTS and native(op, strict) and not isinstance(op, Structure))
        self.waiting: dict[int, tuple[Any, tuple[int, ...]]] = {}

    def run(self) -> Program:
        """The program after fusion."""
        p, waiting = self.p, self.waiting
        once, near = _used_once(p)
        for i in near:
            op: Any = p.ops[i]
            args = p.args[i]
            alone = waiting.keys().isdisjoint(args)         # no input is waiting
            if len(args) <= MOST and self.fits(op) and (once[i] or not alone):
                waiting[i] = (op, args) if alone else self.joined(op, args)
                self.out.ops[i], self.out.args[i] = None, ()
                if not once[i]:
                    self.node(i)
            elif not alone:
                for a in args:
                    self.node(a)
        return self.out

    def node(self, i: int) -> int:
        """The node; if it is waiting, it becomes a node of its own."""
        if i in self.waiting:
            self.out.ops[i], self.out.args[i] = self.waiting.pop(i)
        return i

    def joined(self, op: Op, args: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
        """An operation fused with those of its inputs that are waiting, up to MOST inputs, or WIDE of one row; and the
        new inputs."""
        inputs: dict[int, int] = {}             # nodes, with their index
        parts: list[Any] = []
        left, drawn = len(args), False
        for a in args:
            left -= 1
            inner = self.waiting.get(a)
            most = MOST if inner is None or only_row(inner[0]) is not op else WIDE
            if inner is not None and len(inputs.keys() | set(inner[1])) + left <= most:
                del self.waiting[a]
                parts.append((inner[0], tuple([inputs.setdefault(node, len(inputs)) for node in inner[1]])))
                drawn = True
            else:
                parts.append(inputs.setdefault(self.node(a), len(inputs)))
        return (joined(op, tuple(parts)), tuple(inputs)) if drawn else (op, args)
