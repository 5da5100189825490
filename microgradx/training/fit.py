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
from collections.abc import Callable, Sequence
from typing import Any

from ..conversion import listed
from ..files import Path
from ..nn import Module
from ..warning import warn
from .arguments import check, check_executor, check_functions, dtype_name, steps_in_all, steps_in_epoch
from .checkpoint import Checkpoint
from .class_weight import ClassWeight, table_of, weighed
from .data import Pair, endless, samples, split
from .evaluation import evaluate, measure
from .gradient import Loss, NonFiniteError, Penalty, gradient
from .history import History, Record
from .lbfgs import LBFGS
from .optim import Optimiser
from .plateau import ReduceLROnPlateau
from .run import Run, constant
from .runner import CompiledRunner, Runner
from .schedules import Schedule
from .validation import Validation

__all__ = ["fit", "evaluate", "gradient", "History", "Record", "NonFiniteError"]


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
    epoch = steps_in_epoch(samples(xs, ys), batch_size, drop_last)
    total = steps_in_all(epochs, steps, epoch)
    check(validation, patience, clip, schedule, whole and class_weight is not None, threads)
    check_functions(loss=loss, schedule=schedule, penalty=penalty, callback=callback)
    if executor is not None:
        check_executor(executor, model, jit, whole, threads)
    dtype = dtype_name(dtype, jit, optimiser)
    _warn_of_another_model(model, optimiser)

    watch = Validation(validation, measure(loss, whole, jit, dtype), epoch, patience,
                       schedule.step if isinstance(schedule, ReduceLROnPlateau) else None)
    table = None if class_weight is None else table_of(class_weight)
    loss, ys, weights = (loss, ys, None) if table is None else weighed(loss, ys, table)
    saved = None if checkpoint is None else Checkpoint(
        checkpoint, model, optimiser, schedule, watch, samples=len(xs), validation=validation and len(validation[0]),
        batch_size=batch_size, drop_last=drop_last, seed=seed, whole=whole, clip=clip and float(clip),
        class_weight=table and str(table))

    def runner() -> Runner:
        given = (model, xs, ys, loss, optimiser, penalty, clip, whole, threshold, weights)
        return CompiledRunner(*given, threads=threads, executor=executor, dtype=dtype) if jit else Runner(*given)

    # Eager steps run one by one, so that Ctrl-C loses no record; compiled ones until a callback or validation is due.
    by_one = callback is not None or not jit or isinstance(optimiser, LBFGS)
    most = 1 if by_one else epoch if validation is not None or checkpoint else total
    batches = endless(len(xs), batch_size, seed, drop_last)
    return Run(model, optimiser.lr, batches, schedule, watch, callback, saved, total).train(runner, most)


def _warn_of_another_model(model: Module, optimiser: Optimiser) -> None:
    """A RuntimeWarning if the optimiser has no parameter of the model."""
    own = model.parameters() if isinstance(model, Module) else []
    if own and not {*own} & {*optimiser.params}:
        warn("the optimiser has no parameter of the model, so that training changes none of it; write "
             "model.parameters() for the parameters of this model")
