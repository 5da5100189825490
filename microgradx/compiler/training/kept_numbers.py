"""KeptNumbers: what an optimiser keeps for each parameter, while machine code has it in memory.

    >>> from microgradx import Value
    >>> from microgradx.compiler.training.kept_numbers import KeptNumbers
    >>> from microgradx.training import Adam
    >>> rule = Adam([Value(0.0), Value(0.0)])
    >>> kept = KeptNumbers(rule)
    >>> kept.settle()
    >>> kept.memory[0] = [0.5, 0.25]                            # as machine code does
    >>> rule.state_dict()
    {'step': 0.0, 'exp_avg': [0.5, 0.25], 'exp_avg_sq': [0.0, 0.0]}

So a callback of fit(..., jit=True) sees, saves and sets the state of that step, and nothing is copied where none looks.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import rounded
from ..ir.dtype import FLOAT64, Dtype


class KeptNumbers(Sequence[tuple[float, ...]]):
    """The list `numbers` of an optimiser, a tuple for each parameter. `memory` has an array for each name in `kept`."""

    def __init__(self, optimiser: Any, dtype: Dtype = FLOAT64) -> None:
        self.optimiser = optimiser
        self.memory: Any = np.zeros((len(optimiser.kept), len(optimiser.params)), dtype.name)

    def settle(self) -> None:
        """Take the optimiser's place for them: from its own list, also one that a callback has set."""
        if self.optimiser.numbers is not self:
            self.memory[:] = rounded(self.optimiser.numbers, self.memory.dtype.name).T
            self.optimiser.numbers = self

    def __len__(self) -> int:
        return self.memory.shape[1]  # type: ignore[no-any-return]

    def __getitem__(self, i: Any) -> Any:
        return list(self)[i] if isinstance(i, slice) else tuple(self.memory[:, i].tolist())

    def __setitem__(self, i: int, row: Sequence[float]) -> None:
        self.memory[:, i] = row

    def __iter__(self) -> Iterator[tuple[float, ...]]:
        return zip(*self.memory.tolist()) if len(self.memory) else iter([()] * len(self))

    def __reduce__(self) -> Any:
        """A copy is a plain list."""
        return list, (list(self),)
