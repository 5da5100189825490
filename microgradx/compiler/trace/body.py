"""Body: one step of a loop, recorded as a program of its own.

    >>> from microgradx.compiler.trace.body import recorded, replayed
    >>> from microgradx.compiler.trace.tracer import Tracer
    >>> trace = Tracer()
    >>> with trace:
    ...     w = trace.unknown()
    ...     body, read = recorded(lambda carries, _, xs: ([w * carries[0] + xs[0]], []), 1, [], 1)
    ...     y, = replayed(body, [2.0, w, 3.0])
    >>> read == [w], trace.nodes, len(body.parts)                  # nothing was left there but the replay
    (True, [Traced(mul), Traced(add)], 2)
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...engine import tracer
from ...flows import Passing
from .traced import Batch, Number


class LoopBody:
    """One step, as a program of its own.

    inputs      Values for the carries, the constants (what it reads from outside), and an element of each column
    parts       the operations
    results     the new carries, then each y
    """

    def __init__(self, inputs: list[Any], parts: list[Any], results: list[Any]) -> None:
        self.inputs, self.parts, self.results = inputs, parts, results

    def copy(self) -> LoopBody:
        """The same step, for another loop, which may keep more from step to step."""
        return LoopBody(self.inputs, self.parts, list(self.results))


def recorded(f: Callable[[list[Any], list[Any], list[Any]], tuple[list[Any], list[Any]]], carries: int,
             constants: Sequence[Any], columns: int, wild: bool = True) -> tuple[LoopBody, list[Any]]:
    """One step: f(carries, constants, xs) returns new carries and ys. Also returns all constants, those among them that
    f reads besides. wild: whether its inputs may be infinite or nan, see tame.py."""
    trace = tracer()
    nodes, start = trace.nodes, len(trace.nodes)
    inputs = [trace.unknown() for _ in range(carries + len(constants) + columns)]
    at = carries + len(constants)
    trace.state.wild.among(nodes).update(inputs if wild else ())
    try:
        new, ys = f(inputs[:carries], inputs[carries:at], inputs[at:])
        results = list(trace.inputs((*new, *ys)))
    finally:
        parts = nodes[start:]
        del nodes[start:]
        trace.state.wild.seen = start
    more = _free(parts, results, inputs, trace)
    return LoopBody([*inputs[:at], *more, *inputs[at:]], parts, results), [*constants, *more]


def made(part: Any) -> Sequence[Any]:
    """What an operation makes, or each of a batch."""
    return part.values if isinstance(part, Batch) else (part,)


def _free(parts: list[Any], results: list[Any], inputs: list[Any], trace: Any) -> list[Any]:
    """The Values from outside that a step reads."""
    known, found = set(inputs), dict[Any, None]()

    def look(xs: Iterable[Any]) -> None:
        found.update((x, None) for x in xs if x.__class__ is not float and x not in known
                     and not (x.op is None and trace.is_constant(x)))
    for part in parts:
        for xs in inputs_of(part):
            look(xs)
        known.update(made(part))
    look(results)
    return list(found)


def replayed(body: LoopBody, given: Sequence[Any]) -> list[Any]:
    """The results of a step at these inputs, recorded."""
    trace, new = tracer(), dict(zip(body.inputs, given))

    def now(x: Any) -> Any:
        return x if x.__class__ is float else new.get(x, x)
    for part in body.parts:
        if isinstance(part, Batch):
            new |= zip(part.values, trace.many(part.op, [list(map(now, xs)) for xs in part.columns]))
        elif isinstance(part.op, Passing):
            loop: Any = part.op
            new[part] = trace.traced(loop.again(), tuple(map(now, part.args)), None)
        elif isinstance(part, Number):
            new[part] = now(part.of) if now(part.of).__class__ is float else trace.number(now(part.of))
        else:
            new[part] = trace.flat(part.op, tuple(map(now, part.args)))
    return [now(x) for x in body.results]


def reached(body: LoopBody, carries: int, seeds: Iterable[Any], back: bool = False) -> set[Any]:
    """What depends on these in the same step or in a later one; with `back`, what they depend on in an earlier one.

    Each operation is looked at once: a chain of carries, each computed from the one before, takes no round for each.
    """
    links = defaultdict[Any, list[Any]](list)
    for part in body.parts:
        for v, args in () if isinstance(part, Number) else zip(made(part), zip(*part.columns) if isinstance(part, Batch)
                                                               else inputs_of(part)):
            for a in args:
                links[v if back else a].append(a if back else v)
    for before, after in zip(body.inputs[:carries], body.results):
        links[before if back else after].append(after if back else before)
    found, stack = set[Any](), [x for x in seeds if x.__class__ is not float]
    while stack:
        x = stack.pop()
        if x not in found:
            found.add(x)
            stack += [y for y in links.get(x, ()) if y.__class__ is not float]
    return found


def inputs_of(part: Any) -> Sequence[Any]:
    """The inputs of an operation, or of each of a batch."""
    return part.columns if isinstance(part, Batch) else (part.args,)
