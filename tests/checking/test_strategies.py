"""Strategies: what they draw is where it should be, they find what is wrong, and what they find is small."""
import math
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, dot, gradients, log, tape
from microgradx.checking.check import GradientError, gradcheck
from microgradx.checking.explanation import first_nonfinite
from microgradx.checking.samples import SMALL, called_with, edges, is_regular, is_smooth, is_whole, kink_points
from microgradx.checking.strategies import LIMIT, arguments, graphs, kinks, numbers
from microgradx.extras import install
from microgradx.nesting import leaves
from microgradx.table import TABLE, Op, Reduction, row

from ..budget import EXAMPLES, budget, sweep
from .rows import KINKED, ROWS

every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)


def least(strategy, condition, *phases):
    """The simplest example, the same in every run."""
    return find(strategy, condition, settings=settings(derandomize=True, database=None, max_examples=2000,
                                                       phases=phases or [Phase.generate, Phase.shrink]))


def anything(_):
    return True


def flat(args):
    """The inputs in the arguments of a row, one after the other."""
    return tuple(leaves(list(args)))


# Numbers -------------------------------------------------------------------------------------------------------

@given(st.data(), st.sampled_from([(-8.0, 8.0), (0.5, 3.0), (-2.0, -0.25), (0.1, 0.2), (-0.3, 7.5), (9.5, 9.6)]))
def test_numbers_stay_in_their_range(data, ends):
    x = data.draw(numbers(*ends))
    assert type(x) is float and ends[0] <= x <= ends[1] and (x == 0 or abs(x) >= 2**-10)


@pytest.mark.parametrize("condition, smallest", [
    (anything, 0.0), (lambda x: x > 2.5, 3.0), (lambda x: x < -0.1, -1.0), (lambda x: 0 < x < 1, 0.5),
])
def test_numbers_shrink_to_small_whole_ones(condition, smallest):
    assert least(numbers(), condition) == smallest


def test_what_is_regular_begins_at_the_edge_and_at_a_distance_from_kinks():
    low, high = edges(mg.atanh.domain[0])
    assert (low, high) == (-1 + SMALL, 1 - SMALL) and edges(range(3)) == (0.0, 2.0)
    assert [is_regular(mg.atanh, [x]) for x in (low, high)] == [True, True]
    assert [is_regular(mg.atanh, [math.nextafter(x, 2 * x)]) for x in (low, high)] == [False, False]
    assert [is_regular(mg.relu, [x]) for x in (SMALL, -SMALL, SMALL / 2, 0.0)] == [True, True, False, False]


# Arguments -----------------------------------------------------------------------------------------------------

@sweep(4)
@every_row
@settings(max_examples=budget(30))
@given(data=st.data())
def test_arguments_of_a_row_are_regular(op, data):
    args = data.draw(arguments(op))
    xs = flat(args)
    assert is_regular(op, xs) and math.isfinite(op(*args))
    assert all(low <= x <= high for x, (low, high) in zip(xs, map(edges, op.domains(len(xs)))))
    assert called_with(op, xs) == args


@pytest.mark.slow
def test_arguments_of_a_reduction_are_lists():
    args = least(arguments(dot), lambda args: len(args[0]) == 3)
    assert args == ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    assert least(arguments(TABLE["take"]), lambda args: args[1] == 2) == ([0.0, 0.0, 0.0], 2.0)


def test_a_row_without_smooth_points_has_no_arguments():
    with pytest.raises(ValueError, match="'detach' has a kink everywhere"):
        arguments(mg.detach)


@pytest.mark.slow
@pytest.mark.parametrize("f, like, smallest", [
    (lambda x: x, (), (0.0,)),
    (lambda x, y=2.0: x * y, (), (0.0,)),
    (lambda a, b, c: a + b * c, (), (0.0, 0.0, 0.0)),
    (lambda a, b: a / b, (), (0.0, 1.0)),
    (lambda w, x: 2 * dot(w, x), ([1, 1], (1, 1)), ([0.0, 0.0], (0.0, 0.0))),
    (lambda rows, name: mg.sum([log(x) for xs in rows for x in xs]), ([[0.0], [0.0]], "a"), ([[1.0], [1.0]], "a")),
    (lambda *xs: xs[0] * xs[1], (0.0, 0.0), (0.0, 0.0)),
    (dot, ([0.0], [0.0]), ([0.0], [0.0])),
])
def test_arguments_of_a_function(f, like, smallest):
    assert least(arguments(f, *like), anything) == smallest


@given(arguments(lambda x, y: mg.sqrt(x) * log(y)))
def test_arguments_of_a_function_are_where_it_is_finite(args):
    assert args[0] > 0 and args[1] > 0


@pytest.mark.parametrize("f", [lambda *xs: mg.sum(xs), lambda x=1.0: x])
def test_the_number_of_arguments_must_be_known(f):
    with pytest.raises(TypeError, match="give an example"):
        arguments(f)


# The property test of three lines ------------------------------------------------------------------------------

@pytest.mark.slow
def test_three_lines_find_a_wrong_row():
    wrong = Op("wrong", lambda x: x * x, lambda y, x: 2 * x if x < 3 else 2.0001 * x)

    @settings(max_examples=EXAMPLES)
    @given(arguments(wrong))
    def test_wrong(xs):
        assert gradcheck(wrong, *xs)

    with pytest.raises(GradientError) as caught:
        test_wrong()
    assert (caught.value.op, caught.value.expected) == ("wrong", 6.0), "and shrink to x = 3"


