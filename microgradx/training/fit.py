"""fit: the training loop. For every batch of every epoch: forward, backward, one step of the optimiser.

    >>> from microgradx import Value
    >>> from microgradx.nn import Module
    >>> from microgradx.training import SGD, fit
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.weight = Value(0.0)
    ...     def forward(self, x):
    ...         return self.weight * x
    >>> def loss(model, x, y):
    ...     return (model(x) - y) ** 2
    >>> model = Line()
    >>> history = fit(model, [1.0, 2.0], [3.0, 6.0], loss, SGD(model.parameters(), lr=0.1), epochs=50)
    >>> round(model.weight.data, 6), history[-1].step, history.stopped
    (3.0, 50, 'all steps done')
"""
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import count, repeat
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

from ..check import described, first_nonfinite
from ..ieee import short
from ..nn import Module
from ..recording import no_grad
from ..value import Value
from .clipping import clip_grad_norm, grad_norm
from .data import Pair, batches, pick, samples, split
from .optim import Optimiser, require
from .progress import progress
from .schedules import Schedule

Loss = Callable[[Any, Any, Any], Value]             # loss(model, x, y) of one sample
LOSS, PENALTY = "loss(model, x, y)", "penalty(model)"
Measure = Callable[[Module, Sequence[Any], Sequence[Any]], float]       # mean loss of a model on samples


class Record(NamedTuple):
    """One step: its number and epoch from 1, the loss before it, the rate and length of gradient it was made with.

    The last step of an epoch also has the mean loss on the validation data after it.

    >>> Record(step=1, epoch=1, loss=0.5, lr=0.1, norm=2.0).loss
    0.5
    """

    step: int
    epoch: int
    loss: float
    lr: float
    norm: float
    validation: float | None = None


class History(list[Record]):
    """The records of all steps. `stopped` tells why there are no more of them.

    >>> history = History([Record(1, 1, 0.5, 0.1, 2.0), Record(2, 2, 0.25, 0.1, 1.0)])
    >>> [record.loss for record in history], history.stopped
    ([0.5, 0.25], 'all steps done')
    """

    stopped = "all steps done"


class NonFiniteError(ArithmeticError):
    """A loss or a gradient is infinite or nan. All parameters are as they were before that step.

    >>> from microgradx import log
    >>> from microgradx.nn import Linear
    >>> from microgradx.training import SGD
    >>> model = Linear(1, 1)
    >>> fit(model, [[0.0]], [0.0], lambda m, x, y: log(0 * m(x)[0] ** 2), SGD(model.parameters()), steps=1)
    Traceback (most recent call last):
    microgradx.training.fit.NonFiniteError: the loss is -inf: it comes from row 'log' at x = 0.0
    """


def fit(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser, *,
        epochs: int | None = None, steps: int | None = None, batch_size: int | None = None, whole: bool = False,
        schedule: Schedule = lambda t: 1.0, penalty: Callable[[Any], Value] | None = None, clip: float | None = None,
        validation: Pair | float | None = None, patience: int | None = None, threshold: float = -math.inf,
        callback: Callable[[Any, Record], Any] | None = None, seed: int = 0, jit: bool = False) -> History:
    """Train the model on samples xs with targets ys; the history of all steps. Ctrl-C ends it as any other reason.

    loss        loss(model, x, y) -> Value for one sample; a batch has the mean of its samples. With whole=True it is
                given the lists of a batch instead, for models that look across it (BatchNorm): more memory
    epochs      times through all samples; or count `steps`, batches: it ends with what comes first
    batch_size  samples a step: None for all, 1 for stochastic gradient descent; shuffled anew each epoch from `seed`
    schedule    steps taken -> factor of the optimiser's lr
    penalty     penalty(model) -> Value, added to the loss of every batch
    clip        the length that a gradient is shortened to
    validation  (xs, ys), or the share of samples to set aside: their loss is measured after every epoch
    patience    epochs without a lower validation loss after which to stop; the best weights are put back
    threshold   a loss to stop at
    callback    callback(model, record) after every step
    jit         compile the loss and the optimiser: many steps run in one call, without a graph. All numbers of the
                samples are inputs then, ints too: take(table, i) instead of table[i]

    NonFiniteError names the first node that made infinity or nan. ValueError for data or arguments that do not fit.
    TracingError with jit=True where the loss asks for a number or a truth.

    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import SGD
    >>> model = Linear(1, 1)
    >>> history = fit(model, [[1.0], [2.0]], [[2.0], [4.0]], lambda m, x, y: mse(m(x), y),
    ...               SGD(model.parameters(), lr=0.2), epochs=500)
    >>> len(history), round(model([3.0])[0].data, 3)
    (500, 6.0)
    """
    if isinstance(validation, float):
        (xs, ys), validation = split(xs, ys, validation, seed)
    places = range(samples(xs, ys))
    a_pass = len(list(batches(places, places, batch_size)))
    total = _total(epochs, steps, a_pass)
    _check(validation, patience, clip)

    history, rate, mode = History(), optimiser.lr, model.training
    rng = Random(seed) if batch_size else None          # the order of a full batch is only a matter of rounding
    everything = list(places)
    shuffled = (batch for _ in count() for batch, _ in batches(places, places, batch_size, rng))
    stream = shuffled if batch_size else repeat(everything)
    watched = _Validation(validation, _measure(loss, whole, jit), a_pass, patience)
    pace = Pace(1 if callback is not None or not jit else a_pass if validation is not None else total)
    run = (_Compiled if jit else _Steps)(model, xs, ys, loss, optimiser, penalty, clip, whole, threshold)
    model.train()
    try:
        with progress(total) as show:
            while len(history) < total:
                begun = len(history)
                todo = [next(stream) for _ in range(pace.steps(begun, total))]
                rates = [rate * schedule(step) for step in range(begun, begun + len(todo))]
                for value, norm in run(todo, rates):
                    step = len(history) + 1
                    history.append(Record(step, math.ceil(step / a_pass), value, rates[step - begun - 1], norm))
                show(len(history), f"loss {history[-1].loss:.4g}")
                if run.interrupted:
                    raise KeyboardInterrupt

                watched.measure_if_due(model, history)
                if callback is not None:
                    callback(model, history[-1])

                if history[-1].loss <= threshold:
                    history.stopped = "loss threshold reached"
                    break
                if watched.is_stale(len(history)):
                    history.stopped = "validation loss no longer falling"
                    break
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    finally:
        run.finish()
        optimiser.lr = rate
        model.train(mode)
    watched.restore(model)
    return history


