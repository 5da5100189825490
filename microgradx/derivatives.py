"""Derivatives as functions: of any order, without changing any .grad.

    >>> from microgradx import grad, value_and_grad
    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> value_and_grad(lambda p: p[0]**2 - p[1]**2)([3.0, 2.0])
    (5.0, [6.0, -4.0])

The transforms compose as JAX's do. They return numbers; inside another transform they return Values. Arguments may be
numbers, Values, Modules, arrays, and nested lists, tuples, dicts and dataclasses of them. A gradient has the nesting of
its argument; for a Module it is a dict by parameter name. The function sees nested lists in place of arrays, and a call
with arrays returns arrays (conversion.py). Keyword arguments are handed on to the function.
"""
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextvars import ContextVar
from functools import update_wrapper
from itertools import repeat
from types import MappingProxyType
from typing import Any, Literal, overload

from .arrays import FromArray
from .conversion import arrayed, listed
from .dependence import Sources, between
from .engine import Value, tracer
from .flows import Flow, Gate, Open, Passing, Terms, slopes_of, total
from .ieee import number, short
from .nesting import PLAIN, branches, is_leaf, leaves, rebuild, refuse, regrown, shape, walked
from .ops import abs, identity, mul
from .recording import no_grad, recording
from .reductions import dot

ONE = Flow(1.0)
Edges = list[tuple[Value, list[tuple[Value, Any]]]]     # results in order, each with its inputs and its slopes by them

# The inputs of the transforms that run in this thread: these differentiate every result that depends on one of them.
_inputs: ContextVar[tuple[Sources, ...]] = ContextVar("inputs", default=())


def is_inside() -> bool:
    """Whether a transform or jit runs in this thread and may differentiate the present computation."""
    return bool(_inputs.get()) or tracer() is not None


@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: Literal[False] = False) -> list[float]: ...
@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: Literal[True]) -> list[Value]: ...
@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: bool) -> list[Any]: ...
def gradients(y: Value, xs: Sequence[Value], create_graph: bool = False) -> list[Any]:
    """d y / d x for each x in `xs`, leaves or results; 0 if y does not depend on x. It changes no .grad.
    TypeError if y or an x is no Value. RuntimeError with create_graph if a leaf's data was set after y was computed.

    With create_graph the derivatives are Values, recorded from the table's slopes, and can be differentiated again.

    >>> from microgradx import Value, gradients
    >>> x = Value(3.0)
    >>> dy, = gradients(x**2, [x], create_graph=True)
    >>> dy.data, gradients(dy, [x])
    (6.0, [2.0])
    """
    if isinstance(xs, Set) or not hasattr(type(xs), "__iter__"):
        raise TypeError(f"gradients takes a list of Values, got {type(xs).__name__}; write gradients(y, [x])")
    xs = list(xs)
    for kind in set(map(type, (y, *xs))):
        if not issubclass(kind, Value):
            raise TypeError(f"gradients takes Values, got {kind.__name__}; for functions of numbers write grad(f)")
    if tracer() is None:
        [v._data for v in (y, *xs)]                     # raises for one that a trace has left behind
    return slopes_by(y, xs, create_graph, create_graph)


def slopes_by(y: Value, xs: Sequence[Value], record: bool, nested: bool | None = None) -> list[Any]:
    """gradients() of a transform: `nested` says whether eager code would record them, see derived()."""
    trace = tracer()                                    # jit records what would be numbers, too
    with derived(record, nested):
        adjoint = adjoints([(y, ONE)], xs, record or trace is not None)
        found = sums(adjoint, xs)
        if record:
            return [g if isinstance(g, Value) else Value(g) for g in found]
        return found if trace is None else [trace.number(g) if isinstance(g, Value) else g for g in found]


def sums(flows: Mapping[Value, Flow], xs: Iterable[Value]) -> list[Any]:
    """The sum that flows to each; 0.0 where nothing does."""
    return [flows[x].sum if x in flows else 0.0 for x in xs]


