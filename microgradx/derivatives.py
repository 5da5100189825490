"""Derivatives as functions: of any order, without changing any .grad.

    >>> from microgradx import grad, hessian
    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> hessian(lambda p: p[0]**2 - p[1]**2)([0.0, 0.0])        # one positive, one negative: a saddle
    [[2.0, 0.0], [0.0, -2.0]]

The transforms compose as JAX's do. They return numbers; inside another transform they return Values. Arguments may be
numbers, Values, Modules, and nested lists, tuples, dicts and dataclasses of them. A gradient has the nesting of its
argument; for a Module it is a dict by parameter name. Keyword arguments are handed on to the function.
"""
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, overload

from .dependence import Sources, between
from .engine import Value, tracer
from .ieee import inf, number, short
from .nesting import PLAIN, branches, is_leaf, leaves, rebuild, refuse, regrown, walked
from .ops import abs, identity, maximum, mul, where
from .recording import no_grad, recording
from .reductions import dot, masked_dot, sum

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
    trace = tracer()                                    # jit records what would be numbers, too
    if trace is None:
        [v._data for v in (y, *xs)]                     # raises for one that a trace has left behind
    with _derived(create_graph):
        adjoint = adjoints(y, xs, create_graph or trace is not None)
        found = [adjoint[x].sum if x in adjoint else 0.0 for x in xs]
        if create_graph:
            return [g if isinstance(g, Value) else Value(g) for g in found]
        return found if trace is None else [trace.number(g) if isinstance(g, Value) else g for g in found]


def _derived(record: bool) -> Any:
    """Where derivatives of a graph are computed: recorded or not; for jit from the graph as it was recorded."""
    trace = tracer()
    return trace.resolved() if trace is not None else recording() if record else no_grad()


class Flow(NamedTuple):
    """A gradient in reverse mode, or a tangent in forward mode.

    sum     the number, or the Value; 0 if nothing flows
    open    None if it always flows; else, while jit traces, an Open that decides when the program runs
    """

    sum: Any
    open: "Open | None" = None


class Gate(NamedTuple):
    """A slope with a gate that is decided when the program runs: `slope` if `open` is not 0, else no edge.

    point   for a gate that is closed at single points only: 0 at these points, where a finite slope counts, see gate()
    """

    open: Any
    slope: Any
    point: Any = None


class Open:
    """Decides when the program runs whether a sum of flows times slopes flows: if any flow does, through a slope whose
    gate is open.

    recorded    the same as a Value that is 0 if nothing flows; opened() creates it on demand
    """

    __slots__ = ("terms", "recorded")

    def __init__(self, terms: Sequence[tuple[Flow, Any]]) -> None:
        self.terms = terms
        self.recorded: Any = None


def adjoints(y: Value, xs: Iterable[Value], record: bool,
             before: dict[Value, list[tuple[Flow, Any]]] | None = None) -> dict[Value, Flow]:
    """The derivatives of y by xs and by all that stands between: backward(), with a dict in place of .grad.

    before      the terms that each of xs is given before all others
    """
    trace = tracer()
    incoming: dict[Value, list[tuple[Flow, Any]]]                   # what each is given, and the slope
    incoming = dict(before) if before is not None else {x: [] for x in xs} if trace is None else trace.incoming(xs)
    order = between([y], incoming)
    if trace is not None:
        order = trace.arranged(order)
    reaching: list[tuple[Value, tuple[Any, ...]]] = []              # what depends on xs, with what each has as inputs
    reached = incoming.keys()
    for v in order:
        args = v.args
        if not reached.isdisjoint(args):
            incoming[v] = []
            reaching.append((v, args))
    if y in incoming:
        incoming[y].append((Flow(1.0), 1.0))
    adjoint: dict[Value, Flow] = {}
    for v, args in reversed(reaching):
        found = incoming.pop(v)
        if not found:                                               # no gradient flows here
            continue
        g = adjoint[v] = total(found, record)
        for a, slope in zip(args, slopes_of(v, record)):
            if slope is not None and (terms := incoming.get(a)) is not None:
                terms.append((g, slope))
    flows = {x: found for x, found in incoming.items() if found}            # xs that are leaves
    return adjoint | (_at_once(flows) if trace is not None else {x: total(found, record) for x, found in flows.items()})


