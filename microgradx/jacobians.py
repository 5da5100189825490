"""Jacobians: all derivatives of all results, by the mode that takes fewer passes; Hessians; both sparse, too.

    >>> from microgradx import jacobian, vjp
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1], x[0] ** 2])([3.0, 2.0])
    [[2.0, 3.0], [1.0, 1.0], [6.0, 0.0]]
    >>> y, back = vjp(lambda x, a: a * x**2, 3.0, 2.0)
    >>> y, back(1.0)
    (18.0, (12.0, 9.0))

Names and meaning are JAX's. Nested lists of one length are taken as arrays are: m numbers by n of them are m lists of
n. By or of tuples, dicts, dataclasses and Modules, whose parts have names, the result is one nesting within the other:
found["loss"]["weight"].
"""
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from math import prod
from typing import Any, Literal, overload

from .arrays import FromArray, nest
from .calls import call, directions, for_arrays, like_inputs, places, scalar, split, values
from .conversion import arrayed, even, listed
from .dependence import between
from .derivatives import ByFirst, P, gradients
from .engine import Value
from .nesting import branches, rebuild, regrown
from .passes import ONE, adjoints, derived, edges, flowing, is_inside, slopes_by, sums, tangents
from .sparse import compressed

Argnums = int | tuple[int, ...]
Rows = list[list[Any]]                      # rows[i][j]: the derivative of result i by input j


