"""History: the record of every step of a training run.

    >>> from microgradx.training import History, Record
    >>> history = History([Record(1, 1, 0.5, 0.1, 2.0), Record(2, 2, 0.25, 0.1, 1.0, validation=0.3)])
    >>> [record.loss for record in history], history[-1].validation, history.stopped
    ([0.5, 0.25], 0.3, 'all steps done')
"""
import csv
from typing import NamedTuple

from ..files import Path, replace
from ..ieee import short


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
    """The records of all steps. `stopped` is the reason why training ended. from_csv() raises ValueError for another
    table.

    >>> history = History([Record(1, 1, 0.5, 0.1, 2.0), Record(2, 2, 0.25, 0.1, 1.0)])
    >>> [record.loss for record in history], history.stopped
    ([0.5, 0.25], 'all steps done')
    """

    stopped = "all steps done"

    def to_csv(self, path: Path) -> None:
        """Write the records as a table, a line for each step; what was not measured is empty. OSError from the disk.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     History([Record(1, 1, 0.5, 0.1, 2.0)]).to_csv(f"{folder}/run.csv")
        ...     print(open(f"{folder}/run.csv").read(), end="")
        step,epoch,loss,lr,norm,validation
        1,1,0.5,0.1,2.0,
        """
        rows = [Record._fields, *(["" if x is None else x for x in record] for record in self)]
        replace(path, "".join(",".join(map(str, row)) + "\n" for row in rows).encode())

    @classmethod
    def from_csv(cls, path: Path) -> "History":
        """Read what to_csv() wrote, to the last bit. ValueError for any other table.

        >>> import tempfile
        >>> history = History([Record(1, 1, 0.1, 0.1, 2.0), Record(2, 2, 0.25, 0.1, 1.0, 0.3)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history.to_csv(f"{folder}/run.csv")
        ...     History.from_csv(f"{folder}/run.csv") == history
        True
        """
        with open(path, newline="", encoding="utf-8") as file:
            try:
                head, *rows = [*csv.reader(file)] or [[]]
            except (csv.Error, UnicodeError) as error:
                raise ValueError(f"{short(str(path))}: expected a table, as to_csv() writes it: {error}") from None
        if tuple(head) != Record._fields:
            raise ValueError(f"{short(str(path))}: expected the columns {', '.join(Record._fields)}, got {short(head)}")
        return cls(_record(path, i, row) for i, row in enumerate(rows, 2))


def _record(path: Path, line: int, row: list[str]) -> Record:
    try:
        step, epoch, *numbers, validation = row
        loss, lr, norm = map(float, numbers)
        return Record(int(step), int(epoch), loss, lr, norm, float(validation) if validation else None)
    except ValueError as error:
        raise ValueError(f"{short(str(path))}, line {line}: expected {len(Record._fields)} numbers, got "
                         f"{short(row)}") from error
