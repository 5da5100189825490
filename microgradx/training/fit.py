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
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from typing import Any

from ..conversion import listed
from ..files import Path
from ..ieee import kind_of, number, short
from ..interrupts import Interrupts, allowed
from ..nn import Module
from .checkpoint import Checkpoint
from .class_weight import ClassWeight, table_of, weighed
from .data import Pair, batches, endless, samples, split
from .evaluation import checked_dtype, evaluate, measure
from .gradient import Loss, NonFiniteError, Penalty, gradient
from .history import History, Record
from .lbfgs import LBFGS
from .mode import mode
from .optim import Optimiser, require
from .plateau import ReduceLROnPlateau
from .progress import progress
from .runner import CompiledRunner, Plan, Runner
from .schedules import Schedule
from .step_budget import StepBudget
from .validation import Validation

__all__ = ["fit", "evaluate", "gradient", "History", "Record", "NonFiniteError"]


def constant(_: int) -> float:
    """The factor of a learning rate that stays."""
    return 1.0


def fit(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser, *,
        epochs: int | None = None, steps: int | None = None, batch_size: int | None = None, drop_last: bool = False,
        whole: bool = False, schedule: Schedule = constant, penalty: Penalty | None = None,
        clip: float | None = None, validation: Pair | float | None = None, patience: int | None = None,
        threshold: float = -math.inf, callback: Callable[[Any, Record], Any] | None = None, seed: int = 0,
        class_weight: ClassWeight | None = None, checkpoint: Path | None = None, jit: bool = False,
        threads: int | None = None, executor: Any = None, dtype: Any = "float64") -> History:
    """Train the model on samples xs with targets ys, lists or arrays of N; the history of all steps. Ctrl-C ends
    training without an error.

    loss        loss(model, x, y) -> Value for one sample; a batch has the mean of its samples. With whole=True it takes
                the lists of a batch, for models that need all samples at once (BatchNorm), and more memory
    epochs      passes through all samples; `steps` counts batches; with both, training ends at the first of the two
    batch_size  samples in a step: None for all, 1 for stochastic gradient descent; `seed` shuffles each epoch
    drop_last   leave out the last batch of an epoch if it has fewer samples: BatchNorm needs more than one
    schedule    steps taken -> factor of the optimiser's lr; ReduceLROnPlateau looks at the validation loss
    penalty     penalty(model) -> Value, added to the loss of every batch
    clip        the largest length of a gradient; a longer one is shortened
    validation  (xs, ys), or the share of samples to set aside: their loss is measured after every epoch
    patience    epochs without a lower validation loss after which training stops and restores the best weights
    threshold   training stops at this loss
    callback    callback(model, record) after every step; what it changes counts, compiled too: the model, what the
                loss closes over, and the optimiser's lr
    class_weight    weights of the classes that targets are, a list or a dict: the loss of a batch is the sum of weight
                times loss over the sum of weights, as torch's cross_entropy(weight=) of a batch, which in the loss of
                one sample cancels out. The validation loss has no weights
    checkpoint  a file that is replaced after every epoch, as a whole. Where it is there already the same call continues
                it, to the bits of a run without a break, also after Ctrl-C: model, optimiser, history, best weights,
                ReduceLROnPlateau, the shuffle, the module `random` and the generators in the model. A file of another
                run raises WeightsError before anything changes. With all samples in a batch each step is an epoch,
                and is written: some milliseconds
    jit         compile the loss and the optimiser: many steps run in one call, without a graph. Then all numbers of the
                samples are inputs, ints too: write take(table, i), not table[i]. Samples are read once, and so are
                plain numbers that the loss closes over
    threads     with jit: how many share a batch; None for one on each core, if it is large. The bits are the same
    executor    with jit: whose workers share each batch, an executor of concurrent.futures or a Client of dask: see
                microgradx.compiler.training.executor_session. Programs and samples go to a worker once, parameters and
                gradients at each step. The bits are the same, whatever happens to a worker; where steps are too short
                for the way there and back, this process goes on alone
    dtype       with jit: "float32" for twice as many numbers in a vector. Samples, parameters and what the optimiser
                keeps are then float32 numbers, rounded at each operation; losses and learning rates are float64

    NonFiniteError names the first node that made infinity or nan. ValueError for unsuitable data or arguments.
    TracingError with jit=True if the loss needs a number or a truth value of a Value.

    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import SGD
    >>> model = Linear(1, 1)
    >>> history = fit(model, [[1.0], [2.0]], [[2.0], [4.0]], lambda m, x, y: mse(m(x), y),
    ...               SGD(model.parameters(), lr=0.2), epochs=500)
    >>> len(history), round(model([3.0])[0].data, 3)
    (500, 6.0)
    """
    xs, ys, validation = listed((xs, ys, validation))
    if isinstance(validation, float):
        (xs, ys), validation = split(xs, ys, validation, seed)
    epoch = _epoch(samples(xs, ys), batch_size, drop_last)
    total = _total(epochs, steps, epoch)
    _check(validation, patience, clip, schedule, whole and class_weight is not None, threads)
    _check_functions(loss=loss, schedule=schedule, penalty=penalty, callback=callback)
    if executor is not None:
        _check_executor(executor, model, jit, whole, threads)
    dtype = _checked_dtype(dtype, jit, optimiser)

    own = model.parameters() if isinstance(model, Module) else []
    if own and not {*own} & {*optimiser.params}:
        warnings.warn("the optimiser has no parameter of the model, so that training changes none of it; write "
                      "model.parameters() for the parameters of this model", RuntimeWarning, stacklevel=2)
    runner: Runner | None = None
    rate, fixed = optimiser.lr, schedule is constant and checkpoint is None
    plans = zip(endless(len(xs), batch_size, seed, drop_last),
                map(lambda step: _rate(rate if runner is None else runner.lr, schedule(step)), count()))
    # Eager steps run one by one, so that Ctrl-C loses no record; compiled ones until a callback or validation is due.
    by_one = callback is not None or not jit or isinstance(optimiser, LBFGS)
    most = 1 if by_one else epoch if validation is not None or checkpoint else total
    measured, table, weights = measure(loss, whole, jit, dtype), None, None
    if class_weight is not None:
        table = table_of(class_weight)
        loss, ys, weights = weighed(loss, ys, table)
    watch = Validation(validation, measured, epoch, patience,
                       schedule.step if isinstance(schedule, ReduceLROnPlateau) else None)
    saved = None if checkpoint is None else Checkpoint(
        checkpoint, model, optimiser, schedule, watch, samples=len(xs), validation=validation and len(validation[0]),
        batch_size=batch_size, drop_last=drop_last, seed=seed, whole=whole, clip=clip and float(clip),
        class_weight=table and str(table))
    history = History()
    with Interrupts() as interrupts, mode(model, training=True):
        try:
            history = saved.resume(plans, total) if saved else history
            given = (model, xs, ys, loss, optimiser, penalty, clip, whole, threshold, weights)
            runner = CompiledRunner(*given, threads=threads, executor=executor, dtype=dtype) if jit else Runner(*given)
            made = _made(runner, plans, StepBudget(most, total), epoch, len(history))
            if not _stopped(history, threshold, watch):
                _train(model, history, runner, made, watch, callback, saved, total, fixed)
        except KeyboardInterrupt:
            history.stopped = "interrupted"
        finally:
            if runner is not None:
                runner.finish()
        watch.restore(model)
    if interrupts.pressed:
        history.stopped = "interrupted"
    return history


