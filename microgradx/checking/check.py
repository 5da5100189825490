"""Is this derivative right? gradcheck compares every derivative with finite differences that have an error bound.

    >>> from microgradx import GradientError, Value, gradcheck
    >>> gradcheck(lambda w, x: (w * x).tanh() / x, 0.5, 2.0)
    True
    >>> try:
    ...     gradcheck(lambda x: x * Value(x.data), 3.0)         # x.data cuts the graph
    ... except GradientError as error:
    ...     print(error.what, "is", error.slope, "and should be", error.expected)
    d f / d args[0] is 3.0 and should be 6.0

The rule: a right derivative differs from the differences by at most 1e-8 relative plus ten times their estimated error.
There is no absolute tolerance: with 1e-5, as elsewhere, any small number would pass as a small derivative.
"""
import math
from collections.abc import Callable
from typing import Any

from ..engine import Value, tape
from .evaluation_point import EvaluationPoint, kinked
from .mismatch import Mismatch


class GradientError(AssertionError):
    """A derivative that finite differences contradict.

    what      the derivative: "d f / d w", "d(d f / d w) / d args[1][0]"
    input     the input it is taken by: its label, or its place among the arguments, args[1][0]
    slope     the derivative by the chain rule, as backward() gives it
    expected  the same by finite differences
    bound     the largest difference allowed between the two
    kink      at a kink the slopes on its two sides, the smaller first; else None
    op        the name of the wrong row if it can be found; else None
    meaning   the likely cause, in words

    >>> from microgradx import GradientError, Value, gradcheck
    >>> try:
    ...     gradcheck(lambda w: w * Value(w.data), 3.0)
    ... except GradientError as error:
    ...     print(error.what, error.slope, error.expected, error.kink)
    d f / d args[0] 3.0 6.0 None
    """

    def __init__(self, what: str, input: str, slope: float, expected: float, bound: float,
                 kink: tuple[float, float] | None, op: str | None, meaning: str) -> None:
        super().__init__(what, input, slope, expected, bound, kink, op, meaning)
        self.what, self.input, self.slope, self.expected, self.bound = what, input, slope, expected, bound
        self.kink, self.op, self.meaning = kink, op, meaning

    def __str__(self) -> str:
        return (f"{self.what} is {self.slope} by the chain rule, {self.expected} by finite differences: "
                f"{abs(self.slope - self.expected):.2g} apart, {self.bound:.2g} allowed. {self.meaning}")


def gradcheck(f: Callable[..., Any], *args: Any) -> bool:
    """True if all first and second derivatives of f at `args` are right; else GradientError names the wrong one.

    f       called with `args`, their numbers as Values; returns one Value or a nested list of them, all checked
    args    numbers, Values, Modules, nested lists, tuples, dicts and dataclasses of them; a str, bool, None or function
            is passed on as it is

    First derivatives, in backward and in forward mode, are compared with differences of f; second derivatives with
    differences of the first. Time grows with the square of the number of inputs.

    At a kink (relu at 0) any slope between those on its two sides is right, also that of a slope. Where differences do
    not settle, as at a jump or for sin(x) at 1e100, any finite slope is. A slope of nan is never right, and infinity
    only where it is too large for a float: check f inside its domain.

    f gets copies, so your Values do not change. Only the parameters of a Module are used themselves: their data is
    varied and restored. Any other Value that f uses is a constant.

    TypeError or ValueError if nothing can be checked: no inputs, or f returns no Value, is not finite here, or returns
    something else each time.

    >>> from microgradx import dot, gradcheck, tanh
    >>> gradcheck(lambda w, x: tanh(dot(w, x)), [0.1, 0.2], [3.0, 4.0])
    True
    """
    point = EvaluationPoint(f, args)
    mismatch = point.mismatch()
    if mismatch is None:
        return True
    check, seen, kink = mismatch
    op, meaning = explanation(mismatch, point.outputs[check.gradient.output])
    raise GradientError(check.what, point.names[check.i], check.slope, seen.value, seen.bound, kink, op, meaning)


def first_nonfinite(root: Value) -> Value | None:
    """The first node, in the order of computation, that makes infinity or nan from finite inputs; None if none does.

    Its value or one of its slopes is not finite. A leaf has no inputs, so a leaf that is nan is found as well.

    >>> from microgradx import Value, first_nonfinite, log
    >>> x = Value(0.0, "x")
    >>> first_nonfinite(log(x) * 0 + x).op
    <row log(x)>
    """
    for v in tape(root):
        inputs = [a.data for a in v.args if isinstance(a, Value)]
        results = [v.data, *(slope for slope in v.slopes if slope is not None)]
        if all(map(math.isfinite, inputs)) and not all(map(math.isfinite, results)):
            return v
    return None


# Error messages ------------------------------------------------------------------------------------------------

def explanation(mismatch: Mismatch, root: Value) -> tuple[str | None, str]:
    """The name of the wrong row if it can be found, else None; and the likely cause, in words."""
    if not math.isfinite(mismatch.check.slope):
        source = first_nonfinite(root)
        if source is None or source.op is None:
            return None, "It comes from inf - inf or inf * 0 on the way."
        return source.op.name, f"It comes from {described(source)}."
    if math.isnan(mismatch.seen.value):
        return None, "There are no differences to compare with: close to this input f is not defined or not finite."
    if mismatch.check.gradient.mode:
        return None, "Backward mode has it right: a fault of microgradx."
    kink = mismatch.kink
    sides = "" if kink is None else (f"There is a kink, with slopes {kink[0]} and {kink[1]} on its sides; "
                                     "any slope between them is right. ")
    for v in tape(root):
        wrong = own_mismatch(v)
        if v.op and wrong:
            return v.op.name, sides + verdict(v, wrong)
    stands = kinked(root)
    if stands is not None:
        return None, (f"{sides}On the way {described(stands)} stands on a kink, where the slope of a row is a "
                      "convention, and conventions need not add up: the chain rule leaves this derivative "
                      "undetermined. Check another point.")
    return None, (f"{sides}Each row on the way agrees with differences of its own, so the graph is cut in f: "
                  "look for .data, float() and math functions.")


def own_mismatch(v: Value) -> Mismatch | None:
    """The mismatch of the row that made v, at the inputs it has there; None if its slopes are right."""
    def alone(*xs: Value) -> Any:
        given = iter(xs)
        inputs = [next(given) if isinstance(a, Value) else a for a in v.args]
        return v.op.apply(v.op.called(inputs)) if v.op else None

    inputs = [a.data for a in v.args if isinstance(a, Value)]
    return EvaluationPoint(alone, inputs).mismatch() if inputs and all(map(math.isfinite, [v.data, *inputs])) else None


def verdict(v: Value, mismatch: Mismatch) -> str:
    """A sentence on the fault of the row that made v."""
    if mismatch.check.gradient.part:
        return (f"The slope of {described(v)} is right, but not the derivative of that slope: write the rule with "
                "operators and rows throughout.")
    return f"The slope of {described(v)} is wrong."


def described(v: Value) -> str:
    """A node for a message: "row 'mul' at a = 2.0, b = 3.0"."""
    if v.op is None:
        return f"the input {v.data}"
    letters = v.op.names(len(v.args))
    values = [f"{letter} = {a.data if isinstance(a, Value) else a}" for letter, a in zip(letters, v.args)]
    return f"row {v.op.name!r} at {', '.join(values[:3])}{', ...' if len(values) > 3 else ''}"
