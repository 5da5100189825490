"""Trace: run a function once on Values without numbers, and keep what it did.

    >>> from microgradx.compiler.trace.trace import trace
    >>> program = trace(lambda w, x: (w * x + 1).tanh(), [0.5, 2.0])
    >>> [v.op.name for v in program.results[0].args], len(program.inputs)
    (['add'], 2)

The recorded graph is an ordinary one, of Nodes with `op` and `args`, so the transforms of derivatives.py work on it:
tracing value_and_grad(f) records the backward pass too, by the very lines that eager code runs.

A plain Value that f closes over stays a leaf: an input, whose number is read at each call. (But its `.data`, if f asks
for it, is the number that it has now.) One that f makes itself, from a number, is a constant.
"""
from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, NamedTuple

from ...derivatives import enclosed
from ...nesting import is_module, leaves
from ...recording import recording, scope, tape, tracer
from ...table import Op
from ...value import Value
from .arguments import is_number, results
from .effects import Recorder
from .errors import refuse_truth
from .traced import MARK, Nodes, Traced, as_recorded, noting, unknown

_tracing = RLock()                      # a Module's own parameters are marked while it is traced: one at a time


class Recorded(NamedTuple):
    """What a function did.

    inputs      a Value for each number among the arguments, in order; a Module's parameters are its own Values
    nodes       every operation that was recorded, in order
    results     all Values and numbers that it returned, in order
    tree        what it returned, its nesting
    sources     Values for what layers read, and where their numbers come from: see effects.py
    updates     Buffers that layers set, and to what
    """

    inputs: list[Value]
    nodes: Nodes
    results: list[Any]
    tree: Any
    sources: dict[Value, Any]
    updates: dict[Value, Any]


def trace(f: Callable[..., Any], args: Sequence[Any], strict: bool = False) -> Recorded:
    """Call f once with Values in place of the numbers in `args` (nested lists, Modules). TracingError as told there.

    An int stays what it is: a size, an index, a choice. Strict: gradients are added up in the order of backward().
    """
    inputs: list[Value] = []
    nodes = Nodes()
    with _tracing:
        with noting(Nodes()):
            given = [_replaced(a, inputs) for a in args]
        effects, arranged = Recorder(unknown), list if strict else as_recorded
        with (unhindered(), noting(nodes), _answering(), effects.in_place(), _marked(inputs), enclosed(arranged),
              recording(), scope(MARK)):
            tree = f(*given)
    return Recorded(inputs, nodes, results(tree), tree, effects.sources, effects.updates)


@contextmanager
def unhindered() -> Iterator[None]:
    """Without garbage collection: of a million new objects that all stay, it would look at each again and again.

    Afterwards they are with the oldest objects, at which it looks least; frozen for a moment, they get there at once.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _replaced(tree: Any, inputs: list[Value]) -> Any:
    if isinstance(tree, (list, tuple)):
        return type(tree)([_replaced(branch, inputs) for branch in tree])
    if is_module(tree):
        inputs += leaves(tree)
        return tree
    if not is_number(tree):
        return tree
    inputs.append(unknown())
    return inputs[-1]


@contextmanager
def _marked(values: Sequence[Value]) -> Iterator[None]:
    """The Values are Traced for this while, a Module's parameters too. They stay the same objects, so that whatever
    else refers to a parameter, a penalty or a shared layer, refers to the input."""
    before = [v.__class__ for v in values]
    try:
        for v in values:
            v.__class__ = Traced
        yield
    finally:
        for v, kind in zip(values, before):
            v.__class__ = kind


def is_constant(v: Value) -> bool:
    """Whether a leaf was made from a number while tracing."""
    return v.__class__ is not Traced and v.scope.startswith(MARK)


class Tracer:
    """Answers for plain Values, which f closes over, while it is traced; see recording.py."""

    @staticmethod
    def unrecorded(op: Op, args: Sequence[Any]) -> Value:
        """In no_grad(), too, a result is computed as the program runs."""
        return Traced._apply(op, args)

    @staticmethod
    def truth(v: Value) -> bool:
        """Known only of constants."""
        if all(is_constant(leaf) for leaf in tape(v) if leaf.op is None):
            return v._data != 0.0
        refuse_truth()


@contextmanager
def _answering() -> Iterator[None]:
    """Within it a Tracer answers."""
    token = tracer.set(Tracer)
    try:
        yield
    finally:
        tracer.reset(token)