def _at_once(flows: dict[Value, list[tuple[Flow, Any]]]) -> dict[Value, Flow]:
    """total() of each leaf while jit traces. Most parameters are used once: their products are recorded as a batch."""
    trace, found, plain = tracer(), {}, []
    for x, terms in flows.items():
        (g, is_open), slope = terms[0]
        if (len(terms) == 1 and slope.__class__ is not Gate and slope.__class__ is not float
                and g.__class__ is not float and (is_open is None or trace.is_tame(slope))):
            plain.append((x, g, slope))
        else:
            found[x] = total(terms, True)
    if plain:
        xs, gs, slopes = zip(*plain)
        found |= zip(xs, map(Flow, trace.many(dot if trace.strict else mul, [gs, slopes])))
    return found


def total(terms: Sequence[tuple[Flow, Any]], record: bool) -> Flow:
    """The sum of flows times slopes: a number, or a Value that takes the fewest operations."""
    if not record:
        result = 0.0
        for flow, slope in terms:
            result += flow.sum * slope
        return Flow(result)
    gs, slopes = [flow.sum for flow, _ in terms], [slope for _, slope in terms]
    gated = Gate in set(map(type, slopes))
    if not gated and all([flow.open is None for flow, _ in terms]):
        return Flow(_dot(gs, slopes))
    is_open = Open(terms) if gated or len(terms) > 1 else terms[0][0].open
    if not gated and all(map(tracer().is_tame, slopes)):
        return Flow(_dot(gs, slopes), is_open)
    return Flow(_masked(terms), is_open)


def _masked(terms: Sequence[tuple[Flow, Any]]) -> Any:
    """The sum of flows times slopes, with a mask for each term that gates may close when the program runs.

    The sum of a closed flow is 0, and 0 times a finite slope stays 0. A term needs a mask at a gate, or if its slope
    may be infinite or nan where the flow is closed, as that of sqrt(x) in where(x > 0, sqrt(x), 0).
    """
    trace = tracer()
    gs: list[Any] = []
    slopes: list[Any] = []
    masks: list[Any] = []
    for flow, given in terms:
        g, slope, mask = flow.sum, given, 1.0
        if given.__class__ is Gate:
            gate, slope, point = given
            if point is not None and isinstance(g, Value):
                g = where(maximum(point, abs(g) < inf), g, 0.0)
            mask = gate if flow.open is None or trace.is_tame(slope) else where(opened(flow.open), gate, 0.0)
        elif flow.open is not None and not trace.is_tame(slope):
            mask = opened(flow.open)
        gs.append(g)
        slopes.append(slope)
        masks.append(mask)
    return _dot(gs, slopes) if all(map(_is_one, masks)) else trace.flat(masked_dot, (*masks, *gs, *slopes))


def opened(is_open: Open) -> Any:
    """1.0 if it always flows, else a Value that is 0 if nothing flows."""
    stack = [is_open]                                   # no recursion: deep networks would exceed Python's limit
    while stack:
        top = stack.pop()
        if top.recorded is not None:                    # most often
            continue
        waiting = [flow.open for flow, _ in top.terms if flow.open is not None and flow.open.recorded is None]
        if waiting:
            stack += top, *waiting
            continue
        ways = [_way(flow.open, slope.open if slope.__class__ is Gate else None) for flow, slope in top.terms]
        always = any(map(_is_one, ways))                # gates are not negative: a sum is 0 only if all are closed
        top.recorded = 1.0 if always else ways[0] if len(ways) == 1 else sum(ways)
    return is_open.recorded


def _way(outer: Open | None, gate: Any) -> Any:
    """1.0, or a Value that is 0 unless both are open."""
    if outer is None or _is_one(outer.recorded):
        return 1.0 if gate is None else gate
    return outer.recorded if gate is None else where(outer.recorded, gate, 0.0)


