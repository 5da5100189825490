"""Another engine's graph as a graph of Values, with its own slopes: to step through, draw and compare with the table.

    >>> from microgradx import steps
    >>> from microgradx.testing import adopt
    >>> from microgradx import Value                            # or anybody's class of micrograd's or microgpt's shape
    >>> w = Value(3.0, "w")
    >>> root = adopt(w * w + 1)
    >>> root.faults, steps(root)[-1]
    ([], backward: dv1/dw = w = 3, grad(w) = 3 + 3 = 6)
"""
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..engine import node as made
from ..ieee import number
from ..operators import Value
from ..ops import add, mul, pow
from ..table import TABLE, Op, Reduction
from ..text import Symbol, rule
from .arguments import digits_of
from .probe import CLOSE, inputs, is_node, kept, passed

HIDDEN = ("detach", "identity", "square", "reciprocal", "first_max", "weighted",         # other rows stand for these,
          "heaviside", "less", "less_equal", "greater", "greater_equal")                # or they have no slope
COMMON = ("relu", "tanh", "exp", "log", "sigmoid")      # what engines have: relu(3) is meant, not abs(3)


class Fault(NamedTuple):
    """A slope of theirs that differs from the derivative in the table.

    node, input     Values of the adopted graph: the slope is d node / d input
    theirs, ours    both numbers
    words           the same in a sentence

    >>> from microgradx.testing import adopt
    >>> class Theirs:                                           # an engine whose power forgets its exponent
    ...     def __init__(self, data, children=(), grads=(), op=""):
    ...         self.data, self.grad, self._op = data, 0.0, op
    ...         self._children, self._local_grads = children, grads
    >>> x = Theirs(3.0)
    >>> [fault] = adopt(Theirs(9.0, (x,), (3.0,), "**2")).faults
    >>> fault.theirs, fault.ours, fault.words
    (3.0, 6.0, "The slope of row 'pow' by its input 3 is 3 and should be 6.")
    """

    node: Value
    input: Value
    theirs: float
    ours: float
    words: str


class Adopted(Value):
    """The root of an adopted graph. `faults` are its wrong slopes, the first in backward order first.

    >>> from microgradx import Value
    >>> from microgradx.testing import adopt
    >>> root = adopt(Value(3.0) * 2)
    >>> root.data, root.faults
    (6.0, [])
    """

    faults: list[Fault]


class Theirs(Op):
    """A row for an operation of theirs, with their slopes; `fault` says what is wrong with one, "" if the table has no
    such operation."""

    __slots__ = ("fault",)
    fault: str


class Match(NamedTuple):
    """A row of the table that has the same value: its arguments (Values or numbers) and its slopes."""

    op: Op
    args: list[Any]
    slopes: list[float]


def adopt(root: Any) -> Adopted:
    """Somebody's graph as Values: the same numbers, labels and gradients, their slopes; it changes nothing in theirs.

    root   a value with .data, and ._children and ._local_grads (microgpt), or ._prev and ._backward (micrograd): its
           slopes are found by calling _backward of each node by itself

    Where a row of the table has the same value, its own slope is compared with theirs, and `faults` of the result lists
    what differs; steps, stepper, tree, draw and to_html mark it. TypeError for what is no such graph.

    >>> from microgradx.testing import adopt
    >>> adopt(3.0)
    Traceback (most recent call last):
    TypeError: expected a value of an engine, with .data and ._prev or ._children, got 3.0
    """
    name = kept(root)
    order = ordered(root, name)
    ours: dict[int, Value] = {}
    faults: list[Fault] = []
    before = [(v, v.grad) for v in order if hasattr(v, "grad")]
    try:
        for theirs in order:
            ours[id(theirs)] = adopted(theirs, inputs(theirs, name), ours, faults)
    finally:                                # a _backward may go on to the inputs of its inputs
        for v, g in before:
            if v.grad is not g:
                v.grad = g
    last, found = ours[id(root)], object.__new__(Adopted)
    for name in (name for name in Value.__slots__ if hasattr(last, name)):
        setattr(found, name, getattr(last, name))
    found.faults = [fault._replace(node=found) if fault.node is last else fault for fault in reversed(faults)]
    return found


