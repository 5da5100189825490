"""A curve through noisy points: y = x**2 + 0.2*u, u uniform from 0 to 1, for 100 x from -1 to 1.

A network 1-10-10-1 with ReLU, all points at once, gradient descent with rate 0.2 on the mean squared error, 100 steps:
the first regression of many PyTorch textbooks. From the same first weights the losses are torch's (tests).
"""
import random
from collections.abc import Iterator
from typing import Any

from ...nn import Linear, Module, ReLU, Sequential, mse
from .. import SGD, evaluate, fit
from ..outcome import Outcome
from .target import Target, compiled, outcome, outputs, print_losses


def points() -> tuple[list[list[float]], list[list[float]]]:
    """The 100 points."""
    xs = [[-1 + 2 * i / 99] for i in range(100)]
    return xs, [[x * x + 0.2 * random.random()] for x, in xs]


def network() -> Sequential:
    """1-10-10-1."""
    return Sequential(Linear(1, 10), ReLU(), Linear(10, 10), ReLU(), Linear(10, 1))


def loss(model: Module, x: list[float], y: list[float]) -> Any:
    """The squared error."""
    return mse(model(x), y)


def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Train for 100 steps; in full 1,000. No model can learn the noise, whose variance is 0.2**2/12 = 0.0033."""
    random.seed(seed)
    xs, ys = points()
    model = network()
    history = compiled(fit, model, xs, ys, loss, SGD(model.parameters(), lr=0.2), steps=1000 if full else 100)
    print_losses(history)
    some = [-1.0, -0.5, 0.0, 0.5, 1.0]
    for x, [y] in zip(some, outputs(model, [[x] for x in some])):
        print(f"  x = {x:4.1f}   model {y:.3f}   x**2 + 0.1 = {x * x + 0.1:.3f}")
    yield outcome("a network 1-10-10-1", history, "curve", model, xs, ys)
    error = compiled(evaluate, model, xs, ys, loss)
    yield Target("mean squared error of the network", error, most=0.005 if full else 0.02)
