"""The networks of layers.py, written for each peer, all from the same numbers.

    >>> from networks import ENGINES
    >>> list(ENGINES)
    ['micrograd', 'tuples', 'nn', 'torch', 'jax']

A network is written once for torch.nn and microgradx.nn, whose names, shapes and state_dict are the same; once on
scalars for engines that have + and * only; once for JAX. Its loss is the squared error against a one-hot target.
"""
import math
import os
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import engines
from engines import Peer, Programs
from programs import SEED, Engine, Work, digit, pixels, weights

CLASSES = 10
ONE_HOT = [1.0] + [0.0] * (CLASSES - 1)
State = dict[str, Any]                              # parameters by torch's names: nested lists


# Numbers ---------------------------------------------------------------------------------------------------------

def mlp_state(size: int) -> State:
    """784-50-10, the numbers of programs.digit."""
    pairs = [([ws for ws, _ in layer], [b for _, b in layer]) for layer in weights([size, 50, CLASSES])]
    return {f"{i}.{name}": part for i, pair in zip((0, 2), pairs) for name, part in zip(("weight", "bias"), pair)}


def lenet5_state(side: int) -> State:
    """Drawn evenly within 1/sqrt(inputs of a unit), as torch does."""
    rng, state = random.Random(SEED), {}

    def draw(bound: float, *sizes: int) -> Any:
        return [draw(bound, *sizes[1:]) for _ in range(sizes[0])] if sizes else rng.uniform(-bound, bound)
    for i, *sizes in ((0, 6, 1, 5, 5), (3, 16, 6, 5, 5), (7, 120, features(side)), (9, 84, 120), (11, CLASSES, 84)):
        bound = 1 / math.sqrt(math.prod(sizes[1:]))
        state |= {f"{i}.weight": draw(bound, *sizes), f"{i}.bias": draw(bound, sizes[0])}
    return state


def image(side: int) -> list[list[float]]:
    """One image, in rows."""
    row = iter(pixels(side * side))
    return [[next(row) for _ in range(side)] for _ in range(side)]


def side(share: int) -> int:
    """How many pixels an image is wide and high: 28, or as few as LeNet-5 can do with."""
    return 28 if share == 1 else 12


def features(side: int) -> int:
    """How many numbers its convolutions leave."""
    return 16 * ((side // 2 - 4) // 2)**2


# From layers: torch.nn and microgradx.nn ---------------------------------------------------------------------------

class Library(NamedTuple):
    """Layers, how nested lists are made what they take, and the sum of squared errors."""

    nn: Any
    array: Callable[[Any], Any]
    loss: Callable[[Any, Any], Any]


def microgradx() -> Library:
    """This engine's layers, on nested lists."""
    from microgradx import nn
    return Library(nn, lambda numbers: numbers, lambda y, target: nn.mse(y, target, reduction="sum"))


def torch() -> Library:
    """PyTorch's, one thread."""
    import torch
    from arrays import array
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    return Library(torch.nn, array, lambda y, target: torch.nn.functional.mse_loss(y, target, reduction="sum"))


def mlp(library: Library, share: int) -> Work:
    """784-50-10 from layers."""
    nn, size = library.nn, 784 // share
    model = nn.Sequential(nn.Linear(size, 50), nn.ReLU(), nn.Linear(50, CLASSES))
    return sample(library, model, mlp_state(size), pixels(size))


def lenet5(library: Library, share: int) -> Work:
    """LeNet-5 from layers."""
    nn, wide = library.nn, side(share)
    model = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
                          nn.MaxPool2d(2), nn.Flatten(0), nn.Linear(features(wide), 120), nn.Tanh(),
                          nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, CLASSES))
    return sample(library, model, lenet5_state(wide), [image(wide)])


def sample(library: Library, model: Any, state: State, x: Any) -> Work:
    """Loss and gradients of a model for one sample."""
    model.load_state_dict({name: library.array(numbers) for name, numbers in state.items()})
    x, target, leaves = library.array(x), library.array(ONE_HOT), list(model.parameters())

    def work() -> tuple[Any, list[Any]]:
        model.zero_grad()
        loss = library.loss(model(x), target)
        loss.backward()
        return loss, leaves
    return work


# On scalars, with + and * only -------------------------------------------------------------------------------------

def lenet5_by_operators(engine: Engine, share: int) -> Work:
    """LeNet-5 as products and sums of two; the larger of a and b is a + relu(b - a)."""
    wide, parameters = side(share), {}
    for name, numbers in lenet5_state(wide).items():
        parameters[name] = each(engine.value, numbers)
    leaves = [v for values in parameters.values() for v in flat(values)]

    def layer(i: int) -> Any:
        return zip(parameters[f"{i}.weight"], parameters[f"{i}.bias"])

    def work() -> tuple[Any, list[Any]]:
        x: Any = [image(wide)]
        for i, padding in ((0, 2), (3, 0)):
            x = [halved(each(lambda v: v.tanh(), slide(engine, x, kernel, b, padding))) for kernel, b in layer(i)]
        row = flat(x)
        for i in (7, 9, 11):
            row = [engine.dot(ws, row, b) for ws, b in layer(i)]
            row = [v.tanh() for v in row] if i < 11 else row
        loss = engine.sum([(y - t)**2 for y, t in zip(row, ONE_HOT)])
        for p in leaves:
            p.grad = 0.0
        loss.backward()
        return loss, leaves
    return work


