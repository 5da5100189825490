"""Pictures by the geometry that Graphviz gives them: of more than a hundred boxes no line runs over a card, and no line
runs over a number."""
import random
import re

import pytest

from microgradx import Value, sum, tanh
from microgradx.nn import MLP
from microgradx.show.picture.drawing import draw

from .nets import mlp, moons, own_rnn

pygraphviz = pytest.importorskip("pygraphviz", reason="layouts are made with pygraphviz; no wheel here")
pytestmark = pytest.mark.slow
FINE = 20                                   # points looked at of each piece of a line
LETTER, HIGH = 5.0, 6.0                     # points: at least the width of a letter at a line, the height of a digit


def points(spline):
    """Points along a line of Graphviz: cubic Bezier curves, each beginning where the last one ends."""
    ends = [tuple(map(float, pair.split(","))) for pair in spline.split() if pair[0] not in "es"]
    for k in range(0, len(ends) - 1, 3):
        for t in (i / FINE for i in range(FINE + 1)):
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3)
            yield tuple(sum([w * p[axis] for w, p in zip(weights, ends[k:k + 4])]) for axis in (0, 1))


def crossed(source):
    """How many cards there are, and of the lines those that run over a card at neither of their ends."""
    graph = pygraphviz.AGraph(string=source)
    graph.layout(prog="dot")
    cards = {node: (*map(float, node.attr["pos"].split(",")), 36 * float(node.attr["width"]),
                    36 * float(node.attr["height"])) for node in graph.nodes()}
    wrong = []
    for edge in graph.edges():
        others = [card for node, card in cards.items() if node not in edge]
        if any(abs(x - left) < wide - 1 and abs(y - low) < high - 1
               for x, y in points(edge.attr["pos"]) for left, low, wide, high in others):
            wrong.append(tuple(edge))
    return len(cards), wrong


def chain():
    """One tanh neuron of sixty inputs, value by value."""
    total = Value(0.1, "b")
    for i in range(60):
        total = total + Value(1 / (i + 1), f"w{i}") * Value(0.5, f"x{i}")
    return draw(tanh(total), limit=2000)


def network():
    """All weights of an MLP 2-6-6-1 in cards of their own: each layer's lines fan out."""
    random.seed(0)
    return draw(MLP(2, [6, 6, 1])([Value(1.0, "a"), Value(2.0, "b")]), limit=2000, leaves="outside")


@pytest.mark.parametrize("picture", [chain, network, lambda: draw(own_rnn(17)[0], limit=2000)],
                         ids=["chain", "network", "recurrent"])
def test_no_line_runs_over_a_card(picture):
    count, wrong = crossed(picture().source)
    assert count > 100 and wrong == []


def test_straight_lines_would_and_are_found():
    """The checker's negative control."""
    source = network().source
    straight = source.replace("digraph {", "digraph {\nsplines=line", 1)
    assert crossed(straight)[1]


def touched(source):
    """How many numbers stand at lines, and over which of them a line runs, its own or another."""
    graph = pygraphviz.AGraph(string=source)
    graph.layout(prog="dot")
    lines = [(list(points(edge.attr["pos"])), float(edge.attr["penwidth"] or 1) / 2)
             for edge in graph.edges() if edge.attr["style"] != "invis"]
    numbers = [(re.sub("<[^>]*>", "", edge.attr["label"]), *map(float, edge.attr["lp"].split(",")))
               for edge in graph.edges() if edge.attr["lp"]]
    return len(numbers), [text for text, left, low in numbers for run, half in lines
                          if any(abs(x - left) < LETTER * len(text) / 2 + half and abs(y - low) < HIGH / 2 + half
                                 for x, y in run)]


@pytest.mark.parametrize("make", [mlp, moons, own_rnn])
def test_no_line_runs_over_a_number(make):
    random.seed(1)
    count, wrong = touched(draw(*make()).source)
    assert count > 7 and wrong == []


def test_numbers_without_room_are_run_over_and_are_found():
    """The checker's negative control."""
    random.seed(1)
    source = draw(*mlp()).source
    assert touched(re.sub(r'(->.*CELLPADDING=)"2"', r'\1"0"', source))[1]
