"""Handwritten digits: 1,797 images of 8 x 8 pixels, by an MLP 64-32-10 and by a small convolutional network.

The images come inside scikit-learn: the test part of "Optical Recognition of Handwritten Digits" (UCI, 1998). A fifth
is set aside and never trained on.
"""
import math
import random
from collections.abc import Iterator
from typing import Any

from ...nn import Conv2d, Flatten, Linear, Module, ReLU, Sequential, cross_entropy
from .. import Adam, LinearLR, fit, split
from .target import Target, accuracy, compiled, extra, tell

Image = list[list[list[float]]]                 # channels x height x width; here one channel


def images() -> tuple[list[Image], list[int]]:
    """All images with grey values from 0 to 1, and what they show."""
    data = extra("sklearn.datasets").load_digits()
    return [[image] for image in (data.images / 16).tolist()], data.target.tolist()


def mlp() -> Sequential:
    """Every pixel to every unit."""
    return Sequential(Flatten(0), Linear(64, 32), ReLU(), Linear(32, 10))


def convolutional() -> Sequential:
    """The same eight kernels all over the image, then sixteen over what they found."""
    return Sequential(Conv2d(1, 8, 3, stride=2, padding=1), ReLU(), Conv2d(8, 16, 2), ReLU(), Flatten(0),
                      Linear(144, 10))


def loss(model: Module, x: Image, y: int) -> Any:
    """The surprise at the right digit."""
    return cross_entropy(model(x), y)


def run(full: bool, seed: int) -> Iterator[Target]:
    """Four epochs of each network, four images a step; in full 20 epochs."""
    train, test = split(*images(), 0.2, seed)
    epochs = 20 if full else 4
    steps = math.ceil(len(train[0]) / 4) * epochs
    for name, network in (("MLP 64-32-10", mlp), ("convolutional network", convolutional)):
        random.seed(seed)
        model = network()
        print(f"{name}, {len(model.parameters()):,} parameters, {len(train[0])} images, {epochs} epochs")
        tell(compiled(fit, model, *train, loss, Adam(model.parameters(), lr=0.01), epochs=epochs, batch_size=4,
                      schedule=LinearLR(1.0, 0.0, steps), seed=seed))
        yield Target(f"test accuracy of the {name} in %", accuracy(model, *test), least=95)