def _total(epochs: int | None, steps: int | None, a_pass: int) -> int:
    """How many steps there will be at most."""
    given = [n for n in (steps, epochs and epochs * a_pass) if n is not None]
    if not given or any(not isinstance(n, int) or n < 0 for n in given):
        raise ValueError(f"expected how long to train, got epochs={epochs!r}, steps={steps!r}; write epochs=10")
    return min(given)


def _check(validation: Pair | None, patience: int | None, clip: float | None) -> None:
    """ValueError for what would fail only after the first step, or the first epoch."""
    if clip is not None:
        require(clip=clip)
    if validation is not None:
        samples(*validation)
    elif patience is not None:
        raise ValueError("patience needs validation data; write validation=0.2 to set a fifth of the samples aside")


class _Validation:
    """The loss on validation data after every epoch, and the weights with the lowest."""

    def __init__(self, data: Pair | None, measure: Measure, a_pass: int, patience: int | None) -> None:
        self.data, self.measure, self.a_pass, self.patience = data, measure, a_pass, patience
        self.lowest, self.best, self.step = math.inf, dict[str, Any](), 0

    def measure_if_due(self, model: Module, history: History) -> None:
        """After an epoch, note the loss in its last record."""
        if self.data is not None and len(history) % self.a_pass == 0:
            error = _in_eval(model, self.measure, *self.data)
            history[-1] = history[-1]._replace(validation=error)
            if error < self.lowest:
                self.lowest, self.best, self.step = error, model.state_dict(), len(history)

    def is_stale(self, step: int) -> bool:
        """Whether it has not fallen for as many epochs as patience lasts."""
        return self.patience is not None and step - self.step >= self.patience * self.a_pass

    def restore(self, model: Module) -> None:
        """Put the best weights back, where there is patience."""
        if self.patience is not None and self.best:
            model.load_state_dict(self.best)


# Steps -----------------------------------------------------------------------------------------------------------

class Pace:
    """How many steps to make before Python looks at the clock again: about a fifth of a second of them."""

    def __init__(self, most: int) -> None:
        self.most, self.count, self.asked = most, 1, perf_counter()

    def steps(self, done: int, total: int) -> int:
        """How many come next. Never past a multiple of `most`, where somebody waits for the model."""
        now = perf_counter()
        if done:
            self.count = max(1, int(self.count * min(8.0, 0.2 / max(now - self.asked, 1e-6))))
        self.asked = now
        self.count = min(self.count, self.most)
        return min(self.count, self.most - done % self.most, total - done)


class _Steps:
    """Steps one by one, each with a graph of its own."""

    interrupted = False         # Ctrl-C was pressed where Python was not asked; the steps are made

    def __init__(self, model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser,
                 penalty: Callable[[Any], Value] | None, clip: float | None, whole: bool, threshold: float) -> None:
        self.model, self.xs, self.ys, self.loss, self.optimiser = model, xs, ys, loss, optimiser
        self.penalty, self.clip, self.whole, self.threshold = penalty, clip, whole, threshold

    def __call__(self, todo: Sequence[Sequence[int]], rates: Sequence[float]) -> list[tuple[float, float]]:
        return [self.step(batch, rate) for batch, rate in zip(todo, rates)]

    def step(self, batch: Sequence[int], rate: float) -> tuple[float, float]:
        """One step: loss and length of the gradient before it."""
        self.optimiser.lr = rate
        value, norm = gradient(self.model, *pick(self.xs, self.ys, batch), self.loss, self.optimiser, self.penalty,
                               self.whole)
        if self.clip is not None:
            clip_grad_norm(self.optimiser.params, self.clip)
        self.optimiser.step()
        return value, norm

    def finish(self) -> None:
        """After the last step."""


