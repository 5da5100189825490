"""A weight for each class, so that a rare one counts as much as a frequent one, or more.

    >>> from microgradx import Value
    >>> from microgradx.training.class_weight import weighed
    >>> loss, ys, weights = weighed(lambda model, x, y: Value(2.0), [0, 1, 0], {0: 1.0, 1: 3.0})
    >>> ys, weights
    ([(0, 1.0), (1, 3.0), (0, 1.0)], [1.0, 3.0, 1.0])
    >>> loss(None, 0.5, ys[1]).data                     # 3 * 2; a batch divides by its weights, here by 5
    6.0

cross_entropy(..., weight=) of one sample divides by the weight of this sample, and so nothing is left of it, as in
torch: a mean over weights is one of a batch.
"""
from collections.abc import Mapping, Sequence
from typing import Any

from ..conversion import listed
from ..engine import Value
from ..ieee import number, short
from ..ops import weighted
from .gradient import Loss, loss_of
from .optim import require

ClassWeight = Sequence[float] | Mapping[Any, float]


def weighed(loss: Loss, ys: Sequence[Any], table: Mapping[Any, float]) -> tuple[Loss, list[Any], list[float]]:
    """The loss of a sample times its weight, for targets that have their weight beside them; these; all weights.

    ValueError for a target of a class without a weight.
    """
    weights = [_weight(table, i, y) for i, y in enumerate(ys)]

    def times(model: Any, x: Any, y: Any) -> Value:
        target, weight = y
        found: Value = weighted(weight, loss_of(loss, model, x, target))
        return found
    return times, list(zip(ys, weights)), weights


def table_of(class_weight: ClassWeight) -> dict[Any, float]:
    """The weight of each class. ValueError for one below 0 or infinite.

    >>> table_of([1.0, 3.0]), table_of({"spam": 2})
    ({0: 1.0, 1: 3.0}, {'spam': 2.0})
    """
    given = class_weight if isinstance(class_weight, Mapping) else dict(enumerate(listed(class_weight)))
    require(**{f"class_weight of {short(label)}": w for label, w in given.items()})
    return {label: number(w) for label, w in given.items()}


def _weight(table: Mapping[Any, float], i: int, y: Any) -> float:
    try:
        return table[y]
    except (KeyError, TypeError):
        raise ValueError(f"class_weight: expected a target of the classes {short([*table])}, got {short(y)} as target "
                         f"{i}") from None
