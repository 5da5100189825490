"""Program: a recorded graph as plain lists, simplified as it is built. Each node is a number.

    >>> from microgradx import mul
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> y = p.add(mul, (p.constant(2.0), x))
    >>> p.add(mul, (p.constant(2.0), x)) == y           # the same operation on the same inputs is the same node
    True
    >>> p.add(mul, (y, p.constant(1.0))) == y           # times 1: no new node
    True

A node is an operation (a row of the table) on earlier nodes, an input, or a constant.
"""
from __future__ import annotations

import struct
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from itertools import chain, groupby
from typing import Any

from ... import ops
from ...engine import Value, tape, tracer
from ...ieee import number, short
from ...reductions import entry
from ...table import Op
from ..trace.errors import refuse_leaked
from ..trace.loop import Loop
from ..trace.trace import Recorded, is_constant, trace, unhindered
from ..trace.traced import Batch, Traced
from .dtype import DTYPES, FLOAT64, Dtype
from .lowering import POWERS, lowered
from .repeat import COLUMN, PART, Repeat, Structure
from .row_names import distinct, name, named
from .simplify import FREE, RULES

Ids = tuple[int, ...]
MANY = 1000                             # steps that a loop is taken to have whose number is not known
PICKS: dict[Any, str] = {PART: "part", COLUMN: "column"}
Native = Callable[[Op], bool]
COMMUTE = frozenset([ops.add, ops.mul]) # a + b and b + a are one node
SIMPLE = ("inputs", "results", "traced", "checks")    # what a written program has as it is
SHORT = 4                               # common subexpressions are found among nodes of at most so many inputs