def ordered(root: Any, name: str) -> list[Any]:
    """All nodes of theirs, inputs first."""
    order: list[Any] = []
    seen: set[int] = set()
    stack = [(root, False)]
    while stack:
        v, done = stack.pop()
        if done:
            order.append(v)
        elif id(v) not in seen:
            seen.add(id(v))
            stack.append((v, True))
            stack += [(x, False) for x in reversed(inputs(v, name)) if is_node(x)]
    return order


def adopted(theirs: Any, every: list[Any], ours: dict[int, Value], faults: list[Fault]) -> Value:
    """One node, computed from `every`, as a Value."""
    y, label = number(theirs.data), getattr(theirs, "label", "")
    below = list({id(v): v for v in every if is_node(v)}.values())
    if not below:
        out = Value(y)
    else:
        digits = digits_of(getattr(theirs.data, "dtype", "float64")) or 53
        slopes, wrong = passed(theirs, every, below, closeness(digits))
        args = [ours[id(v)] if is_node(v) else number(v) for v in every]
        out = recorded(theirs, y, args, [ours[id(v)] for v in below], slopes, wrong, digits, faults)
    out.label = label if isinstance(label, str) else ""
    out._grad = number(getattr(theirs, "grad", 0.0) or 0.0)
    return out


def recorded(theirs: Any, y: float, every: list[Any], below: list[Value], slopes: list[float], wrong: str,
             digits: int, faults: list[Fault]) -> Value:
    """A result: under a row of the table if its slopes are the table's, else under a row of theirs."""
    sign = str(getattr(theirs, "_op", "") or "")
    found = matching(sign, y, every, slopes, below, digits)
    if found is None:
        return bound(Theirs(sign or "op", lambda *xs: y, *slopes, lowering=lambda *xs: y), "", y, below, slopes)
    totals = summed(found, below)
    off = [i for i, (s, t) in enumerate(zip(slopes, totals)) if not near_slope(s, t, y, digits)]
    given = spread(found, below, slopes) if off else found.slopes
    if not off and not wrong:
        return bound(found.op, "", y, found.args, given)
    said = wrong or f"its slope is {slopes[off[0]]:.6g} and should be {totals[off[0]]:.6g}"
    out = bound(like(found, given, off, wrong), said, y, found.args, given)
    for i in off or [0]:
        said = f"is {slopes[i]:.6g} and should be {totals[i]:.6g}" if off else "is right"
        said += f"{': ' if off else ', but '}{wrong}" if wrong else ""
        words = f"The slope of row {found.op.name!r} by its input {below[i].data:.6g} {said}."
        faults.append(Fault(out, below[i], slopes[i], totals[i], words))
    return out


def like(found: Match, given: Sequence[float], off: Sequence[int], wrong: str) -> Op:
    """A row of theirs that reads as a row of the table but for its slopes."""
    row = found.op

    def slope(i: int) -> Any:
        def theirs(y: Any, *xs: Any) -> Any:
            if not isinstance(y, Symbol):
                return given[i]
            right = rule(row, i, [x if isinstance(x, float) else str(x) for x in xs], str(y))
            return Symbol(f"{given[i]:.6g} (WRONG: should be {right})" if off else f"{right} (WRONG: {wrong})")
        return theirs

    def again(*xs: Any) -> Any:
        return row(xs) if isinstance(row, Reduction) else row(*xs)
    return Theirs(row.name, again, *(slope(i) for i in range(len(given))), prints=row.prints, infix=row.infix,
                  symbol=row.symbol, lowering=again)


def bound(op: Op, fault: str, y: float, args: Sequence[Any], slopes: Sequence[float]) -> Value:
    """A node of our own with these inputs and slopes; a constant has none."""
    if isinstance(op, Theirs):
        op.fault = fault
        op.inputs = tuple(f"x{i + 1}" for i in range(len(args)))
    given = [slope if isinstance(a, Value) else None for a, slope in zip(args, slopes)]
    if len(args) > 2:
        return made("", op, y, tuple(args), None, tuple(given), None)
    return made("", op, y, *(*args, None)[:2], *(*given, None)[:2])


# A row of the table with the same value ------------------------------------------------------------------------

