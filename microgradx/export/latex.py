r"""to_latex(): a graph and its whole derivative as LaTeX, from the rows of the table.

    >>> from microgradx import Value, tanh
    >>> from microgradx.export import to_latex
    >>> print(to_latex(tanh(Value(0.5, "w") * Value(2.0, "x"))))
    \begin{align*}
    v_{1} &= w x \\
    y &= \tanh\left(v_{1}\right) \\
    \frac{\partial y}{\partial v_{1}} &= \operatorname{sech}\left(v_{1}\right)^{2} \\
    \frac{\partial y}{\partial w} &= x \frac{\partial y}{\partial v_{1}} \\
    \frac{\partial y}{\partial x} &= w \frac{\partial y}{\partial v_{1}}
    \end{align*}

A Formula stands in for a number, as Symbol (text.py) does, and writes the operations on it.
"""
from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from .. import ops
from .. import reductions as red
from ..arithmetic import Arithmetic
from ..engine import Value
from ..table import Op, Reduction
from ..text import digits
from .equations import Equations, equations

COMPARED, ADDED, MULTIPLIED, POWER, ATOM = range(5)     # precedence
GREEK = frozenset(re.findall(r"\w+", """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho
    sigma tau upsilon phi chi psi omega"""))
KNOWN = frozenset(re.findall(r"\w+", "sin cos tan sinh cosh tanh exp log max min"))     # \sin, \cos, ...
NAMES = {"log": r"\ln", "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan"}
SIGNS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}
ESCAPED = {"\\": r"\backslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "^": r"\^{}", "#": r"\#", "&": r"\&", "$": r"\$",
           "%": r"\%", "~": r"\~{}", " ": "~"}


class Latex(str):
    """Text of LaTeX, which a notebook shows set.

    >>> from microgradx import Value
    >>> from microgradx.export import to_latex
    >>> to_latex(Value(3.0, "x") * 2)._repr_latex_() == to_latex(Value(3.0, "x") * 2)
    True
    """

    __slots__ = ()

    def _repr_latex_(self) -> str:
        return str(self)


def to_latex(root: Value) -> Latex:
    r"""Value and derivative of a graph by all its leaves, as an align* environment. TypeError if root is no Value.

    What is used more than once is a line of its own: v_1, v_2, ..., as in pictures and steps. The text is a str; as the
    last line of a cell a notebook shows the formulas.

    >>> from microgradx import Value
    >>> from microgradx.export import to_latex
    >>> print(to_latex(Value(3.0, "x") ** 2))
    \begin{align*}
    y &= x^{2} \\
    \frac{\partial y}{\partial x} &= 2 x
    \end{align*}
    """
    found = equations(root, lambda name: Formula(called(name)))
    return Latex(aligned((left, Formula.of(right).within(ADDED)) for left, right in _lines(found)))


def aligned(lines: Iterable[tuple[str, str]]) -> str:
    r"""Left and right sides of equations as LaTeX, one below the other.

    >>> print(aligned([("y", "2 x")]))
    \begin{align*}
    y &= 2 x
    \end{align*}
    """
    text = " \\\\\n".join(f"{left} &= {right}" for left, right in lines)
    return "\n".join([r"\begin{align*}", text, r"\end{align*}"])


def _lines(found: Equations) -> list[tuple[str, Any]]:
    """Left and right side of each line: values, then derivatives."""
    def derivative(name: str) -> str:
        return rf"\frac{{\partial {called(found.root)}}}{{\partial {called(name)}}}"
    start = f"d{found.root}/d"
    values = [(called(name), x) for name, x in found.parts.items() if not name.startswith(start)]
    slopes = [(derivative(name.removeprefix(start)), x) for name, x in found.parts.items() if name.startswith(start)]
    own = [(called(found.root), found.value)] if found.root not in found.gradient else []
    return [*values, *own, *slopes, *((derivative(name), x) for name, x in found.gradient.items())]


def called(name: str) -> str:
    r"""A name in LaTeX: v_{1}, \alpha, \mathrm{weight}. No letter of it is read as a command.

    >>> print(called("v1"), called("alpha"), called("w_2"), called("a%b"))
    v_{1} \alpha w_{2} \mathrm{a\%b}
    """
    if (slope := re.fullmatch(r"d(.+)/d(.+)", name)) is not None:
        return rf"\frac{{\partial {called(slope[1])}}}{{\partial {called(slope[2])}}}"
    parts = re.fullmatch(r"([A-Za-z]+?)_?(\d*)", name)
    if parts is None:
        return rf"\mathrm{{{''.join(ESCAPED.get(c, c) for c in name)}}}"
    letters = rf"\{parts[1]}" if parts[1] in GREEK else parts[1] if len(parts[1]) == 1 else rf"\mathrm{{{parts[1]}}}"
    return letters + (f"_{{{parts[2]}}}" if parts[2] else "")


