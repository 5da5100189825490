"""Two moons: classify points on two interleaved half circles, as in micrograd's demo.

An MLP 2-16-16-1, the max-margin loss of support vector machines, an L2 penalty, and a learning rate that falls from 1
to 0.1 in 100 steps. Source: the notebook demo.ipynb of karpathy/micrograd.
"""
import math
import random
from collections.abc import Iterator
from typing import Any

from ...nn import MLP, Module, hinge, l2_penalty
from .. import SGD, LinearLR, fit
from ..outcome import Outcome
from .target import Target, compiled, outcome, outputs, print_losses


def moons(count: int, noise: float = 0.1) -> tuple[list[list[float]], list[int]]:
    """Points of the upper moon, label -1, and of the lower, label 1; as sklearn.datasets.make_moons."""
    xs, ys = [], []
    for i in range(count):
        angle, lower = math.pi * (i // 2) / (count / 2 - 1), i % 2
        x, y = (1 - math.cos(angle), 0.5 - math.sin(angle)) if lower else (math.cos(angle), math.sin(angle))
        xs.append([random.gauss(x, noise), random.gauss(y, noise)])
        ys.append(1 if lower else -1)
    return xs, ys


def loss(model: Module, x: list[float], y: int) -> Any:
    """How far the score is below a margin of 1 on the right side."""
    return hinge(model(x), y)


def penalty(model: Module) -> Any:
    """A penalty on large weights, for a smooth border."""
    return 1e-4 * l2_penalty(model)


def picture(model: Module, width: int = 60, height: int = 20) -> str:
    """The plane as text: # where the model predicts 1."""
    points = [[-1.5 + 4 * i / width, 1.5 - 2.5 * j / height] for j in range(height) for i in range(width)]
    marks = "".join("#" if score > 0 else "." for score in outputs(model, points))
    return "\n".join(marks[start:start + width] for start in range(0, len(marks), width))


def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Train for 100 steps on 100 points; in full on 500 points."""
    random.seed(seed)
    xs, ys = moons(500 if full else 100)
    model = MLP(2, [16, 16, 1])
    print(f"{len(xs)} points, {model.__class__.__name__} 2-16-16-1 of {len(model.parameters())} parameters")
    history = compiled(fit, model, xs, ys, loss, SGD(model.parameters(), lr=1.0), steps=100,
                       schedule=LinearLR(1.0, 0.1, total_iters=100), penalty=penalty)
    print_losses(history)
    print(picture(model))
    told = outcome("a network 2-16-16-1", history, "border", model, xs, ys)
    yield told
    right = [score * y > 0 for score, y in zip(told.outputs, ys)].count(True)
    yield Target("share of training points on the right side in %", 100 * right / len(xs), least=100)
