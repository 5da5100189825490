"""A Script stands in for a number and writes the operations on it as JavaScript, as Symbol (text.py) writes text.

    >>> from microgradx import square, tanh
    >>> from microgradx.show.web.script import function
    >>> def name(op, count):
    ...     return op.name
    >>> function(lambda a, b: 2 * (a + tanh(b)), ["a", "b"], name)
    '(a, b) => 2 * (a + tanh(b))'
    >>> print(function(lambda x: x if x > 0 else 0.0, ["x"], name))
    (x) => {
      if (x > 0) {
        return x;
      }
      return 0;
    }

Branches run both ways (branches.py): where Python tests whether a Script is true, both outcomes are written.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...arithmetic import Arithmetic
from ...branches import answer, both_ways
from ...table import Op

Name = Callable[[Op, int], str]             # the JavaScript name of a row at a number of inputs
LINE = 90                                   # a longer expression gets a name
COMPARED, ADDED, MULTIPLIED, UNARY, ATOM = range(5)     # precedence of an expression


def function(f: Callable[..., Any], inputs: Sequence[str], name: Name) -> str:
    """f as an arrow function of inputs with these names. f returns one result or a list of them.

    TypeError if f converts an input to a float, or has too many branches.
    """
    def run() -> list[str]:
        trace = Trace(name)
        result = trace.result(f(*(Script(x, ATOM, trace) for x in inputs)))
        return [*trace.lines, f"return {result};"]

    lines = both_ways(run, _branched)
    body = lines[0].removeprefix("return ").rstrip(";") if len(lines) == 1 else "\n".join(["{", *_indented(lines), "}"])
    return f"({', '.join(inputs)}) => {body}"


def _branched(asked: tuple[str, list[str]], yes: list[str], no: list[str]) -> list[str]:
    """The statements of two runs that differ after a condition: those before it, then an if-statement."""
    condition, before = asked
    seen = len(before)
    return [*before, f"if ({condition}) {{", *_indented(yes[seen:]), "}", *no[seen:]]


def _indented(lines: list[str]) -> list[str]:
    return ["  " + line for line in lines]


class Trace:
    """One run of a function: the lines written so far."""

    def __init__(self, name: Name) -> None:
        self.name, self.lines = name, list[str]()

    def script(self, text: str, level: int) -> Script:
        """The expression as a Script. A long one gets a name: else n slopes of one sum would have length n*n."""
        if len(text) > LINE:
            self.lines.append(f"const t{len(self.lines)} = {text};")
            text, level = f"t{len(self.lines) - 1}", ATOM
        return Script(text, level, self)

    def result(self, found: Any) -> str:
        """The result of the function in JavaScript; null for a slope where no gradient flows."""
        if isinstance(found, (list, tuple)):
            return f"[{', '.join('null' if x is None else written(x) for x in found)}]"
        text = written(found)
        return f"Number({text})" if isinstance(found, Script) and found.level == COMPARED else text


class Script(Arithmetic["Script"]):
    """A JavaScript expression with operators: operators and rows applied to it give longer expressions."""

    __slots__ = ("text", "level", "trace")
    __hash__ = None  # type: ignore[assignment]     # == compares in JavaScript

    def __init__(self, text: str, level: int, trace: Trace) -> None:
        self.text, self.level, self.trace = text, level, trace

    def _apply(self, op: Op, args: Sequence[Any]) -> Script:
        inputs = op.flat(args)
        return self.trace.script(f"{self.trace.name(op, len(inputs))}({', '.join(map(written, inputs))})", ATOM)

    def _gate(self, slope: Any, point: bool) -> Script:
        """The slope if the gate is open, null if it is closed."""
        text = f"({written(self, ATOM)} != 0 ? {written(self if slope is None else slope)} : null)"
        return Script(text, ATOM, self.trace)

    def infix(self, a: Any, sign: str, b: Any, level: int) -> Script:
        """`a sign b`; an operand of the same precedence needs no parentheses on the left: a - b - c."""
        return self.trace.script(f"{written(a, level)} {sign} {written(b, level + 1)}", level)

    def __add__(self, b: Any) -> Script:
        return self.infix(self, "+", b, ADDED)

    def __radd__(self, a: Any) -> Script:
        return self.infix(a, "+", self, ADDED)

    def __sub__(self, b: Any) -> Script:
        return self.infix(self, "-", b, ADDED)

    def __rsub__(self, a: Any) -> Script:
        return self.infix(a, "-", self, ADDED)

    def __mul__(self, b: Any) -> Script:
        return self.infix(self, "*", b, MULTIPLIED)

    def __rmul__(self, a: Any) -> Script:
        return self.infix(a, "*", self, MULTIPLIED)

    def __truediv__(self, b: Any) -> Script:
        return self.infix(self, "/", b, MULTIPLIED)

    def __rtruediv__(self, a: Any) -> Script:
        return self.infix(a, "/", self, MULTIPLIED)

    def __neg__(self) -> Script:
        return self.trace.script(f"-{written(self, ATOM)}", UNARY)

    def __pos__(self) -> Script:
        return self

    def __lt__(self, b: Any) -> Script:
        return self.infix(self, "<", b, COMPARED)

    def __le__(self, b: Any) -> Script:
        return self.infix(self, "<=", b, COMPARED)

    def __gt__(self, b: Any) -> Script:
        return self.infix(self, ">", b, COMPARED)

    def __ge__(self, b: Any) -> Script:
        return self.infix(self, ">=", b, COMPARED)

    def __eq__(self, b: object) -> Script:  # type: ignore[override]
        return self.infix(self, "===", b, COMPARED)

    def __ne__(self, b: object) -> Script:  # type: ignore[override]
        return self.infix(self, "!==", b, COMPARED)

    def __bool__(self) -> bool:
        # true as in Python: a comparison that holds, or any number but 0, also NaN, which if (NaN) would take as false
        return answer((self.text if self.level == COMPARED else f"{written(self, ATOM)} != 0", self.trace.lines))

    def __float__(self) -> float:
        raise TypeError("it converts its input to a float, as math.exp(x) and round(x) do")

    __int__ = __index__ = __float__


def written(x: Any, level: int = COMPARED) -> str:
    """A Script or a number as text, in parentheses if its precedence is below `level`."""
    if isinstance(x, Script):
        return x.text if x.level >= level else f"({x.text})"
    number = literal(float(x))
    return number if level < ATOM or not number.startswith("-") else f"({number})"


def literal(x: float) -> str:
    """A float as a JavaScript literal: every digit, Infinity, NaN."""
    if math.isfinite(x):
        return repr(x).removesuffix(".0")
    return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
