"""Why is this gradient wrong? The mistake that explains the numbers best, in a sentence.

    >>> from microgradx.checking.causes import Entries, likely_cause
    >>> likely_cause([Entries("w", (3,), [2.0, 4.0, 6.0], [1.0, 2.0, 3.0])])
    'All entries of w are 2 times what they should be: a factor 2, or the same contribution added twice.'

Each explanation is one function below; the first that fits all wrong numbers is given.
"""
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .arguments import is_single

SAME = 1e-8                                 # relative: a number that is right


class Entries(NamedTuple):
    """The gradient by one argument: its name, its shape, the numbers claimed, what they should be, and the argument."""

    name: str
    shape: tuple[int, ...]
    claimed: Sequence[float]
    expected: Sequence[float]
    numbers: Sequence[float] = ()


class Case(NamedTuple):
    """A gradient that is wrong: all its parts, those that are wrong, how many results f has, and the relative distance
    of numbers that count as the same."""

    parts: Sequence[Entries]
    wrong: Sequence[Entries]
    outputs: int
    close: float


def likely_cause(parts: Sequence[Entries], outputs: int = 1, close: float = 1e-5) -> str:
    """A sentence on the likely mistake in a gradient; "" if none is recognised."""
    case = Case(parts, [part for part in parts if not same(part.claimed, part.expected, SAME)], outputs, close)
    return next(filter(None, (explain(case) for explain in EXPLANATIONS if case.wrong)), "")


def same(xs: Sequence[float], ys: Sequence[float], close: float) -> bool:
    """Whether two lists hold the same numbers, within a part of the largest."""
    size = max(map(abs, (*xs, *ys)), default=0.0)
    if len(xs) != len(ys) or not math.isfinite(size):
        return False
    return all(abs(x - y) <= close * max(abs(y), 1e-3 * size) for x, y in zip(xs, ys))


def ratio(xs: Sequence[float], ys: Sequence[float], close: float) -> float | None:
    """The factor between two lists, None if it is not the same everywhere."""
    k = max(range(len(ys)), key=lambda i: abs(ys[i]), default=None)
    if k is None or ys[k] == 0 or not math.isfinite(ys[k]):
        return None
    factor = xs[k] / ys[k]
    return factor if math.isfinite(factor) and same(xs, [factor * y for y in ys], close) else None


# Explanations --------------------------------------------------------------------------------------------------

def nonfinite(case: Case) -> str:
    """It is nan or infinite."""
    for part in case.wrong:
        bad = [x for x in part.claimed if not math.isfinite(x)]
        if bad:
            return f"The gradient by {part.name} is {bad[0]} where f is finite: inf - inf, 0 * inf or 0 / 0 on the way."
    return ""


def single(case: Case) -> str:
    """It was computed with 24 bits."""
    numbers = [x for part in case.wrong for x in part.claimed]
    if all(map(is_single, numbers)) and any(numbers) and all(same(p.claimed, p.expected, 2e-5) for p in case.wrong):
        return "All its numbers are floats of 32 bits: the gradient is computed in single precision, and f in double."
    return ""


def transposed(case: Case) -> str:
    """A matrix has rows and columns exchanged."""
    for part in case.wrong:
        if len(part.shape) == 2 and min(part.shape) > 1:
            rows, columns = part.shape
            turned = [part.claimed[j * rows + i] for i in range(rows) for j in range(columns)]
            found = ratio(turned, part.expected, case.close)
            right = found is not None and abs(found - 1) < case.close
            if found and (right or is_simple(found, case.close)):
                also = "" if right else f" and {multiple(found, case.close)} what it should be"
                return f"The gradient by {part.name} is transposed{also}: entry [i, j] stands at [j, i]."
    return ""


def exchanged(case: Case) -> str:
    """It is the gradient by another argument."""
    for part in case.wrong:
        for other in case.parts:
            if other is not part and same(part.claimed, other.expected, case.close):
                both = same(other.claimed, part.expected, case.close)
                why = "the two inputs are exchanged" if both else "a name or an index is mistaken"
                return f"What stands for {part.name} is the gradient by {other.name}: {why}."
    return ""


