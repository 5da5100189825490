"""Flows: what runs along the edges of a graph when derivatives are recorded, and when it runs.

A gradient flows from a result to an input along an edge that has a slope: it is multiplied by it, and an input adds up
what it is given. Where a branch is not taken there is no edge (see gate() in table.py). On numbers that is decided at
once, and a slope without an edge is None. While jit traces, it is decided when the program runs: a slope is a Gate
then, and a flow behind it has an Open, which tells whether anything flows.

    >>> from microgradx import Value, relu
    >>> from microgradx.flows import slopes_of
    >>> slopes_of(relu(Value(2.0)), record=False), slopes_of(relu(Value(-2.0)), record=False)
    ((1.0,), (None,))
"""
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from .engine import Value, tracer
from .ieee import inf
from .ops import maximum, mul, where
from .reductions import dot, masked_dot, sum
from .table import Op, Reduction

# What an input is given: the flow's sum, the slope, and the flow's Open, one after the other for each edge.
Terms = list[Any]


class Flow(NamedTuple):
    """A gradient in reverse mode, or a tangent in forward mode.

    sum     the number, or the Value; 0 if nothing flows
    open    None if it always flows; else, while jit traces, an Open that decides when the program runs
    """

    sum: Any
    open: "Open | None" = None


class Passing(Op):
    """An operation that passes gradients and tangents on itself, not by slopes: a loop.

    pull(v, found, incoming)    reverse mode: adds to the terms of the inputs of v what `found`, its own, makes of them
    push(v, tangent)            forward mode: enters the tangent of v, if an input has one
    """

    __slots__ = ()

    def pull(self, v: Value, found: Terms, incoming: dict[Value, Any]) -> Flow:
        """The gradient of v, after that of its inputs has been added to."""
        raise NotImplementedError

    def push(self, v: Value, tangent: dict[Value, Any]) -> None:
        """The tangent of v."""
        raise NotImplementedError


class Gate(NamedTuple):
    """A slope with a gate that is decided when the program runs: `slope` if `open` is not 0, else no edge."""

    open: Any
    slope: Any


class Open:
    """Decides when the program runs whether a sum flows: if any of its terms does, through a slope whose gate is open.

    recorded    the same as a Value that is 0 if nothing flows; opened() creates it on demand
    """

    __slots__ = ("terms", "recorded")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.recorded: Any = None


def total(terms: Terms, record: bool, last: bool = False) -> Flow:
    """The sum of flows times slopes: a number, or a Value that takes the fewest operations. Pass last=True where it
    flows no further, for then it does not matter when it flows."""
    gs, slopes, opens = terms[::3], terms[1::3], terms[2::3]
    if not record:
        result = 0.0
        for g, slope in zip(gs, slopes):
            result += g * slope
        return Flow(result)
    gated = Gate in set(map(type, slopes))
    if not gated and not any(opens):
        return Flow(dotted(gs, slopes))
    plain = [outer for slope, outer in zip(slopes, opens) if slope.__class__ is not Gate] if gated else opens
    is_open = None if last or None in plain else Open(terms)
    tame = not gated and tracer().are_tame(slopes)
    return Flow(dotted(gs, slopes) if tame else _masked(terms), is_open)


def _masked(terms: Terms) -> Any:
    """The sum of flows times slopes, with a mask for each term that gates may close when the program runs."""
    gs, slopes, masks = terms[::3], terms[1::3], _masks(terms)
    slopes = [slope.slope if slope.__class__ is Gate else slope for slope in slopes]
    return dotted(gs, slopes) if all(map(_is_one, masks)) else tracer().flat(masked_dot, (*masks, *gs, *slopes))


