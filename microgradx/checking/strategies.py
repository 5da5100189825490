"""Hypothesis strategies: inputs to test derivatives at, and random graphs. The property test of a row is three lines:

    >>> from hypothesis import given
    >>> from microgradx import gradcheck, sin
    >>> from microgradx.checking.strategies import arguments
    >>> @given(arguments(sin))
    ... def test_sin(xs):
    ...     assert gradcheck(sin, *xs)
    >>> test_sin()

Numbers are 0 or of a size from 1/1024 to 8, and whole ones come first: a failing example shrinks to one that can be
checked by hand.
"""
import inspect
import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import cycle
from typing import Any

from ..engine import tape
from ..extras import install
from ..nesting import branches, is_leaf, regrown
from ..operators import Operand, Value
from ..step import steps
from ..table import TABLE, Domain, Op, Reduction
from .differences import UNDEFINED
from .evaluation_point import EvaluationPoint
from .samples import LARGE, called_with, edges, is_regular, is_smooth, is_whole, kink_points, least, moderate, reachable

try:
    from hypothesis import assume, note
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(f"microgradx.checking.strategies needs Hypothesis; write {install('strategies')}") from error

LIMIT = 2.0**20                         # of the values in a graph, and of their derivatives if no terms cancelled
STEPS, LEAVES = 12, 3                   # largest numbers of operations and leaves in a graph,
REACH, WIDTH = 3, 4                     # of nodes back to an input, of elements in a list


# Numbers and arguments -----------------------------------------------------------------------------------------

def numbers(low: float = -LARGE, high: float = LARGE) -> st.SearchStrategy[float]:
    """Floats from low to high, whole numbers first; apart from 0, none is closer to 0 than 1/1024 (less, if low and
    high are). An infinite end is 8 away from 0 or from the other end, or twice that end.

    >>> from hypothesis import find
    >>> from microgradx.checking.strategies import numbers
    >>> find(numbers(), lambda x: x > 2.5)
    3.0
    """
    if math.isinf(low) or math.isinf(high):
        low, high = reachable(low, high)
    first, last, gap = math.ceil(low), math.floor(high), least(low, high)
    broken = st.floats(low, high).map(lambda x: x if abs(x) >= gap else min(max(low, 0.0), high))
    return st.integers(first, last).map(float) | broken if first <= last else broken


def values(low: float = -LARGE, high: float = LARGE) -> st.SearchStrategy[Value]:
    """Leaves: a Value of each of numbers(low, high).

    >>> from hypothesis import find
    >>> from microgradx.checking.strategies import values
    >>> find(values(), lambda v: v.data < 0).data
    -1.0
    """
    return numbers(low, high).map(Value)


def register() -> None:
    """Hypothesis's entry point, which it calls by itself where microgradx is installed: Values by type.

    >>> from hypothesis import find, strategies as st
    >>> from microgradx import Value
    >>> from microgradx.checking.strategies import register
    >>> register()
    >>> find(st.from_type(Value), lambda v: v.data > 2.5).data
    3.0
    """
    st.register_type_strategy(Value, values())


def arrays(shape: int | tuple[int, ...], low: float = -LARGE, high: float = LARGE,
           dtype: str = "float64") -> st.SearchStrategy[Any]:
    """NumPy arrays of a shape, with numbers(low, high) as entries; `.map(torch.from_numpy)` makes tensors of them.

    A failing one shrinks to small whole numbers. ImportError without NumPy.

    >>> from hypothesis import find
    >>> from microgradx.testing import arrays
    >>> find(arrays((1, 2), 0.0, 4.0), lambda a: a[0, 0] > 2.5)
    array([[3., 0.]])
    """
    try:
        import numpy
    except ImportError as error:
        raise ImportError(f"arrays needs NumPy; write {install('jit')}") from error
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    count = math.prod(lengths)
    entries = st.lists(numbers(low, high), min_size=count, max_size=count)
    return entries.map(lambda xs: numpy.array(xs, dtype).reshape(lengths))


