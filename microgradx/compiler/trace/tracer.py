"""Tracer: answers for Values while a function is traced, and records what it does.

    >>> from microgradx.compiler.trace.tracer import Tracer
    >>> trace = Tracer()
    >>> with trace:
    ...     x = trace.unknown()
    ...     y = (2 * x).tanh()
    >>> trace.nodes, y.args == tuple(trace.nodes[:1])
    ([Traced(mul), Traced(tanh)], True)
"""
from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Token
from copy import copy
from operator import attrgetter
from typing import Any

from ... import ops, reductions
from ...branches import answers
from ...engine import Value, mode, tape, tracers
from ...ieee import inf, number
from ...passes import ONE, adjoints
from ...table import Op, Reduction
from ...vector import Vector
from .errors import (
    refuse_branch,
    refuse_gradient,
    refuse_leaked,
    refuse_made,
    refuse_more,
    refuse_number,
    refuse_set,
)
from .outside import unwatched
from .rules import Rule
from .scan import repeated, scanned
from .state import AttributeOf, Draw, GradientOf, State
from .traced import MARK, MOST, TRACES, Batch, Number, Traced, constant, is_constant

new = object.__new__
MANY = 64                               # samples, from which on vmap() may be a loop
ORDINARY = frozenset((Traced, float))       # what most inputs are: they can be recorded as they are
TRACED = frozenset((Traced,))
TRACE = attrgetter("trace")


