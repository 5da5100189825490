"""Evaluation: the mean loss of a model on samples, without a graph and without a step.

    >>> from microgradx import Value
    >>> from microgradx.nn import PReLU, mse
    >>> from microgradx.training import evaluate
    >>> evaluate(PReLU(), [[-4.0], [2.0]], [[0.0], [4.0]], lambda m, x, y: mse(m(x), y))
    2.5
"""
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ..arrays import dtype_name
from ..conversion import listed
from ..nesting import floated
from ..nn import Module
from ..recording import no_grad
from .compiled import compiler
from .data import samples
from .gradient import Loss, parts
from .mode import mode

Measure = Callable[[Module, Sequence[Any], Sequence[Any]], float]       # mean loss of a model on samples


def evaluate(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, whole: bool = False,
             jit: bool = False, dtype: Any = "float64") -> float:
    """The mean loss on these samples, in eval() mode and without a graph; with jit by compiled code, see fit().

    xs, ys and dtype as for fit(). ValueError if xs and ys differ in length or are empty, and for float32 without jit.

    >>> from microgradx import Value
    >>> from microgradx.nn import Identity, mse
    >>> evaluate(Identity(), [[Value(1.0)], [Value(2.0)]], [[1.0], [4.0]], lambda m, x, y: mse(m(x), y))
    2.0
    """
    return measure(loss, whole, jit, checked_dtype(dtype, jit))(model, *listed((xs, ys)))


def checked_dtype(dtype: Any, jit: bool) -> str:
    """The name of a dtype. ValueError for another one, and for float32 without jit."""
    name = dtype_name(dtype)
    if name != "float64" and not jit:
        raise ValueError(f"eager code computes in float64; write jit=True for dtype={name!r}")
    return name


def measure(loss: Loss, whole: bool = False, jit: bool = False, dtype: str = "float64") -> Measure:
    """A function that returns the mean loss in eval() mode; with jit it keeps a program for each form of sample."""
    mean = _compiled(loss, whole, dtype) if jit else _eager(loss, whole)

    def measured(model: Module, xs: Sequence[Any], ys: Sequence[Any]) -> float:
        with mode(model, training=False):
            return mean(model, xs, ys)
    return measured


def _eager(loss: Loss, whole: bool) -> Measure:
    def mean(model: Module, xs: Sequence[Any], ys: Sequence[Any]) -> float:
        with no_grad():
            total = 0.0
            for part in parts(model, xs, ys, loss, whole=whole):
                total += part.data
            return total
    return mean


def _compiled(loss: Loss, whole: bool, dtype: str) -> Measure:
    programs = cache(lambda: compiler().jit(loss, dtype=dtype))          # made when it is needed first

    def mean(model: Module, xs: Sequence[Any], ys: Sequence[Any]) -> float:
        count, one = samples(xs, ys), programs()
        if whole:
            return float(one(model, floated(xs), floated(ys)))
        total = 0.0
        for x, y in zip(xs, ys):
            total += one(model, floated(x), floated(y))
        return total / count
    return mean
