"""Interface: what the C function takes and where it puts its results: numbers, arrays, and structs of weights.

    >>> from microgradx.export.c.interface import Array, Scalar
    >>> Array("x", 3, "", "const ").declaration, Array("x", 3, "", "const ").at(2)
    ('const double x[3]', 'x[2]')
    >>> Scalar("w").declaration, Scalar("w").at(0)
    ('double w', 'w')

An argument that is one number is a double, a Module a struct with a member for each parameter, everything else an
array, row by row. What f reads besides (the parameters of a Module that it closes over, the numbers of an optimiser)
is a struct, too: the state.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...nesting import branches, is_module, leaves, shape
from .names import Names
from .rows import bare, literal


class Scalar(NamedTuple):
    """One number."""

    name: str
    prefix: str = ""
    size: int = 1
    note: str = ""

    @property
    def declaration(self) -> str:
        """As a parameter of the C function; with the prefix "*" where it is a result."""
        return f"double {self.prefix}{self.name}"

    def at(self, k: int) -> str:
        """The expression of the number."""
        return f"{self.prefix}{self.name}"

    def parts(self) -> Iterator[tuple[int, str, int]]:
        """The numbers that lie side by side: index of the first, its expression, how many."""
        yield 0, self.at(0), 1


class Array(NamedTuple):
    """Numbers in a row. `note` says their shape."""

    name: str
    size: int
    note: str = ""
    prefix: str = ""

    @property
    def declaration(self) -> str:
        """As a parameter of the C function."""
        return f"{self.prefix}double {self.name}[{self.size}]"

    def at(self, k: int) -> str:
        """The expression of number k."""
        return f"{self.name}[{k}]"

    def parts(self) -> Iterator[tuple[int, str, int]]:
        """The numbers that lie side by side."""
        yield 0, self.at(0), self.size


class Struct(NamedTuple):
    """A pointer to a struct. A member is a Scalar or an Array."""

    name: str
    kind: str
    members: Sequence[Scalar | Array]
    prefix: str = ""
    note: str = ""

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return sum(member.size for member in self.members)

    @property
    def declaration(self) -> str:
        """As a parameter of the C function."""
        return f"{self.prefix}struct {self.kind} *{self.name}"

    def parts(self) -> Iterator[tuple[int, str, int]]:
        """For each member its first number, that one's expression, how many."""
        start = 0
        for member in self.members:
            yield start, f"{self.name}->{member.at(0)}", member.size
            start += member.size

    def at(self, k: int) -> str:
        """The expression of number k."""
        for member in self.members:
            if k < member.size:
                return f"{self.name}->{member.at(k)}"
            k -= member.size
        raise IndexError(k)


Argument = Scalar | Array | Struct


def argument(name: str, given: Any, size: int, kind: str, result: bool = False) -> Argument:
    """What stands for an argument of f in C, or for the gradient by it."""
    prefix = "" if result else "const "
    if is_module(given):
        names = Names()
        members = [member(names.new(path), nest) for path, nest in given.named_parameters()]
        return Struct(name, kind, members, prefix)
    if branches(given) is None:
        return Scalar(name, "*" if result else "")
    return Array(name, size, shaped(given, size), prefix)


def member(name: str, nest: Any) -> Scalar | Array:
    """What stands for one parameter of a Module."""
    return Scalar(name) if branches(nest) is None else Array(name, len(leaves(nest)), shaped(nest, len(leaves(nest))))


def shaped(tree: Any, size: int) -> str:
    """The shape of nested lists of more than one dimension, as C writes it: [2][3]; "" for all else."""
    try:
        sizes = shape(tree)
    except (ValueError, TypeError):
        return ""
    return "".join(f"[{n}]" for n in sizes) if len(sizes) > 1 and math.prod(sizes) == size else ""


def initial(struct: Struct, numbers: Sequence[float]) -> str:
    """The initializer of a struct with these numbers, a line for each member."""
    rows, rest = [], iter(numbers)
    for one in struct.members:
        texts = [bare(literal(next(rest))) for _ in range(one.size)]
        rows.append(texts[0] if isinstance(one, Scalar) else "{" + wrapped(texts, 8) + "}")
    return "{\n    " + ",\n    ".join(rows) + "\n}"


def wrapped(texts: Sequence[str], indent: int, width: int = 100) -> str:
    """Texts with commas between them, in lines."""
    lines, line = [], ""
    for text in texts:
        if line and len(line) + len(text) > width:
            lines.append(line)
            line = ""
        line += f"{text}, "
    return f"\n{' ' * indent}".join([*lines, line]).rstrip(", ")