def arguments(f: Callable[..., Any], *like: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """Arguments to check the derivatives of f at, as gradcheck(f, *args) takes them.

    f       a row of the table: its arguments are inside its domain and away from its kinks; or any function of
            Values: at its arguments results and slopes are finite
    like    the nesting of a function's arguments; without them each parameter gets a number

    TypeError if the number of parameters is not known. ValueError for a row without smooth points (detach).

    >>> from hypothesis import find
    >>> from microgradx import dot, log
    >>> from microgradx.checking.strategies import arguments
    >>> find(arguments(lambda w, b: dot(w, w) + log(b), [0, 0], 0), lambda args: True)
    ([0.0, 0.0], 1.0)
    """
    if like or not isinstance(f, Op):
        shapes = like or (0.0,) * _parameters(f)
        return st.tuples(*map(_alike, shapes)).filter(lambda args: _defined(f, args))
    if not is_smooth(f):
        raise ValueError(f"row {f.name!r} has a kink everywhere: its slope is a convention that no test can confirm")
    return _inputs(f).map(lambda xs: called_with(f, xs))


def kinks(op: Op) -> st.SearchStrategy[tuple[Any, ...]]:
    """Arguments that are exactly on a kink or jump of a row, where it is finite. ValueError if it has none.

    >>> from hypothesis import find
    >>> from microgradx import maximum
    >>> from microgradx.checking.strategies import kinks
    >>> find(kinks(maximum), lambda args: args[0] > 0)
    (1.0, 1.0)
    """
    points = kink_points(op)
    if not points:
        raise ValueError(f"row {op.name!r} has no kink where it is finite")
    return st.sampled_from([called_with(op, xs) for xs in points])


def _inputs(op: Op) -> st.SearchStrategy[tuple[float, ...]]:
    """Regular inputs of a row, as a flat tuple."""
    drawn = st.one_of([st.tuples(*map(_within, op.domains(size))) for size in _sizes(op)])
    return drawn.filter(lambda xs: is_regular(op, xs))


def _sizes(op: Op) -> Sequence[int]:
    """The numbers of inputs that a row may have."""
    if not isinstance(op, Reduction):
        return [len(op.inputs)]
    return [length * op.lists + op.index for length in range(max(op.least, 1), WIDTH + 1)]


@cache
def _within(domain: Domain) -> st.SearchStrategy[float]:
    """A number well inside a domain."""
    return st.sampled_from(domain).map(float) if isinstance(domain, range) else numbers(*moderate(domain))


def _alike(example: Any) -> Any:
    """Numbers in the nesting of an example; anything else is passed on as it is."""
    inner = branches(example)
    if inner is not None:
        return st.tuples(*map(_alike, inner)).map(lambda new: regrown(example, new))
    return numbers() if is_leaf(example) else st.just(example)


def _parameters(f: Callable[..., Any]) -> int:
    """The number of arguments that a function needs. TypeError if that is not known."""
    needed = [p for p in inspect.signature(f).parameters.values() if p.default is p.empty]
    if not needed or any(p.kind is p.VAR_POSITIONAL for p in needed):
        raise TypeError("cannot tell how many arguments the function takes; give an example: arguments(f, 0.0, [0.0])")
    return len(needed)


def _defined(f: Callable[..., Any], args: Sequence[Any]) -> bool:
    """Whether f and all slopes in its graph are finite at `args`."""
    try:
        outputs = EvaluationPoint(f, args).outputs
    except UNDEFINED:
        return False
    return all(math.isfinite(slope) for v in tape(*outputs) for slope in v.slopes if slope is not None)


# Graphs --------------------------------------------------------------------------------------------------------

@st.composite
def graphs(draw: st.DrawFn, whole: bool = False) -> Value:
    """Roots of random graphs of all rows of the table, with nodes that are used more than once.

    Every input is inside the domain of its row and away from kinks; no value and no derivative of a node by another is
    beyond 2**24. With `whole` all these numbers are whole and so exact: the graph uses only rows with whole results and
    slopes at whole inputs. A failing test prints the graph, one line for each node.

    >>> from hypothesis import given
    >>> from microgradx.checking.strategies import graphs
    >>> @given(graphs(whole=True))
    ... def test_exact(root):
    ...     assert root.data == int(root.data)
    >>> test_exact()
    """
    rows = [op for op in TABLE.values() if (is_whole(op) if whole else is_smooth(op))]
    leaf = st.integers(-3, 3).map(float) if whole else numbers()
    picks = st.lists(st.tuples(st.integers(0, REACH), leaf), min_size=1, max_size=WIDTH)
    steep = {Value(x): 1.0 for x in draw(st.lists(leaf, min_size=1, max_size=LEAVES))}
    for op, picked in draw(st.lists(st.tuples(st.sampled_from(rows), picks), min_size=1, max_size=STEPS)):
        sizes = _sizes(op)
        domains = op.domains(sizes[len(picked) % len(sizes)])
        inputs = [_picked([*steep], domain, *pick) for domain, pick in zip(domains, cycle(picked))]
        y = op.apply(op.called(inputs))
        if isinstance(y, Value) and is_regular(op, [_data(x) for x in inputs]):
            slope = 1 + sum(abs(d) * steep[a] for a, d in zip(y.args, y.slopes) if isinstance(a, Value) and d)
            if max(abs(y.data), slope) <= LIMIT:
                steep[y] = slope
    used = {a for v in steep for a in v.args}
    ends = [v for v in steep if v.op and v not in used]
    assume(ends)
    root, *others = ends
    for v in others:
        root = root + v                     # so that every node counts
    note("\n".join(str(step) for step in steps(root) if step.phase == "forward"))
    return root


def _picked(pool: Sequence[Value], domain: Domain, back: int, x: float) -> Operand:
    """The node `back` places back among those inside the domain; if there is none, the constant there nearest to x."""
    if isinstance(domain, range):
        return float(domain[back % len(domain)])
    low, high = edges(domain)
    nodes = [v for v in reversed(pool) if low <= v.data <= high]
    return nodes[back] if back < len(nodes) else min(max(x, low), high)


def _data(x: Operand) -> float:
    return x.data if isinstance(x, Value) else x
