"""Trainer: a model with its compiled training. It is kept when a fit ends, for the next one of the same shape.

    >>> from microgradx.estimators.network import Architecture
    >>> from microgradx.estimators.trainer import borrowed
    >>> with borrowed(Architecture((2, 3, 1), "relu", "identity"), ("lbfgs", False)) as first:
    ...     first.weights = [0.0] * 13
    >>> with borrowed(Architecture((2, 3, 1), "relu", "identity"), ("lbfgs", False)) as second:
    ...     second is first, second.outputs([[1.0, 2.0]]).tolist()
    (True, [[0.0]])

So a grid search compiles once for each shape of model, not once for each fit. Weights, samples, learning rates and
the penalty are handed in; nothing of a fit stays.
"""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from ..batching import vmap
from ..compiler import jit
from ..compiler.backends import backend
from ..engine import Value
from ..locks import lock
from ..training import SGD, Optimiser
from ..training.lbfgs import Still
from .energy import BinaryUnits
from .network import Architecture
from .rules import EarlyEpsilonAdam, Velocity

# The name of a solver, whether batches are of few samples, and the numbers that are a part of its program.
Rule = tuple[Any, ...]
Shape = Architecture | BinaryUnits
INFINITE = ("Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            "preprocessed.")
KEPT = 16                                   # trainers that wait; of more, the last used


class Trainer:
    """A model of this shape, its compiled loss and gradient, and a rule that moves its weights.

    weights     of all layers, one array in the order of parameters()
    state       what the rule keeps: the number of steps made, and its numbers for each weight
    decay       the factor of the sum of squared weights in the loss of a batch
    """

    def __init__(self, shape: Shape, rule: Rule) -> None:
        self.shape, self.key, self.model, self.decay = shape, rule, shape.model(), Value(0.0)
        self.values = self.model.parameters()
        self.rule = _optimiser(self.values, rule)
        self.blocks = backend().blocks(self.values)

    @cached_property
    def session(self) -> Any:
        """Compiled training, on samples that are handed in: a row of inputs, targets and a weight each."""
        x, y = self.shape.sample()
        penalised: Any = self.shape.penalty
        penalty = penalised and (lambda model: self.decay * penalised(model))
        return backend().session(self.model, [x], [y], self.shape.loss, self.rule, penalty=penalty)

    def run(self, batches: Any, rates: Any) -> Any:
        """Session.run. KeyboardInterrupt where Ctrl-C ended it."""
        done = self.session.run(batches, rates)
        if self.session.interrupted:
            raise KeyboardInterrupt
        return done

    @cached_property
    def _forward(self) -> Any:
        return jit(vmap(lambda model, x: model(x), in_axes=(None, 0)), threads=1)

    def outputs(self, rows: Any) -> Any:
        """The outputs of the model, (samples, outputs), for inputs (samples, features)."""
        found = np.asarray(self._forward(self.model, np.asarray(rows, float)))
        return found.reshape(len(found), -1)

    @property
    def weights(self) -> Any:
        """See Trainer. Setting them sets those of the model."""
        return np.array([v.data for v in self.values]) if self.blocks is None else self.blocks[0].copy()

    @weights.setter
    def weights(self, numbers: Any) -> None:
        if self.blocks is not None:
            self.blocks[0][:] = numbers
            return
        for v, x in zip(self.values, numbers):
            v.data = float(x)

    @property
    def slopes(self) -> Any:
        """The gradient of the last step."""
        return np.array([v.grad for v in self.values]) if self.blocks is None else self.blocks[1].copy()

    @property
    def state(self) -> tuple[int, Any]:
        """See Trainer."""
        return self.rule.t, np.array(list(self.rule.numbers))

    @state.setter
    def state(self, state: tuple[int, Any]) -> None:
        self.rule.t, self.rule.numbers = state[0], list(map(tuple, state[1].tolist()))

    def blank(self) -> tuple[int, Any]:
        """The state before the first step."""
        return 0, np.zeros((len(self.values), len(self.rule.kept)))


def _optimiser(values: Sequence[Value], rule: Rule) -> Optimiser:
    name, _, *numbers = rule
    if name == "adam":
        return EarlyEpsilonAdam(values, 1e-3, tuple(numbers[:2]), numbers[2])
    rules: dict[str, type[Optimiser]] = {"sgd": Velocity, "plain": SGD, "lbfgs": Still}
    return rules[name](values, 0.0, *numbers)


# The trainers that wait ----------------------------------------------------------------------------------------

_waiting: list[Trainer] = []                # the last used one last
_lock = lock()


@contextmanager
def borrowed(shape: Shape, rule: Rule | None = None) -> Iterator[Trainer]:
    """A trainer of this shape and rule, for the with-block alone. Without a rule any will do, for outputs.

    After an exception it is not kept: it may be in the middle of a step.
    """
    trainer = _taken(shape, rule) or Trainer(shape, rule or ("lbfgs", False))
    yield trainer
    with _lock:
        _waiting.append(trainer)
        del _waiting[:-KEPT]


def _taken(shape: Shape, rule: Rule | None) -> Trainer | None:
    """The last used trainer that fits, which does not wait any more."""
    with _lock:
        for one in reversed(_waiting):
            if one.shape == shape and rule in (None, one.key):
                _waiting.remove(one)
                return one
    return None