def slide(engine: Engine, channels: Any, kernel: Any, b: Any, padding: int) -> list[list[Any]]:
    """One channel out of a convolution: the kernel at each place, where there is something beneath it."""
    tall, taps = len(channels[0]), range(len(kernel[0]))
    stops, inside = range(-padding, tall + padding - len(taps) + 1), range(tall)

    def at(top: int, left: int) -> Any:
        pairs = [(weights[i][j], rows[top + i][left + j]) for rows, weights in zip(channels, kernel)
                 for i in taps if top + i in inside for j in taps if left + j in inside]
        return engine.dot([w for w, _ in pairs], [x for _, x in pairs], b)
    return [[at(top, left) for left in stops] for top in stops]


def halved(rows: list[list[Any]]) -> list[list[Any]]:
    """The largest of each 2 x 2."""
    def larger(a: Any, b: Any) -> Any:
        return a + (b - a).relu()
    return [[larger(larger(a, b), larger(c, d)) for a, b, c, d in zip(up[::2], up[1::2], down[::2], down[1::2])]
            for up, down in zip(rows[::2], rows[1::2])]


def each(f: Callable[[Any], Any], nest: Any) -> Any:
    """f of every number of nested lists."""
    return [each(f, branch) for branch in nest] if isinstance(nest, list) else f(nest)


def flat(nest: Any) -> list[Any]:
    """All numbers of nested lists in order."""
    return [x for branch in nest for x in flat(branch)] if isinstance(nest, list) else [nest]


# JAX -------------------------------------------------------------------------------------------------------------

class Known(NamedTuple):
    """What a benchmark reads of a result: a number, or the gradient by an array."""

    data: Any = None
    grad: Any = None


def jax() -> Any:
    """JAX on one thread of the CPU, in float64."""
    os.environ |= {"JAX_PLATFORMS": "cpu",
                   "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
    import jax
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)      # no other thread to hand the work to
    return jax


def mlp_by_jax(jax: Any, share: int) -> Work:
    """784-50-10 on arrays."""
    def outputs(p: State, x: Any) -> Any:
        return p["2.weight"] @ jax.nn.relu(p["0.weight"] @ x + p["0.bias"]) + p["2.bias"]
    return compiled(jax, outputs, mlp_state(784 // share), pixels(784 // share))


def lenet5_by_jax(jax: Any, share: int) -> Work:
    """LeNet-5 on arrays."""
    np, lax = jax.numpy, jax.lax

    def outputs(p: State, x: Any) -> Any:
        x = x[None, None]
        for i, padding in ((0, 2), (3, 0)):
            x = lax.conv_general_dilated(x, p[f"{i}.weight"], (1, 1), [(padding, padding)] * 2)
            x = np.tanh(x + p[f"{i}.bias"][:, None, None])
            x = lax.reduce_window(x, -np.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        x = x.ravel()
        for i in (7, 9):
            x = np.tanh(p[f"{i}.weight"] @ x + p[f"{i}.bias"])
        return p["11.weight"] @ x + p["11.bias"]
    return compiled(jax, outputs, lenet5_state(side(share)), image(side(share)))


def compiled(jax: Any, outputs: Callable[[State, Any], Any], state: State, x: Any) -> Work:
    """Loss and gradients under one jit."""
    array = jax.numpy.array
    p, x, target = {name: array(numbers) for name, numbers in state.items()}, array(x), array(ONE_HOT)

    def loss(p: State, x: Any) -> Any:
        return ((outputs(p, x) - target)**2).sum()
    step = jax.jit(jax.value_and_grad(loss)).lower(p, x).compile()

    def work() -> tuple[Any, list[Any]]:
        y, gradients = step(p, x)
        return Known(data=y), [Known(grad=gradients[name].block_until_ready()) for name in state]
    work.memory = step.memory_analysis
    return work


# What a sample takes in memory -------------------------------------------------------------------------------------

def saved_by_torch(work: Work) -> int:
    """Bytes of the tensors that are saved for backward, parameters and inputs apart, and of the gradients."""
    import torch
    saved: dict[int, int] = {}

    def note(tensor: Any) -> Any:
        if tensor.grad_fn is not None:
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        _, leaves = work()
    return sum(saved.values()) + sum(p.grad.nbytes for p in leaves)


def planned_by_jax(work: Any) -> int:
    """Bytes that XLA sets aside for what lies between, and for results."""
    plan = work.memory()
    return plan.temp_size_in_bytes + plan.output_size_in_bytes


# The peers -------------------------------------------------------------------------------------------------------

def programs(mlp: Any, lenet5: Any) -> Callable[[], Programs]:
    """The programs of a peer, by the names that the tables give them."""
    return lambda: dict(zip(PROGRAMS, (mlp, lenet5), strict=True))


PROGRAMS = ["MLP 784-50-10", "LeNet-5"]
OPERATORS = programs(digit, lenet5_by_operators)
ENGINES = {
    "micrograd": engines.ENGINES["micrograd"]._replace(programs=OPERATORS, lacks={"LeNet-5": "has no tanh"}),
    "tuples": engines.ENGINES["tuples"]._replace(programs=OPERATORS),
    "nn": Peer("microgradx.nn", microgradx, programs=programs(mlp, lenet5)),
    "torch": Peer("torch", torch, "torch==2.13.0", programs(mlp, lenet5), memory=saved_by_torch),
    "jax": Peer("JAX, jit", jax, "jax", programs(mlp_by_jax, lenet5_by_jax), memory=planned_by_jax),
}
