"""to_sympy(): a graph and its whole derivative as expressions of sympy, the extra "sympy".

    >>> from microgradx import Value
    >>> from microgradx.export import to_sympy
    >>> found = to_sympy((Value(0.5, "w") * Value(2.0, "x") + 1) ** 2)
    >>> found.value, found.parts
    (v2**2, {v2: w*x + 1, dy/dv2: 2*v2})
    >>> found.gradient
    {w: dy/dv2*x, x: dy/dv2*w}

An Expression stands in for a number. Rows that sympy has become its functions; all others are composed of these, as
compiled code composes them.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import ops
from .. import reductions as red
from ..arithmetic import Arithmetic
from ..branches import Condition
from ..compiler.ir.lowering import formula
from ..compiler.ir.row_names import name
from ..engine import Value
from ..extras import install
from ..table import Op, of_math
from .equations import equations
from .latex import aligned, called

OTHER = {"fabs": "Abs"}                     # names of math under which sympy has another function, or none


class Formulas(NamedTuple):
    """A graph as expressions of sympy.

    value       the value
    gradient    the derivative by each leaf, by its symbol
    parts       what they share, by symbol, in the order in which it is computed
    root        the symbol of the value; it stands in derivatives such as that of exp

    >>> from microgradx import Value
    >>> from microgradx.export import to_sympy
    >>> to_sympy(Value(3.0, "x") ** 2)._fields
    ('value', 'gradient', 'parts', 'root')
    """

    value: Any
    gradient: dict[Any, Any]
    parts: dict[Any, Any]
    root: Any

    def _repr_latex_(self) -> str:
        """Its lines, as sympy writes LaTeX: a notebook shows them set."""
        symbols = {x: called(x.name) for x in (*self.parts, self.root, *self.gradient)}
        slopes = {x: part for x, part in self.parts.items() if x.name.startswith(f"d{self.root.name}/d")}
        lines = {**{symbols[x]: part for x, part in self.parts.items() if x not in slopes},
                 symbols[self.root]: self.value, **{symbols[x]: part for x, part in slopes.items()},
                 **{called(f"d{self.root.name}/d{x.name}"): slope for x, slope in self.gradient.items()}}
        return aligned((left, library().latex(right, symbol_names=symbols)) for left, right in lines.items())

    def whole(self) -> Formulas:
        """The same in the leaves alone: every part in its place.

        >>> from microgradx import Value, exp
        >>> from microgradx.export import to_sympy
        >>> to_sympy(exp(Value(0.5, "w") * Value(2.0, "x"))).whole().gradient
        {w: x*exp(w*x), x: w*exp(w*x)}
        """
        known: dict[Any, Any] = {}
        for symbol, part in {**self.parts, self.root: self.value}.items():
            known[symbol] = part.xreplace(known)
        known = {symbol: part.xreplace(known) for symbol, part in known.items()}    # derivatives have the root in them
        return Formulas(known[self.root], {x: g.xreplace(known) for x, g in self.gradient.items()}, {}, self.root)


def to_sympy(root: Value) -> Formulas:
    """Value and derivative of a graph by all its leaves. TypeError if root is no Value or has a row that is computed by
    Python only; ImportError without sympy.

    Leaves are real symbols with the names that pictures and steps have for them; what is used more than once is a
    symbol of its own.

    >>> from microgradx import Value, relu
    >>> from microgradx.export import to_sympy
    >>> to_sympy(relu(Value(2.0, "x"))).value
    Piecewise((0, x <= 0), (x, True))
    """
    sympy = library()
    found = equations(root, lambda label: Expression(sympy.Symbol(label, real=True)))
    symbols = {label: sympy.Symbol(label, real=True) for label in (*found.parts, *found.gradient)}
    return Formulas(expression(found.value), {symbols[label]: expression(g) for label, g in found.gradient.items()},
                       {symbols[label]: expression(x) for label, x in found.parts.items()},
                       sympy.Symbol(found.root, real=True))


def library() -> Any:
    """sympy. ImportError that says what to install."""
    try:
        import sympy
    except ImportError:
        raise ImportError(f"to_sympy needs sympy; write {install('sympy')}") from None
    return sympy


def expression(x: Any) -> Any:
    """An Expression or a number as sympy has it: whole numbers as Integer."""
    sympy = library()
    if isinstance(x, Expression):
        return x.inner
    x = float(x)
    return sympy.Integer(int(x)) if x.is_integer() and abs(x) < 1e15 else sympy.Float(x, 17)


class Expression(Condition, Arithmetic["Expression"]):
    """An expression of sympy with operators: operators and rows applied to it give longer ones."""

    __slots__ = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def _apply(self, op: Op, args: Sequence[Any]) -> Any:
        xs = list(map(expression, op.flat(args)))
        sympy = library()
        known: Any = getattr(sympy, OTHER.get(of_math(op), of_math(op)) or (op.name if name(op)[1] else ""), None)
        if op in OPERATIONS or isinstance(known, sympy.FunctionClass):
            made = OPERATIONS[op](sympy, *xs) if op in OPERATIONS else known(*xs)
            # log(0): sympy's infinity of complex numbers has no sign
            return Expression(expression(op.at(*map(float, xs))) if made is sympy.zoo else made)
        try:
            return formula(op, list(map(Expression, xs)))
        except TypeError as error:
            raise TypeError(f"row {op.name!r} cannot be read as a formula: {error}. Write its value with rows of the "
                            "table, `from microgradx import exp` and not math.exp, or give row(..., lowering=...)"
                            ) from error

    def _gate(self, slope: Any, point: bool) -> Any:
        """A slope with a gate reads as the slope, which is the same wherever the gate is open."""
        return self if slope is None else slope

    def __float__(self) -> float:
        raise TypeError("it converts its input to a float, as math.exp(x) and round(x) do")


def _truth(sympy: Any, condition: Any) -> Any:
    """A comparison as a number, 1 or 0."""
    return sympy.Piecewise((1, condition), (0, True))


def _holds(sympy: Any, c: Any) -> Any:
    """The condition that a number is not 0: the comparison itself where the number was made from one."""
    if isinstance(c, sympy.Piecewise) and [x for x, _ in c.args] == [1, 0]:
        return c.args[0][1]
    return sympy.Ne(c, 0)


def _where(sympy: Any, c: Any, p: Any, q: Any) -> Any:
    return sympy.Piecewise((p, _holds(sympy, c)), (q, True))


def _dot(sympy: Any, *xs: Any) -> Any:
    half = len(xs) // 2
    return sympy.Add(*[x * y for x, y in zip(xs[:half], xs[half:])])


def _entry(sympy: Any, *xs: Any) -> Any:
    return sympy.Piecewise(*[(x, sympy.Eq(xs[-1], k)) for k, x in enumerate(xs[:-1])], (sympy.nan, True))


# Operators, and functions of several inputs; {op: (sympy, *inputs) -> expression}
OPERATIONS: dict[Op, Any] = {
    ops.add: lambda _, a, b: a + b, ops.sub: lambda _, a, b: a - b, ops.mul: lambda _, a, b: a * b,
    ops.div: lambda _, a, b: a / b, ops.pow: lambda _, x, n: x**n, ops.neg: lambda _, x: -x,
    ops.identity: lambda _, x: x, ops.detach: lambda _, x: x,
    ops.sqrt: lambda s, x: s.sqrt(x), ops.expm1: lambda s, x: s.exp(x) - 1, ops.log1p: lambda s, x: s.log(1 + x),
    ops.hypot: lambda s, a, b: s.sqrt(a**2 + b**2),
    ops.sech: lambda s, x: 1 / s.cosh(x),       # lambdify writes sech(tan(x)) with complex numbers
    ops.less: lambda s, a, b: _truth(s, a < b), ops.less_equal: lambda s, a, b: _truth(s, a <= b),
    ops.greater: lambda s, a, b: _truth(s, a > b), ops.greater_equal: lambda s, a, b: _truth(s, a >= b),
    ops.where: _where, ops.maximum: lambda s, a, b: s.Max(a, b), ops.minimum: lambda s, a, b: s.Min(a, b),
    red.sum: lambda s, *xs: s.Add(*xs), red.dot: _dot, red.entry: _entry,
}
