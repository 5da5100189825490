"""cosine_embedding, triplet_margin: vectors that belong together are to be close, others far apart.

    >>> from microgradx.nn import cosine_embedding, triplet_margin
    >>> round(cosine_embedding([1.0, 0.0], [0.0, 2.0], 1), 6)               # at a right angle the cosine is 0
    1.0
    >>> round(triplet_margin([0.0, 0.0], [0.0, 1.0], [3.0, 4.0], margin=5.0), 5)      # 1 - 5 + 5
    1.0
"""
import math
from typing import Any

from ...ops import clamp, minimum, where
from ...reductions import dot
from ..lengths import length
from ..shapes import Nested, expect, flat, nested
from .reduction import Reduction, check_signs, now, reduced

SMALL = math.sqrt(9.999999960041972e-13)    # its square is what torch adds to squared lengths, 1e-12 in 32 bits


def cosine_embedding(input1: Nested, input2: Nested, target: Nested, margin: float = 0.0,
                     reduction: Reduction = "mean") -> Any:
    """1 - cosine of the angle between two vectors, target 1; its excess over the margin, target -1: (D) or (N, D).

    ValueError for another target, or a margin outside -1 to 1. target () or (N). torch: cosine_embedding_loss.

    >>> round(cosine_embedding([[1.0, 0.0], [1.0, 1.0]], [[2.0, 0.0], [1.0, 1.0]], [1, -1], margin=0.25), 6)
    0.375
    """
    if not -1 <= margin <= 1:
        raise ValueError(f"cosine_embedding: expected a margin from -1 to 1, got {margin}")
    sizes = expect("cosine_embedding", input1, ("D",), ("N", "D"))
    expect("cosine_embedding input2", input2, sizes)
    expect("cosine_embedding target", target, sizes[:-1])
    check_signs("cosine_embedding", target)
    pairs = zip(input1, input2) if len(sizes) == 2 else [(input1, input2)]
    cosines = [_cosine(flat(a), flat(b)) for a, b in pairs]
    losses = [where(now(t) > 0, less, clamp(c - margin, 0)) for (c, less), t in zip(cosines, flat(target))]
    return reduced(losses, reduction, target)


def _cosine(a: list[Any], b: list[Any]) -> tuple[Any, Any]:
    """The cosine c, and 1 - c. Of unit vectors, so that nothing overflows: dot(a, b) of numbers of 1e200 would be
    infinite. With SMALL as a last number they have length 1, and 1 - c is half the square of the distance of vectors
    that agree but for these: for such as are nearly parallel it keeps all digits."""
    one, other = length([*a, SMALL]), length([*b, SMALL])
    a, b = [x / one for x in a], [x / other for x in b]
    gaps = [*(x - y for x, y in zip(a, b)), SMALL / one, SMALL / other]
    return dot(a, b), dot(gaps, gaps) / 2


def triplet_margin(anchor: Nested, positive: Nested, negative: Nested, margin: float = 1.0, p: float = 2.0,
                   eps: float = 1e-6, swap: bool = False, reduction: Reduction = "mean") -> Any:
    """How far positive is from anchor, less how far negative is, plus a margin; 0 if that is below 0: (D) or (N, D).

    ValueError unless p and margin are above 0. Distances are p-norms of the differences plus eps; with swap the
    negative is compared with whichever of the other two is closer. torch: triplet_margin_loss; source: Schroff et al.
    2015.

    >>> round(triplet_margin([[0.0], [0.0]], [[1.0], [4.0]], [[3.0], [2.0]]), 5)         # (0 + 3) / 2
    1.5
    """
    for name, x in (("margin", margin), ("p", p)):
        if not x > 0:
            raise ValueError(f"triplet_margin: expected a positive {name}, got {x}")
    sizes = expect("triplet_margin", anchor, ("D",), ("N", "D"))
    expect("triplet_margin positive", positive, sizes)
    expect("triplet_margin negative", negative, sizes)

    def distance(xs: list[Any], ys: list[Any]) -> Any:
        return length([x - y + eps for x, y in zip(xs, ys)], p)

    def loss(a: list[Any], near: list[Any], far: list[Any]) -> Any:
        away = minimum(distance(a, far), distance(near, far)) if swap else distance(a, far)
        return clamp(distance(a, near) - away + margin, 0)
    triples = zip(anchor, positive, negative) if len(sizes) == 2 else [(anchor, positive, negative)]
    losses = [loss(*map(flat, triple)) for triple in triples]
    return reduced(losses, reduction, nested(sizes[:-1], float))
