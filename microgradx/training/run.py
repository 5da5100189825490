"""Run: a run of fit(). It makes steps, then validates, calls back, saves, and looks for a reason to stop.

    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import SGD
    >>> from microgradx.training.evaluation import measure
    >>> from microgradx.training.run import Run, constant
    >>> from microgradx.training.runner import Runner
    >>> from microgradx.training.validation import Validation
    >>> model = Linear(1, 1, bias=False)
    >>> model.load_state_dict({"weight": [[0.0]]})
    >>> loss, optimiser = lambda m, x, y: mse(m(x), y), SGD(model.parameters(), lr=0.25)
    >>> watch = Validation(None, measure(loss), epoch=1, patience=None)
    >>> run = Run(model, optimiser.lr, iter([[0], [0]]), constant, watch, callback=None, saved=None, total=2)
    >>> history = run.train(lambda: Runner(model, [[1.0]], [[2.0]], loss, optimiser), most=1)
    >>> [record.loss for record in history], history.stopped
    ([4.0, 1.0], 'all steps done')
"""
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from typing import Any

from ..ieee import number
from ..interrupts import Interrupts, allowed
from ..nn import Module
from .checkpoint import Checkpoint
from .history import History, Record
from .mode import mode
from .optim import require
from .progress import progress
from .runner import Plan, Runner
from .schedules import Schedule
from .step_budget import StepBudget
from .validation import Validation


def constant(_: int) -> float:
    """The factor of a learning rate that stays."""
    return 1.0


class Run:
    """A run of fit(), whose arguments these are.

    lr       the learning rate of the optimiser at first
    batches  the indices of the samples of each step
    watch    measures the validation loss after each epoch
    saved    the file that is replaced after each epoch, or None
    total    the number of steps, at most
    """

    def __init__(self, model: Module, lr: float, batches: Iterator[Sequence[int]], schedule: Schedule,
                 watch: Validation, callback: Callable[[Any, Record], Any] | None, saved: Checkpoint | None,
                 total: int) -> None:
        self.model, self.lr, self.batches, self.schedule = model, lr, batches, schedule
        self.watch, self.callback, self.saved, self.total = watch, callback, saved, total
        self.fixed = schedule is constant and saved is None     # a callback may set the learning rate
        self.history = History()
        self.runner: Runner | None = None

    def train(self, start: Callable[[], Runner], most: int) -> History:
        """Make all steps, by what start() gives; the history. `most`: after as many steps, or a multiple, the model is
        needed. Ctrl-C ends training without an error."""
        with Interrupts() as interrupts, mode(self.model, training=True):
            try:
                plans = zip(self.batches, map(self._rate, count()))
                if self.saved is not None:
                    self.history = self.saved.resume(plans, self.total)
                self.runner = start()
                if not self._is_done(self.runner):
                    self._follow(self.runner, self._steps(self.runner, plans, StepBudget(most, self.total)))
            except KeyboardInterrupt:
                self.history.stopped = "interrupted"
            finally:
                if self.runner is not None:
                    self.runner.finish()
            self.watch.restore(self.model)
        if interrupts.pressed:
            self.history.stopped = "interrupted"
        return self.history

    def _rate(self, step: int) -> float:
        """The learning rate of a step. ValueError for one that is nan or below 0, before it has changed a parameter."""
        lr = self.lr if self.runner is None else self.runner.lr
        require(**{"lr times the factor of schedule": (found := lr * number(self.schedule(step)))})
        return found

    def _steps(self, runner: Runner, plans: Iterator[Plan], budget: StepBudget) -> Iterator[list[Record]]:
        """The records of all steps to come, a list for each call of the runner, which makes steps on demand."""
        done = len(self.history)
        while done < budget.total:
            with allowed():
                todo = list(islice(plans, budget.steps(done)))
            steps = zip(count(done + 1), runner.steps(todo), todo)
            yield [Record(step, math.ceil(step / self.watch.epoch), loss, lr, norm)
                   for step, (loss, norm), (_, lr) in steps]
            done += len(todo)

    def _follow(self, runner: Runner, made: Iterator[list[Record]]) -> None:
        """After each call of the runner: validate, call back, save, and look for a reason to stop."""
        with progress(self.total) as show:
            for records in made:
                self.history.extend(records)
                if runner.interrupted:
                    raise KeyboardInterrupt
                show(len(self.history), f"loss {self.history[-1].loss:.4g}")
                self.watch.measure_if_due(self.model, self.history)
                if self.callback is not None:
                    self._call_back(runner, self.callback)
                if self.saved is not None:
                    self.saved.write_if_due(self.history)
                if self._is_done(runner):
                    return

    def _call_back(self, runner: Runner, callback: Callable[[Any, Record], Any]) -> None:
        """Call it; from then on the runner follows what it has changed."""
        before, last = runner.seen(), self.history[-1]
        with allowed():
            callback(self.model, last)
        with allowed():
            runner.renew(before)
        runner.follow(last.lr, self.fixed)

    def _is_done(self, runner: Runner) -> bool:
        """Whether there is a reason to stop after these steps, which is noted in the history."""
        if not self.history:
            return False
        if self.history[-1].loss <= runner.threshold:
            self.history.stopped = "loss threshold reached"
        elif self.watch.is_stale(len(self.history)):
            self.history.stopped = "validation loss no longer falling"
        else:
            return False
        return True
