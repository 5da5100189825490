"""More rows of the table: operations on lists. A neuron's weighted sum is one node, `dot(weights, inputs)`.

    >>> from microgradx import Value, dot
    >>> w = [Value(1.0), Value(2.0)]
    >>> y = dot(w, [3.0, 4.0])
    >>> y.backward()
    >>> y.data, [v.grad for v in w]
    (11.0, [3.0, 4.0])

Such a row has one slope rule, which takes the result and all inputs and returns all slopes.
"""
import math
from collections.abc import Sequence
from typing import Any

from .arrays import is_array, nested
from .ieee import LARGEST, NO_LIST, inf, number, short
from .ops import abs, div, exp, log1p, maximum, minimum, where
from .table import Op, gate, reduction


def _sum(*xs: float) -> float:
    total = 0.0
    for x in xs:            # one rounding for each element, left to right: Python's own sum differs between versions
        total += x
    return total


def _dot(xs: Sequence[float], ys: Sequence[float]) -> float:
    total = 0.0
    for x, y in zip(xs, ys):
        total += x * y
    return total


def _masked_dot(mask: Sequence[float], xs: Sequence[float], ys: Sequence[float]) -> float:
    total = 0.0
    for here, x, y in zip(mask, xs, ys):
        if here != 0:
            total += x * y
    return total


def _prod(*xs: float) -> float:
    y = 1.0
    for x in xs:
        y = y * x
    return y


def _others(*xs: Any) -> list[Any]:
    """For each element the product of the others, without division: products from the left times from the right."""
    left, right = [1.0], [1.0]
    for x in xs[:-1]:
        left.append(left[-1] * x)
    for x in xs[:0:-1]:
        right.append(right[-1] * x)
    return [a * b for a, b in zip(left, reversed(right))]


def _max(*xs: float) -> float:
    top = xs[0]
    for x in xs:
        top = maximum.value(top, x)
    return top


def _min(*xs: float) -> float:
    return -_max(*(-x for x in xs))


def _logsumexp(*xs: float) -> float:
    """The largest element plus log1p of the rest, so that nothing overflows and small terms keep their digits."""
    top = _max(*xs) if xs else -inf
    if not math.isfinite(top):
        return top
    smaller = [math.exp(x - top) for x in xs if x < top]
    return top + math.log1p(_sum(*smaller) + (len(xs) - len(smaller) - 1))


# The lowerings, for generated code: a loop with a branch would have a path for every outcome --------------------------

def _best(better: Op, xs: Sequence[Any]) -> Any:
    """The best of pairs, then of the winners, ...: log2(n) levels. Of equal elements the first wins."""
    while len(xs) > 1:
        odd = xs[-1:] if len(xs) % 2 else ()
        xs = (*map(better, xs[::2], xs[1::2]), *odd)
    return xs[0]


def _largest(*xs: Any) -> Any:
    return _best(maximum, xs)


def _smallest(*xs: Any) -> Any:
    return _best(minimum, xs)


def _logsumexp_lowered(*xs: Any) -> Any:
    """_logsumexp without branches: all largest elements but one count as terms exp(0) = 1 of the rest."""
    if not xs:
        return -inf
    top = _largest(*xs)
    smaller = [x < top for x in xs]                         # one list for each operation: a run that is one loop
    gaps = [x - top for x in xs]
    ties = len(xs) - 1 - sum(smaller)
    rest = dot(smaller, [exp(gap) for gap in gaps]) + ties
    return where(abs(top) < inf, top + log1p(rest), top)


def shares(xs: Sequence[Any]) -> list[Any]:
    """exp(x) of each element over the sum of all: the slopes of logsumexp, and softmax.

    By way of the result, exp(x - y), they would lose all digits at x = 1e15. The largest element is not detached,
    though a shift changes nothing: so the slope of a share near 1 is the sum of the others, and not 1 - 1.
    """
    top = minimum(max(xs), LARGEST)         # inf - inf is nan: only the share of an infinite element is
    powers = [exp(x - top) for x in xs]
    total = sum(powers)
    return [p / total for p in powers]


def _cross_entropy(*xs: Any) -> Any:
    *table, i = xs
    chosen = take(table, i)                 # of scores that are -inf the gaps to a chosen one that is, too, are nan
    return where(chosen > -inf, logsumexp(gaps_to(table, i)), max(table) - chosen)


def gaps_to(xs: Sequence[Any], i: Any) -> list[Any]:
    """x_j - x_i for each j; for j = i a constant 0, through which no gradient flows."""
    chosen = take(xs, i)
    if hasattr(type(i), "_apply"):
        return [where(i - j, x - chosen, 0.0) for j, x in enumerate(xs)]
    return [0.0 if j == i else x - chosen for j, x in enumerate(xs)]


def _cross_entropy_slopes(y: Any, *xs: Any) -> list[Any]:
    """The probabilities; less 1 for the class i, if that is likely as minus the sum of the others. So both it and its
    slopes keep their digits."""
    *table, i = xs
    chances = shares(table)
    likely, others = take(chances, i), -sum([where(i - j, chance, 0.0) for j, chance in enumerate(chances)])
    chosen = where(likely > 0.5, others, likely - 1)
    return [*(where(i - j, chance, chosen) for j, chance in enumerate(chances)), None]


