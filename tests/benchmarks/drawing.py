"""Seconds to draw graphs of 10 to 1,000,000 values, and into how many boxes.

    python tests/benchmarks/drawing.py              the last row takes half a minute

`draw` makes the DOT text, `svg` renders it: with the dot program if there is one, else inside pygraphviz. What a screen
does not hold is collapsed; one row draws 1,000 values one by one all the same. Times are of the processor, so that they
depend less on what else runs; to build a graph is not counted.
"""
import os
import time
from statistics import median

from programs import moons, weights
from report import duration, machine, table

from microgradx import Value, scope, tape
from microgradx.show.picture.drawing import draw
from microgradx.show.picture.render import image

REPEATS = 3


def neuron(inputs: int) -> Value:
    """One tanh neuron, every product and every sum a value of its own: 4 * inputs + 2 values."""
    total = Value(0.1, "b")
    for i in range(inputs):
        total = total + Value(1 / (i + 1), f"w{i}") * Value(0.5, f"x{i}")
    return total.tanh()


def moons_loss(points: int) -> Value:
    """The loss of micrograd's demonstration, 2-16-16-1 with L2; layers and neurons are scopes."""
    net = [[([Value(w) for w in ws], Value(b)) for ws, b in layer] for layer in weights([2, 16, 16, 1])]
    terms = []
    for xs, sign in moons(points):
        values = [Value(x) for x in xs]
        for k, layer in enumerate(net):
            values = [unit(values, ws, b, f"layers.{k}.neurons.{i}", k < 2) for i, (ws, b) in enumerate(layer)]
        terms.append((1 + -sign * values[0]).relu())
    squares = [p * p for layer in net for ws, b in layer for p in (*ws, b)]
    return sum(terms, Value(0.0)) * (1 / points) + sum(squares, Value(0.0)) * 1e-4


def unit(xs: list[Value], ws: list[Value], b: Value, name: str, bent: bool) -> Value:
    """b + w1*x1 + w2*x2 + ..., with relu where it is bent."""
    with scope(name):
        total = b
        for w, x in zip(ws, xs, strict=True):
            total = total + w * x
        return total.relu() if bent else total


def row(name: str, root: Value, limit: int | None = None, repeats: int = REPEATS) -> list[str]:
    """The seconds for one graph."""
    drawing, rendering, boxes = [], [], 0
    for _ in range(repeats):
        start = seconds()
        picture = draw(root, limit=limit)
        middle = seconds()
        svg = image(picture.source)
        drawing.append(middle - start)
        rendering.append(seconds() - middle)
        boxes = svg.count(b'class="node"')
    return [name, f"{len(tape(root)):,}", f"{boxes:,}", duration(median(drawing)), duration(median(rendering))]


def seconds() -> float:
    """The processor time of this process and of the dot programs that it has run."""
    return time.process_time() + sum(os.times()[2:4])


if __name__ == "__main__":
    graphs = [row("neuron, 2 inputs", neuron(2)), row("neuron, 25 inputs", neuron(25)),
              row("neuron, 250 inputs", neuron(250)), row("moons, 100 points", moons_loss(100)),
              row("neuron, 250 inputs, value by value", neuron(250), limit=2000),
              row("neuron, 250,000 inputs", neuron(250_000), repeats=1)]
    print(table(["", "values", "boxes", "draw", "svg"], graphs))
    print(f"\n{machine()}")