class Formula(Arithmetic["Formula"]):
    """A formula with operators: operators and rows applied to it give longer formulas. `level` is its precedence."""

    __slots__ = ("text", "level")

    def __init__(self, text: str, level: int = ATOM) -> None:
        self.text, self.level = text, level

    @staticmethod
    def of(x: Any) -> Formula:
        """`x` itself if it is a Formula, else the number."""
        if isinstance(x, Formula):
            return x
        x = float(x)
        if not math.isfinite(x):
            return Formula(r"\mathrm{nan}" if x != x else r"\infty" if x > 0 else r"-\infty", ADDED if x < 0 else ATOM)
        mantissa, _, exponent = digits(x).partition("e")
        text = mantissa + (rf" \cdot 10^{{{int(exponent)}}}" if exponent else "")
        return Formula(text, ADDED if x < 0 else MULTIPLIED if exponent else ATOM)

    def within(self, level: int) -> str:
        """The formula, in parentheses if its precedence is below `level`. A comparison that is a number, 1 where it
        holds and 0 elsewhere, is in Iverson's brackets."""
        start, end = "[]" if self.level == COMPARED else "()"
        return self.text if self.level >= level else rf"\left{start}{self.text}\right{end}"

    def _apply(self, op: Op, args: Sequence[Any]) -> Formula:
        if op.infix:
            return infix(op.infix, *map(Formula.of, args))
        if op is ops.neg:
            return Formula(f"-{Formula.of(args[0]).within(MULTIPLIED)}", ADDED)
        if op.prints:
            return Formula.of(op.prints(*args))
        if op is ops.where:
            c, yes, no = map(Formula.of, args)
            condition = c.text if c.level == COMPARED else rf"{c.text} \ne 0"
            return Formula(rf"\begin{{cases}} {yes.within(ADDED)} & \text{{if }} {condition} \\ "
                           rf"{no.within(ADDED)} & \text{{otherwise}} \end{{cases}}")
        if op in (red.sum, red.dot):
            return summed(op, op.flat(args))
        return function(op, op.flat(args))

    def _gate(self, slope: Any, point: bool) -> Any:
        """A slope with a gate reads as the slope, which is the same wherever the gate is open."""
        return self if slope is None else slope

    def __repr__(self) -> str:
        return self.text


def infix(sign: str, a: Formula, b: Formula) -> Formula:
    """`a sign b`: a fraction, a power, or the sign between them; 1 x is written x, x^1 too."""
    if sign == "/":
        return Formula(rf"\frac{{{a.within(ADDED)}}}{{{b.within(ADDED)}}}", POWER)
    if sign == "**":
        return a if b.text == "1" else Formula(f"{a.within(ATOM)}^{{{b.within(ADDED)}}}", POWER)
    if sign == "*":
        if "1" in (a.text, b.text):
            return b if a.text == "1" else a
        left, right = a.within(MULTIPLIED), b.within(MULTIPLIED)
        dot = r" \cdot " if right[:1].isdigit() else " "
        return Formula(f"{left}{dot}{right}", MULTIPLIED)
    if sign in SIGNS:
        return Formula(f"{a.within(ADDED)} {SIGNS[sign]} {b.within(ADDED)}", COMPARED)
    right = b.within(MULTIPLIED if sign == "-" or b.text.startswith("-") else ADDED)
    return Formula(f"{a.within(ADDED)} {sign} {right}", ADDED)


def summed(op: Reduction, xs: Sequence[Any]) -> Formula:
    """The terms of a sum, or the products of a dot, one after the other."""
    terms = [x if len(pair) == 1 else Formula.of(pair[0]) * Formula.of(pair[1])
             for pair in zip(*op.split(xs)) for x in pair[:1]]
    total = Formula.of(terms[0]) if terms else Formula("0")
    for term in terms[1:]:
        total = total + Formula.of(term)
    return total


def function(op: Op, xs: Sequence[Any]) -> Formula:
    """A function as textbooks write it: a root, bars, e to the power, or name(inputs)."""
    inner = [Formula.of(x).within(ADDED) for x in xs]
    if op is ops.sqrt:
        return Formula(rf"\sqrt{{{inner[0]}}}")
    if op is ops.abs:
        return Formula(rf"\left|{inner[0]}\right|")
    if op is ops.exp:
        return Formula(f"e^{{{inner[0]}}}", POWER)
    own = rf"\{op.name}" if op.name in KNOWN else rf"\operatorname{{{''.join(ESCAPED.get(c, c) for c in op.name)}}}"
    return Formula(rf"{NAMES.get(op.name, own)}\left({', '.join(inner)}\right)")
