"""Traced: a Value without a number, made while a function is traced; and the Tracer that makes them.

    >>> from microgradx.compiler.trace.traced import Tracer
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
from collections.abc import Iterable, Sequence
from contextvars import Token
from copy import copy
from functools import cache
from itertools import product
from typing import Any, NamedTuple, NoReturn

from ... import ops
from ...branches import answer, answers
from ...derivatives import adjoints
from ...engine import Value, mode, tape
from ...ieee import number
from ...table import REAL, Op, Reduction
from .errors import refuse_gradient, refuse_leaked, refuse_more, refuse_number, refuse_truth

MARK = "(traced)"                       # the scope of what is made while tracing; no user's name has parentheses
MOST = 5_000_000                        # operations that a program may have: some 4 GB while it is compiled


class Traced(Value):
    """A Value without a number: what its program computes when it runs.

    serial      how many operations were recorded before it
    trace       the Tracer that made it
    """

    __slots__ = ("serial", "trace")
    serial: int
    trace: Tracer

    @property
    def _data(self) -> NoReturn:  # type: ignore[override]
        refuse_leaked()

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """None is known."""
        return ()

    def __bool__(self) -> bool:
        if answers.get() is not None:
            return answer(self)
        known = constant(self)
        return refuse_truth() if known is None else known != 0

    def __eq__(self, other: Any) -> Any:
        """Of Values, as ever, whether they are the same one; whether it equals a number is not known yet."""
        if answers.get() is not None:
            return (self <= other) * (self >= other)
        if isinstance(other, (int, float)) and mode.get() is not None and self.trace.is_on():
            refuse_truth()
        return self is other

    def __ne__(self, other: Any) -> Any:
        return 1 - (self == other) if answers.get() is not None else not self == other

    __hash__ = Value.__hash__

    def __float__(self) -> Any:
        refuse_number()

    __int__ = __index__ = __float__

    def __format__(self, spec: str) -> str:
        return refuse_number() if spec else repr(self)

    def __repr__(self) -> str:
        return f"Traced({self.op.name if self.op else self.label or 'input'})"


class Draw:
    """A random number: another one whenever it is read."""

    def __init__(self, generator: random.Random | None) -> None:
        self.generator: Any = generator or random

    @property
    def data(self) -> float:
        """The next number of the generator."""
        return self.generator.random()  # type: ignore[no-any-return]


class GradientOf:
    """The gradient of a Value as something that is read and set like the data of one."""

    def __init__(self, value: Value) -> None:
        self.value = value

    @property
    def data(self) -> float:
        """The gradient."""
        return self.value.grad

    @data.setter
    def data(self, x: float) -> None:
        self.value.grad = x


class Batch(NamedTuple):
    """Operations of one row that were recorded at once, and their inputs: a list of the first ones, of the second..."""

    op: Op
    values: list[Traced]
    columns: Sequence[Sequence[Any]]


class State:
    """What a function does, reads and sets while it is traced.

    size        how many operations were recorded
    tame        whether Values stay finite, as far as that is known: see Tracer.is_tame
    sources     each Value that stands for what is read, and where its number comes from at a run: `.data` of this
    updates     what is set after a run, by its `.data`, and to which Value or number
    versions    of each Value whose data was set: the Value that stands for it from then on
    origins     the opposite, for all versions that there have been
    gradients   of each Value that has one by now: its gradient
    holders     of each Value whose gradient is read or set: its GradientOf
    """

    def __init__(self) -> None:
        self.size = 0
        self.tame: dict[Any, bool] = {}
        self.sources: dict[Value, Any] = {}
        self.updates: dict[Any, Any] = {}
        self.versions: dict[Value, Value] = {}
        self.origins: dict[Value, Value] = {}
        self.gradients: dict[Value, Any] = {}
        self.holders: dict[Value, GradientOf] = {}


class Tracer:
    """Answers for Values while a function is traced (see engine.mode): records what it does instead of doing it.

    nodes       every operation, in order; a Batch for many of one row
    strict      whether gradients are added up in the order of backward()
    path        the scope of what is recorded; None where nothing is (no_grad)
    scope       the same, but a str in no_grad too: the scope of leaves that are made
    state       what the function reads and sets
    given       what stands for a number among the arguments
    values      those of them that stand for a Value, not for a float

    A plain Value that the function closes over stays a leaf: an input, whose number is read at each run. One that it
    makes itself, from a number, is a constant.
    """

    def __init__(self, strict: bool = False) -> None:
        self.nodes: list[Traced | Batch] = []
        self.strict, self.state = strict, State()
        self.path: str | None = MARK
        self.scope = MARK
        self.given: set[Value] = set()
        self.values: set[Value] = set()

    def __enter__(self) -> None:
        self.before: Token[Any] = mode.set(self)

    def __exit__(self, *_: object) -> None:
        mode.reset(self.before)

    def within(self, path: str | None) -> Tracer:
        """The same Tracer in another scope, or in none."""
        inner = copy(self)
        inner.path, inner.scope = path, path or MARK
        return inner

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
        return self.kept(self.traced(op, inputs[0], inputs[1] if op.lists == 2 else None))

    def flat(self, op: Op, inputs: tuple[Any, ...]) -> Value:
        """The same for inputs that are Values as they are by now, and floats."""
        if len(inputs) > 2:
            out = self.traced(op, inputs, None)
        else:
            out = self.traced(op, inputs[0], inputs[1] if len(inputs) == 2 else None)
        return out if self.path is not None else self.kept(out)

    def many(self, op: Op, columns: Sequence[Sequence[Any]]) -> list[Traced]:
        """The same for many operations of one row at once, none of which is an input of another: the first inputs of
        all, the second ones, ...; for 40,000 gradients in half the time."""
        found: list[Traced] = []
        scope, pair = self.scope, len(columns) == 2
        for serial, inputs in enumerate(zip(*columns), self.state.size):
            out = new(Traced)
            out.label, out.scope, out.op = "", scope, op
            out._a, out._b = inputs if pair else (inputs, None)
            out.serial, out.trace = serial, self
            found.append(out)
        self.nodes.append(Batch(op, found, columns))
        self.state.size += len(found)
        if self.state.size > MOST:
            refuse_more(MOST)
        return found

    def kept(self, out: Traced) -> Traced:
        """A result; in no_grad() what no gradient passes."""
        return out if self.path is not None else self.traced(ops.detach, out, None)

    def traced(self, op: Op | None, a: Any, b: Any) -> Traced:
        """A new Value."""
        out = new(Traced)
        out.label, out.scope, out.op = "", self.scope, op
        out._a, out._b = a, b
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
        xs, versions = tuple(xs), self.state.versions
        for x in xs:
            if x.__class__ is not Traced and x.__class__ is not float:
                break
        else:
            if not versions:
                return xs                                   # most often
        if not versions and all([kind is float or issubclass(kind, Value) for kind in set(map(type, xs))]):
            return xs
        return tuple([versions.get(x, x) if isinstance(x, Value) else number(x) for x in xs])

    def arranged(self, values: Iterable[Value]) -> list[Value]:
        """Results in the order in which they were recorded, what was there before first: unlike the tape, it keeps
        together what a loop made, and so loops can be found again. Strict: as they are."""
        return list(values) if self.strict else sorted(values, key=_serial)

    def is_tame(self, slope: Any) -> bool:
        """Whether a slope stays finite where inputs are, also on a branch that is not taken: computed from inputs by
        rows that know no edge. (But for overflow; strict code does not rely on it.)"""
        known, stack = self.state.tame, [slope]
        while stack:
            v = stack[-1]
            if v in known:
                stack.pop()
            elif v.__class__ is float:
                known[v] = math.isfinite(v)
            elif self.strict:
                known[v] = False
            elif v.op is None:
                known[v] = not is_constant(v) or math.isfinite(v._data)
            elif not is_tame(v.op):
                known[v] = False
            else:
                args = v.args
                inputs = list(map(known.get, args))
                if None in inputs:
                    stack += [a for a, found in zip(args, inputs) if found is None]
                else:
                    known[v] = all(inputs)
        return known[slope]

    def are_tame(self, slopes: Sequence[Any]) -> bool:
        """Whether all are."""
        return all(map(self.state.tame.get, slopes)) or all(map(self.is_tame, slopes))

    # Numbers and gradients that are read and set -------------------------------------------------------------------

    def data(self, v: Value) -> Any:
        """`v.data`: a Value that follows the number, and that no gradient passes."""
        if v in self.given:
            refuse_number()
        if is_constant(v) and v not in self.state.versions:
            return v._data
        return self.record(ops.detach, (v,))

    def set_data(self, v: Value, x: Any) -> float:
        """`v.data = x`: what is computed with v from now on sees x; the Value itself takes the number after a run."""
        if v.__class__ is Traced or v.op is not None:
            refuse_number()
        new = self.state.versions[v] = self.record(ops.detach, (x,))
        self.state.origins[new] = v
        if not is_constant(v):
            self.state.updates[v] = new
        return v._data

    def grad(self, v: Value) -> Any:
        """`v.grad`: what was set last, or what it holds when a run starts."""
        found = self.state.gradients
        if v in self.given:
            refuse_gradient()
        if v not in found:
            outer = v.__class__ is not Traced and not is_constant(v)
            found[v] = self.source(self.holder(v)) if outer else 0.0
        return found[v]

    def set_grad(self, v: Value, x: Any) -> float:
        """`v.grad = x`. As set_data, it gives back the number that stays until the program runs."""
        if v in self.given:
            refuse_gradient()
        self.state.gradients[v] = x if isinstance(x, Value) else number(0.0 if x is None else x)
        if v.__class__ is Traced:
            return 0.0
        if not is_constant(v):
            self.state.updates[self.holder(v)] = self.state.gradients[v]
        return v._grad

    def holder(self, v: Value) -> GradientOf:
        """What stands for the gradient of a Value among sources and updates: the same at each call."""
        return self.state.holders.setdefault(v, GradientOf(v))

    def backward(self, root: Value) -> None:
        """`root.backward()`: leaves add the gradient to what they hold; results take it.

        Arguments are numbers and hold none. TracingError for one that is a Value, and where there is no other leaf.
        """
        origins, mine = self.state.origins, self.within(self.scope)
        root, = self.inputs([root])
        order = tape(root)
        leaves = [v for v in order if v.op is None or v in origins]
        if all(v in self.given or is_constant(v) for v in leaves) or not self.values.isdisjoint(leaves):
            refuse_gradient()
        with mine:
            found = adjoints(root, leaves, True)
            for v in order:
                g = detached(found[v].sum) if v in found else 0.0
                if v.op is not None and v not in origins:
                    self.state.gradients[v] = g
                elif v in found and v not in self.given:
                    self.accumulate(origins.get(v, v), g)

    def accumulate(self, v: Value, g: Any) -> None:
        """`v.grad += g` for a leaf."""
        before = self.grad(v)
        self.set_grad(v, g if before.__class__ is float and before == 0 and not self.strict else before + g)

    def source(self, what: Any) -> Value:
        """A Value for what is read at each run."""
        found = self.unknown()
        self.state.sources[found] = what
        return found

    def draw(self, generator: random.Random | None) -> Value:
        """A random number, another one at each run."""
        return self.source(Draw(generator))


def detached(x: Any) -> Any:
    """A number, or the number of a Value, that no gradient passes."""
    return ops.detach(x) if isinstance(x, Value) else x


new = object.__new__


@cache
def is_tame(op: Op) -> bool:
    """Whether a row gives finite numbers for finite ones of moderate size, wherever they are.

    >>> from microgradx import div, exp, mul, sqrt, tanh
    >>> [is_tame(op) for op in (mul, tanh, div, sqrt, exp)]
    [True, True, False, False, False]
    """
    count = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
    domains = op.domains(count)
    sizes = [[0.0] if isinstance(domain, range) else [0.0, 1e3, -1e3] for domain in domains]
    return (not op.poles and all(domain == REAL or isinstance(domain, range) for domain in domains)
            and all(math.isfinite(op.at(*xs)) for xs in product(*sizes)))


def _serial(v: Value) -> int:
    return v.serial if isinstance(v, Traced) else -1


def is_constant(v: Value) -> bool:
    """Whether a leaf was made from a number while a function was traced."""
    return v.__class__ is not Traced and v.scope.startswith(MARK)


def constant(v: Value) -> float | None:
    """The number of what was computed of constants only; None for all else."""
    known: dict[Any, float] = {}
    for node in tape(v):
        if node.op is None and not is_constant(node):
            return None
        known[node] = node.op.at(*[known.get(a, a) for a in node.args]) if node.op else node._data
    return known[v]


