"""Rows of the table as JavaScript, for pages that compute: values and slopes, without writing a derivative twice.

    >>> from microgradx import square
    >>> from microgradx.show.web.javascript import JavaScriptRows
    >>> program = JavaScriptRows()
    >>> program.include(square, 1)              # the name of the row in JavaScript
    'square'
    >>> print(program.source())
    const values = {}, slopes = {};
    values.square = (x) => x * x;
    slopes.square = (y, x) => [2 * x];

Slopes, and values composed of operators and other rows, are traced (script.py), also those of a row that you add. A
value that is a function of Python's `math` becomes the JavaScript function of that name. Any other value needs a
`lowering`, which is traced instead. The file math.js has the functions that JavaScript's own Math lacks.
"""
import re
from functools import cache
from importlib.resources import files

from ... import ops, reductions
from ...table import LETTERS, Op, Reduction, of_math
from .script import function

# The functions that JavaScript's Math (ECMAScript 2015) and Python's math have in common.
MATH = frozenset([
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp", "expm1", "hypot", "log",
    "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh"])

# Rows written by hand in math.js: pow, where JavaScript differs from Python at 1 ** NaN, and take, which raises.
MACHINE: dict[Op, str] = {ops.pow: "power", reductions.entry: "take"}


class JavaScriptRows:
    """The rows of a graph as JavaScript, with the rows that their values and slopes use.

    `values.name(...inputs)` is a number, `slopes.name(value, ...inputs)` a list of numbers, with null for an input
    without a slope. A row of any number of inputs becomes one function for each number of inputs in use.
    """

    def __init__(self) -> None:
        self.names: dict[tuple[str, int], str] = {}
        self.lines: dict[str, str] = {}

    def include(self, op: Op, count: int) -> str:
        """Add value and slopes of `op` at `count` inputs; its name in JavaScript.

        TypeError if its value cannot be traced, with what to write instead.
        """
        name = self._name(op, count)
        if f"slopes.{name}" not in self.lines:
            self.lines[f"slopes.{name}"] = function(
                lambda y, *xs: op.partials([True] * count, y, *xs), ["y", *_letters(count)], self.value)
        return name

    def value(self, op: Op, count: int) -> str:
        """The JavaScript function of the value."""
        return f"values.{self._name(op, count)}"

    def source(self) -> str:
        """The JavaScript program."""
        return "\n".join(["const values = {}, slopes = {};", *(f"{at} = {f};" for at, f in self.lines.items())])

    def _name(self, op: Op, count: int) -> str:
        """A unique name for each row and number of inputs. The first call also adds the value."""
        if (op.name, count) not in self.names:
            name = re.sub(r"^(?=\d|$)|\W", "_", op.name, flags=re.ASCII) + str(count) * isinstance(op, Reduction)
            while name in self.names.values():          # "my row" and "my-row"
                name += "_"
            self.names[op.name, count] = name
            self.lines[f"values.{name}"] = MACHINE.get(op) or _of_math(op) or self._traced(op, count)
        return self.names[op.name, count]

    def _traced(self, op: Op, count: int) -> str:
        """The traced value, or lowering, of a row. TypeError if it cannot be traced."""
        try:
            return function(op.lowering or op.value, _letters(count), self.value)
        except Exception as error:
            raise TypeError(
                f"row {op.name!r} cannot be read as JavaScript: {error}. Compute its value with rows of the table, "
                f"`from microgradx import exp` and not math.exp, or say it once more so: row({op.name!r}, ..., "
                f"lowering=lambda {', '.join(_letters(count))}: ...)") from error


def _of_math(op: Op) -> str:
    """The JavaScript function of a row whose value is a function of Python's math; "" if there is none."""
    name = of_math(op)
    return f"Math.{name}" if name in MATH else name if name in _own() else ""


@cache
def _own() -> frozenset[str]:
    """The functions in math.js."""
    text = (files(__package__) / "core" / "math.js").read_text(encoding="ascii")
    return frozenset(re.findall(r"^function (\w+)\(", text, re.MULTILINE))


def _letters(count: int) -> list[str]:
    """Names for the inputs; the row's own names might not be allowed in JavaScript."""
    return list(LETTERS.get(count) or (f"x{i + 1}" for i in range(count)))
