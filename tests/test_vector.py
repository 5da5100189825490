"""A Vector is the list it was made of; a row of lists is one node, whatever the lists are."""
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, Vector, no_grad, tape
from microgradx.checking.strategies import graphs
from microgradx.table import TABLE, Reduction

ROWS = [op for op in TABLE.values() if isinstance(op, Reduction) and not op.index]
KINDS = [list, tuple, Vector]
every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)


def same(a, b):
    return a is b or a == b or (a != a and b != b)


@every_row
@given(st.data())
def test_values_and_numbers_stand_anywhere(op, data):
    """One node of all inputs in order; the slopes of numbers are None; lists, tuples and Vectors alike."""
    numbers = st.sampled_from([0.5, -1.5, 2.0, math.inf, -math.inf, math.nan, 1e308])
    count = data.draw(st.integers(max(op.least, 1), 4))
    lists = [data.draw(st.lists(numbers, min_size=count, max_size=count)) for _ in range(op.lists)]
    inputs = [[Value(x) if data.draw(st.booleans()) else x for x in xs] for xs in lists]
    inputs[0][0] = Value(lists[0][0])
    flat = [x for xs in inputs for x in xs]
    found = [op(*map(kind, inputs)) for kind in KINDS]
    plain = op.partials([isinstance(x, Value) for x in flat], found[0].data, *[x for xs in lists for x in xs])
    for y in found:
        assert y.op is op and all(map(same, y.args, flat)) and len(y.args) == len(flat)
        assert same(y.data, op(*lists))
        assert all(map(same, y.slopes, plain)) and len(y.slopes) == len(flat)
    with no_grad():
        for kind in KINDS:
            y = op(*map(kind, inputs))
            assert y.op is None and same(y.data, found[0].data)


def test_it_is_the_list_it_was_made_of():
    x = Value(2.0)
    v = Vector(iter([x, 1, 0.5]))
    assert (len(v), list(v), v[0], v[1:], x in v, v.index(0.5)) == (3, [x, 1.0, 0.5], x, (1.0, 0.5), True, 2)
    assert repr(v) == "Vector([Value(data=2.0, grad=0.0), 1.0, 0.5])"


def test_the_numbers_are_those_at_the_time_it_was_made():
    x = Value(2.0)
    v = Vector([x])
    x.data = 5.0
    assert (mg.sum(v).data, mg.sum([x]).data) == (2.0, 5.0)


def test_they_are_also_where_the_row_raises_and_ieee_answers():
    op = mg.reduction("first_root", lambda *xs: math.sqrt(xs[0]), lambda y, *xs: [0.5 / y] * len(xs))
    try:
        x = Value(-1.0)
        v = Vector([x, 2.0])
        x.data = 4.0
        y = op(v)
        assert math.isnan(y.data) and y.args == (x, 2.0) and math.isnan(y.slopes[0]) and y.slopes[1] is None
        assert op([x, 2.0]).slopes == (0.25, None)
    finally:
        del TABLE["first_root"]


def test_lists_of_two_lengths_and_empty_ones_are_refused():
    with pytest.raises(ValueError, match="lists of one length, got 1 and 2"):
        mg.dot(Vector([Value(1.0)]), Vector([1.0, 2.0]))
    with pytest.raises(ValueError, match="max of an empty list"):
        mg.max(Vector([]))


def test_a_list_shared_by_many_nodes_is_walked_once_and_in_order():
    a, b = Value(2.0), Value(3.0)

    def program(vector):
        shared = vector([a * 1.0, b * 2.0])
        inner = mg.dot(shared, [a, 5.0])
        return mg.dot(vector([inner, inner * a]), shared) + mg.dot(shared, shared)

    y = program(Vector)
    order = tape(y)
    place = {v: i for i, v in enumerate(order)}
    assert len(place) == len(order)
    assert all(place[x] < place[v] for v in order for x in v.args if isinstance(x, Value))
    assert mg.gradients(y, [a, b]) == mg.gradients(program(list), [a, b]) == mg.gradients(program(tuple), [a, b])
    y.backward()
    assert [a.grad, b.grad] == mg.gradients(y, [a, b])


def test_a_vector_of_numbers_is_no_node():
    assert mg.dot(Vector([1.0, 2.0]), Vector([3, True])) == 5.0
    with pytest.raises(TypeError, match="expected a number"):
        Vector([1.0, "2"])


@given(graphs())
def test_backward_needs_no_leaves(root):
    """tape(leaves=False) is the tape without them: every result, in the same order."""
    assert tape(root, leaves=False) == [v for v in tape(root) if v.op is not None]


def test_two_lists_where_the_row_raises_and_ieee_answers():
    """All inputs in order, each with its slope; a number in no_grad()."""
    op = Reduction("root_of_dot", lambda xs, ys: math.sqrt(sum(x * y for x, y in zip(xs, ys))),
                   lambda y, xs, ys: [[t / (2 * y) for t in ys], [t / (2 * y) for t in xs]], lists=2)
    a, b, c = Value(2.0), Value(-3.0), Value(0.5)
    y = op([a, 1.0], [b, c])
    assert math.isnan(y.data) and y.args == (a, 1.0, b, c)
    assert y.slopes[1] is None and all(map(math.isnan, (y.slopes[0], *y.slopes[2:])))
    z = op([a, 0.0], [0.0, c])                                  # sqrt(0): the slopes divide by 0
    assert z.data == 0.0 and z.args == (a, 0.0, 0.0, c) and z.scope == ""
    assert math.isnan(z.slopes[0]) and z.slopes[1:3] == (None, None) and math.isnan(z.slopes[3])
    w = op([Value(4.0), 2.0], [Value(0.0), 0.0])
    assert math.isnan(w.slopes[0]) and w.slopes[2] == math.inf
    with no_grad():
        assert op([a, 1.0], [b, c]).op is None and math.isnan(op([a], [b]).data)
