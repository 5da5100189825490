"""The gradient of a batch: of the mean loss of its samples and a penalty, by one backward pass for each sample.

    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import SGD
    >>> from microgradx.training.gradient import gradient
    >>> model = Linear(1, 1, bias=False)
    >>> model.load_state_dict({"weight": [[0.0]]})
    >>> gradient(model, [[1.0], [3.0]], [[1.0], [3.0]], lambda m, x, y: mse(m(x), y), SGD(model.parameters()))
    (5.0, 10.0)
    >>> model.weight[0][0].grad             # the mean of -2 and -18
    -10.0
"""
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from ..checking.explanation import described, first_nonfinite
from ..engine import Value
from ..ieee import short
from ..interrupts import allowed
from ..nn import Module
from .clipping import grad_norm
from .data import samples
from .optim import Optimiser

Loss = Callable[[Any, Any, Any], Value]             # loss(model, x, y) of one sample
Penalty = Callable[[Any], Value]                    # penalty(model)


class NonFiniteError(ArithmeticError):
    """A loss or a gradient is infinite or nan. The step has not changed any parameter.

    >>> from microgradx import log
    >>> from microgradx.nn import Linear
    >>> from microgradx.training import SGD, fit
    >>> model = Linear(1, 1)
    >>> fit(model, [[0.0]], [0.0], lambda m, x, y: log(0 * m(x)[0] ** 2), SGD(model.parameters()), steps=1)
    Traceback (most recent call last):
    microgradx.training.gradient.NonFiniteError: the loss is -inf: it comes from row 'log' at x = 0.0
    """


def gradient(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser,
             penalty: Penalty | None = None, whole: bool = False,
             size: float | None = None) -> tuple[float, float]:
    """Put the gradient of a batch's loss into .grad; the loss, and the length of the gradient.

    NonFiniteError if either is not finite. Any exception restores the Buffers. It takes one sample at a time to save
    memory.
    """
    roots = partial(parts, model, xs, ys, loss, penalty, whole, size)
    buffers = model.buffers()
    before = [b.data for b in buffers]
    try:
        with allowed():
            optimiser.zero_grad()
            total = _backward(roots())
            norm = grad_norm(optimiser.params)
            if not math.isfinite(norm):
                causes = filter(None, map(_cause, roots()))
                raise NonFiniteError(f"the gradient is not finite, the loss is {total}: {next(causes, 'it overflows')}")
    except BaseException:
        for b, x in zip(buffers, before):
            b.data = x
        raise
    return total, norm


def _backward(roots: Iterable[Value]) -> float:
    """Add the gradient of each root to .grad; the sum of the roots. NonFiniteError if that is not finite."""
    total = 0.0
    for root in roots:
        root.backward()
        total += root.data
        if not math.isfinite(total):
            raise NonFiniteError(f"the loss is {total}: {_cause(root)}")
    return total


def _cause(root: Value) -> str:
    """In words the node that infinity or nan comes from; "" if there is none."""
    node = first_nonfinite(root)
    return f"it comes from {described(node)}" if node is not None else ""


# The terms of a loss -------------------------------------------------------------------------------------------

def parts(model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, penalty: Penalty | None = None,
          whole: bool = False, size: float | None = None) -> Iterator[Value]:
    """The Values whose sum is the loss of a batch, one by one, so that each graph is freed before the next is made.
    The losses of its samples are divided by `size`, their number if it is None."""
    samples(xs, ys)
    pairs = [(xs, ys)] if whole else list(zip(xs, ys))
    for x, y in pairs:
        yield loss_of(loss, model, x, y) / (len(pairs) if size is None else size)
    if penalty is not None:
        yield penalty_of(penalty, model)


def loss_of(loss: Loss, model: Any, x: Any, y: Any) -> Value:
    """The loss of one sample. TypeError if it is not a Value."""
    return _value(loss(model, x, y), "loss(model, x, y)")


def penalty_of(penalty: Penalty, model: Any) -> Value:
    """The penalty. TypeError if it is not a Value."""
    return _value(penalty(model), "penalty(model)")


def _value(part: Any, what: str) -> Value:
    if not isinstance(part, Value):
        raise TypeError(f"expected one Value from {what}, got {short(part)}; add up many with sum(...)")
    return part
