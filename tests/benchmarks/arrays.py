"""The programs as a user of torch writes them: on arrays. Same data, same parameters in the same order.

    from arrays import moons_step
    loss, leaves = moons_step(engine)()         # leaves are arrays; flattened, they are the scalar programs' leaves
"""
from typing import Any

import programs
from programs import DECAY, RATE, Engine, Work


def array(numbers: Any) -> Any:
    """A float64 tensor of plain numbers: data."""
    import torch
    return torch.tensor(numbers, dtype=torch.float64)


def network(sizes: list[int]) -> list[Any]:
    """Weights (outputs, inputs) and biases, in turn, of each layer: parameters."""
    pairs = [([ws for ws, _ in layer], [b for _, b in layer]) for layer in programs.weights(sizes)]
    return [array(numbers).requires_grad_() for pair in pairs for numbers in pair]


def forward(net: list[Any], x: Any) -> Any:
    """The outputs for one input, or for a row of `x` each: relu between the layers, none after the last."""
    *hidden, (w, b) = zip(net[::2], net[1::2], strict=True)
    for v, c in hidden:
        x = (x @ v.T + c).relu()
    return x @ w.T + b


def neuron(engine: Engine, share: int = 1) -> Work:
    """W2: one tanh neuron of three inputs."""
    def work() -> tuple[Any, list[Any]]:
        w, x = array([0.3, -0.5, 0.8]).requires_grad_(), array([1.0, 2.0, -0.5]).requires_grad_()
        b = array(0.1).requires_grad_()
        y = (w @ x + b).tanh()
        y.backward()
        return y, [w, x, b]
    return work


def moons_step(engine: Engine, share: int = 1) -> Work:
    """W3: a full training step, 2-16-16-1 on 100 points: max-margin loss, L2, plain gradient descent."""
    samples, net = programs.moons(100 // share), network([2, 16, 16, 1])
    points, labels = array([x for x, _ in samples]), array([label for _, label in samples])

    def work() -> tuple[Any, list[Any]]:
        scores = forward(net, points)[:, 0]
        loss = (1 - labels * scores).relu().mean() + DECAY * sum((p * p).sum() for p in net)
        for p in net:
            p.grad = None
        loss.backward()
        for p in net:
            p.data -= RATE * p.grad
        return loss, net
    return work


def digit(engine: Engine, share: int = 1) -> Work:
    """W4: loss and gradients of a 784-50-10 network for one sample: squared error against a one-hot target."""
    pixels = array(programs.pixels(784 // share))
    net, target = network([784 // share, 50, 10]), array([1.0] + [0.0] * 9)

    def work() -> tuple[Any, list[Any]]:
        loss = ((forward(net, pixels) - target)**2).sum()
        for p in net:
            p.grad = None
        loss.backward()
        return loss, net
    return work