class Program:
    """Nodes 0, 1, 2, ..., each after all of its inputs.

    native      whether a row stays as it is, see program(); by default every row does
    ops         the row of each node; None for inputs, constants and dead code
    args        the inputs of each node; for a row of several lists, one list after the other
    numbers     the number of each constant node
    inputs      the nodes that take a number at each run: arguments first, then closures
    closures    the sources of the last inputs, which are read at each run: `.data` of Values, Draws, GradientOfs
    results     the result nodes
    updates     what is set to the last results after each run: `.data` of Values, GradientOfs
    checks      what is required: the node of a number, a node that is 0 if it is wrong, and what was expected. A take()
                among the results raises IndexError then, and played() says why
    traced      how many nodes were recorded
    strict      whether even the sign of a zero must equal eager code's, whose sums start at 0.0
    dtype       of its numbers; constants are rounded to it
    """

    def __init__(self, native: Native | None = None, strict: bool = False, dtype: Dtype = FLOAT64) -> None:
        self.native, self.strict, self.dtype = native or _every, strict, dtype
        self.ops: list[Op | None] = []
        self.args: list[Ids] = []
        self.numbers: dict[int, float] = {}
        self.inputs: list[int] = []
        self.closures: list[Any] = []
        self.results: list[int] = []
        self.updates: list[Any] = []
        self.checks: list[tuple[int, int, str]] = []
        self.traced = 0
        self._constants: dict[float | bytes, int] = {}
        self._known: dict[Op, dict[Ids, int]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self.ops)

    def written(self) -> dict[str, Any]:
        """The program as lists of numbers and names, with the present numbers of its closures, which are Values."""
        rows = list(dict.fromkeys(op for op in self.ops if op))
        places = {op: k for k, op in enumerate(rows)}
        return {"rows": list(map(_written, rows)), "ops": [places[op] if op else -1 for op in self.ops],
                "args": self.args,
                "numbers": [[i, x.hex()] for i, x in self.numbers.items()], "inputs": self.inputs,
                "closures": [source.data.hex() for source in self.closures], "results": self.results,
                "traced": self.traced, "strict": self.strict, "checks": self.checks, "dtype": self.dtype.name}

    @classmethod
    def read(cls, state: dict[str, Any]) -> Program:
        """The program that written() wrote. LookupError for a row that the table of this process does not have;
        ValueError where machine code would go astray: a node that comes later, or a row with too few inputs."""
        p = cls(strict=state["strict"], dtype=DTYPES[state["dtype"]])
        rows = list(map(_read, state["rows"]))
        p.ops = [rows[k] if k >= 0 else None for k in state["ops"]]
        p.args, p.inputs, p.results, p.traced, p.checks = [*map(tuple, state["args"])], *(state[k] for k in SIMPLE)
        p.closures = [Value(float.fromhex(x)) for x in state["closures"]]
        p.numbers = {i: p.dtype.rounded(float.fromhex(x)) for i, x in state["numbers"]}
        p._constants = {_key(x): i for i, x in p.numbers.items()}
        last, leaves = len(p.ops) - 1, {*p.inputs, *p.numbers}
        used = [*p.results, *leaves, *(i for check in p.checks for i in check[:2])]
        sound = (len(p.ops) == len(p.args) and len(leaves) == len(p.inputs) + len(p.numbers) >= len(p.closures)
                 and all(_are_nodes(args, i - 1) and (op.takes(len(args)) if op else not args)
                         for i, (op, args) in enumerate(zip(p.ops, p.args)))
                 and _are_nodes(used, last) and not any(p.ops[i] for i in leaves)
                 and all(_fits(p, op, args) for op, args in zip(p.ops, p.args) if isinstance(op, Structure)))
        if not sound:
            raise ValueError("this is not a program that jit has recorded: its nodes do not fit together")
        return p

    def _new(self, op: Op | None, args: Ids = ()) -> int:
        self.ops.append(op)
        self.args.append(args)
        return len(self.ops) - 1

    def input(self) -> int:
        """Add an input and return its node."""
        return self.many(1)[0]

    def many(self, count: int) -> range:
        """Add `count` inputs and return their nodes."""
        new = range(len(self), len(self) + count)
        self.ops += [None] * count
        self.args += [()] * count
        self.inputs += new
        return new

    def constant(self, x: float) -> int:
        """The node of this number, added if it is new; 0.0 and -0.0 have two nodes."""
        x = self.dtype.rounded(x)
        key = _key(x)
        if key not in self._constants:
            self._constants[key] = self._new(None)
            self.numbers[self._constants[key]] = x
        return self._constants[key]

    def add(self, op: Op, args: Ids) -> int:
        """The node of `op` applied to `args`, after simplification, constant folding and a search for a common
        subexpression."""
        numbers, short = self.numbers, len(args) <= SHORT
        constant = short and not numbers.keys().isdisjoint(args)        # at least one constant
        rule = (RULES if constant else FREE).get(op.name)
        if rule is not None:
            found = rule(self, args)
            if found is not None:
                return found
        if op is ops.pow or not self.native(op):
            inner = self._inner(op, args)
            if inner is not None:
                return self.insert(inner, args)
        if not short:
            return self._new(op, args)
        known, key = self._known[op], tuple(sorted(args)) if op in COMMUTE else args
        found = known.get(key)
        if found is None:
            if (constant or not args) and all([a in numbers for a in args]) and not isinstance(op, Structure):
                found = self.constant(op.at(*[numbers[a] for a in args]))
            else:
                found = self._new(op, args)
            known[key] = found
        return found

    def extend(self, op: Op, rows: list[Ids]) -> Sequence[int]:
        """The nodes of `op` applied to each row of inputs: add() for each, but faster if nothing simplifies."""
        if op is ops.identity:
            return [args[0] for args in rows]
        if op.name not in FREE and len(rows[0]) <= SHORT and self.native(op):
            known = self._known[op]
            keys = [args if args[0] <= args[1] else args[::-1] for args in rows] if op in COMMUTE else rows
            new = dict(zip(keys, range(len(self), len(self) + len(rows))))
            if (len(new) == len(rows) and known.keys().isdisjoint(new)
                    and self.numbers.keys().isdisjoint(chain.from_iterable(rows))):
                self.ops += [op] * len(rows)
                self.args += rows
                known |= new
                return list(new.values())
        return [self.add(op, args) for args in rows]

    def _inner(self, op: Op, args: Ids) -> Program | None:
        """The lowered form of an operation; None if it stays as it is. In strict programs powers stay."""
        if op is ops.pow and not self.strict and self.number(args[1]) in POWERS:
            return power(self.numbers[args[1]])
        return None if self.native(op) else template(op, len(args))

    def insert(self, inner: Program, args: Ids) -> int:
        """Inline a program of one result with these nodes as its inputs; return the node of the result."""
        new = dict(zip(inner.inputs, args))
        for i, x in inner.numbers.items():
            new[i] = self.constant(x)
        for op, several in inner.runs:
            if len(several) > SHORT and new.keys() >= set(chain.from_iterable(inner.args[i] for i in several)):
                rows = [tuple([new[a] for a in inner.args[i]]) for i in several]    # none is an input of another
                new |= zip(several, self.extend(op, rows))
            else:
                for i in several:
                    new[i] = self.add(op, tuple([new[a] for a in inner.args[i]]))
        return new[inner.results[0]]

    @cached_property
    def runs(self) -> list[tuple[Op, list[int]]]:
        """The operations that follow each other and are of one row, for insert()."""
        found = groupby([i for i, op in enumerate(self.ops) if op], self.ops.__getitem__)
        return [(op, list(several)) for op, several in found if op]

    def number(self, i: int) -> float | None:
        """The number of a constant node; None for any other node."""
        return self.numbers.get(i)

    def uses(self) -> list[int]:
        """How often each node is an input of a live node or a result; dead code does not count."""
        counts = [0] * len(self)
        for r in self.results:
            counts[r] += 1
        for i in range(len(self) - 1, -1, -1):
            if counts[i]:
                for a in self.args[i]:
                    counts[a] += 1
        return counts

    def count(self) -> int:
        """The number of nodes that are operations."""
        return len(self.ops) - self.ops.count(None)

    def work(self) -> int:
        """How many inputs all operations have that a run computes."""
        return sum(map(len, self.args)) + sum((MANY if op.count is None else op.count) * op.body.work()
                                              for op in self.ops if isinstance(op, Repeat))

    def waits(self) -> bool:
        """Whether it has a loop that may go on for ever."""
        return any(isinstance(op, Repeat) and (op.count is None or op.body.waits()) for op in set(self.ops))

    def may_fail(self) -> bool:
        """Whether a run may raise an error: for an index outside of its table, or Ctrl-C in a loop without end."""
        return any(op is entry or (isinstance(op, Repeat) and (op.count is None or op.body.may_fail()))
                   for op in set(self.ops))

    def scans(self) -> tuple[int, int]:
        """How many loops there are, and how many bytes they compute."""
        loops = [op for op in self.ops if isinstance(op, Repeat)]
        inner = [op.body.scans() for op in loops]
        own = self.dtype.size * sum(op.size for op in loops)
        return len(loops) + sum(n for n, _ in inner), own + sum(size for _, size in inner)

    def changed(self, ops: list[Op | None], args: list[Ids]) -> Program:
        """A program with these operations and the inputs, constants and results of this one."""
        out = Program(strict=self.strict, dtype=self.dtype)
        out.ops, out.args, out.numbers, out.inputs, out.closures = ops, args, self.numbers, self.inputs, self.closures
        out.results, out.updates, out.traced, out.checks = self.results, self.updates, self.traced, self.checks
        return out

    def live(self) -> Program:
        """The program without dead code. Live nodes keep their numbers."""
        used = set(self.results)
        for i, inputs in zip(range(len(self) - 1, -1, -1), reversed(self.args)):
            if inputs and i in used:
                used.update(inputs)
        out = self.changed(list(self.ops), list(self.args))
        for i in used.symmetric_difference(range(len(self))):
            out.ops[i], out.args[i] = None, ()
        out.numbers = {i: x for i, x in self.numbers.items() if i in used}
        return out