def _train(model: Module, history: History, runner: Runner, made: Iterator[list[Record]], watch: Validation,
           callback: Callable[[Any, Record], Any] | None, saved: Checkpoint | None, total: int, fixed: bool) -> None:
    """The loop: make some steps, then validate, call back, save and check for a reason to stop."""
    with progress(total) as show:
        for records in made:
            history.extend(records)
            if runner.interrupted:
                raise KeyboardInterrupt
            show(len(history), f"loss {history[-1].loss:.4g}")
            watch.measure_if_due(model, history)
            if callback is not None:
                before = runner.seen()
                with allowed():
                    callback(model, history[-1])
                with allowed():
                    runner.renew(before)
                runner.follow(history[-1].lr, fixed)
            if saved is not None:
                saved.write_if_due(history)
            if _stopped(history, runner.threshold, watch):
                return


def _stopped(history: History, threshold: float, watch: Validation) -> bool:
    """Whether there is a reason to stop after these steps, which is noted in the history."""
    if not history:
        return False
    if history[-1].loss <= threshold:
        history.stopped = "loss threshold reached"
    elif watch.is_stale(len(history)):
        history.stopped = "validation loss no longer falling"
    else:
        return False
    return True


def _made(runner: Runner, plans: Iterator[Plan], budget: StepBudget, epoch: int, done: int) -> Iterator[list[Record]]:
    """The records of all steps after the first `done`, a list for each call of the runner, which makes steps on
    demand."""
    while done < budget.total:
        with allowed():
            todo = list(islice(plans, budget.steps(done)))
        steps = zip(count(done + 1), runner.steps(todo), todo)
        yield [Record(step, math.ceil(step / epoch), loss, lr, norm) for step, (loss, norm), (_, lr) in steps]
        done += len(todo)


