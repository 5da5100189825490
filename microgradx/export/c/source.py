"""to_c(): a function, its gradient, or a training step as C99: one header, one source.

    >>> from microgradx import tanh
    >>> from microgradx.export import to_c
    >>> neuron = to_c(lambda w, x, b: tanh(w[0] * x[0] + w[1] * x[1] + b), [0.5, -1.0], [2.0, 1.0], 0.0, name="neuron")
    >>> print(neuron.header)                                                            # doctest: +ELLIPSIS
    /* neuron, written by microgradx: ...
    double neuron(const double w[2], const double x[2], double b);
    double neuron_grad(const double w[2], const double x[2], double b, double grad_w[2]);
    ...
"""
from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from ...files import Path, replace
from ...ieee import short
from ...nesting import leaves
from ..recorded import Function, named, record, refuse_missing
from .function import CFunctions
from .interface import Scalar, Struct, initial
from .names import Names
from .rows import HELPERS, has_row

HEADER = """\
/* {name}, written by microgradx: C99, no library but libm, no malloc. {memory} */
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
extern "C" {{
#endif
{structs}
{prototypes}

#ifdef __cplusplus
}}
#endif

#endif
"""

SOURCE = """\
/* {name}, written by microgradx. Compile it as C99: cc -std=c99 -O2 -c {name}.c, and link with -lm. */
#include <math.h>
#include <string.h>

#include "{name}.h"

/* Each product and each sum is rounded, as in Python: no fused multiply-add. */
#if defined(__clang__) || !defined(__GNUC__)
#pragma STDC FP_CONTRACT OFF
#endif
{parts}"""


PART = """\
/* The parts of a long function, each compiled by itself. */
#if defined(__GNUC__)
#define PART static __attribute__((noinline)) void
#else
#define PART static void
#endif
"""


class CSource(NamedTuple):
    """A function as C: its name, and the text of header and source.

    >>> from microgradx.export import to_c
    >>> sorted(to_c(lambda x: x * x, 3.0, name="area")._asdict())
    ['header', 'name', 'source']
    """

    name: str
    header: str
    source: str

    def save(self, folder: Path = ".") -> list[str]:
        """Write name.h and name.c into a folder; their paths. OSError if it cannot be written.

        >>> import tempfile
        >>> from microgradx.export import to_c
        >>> [os.path.basename(p) for p in to_c(lambda x: x * x, 3.0, name="area").save(tempfile.mkdtemp())]
        ['area.h', 'area.c']
        """
        paths = [os.path.join(folder, f"{self.name}.{end}") for end in "hc"]
        for path, text in zip(paths, (self.header, self.source)):
            replace(path, text.encode("ascii"))
        return paths


def to_c(f: Callable[..., Any], *example: Any, name: str | None = None,
         argnums: int | tuple[int, ...] = 0, strict: bool = False) -> CSource:
    """f, a function or Module, as C99 for arguments of the structure of `example`: numbers in, numbers out.

    name        the name in C; by default that of f
    argnums     the arguments that the gradient is by, as in value_and_grad
    strict      as in jit: the bits of eager code, at the price of more loops in a large gradient

    In C an argument that is a number is a double, a list an array, row by row, and a Module a struct. What f reads
    besides is a struct, too, `state`: the weights of a Module that it closes over, a Value. `<struct>_exported` has the
    present numbers of each. An int, a str or None is a part of the program.

    Where f returns one number there is name_grad() as well. Where f is a training step, which sets `.data` or calls the
    step() of an optimiser, C sets the numbers in the state.

    Strict, the numbers are those of jit(f, strict=True), to the bit; else those to 1e-12, since long sums may have
    another order. An index outside of its table makes all results nan.
    A program of more than a few hundred operations becomes loops again, which needs the extra "jit".

    TracingError where jit refuses f. TypeError for a row that only Python computes, and for random numbers; TooLarge
    (a ValueError) without the extra; ValueError for a name that C does not allow.

    >>> from microgradx.nn import Linear
    >>> model = Linear(2, 1)
    >>> model.load_state_dict({"weight": [[3.0, 4.0]], "bias": [1.0]})
    >>> print(to_c(model, [0.5, 2.0], name="unit").source)                              # doctest: +ELLIPSIS
    /* unit, written by ...
    const struct unit_state unit_state_exported = {
        {3.0, 4.0},
        {1.0}
    };
    <BLANKLINE>
    void unit(const double x[2], const struct unit_state *state, double y[1])
    {
        const double r0 = 0.0 + state->weight[0] * x[0] + state->weight[1] * x[1] + state->bias[0];
        y[0] = r0;
    }
    <BLANKLINE>
    """
    called = _named(f, name)
    recorded = record(f, example, called, argnums, has_row, strict)
    refuse_missing([p for p in (recorded.value, recorded.gradient) if p is not None], has_row, "C")
    return _File(recorded).text()


def _named(f: Any, name: str | None) -> str:
    """The name in C. ValueError for one that was given and is not allowed."""
    if name is None:
        own = named(f).lower()
        return Names().new("f" if own == "<lambda>" else own)
    if Names().new(name) != name:
        raise ValueError(f"expected a name that C allows and its libraries do not have, got {short(name)}; write "
                         f"name={Names().new(name)!r}")
    return name


class _File:
    """Header and source, under construction."""

    def __init__(self, recorded: Function) -> None:
        self.name, self.given = recorded.name, [p for p in recorded.parameters if p.size]
        self.function = CFunctions(recorded)
        self.recorded = recorded

    def text(self) -> CSource:
        """All of it."""
        write, recorded = self.function, self.recorded
        bodies = [write.text(self.name, recorded.value, [write.result] if write.result else [])]
        if recorded.gradient is not None:
            bodies.append(write.text(f"{self.name}_grad", recorded.gradient, write.gradients))
        memory = (f"It computes in {8 * write.memory:,} bytes of static memory: one call at a time." if write.memory
                  else "It has no memory of its own: calls may run side by side.")
        header = HEADER.format(
            name=self.name, memory=memory, guard=f"{self.name.upper()}_H",
            structs="".join(_declared(s) for s, _ in self.structs()),
            prototypes="\n".join(f"{head};" for head, _ in bodies))
        parts = [HELPERS[h] for h in HELPERS if h in write.expressions.helpers]
        parts += [f"const struct {s.kind} {s.kind}_exported = {initial(s, xs)};\n" for s, xs in self.structs()]
        parts += [f"static double memory[{write.memory}];\n", PART, *write.parts] if write.memory else []
        parts += ["\n".join([head, "{", *("    " + line for line in lines), "}", ""]) for head, lines in bodies]
        source = SOURCE.format(name=self.name, parts="".join(f"\n{part}" for part in parts))
        return CSource(self.name, header, source)

    def structs(self) -> list[tuple[Struct, list[float]]]:
        """Each struct with the present numbers."""
        arguments, kept = self.function.arguments, self.function.state
        found = [(a, [v.data for v in leaves(p.given)]) for a, p in zip(arguments, self.given) if isinstance(a, Struct)]
        return found + [(kept.struct, [s.data for s in kept.sources])] * bool(kept.sources)


def _declared(struct: Struct) -> str:
    """The struct and its present numbers, as the header declares them."""
    members = "".join(f"    double {one.at(0) if isinstance(one, Scalar) else f'{one.name}[{one.size}]'};"
                      f"{f'  /* {one.note} */' if one.note else ''}\n" for one in struct.members)
    return f"\nstruct {struct.kind} {{\n{members}}};\nextern const struct {struct.kind} {struct.kind}_exported;\n"
