"""The mode of a model, training or eval(), in a with-block.

    >>> from microgradx.nn import Dropout
    >>> from microgradx.training.mode import mode
    >>> drop = Dropout(1.0)
    >>> with mode(drop, training=False):
    ...     drop([5.0])
    [5.0]
    >>> drop([5.0])
    [0.0]
"""
from collections.abc import Iterator
from contextlib import contextmanager

from ..nn import Module


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """A with-block in which the model has this mode; afterwards, also after an exception, it has its old one."""
    before = model.training
    model.train(training)
    try:
        yield
    finally:
        model.train(before)
