"""Recorded: a function, and its gradient, as programs of the few rows that another language has.

    >>> from microgradx import tanh
    >>> from microgradx.export.recorded import record
    >>> found = record(lambda w, x: tanh(w * x), (0.5, 2.0), "neuron", 0, lambda op: True)
    >>> [p.name for p in found.parameters], [op.name for op in found.value.ops if op]
    (['w', 'x'], ['mul', 'tanh'])
    >>> [op.name for op in found.gradient.ops if op]
    ['mul', 'tanh', 'sech', 'square', 'mul']

Strict programs have the sums of backward(), in its order: their numbers are those of eager code, to the bit.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..compiler.ir.program import Native, Program, program
from ..compiler.ir.row_names import name
from ..compiler.trace.arguments import is_number, read_call
from ..compiler.trace.results import results
from ..compiler.trace.state import Draw
from ..compiler.trace.trace import trace
from ..derivatives import value_and_grad
from ..engine import Value
from ..ieee import kind_of, printable, short
from ..nesting import branches, floated, is_leaf, is_module, leaves


class Parameter(NamedTuple):
    """An argument of the function: its name, what was given for it, and how many numbers that has.

    by          whether the gradient is by it
    """

    name: str
    given: Any
    size: int
    by: bool


class Function(NamedTuple):
    """A recorded function.

    parameters  its arguments; those without a number are part of the program
    value       the program of its value; its inputs are the numbers of all arguments, then what f reads besides
    tree        the nesting of its result
    gradient    the program of its value and gradient; None where f returns no single number, or sets numbers itself
    """

    f: Callable[..., Any]
    name: str
    parameters: list[Parameter]
    value: Program
    tree: Any
    gradient: Program | None

    @property
    def size(self) -> int:
        """How many numbers f returns."""
        return len(results(self.tree))


def record(f: Callable[..., Any], example: Sequence[Any], called: str, argnums: int | tuple[int, ...],
           native: Native, strict: bool = False) -> Function:
    """A function at arguments of the structure of `example`. Rows that are not native are lowered where they can be.

    TypeError if f is no function or returns no number, if an argument is neither numbers nor fixed, and where jit
    refuses f (TracingError).
    """
    if not callable(f):
        raise TypeError(f"expected a function or a Module to export, got {kind_of(f)}")
    by = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    by = tuple(n % len(example) for n in by if -len(example) <= n < len(example))
    args = [floated(x) if k in by and not is_module(x) else x for k, x in enumerate(example)]
    read_call(tuple(args), {}, [], [])                          # refuses what could hold numbers but is no container
    parameters = [Parameter(label, x, inputs(x), k in by) for k, (label, x) in enumerate(zip(labels(f, args), args))]
    recorded = trace(f, args, strict, unrolls=True)
    if not results(recorded.tree):
        raise TypeError(f"expected a function that returns numbers, got {short(recorded.tree)}")
    value = program(recorded, native, strict)
    gradient = None
    wanted = tuple(k for k in by if parameters[k].size)
    if is_leaf(recorded.tree) and wanted and not value.updates:
        gradient = program(trace(value_and_grad(f, wanted), args, strict, unrolls=True), native, strict)
    return Function(f, called, parameters, value, recorded.tree, gradient)


def named(f: Any) -> str:
    """The name of a function, or of the kind of a Module."""
    return getattr(f, "__name__", type(f).__name__)


def inputs(x: Any) -> int:
    """How many numbers of an argument are inputs of the program: not its ints.

    >>> inputs([0.5, 3, {"a": 1.0}])
    2
    """
    inner = branches(x)
    if inner is not None:
        return sum(map(inputs, inner))
    return len(leaves(x)) if is_module(x) else int(is_number(x))


def labels(f: Any, args: Sequence[Any]) -> list[str]:
    """The names of the arguments, as f calls them: x1, x2, ... where it has no names for them."""
    try:
        names = list(inspect.signature(f.forward if is_module(f) else f).bind(*args).arguments)
    except (TypeError, ValueError):
        names = []
    return names if len(names) == len(args) else [f"x{k + 1}" for k in range(len(args))]


# Refused --------------------------------------------------------------------------------------------------------------

def refuse_missing(programs: Iterable[Program], native: Native, language: str) -> None:
    """TypeError with the names of the rows that a language does not have, and that have no lowering."""
    missing = {name(op)[0] for p in programs for op in p.ops if op is not None and not native(op)}
    if missing:
        raise TypeError(f"{language} has no {', '.join(sorted(missing))}: such a row is computed by Python. Write its "
                        "value with rows of the table, `from microgradx import exp` and not math.exp, or give such a "
                        "formula as row(..., lowering=...)")


def refuse_state(recorded: Function, language: str) -> None:
    """TypeError for what a pure function cannot do: draw random numbers, read gradients, set numbers."""
    p = recorded.value
    if p.updates:
        raise TypeError(f"{printable(recorded.name)} sets numbers, which a function of {language} cannot; write "
                        "model.eval(), or export what it computes and take the step there")
    for source in p.closures:
        if not isinstance(source, Value):
            what = "draws random numbers" if isinstance(source, Draw) else "reads gradients or an optimiser"
            raise TypeError(f"{printable(recorded.name)} {what}, which a function of {language} cannot; write "
                            "model.eval(), or pass them as arguments")
