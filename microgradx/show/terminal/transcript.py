"""Steps in words, as the terminal prints them, in symbols and in numbers.

    >>> from microgradx import Value
    >>> from microgradx.step import steps
    >>> from microgradx.show.terminal.transcript import described, stops
    >>> w = Value(3.0, "w")
    >>> print(described(stops(steps(w * w)), 4))
    backward 3 of 3     y = w*w hands grad(y) = 1 back to w
        rule            dy/dw = w = 3
        contribution    grad(y) * dy/dw = 1 * 3 = 3
        grad(w)         3 + 3 = 6    (use 2 of 2: complete)
"""
import math
from collections.abc import Iterator, Sequence

from ... import text
from ...engine import Value
from ...naming import brief, equal
from ...step import Step, steps
from ...watching import at_line
from .columns import HALF, columns, cut, fields
from .tree import Known, tree

Stop = list[Step]                           # where a session stops: one step, or at the beginning those of all leaves
SHOWN = 12                                  # leaves in one line


def stops(events: Sequence[Step]) -> list[Stop]:
    """The steps as a session makes them: first all leaves at once, which are given, then one by one."""
    leaves = [step for step in events if step.phase == "forward" and step.op is None]
    return [leaves, *([step] for step in events if step.phase == "backward" or step.op)]


def forward(walk: Sequence[Stop]) -> int:
    """How many of the stops are forward: one for all leaves, one for each other value."""
    return len(walk[0][0].names) - len(walk[0]) + 1


def transcript(root: Value) -> Iterator[str]:
    """One text for every stop, then one with all gradients.

    >>> from microgradx import Value
    >>> pieces = list(transcript(Value(1.0, "x").tanh()))
    >>> print(pieces[1])
    forward 2 of 2      y = tanh(x) = tanh(1) = 0.761594
    """
    walk = stops(steps(root))
    for k, (step, *_) in enumerate(walk):
        yield ("\n" if step.phase == "backward" else "") + described(walk, k)
    yield "\n" + ending(walk)


def described(walk: Sequence[Stop], k: int) -> str:
    """Stop k of `walk`, counted from 0, in words."""
    step, *others = walk[k]
    ahead = forward(walk)
    number, of = (k + 1, ahead) if step.phase == "forward" else (k + 1 - ahead, len(walk) - ahead)
    place = f"{step.phase} {number} of {of}".ljust(20)
    if not others:
        return place + (computed(step) if step.phase == "forward" else handed_back(step))
    given = ", ".join(equal(leaf.rule, leaf.node.data) for leaf in walk[k][:SHOWN])
    more = f", and {len(walk[k]) - SHOWN:,} more" * (len(walk[k]) > SHOWN)
    return f"{place}{given}{more}    (leaves: their numbers are given)"


def computed(step: Step) -> str:
    """A forward step in words: the formula, the numbers in it, the result."""
    if step.op is None:
        return f"{equal(step.rule, step.node.data)}    (a leaf: its number is given)"
    numbers = text.formula(step.op, [_number(a.data if isinstance(a, Value) else a) for a in step.inputs])
    return f"{cut(step.rule, HALF)} = {cut(numbers, HALF)} = {brief(step.node.data)}" + (
        f"    (at a {kink})" if (kink := _kink(step)) else "") + _line(step)


def _kink(step: Step) -> str:
    """Where the operation stands on a kink or at a pole, "kink: x = 0"; "" elsewhere."""
    if step.op is None or not step.op.kinks:
        return ""
    xs = [a.data if isinstance(a, Value) else a for a in step.inputs]
    names = text.symbols(step.op, step.called)
    here = [str(name) for name, x in zip(step.op.kinks(*names), step.op.kinks(*xs)) if x == 0]
    what = "kink" if math.isfinite(step.node.data) else "pole"
    return f"{what}: {' and '.join(f'{name} = 0' for name in here)}" if here else ""


def handed_back(step: Step) -> str:
    """A backward step in words: the rule, its product with the incoming gradient, and the sum so far."""
    node, target = step.names[step.node], step.names[step.target]
    if step.i is None:
        return f"the way back begins at {node}\n" + fields(("rule", step.rule), (f"grad({node})", "1"))
    rule = [("rule", equal(cut(step.textbook or step.rule), step.slope or 0.0))]
    if step.textbook:
        rule.append(("computed as", step.rule.partition(" = ")[2]))
    use = "complete" if step.use == step.uses else "more to come"
    use = f"use {step.use} of {step.uses}: {use}" if step.uses > 1 else f"its only use: {use}"
    what, _, where = _kink(step).partition(": ")
    rule += [(what, f"{where}: this slope is an agreement" if what == "kink" else where)] if what else []
    return (f"{node} = {cut(step.formula, HALF)} hands grad({node}) = {brief(step.incoming)} back to {target}"
            f"{_line(step)}\n"
            + fields(*rule, ("contribution", _product(step)), (f"grad({target})", f"{step.sum}    ({use})")))


def _line(step: Step) -> str:
    """The line that computed the node, on a line of its own; "" if it was not computed within sources()."""
    at = at_line(step.node)
    return f"\n    line            {at[2:-1]}" if at else ""


def _product(step: Step) -> str:
    """The chain rule applied once: incoming gradient times slope."""
    node, target = step.names[step.node], step.names[step.target]
    if step.slope is None:
        return f"0: no gradient flows from {node} into {target}"
    if not step.reached:
        return f"0: no gradient reaches {node}"
    numbers = f"{brief(step.incoming)} * {_number(step.slope).within(text.LEVELS['*'])}"
    return f"grad({node}) * d{node}/d{target} = {numbers} = {brief(step.contribution)}"


def _number(x: float) -> text.Symbol:
    """A number as a part of a formula, in parentheses if it is negative and needs them."""
    return text.Symbol(brief(x), text.LEVELS["-"] if x < 0 else text.ATOM)


def ending(walk: Sequence[Stop]) -> str:
    """The gradients of all leaves, as backward() puts them into .grad."""
    found = {step.target: step.after for stop in walk for step in stop if step.phase == "backward"}
    rows = [[step.names[step.node], brief(step.node.data), brief(found.get(step.node, 0.0))] for step in walk[0]]
    return "Every gradient is complete; backward() puts these into .grad of the leaves:\n\n" + columns(
        ["leaf", "data", "grad"], rows)


def so_far(walk: Sequence[Stop], at: int) -> str:
    """The graph as a tree, with the numbers and gradients known after `at` stops, and > at the live edge or value."""
    *_, root = walk[0][0].names
    done = [step for stop in walk[:at] for step in stop]
    data = {step.node: brief(step.node.data) for step in done if step.phase == "forward"}
    last = {step.target: step for step in done if step.phase == "backward"}
    grads = {v: brief(step.after) + f"    (use {step.use} of {step.uses})" * (step.use < step.uses)
             for v, step in last.items()}
    here = walk[at - 1] if at else []
    live = (here[0].node, here[0].i) if len(here) == 1 else None
    return tree(root, Known(data, grads, live))
