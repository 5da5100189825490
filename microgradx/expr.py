"""Text to a graph: an expression is parsed, never executed.

    >>> from microgradx.expr import parse
    >>> parse("tanh(w*x + b)", w=0.5, x=2, b=-1).data
    0.0
    >>> parse("9**9**9").data                       # literals are floats before any arithmetic
    inf
    >>> parse("w.__class__", w=1)
    Traceback (most recent call last):
    microgradx.expr.ExpressionError: column 1: 'w.__class__' is not allowed (attribute); write numbers, names, ...

Python's own parser makes a syntax tree. The few kinds of node that have a method below become calls of rows; all other
kinds are refused. So no text can call anything but the table.
"""
import ast
import math
import re
from collections.abc import Callable, Iterable, Iterator
from keyword import iskeyword
from typing import Any, NoReturn, cast
from unicodedata import normalize
from warnings import catch_warnings, simplefilter

from .activations import log_softmax, softmax
from .engine import Value
from .ieee import kind_of, number, printable, short
from .table import TABLE, Op

LENGTH, NODES, DEPTH = 4_000, 1_000, 100            # characters, parts, and how deep they nest
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}
ALLOWED = "write numbers, names, + - * / **, < <= > >=, [lists] and functions of the table (microgradx ops)"
WORD = re.compile(r"[^\W\d]\w*")


class ExpressionError(ValueError):
    """A text is not an expression of the table: one line with the part, its column, and what to write.

    >>> from microgradx import parse
    >>> parse("w*x", w=0.5)
    Traceback (most recent call last):
    microgradx.expr.ExpressionError: column 3: 'x' has no value; add x=1; given: w
    """


def parse(text: str, /, **variables: Value | float) -> Value:
    """The graph of an expression. ExpressionError for any other text, and for a missing or unused variable.

    TypeError if a variable is not a number. Variables that are numbers become labelled leaves; Values stay as they are.
    Functions are the rows of the table, softmax and log_softmax; reductions take lists, `dot([w, v], [x, 1])`;
    `softmax([a, b])[0]` picks from a list; pi, e, inf and nan have their usual values unless a variable has that name.

    >>> from microgradx.expr import parse
    >>> y = parse("w*x + w", w=3, x=2)
    >>> y.backward()
    >>> [(v.label, v.grad) for v in (y.args[1], y.args[0].args[1])]
    [('w', 3.0), ('x', 3.0)]
    """
    # Python's parser normalises names (the micro sign becomes the letter mu), so variables are normalised too
    reader = _Reader(text, {normalize("NFKC", name): _leaf(name, x) for name, x in variables.items()})
    result = reader.one(reader.tree)
    unused = [name for name in reader.variables if name not in reader.used]
    if unused:
        raise ExpressionError(f"{printable(' and '.join(unused))} given but not used in {short(text)}")
    return result if isinstance(result, Value) else Value(result)


def _leaf(name: str, x: Any) -> Value:
    """The Value that a variable stands for."""
    try:
        return x if isinstance(x, Value) else Value(x, name)
    except TypeError as error:
        raise TypeError(f"variable {printable(name)}: {error}") from None


def functions() -> dict[str, Callable[..., Any]]:
    """The callable functions by name: every row of the table, including those a user added."""
    return {**TABLE, "softmax": softmax, "log_softmax": log_softmax}