def _masks(terms: Terms) -> list[Any]:
    """The mask of each term; 1.0 for one that needs none.

    The sum of a closed flow is 0, and 0 times a finite slope stays 0. A term needs a mask at a gate, or if its slope
    may be infinite or nan where the flow is closed, as that of sqrt(x) in where(x > 0, sqrt(x), 0).
    """
    trace, masks = tracer(), [1.0] * (len(terms) // 3)
    for i, (slope, outer) in enumerate(zip(terms[1::3], terms[2::3])):
        gate, factor = slope if slope.__class__ is Gate else (None, slope)
        if outer is None or trace.are_tame([factor]):
            masks[i] = 1.0 if gate is None else gate
        else:
            masks[i] = opened(outer) if gate is None else where(opened(outer), gate, 0.0)
    return masks


def as_row(sums: Sequence[Terms]) -> tuple[Any, tuple[Any, ...]]:
    """For jit: the row that computes sums of as many terms, which flow no further, and the first inputs of all, the
    second ones, ...; None and () if there is a gate or a number among the terms, for which total() may find less to
    do."""
    columns = [*zip(*sums)]
    gs, slopes, opens = columns[::3], columns[1::3], columns[2::3]
    kinds = set(map(type, chain(*gs, *slopes)))
    if float in kinds or Gate in kinds:
        return None, ()
    trace = tracer()
    if any(chain(*opens)) and not trace.are_tame(chain(*slopes)):
        masks = [*zip(*map(_masks, sums))]
        if not all(map(_is_one, chain(*masks))):
            return masked_dot, (*masks, *gs, *slopes)
    return mul if len(gs) == 1 and not trace.starts else dot, (*gs, *slopes)


def opened(is_open: Open) -> Any:
    """1.0 if it always flows, else a Value that is 0 if nothing flows."""
    stack = [is_open]                                   # no recursion: deep networks would exceed Python's limit
    while stack:
        top = stack.pop()
        if top.recorded is not None:                    # most often
            continue
        waiting = [outer for outer in top.terms[2::3] if outer is not None and outer.recorded is None]
        if waiting:
            stack += top, *waiting
            continue
        ways = [_way(outer, slope.open if slope.__class__ is Gate else None)
                for slope, outer in zip(top.terms[1::3], top.terms[2::3])]
        always = any(map(_is_one, ways))                # gates are not negative: a sum is 0 only if all are closed
        top.recorded = 1.0 if always else ways[0] if len(ways) == 1 else sum(ways)
    return is_open.recorded


def _way(outer: Open | None, gate: Any) -> Any:
    """1.0, or a Value that is 0 unless both are open."""
    if outer is None or _is_one(outer.recorded):
        return 1.0 if gate is None else gate
    return outer.recorded if gate is None else where(outer.recorded, gate, 0.0)


def dotted(gs: list[Any], slopes: list[Any]) -> Any:
    """The sum of products as one Value, without multiplications if all slopes are 1.

    A single product by 1 is the other factor itself; but where derivatives are recorded for others of theirs it is a
    Value of its own: else their terms would be added in another order than in strict code, for which a closed gate is a
    term, too.
    """
    trace, one = tracer(), len(gs) == 1
    starts = trace is not None and trace.starts         # a sum starts at 0.0: strict code keeps the sign of a zero
    shares = one and trace is not None and not (trace.strict and trace.nested)
    if (shares or not one) and slopes[0].__class__ is float and all(map(_is_one, slopes)):
        return gs[0] if one else sum(gs)
    if shares and _is_one(gs[0]) and not starts:
        return slopes[0]
    kinds = {*map(type, gs), *map(type, slopes)} - {float}
    if trace is not None and kinds and all([issubclass(kind, Value) for kind in kinds]):    # as they are, at once
        return trace.flat(mul if one and not starts else dot, (*gs, *slopes))
    return gs[0] * slopes[0] if one and not starts else dot(gs, slopes)


def _is_one(x: Any) -> bool:
    return x.__class__ is float and x == 1.0


def slopes_of(v: Value, record: bool, chosen: dict[Any, Sequence[Any]] | None = None) -> Sequence[Any]:
    """The slopes of a result: its frozen numbers, or the same recorded as Values (for jit also as Gates). RuntimeError
    if an input was set after the result was computed.

    chosen      for jit: the slopes that depend on an index alone, by index. All columns of an embedding share them
    """
    if not record or v.op is None:
        return v.slopes
    if (trace := tracer()) is not None:
        args = v.args
        if chosen is None or v.op.__class__ is not Reduction or not v.op.choice:
            return trace.slopes(v, args)  # type: ignore[no-any-return]
        key = v.op, len(args), args[-1]
        if key not in chosen:
            chosen[key] = trace.slopes(v, args)
        return chosen[key]
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
    if (trace := tracer()) is not None:
        if point and trace.nested:
            return Gate(maximum(open, slope <= inf), slope)
        return Gate(open, open if slope is None else slope)
    if open.data == 0 and not (point and _data(slope) == _data(slope)):
        return None
    slope = open.data if slope is None else slope
    return Value(slope) if slope.__class__ is float else slope  # a factor, as for jit: strict code adds as this does


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


setattr(Value, "_gate", _gate)  # noqa: B010            # set here, because the engine records numbers only