def derived(record: bool, nested: bool | None = None) -> Any:
    """Where derivatives of a graph are computed: recorded or not; for jit from the graph as it was recorded.

    nested      whether eager code would record them, too, for another derivative of theirs; by default whether there is
                an outer transform. In strict code sums of numbers start at 0.0, recorded ones do not
    """
    trace = tracer()
    if trace is not None:
        return trace.resolved(bool(_inputs.get()) if nested is None else nested)
    return recording() if record else no_grad()


def adjoints(seeds: Sequence[tuple[Value, Flow]], xs: Iterable[Value], record: bool,
             before: dict[Value, Terms] | None = None) -> dict[Value, Flow]:
    """The derivatives of a sum of results by xs and by all that stands between: backward(), with a dict in place of
    .grad.

    seeds       the results, each with its factor in the sum: [(y, ONE)] for one
    before      the terms that each of xs is given before all others
    """
    adjoint, flows = passed(seeds, xs, record, before)
    return adjoint | (_at_once(flows) if tracer() is not None else
                      {x: total(found, record) for x, found in flows.items()})


def passed(seeds: Sequence[tuple[Value, Flow]], xs: Iterable[Value], record: bool,
           before: dict[Value, Terms] | None = None) -> tuple[dict[Value, Flow], dict[Value, Terms]]:
    """The same for all that stands between; of each of xs that is a leaf the terms of its sum."""
    trace = tracer()
    incoming: dict[Value, Any] = {x: [] for x in xs} if trace is None else trace.incoming(xs)   # Terms of each
    incoming |= before or {}
    roots = [y for y, _ in seeds]
    order = between(roots, incoming)
    if trace is not None:
        order = trace.arranged(order, roots)
    reaching: list[tuple[Value, tuple[Any, ...]]] = []              # what depends on xs, with what each has as inputs
    reached = incoming.keys()
    for v in order:
        args = v.args
        if not reached.isdisjoint(args):
            incoming[v] = []
            reaching.append((v, args))
    for y, factor in seeds:
        if y in incoming:
            incoming[y].extend((factor.sum, 1.0, factor.open))
    adjoint: dict[Value, Flow] = {}
    for v, args in reversed(reaching):
        found = incoming.pop(v)
        if not found:                                               # no gradient flows here
            continue
        if isinstance(v.op, Passing):
            adjoint[v] = v.op.pull(v, found, incoming)
            continue
        g, is_open = adjoint[v] = total(found, record)
        for a, slope in zip(args, slopes_of(v, record)):
            if slope is not None and (terms := incoming.get(a)) is not None:
                terms += g, slope, is_open
    return adjoint, {x: found for x, found in incoming.items() if found}


def _at_once(flows: dict[Value, Terms]) -> dict[Value, Flow]:
    """total() of each leaf while jit traces. Most parameters are used once: their products are recorded as a batch."""
    trace, found = tracer(), {}
    products = [(x, *terms) for x, terms in flows.items()
                if len(terms) == 3 and terms[1].__class__ is not Gate and float not in map(type, terms)]
    if not trace.are_tame([slope for _, _, slope, is_open in products if is_open is not None]):
        products = [product for product in products if product[3] is None]
    if products:
        xs, gs, slopes, _ = zip(*products)
        found = dict(zip(xs, map(Flow, trace.many(dot if trace.starts else mul, [gs, slopes]))))
    return found | {x: total(terms, True, last=True) for x, terms in flows.items() if x not in found}


def edges(order: Iterable[Value], record: bool) -> Edges:
    """Each result with its inputs that it has a slope by, and these; 1.0 for a Passing operation, which has none."""
    return [(v, [(a, slope) for a, slope in zip(v.args, repeat(1.0) if isinstance(v.op, Passing) else
                                                slopes_of(v, record))
                 if slope is not None and a.__class__ is not float]) for v in order]