def _written(op: Any) -> Any:
    """A row as its name; a loop with the program of its step."""
    if not isinstance(op, Repeat):
        return PICKS[op] if op in PICKS else name(op)
    return {"body": op.body.written(), "numbers": [op.count, op.carries, op.constants], "columns": op.columns,
            "reverse": op.reverse}


def _read(row: Any) -> Op:
    """The inverse of _written()."""
    if not isinstance(row, dict):
        return next((op for op, text in PICKS.items() if text == row), None) or named(*row)
    body = Program.read(row["body"])
    count, carries, constants = row["numbers"]
    known = [carries - 1, 0] if count is None else [count]      # its first carry says when to end, and it has no y
    if not (_are_nodes([*known, carries, constants], sys.maxsize) and len(body.results) >= carries and not body.closures
            and (count is not None or (len(body.results) == carries and not row["columns"]))
            and len(body.inputs) == carries + constants + len(row["columns"])):
        raise ValueError("this is not a loop that jit has recorded: its step does not fit")
    return Repeat(body, count, carries, constants, row["columns"], row["reverse"], played)


def _fits(p: Program, op: Any, args: Ids) -> bool:
    """Whether a loop has its inputs, and whether what is picked is in the block."""
    if isinstance(op, Repeat):
        whole = [p.ops[a] is COLUMN and getattr(p.ops[p.args[a][0]], "count", -1) == op.count for a in args]
        at = op.carries + op.constants
        expected = [False] * at + [one for column in op.columns for one in ([True] if column else [False] * op.steps)]
        return whole == expected and op.body.dtype is p.dtype
    loop, place = p.ops[args[0]], p.number(args[1])
    if not isinstance(loop, Repeat) or place is None:
        return False
    return place.is_integer() and 0 <= place < (loop.size if op is PART else loop.ys)


def _key(x: float) -> float | bytes:
    return x if x == x and x != 0 else struct.pack("d", x)


def _are_nodes(ids: Sequence[Any], last: int) -> bool:
    return all(type(i) is int and 0 <= i <= last for i in ids)


