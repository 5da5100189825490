"""The neuron that `python3 -m microgradx` steps through: two inputs, two weights, a bias, tanh.

    >>> from microgradx.show.terminal.neuron import graph
    >>> y = graph()
    >>> y.backward()
    >>> round(y.data, 4)
    0.7071

The numbers are those of Karpathy's lecture "The spelled-out intro to neural networks and backpropagation" (2022). He
chose the bias for round gradients: 1 - tanh(n)**2 = 0.5.
"""
from ...engine import Value

NOTE = """\
A neuron, y = tanh(x1*w1 + x2*w2 + b): first its value, forward, a number at
a time; then, backward, how y changes with each number, one application of the
chain rule at a time. grad(w1) stands for dy/dw1.
"""


def note() -> str:
    """An introduction to print before the first step."""
    return NOTE


def graph() -> Value:
    """y = tanh(x1*w1 + x2*w2 + b), with a label on every Value."""
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2, b = Value(-3.0, "w1"), Value(1.0, "w2"), Value(6.8813735870195432, "b")
    p1, p2 = (x1 * w1).named("p1"), (x2 * w2).named("p2")
    s = (p1 + p2).named("s")
    n = (s + b).named("n")
    return n.tanh().named("y")
