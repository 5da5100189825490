"""Where was this Value computed? sources() remembers file, line and name; stop_at_nonfinite() raises at the culprit.

    >>> from microgradx import Value, sources, where_made
    >>> with sources():
    ...     w = Value(3.0)
    ...     y = w * w + 1
    >>> y.label, where_made(y).line, where_made(y).name
    ('y', 3, 'y')

Both cost nothing when they are off: they are a mode of their own (engine.mode), which records as always and then looks
at the result.
"""
import ast
import linecache
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from contextvars import Token
from functools import lru_cache
from itertools import islice
from types import FrameType
from typing import Any, NamedTuple

from .derivatives import gradients
from .engine import Value, mode, record, tape, tracer
from .ieee import printable
from .table import Op
from .vector import reduce

CODE = 80                                   # characters shown of a line
PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
OWN = frozenset(PACKAGE + name + ".py" for name in (        # operators themselves: the line that calls them computes
    "engine", "operators", "arithmetic", "table", "vector", "watching", "reductions", "activations", "recording"))


_KNOWN: dict[str, tuple[list[str], dict[Any, str]]] = {}    # of each file its lines and what is assigned in them


class Source(NamedTuple):
    """The line that computed a Value: its file and number, and the variable that the result was assigned to, or ""."""

    file: str
    line: int
    name: str

    @property
    def code(self) -> str:
        """The line itself, without its indentation; "" if the file is not there."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        return printable(f"{os.path.basename(self.file)}:{self.line}")


class ScopeAt(str):
    """A scope that knows the line, too: a Value has no room for more."""

    source: Source
    __slots__ = ("source",)


def where_made(v: Value) -> Source | None:
    """The line of a Value that was computed within sources(); None for any other.

    >>> from microgradx import Value, sources, where_made
    >>> with sources():
    ...     y = Value(3.0) * 2
    >>> where_made(y).line, where_made(y).name, where_made(Value(3.0) * 2)
    (2, 'y', None)
    """
    return v.scope.source if isinstance(v.scope, ScopeAt) else None


def at_line(v: Value) -> str:
    """" (file.py:3: y = w * x)" for a Value that was computed within sources(), "" for any other."""
    source = where_made(v)
    return f" ({source}: {printable(source.code[:CODE])})" if source else ""


class NonFinite(ArithmeticError):
    """A value or gradient that is infinite or nan; `node` is the Value that first has it.

    >>> from microgradx import NonFinite, Value, log, stop_at_nonfinite
    >>> try:
    ...     with stop_at_nonfinite():
    ...         log(Value(0.0)) * 2
    ... except NonFinite as error:
    ...     print(repr(error.node.op))
    <row log(x)>
    """

    def __init__(self, message: str, node: Value) -> None:
        super().__init__(message)
        self.node = node


class Watch:
    """A mode that records and then calls each of `looks` with the result; each of `before` with a root before backward.

    path   the scope of what is recorded; None in no_grad()
    """

    is_watch = True
    __slots__ = ("path", "looks", "before", "tokens")

    def __init__(self, path: str | None, looks: Sequence[Callable[[Value], None]] = (),
                 before: Sequence[Callable[[Value], None]] = ()) -> None:
        self.path, self.looks, self.before = path, tuple(looks), tuple(before)
        self.tokens: list[Token[Any] | None] = []

    @property
    def scope(self) -> str:
        """The scope of leaves that are made."""
        return self.path or ""

    def within(self, path: str | None) -> "Watch":
        """The same in another scope, or in none."""
        return Watch(path, self.looks, self.before)

    def record(self, op: Op, args: Sequence[Any]) -> Value:
        """An operation, as the engine records it, and a look at the result."""
        return self.seen(self.plainly(record, op, args))

    def lists(self, op: Any, lists: Sequence[Any]) -> Value:
        """The same for a row of lists."""
        return self.seen(self.plainly(reduce, op, lists))

    def backward(self, root: Value) -> None:
        """The backward pass, after a look at its root."""
        for look in self.before:
            look(root)
        self.plainly(Value.backward, root)

    def plainly(self, f: Callable[..., Any], *args: Any) -> Any:
        """f, recorded as always."""
        token = mode.set(self.path)
        try:
            return f(*args)
        finally:
            mode.reset(token)

    def seen(self, v: Value) -> Value:
        """A result, after each look at it."""
        for look in self.looks:
            look(v)
        return v

    def __enter__(self) -> None:
        now = mode.get()
        if tracer() is not None:                        # jit computes no numbers, and its lines are those of the trace
            self.tokens.append(None)
            return
        plain = now is None or type(now) is str
        mine = Watch(now if plain else now.path, [*(() if plain else now.looks), *self.looks],
                     [*(() if plain else now.before), *self.before])
        self.tokens.append(mode.set(mine))

    def __exit__(self, *_: object) -> None:
        if (token := self.tokens.pop()) is not None:
            mode.reset(token)


# Lines and names -----------------------------------------------------------------------------------------------

def sources() -> AbstractContextManager[None]:
    """A with-block in which every operation knows the line that it stands on: where_made(v) tells, and so do the
    stepper, trees, pictures and errors. A result that is assigned to a variable is labelled with its name.

    It holds per thread and task. Each operation takes some ten microseconds more.

    >>> from microgradx import Value, sources, where_made
    >>> with sources():
    ...     loss = (Value(2.0) * 3 - 1) ** 2
    >>> loss.label, where_made(loss).code
    ('loss', 'loss = (Value(2.0) * 3 - 1) ** 2')
    """
    return Watch("", [_remember])


def _remember(v: Value) -> None:
    frame: FrameType | None = sys._getframe(1)
    direct = True
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        direct = direct and frame.f_code.co_filename in OWN
        frame = frame.f_back
    if frame is None or v.op is None:
        return
    name, place = _assigned(frame) if direct else "", ScopeAt(v.scope)
    place.source = Source(frame.f_code.co_filename, frame.f_lineno, name)
    v.scope, v.label = place, v.label or name


def _assigned(frame: FrameType) -> str:
    """The variable that the expression under way in a frame is assigned to; "" if it is only a part of one."""
    place = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
    return targets(frame.f_code.co_filename, linecache.getlines(frame.f_code.co_filename)).get(place, "")


def targets(file: str, lines: list[str]) -> dict[Any, str]:
    """For the place of each expression that is assigned to one variable, its name. A file is read once."""
    known = _KNOWN.get(file)
    if known is None or known[0] is not lines:
        _KNOWN[file] = known = lines, _targets("".join(lines))
    return known[1]


@lru_cache(maxsize=64)
def _targets(text: str) -> dict[Any, str]:
    """The same for the text of a file."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):                   # no Python, such as a cell with magic
        return {}
    found: dict[Any, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            for name, value in _pairs(target, node if isinstance(node, ast.AugAssign) else node.value):
                end = value.end_col_offset
                found[value.lineno, value.end_lineno, value.col_offset, end] = name
                if isinstance(value, ast.Call) and isinstance(f := value.func, ast.Attribute):      # a method: its line
                    found[f.end_lineno, value.end_lineno, (f.end_col_offset or 0) - len(f.attr), end] = name
    return found


def _pairs(target: ast.expr, value: Any) -> Iterator[tuple[str, Any]]:
    """Each variable of an assignment with the expression that it is assigned: a, b = x*2, x*3 has two."""
    if isinstance(value, ast.IfExp):
        yield from (pair for branch in (value.body, value.orelse) for pair in _pairs(target, branch))
    elif isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        if value is not None:
            yield ast.unparse(target), value
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)) and not any(
            isinstance(part, ast.Starred) for part in (*target.elts, *value.elts)):
        yield from (pair for both in zip(target.elts, value.elts) for pair in _pairs(*both))