def _cross_entropy_textbook(y: Any, k: int, *xs: Any) -> Any:
    *table, i = xs
    if k == len(table):
        return None
    chance = exp(xs[k] - logsumexp(table))
    if hasattr(type(i), "_apply"):
        return where(i - k, chance, chance - 1)
    return chance - 1 if i == k else chance


def _masked_dot_lowered(mask: Sequence[Any], xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    total: Any = 0.0
    for here, x, y in zip(mask, xs, ys):
        total = where(here, total + x * y, total)
    return total


def _shares(best: list[Any]) -> list[Any]:
    """Gates open for the best element; elements that tie share the gradient. (True is 1, also for Values.)"""
    ties = best[0] * 1.0
    for one in best[1:]:
        ties = ties + one
    return [gate(div(one, ties)) for one in best]


def _first(best: list[Any]) -> list[Any]:
    """Gates open for the first of the best elements, closed for all others."""
    shares: list[Any] = []
    left = 1.0
    for one in best:
        shares.append(left * one)
        left = left - shares[-1]
    return list(map(gate, shares))


def _gaps(best: Any, *xs: Any) -> list[Any]:
    """The distance of each element from the best of the others, the kinks of max and min."""
    return [x - best([*xs[:i], *xs[i + 1:]]) for i, x in enumerate(xs)] if len(xs) > 1 else []


def _take(*xs: float) -> float:
    return xs[position(xs[-1], len(xs) - 1)]


def _take_slopes(y: Any, *xs: Any) -> list[Any]:
    """A gate open for the entry taken, k <= i and k >= i (== of Values is identity). No gradient by the index."""
    *table, i = xs
    return [*(gate((i >= k) * (i <= k) * 1.0) for k in range(len(table))), None]


def position(i: float, length: int) -> int:
    """`i` as an index into a table. IndexError unless it is a whole number from 0 to length - 1."""
    i = number(i)
    if not length:
        raise IndexError("take: an empty table has no entries")
    if not (0 <= i < length and i == int(i)):
        raise IndexError(f"take: expected a whole number from 0 to {length - 1} as index, got {short(i)}")
    return int(i)


sum = reduction("sum", _sum, lambda y, *xs: [1.0] * len(xs))
dot = reduction("dot", _dot, lambda y, xs, ys: [ys, xs], lists=2)
# For the chain rule with gates: the sum of x*y over the places where the mask is not 0.
masked_dot = reduction("masked_dot", _masked_dot, lambda y, mask, xs, ys: [
    [None] * len(mask), [gate(abs(here), y) for here, y in zip(mask, ys)],
    [gate(abs(here), x) for here, x in zip(mask, xs)]],
    lists=3, lowering=_masked_dot_lowered, kinks=lambda *xs: xs[:len(xs) // 3])
prod = reduction("prod", _prod, lambda y, *xs: _others(*xs))
logsumexp = reduction("logsumexp", _logsumexp, lambda y, *xs: shares(xs) if xs else [],
                      textbook=lambda y, k, *xs: exp(xs[k] - y), lowering=_logsumexp_lowered)
cross_entropy = reduction("cross_entropy", _cross_entropy, _cross_entropy_slopes, index=True, least=1,
                          textbook=_cross_entropy_textbook)
max = reduction("max", _max, lambda y, *xs: _shares([x >= y for x in xs]), least=1, lowering=_largest,
                kinks=lambda *xs: _gaps(max, *xs))
first_max = reduction("first_max", _max, lambda y, *xs: _first([1 - (x < y) for x in xs]), least=1,
                      lowering=_largest, kinks=lambda *xs: _gaps(max, *xs))
min = reduction("min", _min, lambda y, *xs: _shares([x <= y for x in xs]), least=1, lowering=_smallest,
                kinks=lambda *xs: _gaps(min, *xs))
entry = reduction("take", _take, _take_slopes, index=True, choice=True, least=1)


def take(table: Any, i: Any) -> Any:
    """The entry `i` of a list (or the row `i` of a list of rows).

    IndexError unless i is a whole number from 0 to len(table) - 1, TypeError if the table is not a list. A plain number
    picks the entry itself, without a node. An index that is a Value is recorded, so that a compiled program looks it
    up when it runs.

    >>> from microgradx import Value, take
    >>> take([1.0, 2.0, 4.0], 2), take([1.0, 2.0, 4.0], Value(2)).data
    (4.0, 4.0)
    """
    table = nested(table) if is_array(table) else table
    if isinstance(table, NO_LIST) or not hasattr(type(table), "__getitem__"):
        raise TypeError(f"take takes a list and an index, got {short(table)}; write take([...], i)")
    if not hasattr(type(i), "_apply"):
        return table[position(i, len(table))]
    if table and isinstance(table[0], (list, tuple)):
        return [entry(column, i) for column in zip(*table, strict=True)]
    return entry(table, i)
