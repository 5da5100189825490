"""Program: a recorded graph as plain lists, each node a number, simplified while it is built.

    >>> from microgradx import mul
    >>> from microgradx.compiler.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> y = p.add(mul, (p.constant(2.0), x))
    >>> p.add(mul, (p.constant(2.0), x)) == y           # the same operation on the same inputs is the same node
    True
    >>> p.add(mul, (y, p.constant(1.0))) == y           # times 1: nothing to do
    True

A node is an operation (a row of the table) on earlier nodes, an input, or a constant.
"""
from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from ..recording import tape
from ..table import TABLE, Op, Reduction
from ..value import Value
from .rules import RULES
from .trace import Recorded, as_recorded, is_constant

Ids = tuple[int, ...]
SHORT = 4                               # only nodes of so few inputs are looked for a second time


class Program:
    """Nodes 0, 1, 2, ..., each after all of its inputs.

    ops         the row of each node; None for inputs and constants
    args        the inputs of each node; those of a row of two lists one list after the other
    numbers     the constants among the nodes
    inputs      nodes whose numbers are given at each run: arguments first, then what the program closes over
    closures    the Values that the last of these are
    results     the nodes that are asked for
    strict      whether even the sign of a zero must be eager code's, whose sums start at 0.0
    traced      how many nodes were recorded
    """

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.ops: list[Op | None] = []
        self.args: list[Ids] = []
        self.numbers: dict[int, float] = {}
        self.inputs: list[int] = []
        self.closures: list[Value] = []
        self.results: list[int] = []
        self.traced = 0
        self._known: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self.ops)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: rows by name."""
        return {**vars(self), "_known": {}, "ops": [op and op.name for op in self.ops]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """LookupError for a row that the table of this process does not have."""
        vars(self).update(state)
        missing = sorted({name for name in state["ops"] if name is not None and name not in TABLE})
        if missing:
            raise LookupError(f"the program uses rows that the table here does not have: {', '.join(missing)}; import "
                              "the module that adds them before the program is loaded")
        self.ops = [name and TABLE[name] for name in state["ops"]]

    def _new(self, op: Op | None, args: Ids = ()) -> int:
        self.ops.append(op)
        self.args.append(args)
        return len(self.ops) - 1

    def input(self) -> int:
        """A new input."""
        self.inputs.append(self._new(None))
        return self.inputs[-1]

    def constant(self, x: float) -> int:
        """The node of this number; 0.0 and -0.0 are two."""
        key = x if x == x and x != 0 else struct.pack("d", x)
        if key not in self._known:
            self._known[key] = self._new(None)
            self.numbers[self._known[key]] = x
        return self._known[key]

    def add(self, op: Op, args: Ids) -> int:
        """The node of `op` applied to these: simplified, computed at once of constants, shared with an equal one."""
        rule = RULES.get(op.name)
        if rule is not None:
            found = rule(self, args)
            if found is not None:
                return found
        if len(args) > SHORT:
            return self._new(op, args)
        key = (op, *args)
        if key not in self._known:
            numbers = self.numbers
            known = [numbers[a] for a in args if a in numbers]
            self._known[key] = self.constant(op.at(*known)) if len(known) == len(args) else self._new(op, args)
        return self._known[key]

    def number(self, i: int) -> float | None:
        """The number of a constant; None for any other node."""
        return self.numbers.get(i)

    def uses(self) -> list[int]:
        """How many nodes and results use each node; a list that a node is used in twice counts twice."""
        counts = [0] * len(self)
        for args in self.args:
            for a in args:
                counts[a] += 1
        for r in self.results:
            counts[r] += 1
        return counts

    def live(self) -> Program:
        """The program without the nodes that no result needs. All inputs stay."""
        needed = bytearray(len(self))
        for r in self.results:
            needed[r] = 1
        for i in range(len(self) - 1, -1, -1):
            if needed[i]:
                for a in self.args[i]:
                    needed[a] = 1
        for i in self.inputs:
            needed[i] = 1
        out, new = Program(self.strict), [0] * len(self)
        for i, (op, args) in enumerate(zip(self.ops, self.args)):
            if needed[i]:
                new[i] = out._new(op, tuple([new[a] for a in args]))
        out.numbers = {new[i]: x for i, x in self.numbers.items() if needed[i]}
        out.inputs, out.closures = [new[i] for i in self.inputs], self.closures
        out.results, out.traced = [new[r] for r in self.results], self.traced
        return out


def program(recorded: Recorded, strict: bool = False) -> Program:
    """The program of a recorded function: its results by its inputs and by the Values that it closes over."""
    out = Program(strict)
    ids: dict[Any, int] = {v: out.input() for v in recorded.inputs}
    results = recorded.results
    order = as_recorded(tape(*[v for v in results if isinstance(v, Value)]))
    out.traced = len(order)
    for v in order:
        if v.op is None and v not in ids and not is_constant(v):
            ids[v] = out.input()
            out.closures.append(v)
    for v in order:
        if v.op is not None:
            args = v.args
            try:
                ids[v] = out.add(v.op, tuple([ids[a] for a in args]))
            except KeyError:                                # constants among them
                ids[v] = out.add(v.op, tuple([out.constant(a) if a.__class__ is float else ids[a] for a in args]))
        elif v not in ids:
            ids[v] = out.constant(v.data)
    out.results = [ids[v] if isinstance(v, Value) else out.constant(float(v)) for v in results]
    return out.live()


def terms(op: Op, args: Sequence[Any]) -> list[Sequence[Any]]:
    """The inputs of a node as the lists they came in: of dot two."""
    return op.split(args) if isinstance(op, Reduction) and not op.index else [args]
