"""l1_penalty, l2_penalty: the size of weights, added to a loss.

    >>> from microgradx.nn import Linear, l2_penalty
    >>> model = Linear(2, 1, bias=False)
    >>> model.load_state_dict({"weight": [[1.0, 2.0]]})
    >>> l2_penalty(model).data
    5.0
"""
from typing import Any

from ...nesting import leaves
from ...ops import abs
from ...reductions import dot, sum
from ..shapes import Nested


def l1_penalty(parameters: Nested) -> Any:
    """The sum of |p| over all parameters of a Module or a nested list: added to a loss, it drives weights to 0.

    The lasso (Tibshirani 1996).

    >>> l1_penalty([[3.0], [-4.0]])
    7.0
    """
    return sum([abs(p) for p in leaves(parameters)])


def l2_penalty(parameters: Nested) -> Any:
    """The sum of p*p over all parameters of a Module or a nested list: added to a loss, it keeps weights small.

    Ridge regression (Hoerl & Kennard 1970). c times it has the gradient that torch adds for weight_decay=2*c.

    >>> l2_penalty([[3.0], [4.0]])
    25.0
    """
    return dot(leaves(parameters), leaves(parameters))
