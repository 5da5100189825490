"""What compiled training steps of these tests work on: a small model, Values, Buffers; and how runs are compared."""
import random

import microgradx as mg
from microgradx import Value
from microgradx.nesting import leaves
from microgradx.nn import Buffer, Linear, Sequential, Tanh

XS = [[0.3, -1.0], [2.0, 0.5], [-0.7, 0.1]]
YS = [1.0, -0.5, 0.25]
CALLS = 4


def net():
    random.seed(3)
    return Sequential(Linear(2, 3), Tanh(), Linear(3, 1))


def mean_square(model, xs, ys):
    return mg.sum([(model(x)[0] - y) ** 2 for x, y in zip(xs, ys)]) / len(xs)


class Net:
    """What a program works on: a model, three Values and Buffers for state. Each run has its own, all alike."""

    def __init__(self):
        self.model = net()
        self.ps = self.model.parameters()
        self.m, self.v = [Value(0.0) for _ in self.ps], [Buffer(0.0) for _ in self.ps]
        self.t, self.w = Value(0.0), Value(0.7)
        self.frozen = self.w > 0.5

    def numbers(self):
        """All that can be seen from outside."""
        return [x for v in (*self.ps, *self.m, *self.v, self.t, self.w) for x in (v.data, v.grad)]


def told(tree):
    """The numbers of a result."""
    if isinstance(tree, dict):
        return told([*tree.values()])
    return [x.data if isinstance(x, Value) else float(x) for x in leaves(tree)]


def agree(found, expected, same):
    assert len(found) == len(expected)
    assert [(i, a, b) for i, (a, b) in enumerate(zip(found, expected)) if not same(a, b)] == []
