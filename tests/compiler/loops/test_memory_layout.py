"""Layout: whatever the program, its groups computed one after the other are the program."""
import pytest

from ...budget import budget
from ...compiled import as_function, different, identical, needs_llvmlite

pytestmark = needs_llvmlite
np = pytest.importorskip("numpy")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import microgradx as mg  # noqa: E402
from microgradx import value_and_grad  # noqa: E402
from microgradx.checking.strategies import graphs  # noqa: E402
from microgradx.compiler.ir.program import program  # noqa: E402
from microgradx.compiler.loops.memory_layout import EdgeArrays, groups  # noqa: E402
from microgradx.compiler.pickling import played  # noqa: E402
from microgradx.compiler.trace.trace import trace  # noqa: E402


def computed(memory, given_numbers):
    """The memory after all groups: what no group has written is nan."""
    found = np.full(memory.size, np.nan)
    written = np.zeros(memory.size, bool)
    found[:len(given_numbers)], written[:len(given_numbers)] = given_numbers, True
    for slot, x in memory.constants.items():
        found[slot], written[slot] = x, True
    for group in memory.groups:
        assert written[group.inputs].all(), "what a group needs was computed before"
        assert not written[group.slots].any(), "no slot is written twice"
        found[group.slots] = [group.op.apply(group.op.called(found[row].tolist())) for row in group.inputs]
        written[group.slots] = True
    return found.tolist()


@settings(max_examples=budget(100))
@given(graphs(), st.booleans())
def test_every_graph_is_its_groups(root, late):
    f, xs = as_function(root)
    p = program(trace(value_and_grad(f), [xs]))
    numbers = [*xs, *[source.data for source in p.closures]]
    memory = groups(p, range(len(numbers)), len(numbers), late)
    found = computed(memory, numbers)[memory.results:][:len(p.results)]
    assert different(found, played(p, numbers), identical) == []


@pytest.mark.parametrize("late", [False, True])
def test_results_lie_in_the_order_in_which_they_were_asked_for(late):
    """An input, a constant and the same result twice among them."""
    def f(xs):
        return [xs[1] * xs[0], xs[2], mg.tanh(xs[0]), 4.0, xs[1] * xs[0], mg.tanh(xs[1])]
    p = program(trace(f, [[1.0, 2.0, 3.0]]))
    memory = groups(p, range(3), 3, late)
    assert computed(memory, [1.0, 2.0, 3.0])[memory.results:][:6] == f([1.0, 2.0, 3.0])


def test_what_is_alike_lies_in_a_row():
    """All products of a layer, then all sums, then all activations, whatever the order they were recorded in."""
    def f(ws, x):
        return [mg.tanh(w * x + w) for w in ws]
    memory = groups(program(trace(f, [[1.0] * 20, 2.0])), range(21), 21)
    assert [(g.op.name, len(g.slots)) for g in memory.groups] == [("mul", 20), ("add", 20), ("tanh", 20)]
    assert all(set(np.diff(g.slots).tolist()) == {1} for g in memory.groups)


def test_late_nodes_wait_for_what_is_needed_beside_them():
    """y is computed at the start or, late, beside the other square."""
    def f(x, y):
        return mg.exp(mg.square(mg.tanh(x))) * mg.exp(mg.square(y))
    p = program(trace(f, [1.0, 2.0]))
    sizes = [[len(g.slots) for g in groups(p, range(2), 2, late).groups if g.op.name == "square"]
             for late in (False, True)]
    assert sizes == [[1, 1], [2]]


def test_edges_are_the_inputs_of_nodes():
    p = program(trace(lambda x, y: [x * y, x + y, mg.tanh(y)], [1.0, 2.0]))
    binary = [i for i, args in enumerate(p.args) if len(args) == 2]
    assert EdgeArrays(p).matrix(binary, 2).tolist() == [list(p.args[i]) for i in binary]
