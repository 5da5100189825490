"""The networks whose pictures are looked at: each gives its root and its parameters."""
import math
import random

import microgradx as mg
from microgradx import Value
from microgradx.nn import LSTM, MLP, RNN, Conv2d, MultiheadAttention, ReLU, Sequential


def neuron():
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-0.5, "b")
    return (w * x + b).tanh().named("y"), [w, b]


def mlp(sizes=(3, 3, 1)):
    net = MLP(2, list(sizes))
    return net([Value(1.0, "x1"), Value(2.0, "x2")]), net


def moons(points=6):
    """The loss of micrograd's demonstration, its regularisation and its chain of + included."""
    net = MLP(2, [16, 16, 1])
    terms = [(1 + -(-1.0)**i * net([Value(math.cos(i)), Value(math.sin(i))])).relu() for i in range(points)]
    return sum(terms, Value(0.0)) * (1 / points) + sum((p * p for p in net.parameters()), Value(0.0)) * 1e-4, net


def rnn(steps=10):
    net = RNN(2, 2)
    outputs, _ = net([[math.sin(t), math.cos(t)] for t in range(steps)])
    return mg.sum(outputs[-1]), net


def own_rnn(steps=10):
    """Without layers, and so without scopes."""
    w, u, b = Value(0.7, "w"), Value(-0.5, "u"), Value(0.1, "b")
    h = 0.0
    for t in range(steps):
        h = mg.tanh(w * h + u * Value(math.sin(t), f"x{t}") + b)
    return h, [w, u, b]


def lstm(steps=4):
    net = LSTM(1, 2)
    outputs, _ = net([[math.sin(t)] for t in range(steps)])
    return mg.sum(outputs[-1]), net


def attention():
    net = MultiheadAttention(2, 1)
    xs = [[Value(0.5), Value(-0.2)], [Value(0.1), Value(0.9)], [Value(-0.4), Value(0.3)]]
    return mg.sum([v for ys in net(xs, xs, xs)[0] for v in ys]), net


def conv():
    net = Sequential(Conv2d(1, 2, 3), ReLU())
    return mg.sum([v for rows in net([[[math.sin(6 * i + k) for k in range(6)] for i in range(6)]])
                   for row in rows for v in row]), net


def vanishing():
    xs = [0.3, -0.2, 0.8, 0.1]
    weights = [[[Value(random.gauss(0, 0.5)) for _ in range(4)] for _ in range(4)] for _ in range(8)]
    for layer in weights:
        xs = [mg.sigmoid(mg.dot(row, xs)) for row in layer]
    return mg.sum(xs), weights


def chain(length=40):
    x = Value(0.5, "x")
    for k in range(length):
        x = (mg.tanh, mg.exp, mg.sin)[k % 3](x)
    return x, None


NETS = [neuron, mlp, moons, rnn, own_rnn, lstm, attention, conv, vanishing, chain]
