"""Calls of a function that is differentiated: its arguments become new Values, its results go back into their nesting.

    >>> from microgradx.calls import call
    >>> y, xs, _ = call(lambda p: p["w"] * 2.0, [{"w": 3.0}], [0])
    >>> y.data, [x.data for x in xs]
    (6.0, [3.0])
"""
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import update_wrapper
from types import MappingProxyType
from typing import Any

from .arrays import FromArray
from .conversion import arrayed, listed
from .dependence import Sources
from .engine import Value, tracer
from .ieee import printable, short
from .nesting import PLAIN, branches, is_empty, is_leaf, is_module, leaves, rebuild, refuse, regrown, shape, walked
from .ops import identity
from .passes import is_inside, sources
from .recording import recording


def for_arrays(transform: Callable[..., Any], f: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A transform of nested lists as one of arrays, too: f has nested lists in their place, and what it returns comes
    back as arrays, if the call has arrays and no other transform is under way. With f it has f's name and signature."""
    def transformed(*args: Any, **options: Any) -> Any:
        given, named = listed(args), listed(options) if options else options
        found = transform(*given, **named)
        return found if (given is args and named is options) or is_inside() else arrayed(found)
    return update_wrapper(transformed, f, updated=()) if f is not None else transformed


def call(f: Callable[..., Any], args: Sequence[Any], wanted: Iterable[int],
         options: Mapping[str, Any] = MappingProxyType({}), directions: Any = ()) -> tuple[Any, list[Value], bool]:
    """f's result, the inputs to differentiate by, and whether an enclosing transform differentiates the result, or the
    directions in which this one differentiates.

    TypeError if `wanted` has an argument that was not given, or that has no number; ValueError if it has one twice."""
    if not callable(f):
        raise TypeError(f"expected a function to differentiate, got {short(f)} ({printable(type(f).__name__)}); write "
                        "grad(f)(x)")
    outer, given, traced = sources.get(), list(args), tracer() is not None
    xs: list[Value] = []
    wanted = [_place(n, len(args)) for n in wanted]
    if len(set(wanted)) < len(wanted):
        raise ValueError(f"argnums names an argument twice: {wanted}; name each once")
    with recording():
        for n in wanted:
            if isinstance(args[n], PLAIN):
                refuse(args[n], f" as argument {n}, to differentiate by")
            first = len(xs)
            given[n] = fresh(args[n], xs, bool(outer) or traced)
            if len(xs) == first and not is_empty(args[n]):
                refuse(args[n], f" as argument {n}, to differentiate by, which has no number")
        trees = [args[n] for n in wanted]       # the parameters of a Module are used as they are
        inner = Sources(xs, not any(map(is_module, trees)) and set(xs).isdisjoint(leaves(trees)))
        before = sources.set((*outer, inner))
        try:
            y = listed(f(*given, **options))
        finally:
            sources.reset(before)
    if traced or not outer:
        return y, xs, traced
    roots = [v for v in (*leaves(y), *leaves(directions)) if isinstance(v, Value)]
    return y, xs, any(enclosing.reach(roots, inner) for enclosing in outer)


def places(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    """One or several argnums as several."""
    return tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)


def like_inputs(args: Sequence[Any], argnums: int | tuple[int, ...], xs: Iterable[Any]) -> Any:
    """A number for each that f is differentiated by, in their nesting, a Module's in a dict; a tuple for a tuple of
    argnums."""
    rest = iter(xs)
    found = tuple([rebuild(args[n], rest) for n in places(argnums)])
    return found if isinstance(argnums, (tuple, list)) else found[0]


def values(y: Any) -> list[Value]:
    """What f returned, numbers as Values. TypeError for None, which a function without `return` returns, and text."""
    if isinstance(y, PLAIN):
        raise TypeError(f"the function must return Values or numbers, alone or in containers, got {short(y)}")
    return [v if isinstance(v, Value) else Value(v) for v in leaves(y)]


def _place(n: Any, count: int) -> int:
    """Argument n of so many, counted from 0."""
    if not isinstance(n, int) or not -count <= n < count:
        raise TypeError(f"cannot differentiate by argument {short(n)}: the function was given {count} arguments; write "
                        "argnums=0 for the first, (0, 1) for two")
    return n % count


def fresh(tree: Any, xs: list[Value], nested: bool) -> Any:
    """`tree` with a new Value for each leaf, which is also added to `xs`; the parameters of a Module are used as they
    are.

    Without new Values grad(lambda x: x * grad(lambda y: x * y)(x)) would take the inner x for y. Inside another
    transform each new Value is recorded as a copy, so that derivatives flow to the original.
    """
    return walked(_fresh, tree, xs, nested)


def _fresh(tree: Any, xs: list[Value], nested: bool) -> Any:
    inner = branches(tree)
    trace = tracer()
    if trace is not None and inner and all([isinstance(x, Value) for x in inner]):
        new = trace.many(identity, [trace.inputs(inner)])           # many at once
        xs += new
        return regrown(tree, new)
    if inner is not None:
        return regrown(tree, [_fresh(branch, xs, nested) for branch in inner])
    if isinstance(tree, bool):
        refuse(tree, " in an argument to differentiate by")
    if not is_leaf(tree):
        xs += leaves(tree)
        return tree
    value = tree if isinstance(tree, Value) else Value(tree)
    xs.append(identity(value) if nested else Value(value.data, value.label))
    return xs[-1]


def scalar(y: Any) -> Value:
    """The result of a function to differentiate, as a Value. TypeError if it is not one Value or number."""
    if not is_leaf(y):
        got = f"an array of shape {y.sizes}" if isinstance(y, FromArray) else printable(type(y).__name__)
        raise TypeError(f"the function must return one Value, got {got}; add them up with sum(...)")
    return y if isinstance(y, Value) else Value(y)


def split(y: Any, inside: bool) -> tuple[Any, Any]:
    """What a function with has_aux returned: its value, and the rest, with numbers in place of Values unless another
    transform differentiates them. TypeError if it is no pair."""
    if not isinstance(y, (tuple, list)) or len(y) != 2:
        raise TypeError(f"with has_aux=True the function must return (value, more), got {short(y)}")
    more = y[1] if inside else rebuild(y[1], iter([v.data if isinstance(v, Value) else v for v in leaves(y[1])]))
    return y[0], more


def directions(xs: Any, inputs: Sequence[Value], vs: Any, whose: str = "inputs") -> list[Any]:
    """The numbers of the direction, one for each input. ValueError if the counts or the keys of a dict differ."""
    found = _aligned(xs, vs)
    if len(found) != len(inputs):
        raise ValueError(f"the direction has {len(found)} numbers for {len(inputs)} {whose}; give one for each")
    return found


def _aligned(tree: Any, other: Any) -> list[Any]:
    """The leaves of `other` in the order of `tree`: a dict may have its keys in another one."""
    if isinstance(tree, dict) and isinstance(other, dict):
        if tree.keys() != other.keys():
            raise ValueError(f"the direction has keys {list(other)}, the argument {list(tree)}; give each once")
        return [x for key in tree for x in _aligned(tree[key], other[key])]
    if (isinstance(tree, FromArray) or isinstance(other, FromArray)) and shape(tree) != shape(other):
        raise ValueError(f"the direction has shape {shape(other)}, the argument {shape(tree)}; give one of that shape")
    inner, others = branches(tree), branches(other)
    if inner is None or others is None or len(inner) != len(others):
        return leaves(other)
    return [x for branch, one in zip(inner, others) for x in _aligned(branch, one)]
