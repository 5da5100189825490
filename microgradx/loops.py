"""Loops and branches as functions: scan, fori_loop, while_loop and cond, with JAX's arguments and meaning.

    >>> from microgradx import fori_loop, grad, scan
    >>> scan(lambda total, x: (total + x, total * x), 0.0, [1.0, 2.0, 3.0])     # all totals but the last, times x
    (6.0, [0.0, 2.0, 9.0])
    >>> grad(lambda x: fori_loop(0, 3, lambda i, y: y * x, 1.0))(2.0)           # of x**3
    12.0

Eager code runs them as the plain Python loops that they are. jit records one step of a loop, not all of them.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .conversion import listed
from .engine import Value, tracer
from .flows import Flow, Passing, Terms
from .ieee import printable, short
from .nesting import FIXED, are_leaves, branches, is_leaf, is_module, refuse, regrown, walked
from .ops import where


def scan(f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any = None, length: int | None = None,
         reverse: bool = False) -> tuple[Any, Any]:
    """The last carry, and all y: `for x in xs: carry, y = f(carry, x)`, from carry = init.
    TypeError if f does not return a pair, or a carry of another structure; ValueError if lengths differ or are unknown.

    The carry may be any nesting. xs is a list, a range, an array, or a tuple, dict or dataclass of lists of one length,
    from which each step takes an element; so is what is returned for y. Without xs, give the length: x is None then.
    Reverse begins at the end, with y in the places of their x. (jax.lax.scan)

    >>> from microgradx import scan
    >>> def step(state, x):                             # a leaky sum
    ...     state = 0.5 * state + x
    ...     return state, {"state": state}
    >>> scan(step, 0.0, [4.0, 2.0, 1.0])
    (3.0, {'state': [4.0, 4.0, 3.0]})
    """
    xs = listed(xs)
    rows = _rows(xs, length)
    walked(_look, xs, "xs of scan")
    return looped(f, taken(init, "init of scan"), rows, reverse, "scan: f")


def looped(f: Callable[[Any, Any], tuple[Any, Any]], init: Any, rows: Sequence[Any], reverse: bool,
           who: str) -> tuple[Any, Any]:
    """The same for these rows; within jit by one recorded step, if that can be. who: f, in an error."""
    trace = tracer()
    found = trace.loop(f, init, rows, reverse, who) if trace is not None else None
    return found or plain(f, init, rows, reverse, who)


def plain(f: Callable[[Any, Any], tuple[Any, Any]], init: Any, rows: Sequence[Any], reverse: bool,
          who: str) -> tuple[Any, Any]:
    """The same as a loop of Python."""
    carry, ys = init, []
    for x in reversed(rows) if reverse else rows:
        carry, y = pair(f(carry, x), carry, who)
        ys.append(y)
    return carry, stacked(ys[::-1] if reverse else ys)


def fori_loop(lower: int, upper: int, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """The last value of `for i in range(lower, upper): value = body_fun(i, value)`, from value = init_val.
    TypeError if a bound is no int, or if body_fun returns another structure than it was given. (jax.lax.fori_loop)

    >>> from microgradx import fori_loop
    >>> fori_loop(0, 5, lambda i, total: total + i, 0)
    10
    """
    for bound in (lower, upper):
        if not isinstance(bound, int) or isinstance(bound, bool):
            raise TypeError(f"fori_loop runs from an int to an int, got {short(bound)}; for a number of steps that is "
                            "computed write while_loop")
    value = taken(init_val, "init_val of fori_loop")
    return looped(lambda value, i: (body_fun(i, value), None), value, range(lower, upper), False,
                  "fori_loop: body_fun")[0]


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any) -> Any:
    """The last value of `while cond_fun(value): value = body_fun(value)`, from value = init_val. For forward mode only.
    TypeError if body_fun returns another structure than it was given, and for a derivative of the result in reverse
    mode, such as grad: jvp differentiates it. (jax.lax.while_loop)

    Within jit one step is recorded from where the condition is not known before the program runs; TracingError if it
    sets or draws a number. Ctrl-C ends a loop that goes on for ever.

    >>> from microgradx import jvp, while_loop
    >>> def root(x):                                    # Newton's method
    ...     return while_loop(lambda y: (y * y - x)**2 > 1e-20, lambda y: (y + x / y) / 2, x)
    >>> root(9.0)
    3.0
    >>> y, slope = jvp(root, [9.0], [1.0])              # sqrt(x) has the slope 1/6 at 9
    >>> round(slope, 9)
    0.166666667
    """
    value, trace = taken(init_val, "init_val of while_loop"), tracer()
    while True:
        holds = cond_fun(value)
        if trace is not None and trace.is_unknown(holds):
            return trace.repeat(holds, cond_fun, body_fun, value)
        if not truth(holds):
            return forward_only(value)
        value = same(body_fun(value), value, "while_loop: body_fun")


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """true_fun(*operands) if pred is true, else false_fun(*operands). (jax.lax.cond)

    Within jit both are computed and where() chooses: they must return the same structure then, TypeError if not. The
    derivative is that of the branch that was taken.

    >>> from microgradx import cond, grad, sqrt
    >>> grad(lambda x: cond(x > 0, sqrt, lambda x: 0 * x, x))(-1.0)
    0.0
    """
    trace = tracer()
    walked(_look, operands, "an operand of cond")
    if trace is None or not isinstance(pred, Value):
        found = (true_fun if truth(pred) else false_fun)(*operands)
        walked(_look, found, "a result of cond")
        return found
    yes, no = trace.pure(true_fun, *operands), trace.pure(false_fun, *operands)
    walked(_look, [yes, no], "a result of cond")
    return walked(_chosen, same(no, yes, "cond: false_fun", "true_fun returned"), yes, pred)


def _chosen(no: Any, yes: Any, pred: Value) -> Any:
    inner = branches(yes)
    if inner is not None:
        return regrown(yes, [_chosen(b, a, pred) for a, b in zip(inner, branches(no) or ())])
    if is_leaf(yes):
        return yes if yes is no else where(pred, yes, no)
    if yes != no:
        raise TypeError(f"cond: true_fun returned {short(yes)} and false_fun {short(no)}, and within jit the choice is "
                        "made as the program runs; return numbers")
    return yes


# Checks --------------------------------------------------------------------------------------------------------

def truth(x: Any) -> bool:
    """Whether a condition holds: of a Value or number, whether it is not 0."""
    return x.data != 0 if isinstance(x, Value) and tracer() is None else bool(x)


def taken(tree: Any, what: str) -> Any:
    """The nesting, with lists in place of its arrays. TypeError for a part that jit would not take, either, such as a
    set or a deque: in one mode numbers in it would count, in another not."""
    tree = listed(tree)
    walked(_look, tree, what)
    return tree


def _look(tree: Any, what: str) -> None:
    inner = branches(tree)
    if inner is None:
        if not (is_leaf(tree) or is_module(tree) or isinstance(tree, FIXED) or callable(tree)):
            refuse(tree, f" in {what}")
    elif not are_leaves(inner):
        for branch in inner:
            _look(branch, what)


def pair(found: Any, carry: Any, who: str) -> tuple[Any, Any]:
    """What f returned, if it is (carry, y) and the carry has the structure that it was given."""
    if not isinstance(found, tuple) or len(found) != 2:
        raise TypeError(f"{who} returns a carry and a y, got {short(found)}; write return carry, y (or carry, None)")
    walked(_look, found[1], "a y of scan")
    return same(found[0], carry, who), found[1]


def same(new: Any, old: Any, who: str, what: str = "it was given") -> Any:
    """`new` if it has the structure of `old`. TypeError if not."""
    found, given = walked(form, new), walked(form, old)
    if walked(lambda _: found != given, new):
        raise TypeError(f"{who} returned {described(found)}, but {what} {described(given)}; return the same structure")
    return new


def form(tree: Any) -> Any:
    """The structure of a nesting, to compare."""
    inner = branches(tree)
    if inner is None:
        return "a number" if is_leaf(tree) else type(tree)
    keys = tuple(tree) if isinstance(tree, dict) else ()
    return type(tree), keys, len(inner) if are_leaves(inner) or all(map(is_leaf, inner)) else tuple(map(form, inner))


def described(found: Any) -> str:
    """A structure in words."""
    if not isinstance(found, tuple):
        return found if isinstance(found, str) else printable(found.__name__)
    kind, keys, inner = found
    parts = [described(one) for one in inner] if isinstance(inner, tuple) else ["a number"] * inner
    named = [f"{key!r}: {part}" for key, part in zip(keys, parts)] if keys else parts
    left, right = "[]" if kind is list else "{}" if keys else "()"
    return f"{'' if kind in (list, tuple, dict) else printable(kind.__name__)}{left}{', '.join(named[:4])}" + (
        f", ... {len(named)} in all" if len(named) > 4 else "") + right


# Rows and columns ----------------------------------------------------------------------------------------------

def _rows(xs: Any, length: Any) -> Sequence[Any]:
    """What each step is given: as many elements of xs, or None each time."""
    if length is not None and (not isinstance(length, int) or isinstance(length, bool)):
        raise TypeError(f"scan: length is an int, got {short(length)}")
    if length is not None and length < 0:
        raise ValueError(f"scan: length is the number of steps, got {length}; give 0 or more")
    lengths = [len(column) for column in walked(_columns, xs)]
    if length is not None:
        lengths.append(length)
    if not lengths:
        raise ValueError("scan: how many steps? give xs, or length=n")
    if len(set(lengths)) > 1:
        raise ValueError(f"scan: xs and length must agree, got lengths {' and '.join(map(str, lengths))}")
    if xs.__class__ in (list, range):
        return xs
    return [_taken(xs, k) for k in range(lengths[0])]


def _columns(xs: Any) -> list[Any]:
    """All lists in xs along which a scan goes."""
    if xs is None:
        return []
    if isinstance(xs, list) or (inner := branches(xs)) is None:
        if not isinstance(xs, (list, range)):
            raise TypeError(f"scan: expected a list for xs, or a tuple or dict of lists, got {short(xs)}; write [...]")
        return [xs]
    return [column for branch in inner for column in _columns(branch)]


def _taken(xs: Any, k: int) -> Any:
    """The k-th elements of these lists."""
    inner = None if isinstance(xs, list) else branches(xs)
    if inner is not None:
        return regrown(xs, [_taken(branch, k) for branch in inner])
    return None if xs is None else xs[k]


def stacked(ys: list[Any]) -> Any:
    """The y of all steps: a list, or a tuple, dict or dataclass of lists if each y is one of numbers."""
    first = ys[0] if ys else 0.0
    if first is None:
        return None
    inner = None if isinstance(first, list) else branches(first)
    if inner is None:
        return ys
    for y in ys:
        same(y, first, "scan: f", "as y of the first step")
    return regrown(first, [stacked(list(column)) for column in zip(*(branches(y) or () for y in ys))])


# Forward mode only ---------------------------------------------------------------------------------------------

def refuse_reverse() -> NoReturn:
    """TypeError: a while_loop is differentiated in reverse mode."""
    raise TypeError("while_loop has no derivative in reverse mode, for the number of its steps is not known: write "
                    "fori_loop or scan for a fixed number of steps, or differentiate by jvp")


class _NoSlope(float):
    """1, but it refuses to be multiplied by a gradient."""

    def __mul__(self, _: Any) -> Any:
        refuse_reverse()

    __rmul__ = __mul__


class ForwardOnly(Passing):
    """A result of while_loop: its value and tangent are those of its input; a gradient is refused."""

    def pull(self, v: Value, found: Terms, incoming: dict[Value, Any]) -> Flow:
        """Refused."""
        refuse_reverse()

    def push(self, v: Value, tangent: dict[Value, Any]) -> None:
        """The tangent of the input."""
        if (found := tangent.get(v.args[0])) is not None:
            tangent[v] = found


_result = ForwardOnly("while_loop", lambda x: x, _NoSlope(1.0))


def forward_only(tree: Any) -> Any:
    """The nesting with results through which no gradient passes."""
    return walked(_marked, tree)


def _marked(tree: Any) -> Any:
    inner = branches(tree)
    if inner is not None:
        return regrown(tree, [_marked(branch) for branch in inner])
    return _result(tree) if isinstance(tree, Value) else tree       # a Module stays: its parameters are no results


__all__ = ["cond", "fori_loop", "scan", "while_loop"]
