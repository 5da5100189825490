"""Trace: run a function once on Values without numbers, and keep what it did.

    >>> from microgradx.compiler.trace.trace import trace
    >>> program = trace(lambda w, x: (w * x + 1).tanh(), [0.5, 2.0])
    >>> [v.op.name for v in program.results[0].args], len(program.inputs)
    (['add'], 2)

The recorded graph is an ordinary one, of Values with `op` and `args`, so the transforms of derivatives.py work on it:
tracing value_and_grad(f) records the backward pass too, by the very lines that eager code runs.
"""
from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from threading import current_thread, enumerate
from types import MappingProxyType
from typing import Any, NamedTuple

from ...arrays import FromArray, flat, is_array, nest, shape
from ...collector import unhindered
from ...engine import Value
from ...ieee import number, printable
from ...nesting import branches, is_module, leaves, regrown
from ...reductions import entry
from ...warning import warn
from .arguments import is_number
from .errors import TracingError, refuse_kept, refuse_next, refuse_random
from .loop import Unrolled
from .outside import watched
from .results import results
from .signature import signature
from .surroundings import Surroundings
from .traced import Batch, Traced, is_constant
from .tracer import Tracer

DRAWLESS = ("tqdm_monitor", "Dask-Offload", "microgradx")     # threads that stay and draw no random numbers


class Recorded(NamedTuple):
    """What a function did.

    inputs      a Value for each number among the arguments, in order; a Module's parameters are its own Values
    parts       every operation that was recorded, in order; a Batch for many at once. `nodes` has them one by one
    results     all Values and numbers that it returned, in order
    tree        what it returned, its nesting
    sources     Values for what it reads besides, and where their numbers come from: `.data` of these
    updates     what it sets, by `.data`, and to what
    size        how many operations it recorded
    mark        begins the scope of the constants that it made
    checks      what it requires: a number, a Value that is 0 if that is wrong, and what was expected. If there are any,
                the last of `results` is a take() that raises IndexError if one is 0
    reached     whether its backward() came to a number among the arguments, which must not be a Value then
    unrolled    why loops of it were written out step by step
    """

    inputs: list[Value]
    parts: list[Traced | Batch]
    results: list[Any]
    tree: Any
    sources: dict[Value, Any]
    updates: dict[Any, Any]
    size: int
    mark: str
    checks: list[tuple[Value, Value, str]]
    reached: bool
    unrolled: tuple[str, ...] = ()

    @property
    def nodes(self) -> list[Traced]:
        """Every operation that was recorded, in order."""
        return [v for part in self.parts for v in (part.values if isinstance(part, Batch) else (part,))]


def trace(f: Callable[..., Any], args: Sequence[Any], strict: bool = False,
          options: Mapping[str, Any] = MappingProxyType({}), exact: bool = False,
          unrolls: bool = False) -> Recorded:
    """Call f once with Values in place of the numbers in `args` and in the keyword arguments `options`. TracingError
    where f asks for a number that is not known yet.

    An int stays what it is: a size, an index, a choice. Strict: gradients are added up in the order of backward().
    Exact: those of a loop, too, for which f is called once more. Unrolls: each step of a loop is recorded.
    """
    try:
        return _looked(f, args, options, lambda: Tracer(strict, exact, unrolls))
    except Unrolled:
        return _looked(f, args, options, lambda: Tracer(strict, exact, True))


def _looked(f: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any],
            tracer: Callable[[], Tracer]) -> Recorded:
    """What f did. TracingError if it has changed something besides, so that it does something else the next time."""
    roots = [f, *args, *options.values()]
    around, before = Surroundings(roots), _generators()
    with watched([f, *filter(callable, args)]):
        found, first = _traced(f, args, options, tracer())
    if not first.state.layers and _is_alone():              # else: another thread, or layers, may have drawn
        if _generators() != before:
            refuse_random()
        for name in around.drawn():
            refuse_next(name)
    plain = _kept(around, first)
    if not first.state.layers and (name := around.moved()) and not _is_repeated(
            found, lambda: _traced(f, args, options, tracer())[0], around.kept()):
        refuse_kept(name)
    if plain and first.state.updates:
        own, changed = printable(getattr(f, "__name__", "a function")), printable(", ".join(plain[:3]))
        warn(f"{own} changes {changed} itself, which happens only while its program is recorded for jit; keep it in a "
             "Value, t = Value(0.0), and write t.data += 1")
    return found


