"""A recorded program as nodes: what has no operator of its own. Operations that do not depend on each other are one.

    y = recorded(graph, lambda x: x[0] * x[1], [[0.0, 0.0]], [graph.input("x", [0.0, 0.0])])
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ... import ops
from ... import reductions as red
from ...compiler.trace.results import results
from ...conversion import even
from ...ieee import short
from ...nesting import leaves
from ...table import TABLE, Op, of_math
from ..recorded import named, record, refuse_missing, refuse_state
from ..waves import steps
from .graph import OnnxGraph, OnnxTensor, missing

SUMS: dict[Op, Callable[..., Any]] = {
    red.sum: lambda x: x, red.dot: lambda x, y: x * y,
    red.masked_dot: lambda mask, x, y: ops.where(mask, x * y, 0.0),
}


def recorded(graph: OnnxGraph, f: Callable[..., Any], example: Sequence[Any], args: Sequence[Any]) -> Any:
    """The results of a function at tensors of the shapes of an example: a tensor, or a tuple of them.

    TypeError for what it draws or sets, for whole numbers as inputs, for rows that onnxruntime does not have.
    """
    given = list(tensors(args))
    for x in given:
        if x.name in graph.integers:
            raise TypeError(f"{x.name}: whole numbers are a part of the program that {named(f)} is written as; begin "
                            "a Sequential with an Embedding, or give floats")

    def has(op: Op) -> bool:
        return op in SUMS or graph.has(op)
    found = record(f, example, named(f), (), has)
    refuse_state(found, "ONNX")
    p = found.value
    absent = [op for op in p.ops if op is not None and not has(op) and op in TABLE.values() and of_math(op)]
    if absent:
        raise TypeError(missing(absent, graph.dtype))
    refuse_missing([p], has, "ONNX")
    kept = [*(source.data for source in p.closures), *p.numbers.values()]
    waves = [joined(graph, [*(x.reshaped(-1) for x in given), graph.constant(kept)])]
    order, (last, at) = steps(p)
    for op, needed, index in order:
        waves.append(wave(op, joined(graph, [waves[w] for w in needed]), index) if index.shape[1]
                     else graph.constant([0.0] * len(index)))            # the sum of nothing
    return formed(found.tree, joined(graph, [waves[w] for w in last]), iter(at.tolist()))


def tensors(tree: Any) -> Iterator[OnnxTensor]:
    """The tensors among arguments."""
    if isinstance(tree, OnnxTensor):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from tensors(part)


def joined(graph: OnnxGraph, xs: Sequence[OnnxTensor]) -> OnnxTensor:
    """Lists one behind the other."""
    return xs[0] if len(xs) == 1 else graph.node("Concat", [x.name for x in xs], (sum(x.shape[0] for x in xs),), axis=0)


def wave(op: Op, pool: OnnxTensor, index: Any) -> OnnxTensor:
    """A row of numbers of the pool: the inputs of each operation are a row of the index."""
    if op in SUMS:
        lists = index.reshape(len(index), op.lists, -1)  # type: ignore[attr-defined]
        return SUMS[op](*[pool.gathered(lists[:, k]) for k in range(lists.shape[1])]).summed()  # type: ignore[no-any-return]
    return pool._apply(op, op.called([pool.gathered(column) for column in index.T]))


def formed(tree: Any, pool: OnnxTensor, at: Iterator[int]) -> Any:
    """The results as tensors of the shapes that they have in the tree. TypeError for what has no shape."""
    if isinstance(tree, tuple):
        return tuple(formed(part, pool, at) for part in tree)
    if not results(tree):
        return None
    sizes = even(tree)
    if sizes is None or len(leaves(tree)) != len(results(tree)):
        raise TypeError(f"expected a number, even nested lists of numbers or a tuple of these as results, got "
                        f"{short(tree)}")
    return pool.gathered(pool.graph.np.array([next(at) for _ in results(tree)], int)).reshaped(*sizes)
