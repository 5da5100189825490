"""Derivatives as functions: of any order, without changing any .grad.

    >>> from microgradx import grad, value_and_grad
    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> value_and_grad(lambda p: p[0]**2 - p[1]**2)([3.0, 2.0])
    (5.0, [6.0, -4.0])

The transforms compose as JAX's do. They return numbers; inside another transform they return Values. Arguments may be
numbers, Values, Modules, arrays, and nested lists, tuples, dicts and dataclasses of them. A gradient has the nesting of
its argument; for a Module it is a dict by parameter name. The function sees nested lists in place of arrays, and a call
with arrays returns arrays (conversion.py). Keyword arguments are handed on to the function.
"""
from collections.abc import Callable, Sequence, Set
from functools import update_wrapper
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from .calls import call, directions, for_arrays, like_inputs, places, scalar, split, values
from .dependence import between
from .engine import Value, tracer
from .ieee import printable, short
from .nesting import rebuild
from .passes import derived, edges, flowing, slopes_by, sums, tangents
from .reductions import dot

P = ParamSpec("P")
R = TypeVar("R")
# A function as type checkers see it: its first argument, to differentiate by, is any nesting; the others are kept.
ByFirst = Callable[Concatenate[Any, P], R]


@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: Literal[False] = False) -> list[float]: ...
@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: Literal[True]) -> list[Value]: ...
@overload
def gradients(y: Value, xs: Sequence[Value], create_graph: bool) -> list[Any]: ...
def gradients(y: Value, xs: Sequence[Value], create_graph: bool = False) -> list[Any]:
    """d y / d x for each x in `xs`, leaves or results; 0 if y does not depend on x. It changes no .grad.
    TypeError if y or an x is no Value. RuntimeError with create_graph if a leaf's data was set after y was computed.

    With create_graph the derivatives are Values, recorded from the table's slopes, and can be differentiated again.

    >>> from microgradx import Value, gradients
    >>> x = Value(3.0)
    >>> dy, = gradients(x**2, [x], create_graph=True)
    >>> dy.data, gradients(dy, [x])
    (6.0, [2.0])
    """
    if isinstance(xs, Set) or not hasattr(type(xs), "__iter__"):
        raise TypeError(f"gradients takes a list of Values, got {printable(type(xs).__name__)}; write "
                        "gradients(y, [x])")
    xs = list(xs)
    for kind in set(map(type, (y, *xs))):
        if not issubclass(kind, Value):
            raise TypeError(f"gradients takes Values, got {printable(kind.__name__)}; for functions of numbers write "
                            "grad(f)")
    if tracer() is None:
        [v._data for v in (y, *xs)]                     # raises for one that a trace has left behind
    return slopes_by(y, xs, create_graph, create_graph)


# Transforms ----------------------------------------------------------------------------------------------------

@overload
def value_and_grad(f: ByFirst[P, Any], argnums: Literal[0] = 0) -> ByFirst[P, tuple[float, Any]]: ...
@overload
def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0,
                   has_aux: bool = False) -> Callable[..., tuple[Any, Any]]: ...
def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0,
                   has_aux: bool = False) -> Callable[..., tuple[Any, Any]]:
    """A function that returns f's value and its gradient by the argument(s) `argnums`, in one pass.
    TypeError if f does not return one Value or number.

    A tuple of argnums gives a tuple of gradients. TypeError for an argument to differentiate by that has no number.
    With has_aux f returns (value, more), and so does the new function: ((value, more), gradient).

    >>> from microgradx import value_and_grad
    >>> value_and_grad(lambda w, x: w["slope"] * x + w["bias"])({"slope": 3.0, "bias": 1.0}, 2.0)
    (7.0, {'slope': 2.0, 'bias': 1.0})
    """
    def transformed(*args: Any, **options: Any) -> tuple[Any, Any]:
        y, xs, inside = call(f, args, places(argnums), options)
        y, more = split(y, inside) if has_aux else (y, None)
        y = scalar(y)
        by = like_inputs(args, argnums, slopes_by(y, xs, inside))
        value = y if inside else y.data
        return (value, more) if has_aux else value, by
    return for_arrays(transformed, f)


@overload
def grad(f: ByFirst[P, Any], argnums: Literal[0] = 0, has_aux: bool = False) -> ByFirst[P, Any]: ...
@overload
def grad(f: Callable[..., Any], argnums: int | tuple[int, ...], has_aux: bool = False) -> Callable[..., Any]: ...
def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of f by the argument(s) `argnums`; with has_aux (gradient, more), where f
    returns (value, more).

    >>> from microgradx import grad, sin
    >>> grad(sin)(0.0), grad(grad(sin))(0.0), grad(grad(grad(sin)))(0.0)
    (1.0, 0.0, -1.0)
    """
    both = value_and_grad(f, argnums, has_aux)

    def transformed(*args: Any, **options: Any) -> Any:
        value, slopes = both(*args, **options)
        return (slopes, value[1]) if has_aux else slopes
    return update_wrapper(transformed, f, updated=())


def jvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
    """f at the arguments `xs`, and its derivative in the direction `vs` (of the same nesting), by forward mode.
    ValueError if vs and xs have different counts of numbers, or arrays of different shapes. f may return a nested list.

    >>> from microgradx import jvp
    >>> jvp(lambda x, y: [x * y, x + y], [2.0, 3.0], [1.0, 0.0])
    ([6.0, 5.0], [3.0, 1.0])
    """
    def transformed(xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
        y, inputs, inside = call(f, xs, range(len(xs)), directions=vs)
        seeds = flowing(zip(inputs, directions(xs, inputs, vs)), inside)
        outputs = values(y)
        with derived(inside):
            tangent = tangents(edges(between(outputs, inputs), inside), dict(seeds), inside)
        return (rebuild(y, iter([v if inside else v.data for v in outputs])),
                rebuild(y, iter(sums(tangent, outputs))))
    _expect_lists("jvp", xs, vs)
    return for_arrays(transformed)(xs, vs)  # type: ignore[no-any-return]


def hvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> Any:
    """The Hessian of f at the arguments `xs` times the direction `vs`, in the nesting of xs: two reverse passes.

    >>> from microgradx import hvp
    >>> hvp(lambda x, y: x**2 * y, [3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    def transformed(xs: Sequence[Any], vs: Sequence[Any]) -> Any:
        y, inputs, inside = call(f, xs, range(len(xs)), directions=vs)
        slope: Any = dot(gradients(scalar(y), inputs, create_graph=True), directions(xs, inputs, vs))
        return rebuild(xs, iter(slopes_by(slope, inputs, inside)))
    _expect_lists("hvp", xs, vs)
    return for_arrays(transformed)(xs, vs)


def _expect_lists(name: str, *lists: Any) -> None:
    """TypeError unless each is a list or tuple: the arguments of f, and a direction for each."""
    for xs in lists:
        if not isinstance(xs, (list, tuple)):
            raise TypeError(f"{name} takes the arguments of f, and the directions, as lists, got {short(xs)}; write "
                            f"{name}(f, [x], [v])")