@pytest.mark.slow
def test_three_lines_find_a_slope_that_is_wrong_at_kinks_only():
    wrong = Op("wrong", math.fabs, lambda y, x: mg.where(x < 0, -1, mg.where(x > 0, 1, 2)), kinks=lambda x: [x])

    @settings(max_examples=EXAMPLES)
    @given(arguments(wrong))
    def test_smooth(xs):
        assert gradcheck(wrong, *xs)

    @settings(max_examples=EXAMPLES)
    @given(kinks(wrong))
    def test_kinks(xs):
        assert gradcheck(wrong, *xs)

    test_smooth()
    with pytest.raises(GradientError, match=r"There is a kink, with slopes -1\.0 and 1\.0"):
        test_kinks()


@pytest.mark.slow
def test_three_lines_on_a_reduction():
    energy = Reduction("energy", lambda *xs: math.fsum(x * x for x in xs), lambda y, *xs: [2 * x for x in xs])

    @settings(max_examples=EXAMPLES)
    @given(arguments(energy))
    def test_energy(args):
        assert gradcheck(energy, *args)

    test_energy()


# Kinks ---------------------------------------------------------------------------------------------------------

@sweep(4)
@pytest.mark.parametrize("op", KINKED, ids=lambda op: op.name)
@settings(max_examples=budget(20))
@given(data=st.data())
def test_kinks_are_exactly_on_a_kink(op, data):
    args = data.draw(kinks(op))
    assert 0 in op.kinks(*flat(args)) and math.isfinite(op(*args))


@pytest.mark.parametrize("where, domain", [(0.3, (-math.inf, math.inf)), (math.pi, (-math.inf, math.inf)),
                                           (15.0, (10.0, math.inf)), (0.125, (0.0, 0.25))])
def test_kinks_that_are_no_small_whole_numbers(where, domain):
    op = Op("far", lambda x: math.fabs(x - where), lambda y, x: mg.sign(x - where), domain=[domain],
            kinks=lambda x: [x - where])
    assert kink_points(op) == [(where,)] and is_smooth(op)
    assert least(kinks(op), anything) == (where,)
    assert least(arguments(op), anything) != (where,)


@sweep(5)
@pytest.mark.parametrize("op", [op for op in ROWS if op not in KINKED], ids=lambda op: op.name)
def test_a_row_without_finite_kinks_says_so(op):
    with pytest.raises(ValueError, match="has no kink where it is finite"):
        kinks(op)


# Graphs --------------------------------------------------------------------------------------------------------

def uses(root):
    """How often each node is an input."""
    return Counter(a for v in tape(root) for a in v.args if isinstance(a, Value))


@given(graphs())
def test_graphs_are_finite_and_regular(root):
    assert root.op is not None and first_nonfinite(root) is None
    for v in tape(root):
        assert v.op is None or is_regular(v.op, [a.data if isinstance(a, Value) else a for a in v.args])


@given(graphs(whole=True))
def test_whole_graphs_are_exact(root):
    order = tape(root)
    slopes = [slope for v in order for slope in v.slopes if slope is not None]
    numbers = [*(v.data for v in order), *slopes, *gradients(root, order)]
    assert all(x.is_integer() and abs(x) <= 12 * LIMIT < 2**53 for x in numbers)
    assert all(v.op is None or is_whole(v.op) for v in order)


@pytest.mark.slow
@sweep(2)
@pytest.mark.parametrize("strategy", [graphs(), graphs(whole=True)], ids=["all", "whole"])
def test_shared_subexpressions_are_found_and_small(strategy):
    root = least(strategy, lambda y: any(n > 1 and v.op is not None for v, n in uses(y).items()))
    assert len(tape(root)) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
def test_graphs_are_of_all_rows_and_sizes(whole):
    """In 600 graphs, the same in every run, nearly every row (of the few that are whole, each)."""
    drawn, sizes, leaves = set(), set(), set()

    @settings(max_examples=600, derandomize=True, database=None, phases=[Phase.generate])
    @given(graphs(whole=whole))
    def draw(root):
        order = tape(root)
        drawn.update(v.op for v in order if v.op is not None)
        sizes.add(len(order))
        leaves.add(sum(v.op is None for v in order))

    draw()
    wanted = {op for op in ROWS if is_whole(op) or not whole}
    assert len(wanted) > 5 and len(wanted & drawn) >= (1 if whole else 0.9) * len(wanted)
    assert {1, 2, 3} <= leaves and len(sizes) > 8 and max(sizes) > 11


@pytest.mark.slow
def test_rows_of_users_take_part():
    bell = row("test_bell", lambda x: math.exp(-x * x), lambda y, x: -2 * x * y)
    try:
        assert least(graphs(), lambda y: any(v.op is bell for v in tape(y)), Phase.generate) is not None
    finally:
        del TABLE[bell.name]


@pytest.mark.slow
def test_a_failing_test_shows_the_graph(capsys):
    @settings(max_examples=EXAMPLES, database=None, derandomize=True)
    @given(graphs(whole=True))
    def test_small(root):
        assert root.data < 5

    with pytest.raises(AssertionError) as caught:
        test_small()
    shown = "\n".join(caught.value.__notes__) + capsys.readouterr().out
    assert "forward: " in shown and "y = " in shown


# The package without Hypothesis --------------------------------------------------------------------------------

def test_without_hypothesis_the_error_says_what_to_install():
    program = "import sys; sys.modules['hypothesis'] = None; import microgradx; import microgradx.checking.strategies"
    run = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=False)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == ('ImportError: microgradx.checking.strategies needs Hypothesis; '
                                           f"write {install('strategies')}")
