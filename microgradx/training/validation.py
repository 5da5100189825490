"""Validation: the loss on separate data after every epoch, and the weights with the lowest loss.

    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import History, Record
    >>> from microgradx.training.evaluation import measure
    >>> from microgradx.training.validation import Validation
    >>> model, history = Linear(1, 1), History()
    >>> watch = Validation(([[0.0]], [[1.0]]), measure(lambda m, x, y: mse(m(x), y)), epoch=1, patience=2)
    >>> for step, bias in enumerate([0.0, 0.75, 2.0, 3.0], 1):              # as if training had led there
    ...     model.bias[0].data = bias
    ...     history.append(Record(step, step, 0.5, 0.1, 1.0))
    ...     watch.measure_if_due(model, history)
    >>> [record.validation for record in history], watch.is_stale(len(history))
    ([1.0, 0.0625, 1.0, 4.0], True)
    >>> watch.restore(model)
    >>> model.bias[0].data
    0.75
"""
import math
from collections.abc import Callable
from typing import Any

from ..interrupts import allowed
from ..nn import Module
from .data import Pair
from .evaluation import Measure
from .history import History, Record


class Validation:
    """The loss on validation data after every epoch, and the weights with the lowest loss.

    data      (xs, ys), or None to measure nothing
    epoch     the number of steps in an epoch
    patience  epochs without a lower loss after which it is stale; None: never, and the last weights stay
    notify    called with each loss: the step() of ReduceLROnPlateau
    """

    def __init__(self, data: Pair | None, measure: Measure, epoch: int, patience: int | None,
                 notify: Callable[[float], Any] | None = None) -> None:
        self.data, self.measure, self.epoch, self.patience, self.notify = data, measure, epoch, patience, notify
        self.lowest, self.best, self.step = math.inf, dict[str, Any](), 0

    def measure_if_due(self, model: Module, history: History) -> None:
        """After an epoch, put the loss into its last record."""
        if self.data is not None and len(history) % self.epoch == 0:
            with allowed():
                error = self.measure(model, *self.data)
            history[-1] = history[-1]._replace(validation=error)
            if self.notify is not None:
                self.notify(error)
            if self._is_lowest(history[-1]):
                self.best = model.state_dict()

    def _is_lowest(self, record: Record) -> bool:
        """Whether its loss is lower than all before it."""
        if record.validation is None or not record.validation < self.lowest:
            return False
        self.lowest, self.step = record.validation, record.step
        return True

    def resume(self, history: History, best: dict[str, Any]) -> None:
        """Continue after these records, with these weights as the best ones."""
        self.lowest, self.step, self.best = math.inf, 0, best
        for record in history:
            self._is_lowest(record)

    def is_stale(self, step: int) -> bool:
        """Whether the loss has not fallen for `patience` epochs."""
        return self.patience is not None and step - self.step >= self.patience * self.epoch

    def restore(self, model: Module) -> None:
        """Restore the best weights, if there is a patience."""
        if self.patience is not None and self.best:
            model.load_state_dict(self.best)
