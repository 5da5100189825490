"""Nested: the body of a large program, as the loops that it came from, over one array in memory.

The compiler finds the loops (compiler/loops/): a Conv2d is again six for-loops and one line. This needs numpy and
llvmlite, the extra "jit".
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ... import reductions as red
from ...compiler.ir.program import Program
from .rows import SUMS, Expressions, bare
from .straight import added, conditions

PART = 200                              # lines of one function: in one of thousands of loops compilers are slow


class Slots(NamedTuple):
    """Where a program has its numbers: the slot of each input, the first of all else, that of a wrong index."""

    inputs: Sequence[int]
    start: int
    status: int
    outputs: Mapping[int, int] = MappingProxyType({})


class Nested(NamedTuple):
    """A body in memory: the lines of each of its parts, functions of their own; how many numbers its memory has, its
    constants by slot, the slot of the first result."""

    parts: list[list[str]]
    size: int
    constants: dict[int, float]
    results: int


def nested(p: Program, inputs: Sequence[int], given: int, write: Expressions) -> Nested:
    """The loops of a program whose inputs are in these slots of memory, which are the first `given`."""
    from ...compiler.loops.compose import composed
    from ...compiler.loops.schedule import fewest
    _, memory, found = fewest(composed(p, p.strict), Slots(inputs, given + 1, given), p.strict)
    parts: list[list[str]] = [[]]
    for nest in found:
        if len(parts[-1]) > PART:
            parts.append([])
        parts[-1] += _loops(nest, write)
    return Nested(parts, memory.size, memory.constants, memory.results)


def _loops(nest: Any, write: Expressions) -> list[str]:
    """One loop nest."""
    depth = len(nest.outer)
    at = [_address(first, [(f"i{d}", steps[k]) for d, (_, _, steps) in enumerate(nest.outer)])
          for k, first in enumerate(nest.operands)]
    out = f"memory[{_address(nest.out, [(f'i{d}', step) for d, (_, step, _) in enumerate(nest.outer)])}]"
    body = _body(nest, at, out, write)
    head = [f"{'    ' * d}for (long i{d} = 0; i{d} < {count}; i{d}++)" for d, (count, *_) in enumerate(nest.outer)]
    if head and len(body) > 1:
        head[-1] += " {"
        return [*head, *("    " * depth + line for line in body), "    " * (depth - 1) + "}"]
    if not head and len(body) > 1:
        return ["{", *("    " + line for line in body), "}"]
    return [*head, *("    " * depth + line for line in body)]


def _address(first: Any, steps: Sequence[tuple[str, int]]) -> str:
    """first + 10*i0 + i1."""
    text = "".join(f" {'-' if s < 0 else '+'} {f'{abs(s)}*' * (abs(s) != 1)}{i}" for i, s in steps if s)
    return f"{first}{text}"


def _body(nest: Any, at: Sequence[str], out: str, write: Expressions) -> list[str]:
    """The statements in the outer loops."""
    op, xs = nest.op, [f"memory[{a}]" for a in at]
    if op is red.entry:
        return _entry(nest, at, xs, out, write)
    if nest.inner or nest.more or (op in SUMS and op.lists == len(xs)):
        start = out if nest.more else "0.0"
        depth = len(nest.outer)
        inside = [_address(a, [(f"i{depth + d}", steps[k]) for d, (_, steps) in enumerate(nest.inner)])
                  for k, a in enumerate(at)]
        factors = [f"memory[{a}]" for a in inside]
        loops = [f"{'    ' * d}for (long i{depth + d} = 0; i{depth + d} < {count}; i{depth + d}++)"
                 for d, (count, _) in enumerate(nest.inner)]
        term = f"{conditions(op, factors)[0]}total += {added(op, factors)[0]};"
        return [f"double total = {start};", *loops, "    " * len(loops) + term, f"{out} = total;"]
    if op in SUMS:
        terms = [f"{before}total += {term};" for before, term in zip(conditions(op, xs), added(op, xs))]
        return ["double total = 0.0;", *terms, f"{out} = total;"]
    return [f"{out} = {bare(write.of(op, xs))};"]


def _entry(nest: Any, at: Sequence[str], xs: Sequence[str], out: str, write: Expressions) -> list[str]:
    """An entry of a table: one with a constant stride, or one whose entries are operands."""
    write.helpers.add("pick")
    if nest.inner:
        (count, (step, *_)), = nest.inner
        return [f"{out} = pick(memory + {at[0]}, {count}, {step}, {xs[1]}, wrong);"]
    *entries, i, _ = xs
    return [f"const double t[] = {{{', '.join(entries)}}};",
            f"{out} = pick(t, {len(entries)}, 1, {i}, wrong);"]
