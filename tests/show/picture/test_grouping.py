"""What a picture holds: each value in one box, the engine's gradients, alike samples once, time from left to right."""
import math
import random
import re
import struct
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

import microgradx as mg
from microgradx import Value, gradients, scope, tape
from microgradx.nn import MLP
from microgradx.show.picture.drawing import draw
from microgradx.show.picture.folding import Folding
from microgradx.show.picture.graph import Graph
from microgradx.show.picture.samples import alike, batch, cells
from microgradx.show.picture.scopes import homes
from microgradx.show.picture.sketch import Sketch

from .nets import NETS, chain, conv, lstm, mlp, moons, own_rnn, rnn

SVG = "{http://www.w3.org/2000/svg}"
pytest.importorskip("pygraphviz", reason="layouts are made with pygraphviz; no wheel here")


@pytest.fixture(params=NETS, ids=lambda net: net.__name__)
def net(request):
    random.seed(1)
    return request.param()


def left(picture):
    """Where each node begins in the layout, from the left."""
    nodes = [g for g in ET.fromstring(picture.pipe(format="svg")).iter(f"{SVG}g") if g.get("class") == "node"]
    return {g.findtext(f"{SVG}title"): min(float(text.get("x")) for text in g.iter(f"{SVG}text")) for g in nodes}


def arrows(picture):
    return re.findall(r"^\t*(n\d+) -> (n\d+) \[(?!style=invis)", picture.source, re.M)


# Each value once, with the gradients of the engine ---------------------------------------------------------------

@pytest.mark.parametrize("options", [{}, {"leaf_places": "inside"}, {"leaf_places": "outside"}, {"depth": 1},
                                     {"depth": 0}, {"rolled": True}, {"limit": 20}, {"limit": 5}], ids=str)
def test_each_value_is_in_one_box_with_the_gradient_of_the_engine(net, options):
    root, params = net
    order = tape(root)
    sketch = Sketch(root, params, **options)
    assert sorted(id(v) for box in sketch.grouping.boxes for v in box.values) == sorted(map(id, order))
    grads = dict(zip(order, gradients(root, order), strict=True))
    for box in sketch.grouping.boxes:
        inside = [grads[v] for v in box.values]
        assert sketch.gradient(box) == (math.hypot(*inside) if box.main is None else grads[box.main])
        assert box.main is None or box.main in box.values
    assert math.hypot(*[math.hypot(*[sketch.grads[v] for v in box.values]) for box in sketch.grouping.boxes]
                      ) == pytest.approx(math.hypot(*grads.values()))


@pytest.mark.parametrize("options", [{}, {"leaf_places": "inside", "limit": 2000}, {"depth": 1}], ids=str)
def test_each_edge_is_in_one_line_or_shown_by_another(net, options):
    """Lines hold all edges between two boxes, but those of which the one that is shown has the same."""
    root, params = net
    sketch = Sketch(root, params, **options)
    box, folded = sketch.grouping.box, sketch.grouping.folding.folded
    edges = [(box[a], box[v], v) for v in tape(root) for a in v.args if isinstance(a, Value) and box[a] is not box[v]]
    drawn = {(line.start, line.end) for line in sketch.lines}
    assert {(start, end) for start, end, _ in edges} == {pair for pair in drawn if pair[0] is not pair[1]}
    if not any(folded):
        assert sum(line.count for line in sketch.lines) == len(edges)


# A screen holds it -----------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_a_screen_holds_the_picture_and_its_letters_can_be_read(net):
    """1600 x 1000 pixels, in which letters of 11 points have at least 9 pixels."""
    picture = draw(*net)
    width, height = struct.unpack(">II", picture.pipe(format="png")[16:24])
    assert width <= 1600 and height <= 1000
    scale, = re.findall(r"scale\(([\d.]+)", picture.pipe(format="svg").decode())
    assert 11 * float(scale) * 96 / 72 >= 9