@overload
def jacfwd(f: ByFirst[P, Any], argnums: Literal[0] = 0, has_aux: bool = False) -> ByFirst[P, Any]: ...
@overload
def jacfwd(f: Callable[..., Any], argnums: Argnums, has_aux: bool = False) -> Callable[..., Any]: ...
def jacfwd(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns all derivatives of f's results by the argument(s) `argnums`, one forward pass for each
    input. TypeError as value_and_grad. With has_aux it returns (derivatives, more), where f returns (results, more).

    >>> from microgradx import jacfwd
    >>> jacfwd(lambda t: [t, t**2, t**3])(2.0)
    [1.0, 4.0, 12.0]
    """
    return _jacobian(f, argnums, has_aux, _forward)


@overload
def jacrev(f: ByFirst[P, Any], argnums: Literal[0] = 0, has_aux: bool = False) -> ByFirst[P, Any]: ...
@overload
def jacrev(f: Callable[..., Any], argnums: Argnums, has_aux: bool = False) -> Callable[..., Any]: ...
def jacrev(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns all derivatives of f's results by the argument(s) `argnums`, one backward pass for each
    result. TypeError as value_and_grad. With has_aux it returns (derivatives, more), where f returns (results, more).

    >>> from microgradx import jacrev
    >>> jacrev(lambda x: {"sum": x[0] + x[1], "product": x[0] * x[1]})([3.0, 2.0])
    {'sum': [1.0, 1.0], 'product': [2.0, 3.0]}
    """
    return _jacobian(f, argnums, has_aux, _backward)


@overload
def jacobian(f: ByFirst[P, Any], argnums: Literal[0] = 0, has_aux: bool = False, *,
             sparse: bool = False) -> ByFirst[P, Any]: ...
@overload
def jacobian(f: Callable[..., Any], argnums: Argnums, has_aux: bool = False, *,
             sparse: bool = False) -> Callable[..., Any]: ...
def jacobian(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *,
             sparse: bool = False) -> Callable[..., Any]:
    """A function that returns all derivatives of f's results by the argument(s) `argnums`: jacfwd where there are fewer
    inputs than results, else jacrev. TypeError as value_and_grad, ImportError without scipy if sparse.

    sparse      as a scipy.sparse.csr_matrix of what may differ from 0: a row for each number in f's result, a column
                for each in the argument, in as few passes as colouring finds

    >>> from microgradx import jacobian
    >>> chain = jacobian(lambda x: [a * b for a, b in zip(x, x[1:])], sparse=True)
    >>> chain([1.0, 2.0, 3.0, 4.0]).toarray().tolist()                      # two passes, however long the chain is
    [[2.0, 1.0, 0.0, 0.0], [0.0, 3.0, 2.0, 0.0], [0.0, 0.0, 4.0, 3.0]]
    """
    return _jacobian(f, argnums, has_aux, compressed if sparse else _by_fewer)


@overload
def hessian(f: ByFirst[P, Any], argnums: Literal[0] = 0, *, sparse: bool = False) -> ByFirst[P, Any]: ...
@overload
def hessian(f: Callable[..., Any], argnums: Argnums, *, sparse: bool = False) -> Callable[..., Any]: ...
def hessian(f: Callable[..., Any], argnums: Argnums = 0, *, sparse: bool = False) -> Callable[..., Any]:
    """A function that returns all second derivatives of f by the argument(s) `argnums`: for n numbers an n x n nested
    list. TypeError as value_and_grad, ImportError without scipy if sparse.

    sparse      as a scipy.sparse.csr_matrix of what may differ from 0, in as few passes as colouring finds

    >>> from microgradx import hessian
    >>> hessian(lambda p: p[0]**2 * p[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    >>> hessian(lambda p: p[0]**2 * p[1] + p[2], sparse=True)([3.0, 2.0, 1.0]).nnz
    3
    """
    def transformed(*args: Any, **options: Any) -> Any:
        y, xs, inside = call(f, args, places(argnums), options)
        slopes = gradients(scalar(y), xs, create_graph=True)
        if sparse:
            return compressed(slopes, xs, inside, symmetric=True)
        inputs = like_inputs(args, argnums, xs)
        return blocks(inputs, inputs, _backward(slopes, xs, inside))
    return for_arrays(transformed, f)


def vjp(f: Callable[..., Any], *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """f at `args`, and a function that takes a factor for each result, in their nesting, and returns the gradients of
    the sum of results times factors, a tuple with one for each argument. ValueError for another count or shape.

    With has_aux f returns (results, more), and vjp (results, the function, more).

    >>> from microgradx import vjp
    >>> y, back = vjp(lambda x, a: [x * a, x + a], 3.0, 2.0)
    >>> y, back([1.0, 10.0])
    ([6.0, 5.0], (12.0, 13.0))
    """
    given = listed(args)
    y, xs, inside = call(f, given, range(len(args)))
    y, more = split(y, inside) if has_aux else (y, None)
    outputs = values(y)
    outward = arrayed if given is not args and not is_inside() else _same

    def back(factors: Any) -> tuple[Any, ...]:
        of_each = directions(y, outputs, listed(factors), "results")
        record = inside or (is_inside() and any(isinstance(t, Value) for t in of_each))
        with derived(record):
            adjoint = adjoints(flowing(zip(outputs, of_each), record), xs, record)
        found = iter([adjoint.get(x, 0.0) for x in xs])
        return tuple(outward(rebuild(arg, found)) for arg in given)
    value = outward(rebuild(y, iter([v if inside else v.data for v in outputs])))
    return (value, back, outward(more)) if has_aux else (value, back)


def _same(x: Any) -> Any:
    return x


def _jacobian(f: Callable[..., Any], argnums: Argnums, has_aux: bool,
              derivatives: Callable[[Sequence[Value], Sequence[Value], bool], Any]) -> Callable[..., Any]:
    def transformed(*args: Any, **options: Any) -> Any:
        y, xs, inside = call(f, args, places(argnums), options)
        y, more = split(y, inside) if has_aux else (y, None)
        found = derivatives(values(y), xs, inside)
        if isinstance(found, list):
            found = blocks(y, like_inputs(args, argnums, xs), found)
        return (found, more) if has_aux else found
    return for_arrays(transformed, f)


def _forward(outputs: Sequence[Value], xs: Sequence[Value], inside: bool) -> Rows:
    with derived(inside):
        graph = edges(between(outputs, xs), inside)
        columns = [sums(tangents(graph, {x: ONE}, inside), outputs) for x in xs]
    return [list(row) for row in zip(*columns)] if columns else [[] for _ in outputs]


def _backward(outputs: Sequence[Value], xs: Sequence[Value], inside: bool) -> Rows:
    return [slopes_by(v, xs, inside) for v in outputs]


def _by_fewer(outputs: Sequence[Value], xs: Sequence[Value], inside: bool) -> Rows:
    return (_forward if len(xs) < len(outputs) else _backward)(outputs, xs, inside)


# Nesting -------------------------------------------------------------------------------------------------------

def blocks(outputs: Any, inputs: Any, rows: Rows) -> Any:
    """The derivatives in the nesting of the outputs and, within it, that of the inputs; those of nested lists of one
    length by another one are nested lists again.

    >>> blocks({"y": 0.0, "z": [0.0, 0.0]}, [0.0, 0.0], [[1, 2], [3, 4], [5, 6]])
    {'y': [1, 2], 'z': [[3, 4], [5, 6]]}
    """
    return _by_output(outputs, inputs, iter(rows))


def _by_output(outputs: Any, inputs: Any, rows: Iterator[list[Any]]) -> Any:
    sizes = even(outputs)
    if sizes is not None:
        return _by_input(outputs, sizes, inputs, list(islice(rows, prod(sizes))), count())
    inner = branches(outputs)
    return outputs if inner is None else regrown(outputs, [_by_output(part, inputs, rows) for part in inner])


def _by_input(outputs: Any, outer: tuple[int, ...], inputs: Any, rows: Rows, columns: Iterator[int]) -> Any:
    sizes = even(inputs)
    if sizes is None:
        inner = branches(inputs)
        return inputs if inner is None else regrown(inputs, [_by_input(outputs, outer, part, rows, columns)
                                                             for part in inner])
    own = list(islice(columns, prod(sizes)))
    found = nest([row[j] for row in rows for j in own], outer + sizes)
    return FromArray(found, outer + sizes) if FromArray in (type(outputs), type(inputs)) else found
