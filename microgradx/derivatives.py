"""Derivatives as functions: of any order, without touching anybody's .grad.

    >>> from microgradx import grad, hessian
    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> hessian(lambda p: p[0]**2 - p[1]**2)([0.0, 0.0])        # one positive, one negative: a saddle
    [[2.0, 0.0], [0.0, -2.0]]

The transforms compose as JAX's do: numbers in, numbers out; inside another transform, Values out. Arguments may be
numbers, Values, nested lists of them, and Modules; a gradient comes in the nesting of its argument, that of a Module
as a dict by parameter name.
"""
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import compress
from typing import Any, Literal, overload

from .nesting import is_leaf, is_module, leaves, rebuild
from .node import Unknown
from .ops import carry, identity, where
from .recording import no_grad, recording, tape
from .reductions import chain, dot, sum
from .value import Value

# The inputs of the transforms under way in this thread: what depends on one of them is itself differentiated.
_inputs: ContextVar[frozenset[Value]] = ContextVar("inputs", default=frozenset())


class _Everything(frozenset[Value]):
    """The inputs while a program is recorded that is to run later: all results are wanted as Values."""

    def isdisjoint(self, _: Iterable[Any]) -> bool:
        return False

    def __or__(self, _: Any) -> Any:
        return self


_arranged: ContextVar[Callable[[list[Value]], list[Value]]] = ContextVar("arranged", default=list)


@contextmanager
def enclosed(arranged: Callable[[list[Value]], list[Value]]) -> Iterator[None]:
    """Within it a transform answers with Values, as within another transform, and goes over a tape as arranged."""
    tokens = _inputs.set(_Everything([Value(0.0)])), _arranged.set(arranged)
    try:
        yield
    finally:
        _inputs.reset(tokens[0])
        _arranged.reset(tokens[1])


def is_inside() -> bool:
    """Whether a transform is under way in this thread, which may differentiate what is computed now."""
    return bool(_inputs.get())


@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: Literal[False] = False) -> list[float]: ...
@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: Literal[True]) -> list[Value]: ...
@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: bool) -> list[Any]: ...
def gradients(y: Value, xs: Sequence[Value], create_graph: bool = False) -> list[Any]:
    """d y / d x for each x of `xs`, leaves or results; 0 where y does not depend on x. No .grad is touched.

    With create_graph the derivatives are Values, recorded from the table's slopes, and can be differentiated again.
    TypeError if y or an x is no Value. RuntimeError with create_graph if a leaf's data was set after y was computed.

    >>> from microgradx import Value, gradients
    >>> x = Value(3.0)
    >>> dy, = gradients(x**2, [x], create_graph=True)
    >>> dy.data, gradients(dy, [x])
    (6.0, [2.0])
    """
    for kind in set(map(type, (y, *xs))):
        if not issubclass(kind, Value):
            raise TypeError(f"gradients takes Values, got {kind.__name__}; for functions of numbers write grad(f)")
    with recording() if create_graph else no_grad():
        adjoint = _adjoints(y, xs, create_graph)
    found = [adjoint.get(x, 0.0) for x in xs]
    return [g if isinstance(g, Value) else Value(g) for g in found] if create_graph else found


def _adjoints(y: Value, xs: Sequence[Value], create_graph: bool) -> dict[Value, Any]:
    """The derivatives of y by xs and by all that stands between: backward(), with a dict in place of .grad."""
    order = _arranged.get()(tape(y, leaves=False))
    incoming: dict[Value, list[Any]] = {x: [] for x in xs}          # gradient, slope, gradient, slope, ...
    for v in order:
        if not incoming.keys().isdisjoint(v.args):                  # it stands between y and xs
            incoming[v] = []
    settle = _recorded if create_graph else _computed
    if y in incoming:
        incoming[y] += 1.0, 1.0
    adjoint: dict[Value, Any] = {}
    for v in reversed(order):
        found = incoming.pop(v, None)
        if not found:
            continue
        g = adjoint[v] = settle(found[::2], found[1::2])
        # A number 0 carries nothing. A Value of 0 may: x*sin(x) has second derivative 2 at 0, through one.
        if g.__class__ is float and g == 0.0:
            continue
        for a, slope in zip(v.args, _slopes(v, create_graph)):
            if slope is not None and (flow := incoming.get(a)) is not None:
                flow += g, slope
    flows = {x: flow for x, flow in incoming.items() if flow}       # of leaves
    if create_graph:
        return adjoint | dict(zip(flows, _all_recorded(list(flows.values()))))
    return adjoint | {x: _computed(flow[::2], flow[1::2]) for x, flow in flows.items()}


