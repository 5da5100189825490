"""The python back end: the source of a Python function for a program. It has no dependencies.

    >>> from microgradx import mul, tanh
    >>> from microgradx.compiler.ir.program import Program
    >>> from microgradx.compiler.python_backend import PythonKernel
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(tanh, (p.add(mul, (x, x)),))]
    >>> kernel = PythonKernel(p)
    >>> print(kernel.source)
    def run(x0):
        return [f0(x0*x0)]
    >>> kernel.run([0.0])
    [0.0]

If an operator of Python raises (1/0), the function is run again in a second form that calls the row of every operation;
the rows answer as IEEE 754 does.
"""
from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from math import prod
from types import BuiltinFunctionType
from typing import Any

from .. import ops
from .. import reductions as red
from ..extras import install
from ..ieee import RAISED
from ..nesting import is_leaf
from ..table import Op, Reduction
from .ir.program import Program, template
from .ir.repeat import PART, Repeat, Structure
from .trace.errors import TooLarge

LINE, TERMS = 200, 64                   # longer expressions become a variable; longer sums are split
LIMIT = 1_000_000                       # inputs of all operations together

# Operators of Python; {} stands for an input. All other rows are functions, or lowered to these.
OPERATORS: dict[Op, str] = {
    ops.add: "{}+{}", ops.sub: "{}-{}", ops.mul: "{}*{}", ops.div: "{}/{}", ops.neg: "-{}",
    ops.where: "{1} if {0} else {2}",
    ops.maximum: "{0} if {0}>={1} or {0}!={0} else {1}", ops.minimum: "{0} if {0}<={1} or {0}!={0} else {1}",
    ops.less: "1.0 if {}<{} else 0.0", ops.less_equal: "1.0 if {}<={} else 0.0",
    ops.greater: "1.0 if {}>{} else 0.0", ops.greater_equal: "1.0 if {}>={} else 0.0",
}
SUMS = (red.sum, red.dot, red.masked_dot)
TRUTH = re.compile(r"\(1\.0 if (.*) else 0\.0\)")      # a comparison as a number
CHOICES = 4                             # a row with branches of at most so many operations is lowered


def has_row(op: Op) -> bool:
    """Whether generated Python computes a row itself: an operator, a function of math, or a row with branches, of which
    its lowered form would compute all. Other rows are lowered: square is x*x."""
    if isinstance(op, Structure) or op in OPERATORS or op.lowering is not None or isinstance(op, Reduction):
        return True
    inner = None if isinstance(op.value, BuiltinFunctionType) else template(op, len(op.inputs))
    return inner is None or (ops.where in inner.ops and inner.count() > CHOICES)


def gives_floats(op: Op) -> bool:
    """Whether op.value always returns a float, as math.exp does and math.floor does not: such a function may be called
    directly, without Op.at, which turns 1 and True into 1.0."""
    if not isinstance(op.value, BuiltinFunctionType):
        own = op.slopes[0] if isinstance(op, Reduction) else op.value       # a Reduction's value is one of table.py
        return str(getattr(own, "__module__", "")).split(".")[0] == "microgradx"
    try:
        return op.value(*[0.5] * len(op.inputs)).__class__ is float
    except RAISED:                          # acosh below 1
        return True


spoken = has_row                        # its name in the first edition


class PythonKernel:
    """A program as a Python function: run(numbers) returns the results.

    source      the source text of the function
    """

    def __init__(self, p: Program) -> None:
        self._program = p
        self._careful: Callable[..., list[float]] | None = None
        body = Body(p, plain=True)
        self.source = body.runs()
        self.function = body.function(self.source, "run")

    def run(self, numbers: Sequence[float], arrays: Sequence[Any] = (), made: Sequence[Any] = ()) -> list[float]:
        """Return the results for these inputs, which are all in `numbers`."""
        try:
            return self.function(*numbers)  # type: ignore[no-any-return]
        except RAISED:
            if self._careful is None:
                body = Body(self._program, plain=False)
                self._careful = body.function(body.runs(), "run")
            return self._careful(*numbers)


def python_samples(s: Any) -> Callable[..., None]:
    """A function run(rows, shared, out, threads): see Backend.samples."""
    kernel, count = PythonKernel(s.p), len(s.p.inputs)
    columns = [k for first, sizes in s.arrays for k in range(first, first + prod(sizes))]

    def run(rows: Sequence[Any], shared: Sequence[float], out: Sequence[Any], threads: int | None) -> None:
        given = dict(zip(s.shared, shared))
        for i in range(len(rows[0])):
            given |= zip(columns, [x for a in rows for x in a.reshape(len(a), -1)[i].tolist()])
            found = kernel.run([given[k] for k in range(count)])
            for a, (first, sizes) in zip(out, s.made):
                a.reshape(len(a), -1)[i] = found[first:first + prod(sizes)]
    return run