# Arguments -----------------------------------------------------------------------------------------------------

def _epoch(length: int, batch_size: int | None, drop_last: bool) -> int:
    """The number of steps in an epoch. ValueError for a batch size below 1, or if no batch is left."""
    return sum(1 for _ in batches(range(length), range(length), batch_size, drop_last=drop_last))


def _total(epochs: int | None, steps: int | None, epoch: int) -> int:
    """The largest number of steps. ValueError if neither epochs nor steps are given."""
    given = [n for n in (steps, epochs and epochs * epoch) if n is not None]
    if not given or any(not isinstance(n, int) or n < 0 for n in given):
        raise ValueError(f"expected how long to train, got epochs={epochs!r}, steps={steps!r}; write epochs=10")
    return min(given)


def _rate(lr: float, factor: float) -> float:
    """The learning rate of a step. ValueError for one that is nan or below 0, before it has changed a parameter."""
    require(**{"lr times the factor of schedule": (found := lr * number(factor))})
    return found


def _check_functions(**given: Any) -> None:
    """TypeError for what cannot be called, before the first step."""
    for name, f in given.items():
        if f is not None and not callable(f):
            raise TypeError(f"expected a function as {name}, got {short(f)} ({kind_of(f)})")


def _check(validation: Pair | None, patience: int | None, clip: float | None, schedule: Schedule, twice: bool,
           threads: int | None) -> None:
    """ValueError for arguments that would otherwise fail after the first step or epoch."""
    if twice:
        raise ValueError("with whole=True the loss has the weights of its samples; write cross_entropy(..., weight=) "
                         "there in place of class_weight")
    if clip is not None:
        require(clip=clip)
    if patience is not None:
        require(patience=patience)
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise ValueError(f"expected threads from 1 up, or None for one on each core, got {short(threads)}")
    if validation is not None and not (isinstance(validation, (tuple, list)) and len(validation) == 2):
        raise TypeError(f"expected (xs, ys) as validation, or a share such as 0.2, got {short(validation)}")
    if validation is not None:
        samples(*validation)
    elif isinstance(schedule, ReduceLROnPlateau):
        raise ValueError("ReduceLROnPlateau needs validation data; write validation=0.2 to set a fifth of the samples "
                         "aside")
    elif patience is not None:
        raise ValueError("patience needs validation data; write validation=0.2 to set a fifth of the samples aside")


def _checked_dtype(dtype: Any, jit: bool, optimiser: Optimiser) -> str:
    """The name of a dtype. ValueError for another one, and where float32 is not computed."""
    name = checked_dtype(dtype, jit)
    if name != "float64" and isinstance(optimiser, LBFGS):
        raise ValueError("LBFGS looks at differences of losses that float32 rounds away; write dtype='float64'")
    return name


def _check_executor(executor: Any, model: Module, jit: bool, whole: bool, threads: int | None) -> None:
    """TypeError for what is no executor, ValueError where its workers could not share a batch."""
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise TypeError("expected an executor of concurrent.futures, such as ProcessPoolExecutor(2), or a Client of "
                        f"dask.distributed, got {short(executor)}")
    if getattr(executor, "asynchronous", False) is True:
        raise TypeError("expected a Client that waits for results, got an asynchronous one; write "
                        "Client(asynchronous=False)")
    if not jit:
        raise ValueError("an executor computes compiled code; write jit=True, or executor=None")
    if threads is not None:
        raise ValueError(f"expected an executor or threads={threads}, got both; threads share a batch in one process")
    if whole:
        raise ValueError("with whole=True a batch has one loss, which workers cannot share; expected executor=None")
    if model.buffers():
        raise ValueError("expected a model without Buffers, which samples set one after the other (BatchNorm's "
                         f"statistics), got {len(model.buffers())}; write executor=None")
