"""The programs as a user of torch writes them: on arrays. Same data, same parameters in the same order.

    from arrays import moons_step
    loss, leaves = moons_step(engine)()         # leaves are arrays; flattened, they are the scalar programs' leaves
"""
import itertools
from collections.abc import Callable
from typing import Any

import problems
import programs
from problems import Problem
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


# Larger programs, of compiled.py -----------------------------------------------------------------------------------

def leaves(problem: Problem) -> list[Any]:
    """The parameters of a problem as tensors."""
    return [array(numbers).requires_grad_() for numbers in problem.parameters.values()]


def gradient(loss: Callable[[], Any], net: list[Any]) -> Work:
    """Loss and gradients of one sample."""
    def work() -> tuple[Any, list[Any]]:
        for p in net:
            p.grad = None
        value = loss()
        value.backward()
        return value, net
    return work


def lenet5(engine: Engine, share: int = 1) -> Work:
    """W5: loss and gradients of LeNet-5 for one sample: cross entropy."""
    import torch
    problem = problems.lenet5(share)
    functional = torch.nn.functional
    net, pixels, target = leaves(problem), array(problem.data["pixels"])[None], torch.tensor(problem.data["target"])
    w1, b1, w2, b2, *linear = net

    def loss() -> Any:
        x = functional.max_pool2d(functional.conv2d(pixels, w1, b1, padding=2).tanh(), 2)
        x = functional.max_pool2d(functional.conv2d(x, w2, b2).tanh(), 2).flatten()
        x = functional.linear(x, *linear[:2]).tanh()
        x = functional.linear(x, *linear[2:4]).tanh()
        return functional.cross_entropy(functional.linear(x, *linear[4:]), target)
    return gradient(loss, net)


def gpt_step(engine: Engine, share: int = 1) -> Work:
    """W6: a full training step on one name for the GPT of microgpt: cross entropy, Adam with a falling rate."""
    import torch
    functional = torch.nn.functional
    problem = problems.gpt_training(share)
    net = wte, wpe, qkv, out, fc1, fc2, head = leaves(problem)
    names = [torch.tensor(name) for name in problem.data["names"]]
    adam = torch.optim.Adam(net, betas=problems.BETAS, eps=problems.EPS, fused=True)        # the fastest of its kinds
    done = itertools.count()

    def norm(x: Any) -> Any:
        return x * (x.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt()

    def loss(name: Any) -> Any:
        length = len(name) - 1
        x = norm(wte[name[:-1]] + wpe[:length])
        q, k, v = (norm(x) @ qkv.T).view(length, 3, problems.HEADS, -1).permute(1, 2, 0, 3)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + y.transpose(0, 1).reshape(length, -1) @ out.T
        x = x + (norm(x) @ fc1.T).relu() @ fc2.T
        return functional.cross_entropy(x @ head.T, name[1:])

    def work() -> tuple[Any, list[Any]]:
        t = next(done)
        adam.param_groups[0]["lr"] = problems.LR * (1 - t / len(names))
        adam.zero_grad()
        value = loss(names[t])
        value.backward()
        adam.step()
        return value, net
    return work


def lstm(engine: Engine, share: int = 1) -> Work:
    """Loss and gradients of an LSTM for one sequence: mean squared error of all outputs."""
    import torch
    problem = problems.lstm(share)
    layer, (xs, targets) = torch.nn.LSTM(8, 16, dtype=torch.float64), map(array, problem.data.values())
    layer.load_state_dict({f"{name}_l0": array(numbers) for name, numbers in problem.parameters.items()})

    def loss() -> Any:
        outputs, _ = layer(xs)
        return ((outputs - targets)**2).mean()
    return gradient(loss, list(layer.parameters()))
