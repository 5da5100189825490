"""The table as text: a Symbol stands in for a number and writes down the operations on it.

    >>> from microgradx.text import Symbol, rule
    >>> from microgradx import tanh, mul
    >>> Symbol("w") * Symbol("x") + 1
    w*x + 1
    >>> rule(tanh, 0)
    'sech(x)**2'
    >>> rule(mul, 1, ["w", "x"])
    'w'
"""
from collections.abc import Sequence
from typing import Any

from .arithmetic import Arithmetic
from .table import Op, Reduction

LEVELS = {"<": 0, "<=": 0, ">": 0, ">=": 0, "+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
UNARY, ATOM = 3, 5


def digits(x: float) -> str:
    """A float as it is typed: 2 for 2.0, every digit otherwise."""
    return repr(x).removesuffix(".0")


class Symbol(Arithmetic["Symbol"]):
    """A piece of text with operators: operators and rows applied to it give longer text.

    `level` is its precedence, so that only the necessary parentheses are written.
    """

    __slots__ = ("text", "level")

    def __init__(self, text: str, level: int = ATOM) -> None:
        self.text, self.level = text, level

    @staticmethod
    def of(x: Any) -> "Symbol":
        """`x` itself if it is a Symbol, else the number as text."""
        if isinstance(x, Symbol):
            return x
        return Symbol(digits(float(x)), UNARY if x < 0 else ATOM)

    def within(self, level: int) -> str:
        """The text, in parentheses if its precedence is below `level`."""
        return self.text if self.level >= level else f"({self.text})"

    def _apply(self, op: Op, args: Sequence[Any]) -> "Symbol":
        if op.infix:
            return infix(op.infix, *args)
        if op.prints:
            return Symbol.of(op.prints(*args))
        return called(op, op.flat(args))

    def _gate(self, slope: Any, point: bool) -> Any:
        """A slope with a gate reads as the slope, which is the same wherever the gate is open."""
        return self if slope is None else slope

    def __neg__(self) -> "Symbol":
        return Symbol("-" + self.within(LEVELS["*"]), LEVELS["*"])

    def __repr__(self) -> str:
        return self.text


def infix(sign: str, a: Any, b: Any) -> Symbol:
    """`a sign b`, with 1*x and x**1 written x."""
    if (sign == "*" and _is_one(a)) or (sign in ("*", "/", "**") and _is_one(b)):
        return Symbol.of(b if sign == "*" and _is_one(a) else a)
    return written(sign, a, b)


def written(sign: str, a: Any, b: Any) -> Symbol:
    """`a sign b`, with the parentheses that it needs."""
    level, gap = LEVELS[sign], " " if LEVELS[sign] < 2 else ""
    # a power puts its left side in parentheses, (x**2)**3; the others their right side, a - (b - c); a comparison both,
    # since Python reads a < b < c as a < b and b < c
    left, right = (level + 1, level) if sign == "**" else (level + (level == 0), level + 1)
    if sign in ("+", "*"):
        right = level
    ahead = Symbol.of(b).within(right)
    ahead = f"({ahead})" if level and ahead.startswith("-") else ahead
    return Symbol(f"{Symbol.of(a).within(left)}{gap}{sign}{gap}{ahead}", level)


def _is_one(x: Any) -> bool:
    return not isinstance(x, Symbol) and bool(x == 1)


def called(op: Op, inputs: Sequence[Any]) -> Symbol:
    """name(inputs)."""
    return Symbol(f"{op.name}({_listed(op, [Symbol.of(x).text for x in inputs])})")


def _listed(op: Op, texts: list[str]) -> str:
    """The inputs as they are written in a call: a reduction's in its lists."""
    if not isinstance(op, Reduction):
        return ", ".join(texts)
    size = (len(texts) - op.index) // op.lists
    lists = [f"[{', '.join(texts[k * size:(k + 1) * size])}]" for k in range(op.lists)]
    return ", ".join(lists + texts[op.lists * size:])


def formula(op: Op, names: Sequence[Any] = ()) -> str:
    """The operation applied to inputs of these names (its own letters by default): "a + b"."""
    inputs = symbols(op, names)
    if op.prints:
        return Symbol.of(op.prints(*inputs)).text
    return (written(op.infix, *inputs) if op.infix else called(op, inputs)).text


def rule(op: Op, i: int, names: Sequence[Any] = (), result: str = "y") -> str:
    """The slope by input `i` as text, in the names of the inputs and of the result."""
    [slope] = slopes(op, symbols(op, names), [i], result)
    return "0" if slope is None else slope.text


def slopes(op: Op, inputs: Sequence[Any], wanted: Sequence[int], result: str = "y") -> list[Symbol | None]:
    """The slopes by the wanted inputs; None where there is none. Those of a reduction as textbooks write them."""
    if callable(op.textbook):
        found = {i: op.textbook(Symbol(result), i, *inputs) for i in wanted}
    else:
        found = dict(enumerate(op.partials([i in wanted for i in range(len(inputs))], Symbol(result), *inputs)))
    return [None if found[i] is None else Symbol.of(found[i]) for i in wanted]


def textbook(op: Op) -> str:
    """The slope as textbooks write it, beside the rule; "" if there is no other form, or if it is the rule itself."""
    return op.textbook if isinstance(op.textbook, str) else ""


def symbols(op: Op, names: Sequence[Any] = ()) -> list[Any]:
    """Names as Symbols, numbers as they are."""
    return [Symbol(n) if isinstance(n, str) else n for n in names or op.names(2 * len(op.inputs))]
