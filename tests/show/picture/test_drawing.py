"""Pictures: by structure (the DOT is parsed) and by content (the SVG is read), never by layout."""
import math
import random
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, gradients, scope, tape
from microgradx.naming import names
from microgradx.nn import MLP
from microgradx.show.colours import Scale, luminance, readable_on
from microgradx.show.picture import labels
from microgradx.show.picture.drawing import draw
from microgradx.show.picture.labels import digits
from microgradx.show.picture.scopes import levels
from microgradx.table import Op
from tests import hostile

from ...budget import budget, sweep

pygraphviz = pytest.importorskip("pygraphviz", reason="pictures are read back with pygraphviz; no wheel here")
SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = [*hostile.LABELS, '"', "\\", '\\"', "a|b{c}d<e>", "\\N \\G \\l \\n", "&amp;#92;", "<<TABLE>>", "-->",
           "node", "n0", "n0:port", "a->b", "//", "/*", "#", "="]         # to Graphviz they mean something


def parsed(picture):
    """The DOT as Graphviz itself reads it: nodes, edges and clusters."""
    return pygraphviz.AGraph(string=picture.source)


def cards(picture):
    """For each node of the SVG, in the order of the tape, its pieces of text as they are written."""
    root = ET.fromstring(picture.pipe(format="svg"))
    found = {node.findtext(f"{SVG}title"): ["".join(t.itertext()) for t in node.iter(f"{SVG}text")]
             for node in root.iter(f"{SVG}g") if node.get("class") == "node"}
    return {f"n{k}": found[f"n{k}"] for k in range(len(found))}


def texts(picture):
    """All text of the SVG, in one line."""
    return " ".join("".join(t.itertext()) for t in ET.fromstring(picture.pipe(format="svg")).iter(f"{SVG}text"))


def attributes(graph):
    """The attributes of each edge, by the ids of its ends; its label without markup."""
    found = [(a, b, graph.get_edge(a, b, key).attr.to_dict()) for a, b, key in graph.edges(keys=True)]
    return [(a, b, look | {"label": re.sub("<[^>]*>", "", look["label"])} if "label" in look else look)
            for a, b, look in found]


def neuron():
    x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.5, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
    n = (x1 * w1 + x2 * w2 + Value(6.0, "b")).named("n")
    return n.tanh().named("y")


# What is in a picture ------------------------------------------------------------------------------------------

def test_every_value_and_every_edge_is_there_with_its_numbers():
    y = neuron()
    order, called = tape(y), names(y)
    grads = dict(zip(order, gradients(y, order), strict=True))
    found = cards(draw(y))
    assert len(found) == len(order)
    for v, card in zip(order, found.values(), strict=True):
        assert card[0] == called[v]
        assert card[card.index("data") + 1] == digits(v.data)
        assert card[card.index("grad") + 1] == digits(grads[v])
    edges = attributes(parsed(draw(y)))
    slopes = sorted(digits(s) for v in order for a, s in zip(v.args, v.slopes, strict=True) if isinstance(a, Value))
    assert sorted(edge["label"] for _, _, edge in edges) == slopes


def test_operations_are_written_with_their_constants():
    x = Value(3.0, "x")
    found = cards(draw((2 * x**3).named("y")))
    assert [card[1] for card in found.values() if card[0] != "x"] == ["x**3", "2*v1"]


def test_both_edges_of_a_square():
    a = Value(3.0, "a")
    edges = attributes(parsed(draw(a * a)))
    assert [(tail, head, edge["label"]) for tail, head, edge in edges] == [("n0", "n1", "3"), ("n0", "n1", "3")]


def test_contributions_on_request():
    x = Value(2.0, "x")
    y = (x * 3).named("n") * 5
    assert {edge["label"] for _, _, edge in attributes(parsed(draw(y, contributions=True)))} == {
        "3 × 5 = 15", "5 × 1 = 5"}


