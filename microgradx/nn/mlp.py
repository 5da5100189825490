"""Neuron, Layer, MLP as in micrograd, whose programs run with one import changed.

    >>> import random
    >>> from microgradx.nn import MLP
    >>> random.seed(1337)
    >>> model = MLP(2, [16, 16, 1])
    >>> len(model.parameters()), model([1.0, -2.0]).op.name
    (337, 'sum')

Every product and every sum is its own node, to draw and step through. For wide layers use Linear, where a neuron is one
node.
"""

from operator import mul
from typing import Any

from ..activations import relu
from ..engine import Value
from ..ieee import short
from ..reductions import sum
from .module import Module
from .randomness import source
from .shapes import expect


class Neuron(Module):
    """relu(b + w1*x1 + w2*x2 + ...), or the sum itself with nonlin=False. A list of nin numbers to one Value.

    w: nin Values, drawn uniformly from -1 to 1 by Python's `random`; b: a Value, 0.

    Source: micrograd's Neuron.

    >>> neuron = Neuron(2)
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, 3.0, -1.0
    >>> neuron([1.0, 1.0]).data, neuron([1.0, -1.0]).data
    (4.0, 0.0)
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.w = [Value(source().uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin

    def forward(self, x: list[Any]) -> Any:
        """(nin) to one Value."""
        expect(self, x, (len(self.w),))
        total = sum([self.b, *map(mul, self.w, x)])
        return relu(total) if self.nonlin else total

    def extra_repr(self) -> str:
        """ReLU or linear, and its inputs."""
        return f"{'ReLU' if self.nonlin else 'linear'}, {len(self.w)}"


class Layer(Module):
    """nout neurons on the same inputs: (nin) to a list of nout Values, or to one Value if nout is 1.

    Source: micrograd's Layer.

    >>> len(Layer(2, 3)([1.0, -2.0])), Layer(2, 3).neurons[0]
    (3, Neuron(ReLU, 2)  # 3 parameters)
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True) -> None:
        self.neurons = [Neuron(nin, nonlin) for _ in range(nout)]

    def forward(self, x: list[Any]) -> Any:
        """(nin) to (nout), or to one Value."""
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out


class MLP(Module):
    """Layers of nouts[0], nouts[1], ... neurons in sequence; all are ReLU but the last, which is linear.

    (nin) to a list of nouts[-1] Values, or to one Value if nouts[-1] is 1. TypeError if nouts is not a list.
    Source: micrograd's MLP.

    >>> model = MLP(3, [4, 2])
    >>> len(model.parameters()), len(model([1.0, -2.0, 0.5]))
    (26, 2)
    """

    def __init__(self, nin: int, nouts: list[int]) -> None:
        if not isinstance(nouts, (list, tuple)):
            raise TypeError(f"MLP: expected a list of sizes as nouts, got {short(nouts)}; write MLP({nin}, [{nouts}])")
        sizes = [nin, *nouts]
        self.layers = [Layer(sizes[i], sizes[i + 1], nonlin=i + 1 < len(nouts)) for i in range(len(nouts))]

    def forward(self, x: list[Any]) -> Any:
        """(nin) to (nouts[-1]), or to one Value."""
        for layer in self.layers:
            x = layer(x)
        return x