def _dot(gs: list[Any], slopes: list[Any]) -> Any:
    """The sum of products as one Value, without multiplications if all slopes are 1."""
    if all(map(_is_one, slopes)):
        return gs[0] if len(gs) == 1 else sum(gs)
    if len(gs) > 1 or getattr(tracer(), "strict", False):
        return dot(gs, slopes)                          # a sum starts at 0.0: strict code keeps the sign of a zero
    return slopes[0] if _is_one(gs[0]) else gs[0] * slopes[0]


def _is_one(x: Any) -> bool:
    return x.__class__ is float and x == 1.0


def slopes_of(v: Value, record: bool) -> Sequence[Any]:
    """The slopes of a result: its frozen numbers, or the same recorded as Values (for jit also as Gates). RuntimeError
    if an input was set after the result was computed."""
    if not record or v.op is None:
        return v.slopes
    if tracer() is not None:
        args = v.args
        return v.op.partials([a.__class__ is not float for a in args], v, *args)
    slopes = v.op.partials([isinstance(a, Value) for a in v.args], v, *v.args)
    for slope, frozen in zip(slopes, v.slopes):
        now = slope.data if isinstance(slope, Value) else slope or 0.0
        if now != (frozen or 0.0) and now == now:
            raise RuntimeError(f"an input of {v!r} was set after it was computed: its slope was {frozen} and is now "
                               f"{now}; compute the result again before differentiating with create_graph")
    return slopes


def _gate(open: Value, slope: Any, point: bool) -> Any:
    """gate() of a Value (table.py): decided at once, or for jit when the program runs.

    A gate that is 0 at single points only is closed there only if there is no slope, as for x**n at x = n = 0.
    """
    if tracer() is not None:
        return Gate(maximum(open, slope <= inf), slope, open) if point else Gate(open, open if slope is None else slope)
    if open.data == 0 and not (point and _data(slope) == _data(slope)):
        return None
    return open.data if slope is None else slope


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


setattr(Value, "_gate", _gate)  # noqa: B010            # set here, because the engine records numbers only


# Transforms ----------------------------------------------------------------------------------------------------

