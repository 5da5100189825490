"""Tame: rows that give finite numbers for finite ones, so that no mask is needed where a branch is not taken."""
from __future__ import annotations

import math
from functools import cache
from itertools import product

from ...table import REAL, Op, Reduction


@cache
def is_tame(op: Op) -> bool:
    """Whether a row gives finite numbers for finite ones of moderate size, wherever they are.

    >>> from microgradx import div, exp, mul, sqrt, tanh
    >>> [is_tame(op) for op in (mul, tanh, div, sqrt, exp)]
    [True, True, False, False, False]
    """
    count = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
    domains = op.domains(count)
    sizes = [[0.0] if isinstance(domain, range) else [0.0, 1e3, -1e3] for domain in domains]
    return (not op.poles and all(domain == REAL or isinstance(domain, range) for domain in domains)
            and all(math.isfinite(op.at(*xs)) for xs in product(*sizes)))