def shifted(case: Case) -> str:
    """Entries of one argument are at each other's places."""
    for part in case.wrong:
        if len(part.claimed) > 1 and len(set(part.expected)) > 1:
            moves = (move for axis in range(len(part.shape)) for move in turns(part, axis))
            how = next((how for how, moved in moves if same(moved, part.expected, case.close)), "")
            if not how and same(sorted(part.claimed), sorted(part.expected), case.close):
                how = "each at another's place: an index is mistaken"
            if how:
                return f"The entries of {part.name} are right, but {how}."
    return ""


def turns(part: Entries, axis: int) -> Iterator[tuple[str, list[float]]]:
    """The claimed entries shifted back and reversed along an axis, and what that is called."""
    n, inner = part.shape[axis], math.prod(part.shape[axis + 1:])
    blocks = range(0, len(part.claimed), n * inner)

    def taken(places: Sequence[int]) -> list[float]:
        return [part.claimed[b + i * inner + k] for b in blocks for i in places for k in range(inner)]
    along = f" along axis {axis}" if len(part.shape) > 1 else ""
    for by in range(1, n):
        off = by if by <= n / 2 else by - n
        far = f"{abs(off)} place{'s' * (abs(off) > 1)} too far {'right' if off > 0 else 'left'}"
        yield f"{far}{along}: an index is off", taken([*range(by, n), *range(by)])
    yield f"in reverse order{along}", taken(range(n)[::-1])


def spread(case: Case) -> str:
    """All entries are the same: the sum or the mean of what they should be."""
    for part in case.wrong:
        n = len(part.claimed)
        if n > 1 and same(part.claimed, [part.claimed[0]] * n, SAME) and len(set(part.expected)) > 1:
            total = math.fsum(part.expected)
            for name, value in (("sum", total), ("mean", total / n)):
                if same(part.claimed[:1], [value], case.close):
                    return (f"All entries of {part.name} are the {name} of what they should be: summed over the "
                            "entries and spread over them.")
    return ""


def factor(case: Case) -> str:
    """All are the same multiple of what they should be."""
    claimed = [x for part in case.wrong for x in part.claimed]
    expected = [x for part in case.wrong for x in part.expected]
    found = ratio(claimed, expected, case.close)
    if found is None and len(case.wrong) == 1 and len(claimed) > 1:      # one entry alone, or a few
        pairs = [(x, y) for x, y in zip(claimed, expected) if not same([x], [y], SAME)]
        found = ratio([x for x, _ in pairs], [y for _, y in pairs], case.close)
        found = found if len(pairs) > 1 or (found and is_simple(found, case.close)) else None
        where = f"{len(pairs)} of {len(claimed)} entries of {case.wrong[0].name}"
    else:
        where = f"{'All entries of ' * (len(claimed) > 1)}{', '.join(part.name for part in case.wrong[:3])}"
        where = where if len(claimed) > 1 else f"The gradient by {where}"
    if found is None or abs(found) < case.close or abs(found - 1) < SAME or (
            sum(map(bool, expected)) < 2 and not is_simple(found, case.close)):
        return ""
    counts = {len(part.numbers or part.claimed) for part in case.parts} | {n for part in case.parts for n in part.shape}
    are = "are" if len(claimed) > 1 and not where.startswith("1 ") else "is"
    said = f"{where} {are} {multiple(found, case.close)} what {'they' if are == 'are' else 'it'} should be"
    return f"{said}: {why(found, {n for n in (*counts, case.outputs) if n > 1}, case.close)}."


def is_simple(k: float, close: float) -> bool:
    """Whether a factor is a small whole number or one over it: of one number alone, any other factor says nothing."""
    return any(abs(x - round(x)) < close * abs(x) < 100 * close for x in (k, 1 / k)) and abs(k - 1) > 0.1