class _Reader(ast.NodeVisitor):
    """Parses one text. Its visit methods are the whitelist; each returns a Value, a float or a list of them."""

    def __init__(self, text: str, variables: dict[str, Value]) -> None:
        if not isinstance(text, str):
            raise TypeError(f"an expression is a str, got {kind_of(text)}")
        self.text, self.variables = re.sub(r"\s", " ", text.rstrip()), variables
        self.margin = len(self.text) - len(self.text.lstrip())
        self.used: set[str] = set()
        self.depth = self.nodes = 0
        self.signs: dict[str, Op] = {op.infix: op for op in TABLE.values() if op.infix}
        self.tree = self._parsed()

    def _parsed(self) -> ast.AST:
        """The syntax tree. ExpressionError for a text that would overflow Python's parser or get an unclear message."""
        text = self.text
        if len(text) > LENGTH:
            raise ExpressionError(f"the expression has {len(text)} characters; at most {LENGTH} are read")
        if not text:
            raise ExpressionError(f"the expression is empty; {ALLOWED}")
        for word in WORD.finditer(text):
            if iskeyword(word[0]):
                self.refuse_at(word.start(), word[0], "is a word of Python's own; name a variable otherwise, "
                                                      "and choose with where(x > 0, p, q)")
        for column in _too_deep(text):
            self.refuse_at(column, text[column:], f"is nested more than {DEPTH} deep")
        for strange in re.finditer(r"[#'\"\\\0]", text):  # a comment would silently hide the rest
            self.refuse_at(strange.start(), strange[0], f"is not allowed; {ALLOWED}")
        try:
            with catch_warnings():                      # for `1else` Python warns; it is refused anyway
                simplefilter("ignore")
                return ast.parse(text.lstrip(), mode="eval").body
        except SyntaxError as error:
            column = self.margin + error.offset - 1 if error.offset else len(text)
            reason = error.msg.split(". ")[0]           # without Python's guess, "Maybe you meant '=='"
            self.refuse_at(column, text[column:], f"cannot be read ({reason}); {ALLOWED}")
        except (ValueError, MemoryError, RecursionError) as error:
            raise ExpressionError(f"the expression cannot be read ({error or 'too deep'}); {ALLOWED}") from None

    def visit(self, node: ast.AST) -> Any:
        """The value of one node. ExpressionError beyond the limits of depth and size."""
        self.depth, self.nodes = self.depth + 1, self.nodes + 1
        if self.depth > DEPTH:
            self.refuse(node, f"stands more than {DEPTH} deep; write a long sum as sum([a, b, c])")
        if self.nodes > NODES:
            self.refuse(node, f"is one part too many; at most {NODES} are read")
        meaning = super().visit(node)
        self.depth -= 1
        return meaning

    def one(self, node: ast.AST) -> Value | float:
        """The value of a node that must be one number. ExpressionError for a list."""
        meaning = self.visit(node)
        if isinstance(meaning, list):
            self.refuse(node, "is a list where one number is needed; lists go into sum([...]), dot([...], [...]), "
                              "and [0] picks from one")
        return cast(Value | float, meaning)

    def visit_Constant(self, node: ast.Constant) -> float:
        if type(node.value) not in (int, float):
            self.refuse(node, f"is no real number; {ALLOWED}")
        return number(node.value)

    def visit_Name(self, node: ast.Name) -> Value | float:
        if node.id in self.variables:
            self.used.add(node.id)
            return self.variables[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id in functions():
            self.refuse(node, f"is a function; write {node.id}(...)")
        lacking = [f"{name}=1" for name in self._names() if name not in self.variables]
        given = f"; given: {printable(', '.join(self.variables))}" if self.variables else ""
        self.refuse(node, f"has no value; add {' '.join(lacking)}{given}")

    def visit_BinOp(self, node: ast.BinOp) -> Value | float:
        sign = SIGNS.get(type(node.op))
        if sign is None:
            power = "; a power is written x**2" if isinstance(node.op, ast.BitXor) else ""
            self.refuse(node, f"is not allowed ({_kind(node.op)}){power}; {ALLOWED}")
        return self.applied(self.signs[sign], node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Value | float:
        if isinstance(node.op, ast.UAdd):
            return self.one(node.operand)
        if isinstance(node.op, ast.USub):
            return self.applied(TABLE["neg"], node.operand)
        self.refuse(node, f"is not allowed ({_kind(node.op)}); {ALLOWED}")

    def visit_Compare(self, node: ast.Compare) -> Value | float:
        sign = SIGNS.get(type(node.ops[0]))
        if sign is None or len(node.ops) > 1:
            self.refuse(node, "is not the comparison of two numbers by one of < <= > >=")
        return self.applied(self.signs[sign], node.left, *node.comparators)

    def visit_Call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name):
            self.refuse(node.func, f"is no function of the table; {ALLOWED}")
        function = functions().get(node.func.id)
        if function is None:
            self.refuse(node.func, f"is no function of the table; {_meant(node.func.id, functions())}")
        if node.keywords:
            self.refuse(node, "takes its inputs in order, without names")
        inputs = [self.visit(argument) for argument in node.args]
        try:
            return function(*inputs)
        except (TypeError, ValueError, IndexError) as error:
            self.refuse(node, f"is refused ({error})")

    def visit_List(self, node: ast.List) -> list[Value | float]:
        return [self.one(element) for element in node.elts]

    def visit_Subscript(self, node: ast.Subscript) -> Value | float:
        elements, i = self.visit(node.value), self.visit(node.slice)
        if not isinstance(elements, list) or not isinstance(i, float) or i not in range(len(elements)):
            self.refuse(node, "picks nothing; from a list pick by a whole number: softmax([a, b])[0]")
        return cast(Value | float, elements[int(i)])

    def generic_visit(self, node: ast.AST) -> NoReturn:
        self.refuse(node, f"is not allowed ({_kind(node)}); {ALLOWED}")

    def applied(self, op: Op, *operands: ast.expr) -> Value | float:
        """An operator of the table on its operands."""
        result: Value | float = op(*map(self.one, operands))
        return result

    def refuse(self, node: ast.AST, reason: str) -> NoReturn:
        """ExpressionError about a node of the tree."""
        source = self.text.lstrip()
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None)
        before, part = source.encode()[:start].decode(), source.encode()[start:end].decode()    # counted in bytes
        self.refuse_at(self.margin + len(before), part, reason)

    def refuse_at(self, column: int, part: str, reason: str) -> NoReturn:
        """ExpressionError about a part of the text, from this position on."""
        raise ExpressionError(f"column {column + 1}: {short(part) if part else 'the end'} {reason}") from None

    def _names(self) -> Iterable[str]:
        """The names in the text that stand for numbers, each once, in order."""
        called = {id(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
        found = [n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and id(n) not in called]
        found.sort(key=lambda n: n.col_offset)
        return dict.fromkeys(n.id for n in found if n.id not in CONSTANTS)


def _too_deep(text: str) -> Iterator[int]:
    """Columns where brackets or consecutive signs nest too deep, which crashes Python's parser on some machines."""
    brackets = signs = 0
    for column, character in enumerate(text):
        brackets += (character in "([") - (character in ")]")
        signs = signs + 1 if character in "+-~" else signs if character == " " else 0
        if max(brackets, signs) > DEPTH:
            yield column


def _kind(node: ast.AST) -> str:
    """Python's name of this kind of node: "joined str" for JoinedStr."""
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()


def _meant(name: str, known: Iterable[str]) -> str:
    """Advice: the known names that are close to this one, or the command that lists all."""
    from difflib import get_close_matches
    close = get_close_matches(name, known)
    return f"did you mean {' or '.join(close)}?" if close else "see them all with: microgradx ops"
