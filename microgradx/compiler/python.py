"""Python: a program as the source of a Python function, a statement a node. Needs nothing installed.

    >>> from microgradx import mul, tanh
    >>> from microgradx.compiler.program import Program
    >>> from microgradx.compiler.python import PythonKernel
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(tanh, (p.add(mul, (x, x)),))]
    >>> kernel = PythonKernel(p)
    >>> print(kernel.source)
    def run(x0):
        return [(f0(x0*x0))]
    >>> kernel.run([0.0])
    [0.0]

Where a plain operator of Python raises (1/0), the function is run once more with every operation of the table itself,
which answers as IEEE does.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType
from typing import Any

from ..ieee import RAISED
from ..table import Op
from .program import Program

LINE, TERMS = 200, 64                   # longer expressions get a name; longer sums are added up in parts
LIMIT = 1_000_000                       # inputs of all operations together

# Operators of the language; the letters stand for the inputs. What is not here is called as a function.
OPERATORS = {
    "add": "{}+{}", "sub": "{}-{}", "mul": "{}*{}", "div": "{}/{}", "neg": "-{}", "square": "{0}*{0}",
    "reciprocal": "1/{}", "identity": "{}", "where": "{1} if {0} else {2}",
    "less": "float({}<{})", "less_equal": "float({}<={})", "greater": "float({}>{})", "greater_equal": "float({}>={})",
    "carry": "{0}*{1} if {0} else 0.0",
}
TERM = {"sum": "{}", "dot": "{}*{}", "chain": "({0} and {0}*{1})"}       # a term of a sum


class TooLarge(ValueError):
    """A program has more operations than Python would compile in reasonable time."""


class PythonKernel:
    """A program as a Python function: run(numbers) -> results.

    source      of the function
    """

    def __init__(self, p: Program) -> None:
        size = sum(map(len, p.args))
        if size > LIMIT:
            raise TooLarge(f"a program of {size:,} inputs is too large for generated Python ({LIMIT:,}); "
                           'write pip install "microgradx[jit]" and backend="native"')
        self._plain = Source(p, plain=True)
        self.source = self._plain.text
        self.function = self._plain.function()
        self._program = p

    def run(self, numbers: Sequence[float]) -> list[float]:
        """The results for these inputs."""
        try:
            return self.function(*numbers)
        except RAISED:
            return Source(self._program, plain=False).function()(*numbers)


class Source:
    """The text of a function, and the rows that it calls. Plain: with the operators of the language."""

    def __init__(self, p: Program, plain: bool) -> None:
        self.p, self.plain = p, plain
        self.names: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
        self.calls: dict[Op, str] = {}
        self.lines: list[str] = []
        self.texts: dict[int, str] = {}
        for i, x in p.numbers.items():
            self.texts[i] = f"({x!r})" if str(x).startswith("-") else repr(x)
        for k, i in enumerate(p.inputs):
            self.texts[i] = f"x{k}"
        uses = p.uses()
        for i, (op, args) in enumerate(zip(p.ops, p.args)):
            if op is not None:
                text = self.expression(op, [self.texts[a] for a in args])
                self.texts[i] = self.named(text) if uses[i] > 1 or len(text) > LINE else f"({text})"
        inputs = ", ".join(f"x{k}" for k in range(len(p.inputs)))
        self.lines.append(f"return [{', '.join(self.bare(self.texts[r]) for r in p.results)}]")
        self.text = "\n    ".join([f"def run({inputs}):", *self.lines])

    @staticmethod
    def bare(text: str) -> str:
        """Without the parentheses around all of it."""
        inner = text[1:-1]
        return inner if text.startswith("(") and text.endswith(")") and "(" not in inner and ")" not in inner else text

    def named(self, text: str) -> str:
        """A variable that holds the expression."""
        self.lines.append(f"v{len(self.lines)} = {text}")
        return f"v{len(self.lines) - 1}"

    def expression(self, op: Op, xs: list[str]) -> str:
        """An operation on expressions."""
        if self.plain and op.name in OPERATORS:
            if OPERATORS[op.name].count("{0}") > 1:         # used twice, computed once
                xs = [x if x.isidentifier() else self.named(x) for x in xs]
            return OPERATORS[op.name].format(*xs)
        if self.plain and op.name in TERM and xs:
            return self.sum(op, xs)
        return f"{self.call(op)}({', '.join(map(self.bare, xs))})"

    def sum(self, op: Op, xs: list[str]) -> str:
        """A sum, in parts where it is long."""
        terms = list(zip(*op.split(xs)))  # type: ignore[attr-defined]
        if op.name == "chain":
            terms = [(g if g.isidentifier() else self.named(g), s) for g, s in terms]
        texts = ["0.0"] * self.p.strict + [TERM[op.name].format(*term) for term in terms]
        while len(texts) > TERMS:
            texts = [self.named("+".join(texts[:TERMS])), *texts[TERMS:]]
        return "+".join(texts)

    def call(self, op: Op) -> str:
        """The name of the function that computes a row."""
        if op not in self.calls:
            self.calls[op] = f"f{len(self.calls)}"
            ours = isinstance(op.value, BuiltinFunctionType) or op.value.__module__.startswith("microgradx")
            self.names[self.calls[op]] = op.value if self.plain and ours else op.at
        return self.calls[op]

    def function(self) -> Callable[..., list[float]]:
        """The compiled function. Its text is made of numbers, and of names made here."""
        exec(compile(self.text, "<microgradx.jit>", "exec"), self.names)
        return self.names["run"]  # type: ignore[no-any-return]
