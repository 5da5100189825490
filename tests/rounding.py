"""What float32 may do to the numbers of a program: a bound of the error of each result, operation by operation.

    >>> from microgradx import square
    >>> from microgradx.compiler.ir.program import Program
    >>> p = Program()
    >>> x = p.input()
    >>> p.results = [p.add(square, (p.add(square, (x,)),))]
    >>> (y, bound), = bounds(p, [3.0])
    >>> y, 2 * 81 * UNIT < bound < 7 * 81 * UNIT        # the rounding of 3*3 counts twice, that of the result once
    (81.0, True)

To first order (Higham, Accuracy and Stability, chapter 3): an operation hands on the errors of its inputs times its
slopes, and adds half a unit in the last place of its result, or the error of a function's form; a sum that of all
terms, in whatever order it adds them.
"""
import math

from microgradx import ops, reductions
from microgradx.compiler.ir.repeat import Structure
from microgradx.table import Reduction

UNIT, TINY, LARGEST = 2.0**-24, 2.0**-149, 2.0**127
LINEAR = (ops.add, ops.sub, ops.neg, ops.mul, ops.where, reductions.sum, reductions.dot, reductions.masked_dot)
ROUNDED = (*LINEAR, ops.div, ops.sqrt, ops.abs, ops.square)                # the nearest number
OTHERS = 5 * UNIT                       # forms of functions: at most 4.5 units in the last place, most half of that
STEEP = 2.0**-12                        # a relative error of an input, from which on slopes alone tell too little


def bounds(p, given):
    """The results of a program at float32 numbers, in float64, and a bound of float32's error of each; an infinite one
    where a choice may go the other way, or where slopes alone do not tell."""
    value = {**p.numbers, **dict(zip(p.inputs, given, strict=True))}
    error = dict.fromkeys(value, 0.0)
    for i, (op, args) in enumerate(zip(p.ops, p.args)):
        if op is not None:
            assert not isinstance(op, Structure)
            xs, errors = [value[a] for a in args], [error[a] for a in args]
            value[i] = y = op.at(*xs)
            error[i] = _error(op, y, xs, errors)
    return [(value[r], 2 * error[r]) for r in p.results]


def _error(op, y, xs, errors):
    if not math.isfinite(sum(errors)) or (any(errors) and _may_turn(op, xs, sum(errors))):
        return math.inf
    if op not in LINEAR and any(e > STEEP * abs(x) for x, e in zip(xs, errors)):
        return math.inf
    slopes = [abs(s) if s else 0.0 for s in op.partials([True] * len(xs), y, *xs)]
    handed = sum(s * e for s, e in zip(slopes, errors) if e) + len(xs) * max(errors, default=0.0)**2
    terms = len(xs) * sum(s * abs(x) for s, x in zip(slopes, xs) if s) if isinstance(op, Reduction) else 0.0
    own = UNIT if op in ROUNDED else OTHERS
    found = handed + own * (abs(y) + terms) + TINY
    return found if abs(y) + found < LARGEST and found == found else math.inf


def _may_turn(op, xs, error):
    """Whether the inputs are so near to a kink that an error may carry them over it."""
    return op.kinks is not None and any(abs(q) <= 4 * error for q in op.kinks(*xs))


def wrong(found, p, given):
    """Where results differ from a program's by more than its bounds: [(place, found, expected, bound)]."""
    return [(k, a, y, bound) for k, (a, (y, bound)) in enumerate(zip(found, bounds(p, given), strict=True))
            if not (a == y or abs(a - y) <= bound or (math.isnan(a) and math.isnan(y)) or bound == math.inf)]
