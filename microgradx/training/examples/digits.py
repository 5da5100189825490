"""Handwritten digits: 1,797 images of 8 x 8 pixels, by an MLP 64-32-10 and by a small convolutional network.

The images are part of scikit-learn: the test part of "Optical Recognition of Handwritten Digits" (UCI, 1998). A fifth
of them is for testing only.
"""
import math
import random
from collections.abc import Iterator
from typing import Any

from ...nn import Conv2d, Flatten, Linear, Module, ReLU, Sequential, cross_entropy
from .. import Adam, LinearLR, fit, split
from ..outcome import Outcome
from .target import Target, compiled, extra, outcome, print_losses, share_right

Image = list[list[list[float]]]                 # channels x height x width; here one channel


def images() -> tuple[list[Image], list[int]]:
    """All images with grey values from 0 to 1, and their digits."""
    data = extra("sklearn.datasets").load_digits()
    return [[image] for image in (data.images / 16).tolist()], data.target.tolist()


def mlp() -> Sequential:
    """A network in which every unit sees every pixel."""
    return Sequential(Flatten(0), Linear(64, 32), ReLU(), Linear(32, 10))


def convolutional() -> Sequential:
    """A network of eight kernels on the image, then sixteen on their outputs."""
    return Sequential(Conv2d(1, 8, 3, stride=2, padding=1), ReLU(), Conv2d(8, 16, 2), ReLU(), Flatten(0),
                      Linear(144, 10))


def loss(model: Module, x: Image, y: int) -> Any:
    """The cross-entropy of the right digit."""
    return cross_entropy(model(x), y)


def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Train each network for four epochs, four images in a step; in full 20 epochs."""
    train, test = split(*images(), 0.2, seed)
    epochs = 20 if full else 4
    steps = math.ceil(len(train[0]) / 4) * epochs
    for name, network in (("MLP 64-32-10", mlp), ("convolutional network", convolutional)):
        random.seed(seed)
        model = network()
        print(f"{name}, {len(model.parameters()):,} parameters, {len(train[0])} images, {epochs} epochs")
        history = compiled(fit, model, *train, loss, Adam(model.parameters(), lr=0.01), epochs=epochs, batch_size=4,
                           schedule=LinearLR(1.0, 0.0, steps), seed=seed)
        print_losses(history)
        told = outcome(name, history, "classes", model, *test)
        yield told
        yield Target(f"test accuracy of the {name} in %", share_right(told.outputs, told.ys), least=95)
