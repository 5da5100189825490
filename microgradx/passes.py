"""Both passes over a recorded graph as functions, with dicts in place of .grad: what derivatives.py is made of.

adjoints()      reverse: the derivatives of results by inputs, and by all that stands between
tangents()      forward: the derivatives of results in the direction in which inputs change

    >>> from microgradx import Value
    >>> from microgradx.passes import ONE, adjoints
    >>> x = Value(3.0)
    >>> y = x * x
    >>> adjoints([(y * x, ONE)], [x], record=False)[x]
    27.0
"""
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from itertools import repeat
from typing import Any

from .dependence import Sources, between, number_derived
from .engine import Value, tracer
from .flows import Flow, Gate, Open, Passing, Terms, as_row, slopes_of, total
from .ieee import number
from .ops import abs
from .recording import no_grad, recording

ONE = Flow(1.0)
Edges = list[tuple[Value, list[tuple[Value, Any]]]]     # results in order, each with its inputs and its slopes by them

# The inputs of the transforms that run in this thread: these differentiate every result that depends on one of them.
sources: ContextVar[tuple[Sources, ...]] = ContextVar("sources", default=())


def is_inside() -> bool:
    """Whether a transform or jit runs in this thread and may differentiate the present computation."""
    return bool(sources.get()) or tracer() is not None


def slopes_by(y: Value, xs: Sequence[Value], record: bool, nested: bool | None = None) -> list[Any]:
    """gradients() of a transform: `nested` says whether eager code would record them, see derived()."""
    trace = tracer()                                    # jit records what would be numbers, too
    with derived(record, nested):
        adjoint = adjoints([(y, ONE)], xs, record or trace is not None)
        found = [adjoint.get(x, 0.0) for x in xs]
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
        return trace.resolved(bool(sources.get()) if nested is None else nested)
    return recording() if record else no_grad()


def adjoints(seeds: Sequence[tuple[Value, Flow]], xs: Iterable[Value], record: bool,
             before: dict[Value, Terms] | None = None) -> dict[Value, Any]:
    """The derivatives of a sum of results by xs and by all that stands between: backward(), with a dict in place of
    .grad, without those to which no gradient flows.

    seeds       the results, each with its factor in the sum: [(y, ONE)] for one
    before      the terms that each of xs is given before all others
    """
    adjoint, incoming = passed(seeds, xs, record, before)
    found = {v: flow.sum for v, flow in adjoint.items()}
    return found | (_at_once(incoming) if tracer() is not None else
                    {x: total(terms, record).sum for x, terms in incoming.items()})


def passed(seeds: Sequence[tuple[Value, Flow]], xs: Iterable[Value], record: bool,
           before: dict[Value, Terms] | None = None) -> tuple[dict[Value, Flow], dict[Value, Terms]]:
    """The same for all that stands between; of each of xs that is a leaf the terms of its sum."""
    trace, made = tracer(), list[Any]()
    incoming: dict[Value, Any] = {x: [] for x in xs} if trace is None else trace.incoming(xs)   # Terms of each
    incoming |= before or {}
    roots = [y for y, _ in seeds]
    numbers = record and (trace is None or (trace.strict and trace.nested))     # for another pass in the same order
    order = between(roots, incoming, numbers)
    if trace is not None:
        order = trace.arranged(order)
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
    chosen: dict[Any, Sequence[Any]] = {}
    for v, args in reversed(reaching):
        found = incoming.pop(v)
        if not found:                                               # no gradient flows here
            continue
        if isinstance(v.op, Passing):
            adjoint[v] = v.op.pull(v, found, incoming)
            continue
        g, is_open = adjoint[v] = total(found, record)
        slopes = slopes_of(v, record, chosen)
        if numbers:
            made += g, *[slope.slope if slope.__class__ is Gate else slope for slope in slopes]
        for a, slope in zip(args, slopes):
            if slope is not None and (terms := incoming.get(a)) is not None:
                terms += g, slope, is_open
    number_derived(made)
    return adjoint, {x: found for x, found in incoming.items() if found}


def _at_once(incoming: dict[Value, Terms]) -> dict[Value, Any]:
    """The sum for each leaf while jit traces. Sums of as many products are recorded as a batch: a parameter is used
    once, or for each letter of a name, and thousands of others are, too."""
    trace, found = tracer(), dict[Value, Any]()
    alike: dict[Any, list[Value]] = {}
    for x, terms in incoming.items():
        alike.setdefault((len(terms), isinstance(terms[0], Value), isinstance(terms[1], Value)), []).append(x)
    for xs in alike.values():
        op, columns = as_row([incoming[x] for x in xs])
        found |= zip(xs, [total(incoming[x], True, last=True).sum for x in xs] if op is None else
                     trace.many(op, columns))
    return found


def edges(order: Iterable[Value], record: bool) -> Edges:
    """Each result with its inputs that it has a slope by, and these; 1.0 for a Passing operation, which has none."""
    chosen: dict[Any, Sequence[Any]] = {}
    return [(v, [(a, slope) for a, slope in zip(v.args, repeat(1.0) if isinstance(v.op, Passing) else
                                                slopes_of(v, record, chosen))
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


def flowing(directions: Iterable[tuple[Value, Any]], inside: bool) -> list[tuple[Value, Flow]]:
    """The inputs that change, or the results that count, each with its number in the direction, as a flow."""
    return [(x, flow) for x, t in directions if (flow := _direction(t, inside)) is not None]


def _direction(t: Any, inside: bool) -> Flow | None:
    """The flow from an input that changes in the direction t: None if t is 0. But a Value that is itself differentiated
    flows even at 0, and a Value without a number flows if it is not 0 when the program runs."""
    if isinstance(t, Value) and inside:
        return Flow(t, None if sources.get() else Open([t, Gate(abs(t), t), None]))
    t = t.data if isinstance(t, Value) else number(t)
    return Flow(t) if t != 0 else None
