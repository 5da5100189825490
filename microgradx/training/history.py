"""History: the record of every step of a training run.

    >>> from microgradx.training import History, Record
    >>> history = History([Record(1, 1, 0.5, 0.1, 2.0), Record(2, 2, 0.25, 0.1, 1.0, validation=0.3)])
    >>> [record.loss for record in history], history[-1].validation, history.stopped
    ([0.5, 0.25], 0.3, 'all steps done')
"""
from typing import NamedTuple


class Record(NamedTuple):
    """One step: its number and epoch, from 1, the loss before it, its learning rate, the length of its gradient.

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
    """The records of all steps. `stopped` is the reason why training ended.

    >>> history = History([Record(1, 1, 0.5, 0.1, 2.0), Record(2, 2, 0.25, 0.1, 1.0)])
    >>> [record.loss for record in history], history.stopped
    ([0.5, 0.25], 'all steps done')
    """

    stopped = "all steps done"
