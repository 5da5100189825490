"""The work that is timed: each program is written once and given the engine that is to do it.

An Engine says how to make a Value, how to add up a list, a list of products, and the units of a layer. A program
makes its parameters and gives back a function; each call of that does the work once, from the loss to the
gradients, and answers with the loss and with the Values whose gradients are wanted.

    >>> from engines import tuples
    >>> from programs import expression
    >>> y, leaves = expression(tuples())()
    >>> round(y.data, 4), [round(v.grad, 4) for v in leaves]
    (24.7041, [138.8338, 645.5773])
"""
import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

SEED, NOISE, DECAY, RATE = 1337, 0.1, 1e-4, 0.1

Work = Callable[[], tuple[Any, list[Any]]]          # one call: the loss, and the leaves that hold the gradients
Layer = list[tuple[list[Any], Any]]                 # units: the weights and the bias of each


class Engine(NamedTuple):
    """What a program asks of an engine."""

    value: Callable[[float], Any]
    sum: Callable[[list[Any]], Any]
    dot: Callable[[list[Any], list[Any]], Any]
    layer: Callable[[Layer, list[list[Any]]], list[list[Any]]]     # at each sample each unit's b + w1*x1 + w2*x2 + ...


# Data and parameters: numbers, the same for every engine ---------------------------------------------------------

def moons(points: int) -> list[tuple[list[float], float]]:
    """Points on two interleaved half circles, with noise; the label is 1 on the upper and -1 on the lower one."""
    rng = random.Random(SEED)
    half, samples = points // 2, []
    for i in range(points):
        angle, upper = math.pi * (i % half) / half, i < half
        x, y = (math.cos(angle), math.sin(angle)) if upper else (1 - math.cos(angle), 0.5 - math.sin(angle))
        samples.append(([rng.gauss(x, NOISE), rng.gauss(y, NOISE)], 1.0 if upper else -1.0))
    return samples


def pixels(count: int) -> list[float]:
    """One image: grey values from 0 to 1."""
    rng = random.Random(SEED)
    return [rng.random() for _ in range(count)]


def weights(sizes: list[int]) -> list[Layer]:
    """Numbers for a network of layers of these sizes: for each unit its weights and its bias."""
    rng = random.Random(SEED)
    return [[([rng.uniform(-1, 1) / math.sqrt(i) for _ in range(i)], 0.0) for _ in range(o)]
            for i, o in pairwise(sizes)]


# The network -----------------------------------------------------------------------------------------------------

def network(engine: Engine, sizes: list[int]) -> list[Layer]:
    """The same numbers as Values."""
    return [[([engine.value(w) for w in ws], engine.value(b)) for ws, b in layer] for layer in weights(sizes)]


def parameters(net: list[Layer]) -> list[Any]:
    """Layer by layer: the weights of its units, then their biases."""
    return [v for layer in net for v in [*(w for ws, _ in layer for w in ws), *(b for _, b in layer)]]


def forward(engine: Engine, net: list[Layer], xs: list[list[Any]]) -> list[list[Any]]:
    """The outputs of the network for each sample: relu between the layers, none after the last."""
    *hidden, last = net
    for layer in hidden:
        xs = [[y.relu() for y in ys] for ys in engine.layer(layer, xs)]
    return engine.layer(last, xs)


# The programs ----------------------------------------------------------------------------------------------------

def expression(engine: Engine, share: int = 1) -> Work:
    """W1: the expression in micrograd's README."""
    def work() -> tuple[Any, list[Any]]:
        a, b = engine.value(-4.0), engine.value(2.0)
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + (b + a).relu()
        d += 3 * d + (b - a).relu()
        e = c - d
        f = e**2
        g = f / 2.0
        g += 10.0 / f
        g.backward()
        return g, [a, b]
    return work


def neuron(engine: Engine, share: int = 1) -> Work:
    """W2: one tanh neuron of three inputs."""
    def work() -> tuple[Any, list[Any]]:
        ws = [engine.value(w) for w in (0.3, -0.5, 0.8)]
        xs = [engine.value(x) for x in (1.0, 2.0, -0.5)]
        b = engine.value(0.1)
        y = engine.layer([(ws, b)], [xs])[0][0].tanh()
        y.backward()
        return y, [*ws, *xs, b]
    return work


def moons_step(engine: Engine, share: int = 1) -> Work:
    """W3: a full training step, 2-16-16-1 on 100 points: max-margin loss, L2, plain gradient descent."""
    samples, net = moons(100 // share), network(engine, [2, 16, 16, 1])
    leaves = parameters(net)

    def work() -> tuple[Any, list[Any]]:
        scores = forward(engine, net, [[engine.value(v) for v in x] for x, _ in samples])
        margins = [(1 + -label * score).relu() for (_, label), [score] in zip(samples, scores, strict=True)]
        loss = engine.sum(margins) * (1.0 / len(margins)) + DECAY * engine.dot(leaves, leaves)
        for p in leaves:
            p.grad = 0.0
        loss.backward()
        for p in leaves:
            p.data -= RATE * p.grad
        return loss, leaves
    return work


def digit(engine: Engine, share: int = 1) -> Work:
    """W4: loss and gradients of a 784-50-10 network for one sample: squared error against a one-hot target."""
    image, net = pixels(784 // share), network(engine, [784 // share, 50, 10])
    leaves = parameters(net)

    def work() -> tuple[Any, list[Any]]:
        [outputs] = forward(engine, net, [[engine.value(v) for v in image]])
        loss = engine.sum([(y - (1.0 if i == 0 else 0.0))**2 for i, y in enumerate(outputs)])
        for p in leaves:
            p.grad = 0.0
        loss.backward()
        return loss, leaves
    return work


PROGRAMS = {
    "W1 README expression": expression,
    "W2 tanh neuron": neuron,
    "W3 moons step": moons_step,
    "W4 784-50-10": digit,
}


# A graph of any size: time and memory by node --------------------------------------------------------------------

def mixture(engine: Engine, size: int) -> Any:
    """The root of about `size` nodes, products and sums: half of them one long chain, half one wide layer."""
    w = engine.value(0.5)
    y = engine.value(1.0)
    for _ in range(size // 4):
        y = y * w + w                                   # two nodes
    xs = [engine.value(1.0 / (i + 1)) for i in range(size // 6)]
    layer = [a * b for a, b in zip(xs, xs[1:] + xs[:1], strict=True)]
    while len(layer) > 1:                               # pairs, then pairs of pairs: as many sums as products
        odd = layer[-1:] if len(layer) % 2 else []
        layer = [a + b for a, b in zip(layer[::2], layer[1::2], strict=False)] + odd
    return y + layer[0]
