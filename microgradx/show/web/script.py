"""A Script stands where a number would, and writes in JavaScript what is done to it, as Symbol (text.py) does in words.

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

A branch is followed both ways (branches.py): where Python asks whether a Script is true, both answers are written.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...arithmetic import Arithmetic
from ...branches import answer, both_ways
from ...table import Op

Name = Callable[[Op, int], str]             # what a row is called in JavaScript, at a number of inputs
LINE = 90                                   # a longer expression is given a name
COMPARED, ADDED, MULTIPLIED, UNARY, ATOM = range(5)     # how tightly an expression holds together


def function(f: Callable[..., Any], inputs: Sequence[str], name: Name) -> str:
    """What f does to Scripts of these names, as an arrow function. f gives one result or a list of them.

    TypeError if f asks for more than JavaScript is written for: a float of its input, one truth after the other.
    """
    def run() -> list[str]:
        trace = Trace(name)
        result = trace.result(f(*(Script(x, ATOM, trace) for x in inputs)))
        return [*trace.lines, f"return {result};"]

    lines = both_ways(run, _branched)
    body = lines[0].removeprefix("return ").rstrip(";") if len(lines) == 1 else "\n".join(["{", *_indented(lines), "}"])
    return f"({', '.join(inputs)}) => {body}"


def _branched(asked: tuple[str, list[str]], yes: list[str], no: list[str]) -> list[str]:
    """The statements of two runs that are the same up to a condition: those before it, then an if-statement."""
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
        """The expression as a Script; a long one by a name, or n slopes of one sum would be n*n long."""
        if len(text) > LINE:
            self.lines.append(f"const t{len(self.lines)} = {text};")
            text, level = f"t{len(self.lines) - 1}", ATOM
        return Script(text, level, self)

    def result(self, found: Any) -> str:
        """What the function returns, in JavaScript; null for a slope where no gradient flows."""
        if isinstance(found, (list, tuple)):
            return f"[{', '.join('null' if x is None else written(x) for x in found)}]"
        text = written(found)
        return f"Number({text})" if isinstance(found, Script) and found.level == COMPARED else text


class Script(Arithmetic["Script"]):
    """A piece of JavaScript that computes: operators and rows applied to it give longer pieces."""

    __slots__ = ("text", "level", "trace")
    __hash__ = None  # type: ignore[assignment]     # == compares in JavaScript

    def __init__(self, text: str, level: int, trace: Trace) -> None:
        self.text, self.level, self.trace = text, level, trace

    def _apply(self, op: Op, args: Sequence[Any]) -> Script:
        inputs = op.flat(args)
        return self.trace.script(f"{self.trace.name(op, len(inputs))}({', '.join(map(written, inputs))})", ATOM)

    def _gate(self, slope: Any, point: bool) -> Script:
        """The slope where the gate is open, null where it is closed."""
        text = f"({written(self, ATOM)} != 0 ? {written(self if slope is None else slope)} : null)"
        return Script(text, ATOM, self.trace)

    def infix(self, a: Any, sign: str, b: Any, level: int) -> Script:
        """`a sign b`; only equal signs that hold to the left need no parentheses, a - b - c."""
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
        # true is what differs from 0, or is a comparison that holds (false != 0 is false); if (NaN) would not do
        return answer((self.text if self.level == COMPARED else f"{written(self, ATOM)} != 0", self.trace.lines))

    def __float__(self) -> float:
        raise TypeError("it makes a float of its input, as math.exp(x) and round(x) do")

    __int__ = __index__ = __float__


def written(x: Any, level: int = COMPARED) -> str:
    """A Script or a number as text, in parentheses where something holding as tightly as `level` is wanted."""
    if isinstance(x, Script):
        return x.text if x.level >= level else f"({x.text})"
    number = literal(float(x))
    return number if level < ATOM or not number.startswith("-") else f"({number})"


def literal(x: float) -> str:
    """A float as JavaScript writes it: every digit, Infinity, NaN."""
    if math.isfinite(x):
        return repr(x).removesuffix(".0")
    return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
