"""The layout of the picture, run by node: nothing on top of anything, data flow to the right, large graphs fold."""
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, scope, sum, tape
from microgradx.show.web.bundle import asset
from microgradx.show.web.javascript import JavaScriptRows
from microgradx.show.web.page import graph

from ...budget import budget
from .test_javascript import answer, needs_node

pytestmark = needs_node

LAYOUT = asset("step/groups.js") + asset("step/layout.js") + asset("step/routes.js")
LAID_OUT = LAYOUT + """
data.map(({nodes, open}) => {
  const groups = grouped(nodes, new Set(open)), edges = edgesOf(nodes, groups), found = layout(groups.items, edges);
  return {...groups, edges, ...found, places: routed(groups.items, edges, found, edges.map(() => true))};
})"""


def laid_out(roots, openings=None):
    nodes = [graph(root, JavaScriptRows())["graph"] for root in roots]
    data = [{"nodes": n, "open": o} for n, o in zip(nodes, openings or [[]] * len(roots))]
    return [numbers(found) for found in answer(LAID_OUT, data)]


def numbers(found):
    """Numbers come back as texts, so that none is lost."""
    if isinstance(found, dict):
        return {key: numbers(x) for key, x in found.items()}
    if isinstance(found, list):
        return [numbers(x) for x in found]
    try:
        return float(found)
    except (TypeError, ValueError):
        return found


def random_graph(seed, size):
    rng = random.Random(seed)
    known = [Value(1.0) for _ in range(4)]
    for _ in range(size):
        known.append(rng.choice(known[-8:]) * rng.choice(known))
    return sum(known)


@pytest.fixture(scope="module")
def found():
    roots = [random_graph(seed, 60) for seed in range(5)]
    return list(zip(roots, laid_out(roots)))


@pytest.mark.slow
def test_values_do_not_overlap(found):
    for root, shown in found:
        assert len(shown["items"]) == len(tape(root)) <= 100
        for column in set(shown["column"]):
            rows = sorted(row for c, row in zip(shown["column"], shown["row"]) if c == column)
            assert all(b - a > 1 - 1e-9 for a, b in pairwise(rows)) and rows[0] >= 0


@pytest.mark.slow
def test_data_flows_to_the_right(found):
    for root, shown in found:
        order = tape(root)
        column = dict(zip(order, shown["column"]))
        for v in order:
            assert all(column[a] < column[v] for a in v.args if isinstance(a, Value))
            if v.op is None:                        # a leaf stands next to its first use
                assert column[v] == min(column[u] for u in order if v in u.args) - 1


@pytest.mark.slow
def test_numbers_on_lines_stand_on_nothing(found):
    for _, shown in found:
        places = shown["places"]
        boxes = [(box["x"], box["y"], 112, 68) for box in places["boxes"]]
        labels = [(p["x"] - 29, p["y"] - 9, 58, 18) for p in (line["label"] for line in places["lines"]) if p]
        assert len(labels) > 20
        for k, (x, y, wide, high) in enumerate(labels):
            for left, top, w, h in boxes + labels[:k]:
                assert x + wide <= left + 1e-9 or left + w <= x + 1e-9 or y + high <= top + 1e-9 or top + h <= y + 1e-9


def test_a_line_has_a_place_in_each_column_it_passes():
    x = Value(1.0, "x")
    [shown] = laid_out([(x * 2 * 2 * 2 * 2) + x])
    lengths = sorted(len(bends) for bends in shown["bends"])
    assert lengths == [0] * 5 + [4]
    [bends] = [bends for bends in shown["bends"] if bends]
    for column, bend in enumerate(bends, start=1):
        assert all(abs(bend - row) > 0.7 for c, row in zip(shown["column"], shown["row"]) if c == column)


def test_inputs_stand_in_their_order():
    [shown] = laid_out([sum([Value(1.0), Value(1.0), Value(1.0)])])
    assert shown["row"][0] < shown["row"][1] < shown["row"][2]


def test_one_leaf():
    [shown] = laid_out([Value(1.0)])
    assert (shown["column"], shown["row"]) == ([0], [0])


def network(layers, units):
    xs = [Value(1.0), Value(2.0)]
    for layer in range(layers):
        with scope(f"layers.{layer}"):
            xs = [sum([x * Value(0.5) for x in xs]) for _ in range(units)]
    return sum(xs)


@pytest.mark.slow
def test_a_large_graph_is_one_box_a_scope_and_opens():
    root = network(3, 8)
    closed, opened = laid_out([root] * 2, [[], ["scope layers.1"]])
    assert len(tape(root)) > 100 and len(closed["items"]) == 3 + 1
    assert [item["title"] for item in opened["items"] if item["title"]] != [
        item["title"] for item in closed["items"] if item["title"]]
    assert {int(k) for item in opened["items"] for k in item["members"]} == set(range(len(tape(root))))


@pytest.mark.slow
def test_a_long_chain_fits_and_each_value_can_be_reached():
    y = x = Value(0.5)
    for k in range(990):
        y = y.tanh() if k % 3 else y + x
    [shown] = laid_out([y])
    assert len(shown["items"]) <= 25 and shown["places"]["width"] < 4000
    nodes = graph(y, JavaScriptRows())["graph"]
    opened = answer(LAYOUT + "data.wanted.map((k) => [...aroundNode(data.nodes, k, new Set())])",
                    {"nodes": nodes, "wanted": [0, 500, 990]})
    for k, keys in zip((0, 500, 990), opened):
        [one] = laid_out([y], [keys])
        assert one["items"][int(one["item"][k])]["title"] is None and len(one["items"]) < 80


@pytest.mark.slow
@settings(max_examples=budget(2))
@given(st.lists(st.lists(st.integers(-40, 40), min_size=1, max_size=30), min_size=20))
def test_spread_keeps_order_and_distance(lists):
    found = numbers(answer(LAYOUT + "data.map((wishes) => spread(wishes, wishes.map(() => 1)))", [*map(sorted, lists)]))
    for wishes, rows in zip(lists, found, strict=True):
        assert all(b - a >= 1 - 1e-9 for a, b in pairwise(rows))
        assert math.fsum(rows) == pytest.approx(math.fsum(wishes), abs=1e-6)    # least squares keeps the mean
