"""A program as arrays: the same answers as node by node."""
import pytest

pytest.importorskip("llvmlite", reason="machine code is made by llvmlite; no wheel here")
np = pytest.importorskip("numpy")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from microgradx import value_and_grad  # noqa: E402
from microgradx.checking.strategies import graphs  # noqa: E402
from microgradx.compiler.ir.program import program  # noqa: E402
from microgradx.compiler.loops.compose import composed, outermost  # noqa: E402
from microgradx.compiler.loops.edges import EdgeArrays, alike, numbered  # noqa: E402
from microgradx.compiler.native.instructions import native  # noqa: E402
from microgradx.compiler.trace.trace import trace  # noqa: E402

from ...budget import budget  # noqa: E402
from ...compiled import as_function  # noqa: E402


@given(st.data())
def test_parts_are_those_of_a_dict(data):
    """Nodes by their keys, in order; parts by their first node."""
    count = data.draw(st.integers(1, 20))
    keys = [data.draw(st.lists(st.integers(-2, 2), min_size=count, max_size=count)) for _ in range(3)]
    nodes = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1)))
    expected = {}
    for i in nodes:
        expected.setdefault(tuple(key[i] for key in keys), []).append(i)
    found = alike(np.array(nodes), [np.array(key) for key in keys])
    assert [part.tolist() for part in found] == list(expected.values())


@given(st.lists(st.sampled_from("abc")))
def test_numbers_are_the_same_for_equal_ones(xs):
    found = numbered(xs).tolist()
    assert [[a == b for a in found] for b in found] == [[a == b for a in xs] for b in xs]
    assert set(found) == set(range(len(set(xs))))


@settings(max_examples=budget(50))
@given(graphs())
def test_inputs_rows_and_kinds(root):
    f, xs = as_function(root)
    p = composed(program(trace(value_and_grad(f), [xs]), lambda op: native(op, False)), False)
    edges = EdgeArrays(p)
    assert edges.nodes.tolist() == [i for i, op in enumerate(p.ops) if op is not None]
    for i in edges.nodes:
        assert edges.matrix(np.array([i]), len(p.args[i])).tolist() == [list(p.args[i])]
    pairs = [(i, j) for i in edges.nodes for j in edges.nodes]
    assert all((edges.row[i] == edges.row[j]) == (outermost(p.ops[i]) is outermost(p.ops[j])) for i, j in pairs)
    assert all((edges.kind[i] == edges.kind[j]) == (p.ops[i] is p.ops[j] and len(p.args[i]) == len(p.args[j]))
               for i, j in pairs)