class Body:
    """The statements that compute a program from x0, x1, ..., and the functions that they call.

    plain       whether to use Python's operators; else every operation is a call of its row
    lines       the statements
    results     the expressions of the results
    """

    def __init__(self, p: Program, plain: bool) -> None:
        size = sum(map(len, p.args))
        if size > LIMIT:
            raise TooLarge(f"a program of {size:,} inputs is too large for generated Python ({LIMIT:,}); "
                           f'write {install("jit")} and backend="native"')
        self.p, self.plain = p, plain
        self.names: dict[str, Any] = {"inf": math.inf, "nan": math.nan, "RAISED": RAISED}
        self.calls: dict[Op, str] = {}
        self.lines: list[str] = []
        self.texts = {i: f"({x!r})" if str(x).startswith("-") else repr(x) for i, x in p.numbers.items()}
        for k, i in enumerate(p.inputs):
            self.texts[i] = f"x{k}"
        uses = p.uses()
        for i, (op, args) in enumerate(zip(p.ops, p.args)):
            if op is not None:
                text = self.expression(op, args)
                simple = text.isidentifier()
                self.texts[i] = text if simple else self.named(text) if uses[i] > 1 or len(text) > LINE else f"({text})"
        self.results = [self.bare(self.texts[r]) for r in p.results]

    def runs(self) -> str:
        """The source of a function that takes all inputs and returns a list of all results."""
        inputs = ", ".join(f"x{k}" for k in range(len(self.p.inputs)))
        return "\n    ".join([f"def run({inputs}):", *self.lines, f"return [{', '.join(self.results)}]"])

    @staticmethod
    def bare(text: str) -> str:
        """The text without parentheses around the whole."""
        depth = 0
        for k, letter in enumerate(text):
            depth += (letter == "(") - (letter == ")")
            if depth == 0 and k < len(text) - 1:
                return text
        return text[1:-1] if text.startswith("(") else text

    def named(self, text: str) -> str:
        """Assign the expression to a new variable and return the variable."""
        if text.isidentifier():
            return text
        self.lines.append(f"v{len(self.lines)} = {text}")
        return f"v{len(self.lines) - 1}"

    def expression(self, op: Op, args: Sequence[int]) -> str:
        """The expression of an operation on nodes."""
        xs = [self.texts[a] for a in args]
        if isinstance(op, Structure):
            return self.structure(op, args, xs)
        if self.plain and op in OPERATORS:
            form = OPERATORS[op]
            if op is ops.where and (truth := TRUTH.fullmatch(xs[0])):
                xs[0] = truth[1]
            xs = [self.named(x) if form.count(f"{{{k}}}") > 1 else x for k, x in enumerate(xs)]    # computed once
            return form.format(*xs)
        if self.plain and op in SUMS and args:
            return self.sum(op, args)
        return f"{self.call(op)}({', '.join(map(self.bare, xs))})"

    def structure(self, op: Structure, args: Sequence[int], xs: list[str]) -> str:
        """The expression of a loop, a call of a function that runs its steps, or of a part of its numbers."""
        if isinstance(op, Repeat):
            name = f"f{len(self.calls)}"
            self.calls[op] = name
            run = PythonKernel(op.body).run
            self.names[name] = lambda *numbers: op.run(numbers, run)
            return self.named(f"{name}({', '.join(map(self.bare, xs))})")
        loop: Any = self.p.ops[args[0]]
        place = loop.pick(op, int(self.p.numbers[args[1]]))
        return f"{xs[0]}[{place.start if op is PART else f'{place.start}:{place.stop}'}]"

    def sum(self, op: Op, args: Sequence[int]) -> str:
        """The expression of a sum; a long sum is split into variables."""
        texts = ["0.0", *(self.term(*factors) for factors in zip(*_lists(op, args)))]
        while len(texts) > TERMS:
            texts = [self.named(joined(texts[:TERMS])), *texts[TERMS:]]
        return joined(texts)

    def term(self, *factors: int) -> str:
        """A term of a sum: a number, a product, or a product that counts only if the mask before it is not 0."""
        if len(factors) == 1:
            return self.texts[factors[0]]
        product = self.product(*factors[-2:])
        return product if len(factors) == 2 else f"({product} if {self.texts[factors[0]]} else 0.0)"

    def product(self, x: int, y: int) -> str:
        """x*y, without a multiplication if a factor is 1 or -1."""
        for one, other in ((x, y), (y, x)):
            if abs(self.p.numbers.get(one, 0.0)) == 1:
                return self.texts[other] if self.p.numbers[one] == 1 else f"-{self.texts[other]}"
        return f"{self.texts[x]}*{self.texts[y]}"

    def call(self, op: Op) -> str:
        """The name of the function that computes a row."""
        if op not in self.calls:
            self.calls[op] = f"f{len(self.calls)}"
            self.names[self.calls[op]] = op.value if self.plain and gives_floats(op) else op.at
        return self.calls[op]

    def function(self, source: str, name: str) -> Callable[..., Any]:
        """The compiled function. Its source contains only numbers and names made by this class."""
        exec(compile(source, "<microgradx.jit>", "exec"), self.names)
        return self.names[name]  # type: ignore[no-any-return]


