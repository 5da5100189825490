"""The arguments of fit(): what could not be used is refused before the first step.

    >>> from microgradx.training.arguments import steps_in_all, steps_in_epoch
    >>> steps_in_epoch(10, batch_size=4, drop_last=False)
    3
    >>> steps_in_all(epochs=5, steps=12, epoch=3)
    12
"""
from typing import Any

from ..ieee import kind_of, short
from ..nn import Module
from .data import Pair, batches, samples
from .evaluation import checked_dtype
from .lbfgs import LBFGS
from .optim import Optimiser, require
from .plateau import ReduceLROnPlateau
from .schedules import Schedule


def steps_in_epoch(length: int, batch_size: int | None, drop_last: bool) -> int:
    """The number of steps in an epoch of `length` samples. ValueError for a batch size below 1, or if no batch is
    left."""
    return sum(1 for _ in batches(range(length), range(length), batch_size, drop_last=drop_last))


def steps_in_all(epochs: int | None, steps: int | None, epoch: int) -> int:
    """The number of steps of training, at most. ValueError if neither epochs nor steps are given."""
    given = [n for n in (steps, epochs and epochs * epoch) if n is not None]
    if not given or any(not isinstance(n, int) or n < 0 for n in given):
        raise ValueError(f"expected how long to train, got epochs={epochs!r}, steps={steps!r}; write epochs=10")
    return min(given)


def check_functions(**given: Any) -> None:
    """TypeError for what cannot be called, before the first step."""
    for name, f in given.items():
        if f is not None and not callable(f):
            raise TypeError(f"expected a function as {name}, got {short(f)} ({kind_of(f)})")


def check(validation: Pair | None, patience: int | None, clip: float | None, schedule: Schedule, twice: bool,
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


def dtype_name(dtype: Any, jit: bool, optimiser: Optimiser) -> str:
    """The name of a dtype. ValueError for another one, and where float32 is not computed."""
    name = checked_dtype(dtype, jit)
    if name != "float64" and isinstance(optimiser, LBFGS):
        raise ValueError("LBFGS looks at differences of losses that float32 rounds away; write dtype='float64'")
    return name


def check_executor(executor: Any, model: Module, jit: bool, whole: bool, threads: int | None) -> None:
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
