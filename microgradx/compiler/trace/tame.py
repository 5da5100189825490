"""Tame: what stays finite where inputs are finite, so that no mask is needed where a branch is not taken."""
from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import chain, product
from typing import Any

from ...table import REAL, Op, Reduction
from .traced import Batch, Traced


class Wild:
    """Which of the operations that were recorded may be infinite or nan although the inputs of the program are finite:
    those of a row with an edge, as 1/x or log(x), and all that is computed with them.

    found       these operations, and the numbers that are infinite
    seen        how many records were looked at
    """

    def __init__(self) -> None:
        self.found: set[Any] = {math.inf, -math.inf}
        self.seen = 0
        self.is_tame = cache(is_tame)

    def among(self, nodes: Sequence[Traced | Batch]) -> set[Any]:
        """All that were found among these records, of which the first were looked at before."""
        found, is_tame = self.found, self.is_tame
        for node in nodes[self.seen:]:
            if isinstance(node, Batch):
                wild = not is_tame(node.op) or not found.isdisjoint(chain(*node.columns))
                found.update(node.values if wild else ())
            elif not is_tame(node.op) or not found.isdisjoint(node.args):
                found.add(node)
        self.seen = len(nodes)
        return found


def is_tame(op: Any) -> bool:
    """Whether a row gives finite numbers for finite ones of moderate size, wherever they are.

    >>> from microgradx import div, exp, mul, sqrt, tanh
    >>> [is_tame(op) for op in (mul, tanh, div, sqrt, exp)]
    [True, True, False, False, False]
    """
    return bool(_is_tame(op)) if (known := getattr(op, "tame", None)) is None else bool(known)   # a loop knows its own


@cache
def _is_tame(op: Op) -> bool:
    count = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
    domains = op.domains(count)
    sizes = [[0.0] if isinstance(domain, range) else [0.0, 1e3, -1e3] for domain in domains]
    return (not op.poles and all(domain == REAL or isinstance(domain, range) for domain in domains)
            and all(math.isfinite(op.at(*xs)) for xs in product(*sizes)))