def multiple(k: float, close: float) -> str:
    """A factor in words: "2 times", "1/3 of", "minus 2 times"."""
    for n in range(2, 10_000):
        if abs(k * n - 1) < close:
            return f"1/{n} of"
        if abs(k * n + 1) < close:
            return f"-1/{n} of"
    nearest = round(k)
    if abs(k - nearest) < close * abs(k) and nearest != 1:
        return "minus" if nearest == -1 else f"{nearest} times"
    return f"{k:.10g} times" if nearest == 1 else f"{k:.7g} times"


def why(k: float, counts: set[int], close: float) -> str:
    """What makes a gradient k times as large."""
    if k < 0 and abs(k + 1) > close:
        return f"the sign is wrong, and {why(-k, counts, close)}"
    for n, twice in ((n, twice) for twice in (1, 2, 0.5) for n in sorted(counts) if n > 2):
        also = {1: "", 2: "; and a factor 2", 0.5: "; and a factor 2 is missing"}[twice]
        if abs(k - twice * n) < close * k:
            return (f"there are {n} of them, so a sum where there should be a mean, or a division by {n} is missing"
                    f"{also}")
        if abs(k * n - twice) < close * twice and not (twice == 2 and n % 2 == 0):
            return (f"there are {n} of them, so a mean where there should be a sum, or divided by {n} once too often"
                    f"{also}")
    if abs(k + 1) < close:
        return "the sign is wrong"
    if abs(k - 2) < close:
        return "a factor 2, or the same contribution added twice"
    if abs(k - 0.5) < close:
        return "a factor 2 is missing, as of a square, or one of two contributions (= in place of +=)"
    return "a constant factor, or a wrong constant" if abs(k - 1) > 1e-3 else "a constant with too few digits"


def missing(case: Case) -> str:
    """A term is missing, the same for all entries or a multiple of the argument."""
    for part in case.wrong:
        gap = [y - x for x, y in zip(part.claimed, part.expected)]
        lost = [y for x, y in zip(part.claimed, part.expected) if x == 0 and y != 0]
        found = [(x, y) for x, y in zip(part.claimed, part.expected) if x != 0]
        if lost and all(same([x], [y], case.close) for x, y in found):
            some = f"{len(lost)} of {len(gap)} entries of {part.name}" if len(gap) > 1 else part.name
            return f"No gradient arrives at {some}: a term is missing, or the graph is cut."
        for other in case.parts:
            if other is not part and same(gap, other.expected, case.close) :
                return f"The gradient by {part.name} lacks a term, of the size of the gradient by {other.name}."
        if len(gap) > 1 and part.numbers and (weight := ratio(gap, part.numbers, 10 * case.close)):
            return f"The gradient by {part.name} lacks the term {weight:.6g}*{part.name}, as that of a weight decay."
        if len(gap) > 1 and (term := ratio(gap, [1.0] * len(gap), 10 * case.close)):
            return f"Each entry of {part.name} lacks the same term, {term:.6g}."
    return ""


def alone(case: Case) -> str:
    """One entry of many is wrong, or one argument of several."""
    if len(case.wrong) == 1 == case.outputs:
        [part] = case.wrong
        bad = [i for i, (x, y) in enumerate(zip(part.claimed, part.expected)) if not same([x], [y], SAME)]
        if len(bad) == 1 < len(part.claimed):
            right = (f"{len(part.claimed) - 1} entries of {part.name} are" if len(part.claimed) > 2 else
                     f"entry of {part.name} is")
            return f"The other {right} right: an index, an edge or a branch."
        if len(case.parts) > 1:
            others = [other.name for other in case.parts if other is not part]
            return f"The gradient by {', '.join(others[:3])} is right: look where {part.name} alone is used."
    return ""


EXPLANATIONS: tuple[Callable[[Case], str], ...] = (
    nonfinite, single, exchanged, factor, transposed, shifted, spread, missing, alone)
