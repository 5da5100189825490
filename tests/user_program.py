"""A program as users write them, typed strictly: mypy and pyright check it (tests/test_types.py), and it runs."""
import random

import microgradx as mg
from microgradx import Value, cos, dot, grad, gradcheck, jit, logsumexp, sum, tanh, value_and_grad
from microgradx.nn import Linear, Module, ReLU, Sequential, cross_entropy, mse
from microgradx.training import Adam, History, Record, fit


class Network(Module):
    def __init__(self, size: int) -> None:
        self.first = Linear(2, size)
        self.act = ReLU()
        self.last = Linear(size, 2)

    def forward(self, x: list[float]) -> list[Value]:
        hidden: list[Value] = self.act(self.first(x))
        scores: list[Value] = self.last(hidden)
        return scores


def energy(w: list[Value], x: list[float]) -> Value:
    terms: list[Value] = [tanh(a * b) for a, b in zip(w, x)]
    total: Value = sum(terms) + dot(w, x) + mg.max(terms) + mg.min(terms) + logsumexp(terms)
    return total / len(terms) + mg.prod(terms) * 0.5


def loss(model: Network, x: list[float], y: int) -> Value:
    error: Value = cross_entropy(model(x), y)
    return error


def numbers(xs: list[float]) -> float:
    return sum(xs) + dot(xs, xs) + mg.max(xs) + logsumexp(xs) + cos(xs[0])


def main() -> float:
    random.seed(1)
    w = [Value(0.5, "w0"), Value(-1.0)]
    y = energy(w, [1.0, 2.0])
    y.backward()
    slopes: list[float] = [v.grad for v in w]
    w[0].data -= 0.1 * slopes[0]
    mixed: Value = sum([w[0], 1.0, 2]) - dot([w[0], 2.0], [1, w[1]]) ** 2
    gradient: list[float] = grad(energy)([0.5, -1.0], [1.0, 2.0])
    value: float = value_and_grad(energy)([0.5, -1.0], [1.0, 2.0])[0]
    rows: list[list[float]] = mg.jacobian(grad(energy))([0.5, -1.0], [1.0, 2.0])
    each: list[list[float]] = mg.vmap(grad(energy), in_axes=(0, None))([[0.5, -1.0], [0.25, 1.0]], [1.0, 2.0])
    assert len(rows) == len(each) == len(mg.hessian(energy)([0.5, -1.0], [1.0, 2.0]))
    fast = jit(energy)
    again: float = fast([0.5, -1.0], [1.0, 2.0])
    assert gradcheck(energy, [0.5, -1.0], [1.0, 2.0])
    model = Network(3)
    rule = Adam(model.parameters(), lr=0.1)

    def watch(model: Network, record: Record) -> None:
        assert record.loss >= 0

    history: History = fit(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], loss, rule, epochs=2, callback=watch, jit=True)
    best: float = min(record.loss for record in history)
    line = Sequential(Linear(1, 1), ReLU())
    error: Value = mse(line([2.0]), [1.0])
    with mg.no_grad():
        logits = model([1.0, 2.0])                      # list[Value], as forward() says
    assert fast.report().programs == 1 and best >= 0
    return numbers(gradient) + value + again + error.data + mixed.data + logits[0].data