def _is_repeated(found: Recorded, again: Callable[[], Recorded], restore: Callable[[], None]) -> bool:
    """Whether another recording does the same. Afterwards all is as before it."""
    try:
        return signature(found) == signature(again())
    except TracingError:
        raise
    except Exception:
        return False
    finally:
        restore()


def _traced(f: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any],
            tracer: Tracer) -> tuple[Recorded, Tracer]:
    inputs: list[Value] = []
    given = [_replaced(a, inputs, tracer) for a in args]
    named = {name: _replaced(a, inputs, tracer) for name, a in options.items()}
    with unhindered(), tracer:
        tree = f(*given, **named)
        checks = [entry([0.0], tracer.failures())] if tracer.state.checks else []
    state, found = tracer.state, list(tracer.inputs([*results(tree), *checks]))
    return Recorded(inputs, tracer.nodes, found, tree, state.sources, state.updates, state.size, tracer.mark,
                    state.checks, state.reached, tuple(dict.fromkeys(state.unrolled))), tracer


def _is_alone() -> bool:
    """Whether no other thread could draw random numbers."""
    return all(thread is current_thread() or thread.name.startswith(DRAWLESS) for thread in enumerate())


def _generators() -> Any:
    """Where the generators of `random` are, and of numpy.random if numpy is imported: f may be the first to use it."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return random.getstate()
    _, key, *rest = numpy.random.get_state()
    return random.getstate(), key.tobytes(), rest


def _kept(around: Surroundings, tracer: Tracer) -> list[str]:
    """The names of plain numbers that f has changed. TracingError for what its program has computed, and f keeps by
    itself from call to call: the program does not."""
    changed = around.changed()
    for name, _, now in changed:
        if any(isinstance(x, Traced) for x in leaves(now)):
            refuse_kept(name)
    own = {v for v in (*tracer.versions, *tracer.state.gradients) if tracer.is_constant(v)}
    for name, v in around.values() if own else ():
        if v in own:
            refuse_kept(name)
    return [name for name, _, _ in changed]


def _unknown(count: int, inputs: list[Value], tracer: Tracer) -> list[Any]:
    """So many inputs that stand for floats."""
    new: list[Any] = [tracer.unknown() for _ in range(count)]
    inputs += new
    tracer.given.update(new)
    return new


def _replaced(tree: Any, inputs: list[Value], tracer: Tracer) -> Any:
    if tree.__class__ is list and set(map(type, tree)) == {float}:      # most often
        return _unknown(len(tree), inputs, tracer)
    if is_array(tree):                      # ints, too, are numbers there
        numbers, sizes = flat(tree), shape(tree)
        new = ([_replaced(x if isinstance(x, Value) else number(x), inputs, tracer) for x in numbers]
               if any(issubclass(kind, Value) for kind in set(map(type, numbers))) else
               _unknown(len(numbers), inputs, tracer))
        return FromArray(nest(new, sizes), sizes)
    inner = branches(tree)
    if inner is not None:
        return regrown(tree, [_replaced(branch, inputs, tracer) for branch in inner])
    if is_module(tree):
        inputs += leaves(tree)
        return tree
    if not is_number(tree):
        return tree
    inputs.append(tracer.unknown())
    tracer.given.add(inputs[-1])
    if isinstance(tree, Value):
        tracer.values.add(inputs[-1])
    return inputs[-1]


__all__ = ["Recorded", "is_constant", "trace", "unhindered"]
