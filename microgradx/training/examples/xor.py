"""Exclusive or: a perceptron cannot learn it, a network with two hidden units can.

No line separates (0,0) and (1,1) from (0,1) and (1,0): the proof is in nn/perceptron.py. Two hidden units bend it.
"""
import random
from collections.abc import Iterator
from typing import Any

from ...nn import Linear, Module, Perceptron, Sequential, Tanh, bce_with_logits
from .. import Adam, fit
from ..outcome import Outcome
from .target import Target, compiled, outcome, print_losses

XS, YS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
ATTEMPTS = 10


def loss(model: Module, x: list[float], y: int) -> Any:
    """The cross-entropy of y, for a network whose output is the logit of 1."""
    return bce_with_logits(model(x)[0], y)


def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Apply Rosenblatt's rule for 100 rounds; then train the network, with new first weights if it gets stuck."""
    unit = Perceptron(2)
    mistakes = unit.fit(list(zip(XS, YS)), epochs=10_000 if full else 100)
    print(f"a perceptron after {len(mistakes)} rounds still makes {mistakes[-1]} mistakes a round")
    yield Target("number of rounds that the perceptron gets through without a mistake", mistakes.count(0), most=0)

    random.seed(seed)
    for attempt in range(1, ATTEMPTS + 1):
        model = Sequential(Linear(2, 2), Tanh(), Linear(2, 1))
        history = compiled(fit, model, XS, YS, loss, Adam(model.parameters(), lr=0.1), steps=1000, threshold=0.01)
        told = outcome("a network 2-2-1", history, "border", model, XS, YS)
        right = [(logit > 0) == (y == 1) for [logit], y in zip(told.outputs, YS)].count(True)
        print(f"a network 2-2-1, start {attempt}: {right} of 4 right after {len(history)} steps")
        if right == len(XS):
            break
    print_losses(history)
    yield told
    yield Target("right answers of the 2-2-1 network", right, least=4)