@pytest.mark.parametrize("values", [10, 1000, pytest.param(65_616, marks=pytest.mark.slow)])
def test_graphs_of_any_size_are_drawn_on_a_screen(values):
    total = Value(0.1, "b")
    for i in range(values // 4):
        total = total + Value(1 / (i + 1), "w") * Value(0.5, "x")
    sketch = Sketch(total.tanh())
    assert len(sketch.grouping.boxes) < 30
    assert sum(len(box.values) for box in sketch.grouping.boxes) == len(tape(total)) + 1


# Time from left to right -----------------------------------------------------------------------------------------

@pytest.mark.sweep(997)
@pytest.mark.parametrize("make", [rnn, own_rnn, pytest.param(lstm, marks=pytest.mark.slow)])
@pytest.mark.parametrize("options", [{}, {"limit": 2000}, {"leaves": "inside", "limit": 2000}], ids=str)
def test_no_edge_of_a_recurrent_network_points_against_time(make, options):
    """24 of the 160 edges of an RNN over 10 steps pointed backwards."""
    random.seed(1)
    picture = draw(*make(), **options)
    place, edges = left(picture), arrows(picture)
    assert len(edges) > 7 and all(place[start] < place[end] for start, end in edges)


def test_time_steps_stand_in_their_order():
    random.seed(1)
    sketch = Sketch(*rnn())
    boxes = {box.title: f"n{k}" for k, box in enumerate(sketch.grouping.boxes)}
    place = left(draw(*rnn()))
    assert all(place[boxes[f"t{t}"]] < place[boxes[f"t{t + 1}"]] for t in range(9))


def test_a_long_chain_is_wrapped_like_text():
    sketch = Sketch(*chain())
    rows = [sketch.grouping.row[box] for box in sketch.grouping.boxes]
    assert len(rows) == 41 and rows == sorted(rows) and 2 <= rows[-1] <= 6
    assert all(b - a in (0, 1) for a, b in pairwise(rows))
    place = left(draw(*chain()))
    assert all(place[f"n{k}"] < place[f"n{k + 1}"] for k in range(40) if rows[k] == rows[k + 1])
    assert not Sketch(*own_rnn(), limit=2000).grouping.row


def test_time_steps_that_are_alike_are_rolled_up():
    random.seed(1)
    root, net = rnn()
    sketch = Sketch(root, net, rolled=True)
    frames = {name for box in sketch.grouping.boxes for name in box.path}
    assert frames == {"layer0", "t0 to t9, one shown"} and not sketch.grouping.collapsed
    cards = [box for box in sketch.grouping.boxes if box.path[-1:] == ("t0 to t9, one shown",)]
    assert [len(box.values) for box in cards] == [10] * 4
    back = [line for line in sketch.lines if line.back]
    assert len(back) == 3 and all(line.count == 9 for line in back)             # of h1 and h2 to the next step
    assert draw(root, net, rolled=True).source.count("constraint=false") == 3


def valued(graph, kinds):
    """The Values of terms that are alike."""
    return [[[graph.order[k] for k in term] for term in kind] for kind in kinds]


# Samples ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make", [sum, lambda terms, start: mg.sum(terms)], ids=["chain of +", "one sum"])
@pytest.mark.parametrize("kind", [float, Value])
def test_the_samples_of_a_batch_are_found_with_their_values(make, kind):
    random.seed(2)
    net = MLP(2, [4, 1])
    terms = [(net([kind(float(i)), kind(1.0)]) - 0.5 * i)**2 for i in range(7)]
    loss = make(terms, Value(0.0)) / 7
    graph = Graph(loss)
    found = batch(alike(graph))
    samples, = valued(graph, found.kinds)
    assert {graph.order[k] for k in found.shared} == set(net.parameters()) and len(samples) == 7
    for term, sample in zip(terms, samples, strict=True):
        assert set(sample) == set(tape(term)) - set(net.parameters()) and sample[-1] is term
    for sample in samples:
        assert [v.op for v in sample] == [v.op for v in samples[0]]
        assert [v.scope for v in sample] == [v.scope for v in samples[0]]


def test_outputs_of_one_input_are_one_sample():
    random.seed(2)
    net = MLP(2, [4, 3])
    terms = [(y - 1)**2 for i in range(5) for y in net([float(i), 1.0])]
    graph = Graph(mg.sum(terms))
    samples, = valued(graph, batch(alike(graph)).kinds)
    assert len(samples) == 5 and all(set(sample) >= set(terms[3 * i:3 * i + 3]) for i, sample in enumerate(samples))


def test_hidden_units_are_no_samples():
    w = [[Value(0.1 * i), Value(0.2), Value(0.3 * i)] for i in range(4)]
    x = [Value(1.0), Value(2.0)]
    y = mg.sum([a * mg.tanh(b * x[0] + c * x[1]) for a, b, c in w])
    assert batch(alike(Graph(y))) is None and len(alike(Graph(y))) == 1
    assert alike(Graph(mlp()[0])) == [] and batch(alike(Graph(conv()[0]))) is not None


@pytest.mark.slow
def test_a_value_that_others_use_is_not_shown_by_another():
    """A weight is a term's own among the squares of its regularisation, and used by the samples as well."""
    root, net = moons(5)
    graph = Graph(root)
    found = alike(graph)
    assert len(found) == 2 and {v for terms in valued(graph, found[1].kinds) for term in terms for v in term} > set(
        net.parameters())
    folded = Folding(graph, homes(graph), samples=True).folded
    assert any(folded) and not any(folded[graph.place[p]] for p in net.parameters())


def test_cells_are_alike_in_what_they_compute():
    w, h = Value(0.5), Value(1.0)
    for t in range(6):
        with scope(f"t{t}"):
            h = (w * h).tanh() if t % 2 else (w + h).tanh()
    kinds = cells(Graph(h), homes(Graph(h)))
    assert sorted(len(kind) for kind in kinds) == [2, 3]            # the first has the leaf h in it, too


def test_samples_are_one_group_of_which_one_is_shown():
    random.seed(1)
    root, net = moons(8)
    sketch = Sketch(root, net)
    group = [box for box in sketch.grouping.boxes if box.path[:1] == ("8 samples, one shown",)]
    assert sorted(box.title for box in group if box.title) == ["layers.0", "layers.1", "layers.2"]
    cards = [box for box in group if box.main is not None]
    assert [box.main.op.name for box in cards] == ["mul", "add", "relu"] and {len(box.values) for box in cards} == {8}
    into, = [line for line in sketch.lines if line.start is cards[-1]]
    assert into.end.title == "add of 8" and into.count == 8 and into.slope == 1


# What is expanded ------------------------------------------------------------------------------------------------

def test_a_scope_is_expanded_within_the_sample_that_is_shown():
    random.seed(1)
    root, net = moons()
    titles = {box.title for box in Sketch(root, net, expand=["layers.2"]).grouping.boxes}
    assert {"layers.0", "layers.1"} <= titles and "layers.2" not in titles


def test_a_box_is_expanded_by_its_title():
    root, params = own_rnn(30)
    plain = Sketch(root, params)
    opened = Sketch(root, params, expand=["levels 1 to 3", "levels 28 to 30"])
    titles = {box.title for box in plain.grouping.boxes}
    assert {"levels 1 to 3", "levels 4 to 6"} <= titles
    assert titles - {box.title for box in opened.grouping.boxes} == {"levels 1 to 3", "levels 28 to 30"}
    closed, = [box for box in plain.grouping.boxes if box.title == "levels 1 to 3"]
    assert all(opened.grouping.box[v].main is not None for v in closed.values if v.op)


@pytest.mark.slow
def test_every_box_is_expanded_by_its_title_also_that_of_what_is_rolled_up():
    random.seed(1)
    for root, params, options in ((*moons(4), {"rolled": True}), (*conv(), {"limit": 7})):
        boxes = Sketch(root, params, **options).grouping.boxes
        titles = {".".join([*box.path, box.title]) for box in boxes if box.title}
        assert any("shown" in title for title in titles)
        for title in titles:
            opened = {".".join([*box.path, box.title]) for box in Sketch(root, params, expand=[title], **options
                                                                         ).grouping.boxes}
            assert title not in opened


@pytest.mark.slow
def test_the_legend_says_how_it_is_collapsed():
    total = Value(0.0)
    for k in range(200):
        total = total + Value(0.1 * k) * Value(0.5)
    assert "3 boxes, alike ones once" in draw(total.tanh()).source and "scopes" not in draw(total.tanh()).source
    random.seed(1)
    assert "alike ones once and scopes at depth 1" in draw(*moons()).source
