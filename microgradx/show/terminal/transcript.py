"""Steps in words, as the terminal prints them, in symbols and in numbers.

    >>> from microgradx import Value
    >>> from microgradx.step import steps
    >>> from microgradx.show.terminal.transcript import described
    >>> w = Value(3.0, "w")
    >>> print(described(steps(w * w), 4))
    backward 3 of 3     y = w*w hands grad(y) = 1 back to w
        rule            dy/dw = w = 3
        contribution    grad(y) * dy/dw = 1 * 3 = 3
        grad(w)         3 + 3 = 6    (use 2 of 2: complete)
"""
from collections.abc import Iterator, Sequence

from ... import text
from ...engine import Value
from ...naming import brief, equal
from ...step import Step, steps
from ...watching import at_line
from .columns import HALF, columns, cut, fields

ROWS = 40                                   # of a graph shown at once


def transcript(root: Value) -> Iterator[str]:
    """One text for every step, then one with all gradients.

    >>> from microgradx import Value
    >>> pieces = list(transcript(Value(1.0, "x").tanh()))
    >>> print(pieces[1])
    forward 2 of 2      y = tanh(x) = tanh(1) = 0.761594
    """
    events = steps(root)
    for k, step in enumerate(events):
        yield ("\n" if step.phase == "backward" else "") + described(events, k)
    yield "\n" + ending(events)


def described(events: Sequence[Step], k: int) -> str:
    """Step k of `events`, counted from 0, in words."""
    step = events[k]
    forward = len(step.names)
    number, of = (k + 1, forward) if step.phase == "forward" else (k + 1 - forward, len(events) - forward)
    place = f"{step.phase} {number} of {of}".ljust(20)
    return place + (computed(step) if step.phase == "forward" else handed_back(step))


def computed(step: Step) -> str:
    """A forward step in words: the formula, the numbers in it, the result."""
    if step.op is None:
        return f"{equal(step.rule, step.node.data)}    (a leaf: its number is given)"
    numbers = text.formula(step.op, [_number(a.data if isinstance(a, Value) else a) for a in step.inputs])
    return f"{cut(step.rule, HALF)} = {cut(numbers, HALF)} = {brief(step.node.data)}{_line(step)}"


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


def ending(events: Sequence[Step]) -> str:
    """The gradients of all leaves, as backward() puts them into .grad."""
    found = {step.target: step.after for step in events if step.phase == "backward"}
    rows = [[step.names[v], brief(v.data), brief(found.get(v, 0.0))] for step in events
            if (v := step.node).op is None and step.phase == "forward"]
    return "Every gradient is complete; backward() puts these into .grad of the leaves:\n\n" + columns(
        ["leaf", "data", "grad"], rows)


def so_far(events: Sequence[Step], at: int) -> str:
    """The graph as a table, with the numbers and the gradients known after the first `at` steps."""
    forward = events[:len(events[0].names)]
    last = {step.target: step for step in events[:at] if step.phase == "backward"}
    here = events[max(at - 1, 0)].target
    rows = []
    for k, step in enumerate(forward):
        known, v = last.get(step.node), step.node
        missing = f"    (use {known.use} of {known.uses})" if known and known.use < known.uses else ""
        rows.append([">" if at and v is here else "", step.names[v], cut(step.formula, HALF) if v.op else "",
                     brief(v.data) if k < at else "", brief(known.after) + missing if known else ""])
    return columns(["", "value", "formula", "data", "grad"], _around(rows))


def _around(rows: list[list[str]]) -> list[list[str]]:
    """At most 40 rows, around the marked one."""
    marked = next((k for k, row in enumerate(rows) if row[0]), 0)
    start = max(0, min(marked - ROWS // 2, len(rows) - ROWS))
    near, after = rows[start:start + ROWS], len(rows) - start - ROWS
    above = [["", f"... {start} more", "", "", ""]] if start else []
    return above + near + ([["", f"... {after} more", "", "", ""]] if after > 0 else [])
