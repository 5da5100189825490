"""Session: compiled training. fit(..., jit=True) makes one, and asks it for many steps at once. What both back ends
share is here; each has a Session of its own, which Backend.session makes.

    >>> from microgradx import Value
    >>> from microgradx.compiler.backends import backend
    >>> from microgradx.training import SGD
    >>> w = Value(0.0)
    >>> rule = SGD([w], lr=0.1)
    >>> session = backend().session(None, [1.0, 2.0], [3.0, 6.0], lambda model, x, y: (w * x - y) ** 2, rule)
    >>> steps = session.run([[0, 1]] * 50, [0.1] * 50)
    >>> len(steps), round(w.data, 6), steps[0][0]               # loss and length of the gradient, before each step
    (50, 3.0, 22.5)

All numbers of the samples are inputs, ints too: a token, a class does not make a new program. Samples of another
nesting, longer sequences, do.
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...derivatives import gradients
from ...engine import Value
from ...nesting import floated
from ...reductions import dot
from ...table import Op
from ..ir.program import Program, program
from ..trace.arguments import is_number, numbers
from ..trace.errors import TracingError
from ..trace.trace import trace
from ..trace.traced import Draw

Steps = list[tuple[float, float]]
Unit = tuple[int, ...]                  # places of samples that one run of a program takes


class Weights:
    """The parameters that an optimiser moves, as trace() takes a Module's."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.values = list(values)

    def named_parameters(self) -> Iterator[tuple[str, list[Value]]]:
        """All under one name."""
        yield "", self.values


class Session(ABC):
    """Training of a model on samples, step by step, without a graph.

    model, loss, optimiser, penalty, clip, threshold, whole: as for fit()
    strict      the bits of eager training: every sum in its order, no fused multiply-add, libm's functions. Ints among
                the samples are a part of the program then, one for each class or row of tokens

    run(batches, rates) makes a step for each batch, a list of places of samples, with the learning rate given for it.
    ValueError where a program is too large for generated Python. TracingError where the loss asks for a number.
    """

    # Whether gradients are added up as backward() does: each term to what is there already, sample after sample.
    in_order = False

    def __init__(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any, *,
                 penalty: Callable[[Any], Any] | None = None, clip: float | None = None,
                 threshold: float = -float("inf"), whole: bool = False, strict: bool = False) -> None:
        self.model, self.loss, self.optimiser, self.penalty = model, loss, optimiser, penalty
        self.clip, self.threshold, self.whole, self.strict = clip, threshold, whole, strict
        self.in_order = strict or self.in_order
        self.weights = Weights(optimiser.params)
        self.count = len(optimiser.params)
        self.buffers = model.buffers() if hasattr(model, "buffers") else []
        self.generators: list[Any] = []
        self.interrupted = False            # whether Ctrl-C was pressed while machine code ran
        self.samples = [sample if strict else floated(sample) for sample in zip(xs, ys)]
        self.forms = [form(sample) for sample in self.samples]
        self.numbers = [numbers(sample) for sample in self.samples]
        self.start()

    @abstractmethod
    def start(self) -> None:
        """Prepare what all programs of this back end need."""

    @abstractmethod
    def run(self, batches: Sequence[Sequence[int]], rates: Sequence[float]) -> Steps:
        """Loss and length of the gradient of each step made: fewer than asked for where the threshold was reached, or
        where they were not finite, and then all is as before that step."""

    def finish(self) -> None:  # noqa: B027          # generated Python leaves nothing to do
        """To be called after the last step."""

    # Samples -------------------------------------------------------------------------------------------------------

    def units(self, batch: Sequence[int]) -> list[Unit]:
        """What a program is run on: the samples of a batch one by one, or all of them at once."""
        return [tuple(batch)] if self.whole else [(place,) for place in batch]

    def form(self, unit: Unit) -> Any:
        """What tells the program of one unit from that of another."""
        return tuple([self.forms[place] for place in unit])

    def inputs(self, unit: Unit) -> list[float]:
        """The numbers of all its samples."""
        return [x for place in unit for x in self.numbers[place]]

    # Programs ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def has(self, op: Op) -> bool:
        """Whether a row stays in a program as it is; see Backend.has."""

    def unit_program(self, unit: Unit) -> Program:
        """Of parameters, `before` (see with_gradient), the number of units in a batch, and the samples of a unit: its
        share of the loss, the gradient, and what the Buffers hold afterwards."""
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
        """The penalty and its gradient, of parameters and `before`."""
        def f(weights: Weights, before: list[Any]) -> list[Any]:
            return self.with_gradient(self.penalty(self.model) if self.penalty else 0.0, before)
        p = self.program(f, self.weights, self.before())
        if p.updates or any(isinstance(source, Draw) for source in p.closures):
            raise TracingError("a penalty that draws random numbers or sets Buffers is not compiled; do it in the loss")
        return p

    def before(self) -> list[float]:
        """Loss and gradient of what came before in a batch, 0 at first; none where these are added up afterwards."""
        return [0.0] * (self.count + 1) * self.in_order

    def with_gradient(self, root: Any, before: list[Any]) -> list[Any]:
        """A loss and its derivative by every parameter, in order added to those before: each parameter times the
        derivative that is there already makes this one the first of the terms that the new one is the sum of."""
        root = root if isinstance(root, Value) else Value(root)
        if not before:
            return [root, *gradients(root, self.weights.values, create_graph=True)]
        both = root + dot(before[1:], self.weights.values)
        return [before[0] + root, *gradients(both, self.weights.values, create_graph=True)]

    def update_program(self) -> Program:
        """The optimiser's rule for one parameter: of (p, g, *kept, t, lr) the new (p, *kept)."""
        def f(p: Any, g: Any, kept: tuple[Any, ...], t: Any, lr: Any) -> list[Any]:
            moved, keeps = self.optimiser.update(p, g, kept, t, lr)
            return [moved, *keeps]
        return self.program(f, 0.0, 0.0, (0.0,) * len(self.optimiser.kept), 0.0, 0.0)

    def program(self, f: Callable[..., Any], *args: Any) -> Program:
        """The program of f at arguments like these."""
        return program(trace(f, args, self.in_order), self.has, self.in_order)

    # What a step that fails gives back -----------------------------------------------------------------------------

    def state(self) -> tuple[list[float], list[Any]]:
        """The numbers of all Buffers, and where the random generators are."""
        return [b.data for b in self.buffers], [generator.getstate() for generator in self.generators]

    def restore(self, state: tuple[list[float], list[Any]]) -> None:
        """Back to what state() told."""
        for b, x in zip(self.buffers, state[0]):
            b.data = x
        for generator, x in zip(self.generators, state[1]):
            generator.setstate(x)


def form(tree: Any) -> Any:
    """The nesting of a sample and all that is no number: what tells one program from another."""
    if isinstance(tree, (list, tuple)):
        return len(tree) if set(map(type, tree)) == {float} else tuple(map(form, tree))
    return 0 if is_number(tree) else (type(tree), tree)
