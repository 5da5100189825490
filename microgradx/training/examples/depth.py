"""Depth: why deep networks did not learn, and what changed that. Nets of growing depth fit one period of a sine.

The vanishing gradient: each sigmoid layer passes on at most a quarter of the gradient, so after 24 layers none is left
(Hochreiter 1991). Degradation: with tanh or ReLU and well-chosen first weights some gradient arrives, yet the
deeper net learns worse than the shallower (He et al. 2016). A residual layer adds to its input, so the gradient passes
the plus sign unchanged, and depth does no harm.
"""
import math
import random
from collections.abc import Iterator
from typing import Any

from ...nn import Linear, Module, ReLU, Residual, Sequential, Sigmoid, Tanh, init, mse
from .. import Adam, fit, grad_norm
from ..gradient import gradient
from ..history import History
from ..outcome import Outcome
from .target import Target, compiled, outcome

KINDS, WIDTH, POINTS = ("sigmoid", "tanh", "ReLU", "residual"), 8, 16
XS = [[-1 + 2 * i / (POINTS - 1)] for i in range(POINTS)]
YS = [[math.sin(math.pi * x)] for x, in XS]


def layer(kind: str) -> Module:
    """Eight units with eight inputs, first weights by Xavier, for ReLU by Kaiming."""
    linear = Linear(WIDTH, WIDTH)
    if kind == "ReLU":
        init.kaiming_uniform_(linear.weight, nonlinearity="relu")
        return Sequential(linear, ReLU())
    init.xavier_uniform_(linear.weight)
    if kind == "residual":
        return Residual(linear, Tanh())
    return Sequential(linear, Sigmoid() if kind == "sigmoid" else Tanh())


def network(kind: str, depth: int) -> Sequential:
    """One number in, `depth` layers, one number out."""
    return Sequential(Linear(1, WIDTH), *[layer(kind) for _ in range(depth)], Linear(WIDTH, 1))


def loss(model: Module, x: list[float], y: list[float]) -> Any:
    """The squared error."""
    return mse(model(x), y)


def measured(kind: str, depth: int, steps: int) -> tuple[float, History]:
    """The length of the first layer's gradient over that of the last one before training, and its history."""
    model = network(kind, depth)
    optimiser = Adam(model.parameters(), lr=3e-3)
    gradient(model, XS, YS, loss, optimiser)
    first, last = (grad_norm(model[i].parameters()) for i in (1, depth))
    return first / last, compiled(fit, model, XS, YS, loss, optimiser, steps=steps)


def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Train nets of 2, 8 and 24 layers for 50 steps; in full also 48 layers, for 500 steps."""
    depths, steps = ([2, 8, 24, 48], 500) if full else ([2, 8, 24], 50)
    print(f"gradient of the first layer over that of the last | loss after {steps} steps")
    print("depth     " + "".join(f"{depth:8}" for depth in depths) + "   |" + "".join(f"{depth:8}" for depth in depths))
    deepest: dict[str, History] = {}
    found: dict[str, list[tuple[float, float]]] = {}
    for kind in KINDS:
        random.seed(seed)
        runs = [measured(kind, depth, steps) for depth in depths]
        found[kind] = [(ratio, history[-1].loss) for ratio, history in runs]
        deepest[kind] = runs[-1][1]
        print(f"{kind:10}" + "".join(f"{ratio:8.0e}" for ratio, _ in found[kind]) + "   |"
              + "".join(f"{end:8.4f}" for _, end in found[kind]))
    for kind, history in deepest.items():
        yield outcome(f"{kind}, {depths[-1]} layers", history)
    ratio, end = found["residual"][-1]
    yield Target("share of the gradient that crosses the deepest sigmoid net", found["sigmoid"][-1][0], most=1e-9)
    yield Target("share that crosses the deepest residual net", ratio, least=0.1, most=10)
    yield Target("loss of the deepest residual net over that of the shallowest", end / found["residual"][0][1], most=1)
    plain = min(found[kind][-1][1] for kind in KINDS if kind != "residual")
    yield Target("loss of the deepest residual net over that of the best plain one", end / plain, most=0.5)
