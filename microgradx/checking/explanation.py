"""Why a derivative is wrong, in words: the row whose slope is wrong, or the first that is not finite.

    >>> from microgradx import Value, log
    >>> from microgradx.checking.explanation import described, first_nonfinite
    >>> described(first_nonfinite(log(Value(0.0)) * 0.0))
    "row 'log' at x = 0.0"
"""
import math
from typing import Any

from ..engine import Value, tape
from ..watching import at_line
from .evaluation_point import EvaluationPoint, kinked
from .mismatch import Mismatch


def explanation(mismatch: Mismatch, root: Value) -> tuple[str | None, str]:
    """The name of the wrong row if it can be found, else None; and the likely cause, in words."""
    if not math.isfinite(mismatch.check.slope):
        source = first_nonfinite(root)
        if source is None or source.op is None:
            return None, "It comes from a number on the way that is too large for a float, from inf - inf or inf * 0."
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
    return f"row {v.op.name!r} at {', '.join(values[:3])}{', ...' if len(values) > 3 else ''}{at_line(v)}"


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