def _lists(op: Any, args: Sequence[int]) -> list[Sequence[int]]:
    """The inputs of a sum, split into its lists."""
    return op.split(args)  # type: ignore[no-any-return]


def joined(terms: Sequence[str]) -> str:
    """The expression of the sum of these terms."""
    return terms[0] + "".join(term if term.startswith("-") else f"+{term}" for term in terms[1:])


# A call in one function --------------------------------------------------------------------------------------------

def python_call(p: Program, args: Sequence[Any], tree: Any, general: Callable[..., Any],
                holds: Callable[[], bool] | None = None) -> Any:
    """A function that checks and unpacks arguments with the structure of `args`, computes, and nests the results as in
    `tree`. It calls `general` for all other arguments, where not holds(), and if Python raises.

    >>> from microgradx import mul
    >>> p = Program()
    >>> x, y = p.input(), p.input()
    >>> p.results = [p.add(mul, (x, y))]
    >>> call = python_call(p, ([1.0], 1.0), [0.0], lambda *args: "something else")
    >>> call([3.0], 4.0), call([3.0], 4)
    ([12.0], 'something else')
    """
    body = Body(p, plain=True)
    reader = Reader(body.names)
    reader.write("if not options and holds():" if holds else "if not options:")
    reader.indent += 4
    reader.read(args)
    texts = iter(body.results)
    returned = _nested(tree, texts)
    reader.write(*body.lines, *texts, f"return {returned}")     # the rest is run for the errors that it may raise
    body.names |= {"general": general, "RAISED": (*RAISED, IndexError), "holds": holds}
    source = "\n".join(["def call(*args, **options):", "    try:", *reader.lines, "    except RAISED:", "        pass",
                        "    return general(*args, **options)"])
    return body.function(source, "call")


class Reader:
    """Statements that unpack arguments and check their structure. Lists and tuples are named a0, a1, ..., numbers
    x0, x1, ..., static arguments s0, s1, ..."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names, self.indent = names, 8
        self.lines: list[str] = []
        self.counts = {letter: count() for letter in "axs"}

    def write(self, *lines: str) -> None:
        """Append lines at the current indentation."""
        self.lines += [" " * self.indent + line for line in lines]

    def read(self, args: Sequence[Any]) -> None:
        """Append the unpacking of all arguments, level by level. Unpacking raises if the length differs."""
        level = [("args", self.named(args))]
        while level:
            for name, parts in level:
                self.write(f"({''.join(f'{part}, ' for part, _, _ in parts)}) = {name}")
            found = [part for _, parts in level for part in parts]
            floats = [name for name, tree, _ in found if tree.__class__ is float]
            tests = [self.test(name, tree) for name, tree, _ in found if tree.__class__ is not float]
            if floats:
                tests.append("".join(f"{name}.__class__ is " for name in floats) + "float")
            if tests:
                self.write(f"if {' and '.join(tests)}:")
                self.indent += 4
            level = [(name, parts) for name, tree, parts in found if isinstance(tree, (list, tuple))]

    def named(self, trees: Sequence[Any]) -> list[tuple[str, Any, Any]]:
        """Name each argument: (name, argument, the same for its elements)."""
        found = []
        for tree in trees:
            letter = "x" if tree.__class__ is float else "a" if isinstance(tree, (list, tuple)) else "s"
            name = f"{letter}{next(self.counts[letter])}"
            found.append((name, tree, self.named(tree) if letter == "a" else None))
        return found

    def test(self, name: str, tree: Any) -> str:
        """The expression that checks one argument: its type, and its value if it is static."""
        kind = f"{name}.__class__ is {type(tree).__name__}"
        if isinstance(tree, (list, tuple)):
            return kind
        if tree is None:
            return f"{name} is None"
        self.names[f"{name}_"] = tree
        return f"{kind} and {name} == {name}_"


def _nested(tree: Any, texts: Iterator[str]) -> str:
    """The expression that builds `tree` from the next expressions."""
    if is_leaf(tree):
        return next(texts)
    inner = "".join(f"{_nested(branch, texts)}, " for branch in tree)
    return f"[{inner}]" if isinstance(tree, list) else f"({inner})"
