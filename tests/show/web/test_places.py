"""Places: nothing on top of anything, data flows to the right, and it is quick."""
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value, sum, tape
from microgradx.show.web.places import columns, places, spread


def random_graph(seed, size):
    rng = random.Random(seed)
    known = [Value(1.0) for _ in range(4)]
    for _ in range(size):
        known.append(rng.choice(known[-8:]) * rng.choice(known))
    return sum(known)


@pytest.mark.parametrize("seed", range(10))
def test_values_do_not_overlap(seed):
    root = random_graph(seed, 60)
    found = places(root)
    assert set(found) == set(tape(root))
    for column in {at[0] for at in found.values()}:
        rows = sorted(at[1] for at in found.values() if at[0] == column)
        assert all(b - a > 1 - 1e-9 for a, b in pairwise(rows)) and rows[0] >= 0


@pytest.mark.parametrize("seed", range(10))
def test_data_flows_to_the_right(seed):
    root = random_graph(seed, 60)
    column = columns(root)
    for v in tape(root):
        for a in v.args:
            assert column[a] < column[v]
        if v.op is None:                        # a leaf stands next to its first use
            assert column[v] == min(column[u] for u in tape(root) if v in u.args) - 1


def test_a_line_has_a_place_in_each_column_it_passes():
    x = Value(1.0, "x")
    a = x * 2
    found = places((a * 2 * 2 * 2) + x)
    assert found[x][0] == 0 and len(found[x]) == 2 + 4 and len(found[a]) == 2
    for column, bend in enumerate(found[x][2:], start=1):
        assert all(abs(bend - at[1]) > 0.7 for at in found.values() if at[0] == column)


def test_inputs_stand_in_their_order():
    a, b, c = (Value(1.0) for _ in range(3))
    found = places(sum([a, b, c]))
    assert found[a][1] < found[b][1] < found[c][1]


def test_one_leaf():
    x = Value(1.0)
    assert places(x) == {x: [0.0, 0.0]}


def test_lines_of_a_deep_graph_take_limited_room():
    """300 leaves that are needed 300 columns later: their lines go straight across."""
    leaves = [Value(1.0) for _ in range(300)]
    x = sum(leaves)
    for _ in range(300):
        x = x.tanh()
    found = places(sum([*leaves, x]))
    assert max(map(len, found.values())) == 2


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 2)), min_size=1, max_size=30))
def test_spread_keeps_order_and_room(spots):
    wishes, room = zip(*spots)
    found = spread(wishes, room)
    for k in range(len(found) - 1):
        assert found[k + 1] - found[k] >= (room[k] + room[k + 1]) / 2 - 1e-6


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=30, unique=True))
def test_spread_leaves_what_has_room(wishes):
    wishes = [float(x) for x in sorted(wishes)]
    assert spread(wishes, [1.0] * len(wishes)) == pytest.approx(wishes)
