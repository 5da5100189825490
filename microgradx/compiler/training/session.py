"""Session: compiled training. fit(..., jit=True) creates a session and has it run many steps at once. This is the base
class; Backend.session creates the session of a back end.

    >>> from microgradx import Value
    >>> from microgradx.compiler.backends import backend
    >>> from microgradx.training import SGD
    >>> w = Value(0.0)
    >>> rule = SGD([w], lr=0.1)
    >>> session = backend().session(None, [1.0, 2.0], [3.0, 6.0], lambda model, x, y: (w * x - y) ** 2, rule)
    >>> steps = session.run([[0, 1]] * 50, [0.1] * 50)
    >>> len(steps), round(w.data, 6), steps[0][0]               # loss and length of the gradient, before each step
    (50, 3.0, 22.5)

All numbers of the samples are inputs, ints too: another token or class needs no new program. Samples of another
nesting, such as longer sequences, do.
"""
from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from ...engine import Value, tracer
from ...ieee import nan
from ...nesting import branches, floated, is_module
from ...ops import where
from ...passes import slopes_by
from ...reductions import dot
from ...table import Op
from ..ir.dtype import DTYPES, FLOAT64, Dtype
from ..ir.program import Program, program
from ..trace.arguments import fixed, is_number, numbers
from ..trace.closures import Closure, roots
from ..trace.errors import TracingError
from ..trace.module_snapshot import snapshot
from ..trace.state import Draw
from ..trace.trace import trace

Steps = list[tuple[float, float]]
Unit = tuple[int, ...]                  # indices of the samples of one run of a program


