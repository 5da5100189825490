"""The C functions of a recorded function: its value, and its gradient. Each is a head and the lines of its body.

    >>> from microgradx.export.c.function import CFunctions
    >>> from microgradx.export.c.rows import has_row
    >>> from microgradx.export.recorded import record
    >>> found = record(lambda x: x * x + 1, (3.0,), "f", 0, has_row)
    >>> CFunctions(found).text("f", found.value, [])
    ('double f(double x)', ['return (x * x) + 1.0;'])
"""
from __future__ import annotations

import re
from collections.abc import Sequence

from ...compiler.backends import NATIVE
from ...compiler.ir.program import Program
from ...compiler.trace.errors import TooLarge
from ...extras import install
from ...nesting import is_leaf
from ..recorded import Function
from .interface import Argument, Array, argument, shaped, wrapped
from .names import Names
from .nested import nested
from .rows import Expressions, bare, literal
from .state import Kept, state, update_order
from .straight import straight

FLAT, MOST = 500, 20_000    # inputs of all operations: up to which a body is a straight line; the same without loops


class CFunctions:
    """Writes the C functions of one recorded function.

    arguments, result, gradients    what they take, and where the value and the gradient go
    state                           what they read and set besides
    expressions, parts, memory      what they need of the file: helpers, parts of long bodies, numbers in memory
    """

    def __init__(self, recorded: Function) -> None:
        self.recorded, self.names, self.expressions = recorded, Names(), Expressions()
        self.parts: list[str] = []
        self.memory = 0
        given = [p for p in recorded.parameters if p.size]
        self.arguments = [argument(self.names.new(p.name), p.given, p.size, self.kind(p.name)) for p in given]
        self.state: Kept = state(recorded, self.names)
        self.gradients = [argument(self.names.new(f"grad_{p.name}"), p.given, p.size, self.kind(p.name), True)
                          for p in given if p.by]
        self.returns = is_leaf(recorded.tree)
        self.result = None if self.returns or not recorded.size else Array(
            self.names.new("y"), recorded.size, shaped(recorded.tree, recorded.size))

    def kind(self, name: str) -> str:
        """The name of the struct for a Module."""
        return f"{self.recorded.name}_{Names().new(name)}"

    def text(self, name: str, p: Program, results: Sequence[Argument]) -> tuple[str, list[str]]:
        """Its head, and its lines."""
        update_order(p, self.state.place)
        inputs: list[Argument] = [*self.arguments, *[self.state.struct] * bool(self.state.sources)]
        taken = ", ".join(x.declaration + (f" /* {x.note} */" if x.note else "")
                          for x in (*inputs, *results))
        head = f"{'double' if self.returns else 'void'} {name}({taken or 'void'})"
        start = sum(a.size for a in self.arguments)
        slots = [*range(start), *(start + self.state.place(s) for s in p.closures)]
        edges = sum(map(len, p.args))
        if edges > FLAT and NATIVE.is_installed():
            lines = self.looped(name, p, inputs, slots, results)
        elif edges > MOST:
            raise TooLarge(f"{self.recorded.name} has {edges:,} inputs of operations, more than {MOST:,} for a "
                           f"program without loops; to find its loops write {install('jit')}")
        else:
            expressions = [a.at(k) for a in inputs for k in range(a.size)]
            lines = self.flat(p, [expressions[slot] for slot in slots], results)
        text = " ".join(lines)
        unused = [f"(void){x.name};" for x in inputs if not re.search(rf"\b{x.name}\b", text)]
        return head, [*["int wrong = 0;"] * ("&wrong" in text), *unused, *lines]

    def targets(self, p: Program, results: Sequence[Argument]) -> list[tuple[int, str, int]]:
        """Where the results go: index of the first, the expression of its place, how many side by side."""
        found, start = [], int(self.returns)
        for one in results:
            found += [(start + first, text, size) for first, text, size in one.parts()]
            start += one.size
        start = len(p.results) - len(p.updates)                 # a check is between them
        places = [self.state.place(s) for s in p.updates]
        for first, _, size in self.state.struct.parts() if places else ():
            inside = [k for k, place in enumerate(places) if first <= place < first + size]
            whole = len(inside) == size
            found += [(start + inside[0], self.state.struct.at(first), size)] if whole else [
                (start + k, self.state.struct.at(places[k]), 1) for k in inside]
        return found

    def flat(self, p: Program, inputs: Sequence[str], results: Sequence[Argument]) -> list[str]:
        """The body of a small program."""
        lines, variables = straight(p, inputs, self.expressions)
        stores = []
        for first, text, size in self.targets(p, results):
            stem = text.removesuffix("[0]")
            stores += [f"{text if size == 1 else f'{stem}[{k}]'} = {variables[first + k]};" for k in range(size)]
        stored = " ".join(stores) + f" = {variables[0]};" * self.returns
        lines += [f"(void){v};" for v in variables if f" = {v};" not in stored and v.startswith("r")]     # of a check
        failed = self.failed(results) if any("&wrong" in line for line in lines) else []
        if self.returns and not failed and not stores and variables[0] == "r0":
            return [*lines[:-1], "return " + lines[-1].removeprefix("const double r0 = ")]
        return [*lines, *failed, *stores, *[f"return {variables[0]};"] * self.returns]

    def failed(self, results: Sequence[Argument]) -> list[str]:
        """What a wrong index does: every result is nan, and the state stays as it is."""
        lines = []
        for one in results:
            for _, text, size in one.parts():
                stem = text.removesuffix("[0]")
                lines += [f"    {text} = NAN;"] if size == 1 else [
                    f"    for (long k = 0; k < {size}; k++)", f"        {stem}[k] = NAN;"]
        return ["if (wrong) {", *lines, f"    return{' NAN' * self.returns};", "}"]

    def looped(self, name: str, p: Program, inputs: Sequence[Argument], slots: Sequence[int],
               results: Sequence[Argument]) -> list[str]:
        """The body of a large program."""
        given = sum(a.size for a in inputs)
        body = nested(p, slots, given, self.expressions)
        self.memory = max(self.memory, body.size)
        loads, start = [], 0
        for one in inputs:
            loads += [_copied(f"memory[{start + first}]", text, size) for first, text, size in one.parts()]
            start += one.size
        numbers = [body.constants[slot] for slot in sorted(body.constants)]
        if numbers:
            table = wrapped([bare(literal(x)) for x in numbers], 8)
            loads += [f"static const double constants[] = {{{table}}};",
                      f"memcpy(memory + {min(body.constants)}, constants, sizeof constants);"]
        calls = []
        for k, part in enumerate(body.parts):
            picks = any(", wrong)" in line for line in part)
            own = f"{name}_{k + 1}"
            self.parts.append("\n".join([f"PART {own}({'int *wrong' if picks else 'void'})", "{",
                                         *("    " + line for line in part), "}", ""]))
            calls.append(f"{own}({'&wrong' * picks});")
        failed = self.failed(results) if any("&wrong" in line for line in calls) else []
        stores = [_copied(text, f"memory[{body.results + first}]", size)
                  for first, text, size in self.targets(p, results)]
        return [*loads, *calls, *failed, *stores, *[f"return memory[{body.results}];"] * self.returns]


def _copied(target: str, source: str, size: int) -> str:
    """The statement that copies numbers that lie side by side."""
    if size == 1:
        return f"{target} = {source};"
    return f"memcpy(&{target}, &{source}, {size} * sizeof(double));"
