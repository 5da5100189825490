"""cross_entropy, nll: one class of many is right.

    >>> from microgradx.nn import cross_entropy, nll
    >>> cross_entropy([[0.0, 0.0], [0.0, 0.0]], [0, 1]) == nll([[-1.0, 0.0], [0.0, -0.3862943611198906]], [0, 1])
    True
    >>> cross_entropy([[0.0, 800.0], [0.0, 0.0]], [0, -100])          # -100: a sample that does not count
    800.0
"""
from collections.abc import Callable, Sequence
from typing import Any

from ...arrays import is_array
from ...conversion import arrayed, listed
from ...engine import Value
from ...ieee import inf, short
from ...ops import weighted, where
from ...reductions import cross_entropy as surprise
from ...reductions import gaps_to, logsumexp, sum, take
from ..shapes import Nested, expect, flat, nested
from .reduction import Reduction, check_class, now, reduced, typed

TORCHS_IGNORED = -100
OfClass = Callable[[list[Any], Any], Any]               # the loss of one place: its numbers, its class


@typed
def cross_entropy(input: Nested, target: Nested, reduction: Reduction = "mean", *, weight: Nested = None,
                  ignore_index: int | None = None, label_smoothing: float = 0.0) -> Any:
    """-log softmax(input) of the right class, from logits (C), (N, C) or (N, C, places). torch: cross_entropy.

    IndexError for an index that is not a class, ValueError for label_smoothing beyond 0 to 1. target: the index of the
    right class, (), (N) or (N, places); or probabilities in the shape of input.

    weight           a weight for each class (C). The mean divides by the weights of the right classes,
                     so that of one sample has none; fit() takes class_weight
    ignore_index     a target that counts for nothing; a mean of nothing is nan. None is torch's -100, but for targets
                     that are inputs of a compiled program: give it the number, and it looks for it at each run
    label_smoothing  0 to 1: the share of the target that is spread evenly over all classes (Szegedy et al. 2016)

    It does not overflow, and keeps its digits if the right class has the largest logit x_t: the loss is the logarithm
    of the sum of exp(x_j - x_t), in which the term of t is exactly 1. As logsumexp(x) - x_t, loss and gradient would be
    0 here:

    >>> cross_entropy([70.0, 0.0], 0)
    3.975449735908647e-31
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: expected label_smoothing from 0 to 1, got {label_smoothing}")

    weight = listed(weight)

    def of_shares(xs: list[Any], shares: Sequence[Any]) -> Any:
        if label_smoothing:
            shares = [(1 - label_smoothing) * p + label_smoothing / len(xs) for p in shares]
        return _surprise(xs, shares if weight is None else list(map(weighted, weight, shares)))

    def of_class(xs: list[Any], t: Any) -> Any:
        if label_smoothing:
            t = take(range(len(xs)), t)                         # IndexError for what is not a class
            return of_shares(xs, [where((t >= c) * (t <= c), 1.0, 0.0) for c in range(len(xs))])
        return surprise(xs, t) if weight is None else weighted(take(weight, t), surprise(xs, t))
    return _by_place("cross_entropy", of_class, input, target, reduction, weight, ignore_index, of_shares)


@typed
def nll(input: Nested, target: Nested, reduction: Reduction = "mean", *, weight: Nested = None,
        ignore_index: int | None = None) -> Any:
    """Minus the log-probability of the right class, from log-probabilities (C), (N, C) or (N, C, places).

    IndexError for a target that is not a class. target, weight and ignore_index are those of cross_entropy.
    torch: nll_loss.

    >>> nll([[-1.0, -2.0], [-3.0, -4.0]], [0, 1]), nll([[-1.0, -2.0], [-3.0, -4.0]], [0, 1], weight=[3.0, 1.0])
    (2.5, 1.75)
    """
    weight = listed(weight)

    def of_class(xs: list[Any], t: Any) -> Any:
        return -take(xs, t) if weight is None else weighted(take(weight, t), -take(xs, t))
    return _by_place("nll", of_class, input, target, reduction, weight, ignore_index)


def _by_place(name: str, of_class: OfClass, input: Nested, target: Nested, reduction: str, weight: Nested,
              ignore_index: int | None, of_shares: OfClass | None = None) -> Any:
    """The loss of every place of every sample, from its numbers and its class, or the probabilities of all classes."""
    sizes = expect(name, input, ("C",), ("N", "C", "*"))
    batch = len(sizes) > 1
    classes, places = sizes[batch], (*sizes[:batch], *sizes[batch + 1:])
    found = expect(f"{name} target", target, *([places, sizes] if of_shares else [places]))
    if weight is not None:
        expect(f"{name} weight", weight, (classes,))
    if ignore_index is not None and type(ignore_index) is not int:
        raise TypeError(f"{name}: expected a whole number as ignore_index, got {short(ignore_index)}")
    rows, nesting = _rows(input, batch), nested(places, float)
    nesting = arrayed(nesting) if is_array(input) else nesting
    if of_shares and found == sizes:
        if ignore_index is not None and ignore_index >= 0:
            raise ValueError(f"{name}: expected classes as targets for ignore_index={ignore_index}, got probabilities")
        return reduced([of_shares(xs, ps) for xs, ps in zip(rows, _rows(target, batch))], reduction, nesting)
    counted = [_counted(name, of_class, xs, t, weight, ignore_index) for xs, t in zip(rows, flat(target))]
    return reduced([loss for loss, _ in counted], reduction, nesting, sum([share for _, share in counted]))


def _rows(x: Nested, batch: bool) -> list[list[Any]]:
    """The numbers of all classes at each place: (N, C, places), or (C) without a batch, to (N * places, C)."""
    return [list(row) for sample in (x if batch else [x]) for row in zip(*map(flat, sample))]


def _counted(name: str, of_class: OfClass, xs: list[Any], t: Any, weight: Nested,
             ignore_index: int | None) -> tuple[Any, Any]:
    """The loss of one place, and what it counts for in the mean: the weight of its class, 0 if it is ignored."""
    k = now(t)
    if isinstance(k, Value) and ignore_index is not None:   # a compiled program decides as it runs
        ignored = (t >= ignore_index) * (t <= ignore_index)
        t = where(ignored, 0.0, t)
        return where(ignored, 0.0, of_class(xs, t)), where(ignored, 0.0, 1.0 if weight is None else take(weight, t))
    if not isinstance(k, Value) and k == (TORCHS_IGNORED if ignore_index is None else ignore_index):
        return 0.0, 0.0
    check_class(name, t, len(xs))
    return of_class(xs, t), 1.0 if weight is None else take(weight, t)


def _surprise(xs: list[Any], target: Sequence[Any]) -> Any:
    """From the gaps to the largest logit all terms are positive, so that nothing cancels."""
    gaps = gaps_to(xs, _largest(xs))
    return sum(target) * logsumexp(gaps) - sum(list(map(weighted, target, gaps)))


def _largest(xs: Sequence[Any]) -> Any:
    """The index of the largest number, the first if several are equal."""
    best, place = -inf, 0.0
    for j, x in enumerate(map(now, xs)):
        place, best = where(x > best, j, place), where(x > best, x, best)
    return place
