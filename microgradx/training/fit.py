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
from itertools import count
from random import Random
from typing import Any, NamedTuple

from ..check import described, first_nonfinite
from ..ieee import short
from ..nesting import leaves
from ..nn import Buffer, Module
from ..recording import no_grad
from ..value import Value
from .clipping import clip_grad_norm, grad_norm
from .data import Pair, batches, samples, split
from .optim import Optimiser, require
from .progress import progress
from .schedules import Schedule

Loss = Callable[[Any, Any, Any], Value]             # loss(model, x, y) of one sample


class Record(NamedTuple):
    """One step: its number and epoch from 1, the loss before it, the rate and length of gradient it was made with.

    The last step of an epoch also has the mean loss on the validation data after it.
    """

    step: int
    epoch: int
    loss: float
    lr: float
    norm: float
    validation: float | None = None


class History(list[Record]):
    """The records of all steps. `stopped` tells why there are no more of them."""

    stopped = "all steps done"


class NonFiniteError(ArithmeticError):
    """A loss or a gradient is infinite or nan. All parameters are as they were before that step."""


def fit(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser, *,
        epochs: int | None = None, steps: int | None = None, batch_size: int | None = None, whole: bool = False,
        schedule: Schedule = lambda t: 1.0, penalty: Callable[[Any], Value] | None = None, clip: float | None = None,
        validation: Pair | float | None = None, patience: int | None = None, threshold: float = -math.inf,
        callback: Callable[[Any, Record], Any] | None = None, seed: int = 0) -> History:
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

    NonFiniteError names the first node that made infinity or nan. ValueError for data or arguments that do not fit.
    """
    if isinstance(validation, float):
        (xs, ys), validation = split(xs, ys, validation, seed)
    a_pass = len(list(batches(xs, ys, batch_size)))
    total = _total(epochs, steps, a_pass)
    _check(validation, patience, clip)

    history, rate, mode = History(), optimiser.lr, model.training
    rng = Random(seed) if batch_size else None          # the order of a full batch is only a matter of rounding
    stream = (batch for _ in count() for batch in batches(xs, ys, batch_size, rng))
    lowest, best, best_step = math.inf, {}, 0
    model.train()
    try:
        with progress(total) as show:
            for step, (inputs, targets) in zip(range(1, total + 1), stream):
                optimiser.lr = rate * schedule(step - 1)
                value, norm = gradient(model, inputs, targets, loss, optimiser, penalty, whole)
                if clip is not None:
                    clip_grad_norm(optimiser.params, clip)
                optimiser.step()

                history.append(Record(step, math.ceil(step / a_pass), value, optimiser.lr, norm))
                show(step, f"loss {value:.4g}")

                if validation is not None and step % a_pass == 0:
                    error = evaluate(model, *validation, loss, whole)
                    history[-1] = history[-1]._replace(validation=error)
                    if error < lowest:
                        lowest, best, best_step = error, model.state_dict(), step
                if callback is not None:
                    callback(model, history[-1])

                if value <= threshold:
                    history.stopped = "loss threshold reached"
                    break
                if patience is not None and step - best_step >= patience * a_pass:
                    history.stopped = "validation loss no longer falling"
                    break
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    finally:
        optimiser.lr = rate
        model.train(mode)
    if patience is not None and best:
        model.load_state_dict(best)
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


# One step, and none --------------------------------------------------------------------------------------------

def gradient(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser,
             penalty: Callable[[Any], Value] | None = None, whole: bool = False) -> tuple[float, float]:
    """Put the gradient of a batch's loss into .grad, one sample at a time to save memory; the loss and its length.

    NonFiniteError if the loss or the gradient is not finite. Whatever is raised, Buffers are as they were.
    """
    buffers = _buffers(model)
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


def evaluate(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, whole: bool = False) -> float:
    """The mean loss on these samples, in eval() mode and without a graph."""
    mode = model.training
    model.eval()
    try:
        with no_grad():
            total = 0.0
            for part in _parts(model, xs, ys, loss, None, whole):
                total += part.data
            return total
    finally:
        model.train(mode)


def _parts(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, penalty: Callable[[Any], Value] | None,
           whole: bool) -> Iterator[Value]:
    """The Values whose sum is the loss of a batch, one after the other."""
    samples(xs, ys)
    pairs = [(xs, ys)] if whole else list(zip(xs, ys))
    for x, y in pairs:
        yield _value(loss(model, x, y), "loss(model, x, y)") / len(pairs)
    if penalty is not None:
        yield _value(penalty(model), "penalty(model)")


def _value(part: Any, what: str) -> Value:
    if not isinstance(part, Value):
        raise TypeError(f"expected one Value from {what}, got {short(part)}; add up many with sum(...)")
    return part


def _cause(root: Value) -> str:
    """The node that infinity or nan comes from; "" if there is none."""
    node = first_nonfinite(root)
    return f"it comes from {described(node)}" if node is not None else ""


def _buffers(model: Module) -> list[Value]:
    return [v for _, module in model.named_modules() for value in vars(module).values() for v in leaves(value)
            if isinstance(v, Buffer)]
