"""Fused sums: fewer operations, the same numbers. Small integers and infinities, for which all arithmetic is exact."""
import math
from unittest import mock

import pytest

from ...budget import budget
from ...compiled import different, equal, needs_llvmlite

pytestmark = needs_llvmlite
pytest.importorskip("llvmlite")

from hypothesis import assume, example, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import microgradx as mg  # noqa: E402
from microgradx import jit, value_and_grad, where  # noqa: E402
from microgradx.compiler.ir.fuse import fused  # noqa: E402
from microgradx.compiler.ir.program import Program, program  # noqa: E402
from microgradx.compiler.native import straight  # noqa: E402
from microgradx.compiler.native.instructions import native  # noqa: E402
from microgradx.compiler.pickling import played  # noqa: E402
from microgradx.compiler.trace.trace import trace  # noqa: E402
from microgradx.table import TABLE  # noqa: E402

INTEGERS = [0.0, 1.0, -1.0, 2.0, -3.0]
EDGES = [*INTEGERS, math.inf, -math.inf, math.nan]
ROWS = {"add": 2, "sub": 2, "mul": 2, "neg": 1, "where": 3, "less": 2, "sum": 3, "dot": 4, "masked_dot": 6}


@st.composite
def programs(draw):
    """A program of three inputs, a few constants and a dozen operations; any of its nodes may be results."""
    p = Program()
    nodes = [p.input(), p.input(), p.input(), *map(p.constant, INTEGERS)]
    for _ in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(list(ROWS)))
        recent = st.sampled_from(nodes[-4:]) | st.sampled_from(nodes)
        nodes.append(p.add(TABLE[name], tuple(draw(st.lists(recent, min_size=ROWS[name], max_size=ROWS[name])))))
    p.results = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3)) + nodes[-1:]
    return p.live()


def everything(p, xs):
    """The numbers of all operations."""
    q = p.changed(p.ops, p.args)
    q.results = [i for i, op in enumerate(p.ops) if op]
    return played(q, xs)


XS = st.lists(st.sampled_from(EDGES), min_size=3, max_size=3)


@settings(max_examples=budget(500))
@given(programs(), XS)
def test_a_fused_program_has_the_same_results(p, xs):
    assume(all(abs(x) < 2**40 for x in everything(p, xs) if math.isfinite(x)))     # sums and products are exact
    q = fused(p)
    assert different(played(q, xs), played(p, xs), equal) == []


def recorded(f, *args):
    return program(trace(f, list(args)), lambda op: native(op, False))


def names(p):
    return [op.name for op in p.ops if op]


A, B = 5.0, 7.0
COUNTS = {                                          # operations that are left
    "like terms": (lambda a, b: a + a + 2 * a + a, 1),
    "a constant and like terms": (lambda a, b: (a + 1) + (a + 2), 1),
    "a multiple of a multiple": (lambda a, b: 3 * (2 * (-a)), 1),
    "signs": (lambda a, b: a - (b - a * b) - -b, 1),
    "minus times minus": (lambda a, b: -a * -b, 1),
    "a sign of a quotient": (lambda a, b: 1 - (-a) / b, 2),
    "the same product twice": (lambda a, b: a * b + b * a, 2),
    "a product that two sums use": (lambda a, b: [a * b + a, a * b + b], 2),
    "opposite terms stay": (lambda a, b: a + b - a, 1),
    "a sum that is used twice": (lambda a, b: [(a + b) * a, (a + b) - a], 3),
}


@pytest.mark.parametrize("name", COUNTS)
def test_so_much_is_left(name):
    f, count = COUNTS[name]
    p = recorded(f, A, B)
    q = fused(p)
    left = sum(op != "neg" for op in names(q))      # a machine's multiply-and-add has room for a sign
    assert left == count and played(q, [A, B]) == played(p, [A, B])


FAR = [1e200, -1e200, 1e-200, 5e-324, 1e300, 1.7e308, math.inf]
OUT_OF_RANGE = {
    "shrunken after it was too large": lambda x: (x * 1e60) * 1e-60,
    "grown after it was too small": lambda x: (x * 1e-60) * 1e60,
    "a factor too large": lambda x: (x * 1e90) * 1e90 * 1e90 * 1e90,
    "a factor too small": lambda x: (x * 1e-90) * 1e-90 * 1e-90 * 1e-90,
    "halved": lambda x: (x + x + x) * 0.5,
}


@pytest.mark.parametrize("x", FAR)
@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_what_leaves_the_range_of_floats_leaves_it_here(name, x):
    p = recorded(OUT_OF_RANGE[name], x)
    assert played(fused(p), [x]) == pytest.approx(played(p, [x]), rel=1e-15, nan_ok=True)


# Gates ---------------------------------------------------------------------------------------------------------------

def dead(x, w):
    """The slope of the root at 0 is infinite; where the branch is not taken nothing reaches it."""
    return w * where(x > 0, mg.sqrt(x), 0.0)


@pytest.mark.parametrize("flat", [500, -1])
def test_a_branch_that_is_not_taken_stays_shut(flat):
    with mock.patch.object(straight, "FLAT", flat):
        f = jit(value_and_grad(dead, (0, 1)), backend="native")
        assert f(0.0, 1.0) == f(-1.0, 1.0) == (0.0, (0.0, 0.0))
        assert f(4.0, 3.0) == (6.0, (0.75, 2.0))


def test_a_product_with_an_infinite_slope_is_nan():
    f = jit(mg.grad(lambda x: mg.sqrt(x) * mg.sqrt(x)), backend="native")
    assert math.isnan(f(0.0)) and f(4.0) == 1.0


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_a_shut_branch_leaves_the_others_alone(count):
    def f(x):
        return mg.sum([dead(a, 1.0 + k) for k, a in enumerate(x)])
    run = jit(value_and_grad(f), backend="native")
    for place in range(count):
        xs = [1.0] * count
        xs[place] = 0.0
        assert run(xs)[1] == [0.0 if k == place else 0.5 * (1 + k) for k in range(count)]


@settings(max_examples=budget(15))
@given(st.lists(st.sampled_from(EDGES), min_size=2, max_size=2))
@example([math.inf, 0.0])
@example([0.0, math.nan])
def test_edges_by_machine_code(run_both, xs):
    compiled, eager = run_both
    assert different(compiled(xs)[1], eager(xs)[1], equal) == []


@pytest.fixture(scope="module")
def run_both():
    f = value_and_grad(lambda x: mg.relu(x[0] - x[1]) * x[1] + 3 * mg.relu(x[0]) - x[1] / 2)
    return jit(f, backend="native"), f
