"""Samples, the same each time, and small networks for them: of three classes, and of sequences of many lengths."""
import random

from microgradx.nn import RNN, Linear, Module, ReLU, Sequential, cross_entropy


def data(count):
    rng = random.Random(4)
    return [[rng.gauss(0, 1) for _ in range(6)] for _ in range(count)], [rng.randrange(3) for _ in range(count)]


def network(*more):
    random.seed(2)
    return Sequential(Linear(6, 8), *more, ReLU(), Linear(8, 3))


def loss(model, x, y):
    return cross_entropy(model(x), y)


class Reader(Module):
    """The last output of an RNN: samples of many lengths have a program each."""

    def __init__(self):
        random.seed(3)
        self.rnn, self.head = RNN(2, 4), Linear(4, 1)

    def forward(self, xs):
        return self.head(self.rnn(xs)[0][-1])


def sequences():
    rng = random.Random(6)
    return [[[rng.gauss(0, 1), 1.0] for _ in range(2 + k % 3)] for k in range(30)]
