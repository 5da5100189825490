"""Loop: all steps of a scan() as one operation, of which one step is recorded, and its derivatives, which are Loops.

    >>> from microgradx import jit, scan, value_and_grad
    >>> f = jit(value_and_grad(lambda x: scan(lambda y, _: (y * x + 1.0, None), x, length=1000)[0]), backend="python")
    >>> f(0.5), f.report().scans
    ((2.0, 4.0), 2)

The gradient of a loop is a loop that runs back: it carries the gradient by the carry, and adds up that by each
constant. One step of it is the gradient of one step, recorded by the same lines as any gradient; the carries of the
first loop are one of its inputs, column by column. So derivatives of any order are loops, and none is written here.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from ...dependence import between
from ...engine import Value, tracer
from ...flows import Flow, Passing, Terms, total
from ...loops import refuse_reverse
from ...passes import edges, passed, tangents
from .body import LoopBody, inputs_of, made, reached, recorded, replayed
from .packing import ABSENT, FLAGGED, as_columns, before, packed, state, unpacked, whole
from .tame import is_tame

TRIES = 3                               # to find what flows at each step


class Unrolled(BaseException):
    """A strict program needs the gradient of a loop: it is recorded anew, without loops, whose sums have another order.
    A BaseException, so that no `except Exception` of the user's catches it."""


class Structure(Passing):
    """An operation whose result is no number: a Loop, or what picks from the block of numbers that one computes."""

    __slots__ = ()

    def takes(self, count: int) -> bool:
        """Whether it has so many inputs: a block and a place."""
        return count == 2

    def again(self) -> Structure:
        """The operation in another recording of the same step."""
        return self