def matching(sign: str, y: float, every: list[Any], slopes: Sequence[float], below: list[Value],
             digits: int) -> Match | None:
    """The row that has the value y: best with this sign and these slopes; None if several others could be meant."""
    same = [match(op, args) for op, args in candidates(sign, y, every) if near(op.at(*map(data, args)), y, digits)]
    called = [match for match in same if says(sign, match.op)]
    right = [match for match in called or same
             if all(near_slope(s, t, y, digits) for s, t in zip(slopes, summed(match, below)))]
    if right or called:
        return (right or called)[0]
    plain = [match for match in same if match.op.infix or match.op.name in COMMON] or same      # not leaky_relu(a, b)
    return plain[0] if len({match.op for match in plain}) == 1 else None


def candidates(sign: str, y: float, every: list[Any]) -> Iterator[tuple[Op, list[Any]]]:
    """Rows with arguments that may have been meant."""
    xs: list[list[Any]] = [list(every)]
    if len(every) == 1:
        [x] = every
        xs += [[x, x]]
        power = re.fullmatch(r"\*\*\s*\(?(-?[\d.]+(?:e-?\d+)?)\)?", sign)
        for n in [float(power[1])] if power else [] if sign else exponents(x.data, y):
            yield pow, [x, n]
        if sign == "+":
            yield add, [x, y - x.data]
        if sign == "*" and x.data:
            yield mul, [x, y / x.data]
    if len(every) == 2:
        xs.append(every[::-1])
    for args in xs:                         # of one input sooner than of twice the same
        for op in sorted(TABLE.values(), key=lambda op: op.name not in COMMON):
            if op.name not in HIDDEN and (len(args) == len(op.inputs) if not isinstance(op, Reduction)
                                          else len(args) > 2 and op.lists == 1 and not op.index):
                yield op, args


def match(op: Op, args: list[Any]) -> Match:
    """A row at arguments, with its slopes."""
    numbers = list(map(data, args))
    found = op.partials([isinstance(a, Value) for a in args], op.at(*numbers), *numbers)
    return Match(op, args, [slope or 0.0 for slope in found])


def exponents(x: float, y: float) -> list[float]:
    """The exponent n of y = x**n, if it is a multiple of one half, or whole for a negative x."""
    if x == 0 or y == 0 or abs(x) == 1 or not math.isfinite(x * y):
        return []
    parts = 2 if x > 0 else 1
    n = round(parts * math.log(abs(y)) / math.log(abs(x))) / parts
    return [n] if n not in (0, 1) else []


def says(sign: str, op: Op) -> bool:
    """Whether a sign of theirs names a row."""
    return sign.startswith("**") if op is pow else bool(sign) and sign in (op.symbol, op.name, op.name.capitalize())


def summed(match: Match, below: Sequence[Value]) -> list[float]:
    """The table's slope by each input, summed over its uses."""
    return [math.fsum(s for a, s in zip(match.args, match.slopes) if a is v) if all(map(math.isfinite, match.slopes))
            else next((s for a, s in zip(match.args, match.slopes) if a is v), 0.0) for v in below]


def spread(match: Match, below: Sequence[Value], slopes: Sequence[float]) -> list[float]:
    """Their slopes for the arguments of a row; all of it at the first use."""
    left = dict(zip(below, slopes))
    return [left.pop(a, 0.0) if isinstance(a, Value) else 0.0 for a in match.args]


def data(x: Any) -> float:
    """The number of a Value, or a number."""
    return x.data if isinstance(x, Value) else float(x)


def closeness(digits: int) -> float:
    """How far numbers with so many bits may be apart, relative; an engine may compute in single precision."""
    return max(CLOSE, 2.0**(8 - digits))


def near(x: float, y: float, digits: int) -> bool:
    """Whether two numbers are the same but for rounding."""
    return x == y or (x != x and y != y) or abs(x - y) <= closeness(digits) * max(abs(x), abs(y))


def near_slope(x: float, y: float, result: float, digits: int) -> bool:
    """The same for slopes at a result: 1 - t*t of a tanh has the rounding of t, however small it is."""
    return near(x, y, digits) or abs(x - y) <= 2.0**(3 - digits) * min(1.0, abs(result))