class Tracer:
    """Answers for Values while a function is traced (see engine.mode): records what it does instead of doing it.

    nodes       every operation, in order; a Batch for many of one row
    strict      whether gradients are added up in the order of backward()
    exact       whether that must be so for loops, too
    unrolls     whether each step of a loop is recorded
    path        the scope of what is recorded; None where nothing is (no_grad)
    scope       the same, but a str in no_grad too: the scope of leaves that are made
    state       what the function reads and sets
    given       what stands for a number among the arguments
    values      those of them that stand for a Value, not for a float
    versions    of each Value whose data was set: what stands for it from then on
    mark        the scope of leaves that are made here and outside of any other: no other trace has the same
    nested      whether eager code records derivatives, too, for others of theirs
    starts      whether sums of gradients start at 0.0, as in strict code those that eager code does not record
    seen        the inputs of each Vector that can be recorded as they are, by their id
    rules       the rules of rows that were run, for so many inputs and these numbers

    A plain Value that the function closes over stays a leaf: an input, whose number is read at each run. One that it
    makes itself, from a number, is a constant.
    """

    is_watch = False
    nested, starts = True, False

    def __init__(self, strict: bool = False, exact: bool = False, unrolls: bool = False) -> None:
        self.nodes: list[Traced | Batch] = []
        self.strict, self.exact, self.unrolls, self.state = strict, exact, unrolls, State()
        self.versions: dict[Value, Value] = {}
        self.mark = f"{MARK}{next(TRACES)}"
        self.path: str | None = self.mark
        self.scope = self.mark
        self.given: set[Value] = set()
        self.values: set[Value] = set()
        self.seen: dict[int, tuple[Any, ...]] = {}
        self.rules: dict[Any, Rule] = {}

    def __enter__(self) -> None:
        tracers.append(self)
        self.before: Token[Any] = mode.set(self)

    def __exit__(self, *_: object) -> None:
        mode.reset(self.before)
        tracers.pop()                           # whose it is does not matter

    def within(self, path: str | None) -> Tracer:
        """The same Tracer in another scope, or in none."""
        inner = copy(self)
        inner.path, inner.scope = path, path or self.mark
        return inner

    @contextmanager
    def resolved(self, nested: bool = False) -> Iterator[None]:
        """The same Tracer for what is recorded from the graph itself, such as derivatives: an input of an operation is
        meant as it was when that was recorded, also where its data was set since."""
        inner = self.within(self.scope)
        inner.versions = {}
        inner.nested, inner.starts = nested, self.strict and not nested
        with unwatched(self.nodes), inner:
            yield

    def is_constant(self, v: Value) -> bool:
        """Whether a leaf was made from a number while this function was traced."""
        return is_constant(v, self.mark)

    def is_on(self) -> bool:
        """Whether this is the trace that goes on in this thread."""
        return getattr(mode.get(), "nodes", None) is self.nodes

    # Operations ----------------------------------------------------------------------------------------------------

    def unknown(self) -> Traced:
        """An input: its number is given at each run."""
        return self.traced(None, None, None)

    def record(self, op: Op, args: Sequence[Any]) -> Value:
        """An operation on Values and numbers, which come one after the other also for a row of lists."""
        return self.flat(op, self.inputs(args))

    def lists(self, op: Reduction, lists: Sequence[Any]) -> Value:
        """A row of one list or two."""
        inputs = [self.inputs(xs) for xs in lists]
        out = self.traced(op, inputs[0], inputs[1] if op.lists == 2 else None)
        return out if self.path is not None else self.number(out)

    def flat(self, op: Op, inputs: tuple[Any, ...]) -> Value:
        """The same for inputs that are Values as they are by now, and floats."""
        if len(inputs) > 2:
            out = self.traced(op, inputs, None)
        else:
            out = self.traced(op, inputs[0], inputs[1] if len(inputs) == 2 else None)
        return out if self.path is not None else self.number(out)

    def many(self, op: Op, columns: Sequence[Sequence[Any]]) -> list[Traced]:
        """The same for many operations of one row at once, none of which is an input of another: the first inputs of
        all, the second ones, ...; for 40,000 gradients in half the time."""
        found: list[Traced] = []
        scope, pair = self.scope, len(columns) == 2
        for serial, inputs in enumerate(zip(*columns), self.state.size):
            out = new(Traced)
            out.label, out.scope, out.op = "", scope, op
            out._a, out._b = inputs if pair else (inputs, None)
            out._met = inf
            out.serial, out.trace = serial, self
            found.append(out)
        self.nodes.append(Batch(op, found, columns))
        self.state.size += len(found)
        if self.state.size > MOST:
            refuse_more(MOST)
        return found

    def slopes(self, v: Value, args: tuple[Any, ...]) -> Sequence[Any]:
        """The slopes of a result by its inputs, recorded as its row's rule has recorded them before."""
        op: Any = v.op
        key: Any = (op, self.nested, len(args))
        if float in set(map(type, args)):
            key = *key, *[repr(a) if a.__class__ is float else None for a in args]      # 0.0 is not -0.0
        if key not in self.rules:
            self.rules[key] = Rule(self, op, [a if a.__class__ is float else None for a in args])
        return self.rules[key].slopes(self, v, args)

    def number(self, x: Any) -> Number:
        """A Value as a number: no gradient passes, and no tape."""
        out: Any = self.traced(ops.detach, None, None, Number)
        out.of = x
        return out  # type: ignore[no-any-return]

    def traced(self, op: Op | None, a: Any, b: Any, kind: type[Traced] = Traced) -> Traced:
        """A new Value."""
        out = new(kind)
        out.label, out.scope, out.op = "", self.scope, op
        out._a, out._b = a, b
        out._met = 0.0 if a is None else inf
        state = self.state
        out.serial, out.trace = state.size, self
        if op is not None:
            self.nodes.append(out)
            state.size += 1
            if state.size > MOST:
                refuse_more(MOST)
        return out

    def inputs(self, xs: Iterable[Any]) -> tuple[Any, ...]:
        """Values, as they are by now, and floats for all other numbers."""
        versions, vector = self.versions, None
        if xs.__class__ is Vector:
            xs = vector = xs.args                                    # one tuple for all units of a layer
            if self.seen.get(id(xs)) is xs and not versions:
                return xs
        xs = tuple(xs)
        kinds = set(map(type, xs))
        if versions or not (kinds <= ORDINARY or all([kind is float or issubclass(kind, Value) for kind in kinds])):
            return tuple([self.value(x, versions) if isinstance(x, Value) else number(x) for x in xs])
        nodes = self.nodes
        for trace in set(map(TRACE, xs if kinds == TRACED else [x for x in xs if isinstance(x, Traced)])):
            if trace.nodes is not nodes:
                refuse_leaked()
        if xs is vector:
            self.seen[id(xs)] = xs
        return xs

    def value(self, x: Value, versions: dict[Value, Value]) -> Value:
        """A Value as it is by now. TracingError if it belongs to another trace."""
        if isinstance(x, Traced) and x.trace.nodes is not self.nodes:
            refuse_leaked()
        return versions.get(x, x) if versions else x

    def arranged(self, order: list[Value]) -> list[Value]:
        """Results in the order in which they were recorded, what was there before first: unlike the tape, it keeps
        together what a loop made, and so loops can be found again. Strict: the order of the tape, as in eager code."""
        return order if self.strict else sorted(order, key=_serial)

    def are_tame(self, slopes: Iterable[Any]) -> bool:
        """Whether slopes stay finite where inputs are, also on a branch that is not taken. (But for overflow; strict
        code does not rely on it.)"""
        if self.strict:
            return all([slope.__class__ is float and math.isfinite(slope) for slope in slopes])
        return self.state.wild.among(self.nodes).isdisjoint(slopes)

    def incoming(self, xs: Iterable[Value]) -> dict[Value, list[Any]]:
        """For adjoints(): an empty list for each of these, the same one for all versions of a Value."""
        found: dict[Value, list[Any]] = {x: [] for x in xs}
        return found | {new: found[v] for new, v in self.state.origins.items() if v in found}

    # Numbers and gradients that are read and set -------------------------------------------------------------------

    def data(self, v: Value) -> Any:
        """`v.data`: a Value that follows the number, and that no gradient passes. A float where it is known."""
        if v in self.given and v not in self.values:
            refuse_number()
        now = self.value(v, self.versions)
        if self.is_constant(now):
            return now._data
        return now.of if isinstance(now, Number) and now.of.__class__ is float else self.number(now)

    def set_data(self, v: Value, x: Any) -> float:
        """`v.data = x`: what is computed with v from now on sees x; the Value itself takes the number after a run."""
        if isinstance(v, Traced) or v.op is not None:
            refuse_set()
        x, = self.inputs([x])
        new = self.versions[v] = self.number(x)
        self.state.origins[new] = v
        if not self.is_constant(v):
            self.state.updates[v] = new
        return v._data

    def grad(self, v: Value) -> Any:
        """`v.grad`: what was set last, or what it holds when a run starts."""
        found = self.state.gradients
        if v in self.given:
            refuse_gradient()
        self.value(v, {})
        if v not in found:
            outer = not isinstance(v, Traced) and not self.is_constant(v)
            found[v] = self.source(self.holder(v)) if outer else 0.0
        return self.number(found[v]) if isinstance(found[v], Value) else found[v]

    def set_grad(self, v: Value, x: Any) -> float:
        """`v.grad = x`. As set_data, it gives back the number that stays until the program runs."""
        if v in self.given:
            refuse_gradient()
        self.value(v, {})
        x, = self.inputs([0.0 if x is None else x])
        self.take_grad(v, x)
        return 0.0 if isinstance(v, Traced) else v._grad

    def take_grad(self, v: Value, x: Any) -> None:
        """The gradient of v is x from now on."""
        self.state.gradients[v] = x
        if not isinstance(v, Traced) and not self.is_constant(v):
            self.state.updates[self.holder(v)] = x

    def holder(self, v: Value) -> GradientOf:
        """What stands for the gradient of a Value among sources and updates: the same at each call."""
        return self.state.holders.setdefault(v, GradientOf(v))  # type: ignore[no-any-return]

    def backward(self, root: Value) -> None:
        """`root.backward()`: leaves add the gradient to what they hold; results take it.

        Arguments are numbers and hold none. TracingError for one that is a Value, and where there is no other leaf.
        """
        root, = self.inputs([root])
        order, origins = tape(root), self.state.origins
        leaves = [v for v in order if v._a is None]
        if self.given.issuperset(leaves) or not self.values.isdisjoint(leaves):
            refuse_gradient()
        self.state.reached |= not self.given.isdisjoint(leaves)
        held: dict[Value, list[Any]] = {}               # one list for all versions of a Value
        incoming = {v: held.setdefault(origins.get(v, v), self.held(origins.get(v, v)))
                    for v in leaves if not isinstance(v, Traced) or v.op is not None}
        with self.resolved():
            found = adjoints([(root, ONE)], incoming, True, incoming)
        for v in order:
            if v._a is not None or v in found:
                self.take_grad(origins.get(v, v), found.get(v, 0.0))

    def held(self, v: Value) -> list[Any]:
        """The gradient that a leaf holds, as the first of the terms of its new one."""
        before = self.grad(v)
        return [] if before.__class__ is float and before == 0 else [before, 1.0, None]

    # Loops and branches ----------------------------------------------------------------------------------------------

    def loop(self, f: Any, init: Any, rows: Sequence[Any], reverse: bool, who: str) -> Any:
        """The result of scan(), of which one step is recorded; None if each step must be."""
        return scanned(f, init, rows, reverse, who)

    def samples(self, f: Any, rows: Any) -> Any:
        """The results of vmap(): f of each row, of which one is recorded where there are many operations; None if each
        must be."""
        if len(rows) < MANY:
            return None
        found = scanned(lambda _, row: (None, [f(row)]), None, rows, False, "vmap: f", True)
        return found and [y for y, in found[1]]

    def is_unknown(self, condition: Any) -> bool:
        """Whether the truth of a condition is known only when the program runs."""
        if answers.get() is not None or not isinstance(condition, Value):
            return False
        return constant(condition) is None if isinstance(condition, Traced) else not self.is_constant(condition)

    def repeat(self, holds: Any, cond_fun: Any, body_fun: Any, init: Any) -> Any:
        """The result of while_loop() from here on, where the condition `holds` is not known."""
        return repeated(holds, cond_fun, body_fun, init)

    def pure(self, f: Any, *operands: Any) -> Any:
        """f(*operands), a branch of cond. TracingError if f sets or draws a number: both branches are computed."""
        before = self.state.snapshot()
        found = f(*operands)
        if self.state.differs(before):
            refuse_branch(getattr(f, "__name__", "a function"))
        return found

    # Checks --------------------------------------------------------------------------------------------------------

    def require(self, x: Value, holds: Value, expected: str) -> None:
        """ValueError, each time that the program runs, if `holds` is 0: x is not what was expected."""
        self.state.checks.append((x, holds, expected))

    def failures(self) -> Any:
        """How much of what was required so far does not hold; 0 if nothing was required."""
        holds: list[Any] = [one for _, one, _ in self.state.checks]
        return len(holds) - reductions.sum(holds) if holds else 0

    # Optimisers ----------------------------------------------------------------------------------------------------

    def attribute(self, owner: Any, name: str) -> Any:
        """A number that changes from step to step, or a list of rows of such numbers: as they are by now."""
        tree = vars(owner)[name]
        if not isinstance(tree, list):
            return self.attribute_now(owner, name, None)
        return [tuple([self.attribute_now(owner, name, (i, k)) for k in range(len(row))]) for i, row in enumerate(tree)]

    def attribute_now(self, owner: Any, name: str, place: tuple[int, int] | None) -> Any:
        """One of them."""
        holder = self.attribute_of(owner, name, place)
        if holder not in self.state.attributes:
            self.state.attributes[holder] = self.source(holder)
        return self.state.attributes[holder]

    def set_attribute(self, owner: Any, name: str, x: Any) -> None:
        """Set such a number, or all rows. TracingError for an object that is made while a function is traced."""
        if name not in vars(owner):
            refuse_made(type(owner).__name__)
        several: list[Any] = [(None, x)]
        if isinstance(x, list):
            several = [((i, k), n) for i, row in enumerate(x) for k, n in enumerate(row)]
        for place, new in several:
            holder = self.attribute_of(owner, name, place)
            self.state.attributes[holder], = self.inputs([new])
            self.state.updates[holder] = self.state.attributes[holder]

    def attribute_of(self, owner: Any, name: str, place: tuple[int, int] | None) -> AttributeOf:
        """What stands for it among sources and updates: the same at each call."""
        key = owner, name, place
        if key not in self.state.holders:
            self.state.holders[key] = AttributeOf(owner, name, place)
        return self.state.holders[key]  # type: ignore[no-any-return]

    def source(self, what: Any) -> Value:
        """A Value for what is read at each run."""
        found = self.unknown()
        self.state.sources[found] = what
        return found

    def draw(self, generator: random.Random | None) -> Value:
        """A random number, another one at each run."""
        return self.source(Draw(generator))


def _serial(v: Value) -> int:
    return v.serial if isinstance(v, Traced) else -1
