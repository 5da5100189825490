"""Together: the nodes of a straight line one by one, but two that share most of their work at once: a neuron's tanh,
and the sech of which its slope is made.

    >>> from llvmlite import ir
    >>> from microgradx import sech, tanh
    >>> from microgradx.compiler.ir.program import Program
    >>> from microgradx.compiler.native.together import Together
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(tanh, (x,)), p.add(sech, (x,))]
    >>> f = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), [ir.DoubleType()]), "f")
    >>> emit = Together(p, strict=False)
    >>> ys = [emit(ir.IRBuilder(f.append_basic_block()), i, p.ops[i], [f.args[0]]) for i in p.results]
    >>> [g.name for g in f.module.functions if g.linkage == "internal"]
    ['tanh_and_sech.v1']
"""
from __future__ import annotations

from typing import Any

from ...table import Op
from ..ir.program import Program
from .elementary import PAIRS, call_pair
from .instructions import emit


class Together:
    """Emits the nodes of a program in order; `partner` tells for each of a pair the other one and both names."""

    def __init__(self, p: Program, strict: bool) -> None:
        self.strict = strict
        self.partner: dict[int, tuple[int, tuple[str, str]]] = {}
        self.ready: dict[int, Any] = {}
        known = {(op.name, args): i for i, (op, args) in enumerate(zip(p.ops, p.args)) if op is not None}
        for names in PAIRS if not strict else ():
            for (name, args), i in known.items():
                j = known.get((names[1], args))
                if name == names[0] and j is not None:
                    self.partner |= {i: (j, names), j: (i, names)}

    def __call__(self, b: Any, i: int, op: Op, xs: list[Any]) -> Any:
        """Node i: `op` of numbers or vectors."""
        if i in self.ready:
            return self.ready.pop(i)
        if i not in self.partner:
            return emit(b, op, xs, self.strict)
        j, names = self.partner[i]
        found, k = call_pair(b, names, xs[0]), names.index(op.name)
        self.ready[j] = found[1 - k]
        return found[k]
