"""A row's formula and slopes as trees, which the page sets as mathematics: fractions, powers, roots.

    >>> from microgradx import sigmoid, sqrt
    >>> from microgradx.show.web.notation import notation
    >>> found = notation(sqrt, 1)               # one input
    >>> found["value"], found["slopes"]
    (['call', 'sqrt', 0], [['/', '1', ['*', '2', -1]]])
    >>> notation(sigmoid, 1)["textbook"]
    ['*', ['call', 'sigmoid', 0], ['-', '1', ['call', 'sigmoid', 0]]]

Python's parser reads the text of text.py. In a tree an int is the index of an input, from 0, or -1 for the result; a
str is literal: a number, or a formula that is not parsed.
"""
import ast
from collections.abc import Sequence
from typing import Any

from ...naming import brief
from ...table import Op, Reduction
from ...text import formula, slopes, symbols, textbook

RESULT = -1                                 # in the place of an index
LENGTH, ELEMENTS = 400, 4                   # most characters of a formula; elements of a list that are shown
SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}
Tree = Any                                  # int | str | [sign, Tree, ...] | ["call", name, Tree, ...]


def notation(op: Op, count: int) -> dict[str, Tree]:
    """The trees of `op` at `count` inputs: "value"; "slopes", None for an input without one; "textbook", or None.

    The page puts constants in the place of letters (simplified() in formula.js).
    """
    letters = op.names(count)
    places = {letter: i for i, letter in enumerate(letters)} | {"y": RESULT}
    value = tree(formula(op, _abridged(op, letters)), places)
    return {
        "value": value,
        "slopes": [slope and tree(slope.text, places) for slope in slopes(op, symbols(op, letters), range(count))],
        "textbook": tree(form, places) if (form := textbook(op)) else None,
    }


def tree(text: str, places: dict[str, int]) -> Tree:
    """A formula as a tree; its text if Python cannot parse it, "..." if it is too long to show."""
    if len(text) > LENGTH:
        return "..."
    try:
        return _tree(ast.parse(text, mode="eval").body, places)
    except (SyntaxError, ValueError, LookupError):      # a row may have any name: row("my own", ...)
        return text


def _tree(node: ast.expr, places: dict[str, int]) -> Tree:
    match node:
        case ast.Name(id=name):
            return places.get(name, name)
        case ast.Constant(value=int() | float() as x):
            return brief(x)
        case ast.Constant():                # the dots in an abridged list
            return "..."
        case ast.UnaryOp(operand=x):
            return ["-", _tree(x, places)]
        case ast.BinOp(left=a, op=sign, right=b) | ast.Compare(left=a, ops=[sign], comparators=[b]):
            return [SIGNS[type(sign)], _tree(a, places), _tree(b, places)]
        case ast.Call(func=ast.Name(id=name), args=args):
            return ["call", name, *(_tree(x, places) for x in args)]
        case ast.List(elts=elements):
            return ["list", *(_tree(x, places) for x in elements)]
    raise LookupError(ast.dump(node))


def _abridged(op: Op, inputs: Sequence[Any]) -> Sequence[Any]:
    """The inputs of a row, with long lists abridged: [x1, x2, ..., x100]."""
    if not isinstance(op, Reduction):
        return inputs
    size = (len(inputs) - op.index) // op.lists
    lists = [inputs[k * size:(k + 1) * size] for k in range(op.lists)]
    short = [xs if size <= ELEMENTS else [*xs[:ELEMENTS - 2], "...", xs[-1]] for xs in lists]
    return [*(x for xs in short for x in xs), *inputs[op.lists * size:]]
