"""Rows of the table as JavaScript, for pages that compute: values and slopes, no derivative written a second time.

    >>> from microgradx import square
    >>> from microgradx.show.web.javascript import JavaScriptRows
    >>> program = JavaScriptRows()
    >>> program.include(square, 1)              # what the row is called there
    'square'
    >>> print(program.source())
    const values = {}, slopes = {};
    values.square = (x) => x * x;
    slopes.square = (y, x) => [2 * x];

Slopes, and values composed of operators and other rows, are traced (script.py): also of a row that you add. A value
that calls Python's math is a primitive, and has its one spelling here.
"""
import re

from ...activations import ALPHA, SCALE
from ...table import LETTERS, Op, Reduction
from .script import function

# The value of each primitive: a function of JavaScript's Math, one of web/math.js, or one written out.
SPELLINGS: dict[str, str] = {
    "pow": "power", "xlogy": "xlogy", "sqrt": "Math.sqrt",
    "exp": "Math.exp", "expm1": "Math.expm1", "log": "Math.log", "log1p": "Math.log1p",
    "sin": "Math.sin", "cos": "Math.cos", "tan": "Math.tan", "asin": "Math.asin", "acos": "Math.acos",
    "atan": "Math.atan", "atan2": "Math.atan2", "hypot": "Math.hypot",
    "sinh": "Math.sinh", "cosh": "Math.cosh", "tanh": "Math.tanh",
    "asinh": "Math.asinh", "acosh": "Math.acosh", "atanh": "Math.atanh", "erf": "erf", "erfc": "erfc",
    "sign": "Math.sign", "abs": "Math.abs",
    "less": "(a, b) => Number(a < b)", "less_equal": "(a, b) => Number(a <= b)",
    "greater": "(a, b) => Number(a > b)", "greater_equal": "(a, b) => Number(a >= b)",
    "sigmoid": "sigmoid", "softplus": "softplus", "log_sigmoid": "(x) => -softplus(-x)",
    "elu": "(x, a) => x > 0 ? x : a * Math.expm1(x)",
    "selu": f"(x) => {SCALE} * (x > 0 ? x : {ALPHA} * Math.expm1(x))",
    # of any number of inputs: a loop is shorter than its trace, and max has a branch for every input
    "sum": "sum", "dot": "dot", "masked_dot": "maskedDot", "prod": "product", "logsumexp": "logsumexp", "take": "take",
    "max": "Math.max", "first_max": "Math.max", "min": "Math.min",
}


class JavaScriptRows:
    """The rows that a graph is made of, and those that their values and slopes are made of, as JavaScript.

    In it `values.name(...inputs)` is a number, `slopes.name(value, ...inputs)` a list of numbers, with null for an
    input that never has a slope. A row of any number of inputs becomes a function for each number that is used.
    """

    def __init__(self) -> None:
        self.names: dict[tuple[str, int], str] = {}
        self.lines: dict[str, str] = {}

    def include(self, op: Op, count: int) -> str:
        """Add `op` at `count` inputs, value and slopes, and tell its name in JavaScript.

        TypeError, telling what to do, if its value can be neither traced nor is spelled.
        """
        name = self._name(op, count)
        if f"slopes.{name}" not in self.lines:
            self.lines[f"slopes.{name}"] = function(
                lambda y, *xs: op.partials([True] * count, y, *xs), ["y", *_letters(count)], self.value)
        return name

    def value(self, op: Op, count: int) -> str:
        """The function in JavaScript that gives the value."""
        return f"values.{self._name(op, count)}"

    def source(self) -> str:
        """The program."""
        return "\n".join(["const values = {}, slopes = {};", *(f"{at} = {f};" for at, f in self.lines.items())])

    def _name(self, op: Op, count: int) -> str:
        """A name of its own for each row and number of inputs; its value is added when the name is first asked for."""
        if (op.name, count) not in self.names:
            name = re.sub(r"^(?=\d|$)|\W", "_", op.name, flags=re.ASCII) + str(count) * isinstance(op, Reduction)
            while name in self.names.values():          # "my row" and "my-row"
                name += "_"
            self.names[op.name, count] = name
            self.lines[f"values.{name}"] = SPELLINGS.get(op.name) or self._traced(op, count)
        return self.names[op.name, count]

    def _traced(self, op: Op, count: int) -> str:
        """The value of a row that is composed of operators and other rows."""
        try:
            return function(op.value, _letters(count), self.value)
        except Exception as error:
            raise TypeError(
                f"row {op.name!r} cannot be read as JavaScript: {error}. Compute its value with rows of the table, "
                f"`from microgradx import exp` and not math.exp, or spell it: microgradx.show.web.javascript."
                f"SPELLINGS[{op.name!r}] = '({', '.join(_letters(count))}) => ...'") from error


def _letters(count: int) -> list[str]:
    """The names of the inputs; not the row's own, which JavaScript may not allow."""
    return list(LETTERS.get(count) or (f"x{i + 1}" for i in range(count)))