def _computed(gs: list[float], slopes: list[float]) -> float:
    """The sum of gradients times slopes, as a number."""
    total = 0.0
    for g, slope in zip(gs, slopes):
        total += g * slope
    return total


def _recorded(gs: list[Any], slopes: list[Any]) -> Any:
    """The same as one node; none where it would multiply by 1 only."""
    if len(gs) == 1:
        g, slope = gs[0], slopes[0]
        return g if _is_one(slope) else slope if _is_one(g) else carry(g, slope)
    return sum(gs) if all(map(_is_one, slopes)) else chain(gs, slopes)


def _all_recorded(flows: list[list[Any]]) -> list[Any]:
    """The same for many, those of one gradient times one slope all at once: most parameters are used once."""
    single = [len(flow) == 2 and float not in (flow[0].__class__, flow[1].__class__) for flow in flows]
    products = iter(carry.each(*zip(*compress(flows, single))) if any(single) else ())
    return [next(products) if alone else _recorded(flow[::2], flow[1::2]) for flow, alone in zip(flows, single)]


def _is_one(x: Any) -> bool:
    return x.__class__ is float and x == 1.0


def _slopes(v: Value, record: bool) -> Sequence[Any]:
    """The slopes of a node: the numbers frozen in it, or the same recorded as Values."""
    if not record or v.op is None:
        return v.slopes
    args = v.args
    slopes = v.op.partials([a.__class__ is not float for a in args], v, *args)
    for slope, frozen in zip(slopes, v.slopes):
        if isinstance(slope, Value) and slope.data != frozen and not math.isnan(slope.data):
            raise RuntimeError(f"an input of {v!r} was set after it was computed: its slope was {frozen} and is now "
                               f"{slope.data}; compute the result again before differentiating with create_graph")
    return slopes


# Transforms ----------------------------------------------------------------------------------------------------

def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that gives f's value and its gradient by the argument(s) `argnums`, in one pass.

    f returns one Value. A tuple of argnums gives a tuple of gradients. TypeError if f returns anything else.

    >>> from microgradx import value_and_grad
    >>> value_and_grad(lambda w, x: w[0] * x + w[1])([3.0, 1.0], 2.0)
    (7.0, [2.0, 1.0])
    """
    def transformed(*args: Any) -> tuple[Any, Any]:
        wanted = (argnums,) if isinstance(argnums, int) else argnums
        y, xs, inside = call(f, args, wanted)
        y = _scalar(y)
        found = iter(gradients(y, xs, create_graph=inside))
        by = tuple(rebuild(args[n], found) for n in wanted)
        return y if inside else y.data, by[0] if isinstance(argnums, int) else by
    return transformed


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that gives the gradient of f by the argument(s) `argnums`.

    >>> from microgradx import grad, sin
    >>> grad(sin)(0.0), grad(grad(sin))(0.0), grad(grad(grad(sin)))(0.0)
    (1.0, 0.0, -1.0)
    """
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def jvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
    """f at the arguments `xs`, and its derivative in the direction `vs` (of the same nesting), by forward mode.

    f may return a nested list. ValueError if vs has not as many numbers as xs.

    >>> from microgradx import jvp
    >>> jvp(lambda x, y: [x * y, x + y], [2.0, 3.0], [1.0, 0.0])
    ([6.0, 5.0], [3.0, 1.0])
    """
    y, inputs, inside = call(f, xs, range(len(xs)))
    tangent: dict[Value, Any] = dict(zip(inputs, _directions(inputs, vs)))
    outputs = [v if isinstance(v, Value) else Value(v) for v in leaves(y)]
    with recording() if inside else no_grad():
        for v in tape(*outputs):
            parts = [_product(slope, tangent[a]) for a, slope in zip(v.args, _slopes(v, inside))
                     if slope is not None and a in tangent]
            if parts and v not in tangent:
                tangent[v] = sum(parts)
    return (rebuild(y, iter([v if inside else v.data for v in outputs])),
            rebuild(y, iter([tangent.get(v, 0.0) for v in outputs])))