def test_leaves_parameters_results_and_the_output_differ_in_shape():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    graph = parsed(draw((w * x).named("n").tanh(), [w]))
    look = {name: [graph.get_node(node).attr[name] or "" for node in ("n0", "n1", "n2", "n3")]
            for name in ("style", "peripheries", "penwidth")}
    assert look == {"style": ["filled", "filled", "rounded,filled", "rounded,filled"],
                    "peripheries": ["2", "", "", ""], "penwidth": ["", "", "", "2.5"]}


def test_true_gradients_whether_or_not_backward_was_called():
    y = neuron()
    before = draw(y).source
    y.backward()
    y.backward()
    assert draw(y).source == before


@pytest.mark.parametrize("options", [{}, {"depth": 1}, {"limit": 3}, {"contributions": True}], ids=str)
def test_looking_changes_nothing(options):
    with scope("layer"):
        y = neuron()
    y.backward()
    for v in tape(y):
        v.grad = v.grad + 1.0
    before = [(v.data, v.grad, v.label, v.scope, v.args, v.slopes) for v in tape(y)]
    draw(y, **options).pipe(format="svg")
    assert [(v.data, v.grad, v.label, v.scope, v.args, v.slopes) for v in tape(y)] == before


def test_a_single_leaf_is_a_picture():
    assert len(cards(draw(Value(1.0, "x")))) == 1


@pytest.mark.parametrize("call, error, words", [
    (lambda: draw(3.0), TypeError, "draw takes the Value"),
    (lambda: draw(neuron(), around=Value(1.0)), ValueError, "not in it"),
    (lambda: draw(neuron(), through=[Value(1.0)]), ValueError, "not in it"),
    (lambda: draw(neuron(), expand="layers.9"), ValueError, "no scope or box 'layers.9'"),
    (lambda: draw(neuron(), depth=-1), ValueError, "depth"),
    (lambda: draw(neuron(), params="w"), TypeError, "params: expected a Module, or Values in lists or a dict, got 'w'"),
    (lambda: draw(neuron(), params=[3.0]), TypeError, "params"),
])
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


# The flow of gradients at a glance -----------------------------------------------------------------------------

def flow():
    """A dead branch, a saturated unit, an exploding gradient."""
    x = Value(2.0, "x")
    return ((x * -3).relu().named("r") + (x * 4).tanh().named("t") + (x * 6).exp().named("e")).named("y")


@pytest.mark.parametrize("name, word", [("r", "off here"), ("t", "saturated"), ("x", "exploding")])
def test_what_is_wrong_is_said_in_a_word(name, word):
    found = {card[0]: card for card in cards(draw(flow())).values()}
    assert found[name][-1] == word
    assert [name for name, card in found.items() if "off here" in card] == ["r"]


def test_nan_and_infinity_are_said_in_a_word_and_where_they_start():
    z = Value(0.0, "z")
    loss = ((z.log().named("l") * z).named("p") + z.sqrt().named("s")).named("loss")
    found = {card[0]: card[-1] for card in cards(draw(loss)).values()}
    assert found == {"z": "nan", "l": "nan starts here", "p": "nan", "s": "inf", "loss": "nan"}


def test_a_healthy_graph_has_no_mark():
    words = texts(draw(neuron()))
    assert not any(word in words for word in ("dead", "off here", "saturated", "exploding", "nan", "inf"))


def test_edges_show_the_size_of_the_gradient_by_width_and_darkness():
    x = Value(1.0, "x")
    y = x * 1000 + x * 1 + x * 0.001 + x * 0
    edges = {e["label"]: e for a, _, e in attributes(parsed(draw(y))) if a == "n0"}
    by_size = [edges[label] for label in ("0.001", "1", "1000")]
    widths, lights = [float(e["penwidth"]) for e in by_size], [luminance(e["color"]) for e in by_size]
    assert widths == sorted(widths) and len(set(widths)) == 3
    assert lights == sorted(lights, reverse=True) and len(set(lights)) == 3
    assert edges["0"]["style"] == "dotted"


@given(st.lists(st.floats(1e-12, 1e12), min_size=2, max_size=6))
def test_the_scale_is_monotone_in_greyscale(sizes):
    scale = Scale(sizes)
    fine = [10**(scale.low + (scale.high - scale.low) * k / 50) for k in range(51)]
    lights, widths = [luminance(scale.colour(x)) for x in fine], [scale.width(x) for x in fine]
    assert lights == sorted(lights, reverse=True) and widths == sorted(widths)
    assert scale.ticks()[-1] >= max(sizes) * (1 - 1e-6) and len(scale.ticks()) <= 5