def played(p: Program, given: Sequence[Any]) -> list[Any]:
    """The results of a program at these inputs, computed row by row in Python. IndexError for an index outside of its
    table, ValueError for a number that is not what the program requires."""
    found: dict[int, Any] = {**p.numbers, **dict(zip(p.inputs, given))}
    for i, (op, args) in enumerate(zip(p.ops, p.args)):
        if op is not None:
            try:
                found[i] = (_picked(p, op, args, found) if op is PART or op is COLUMN else
                            op.apply(op.called([found[a] for a in args])))
            except IndexError:
                for x, holds, expected in p.checks:
                    if _data(found.get(holds, 1.0)) == 0:
                        raise ValueError(f"{expected}, got {short(_data(found[x]))}") from None
                raise
    if (trace := tracer()) is not None:                     # a program that was sent is recorded anew
        for x, holds, expected in p.checks:
            trace.require(found[x], found[holds], expected)
    return [found[r] for r in p.results]


def _picked(p: Program, op: Any, args: Ids, found: dict[int, Any]) -> Any:
    """What is picked from the numbers of a loop."""
    loop: Any = p.ops[args[0]]
    several = found[args[0]][loop.pick(op, int(p.numbers[args[1]]))]
    return several[0] if op is PART else several


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _every(_: Op) -> bool:
    return True


def program(recorded: Recorded, native: Native | None = None, strict: bool = False,
            dtype: Dtype = FLOAT64) -> Program:
    """The program of a recorded function. Its inputs are those of the function and the Values that it closes over.

    Rows for which native(op) is False are lowered if they can be; without `native` no row is lowered.
    """
    with unhindered():
        out = Program(native, strict, dtype)
        given = (*recorded.inputs, *recorded.sources)
        ids: dict[Any, int] = dict(zip(given, out.many(len(given))))
        out.closures, out.updates = list(recorded.sources.values()), list(recorded.updates)
        mark, row = recorded.mark, cache(partial(_row, recorded=recorded, native=native, strict=strict, dtype=dtype))
        for v in recorded.parts:
            op = row(v.op)
            if isinstance(v, Batch):
                columns = [_nodes(out, ids, xs, mark) for xs in v.columns]
                ids |= zip(v.values, out.extend(op, list(zip(*columns))))
            else:
                ids[v] = out.add(op, _nodes(out, ids, v.args, mark))
        out.results = list(_nodes(out, ids, (*recorded.results, *recorded.updates.values()), mark))
        for x, holds, expected in recorded.checks:
            out.checks.append((_id(out, ids, x, mark), _id(out, ids, holds, mark), expected))
        out.traced = recorded.size
        return out.live()


def _row(op: Any, recorded: Recorded, native: Native | None, strict: bool, dtype: Dtype) -> Op:
    """The row that a program has for a recorded one: of a loop the program of one step."""
    if not isinstance(op, Loop):
        return op if isinstance(op, Structure) else distinct(op)
    body = recorded._replace(inputs=op.body.inputs, parts=op.body.parts, results=op.body.results, sources={},
                             updates={}, checks=[])
    step = program(body, native, strict, dtype)
    return Repeat(step, op.count, op.carries, op.constants, op.columns, op.reverse, played)


def _nodes(out: Program, ids: dict[Any, int], xs: Sequence[Any], mark: str) -> Ids:
    """The node of each."""
    try:
        return tuple(map(ids.__getitem__, xs))
    except KeyError:                                        # numbers are among them, or what was there before
        return tuple([ids[x] if x in ids else _id(out, ids, x, mark) for x in xs])


def _id(out: Program, ids: dict[Any, int], x: Any, mark: str) -> int:
    """The node of a number, of a recorded Value, or of one that was there before: it becomes an input."""
    if not isinstance(x, Value):
        found = out.constant(number(x))
        if x:                           # 0.0 and -0.0 are two constants, and would be one key
            ids[x] = found
        return found
    for v in () if x in ids else tape(x) if x.op is not None else (x,):     # most are leaves
        if v.op is not None:
            ids[v] = out.add(distinct(v.op), tuple([_id(out, ids, a, mark) for a in v.args]))
        elif isinstance(v, Traced):
            refuse_leaked()
        elif is_constant(v, mark):
            ids[v] = out.constant(v.data)
        elif v not in ids:
            ids[v] = out.input()
            out.closures.append(v)
    return ids[x]


@cache
def power(n: float) -> Program:
    """The program of x**n, for n in POWERS."""
    return program(trace(POWERS[n], [0.0]), strict=True)


@cache
def template(op: Op, width: int) -> Program | None:
    """The lowered form of a row of `width` inputs, as a program; None if it cannot be lowered."""
    try:
        return program(trace(lambda xs: lowered(op, xs), [[0.0] * width]), strict=True)
    except Exception:                   # e.g. math.gamma, which converts its input to a float: it must be called
        return None