class _Compiled(_Steps):
    """Many steps in one call; where one is not finite, it is made with a graph, to tell why."""

    def __init__(self, *args: Any) -> None:
        from ..compiler.session import Session
        super().__init__(*args)
        loss, penalty = self.loss, self.penalty
        self.session = Session(
            self.model, self.xs, self.ys, lambda model, x, y: _value(loss(model, x, y), LOSS), self.optimiser,
            penalty=penalty and (lambda model: _value(penalty(model), PENALTY)), clip=self.clip, whole=self.whole,
            threshold=self.threshold)

    def __call__(self, todo: Sequence[Sequence[int]], rates: Sequence[float]) -> list[tuple[float, float]]:
        found = self.session.run(todo, rates)
        self.interrupted = self.session.interrupted
        if len(found) < len(todo) and not (found and found[-1][0] <= self.threshold):
            batch = pick(self.xs, self.ys, todo[len(found)])
            gradient(self.model, *batch, self.loss, self.optimiser, self.penalty, self.whole)
            raise NonFiniteError("compiled code came to a loss or gradient that is not finite; eager code does not")
        return found

    def finish(self) -> None:
        """After the last step."""
        self.session.finish()


# One step, and none --------------------------------------------------------------------------------------------

def gradient(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser,
             penalty: Callable[[Any], Value] | None = None, whole: bool = False) -> tuple[float, float]:
    """Put the gradient of a batch's loss into .grad, one sample at a time to save memory; the loss and its length.

    NonFiniteError if the loss or the gradient is not finite. Whatever is raised, Buffers are as they were.
    """
    buffers = model.buffers()
    before = [b.data for b in buffers]
    try:
        optimiser.zero_grad()
        total = 0.0
        for root in _parts(model, xs, ys, loss, penalty, whole):
            root.backward()
            total += root.data
            if not math.isfinite(total):
                raise NonFiniteError(f"the loss is {total}: {_cause(root)}")
        norm = grad_norm(optimiser.params)
        if not math.isfinite(norm):
            causes = filter(None, map(_cause, _parts(model, xs, ys, loss, penalty, whole)))
            raise NonFiniteError(f"the gradient is not finite, the loss is {total}: {next(causes, 'it overflows')}")
    except BaseException:
        for b, x in zip(buffers, before):
            b.data = x
        raise
    return total, norm


def evaluate(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, whole: bool = False,
             jit: bool = False) -> float:
    """The mean loss on these samples, in eval() mode and without a graph; or with compiled code, see fit().

    xs and ys as for fit(). ValueError if they differ in length or are empty.

    >>> from microgradx.nn import Identity, mse
    >>> evaluate(Identity(), [[Value(1.0)], [Value(2.0)]], [[1.0], [4.0]], lambda m, x, y: mse(m(x), y))
    2.0
    """
    return _in_eval(model, _measure(loss, whole, jit), xs, ys)


def _in_eval(model: Module, measure: Measure, xs: Sequence[Any], ys: Sequence[Any]) -> float:
    mode = model.training
    model.eval()
    try:
        return measure(model, xs, ys)
    finally:
        model.train(mode)


def _measure(loss: Loss, whole: bool, jit: bool) -> Measure:
    """A function for the mean loss; compiled, it keeps a program for each form of sample."""
    def plain(model: Module, xs: Sequence[Any], ys: Sequence[Any]) -> float:
        with no_grad():
            total = 0.0
            for part in _parts(model, xs, ys, loss, None, whole):
                total += part.data
            return total

    def compiled(model: Module, xs: Sequence[Any], ys: Sequence[Any]) -> float:
        count = samples(xs, ys)
        if whole:
            return float(one(model, floated(xs), floated(ys)))
        total = 0.0
        for x, y in zip(xs, ys):
            total += one(model, floated(x), floated(y))
        return total / count
    if not jit:
        return plain
    from ..compiler import jit as compile
    from ..compiler.structure import floated
    one = compile(loss)
    return compiled


def _parts(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, penalty: Callable[[Any], Value] | None,
           whole: bool) -> Iterator[Value]:
    """The Values whose sum is the loss of a batch, one after the other."""
    samples(xs, ys)
    pairs = [(xs, ys)] if whole else list(zip(xs, ys))
    for x, y in pairs:
        yield _value(loss(model, x, y), LOSS) / len(pairs)
    if penalty is not None:
        yield _value(penalty(model), PENALTY)


def _value(part: Any, what: str) -> Value:
    if not isinstance(part, Value):
        raise TypeError(f"expected one Value from {what}, got {short(part)}; add up many with sum(...)")
    return part


def _cause(root: Value) -> str:
    """The node that infinity or nan comes from; "" if there is none."""
    node = first_nonfinite(root)
    return f"it comes from {described(node)}" if node is not None else ""