class Weights:
    """The parameters of an optimiser, with the interface of a Module that trace() needs."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.values = list(values)

    def named_parameters(self) -> Iterator[tuple[str, list[Value]]]:
        """All parameters under one name."""
        yield "", self.values


class Session(ABC):
    """Trains a model on samples, step by step, without a graph. ValueError if a program is too large for generated
    Python, TracingError if the loss uses the number of a Value.

    model, loss, optimiser, penalty, clip, threshold, whole: as for fit()
    strict      the bits of eager training: sums in eager order, no fused multiply-add, libm's functions. Ints in the
                samples are then a part of the program: one program for each class or row of tokens
    weights     a number for each sample; their sum over a batch divides its loss, in place of the number of samples
    threads     how many compute the samples of a batch; None for one on each core, where there is enough to do. They
                add up the same blocks in the same order, however many they are
    dtype       "float64" or "float32": of parameters, gradients, and what the optimiser keeps

    run(batches, rates) makes one step for each batch (a list of sample indices), with its learning rate.
    """

    # Whether gradients are added in the order of backward(): each term to the running sum, sample after sample.
    in_order = False

    def __init__(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any, *,
                 penalty: Callable[[Any], Any] | None = None, clip: float | None = None,
                 threshold: float = -float("inf"), whole: bool = False, strict: bool = False,
                 weights: Sequence[float] | None = None, threads: int | None = None, dtype: str = "float64") -> None:
        self.model, self.loss, self.optimiser, self.penalty = model, loss, optimiser, penalty
        self.clip, self.threshold, self.whole, self.strict, self.threads = clip, threshold, whole, strict, threads
        self.shares, self.dtype = weights, DTYPES[dtype]
        self.in_order = strict or self.in_order
        self.weights = Weights(optimiser.params)
        self.count = len(optimiser.params)
        self.buffers = model.buffers() if hasattr(model, "buffers") else []
        self.generators: list[Any] = []
        self.settings = self.constants()
        self.interrupted = False            # whether Ctrl-C ended the last run
        self.samples = [sample if strict else floated(sample) for sample in zip(xs, ys)]
        self.forms = [form(sample) for sample in self.samples]
        self.alike = len(set(self.forms)) == 1
        self.numbers = [numbers(sample) for sample in self.samples]
        self.closure = Closure(roots(loss, [penalty, model]))
        self.start()

    @abstractmethod
    def start(self) -> None:
        """Prepare what all programs of this back end need."""

    @abstractmethod
    def run(self, batches: Sequence[Sequence[int]], rates: Sequence[float]) -> Steps:
        """Make steps; return loss and length of the gradient of each. It stops early after a step that reaches the
        threshold, and before a step where these are not finite, with the state before that step."""

    def refill(self, rows: Any) -> None:
        """Train on other samples from now on: the numbers of each, a row, in the form of the first sample."""
        self.samples, self.forms = self.samples[:1] * len(rows), self.forms[:1] * len(rows)
        self.numbers = rows

    def seen(self) -> Any:
        """The snapshot of the model that its programs are for; the same object while the model is the same."""
        return snapshot(self.model) if is_module(self.model) and type(self.model).__hash__ is not None else None

    def follows(self) -> bool:
        """Whether what the loss closes over is as it was."""
        return self.closure.holds()

    def finish(self) -> None:  # noqa: B027          # generated Python has nothing to do
        """Clean up after the last step."""

    # Samples -------------------------------------------------------------------------------------------------------

    def units(self, batch: Sequence[int]) -> list[Unit]:
        """The units of a batch: each sample by itself, or all samples as one unit."""
        return [tuple(batch)] if self.whole else [(place,) for place in batch]

    def size(self, batch: Sequence[int]) -> float:
        """What the loss of a batch is divided by: the number of its units, or the sum of their weights."""
        if self.shares is not None:
            return math.fsum([self.shares[place] for place in batch])
        return 1.0 if self.whole else float(len(batch))

    def form(self, unit: Unit) -> Any:
        """The form of a unit; units of the same form share a program."""
        return tuple([self.forms[place] for place in unit])

    def inputs(self, unit: Unit) -> list[float]:
        """The numbers of all samples of a unit."""
        return [x for place in unit for x in self.numbers[place]]

    # Programs ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def has(self, op: Op) -> bool:
        """Whether the back end computes the row itself; see Backend.has."""

    def unit_program(self, unit: Unit) -> Program:
        """The program of a unit. Inputs: parameters, `before` (see with_gradient), the size of the batch, the samples.
        Results: the unit's share of the loss, its gradient, the new numbers of the Buffers."""
        def f(weights: Weights, before: list[Any], count: Any, samples: list[Any]) -> list[Any]:
            xs, ys = map(list, zip(*samples))
            loss = self.loss(self.model, xs, ys) if self.whole else self.loss(self.model, xs[0], ys[0])
            return [*self.with_gradient(loss / count, before), *(b.data for b in self.buffers)]
        p = self.program(f, self.weights, self.before(), 1.0, [self.samples[place] for place in unit])
        if not set(p.updates) <= set(self.buffers):
            raise TracingError("the loss sets a Buffer that is not in the model; make it an attribute of the model")
        self.generators += {source.generator for source in p.closures if isinstance(source, Draw)} - {*self.generators}
        return p

    def penalty_program(self) -> Program:
        """The program of the penalty and its gradient. Inputs: parameters and `before`."""
        def f(weights: Weights, before: list[Any]) -> list[Any]:
            return self.with_gradient(self.penalty(self.model) if self.penalty else 0.0, before)
        p = self.program(f, self.weights, self.before())
        if p.updates or any(isinstance(source, Draw) for source in p.closures):
            raise TracingError("a penalty that draws random numbers or sets Buffers is not compiled; do it in the loss")
        return p

    def before(self) -> list[float]:
        """The loss and gradient to start a batch from, all 0.0; empty unless in_order."""
        return [0.0] * (self.count + 1) * self.in_order

    def with_gradient(self, root: Any, before: list[Any]) -> list[Any]:
        """A loss and its derivatives by all parameters, added to `before`. To add in the order of eager code, it
        differentiates root + sum of (derivative before * parameter): the derivative before is then the first term."""
        root = root if isinstance(root, Value) else Value(root)
        if not before:
            return [root, *slopes_by(root, self.weights.values, True, False)]
        both = root + dot(before[1:], self.weights.values)
        return [before[0] + root, *slopes_by(both, self.weights.values, True, False)]

    def update_programs(self) -> list[tuple[Program, int]]:
        """The program of each of the optimiser's rules for one parameter, from (p, g, *kept, t, lr) to the new
        (p, *kept), and of how many parameters it is the rule. Its constants, such as betas, are never rounded."""
        def program(rule: Any, share: float) -> Program:
            def f(p: Any, g: Any, kept: tuple[Any, ...], t: Any, lr: Any) -> list[Any]:
                moved, keeps = rule.update(p, g, kept, t, lr * share)
                return [moved, *keeps]
            return self.program(f, 0.0, 0.0, (0.0,) * len(rule.kept), 0.0, 0.0, dtype=FLOAT64)
        return [(program(rule, share), len(rule.params)) for rule, share in self.optimiser.rules()]

    def program(self, f: Callable[..., Any], *args: Any, dtype: Dtype | None = None) -> Program:
        """The program of f at arguments like these. Its first result is nan where a number is not what f requires:
        training ends before such a step, and eager code says why."""
        def checked(*given: Any) -> list[Any]:
            first, *more = f(*given)
            trace = tracer()
            found = where(trace.failures(), nan, first)
            trace.state.checks.clear()
            return [found, *more]
        return program(trace(checked, args, self.in_order), cache(self.has), self.in_order, dtype or self.dtype)

    def constants(self) -> list[Any]:
        """What is a part of the programs of the optimiser's rules: shares of lr, and attributes such as betas."""
        return [(share, {name: x for name, x in vars(rule).items() if name not in type(rule).changing})
                for rule, share in self.optimiser.rules()]

    def has_new_settings(self) -> bool:
        """Whether a callback has changed the optimiser since the last look, so that its rules are compiled anew."""
        before, self.settings = self.settings, self.constants()
        return before != self.settings

    # Undoing a failed step -----------------------------------------------------------------------------------------

    def state(self) -> tuple[list[float], list[Any]]:
        """The numbers of all Buffers, and the states of the random generators."""
        return [b.data for b in self.buffers], [generator.getstate() for generator in self.generators]

    def restore(self, state: tuple[list[float], list[Any]]) -> None:
        """Restore a state that state() returned."""
        for b, x in zip(self.buffers, state[0]):
            b.data = x
        for generator, x in zip(self.generators, state[1]):
            generator.setstate(x)


def form(tree: Any) -> Any:
    """The nesting of a sample and its parts that are no numbers; samples of the same form share a program. TypeError
    for a part that is neither, such as a set."""
    inner = branches(tree)
    if inner is not None:
        keys = tuple(tree) if isinstance(tree, dict) else type(tree)
        return (keys, len(inner) if set(map(type, inner)) == {float} else tuple(map(form, inner)))
    return 0 if is_number(tree) else (type(tree), fixed(tree))