def sources(op: Any, args: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """The inputs of a loop: carries, constants, and columns, each a list of numbers or a COLUMN."""
    at, columns = op.carries + op.constants, list[Any]()
    for stacked in op.columns:
        columns.append(args[at] if stacked else list(args[at:at + op.steps]))
        at += 1 if stacked else op.steps
    return list(args[:op.carries]), list(args[op.carries:op.carries + op.constants]), columns


class Loop(Structure):
    """body, `count` times; where that is None, while the first carry is not 0. Its inputs: first carries, constants,
    and for each column either `count` numbers or a whole COLUMN of another loop. Its result is a block of numbers: the
    last carries, then the y of all steps, column by column.

    carries, constants      how many there are
    columns                 for each column whether it is a COLUMN
    reverse                 whether it runs from the last step to the first
    kept                    which y is the carry before each step, for each carry whose y that is
    """

    __slots__ = ("body", "count", "carries", "constants", "columns", "reverse", "kept", "tame")

    def __init__(self, body: LoopBody, count: int | None, carries: int, constants: int, columns: list[bool],
                 reverse: bool) -> None:
        super().__init__("loop", lambda x: x, 0.0)
        self.body, self.count, self.carries, self.constants = body, count, carries, constants
        self.columns, self.reverse = columns, reverse
        self.tame = all(is_tame(part.op) for part in body.parts)
        self.kept: dict[int, int] = {}

    def again(self) -> Loop:
        """The same loop within another step, which may keep more from step to step."""
        new = Loop(self.body.copy(), self.count, self.carries, self.constants, self.columns, self.reverse)
        new.kept = dict(self.kept)
        return new

    def place(self, column: int, step: int) -> float:
        """Where in the block the y of a step is."""
        return float(self.carries + column * self.steps + step)

    @property
    def steps(self) -> int:
        """How many steps it has; 0 if nobody knows."""
        return self.count or 0

    def tape(self, v: Value, i: int) -> Value:
        """Carry i before each step, as a COLUMN: the loop computes it from now on."""
        if i not in self.kept:
            self.kept[i] = len(self.body.results) - self.carries
            self.body.results.append(self.body.inputs[i])
        return tracer().traced(COLUMN, v, float(self.kept[i]))  # type: ignore[no-any-return]

    def pull(self, v: Value, found: Terms, incoming: dict[Value, Any]) -> Flow:
        """Adds the gradients by the inputs, which another loop computes."""
        if self.count is None:
            refuse_reverse()
        if tracer().exact:
            raise Unrolled
        Pulled(self, v, found, incoming).run()
        return Flow(0.0)

    def push(self, v: Value, tangent: dict[Value, Any]) -> None:
        """Enters a loop that computes the tangents of all results."""
        run = (Pushed if self.count is not None else PushedOn)(self, v, tangent)
        if run.moves():
            tangent[v] = run.run()


class Part(Structure):
    """A number of a block: `part(block, place)`."""

    __slots__ = ()

    def pull(self, v: Value, found: Terms, incoming: dict[Value, Any]) -> Flow:
        """Hands its gradient to the loop."""
        flow = total(found, True)
        incoming[v.args[0]].append((int(v.args[1]), None, flow))
        return flow

    def push(self, v: Value, tangent: dict[Value, Any]) -> None:
        """Its tangent is a number of another block."""
        if v.args[0] in tangent and (flow := tangent[v.args[0]].part(int(v.args[1]))) is not None:
            tangent[v] = flow


class Column(Structure):
    """The y of all steps, which another loop takes step by step: `column(block, which)`."""

    __slots__ = ()

    def pull(self, v: Value, found: Terms, incoming: dict[Value, Any]) -> Flow:
        """Hands its gradients, which are columns, to the loop."""
        incoming[v.args[0]] += [(None, int(v.args[1]), flow) for flow in found]
        return Flow(0.0)

    def push(self, v: Value, tangent: dict[Value, Any]) -> None:
        """Its tangent is a column of another loop."""
        if v.args[0] in tangent and (flow := tangent[v.args[0]].column(int(v.args[1]))) is not None:
            tangent[v] = flow


PART, COLUMN = Part("part", lambda x: x, 0.0), Column("column", lambda x: x, 0.0)


def looped(body: LoopBody, count: int | None, init: Sequence[Any], constants: Sequence[Any], columns: Sequence[Any],
           reverse: bool) -> Any:
    """The node of a loop. A column is a list of numbers, a COLUMN, or a function that makes one. What no step uses is
    left out."""
    used, parts = {x for x in body.results if x.__class__ is not float}, list[Any]()
    for part in reversed(body.parts):
        if not used.isdisjoint(made(part)):
            used.update(x for xs in inputs_of(part) for x in xs if x.__class__ is not float)
            parts.append(part)
    body.parts = parts[::-1]
    size, c = len(constants), len(init)
    fixed = [k for k in range(size) if body.inputs[c + k] in used]
    moving = [k for k in range(len(columns)) if body.inputs[c + size + k] in used]
    body.inputs = [*body.inputs[:c], *(body.inputs[c + k] for k in fixed), *(body.inputs[c + size + k] for k in moving)]
    given = [columns[k]() if callable(columns[k]) else columns[k] for k in moving]
    whole = [isinstance(column, Value) for column in given]
    op = Loop(body, count, c, len(fixed), whole, reverse)
    args = [*init, *(constants[k] for k in fixed)]
    for column in given:
        args += [column] if isinstance(column, Value) else column
    trace = tracer()
    return trace.traced(op, tuple(args), None)


# Derivatives -------------------------------------------------------------------------------------------------------

class Ends(NamedTuple):
    """The flows of a loop's results: of the last carries, and of the y of each step. first: the first of the carries
    that are flows."""

    node: Any
    finals: list[int]
    ys: list[int]
    first: int = 0

    def part(self, place: int) -> Flow | None:
        """The tangent of the number at this place of the block of the first loop."""
        op = self.node.op
        if place < len(self.finals):
            k, how = self.first + before(self.finals, place), self.finals[place]
            at = [float(k), float(k + 1)]
        else:
            j, t = divmod(place - len(self.finals), op.steps)
            k, how = before(self.ys, j), self.ys[j]
            at = [op.place(k, t), op.place(k + 1, t)]
        picks = [tracer().traced(PART, self.node, place) for place in at[:how]]
        return unpacked(iter(picks), [how])[0]

    def column(self, j: int) -> Flow | None:
        """The tangents of a column: columns for the sum, and for whether it flows."""
        k, how = before(self.ys, j), self.ys[j]
        picks = [tracer().traced(COLUMN, self.node, float(k + i)) for i in range(how)]
        return Flow(picks[0], picks[1] if how == FLAGGED else None) if picks else None


class Derived:
    """A loop that runs over the carries of another one, and derives each of its steps."""

    def __init__(self, op: Loop, v: Any) -> None:
        self.op, self.v = op, v
        self.init, self.constants, self.columns = sources(op, v.args)
        self.ys = len(op.body.results) - op.carries
        trace = tracer()
        self.tame = op.tame and v not in trace.state.wild.among(trace.nodes)

    def steady(self, step: Callable[..., Any], init: list[Flow | None], later: Sequence[bool], sums: Sequence[bool],
               constants: list[Any], columns: list[Any], reverse: bool) -> Ends:
        """The loop of `step`, which takes and returns flows, from the flows `init` on; sums of nothing begin at 0.

        What flows at some steps is found by trying, until it is the same after a step as before it: from those on that
        may begin to flow `later`. After a few tries any carry may flow or not."""
        op, states, tries = self.op, begun(init, later), count()
        tape = [partial(op.tape, self.v, i) for i in range(op.carries)]
        while True:
            after: list[Any] = []

            def one(carries: list[Any], fixed: list[Any], xs: list[Any], states: list[int] = states,
                    after: list[Any] = after) -> tuple[list[Any], list[Any]]:
                given = [*xs[:op.carries], *fixed[:op.constants], *xs[op.carries:op.carries + len(self.columns)]]
                flows, ys = step(given, unpacked(iter(carries), states), fixed[op.constants:],
                                 xs[op.carries + len(self.columns):])
                after += [list(map(state, flows)), list(map(state, ys))]
                joint = [_joint(a, b, total) for a, b, total in zip(states, after[0], sums)]
                return packed(flows, joint) if joint == states else carries, packed(ys, after[1])
            body, free = recorded(one, sum(states), [*self.constants, *constants],
                                        op.carries + len(self.columns) + len(columns), not self.tame)
            joint = [_joint(a, b, total) for a, b, total in zip(states, after[0], sums)]
            if joint == states:
                break
            states = joint if next(tries) < TRIES else [a if total else FLAGGED for a, total in zip(joint, sums)]
        node = looped(body, op.steps, packed(init, states), free, [*tape, *self.columns, *columns], reverse)
        return Ends(node, states, after[1])


def begun(flows: Sequence[Flow | None], later: Sequence[bool]) -> list[int]:
    """What flows before the first step: what begins to flow later may flow or not."""
    return [FLAGGED if flow is None and comes else state(flow) for flow, comes in zip(flows, later)]


def _joint(before: int, after: int, total: bool) -> int:
    """What flows before and after a step. A sum is there from the first step on."""
    return after if total and before == ABSENT else before if before == after else FLAGGED


class Pulled(Derived):
    """The gradient of a loop: a loop that runs the other way."""

    def __init__(self, op: Loop, v: Any, found: Terms, incoming: dict[Value, Any]) -> None:
        super().__init__(op, v)
        self.incoming = incoming
        self.finals: list[Flow | None] = [None] * op.carries
        self.rows: list[list[Flow | None]] = [[] for _ in range(self.ys)]
        self.wholes: list[list[Flow]] = [[] for _ in range(self.ys)]
        for place, column, flow in found:
            if place is None:
                self.wholes[column].append(flow)
            elif place < op.carries:
                self.finals[place] = flow
            else:
                j, t = divmod(place - op.carries, op.steps)
                self.rows[j] = self.rows[j] or [None] * op.steps
                self.rows[j][t] = flow

    def run(self) -> None:
        """Records it, and hands on the gradients."""
        op = self.op
        moving = self.moving()
        by = [x in self.incoming for x in self.constants]
        along = [x in self.incoming if isinstance(x, Value) else any(a in self.incoming for a in x)
                 for x in self.columns]
        sources: list[Any] = []                             # of the gradients of y: which, how, and columns of them
        given: list[tuple[int, int]] = []
        for j in range(self.ys):
            kinds = [as_columns(self.rows[j])] if self.rows[j] else []
            kinds += [(whole(flow), state(flow)) for flow in self.wholes[j]]
            for columns, how in kinds:
                sources += columns
                given.append((j, how))
        c, k = op.carries, op.carries + op.constants
        active = [i for i in range(c) if moving[i]]
        fixed = [i for i in range(op.constants) if by[i]]
        wanted = [i for i in range(len(self.columns)) if along[i]]

        def step(inputs: list[Any], flows: list[Flow | None], _: list[Any], xs: list[Any]) -> Any:
            results, numbers = replayed(op.body, inputs), iter(xs)
            seeds = [*zip([results[i] for i in active], flows),
                     *((results[c + j], unpacked(numbers, [how])[0]) for j, how in given)]
            roots = [(y, flow) for y, flow in seeds if flow is not None and isinstance(y, Value)]
            targets = [*(inputs[i] for i in active), *(inputs[c + i] for i in fixed), *(inputs[k + i] for i in wanted)]
            first = {inputs[c + i]: [flow.sum, 1.0, flow.open] for i, flow in zip(fixed, flows[len(active):])
                     if flow is not None}
            terms = passed(roots, targets, True, first)[1]
            sums = [total(terms[x], True) if terms.get(x) else None for x in targets]
            end = len(active) + len(fixed)
            return sums[:end], sums[end:]
        init = [*(self.finals[i] for i in active), *(self.sum_of(self.constants[i]) for i in fixed)]
        sums = [*[False] * len(active), *[True] * len(fixed)]
        seeds = [*(op.body.results[i] for i in active if self.finals[i]), *(op.body.results[c + j] for j, _ in given)]
        found = reached(op.body, c, seeds, back=True)
        later = [*(op.body.inputs[i] in found for i in active), *[False] * len(fixed)]
        ends = self.steady(step, init, later, sums, [], sources, not op.reverse)
        for n, x in enumerate([*(self.init[i] for i in active), *(self.constants[i] for i in fixed)]):
            self.hand(x, ends.part(n))
        for n, i in enumerate(wanted):
            source = self.columns[i]
            if isinstance(source, Value):
                if (flow := ends.column(n)) is not None:
                    self.incoming[source].append(flow)
            else:
                for t, x in enumerate(source):
                    if x in self.incoming:
                        self.hand(x, ends.part(len(ends.finals) + n * op.steps + t))

    def sum_of(self, x: Any) -> Flow | None:
        """What the gradient by a constant is so far: the loop goes on with this sum."""
        terms = self.incoming[x]
        flow = total(terms, True) if terms else None
        terms.clear()
        return flow

    def hand(self, x: Any, flow: Flow | None) -> None:
        """Adds a gradient to those of x, if gradients by x are wanted."""
        if flow is not None and isinstance(x, Value) and x in self.incoming:
            self.incoming[x].extend((flow.sum, 1.0, flow.open))

    def moving(self) -> list[bool]:
        """Which carries depend on what is differentiated by."""
        body, op = self.op.body, self.op
        places = [*self.init, *self.constants, *self.columns]
        depend = {inner for inner, x in zip(body.inputs, places) if (
            x in self.incoming if isinstance(x, Value) else isinstance(x, list) and any(a in self.incoming for a in x))}
        moving = reached(body, op.carries, depend)
        return [x in moving for x in body.inputs[:op.carries]]


class Pushed(Derived):
    """The tangents of a loop: a loop that runs the same way."""

    def __init__(self, op: Loop, v: Any, tangent: dict[Value, Any]) -> None:
        super().__init__(op, v)
        self.by_carry = [_of(tangent, x) for x in self.init]
        self.by_constant = [_of(tangent, x) for x in self.constants]
        self.by_column: list[Any] = [tangent.get(x) if isinstance(x, Value) else [_of(tangent, a) for a in x]
                                     for x in self.columns]

    def moves(self) -> bool:
        """Whether an input has a tangent."""
        return any(x is not None for x in (*self.by_carry, *self.by_constant)) or any(
            any(a is not None for a in x) if isinstance(x, list) else x is not None for x in self.by_column)

    def run(self) -> Ends:
        """Records it."""
        op = self.op
        fixed = list(map(state, self.by_constant))
        sources: list[Any] = []
        along: list[int] = []
        for flows in self.by_column:
            columns, how = as_columns(flows) if isinstance(flows, list) else (whole(flows), state(flows))
            sources += columns
            along.append(how)

        def step(inputs: list[Any], flows: list[Flow | None], constants: list[Any], xs: list[Any]) -> Any:
            given = [*flows, *unpacked(iter(constants), fixed), *unpacked(iter(xs), along)]
            found = advanced(op.body, inputs, given)[1]
            return found[:op.carries], found[op.carries:]
        return self.steady(step, self.by_carry, self.later(), [False] * op.carries, packed(self.by_constant, fixed),
                           sources, op.reverse)

    def later(self) -> list[bool]:
        """Which carries have a tangent after some steps."""
        op = self.op
        given = [*self.by_carry, *self.by_constant, *self.by_column]
        found = reached(op.body, op.carries, [x for x, flow in zip(op.body.inputs, given) if (
            any(a is not None for a in flow) if isinstance(flow, list) else flow is not None)])
        return [x in found for x in op.body.inputs[:op.carries]]


class PushedOn(Pushed):
    """The tangents of a while_loop: one that carries its value along, for the condition, and then the tangents."""

    def run(self) -> Ends:
        """Records it."""
        op, c, fixed, size = self.op, self.op.carries, list(map(state, self.by_constant)), len(self.constants)
        states, tries = begun(self.by_carry, self.later()), count()
        while True:
            after: list[int] = []

            def one(carries: list[Any], constants: list[Any], _: list[Any], states: list[int] = states,
                    after: list[int] = after) -> tuple[list[Any], list[Any]]:
                given = [*unpacked(iter(carries[c:]), states), *unpacked(iter(constants[size:]), fixed)]
                results, flows = advanced(op.body, [*carries[:c], *constants[:size]], given)
                after += map(state, flows)
                same = [_joint(a, b, False) for a, b in zip(states, after)] == states
                return [*results, *packed(flows, states)] if same else carries, []
            constants = [*self.constants, *packed(self.by_constant, fixed)]
            body, free = recorded(one, c + sum(states), constants, 0, not self.tame)
            joint = [_joint(a, b, False) for a, b in zip(states, after)]
            if joint == states:
                break
            states = joint if next(tries) < TRIES else [FLAGGED] * c
        node = looped(body, None, [*self.init, *packed(self.by_carry, states)], free, [], False)
        return Ends(node, states, [], c)


def advanced(body: LoopBody, inputs: list[Any], flows: list[Flow | None]) -> tuple[list[Any], list[Flow | None]]:
    """The results of a step at these inputs, recorded, and the tangents of the results, from those of the inputs."""
    tangent = {x: flow for x, flow in zip(inputs, flows) if flow is not None}
    results = replayed(body, inputs)
    graph = edges(between([x for x in results if isinstance(x, Value)], tangent), True)
    tangent = tangents(graph, tangent, True)
    return results, [tangent.get(x) if isinstance(x, Value) else None for x in results]


def _of(tangent: dict[Value, Any], x: Any) -> Flow | None:
    return tangent.get(x) if isinstance(x, Value) else None