def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that returns f's value and its gradient by the argument(s) `argnums`, in one pass.
    TypeError if f does not return one Value or number.

    A tuple of argnums gives a tuple of gradients. TypeError for an argument to differentiate by that has no number.

    >>> from microgradx import value_and_grad
    >>> value_and_grad(lambda w, x: w["slope"] * x + w["bias"])({"slope": 3.0, "bias": 1.0}, 2.0)
    (7.0, {'slope': 2.0, 'bias': 1.0})
    """
    def transformed(*args: Any, **options: Any) -> tuple[Any, Any]:
        wanted = (argnums,) if isinstance(argnums, int) else argnums
        y, xs, inside = call(f, args, wanted, options)
        y = _scalar(y)
        found = iter(gradients(y, xs, create_graph=inside))
        by = tuple(rebuild(args[n], found) for n in wanted)
        return y if inside else y.data, by[0] if isinstance(argnums, int) else by
    return transformed


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns the gradient of f by the argument(s) `argnums`.

    >>> from microgradx import grad, sin
    >>> grad(sin)(0.0), grad(grad(sin))(0.0), grad(grad(grad(sin)))(0.0)
    (1.0, 0.0, -1.0)
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **options: both(*args, **options)[1]


def jvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
    """f at the arguments `xs`, and its derivative in the direction `vs` (of the same nesting), by forward mode.
    ValueError if vs and xs have different counts of numbers. f may return a nested list.

    >>> from microgradx import jvp
    >>> jvp(lambda x, y: [x * y, x + y], [2.0, 3.0], [1.0, 0.0])
    ([6.0, 5.0], [3.0, 1.0])
    """
    _expect_lists("jvp", xs, vs)
    y, inputs, inside = call(f, xs, range(len(xs)))
    directions = zip(inputs, _directions(xs, inputs, vs))
    tangent = {x: flow for x, t in directions if (flow := _direction(t, inside)) is not None}
    outputs = [v if isinstance(v, Value) else Value(v) for v in leaves(y)]
    with _derived(inside):
        for v in between(outputs, inputs):
            terms = [(tangent[a], slope) for a, slope in zip(v.args, slopes_of(v, inside))
                     if slope is not None and a in tangent]
            if terms and v not in tangent:
                tangent[v] = total(terms, inside)
    return (rebuild(y, iter([v if inside else v.data for v in outputs])),
            rebuild(y, iter([tangent[v].sum if v in tangent else 0.0 for v in outputs])))


def _direction(t: Any, inside: bool) -> Flow | None:
    """The flow from an input that changes in the direction t: None if t is 0. But a Value that is itself differentiated
    flows even at 0, and a Value without a number flows if it is not 0 when the program runs."""
    if isinstance(t, Value) and inside:
        return Flow(t, None if _inputs.get() else Open([(Flow(t), Gate(abs(t), t))]))
    t = t.data if isinstance(t, Value) else number(t)
    return Flow(t) if t != 0 else None


def hvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> Any:
    """The Hessian of f at the arguments `xs` times the direction `vs`, in the nesting of xs: two reverse passes.

    >>> from microgradx import hvp
    >>> hvp(lambda x, y: x**2 * y, [3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    _expect_lists("hvp", xs, vs)
    y, inputs, inside = call(f, xs, range(len(xs)))
    slope: Any = dot(gradients(_scalar(y), inputs, create_graph=True), _directions(xs, inputs, vs))
    return rebuild(xs, iter(gradients(slope, inputs, create_graph=inside)))


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that returns all second derivatives of f by one argument: for n numbers an n x n nested list.

    >>> from microgradx import hessian
    >>> hessian(lambda p: p[0]**2 * p[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    def transformed(*args: Any, **options: Any) -> Any:
        y, xs, inside = call(f, args, (argnums,), options)
        rows = [rebuild(args[argnums], iter(gradients(g, xs, create_graph=inside)))
                for g in gradients(_scalar(y), xs, create_graph=True)]
        return rebuild(args[argnums], iter(rows))
    return transformed


def call(f: Callable[..., Any], args: Sequence[Any], wanted: Iterable[int],
         options: Mapping[str, Any] = MappingProxyType({})) -> tuple[Any, list[Value], bool]:
    """f's result, the inputs to differentiate by, and whether an enclosing transform differentiates the result.
    TypeError if `wanted` has an argument that was not given, or that has no number; ValueError if it has one twice."""
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
            y = f(*given, **options)
        finally:
            _inputs.reset(before)
    if traced or not outer:
        return y, xs, traced
    results = [v for v in leaves(y) if isinstance(v, Value)]
    return y, xs, any(enclosing.reach(results, inner) for enclosing in outer)


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


def _scalar(y: Any) -> Value:
    """The result of a function to differentiate, as a Value. TypeError if it is not one Value or number."""
    if not is_leaf(y):
        raise TypeError(f"the function must return one Value, got {type(y).__name__}; add them up with sum(...)")
    return y if isinstance(y, Value) else Value(y)


def _directions(xs: Any, inputs: Sequence[Value], vs: Any) -> list[Any]:
    """The numbers of the direction, one for each input. ValueError if the counts or the keys of a dict differ."""
    found = _aligned(xs, vs)
    if len(found) != len(inputs):
        raise ValueError(f"the direction has {len(found)} numbers for {len(inputs)} inputs; give one for each")
    return found


def _aligned(tree: Any, other: Any) -> list[Any]:
    """The leaves of `other` in the order of `tree`: a dict may have its keys in another one."""
    if isinstance(tree, dict) and isinstance(other, dict):
        if tree.keys() != other.keys():
            raise ValueError(f"the direction has keys {list(other)}, the argument {list(tree)}; give each once")
        return [x for key in tree for x in _aligned(tree[key], other[key])]
    inner, others = branches(tree), branches(other)
    if inner is None or others is None or len(inner) != len(others):
        return leaves(other)
    return [x for branch, one in zip(inner, others) for x in _aligned(branch, one)]