# Infinity and nan ----------------------------------------------------------------------------------------------

def stop_at_nonfinite() -> AbstractContextManager[None]:
    """A with-block that raises NonFinite at the first operation, or in the first backward step, whose result is
    infinite or nan though its inputs are not. A debugger then stands at that line: python -m pdb program.py.

    Within sources() the message has the line of the operation also for a gradient. It holds per thread and task.

    >>> from microgradx import Value, log, stop_at_nonfinite
    >>> with stop_at_nonfinite():
    ...     log(Value(0.0))
    Traceback (most recent call last):
    microgradx.watching.NonFinite: log(x) is -inf at x = 0.0
    """
    return Watch("", [_refuse_value], [_refuse_gradient])


def _refuse_value(v: Value) -> None:
    if not math.isfinite(v.data) and all(math.isfinite(_data(a)) for a in v.args):
        raise NonFinite(f"{_described(v)}", v)


def _refuse_gradient(root: Value) -> None:
    """Raises NonFinite before backward would change any gradient."""
    order, reached = tape(root), {root}
    for v, g in reversed(list(zip(order, gradients(root, order)))):
        for a, slope in zip(v.args, v.slopes) if v in reached else ():     # a branch not taken has slopes, no gradient
            if slope is not None:
                reached.add(a)
            if slope is not None and math.isfinite(g) and not math.isfinite(slope * g):
                raise NonFinite(f"{_described(v)}: its slope by {_data(a)} is {slope}, times the gradient {g}", v)


def _described(v: Value) -> str:
    letters = v.op.names(len(v.args)) if v.op else ()
    name = f"{v.op.name}({', '.join(letters[:3])})" if v.op else "a number"
    values = ", ".join(f"{letter} = {_data(a)}" for letter, a in list(zip(letters, v.args))[:3])
    at = f" at {values}" if values else ""
    return f"{name} is {v.data}{at}{at_line(v)}"


def _data(x: Any) -> float:
    return x.data if isinstance(x, Value) else x