def tangents(graph: Edges, seeds: dict[Value, Flow], record: bool) -> dict[Value, Flow]:
    """The derivatives of the results of a graph in the direction in which inputs change: forward mode.

    seeds       how each input changes; one that does not is absent
    """
    tangent = dict(seeds)
    for v, inputs in graph:
        if isinstance(v.op, Passing):
            v.op.push(v, tangent)
            continue
        terms: Terms = []
        for a, slope in inputs:
            if a in tangent:
                terms.extend((tangent[a].sum, slope, tangent[a].open))
        if terms and v not in tangent:
            tangent[v] = total(terms, record)
    return tangent


# Transforms ----------------------------------------------------------------------------------------------------

def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0,
                   has_aux: bool = False) -> Callable[..., tuple[Any, Any]]:
    """A function that returns f's value and its gradient by the argument(s) `argnums`, in one pass.
    TypeError if f does not return one Value or number.

    A tuple of argnums gives a tuple of gradients. TypeError for an argument to differentiate by that has no number.
    With has_aux f returns (value, more), and so does the new function: ((value, more), gradient).

    >>> from microgradx import value_and_grad
    >>> value_and_grad(lambda w, x: w["slope"] * x + w["bias"])({"slope": 3.0, "bias": 1.0}, 2.0)
    (7.0, {'slope': 2.0, 'bias': 1.0})
    """
    def transformed(*args: Any, **options: Any) -> tuple[Any, Any]:
        y, xs, inside = call(f, args, places(argnums), options)
        y, more = split(y, inside) if has_aux else (y, None)
        y = scalar(y)
        by = like_inputs(args, argnums, slopes_by(y, xs, inside))
        value = y if inside else y.data
        return (value, more) if has_aux else value, by
    return for_arrays(transformed, f)


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of f by the argument(s) `argnums`; with has_aux (gradient, more), where f
    returns (value, more).

    >>> from microgradx import grad, sin
    >>> grad(sin)(0.0), grad(grad(sin))(0.0), grad(grad(grad(sin)))(0.0)
    (1.0, 0.0, -1.0)
    """
    both = value_and_grad(f, argnums, has_aux)

    def transformed(*args: Any, **options: Any) -> Any:
        value, slopes = both(*args, **options)
        return (slopes, value[1]) if has_aux else slopes
    return update_wrapper(transformed, f, updated=())


def jvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
    """f at the arguments `xs`, and its derivative in the direction `vs` (of the same nesting), by forward mode.
    ValueError if vs and xs have different counts of numbers, or arrays of different shapes. f may return a nested list.

    >>> from microgradx import jvp
    >>> jvp(lambda x, y: [x * y, x + y], [2.0, 3.0], [1.0, 0.0])
    ([6.0, 5.0], [3.0, 1.0])
    """
    def transformed(xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
        y, inputs, inside = call(f, xs, range(len(xs)), directions=vs)
        seeds = flowing(zip(inputs, directions(xs, inputs, vs)), inside)
        outputs = values(y)
        with derived(inside):
            tangent = tangents(edges(between(outputs, inputs), inside), dict(seeds), inside)
        return (rebuild(y, iter([v if inside else v.data for v in outputs])),
                rebuild(y, iter(sums(tangent, outputs))))
    _expect_lists("jvp", xs, vs)
    return for_arrays(transformed)(xs, vs)  # type: ignore[no-any-return]


def flowing(directions: Iterable[tuple[Value, Any]], inside: bool) -> list[tuple[Value, Flow]]:
    """The inputs that change, or the results that count, each with its number in the direction, as a flow."""
    return [(x, flow) for x, t in directions if (flow := _direction(t, inside)) is not None]


def _direction(t: Any, inside: bool) -> Flow | None:
    """The flow from an input that changes in the direction t: None if t is 0. But a Value that is itself differentiated
    flows even at 0, and a Value without a number flows if it is not 0 when the program runs."""
    if isinstance(t, Value) and inside:
        return Flow(t, None if _inputs.get() else Open([t, Gate(abs(t), t), None]))
    t = t.data if isinstance(t, Value) else number(t)
    return Flow(t) if t != 0 else None


def hvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> Any:
    """The Hessian of f at the arguments `xs` times the direction `vs`, in the nesting of xs: two reverse passes.

    >>> from microgradx import hvp
    >>> hvp(lambda x, y: x**2 * y, [3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    def transformed(xs: Sequence[Any], vs: Sequence[Any]) -> Any:
        y, inputs, inside = call(f, xs, range(len(xs)), directions=vs)
        slope: Any = dot(gradients(scalar(y), inputs, create_graph=True), directions(xs, inputs, vs))
        return rebuild(xs, iter(slopes_by(slope, inputs, inside)))
    _expect_lists("hvp", xs, vs)
    return for_arrays(transformed)(xs, vs)


def for_arrays(transform: Callable[..., Any], f: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A transform of nested lists as one of arrays, too: f has nested lists in their place, and what it returns comes
    back as arrays, if the call has arrays and no other transform is under way. With f it has f's name and signature."""
    def transformed(*args: Any, **options: Any) -> Any:
        given, named = listed(args), listed(options) if options else options
        found = transform(*given, **named)
        return found if (given is args and named is options) or is_inside() else arrayed(found)
    return update_wrapper(transformed, f, updated=()) if f is not None else transformed


def call(f: Callable[..., Any], args: Sequence[Any], wanted: Iterable[int],
         options: Mapping[str, Any] = MappingProxyType({}), directions: Any = ()) -> tuple[Any, list[Value], bool]:
    """f's result, the inputs to differentiate by, and whether an enclosing transform differentiates the result, or the
    directions in which this one differentiates.

    TypeError if `wanted` has an argument that was not given, or that has no number; ValueError if it has one twice."""
    if not callable(f):
        raise TypeError(f"expected a function to differentiate, got {short(f)} ({type(f).__name__}); write grad(f)(x)")
    outer, given, traced = _inputs.get(), list(args), tracer() is not None
    xs: list[Value] = []
    wanted = [_place(n, len(args)) for n in wanted]
    if len(set(wanted)) < len(wanted):
        raise ValueError(f"argnums names an argument twice: {wanted}; name each once")
    with recording():
        for n in wanted:
            if isinstance(args[n], PLAIN):
                refuse(args[n], f" as argument {n}, to differentiate by")
            given[n] = fresh(args[n], xs, bool(outer) or traced)
        inner = Sources(xs, set(xs).isdisjoint(leaves([args[n] for n in wanted])))
        before = _inputs.set((*outer, inner))
        try:
            y = listed(f(*given, **options))
        finally:
            _inputs.reset(before)
    if traced or not outer:
        return y, xs, traced
    roots = [v for v in (*leaves(y), *leaves(directions)) if isinstance(v, Value)]
    return y, xs, any(enclosing.reach(roots, inner) for enclosing in outer)


def places(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    """One or several argnums as several."""
    return tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)


def like_inputs(args: Sequence[Any], argnums: int | tuple[int, ...], xs: Iterable[Any]) -> Any:
    """A number for each that f is differentiated by, in their nesting, a Module's in a dict; a tuple for a tuple of
    argnums."""
    rest = iter(xs)
    found = tuple([rebuild(args[n], rest) for n in places(argnums)])
    return found if isinstance(argnums, (tuple, list)) else found[0]


def values(y: Any) -> list[Value]:
    """What f returned, numbers as Values."""
    return [v if isinstance(v, Value) else Value(v) for v in leaves(y)]


def _place(n: Any, count: int) -> int:
    """Argument n of so many, counted from 0."""
    if not isinstance(n, int) or not -count <= n < count:
        raise TypeError(f"cannot differentiate by argument {short(n)}: the function was given {count} arguments; write "
                        "argnums=0 for the first, (0, 1) for two")
    return n % count


def _expect_lists(name: str, *lists: Any) -> None:
    """TypeError unless each is a list or tuple: the arguments of f, and a direction for each."""
    for xs in lists:
        if not isinstance(xs, (list, tuple)):
            raise TypeError(f"{name} takes the arguments of f, and the directions, as lists, got {short(xs)}; write "
                            f"{name}(f, [x], [v])")


def fresh(tree: Any, xs: list[Value], nested: bool) -> Any:
    """`tree` with a new Value for each leaf, which is also added to `xs`; the parameters of a Module are used as they
    are.

    Without new Values grad(lambda x: x * grad(lambda y: x * y)(x)) would take the inner x for y. Inside another
    transform each new Value is recorded as a copy, so that derivatives flow to the original.
    """
    return walked(_fresh, tree, xs, nested)


def _fresh(tree: Any, xs: list[Value], nested: bool) -> Any:
    inner = branches(tree)
    trace = tracer()
    if trace is not None and inner and all([isinstance(x, Value) for x in inner]):
        new = trace.many(identity, [trace.inputs(inner)])           # many at once
        xs += new
        return regrown(tree, new)
    if inner is not None:
        return regrown(tree, [_fresh(branch, xs, nested) for branch in inner])
    if isinstance(tree, bool):
        refuse(tree, " in an argument to differentiate by")
    if not is_leaf(tree):
        xs += leaves(tree)
        return tree
    value = tree if isinstance(tree, Value) else Value(tree)
    xs.append(identity(value) if nested else Value(value.data, value.label))
    return xs[-1]


def scalar(y: Any) -> Value:
    """The result of a function to differentiate, as a Value. TypeError if it is not one Value or number."""
    if not is_leaf(y):
        got = f"an array of shape {y.sizes}" if isinstance(y, FromArray) else type(y).__name__
        raise TypeError(f"the function must return one Value, got {got}; add them up with sum(...)")
    return y if isinstance(y, Value) else Value(y)


def split(y: Any, inside: bool) -> tuple[Any, Any]:
    """What a function with has_aux returned: its value, and the rest, with numbers in place of Values unless another
    transform differentiates them. TypeError if it is no pair."""
    if not isinstance(y, (tuple, list)) or len(y) != 2:
        raise TypeError(f"with has_aux=True the function must return (value, more), got {short(y)}")
    more = y[1] if inside else rebuild(y[1], iter([v.data if isinstance(v, Value) else v for v in leaves(y[1])]))
    return y[0], more


def directions(xs: Any, inputs: Sequence[Value], vs: Any, whose: str = "inputs") -> list[Any]:
    """The numbers of the direction, one for each input. ValueError if the counts or the keys of a dict differ."""
    found = _aligned(xs, vs)
    if len(found) != len(inputs):
        raise ValueError(f"the direction has {len(found)} numbers for {len(inputs)} {whose}; give one for each")
    return found


def _aligned(tree: Any, other: Any) -> list[Any]:
    """The leaves of `other` in the order of `tree`: a dict may have its keys in another one."""
    if isinstance(tree, dict) and isinstance(other, dict):
        if tree.keys() != other.keys():
            raise ValueError(f"the direction has keys {list(other)}, the argument {list(tree)}; give each once")
        return [x for key in tree for x in _aligned(tree[key], other[key])]
    if (isinstance(tree, FromArray) or isinstance(other, FromArray)) and shape(tree) != shape(other):
        raise ValueError(f"the direction has shape {shape(other)}, the argument {shape(tree)}; give one of that shape")
    inner, others = branches(tree), branches(other)
    if inner is None or others is None or len(inner) != len(others):
        return leaves(other)
    return [x for branch, one in zip(inner, others) for x in _aligned(branch, one)]