def test_text_stands_out_on_every_colour_of_the_scale():
    """WCAG 2: a contrast of at least 4.5 to 1 for text."""
    scale = Scale([1e-3, 1.0])
    for k in range(101):
        paper = scale.colour(10**(-3 + 0.03 * k))
        light, dark = sorted((luminance(paper), luminance(readable_on(paper))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("sizes", [[], [0.0], [math.nan, math.inf], [1.0, 1.0]])
def test_a_scale_of_nothing_special_still_works(sizes):
    scale = Scale(sizes)
    assert scale.high > scale.low
    assert scale.colour(math.nan) == scale.colour(math.inf) == scale.colour(10.0**scale.high)


def test_the_legend_tells_the_scale_and_what_is_in_the_picture():
    words = texts(draw(flow()))
    assert "gradient +" in words and "thick border: output" in words and "off here: passes no gradient on" in words
    assert "parameter" not in words and "folder" not in words
    assert "edges: slope of the result by the input; width and colour by" in words


@pytest.mark.parametrize("show, said, not_said", [
    ("contribution", "edges: slope × gradient of the result; width", "slope of the result by"),
    (["slope", "contribution"], "edges: slope × gradient of the result = what flows back; width", "data"),
    (["data"], "edges: width and colour by the gradient flowing back", "slope"),
    (["data"], "leaf in a card: name, data · ", "grad ·"), ("grad", "leaf in a card: name, grad ·", "data"),
    ([], "leaf in a card: name ·", "data"),
])
def test_the_legend_explains_the_numbers_that_are_shown_and_no_others(show, said, not_said):
    words = texts(draw(neuron(), show=show, leaves="inside"))
    assert said in words and not_said not in words


def test_lines_without_numbers_are_not_said_to_have_some():
    y = mg.sum([Value(1.0) * Value(2.0), Value(3.0) * Value(4.0)])
    assert "edges: width and colour by" in texts(draw(y, depth=0))          # on which there is "2 edges"
    assert "dashed" not in texts(draw(Value(2.0) * 3)) and "dotted" not in texts(draw(Value(2.0) * 3))


# Scopes, parts, large graphs -----------------------------------------------------------------------------------

def model(seed=1):
    random.seed(seed)
    return MLP(2, [3, 3, 1])


def moons(points):
    """The loss of micrograd's demonstration, its regularisation and its chain of + included."""
    random.seed(1337)
    net = MLP(2, [16, 16, 1])
    samples = [([Value(math.cos(i)), Value(math.sin(i))], (-1.0)**i) for i in range(points)]
    terms = [(1 + -sign * net(x)).relu() for x, sign in samples]
    return mg.sum(terms) * (1 / points) + sum((p * p for p in net.parameters()), Value(0.0)) * 1e-4, net, terms


def clusters(graph):
    """The label of each cluster with the labels of those within."""
    return {sub.graph_attr["label"]: clusters(sub) for sub in graph.subgraphs()}


def test_modules_are_clusters_with_their_parameters_inside():
    net = model()
    graph = parsed(draw(net([1.0, 2.0]), net, leaves="outside", limit=300))
    neurons = {"neurons.0": {}, "neurons.1": {}, "neurons.2": {}}
    assert clusters(graph) == {"layers.0": neurons, "layers.1": neurons, "layers.2": {"neurons.0": {}}}
    inside = {node for layer in graph.subgraphs() for node in layer.nodes()}
    assert inside == set(graph.nodes())
    assert sum(graph.get_node(node).attr["peripheries"] == "2" for node in graph) == len(net.parameters())


def test_parameters_have_the_names_of_their_module():
    net = model()
    found = [card[0] for card in cards(draw(net([1.0, 2.0]), net, leaves="outside", limit=300)).values()]
    assert found.count("w[0]") == 7 and found.count("b") == 7


def test_inputs_of_a_layer_stay_outside_and_weights_of_a_neuron_move_in():
    net, x = model(), [Value(1.0, "x1"), Value(2.0, "x2")]
    graph = parsed(draw(net(x)))
    inside = {node for layer in graph.subgraphs() for node in layer.nodes()}
    assert len(set(graph.nodes()) - inside) == 2


def test_collapsed_to_a_depth_and_one_opened():
    net = model()
    y = net([1.0, 2.0])
    at_one, at_two = draw(y, net, depth=1), draw(y, net, depth=2)
    assert sorted(card[0] for card in cards(at_one).values()) == ["layers.0", "layers.1", "layers.2"]
    assert len(cards(at_two)) == 7 and set(clusters(parsed(at_two))) == {"layers.0", "layers.1", "layers.2"}
    opened = draw(y, net, depth=1, expand="layers.2")
    assert set(clusters(parsed(opened))) == {"layers.2"}
    assert {"layers.0", "layers.1", "w[0]"} <= {card[0] for card in cards(opened).values()}
    assert "thick border: output" in texts(opened)


def test_a_box_sums_gradients_up():
    net = model()
    y = net([1.0, 2.0])
    inside = [v for v in tape(y) if v.scope.startswith("layers.2")] + [p for p in net.layers[2].parameters()]
    card, = (card for card in cards(draw(y, net, depth=1)).values() if card[0] == "layers.2")
    assert card[card.index("|grad|") + 1] == digits(math.hypot(*gradients(y, inside)))
    assert card[card.index("parameters") + 1] == "4"


def test_a_neighbourhood():
    y = neuron()
    n = y.args[0]
    picture = draw(y, around=n, hops=1)
    assert {card[0] for card in cards(picture).values()} == {"n", "y", "b", names(y)[n.args[0]]}
    assert "4 of 10 values" in texts(picture)
    assert "inputs not shown: 2" in texts(picture)


@pytest.mark.slow
@pytest.mark.parametrize("given_by", ["its loss", "its inputs"])
def test_one_sample_of_a_batch(given_by):
    net = model()
    samples = [[Value(float(i)), Value(1.0)] for i in range(5)]
    terms = [net(x)**2 for x in samples]
    loss = mg.sum(terms)
    alone = len(tape(terms[3]))
    picture = draw(loss, net, through=terms[3] if given_by == "its loss" else samples[3], limit=300)
    assert len(cards(picture)) == alone + 1
    assert "inputs not shown: 4" in texts(picture)


@pytest.mark.slow
def test_the_moons_loss_is_a_handful_of_boxes_and_says_so():
    loss, net, _ = moons(100)
    picture = draw(loss, net)
    found = cards(picture)
    assert len(tape(loss)) > 30_000 and len(found) <= 12
    assert {"layers.0", "layers.1", "layers.2", "add of 337"} <= {card[0] for card in found.values()}
    assert {"100 samples, one shown", "337 alike, one shown"} == set(clusters(parsed(picture)))
    assert f"{len(tape(loss)):,} values, too many to draw one by one: {len(found)} boxes" in texts(picture)


@pytest.mark.slow
def test_a_depth_that_was_asked_for_is_kept_where_it_can_be():
    loss, net, _ = moons(40)
    assert sum(card[0].startswith("neurons") for card in cards(draw(loss, net, depth=2)).values()) == 33


@pytest.mark.slow
def test_a_large_graph_without_scopes_is_drawn_by_level():
    x = y = Value(0.5, "x")
    for _ in range(1000):
        y = (y * x + x).tanh()
    found = {card[0]: card[card.index("values") + 1] for card in cards(draw(y)).values() if card[0] != "x"}
    assert found == {f"levels {k + 1:,} to {k + 100:,}": "300" for k in range(0, 1000, 100)}
    assert {card[0]: card[2] for card in cards(draw(y, depth=0)).values()} == {
        "x": "1", "mul": "1,000", "add": "1,000", "tanh": "1,000"}


def test_more_scopes_than_the_limit_are_drawn_by_operation():
    y = Value(0.5, "x")
    for step in range(50):
        with scope(f"step{step}"):
            y = y * 2 + 1
    assert len(cards(draw(y, limit=60))) == 50
    assert {card[0] for card in cards(draw(y, limit=20)).values()} == {"x", "mul", "add"}


def test_dense_layers_show_their_numbers_when_pointed_at():
    xs = [Value(float(i)) for i in range(1, 9)]
    units = [mg.dot([Value(0.1 * k)] * 8, xs) for k in range(8)]
    picture = draw(mg.sum(units))
    edges = attributes(parsed(picture))
    assert all("label" not in edge and edge["tooltip"] for _, _, edge in edges)
    assert "point at an edge" in texts(picture)


@given(st.lists(st.sampled_from(["layers", "0", "12", "neurons", "x1", "a b"]), min_size=1, max_size=6))
def test_levels_lose_nothing(parts):
    path = ".".join(parts)
    assert ".".join(levels(path)) == path
    assert not any(level.isdigit() for level in levels(path)[1:])


def test_scopes_nested_without_end_do_not_bring_graphviz_down():
    with scope(".".join(f"s{k}x" for k in range(3000))):
        y = Value(1.0) * 2
    assert len(cards(draw(y))) == 2


# Hostile text --------------------------------------------------------------------------------------------------

def hostile_graph(words):
    """Every word as a label, as a scope and as the name of an operation."""
    y = Value(1.0)
    for word in words:
        strange = Op(word, lambda a, b: a + b, 1.0, 1.0)
        with scope(word):
            y = strange(y, Value(2.0, word)).named(word)
    return y


def harmless(y, picture):
    """Is the picture the graph and nothing else? Its nodes and edges are the graph's, its text as it was given."""
    graph, order = parsed(picture), tape(y)
    edges = sum(isinstance(a, Value) for v in order for a in v.args)
    svg = ET.fromstring(picture.pipe(format="svg"))
    tags = {element.tag.removeprefix(SVG) for element in svg.iter()}
    links = [key for element in svg.iter() for key in element.attrib if key.endswith("href")]
    return (set(graph.nodes()) == {f"n{k}" for k in range(len(order))} and graph.number_of_edges() == edges
            and tags <= {"svg", "g", "title", "polygon", "path", "polyline", "text"} and not links
            and [card[0].replace("\xa0", " ") for card in cards(picture).values()]
            == [name.replace("\xa0", " ") for name in names(y).values()])


@sweep(4)
@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: ascii(word)[:20])
def test_hostile_text_stays_text(word):
    y = hostile_graph([word])
    assert harmless(y, draw(y))
    assert harmless(y, draw(y, [v for v in tape(y) if v.op is None], contributions=True))
    draw(y, depth=1).pipe(format="svg")


@pytest.mark.slow
@settings(max_examples=budget(60))
@given(st.lists(st.text(max_size=20) | st.sampled_from(HOSTILE), min_size=1, max_size=6))
def test_any_text_stays_text(words):
    y = hostile_graph(words)
    assert harmless(y, draw(y))


def test_the_check_for_harmlessness_sees_markup(monkeypatch):
    """The test of the test: without escaping it fails."""
    monkeypatch.setattr(labels, "escape", lambda text: text)
    y = hostile_graph(["<b>x</b>"])
    assert not harmless(y, draw(y))


# Numbers, signs, leaves ------------------------------------------------------------------------------------------

def test_the_numbers_to_write_and_their_digits_can_be_chosen():
    y = (Value(1 / 3, "x") * 3).named("n") * (2 / 3)
    assert "0.3333" in texts(draw(y)) and "0.6666667" in texts(draw(y, digits=7))
    words = {show: [word for card in cards(draw(y, show=show)).values() for word in card] for show in ("data", "grad")}
    assert words["data"].count("data") == 3 and "grad" not in words["data"]
    assert words["grad"].count("grad") == 3 and "data" not in words["grad"]
    assert [edge["label"] for _, _, edge in attributes(parsed(draw(y, show=["slope"])))] == ["3", "0.6667"]
    assert [edge["label"] for _, _, edge in attributes(parsed(draw(y, show="contribution")))] == ["2", "0.6667"]
    assert not any(edge.get("label") for _, _, edge in attributes(parsed(draw(y, show=()))))
    inside = {show: [word for card in cards(draw(y, show=show, leaves="inside")).values() for word in card]
              for show in ("data", "grad", "slope")}
    assert inside == {"data": ["n", "x*3", "data", "1", "x", "0.3333", "y", "n*0.6667", "data", "0.6667"],
                      "grad": ["n", "x*3", "grad", "0.6667", "x", "2", "y", "n*0.6667", "grad", "1"],
                      "slope": ["n", "x*3", "x", "y", "n*0.6667"]}
    assert draw(y, contributions=True).source == draw(y, show=("data", "grad", "slope", "contribution")).source


@pytest.mark.parametrize("options, words", [
    ({"show": "loss"}, "show: expected any of data, grad, slope, contribution, got 'loss'"),
    ({"show": ["data", 3]}, "got 3"), ({"leaves": "left"}, 'leaves: expected "inside" or "outside"'),
    ({"digits": 0}, "digits: expected a whole number"), ({"digits": 2.5}, "digits: expected a whole number"),
    ({"digits": 18}, "from 1 to 17, got 18"), ({"digits": True}, "got True"), ({"show": None}, "show: .* got None"),
    ({"show": [["data"]]}, "show: .* got"), ({"depth": "1"}, "depth: expected a whole number from 0 up, got '1'"),
    ({"depth": 1.5}, "depth: .* got 1.5"), ({"hops": -1}, "hops: .* from 0 up, got -1"), ({"limit": 0}, "limit: .* 0$"),
    ({"limit": 2.5}, "limit: .* from 1 up, got 2.5"), ({"expand": 5}, "expand: expected the name"),
    ({"expand": [None]}, "expand: expected"), ({"through": "x"}, "through: expected a Value of the graph"),
    ({"through": []}, "through: expected"),
])
def test_what_cannot_be_shown_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        draw(neuron(), **options)


def test_the_sign_of_a_gradient_is_its_hue_and_a_dash():
    x = Value(1.0, "x")
    edges = {e["label"]: e for a, _, e in attributes(parsed(draw(x * 5 + x * -5 + x * 0))) if a == "n0"}
    red, _, blue = (int(edges["5"]["color"][k:k + 2], 16) for k in (1, 3, 5))
    assert not edges["5"].get("style") and blue > red
    red, _, blue = (int(edges["-5"]["color"][k:k + 2], 16) for k in (1, 3, 5))
    assert edges["-5"]["style"] == "dashed" and red > blue
    assert edges["0"]["style"] == "dotted" and edges["5"]["penwidth"] == edges["-5"]["penwidth"]
    assert "gradient −" in texts(draw(x * 5 + x * -5)) and "gradient −" not in texts(draw(x * 5))


def test_both_signs_of_one_size_are_equally_dark():
    """So that size reads the same without colour, and to those who do not see red or green."""
    scale = Scale([1e-3, 1.0])
    for k in range(101):
        x = 10**(-3 + 0.03 * k)
        plus, minus = luminance(scale.colour(x)), luminance(scale.colour(-x))
        assert abs(plus - minus) < 0.02 + 0.1 * plus
        light, dark = sorted((minus, luminance(readable_on(scale.colour(-x)))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_leaves_inside_are_in_the_card_of_their_operation():
    y = neuron()
    found = {card[0]: card for card in cards(draw(y, leaves="inside")).values()}
    assert set(found) == {"v1", "v2", "v3", "n", "y"}
    card = found["v1"]
    assert card[card.index("x1") + 1] == "2" and card[card.index("w1") + 1] == "-3"
    shared = Value(2.0, "s")
    assert "s" in {card[0] for card in cards(draw(shared * 3 + shared.tanh(), leaves="inside")).values()}


def test_a_card_of_many_leaves_names_the_first():
    y = mg.dot([Value(float(k), f"w{k}") for k in range(9)], [1.0] * 9)
    card, = cards(draw(y, leaves="inside")).values()
    assert {"w0", "w3", "and 5 more"} <= set(card) and "w4" not in card