def _product(slope: Any, tangent: Any) -> Any:
    """Slope times tangent, 0 where either is: a direction that is not taken, a branch that is not."""
    try:
        still = tangent.data == 0 if isinstance(tangent, Value) else tangent == 0
    except Unknown:                                     # both ways are recorded
        return where(tangent, carry(slope, tangent), carry(tangent, slope))
    return carry(tangent, slope) if still else carry(slope, tangent)


def hvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> Any:
    """The Hessian of f at the arguments `xs` times the direction `vs`, in the nesting of xs: two reverse passes.

    >>> from microgradx import hvp
    >>> hvp(lambda x, y: x**2 * y, [3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    y, inputs, inside = call(f, xs, range(len(xs)))
    slope: Any = dot(gradients(_scalar(y), inputs, create_graph=True), _directions(inputs, vs))
    return rebuild(xs, iter(gradients(slope, inputs, create_graph=inside)))


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """The function that gives all second derivatives of f by one argument: for n numbers an n x n nested list.

    >>> from microgradx import hessian
    >>> hessian(lambda p: p[0]**2 * p[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    def transformed(*args: Any) -> Any:
        y, xs, inside = call(f, args, (argnums,))
        rows = [rebuild(args[argnums], iter(gradients(g, xs, create_graph=inside)))
                for g in gradients(_scalar(y), xs, create_graph=True)]
        return rebuild(args[argnums], iter(rows))
    return transformed


def call(f: Callable[..., Any], args: Sequence[Any], wanted: Iterable[int]) -> tuple[Any, list[Value], bool]:
    """f's result, the inputs to differentiate by, and whether an enclosing transform differentiates the result."""
    outer, given = _inputs.get(), list(args)
    xs: list[Value] = []
    with recording():
        for n in wanted:
            if not -len(args) <= n < len(args):
                raise TypeError(f"cannot differentiate by argument {n}: the function was given {len(args)} arguments")
            given[n] = fresh(args[n], xs, bool(outer))
        before = _inputs.set(outer | set(xs))
        try:
            y = f(*given)
        finally:
            _inputs.reset(before)
    if not outer or isinstance(outer, _Everything):
        return y, xs, bool(outer)
    results = [v for v in leaves(y) if isinstance(v, Value)]
    return y, xs, not outer.isdisjoint(tape(*results))


def fresh(tree: Any, xs: list[Value], nested: bool) -> Any:
    """`tree` with a Value of its own for each leaf, also added to `xs`; a Module's parameters are used as they are.

    An own Value, lest grad(lambda x: x * grad(lambda y: x * y)(x)) take the inner x for y. Within another transform
    it is recorded as a copy, so that derivatives flow on to what it was copied from.
    """
    if isinstance(tree, (list, tuple)):
        return type(tree)([fresh(branch, xs, nested) for branch in tree])
    if is_module(tree) or not is_leaf(tree):
        xs += leaves(tree)
        return tree
    value = tree if isinstance(tree, Value) else Value(tree)
    xs.append(identity(value) if nested else Value(value.data, value.label))
    return xs[-1]


def _scalar(y: Any) -> Value:
    """The one result of a function to differentiate: a Value, or a number that depends on nothing."""
    if not is_leaf(y):
        raise TypeError(f"the function must return one Value, got {type(y).__name__}; add them up with sum(...)")
    return y if isinstance(y, Value) else Value(y)


def _directions(inputs: Sequence[Value], vs: Sequence[Any]) -> list[Any]:
    """One number of the direction for each input."""
    found = leaves(vs)
    if len(found) != len(inputs):
        raise ValueError(f"the direction has {len(found)} numbers for {len(inputs)} inputs; give one for each")
    return found
