"""to_jax(): a function as one of JAX, the extra "jax", with the table's derivative.

    neuron = to_jax(lambda w, x: tanh(dot(w, x)), [0.5, -1.0], [2.0, 1.0])
    jax.grad(neuron)(jax.numpy.array([0.5, -1.0]), jax.numpy.array([2.0, 1.0]))         # Array([2., 1.])
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..compiler.ir.program import Program, program
from ..compiler.trace.arguments import is_number
from ..compiler.trace.results import results
from ..compiler.trace.trace import trace
from ..derivatives import gradients
from ..engine import Value
from ..extras import install
from ..ieee import kind_of, short
from ..nesting import branches, is_leaf, is_module, leaves, regrown, shape
from ..reductions import dot
from .recorded import named, record, refuse_missing, refuse_state
from .waves import Library, steps


def to_jax(f: Callable[..., Any], *example: Any) -> Callable[..., Any]:
    """f, a function or Module, as a function of JAX for arguments of the structure of `example`.

    It takes nested lists or arrays of the same shapes, and for a Module a dict of its parameters by name, as in
    jax.tree; it returns arrays. An int, a str or None is a part of the program and must be the same at each call.
    Values that f closes over are constants with their present numbers.

    The first derivative is the table's, by jax.custom_vjp, so that branches that are not taken stay absent: grad, vjp,
    jit and vmap work. Numbers are float64 if jax_enable_x64 is set.

    ImportError without jax; TracingError where jit refuses f; TypeError for what it draws or sets, for a row that only
    Python computes, and for an argument of another structure.

    >>> to_jax(2.0)
    Traceback (most recent call last):
    TypeError: expected a function or a Module to export, got float
    """
    if not callable(f):
        raise TypeError(f"expected a function or a Module to export, got {kind_of(f)}")
    try:
        import jax
        from jax import numpy as xp
    except ImportError:
        raise ImportError(f"to_jax needs jax; write {install('jax')}") from None
    library = Library(xp, jax.scipy.special)
    recorded = record(f, example, named(f), (), library.has)
    refuse_state(recorded, "JAX")
    pullback = program(trace(_pullback(f), [*example, [0.0] * recorded.size], unrolls=True), library.has)
    refuse_missing([recorded.value, pullback], library.has, "JAX")
    forward, backward = jax.jit(_run(recorded.value, library)), jax.jit(_run(pullback, library))

    @jax.custom_vjp
    def numbers(xs: Any) -> Any:
        return forward(xs)

    numbers.defvjp(lambda xs: (forward(xs), xs), lambda xs, incoming: (backward(xp.concatenate([xs, incoming])),))
    size = len(recorded.value.inputs) - len(recorded.value.closures)

    def exported(*args: Any) -> Any:
        if len(args) != len(example):
            raise TypeError(f"expected {len(example)} arguments, as in the example, got {len(args)}")
        parts = [part for given, one in zip(args, example) for part in _flat(one, given, xp)]
        xs = xp.concatenate(parts) if parts else xp.zeros(0)
        if xs.shape != (size,):
            raise TypeError(f"expected {size} numbers, as in the example, got {xs.shape[0]}")
        return _nested(recorded.tree, numbers(xs))
    return exported


def _pullback(f: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient by all numbers of the arguments, of the results of f weighed by the last argument."""
    def pulled(*args: Any) -> Any:
        *given, incoming = args
        xs = [x for x in leaves(given) if isinstance(x, Value)]
        return gradients(dot([Value(y) if isinstance(y, int) else y for y in results(f(*given))], incoming), xs)
    return pulled


def _run(p: Program, library: Library) -> Callable[[Any], Any]:
    """A program as a function of one array, its inputs, that returns one, its results."""
    import numpy as np
    xp = library.xp
    kept = np.array([*(source.data for source in p.closures), *p.numbers.values()])
    order, (last, at) = steps(p)

    def run(xs: Any) -> Any:
        found = [xp.concatenate([xs, kept])]
        for op, needed, index in order:
            empty = not index.shape[1]                      # the sum of nothing
            found.append(xp.zeros(len(index)) if empty else
                         library.of(op, xp.concatenate([found[w] for w in needed])[index]))
        return xp.concatenate([found[w] for w in last])[at]
    return run


# Arguments and results ------------------------------------------------------------------------------------------------

def _flat(example: Any, given: Any, xp: Any) -> list[Any]:
    """The numbers of an argument as arrays, in the order of the example. TypeError for another structure."""
    if is_module(example):
        return [part for name, nest in example.named_parameters() for part in _flat(nest, _item(given, name), xp)]
    inner = branches(example)
    if inner is None:
        if is_number(example):
            return [xp.reshape(xp.asarray(given, float), (1,))]
        if example is not given and example != given:
            raise TypeError(f"{short(example)} is a part of the exported function, got {short(given)}; export it anew")
        return []
    if isinstance(example, (list, tuple)) and (sizes := _regular(example)):
        found = xp.asarray(given, float)
        if found.shape != sizes:
            raise TypeError(f"expected shape {sizes}, as in the example, got {found.shape}")
        return [found.ravel()]
    keys = example if isinstance(example, dict) else range(len(inner))
    parts = given if isinstance(example, dict) else branches(given)
    if parts is None or len(parts) != len(inner):
        raise TypeError(f"expected {short(example)}, or other numbers in its structure, got {short(given)}")
    return [part for key, one in zip(keys, inner) for part in _flat(one, _item(parts, key), xp)]


def _item(given: Any, key: Any) -> Any:
    """What stands there. TypeError if nothing does."""
    try:
        return given[key]
    except (KeyError, IndexError, TypeError):
        raise TypeError(f"expected {key!r} among the arguments, as in the example, got {short(given)}") from None


def _regular(tree: Any) -> tuple[int, ...]:
    """The shape of nested lists of numbers; () for all else, such as a ragged list."""
    try:
        sizes = shape(tree)
    except ValueError:
        return ()
    return sizes if all(map(is_number, leaves(tree))) and len(leaves(tree)) == math.prod(sizes) else ()


def _nested(tree: Any, numbers: Any) -> Any:
    """Numbers in the nesting of a result: nested lists are arrays."""
    inner = branches(tree)
    if inner is None:
        return numbers[0] if is_leaf(tree) else tree
    if isinstance(tree, list) and (sizes := _regular(tree)):
        return numbers.reshape(sizes)
    parts, start = [], 0
    for branch in inner:
        size = len(results(branch))
        parts.append(_nested(branch, numbers[start:start + size]))
        start += size
    return regrown(tree, parts)
