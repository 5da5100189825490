"""Answers in words to questions about a graph: what if, is this gradient right, was my guess right?

    >>> from microgradx import Value
    >>> from microgradx.show.terminal.answers import verdict, what_if
    >>> w, x = Value(3.0, "w"), Value(2.0, "x")
    >>> print(what_if(w * x, w, 5.0))
    value    data       grad
    w        3 -> 5     2
    x        2          3 -> 5
    y        6 -> 10    1
    >>> verdict(w * x, w).words
    'they agree'

No function here changes the graph.
"""
import math
from typing import NamedTuple

from ...checking.differences import Estimate
from ...checking.mismatch import Check, Gradient, roundings
from ...derivatives import gradients
from ...engine import Value, tape
from ...naming import brief, names
from ...replay import as_function, replay
from ...step import Step
from .columns import HALF, MOST, columns, cut

NEAR = 0.01                                 # a guess is right to within one per cent


# What if -------------------------------------------------------------------------------------------------------

def what_if(root: Value, leaf: Value, x: float) -> str:
    """Data and gradient of every value if a leaf were x, as "now -> then" if a number changes. A large graph is shown
    without the values where nothing changes.

    IndexError if x is an index outside the table of a take().
    """
    again, now = replay(root, {leaf: x})
    order, called = tape(root), names(root)
    before, after = gradients(root, order), gradients(again, [now[v] for v in order])
    rows = [[called[v], _change(v.data, now[v].data), _change(g, h)] for v, g, h in zip(order, before, after)]
    changed = [row for row in rows if "->" in row[1] + row[2]]
    return columns(["value", "data", "grad"], rows if len(rows) <= MOST else changed)


def _change(now: float, then: float) -> str:
    return brief(now) if brief(now) == brief(then) else f"{brief(now)} -> {brief(then)}"


def stale(root: Value) -> bool:
    """Whether a leaf was set after the graph was computed, so that results no longer belong to it."""
    try:
        _, now = replay(root, {})
    except LookupError:                     # an index was set to a place outside its table
        return True
    return any(v.data != w.data and v.data == v.data for v, w in now.items())


# Is this gradient right ----------------------------------------------------------------------------------------

class Verdict(NamedTuple):
    """The gradient by one value of a graph, and the finite difference to compare it with."""

    slope: float
    seen: Estimate
    right: bool
    words: str


def verdict(root: Value, v: Value) -> Verdict:
    """d root / d v by the chain rule compared with finite differences; v is a leaf or a result.

    If root, v or the gradient is not finite, there is nothing to compare, and the verdict is "not right", as in
    gradcheck.
    """
    slope, = gradients(root, [v])
    check = Check("", slope, as_function(root, v), v.data, 0, Gradient("", [slope], *roundings(root, [v]), 0))
    seen, mismatch = check.seen(), check.mismatch()
    for what, x in (("it", v.data), ("the result", root.data)):
        if not math.isfinite(x):
            return Verdict(slope, seen, False, f"{what} is {brief(x)} here: nothing to compare")
    if not math.isfinite(slope):
        return Verdict(slope, seen, False, "the gradient is not finite")
    if math.isnan(seen.value):              # an index has no neighbours; its slope 0 is right
        return Verdict(slope, seen, mismatch is None, "no neighbours to compare with")
    if mismatch is None:
        words = "they agree" if seen.agrees(slope) else "at a kink, between the slopes of its sides"
        return Verdict(slope, seen, True, words)
    kink = f"; there is a kink, slopes {mismatch.kink[0]:.10g} and {mismatch.kink[1]:.10g}" if mismatch.kink else ""
    return Verdict(slope, seen, False, f"they DISAGREE{kink}")


def verdicts(root: Value, values: dict[Value, str]) -> tuple[str, bool]:
    """A table of verdicts on named values, and whether all gradients were compared and right."""
    found = [verdict(root, v) for v in values]
    rows = [[name, _exact(f.slope), _exact(f.seen.value), f"{f.seen.bound:.1g}", f.words]
            for name, f in zip(values.values(), found)]
    header = ["value", "gradient", "finite difference", "bound", "verdict"]
    return columns(header, rows), all(f.right for f in found)


def _exact(x: float) -> str:
    return f"{x + 0.0:.12g}"


# Was my guess right --------------------------------------------------------------------------------------------

def question(step: Step) -> str:
    """The question that predict asks about a step."""
    node, target, formula = step.names[step.node], step.names[step.target], cut(step.formula, HALF)
    if step.phase == "forward":
        return f"What number is {node} = {formula}?"
    if step.i is None:
        return f"What is d{node}/d{node}, the gradient of {node} by itself?"
    before = f", which is {brief(step.before)} so far" if step.use > 1 else ""
    return (f"{node} = {formula} hands its gradient {brief(step.incoming)} back to {target}. "
            f"What is grad({target}) then{before}?")


def judged(step: Step, guess: float) -> str:
    """The reply to a guess: whether it is the number of the step, else the right number and the likely mistake."""
    answer = step.node.data if step.phase == "forward" else step.after
    if near(guess, answer):
        return f"Right: {brief(answer)}."
    mistakes = [(-answer, "the sign is the other")]
    if step.phase == "backward":
        mistakes += [(step.contribution, "that is this contribution alone; the uses before it count as well"),
                     (step.slope or 0.0, "that is the slope; the chain rule multiplies it by the incoming gradient"),
                     (step.incoming, "that is the incoming gradient; the chain rule multiplies it by the slope")]
    hint = next((f" ({hint})" for mistake, hint in mistakes if near(guess, mistake)), "")
    return f"Not quite: {brief(answer)}, not {brief(guess)}{hint}."


def near(guess: float, answer: float) -> bool:
    """Whether a guess counts as right."""
    return (guess == answer or (math.isnan(guess) and math.isnan(answer))
            or abs(guess - answer) <= NEAR * abs(answer) < math.inf)
