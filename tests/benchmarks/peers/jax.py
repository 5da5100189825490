"""JAX on the CPU, float64, one thread: each program as a user of JAX writes it, under one jit.

Training is measured twice: all steps in one call, by lax.scan, which is faster, and a call a step, as most write it.
"""
import os
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from problems import BETAS, CONTEXT, EPS, HEADS, LR, PROBLEMS, WIDTH, Problem, flat
from programs import DECAY, RATE

from . import Solution, Solver

Loss = Callable[[Any, Any], Any]                    # of parameters and data, both dicts of arrays


def start() -> Any:
    """The module, set up."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)      # no other thread to hand the work to
    return jax


# The losses ------------------------------------------------------------------------------------------------------

def expression(p: Any, data: Any) -> Any:
    """W1."""
    import jax
    a, b = p["a"], p["b"]
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + jax.nn.relu(b + a)
    d += 3 * d + jax.nn.relu(b - a)
    e = c - d
    f = e**2
    return f / 2.0 + 10.0 / f


def neuron(p: Any, data: Any) -> Any:
    """W2."""
    import jax.numpy as np
    return np.tanh(p["w"] @ p["x"] + p["b"])


def mlp(p: Any, x: Any) -> Any:
    """The outputs for one input, or for each row of them: relu between the layers."""
    import jax
    *hidden, last = range(len(p) // 2)
    for i in hidden:
        x = jax.nn.relu(x @ p[f"{i}.weight"].T + p[f"{i}.bias"])
    return x @ p[f"{last}.weight"].T + p[f"{last}.bias"]


def moons(p: Any, data: Any) -> Any:
    """W3."""
    import jax
    scores = mlp(p, data["points"])[:, 0]
    return jax.nn.relu(1 - data["labels"] * scores).mean() + DECAY * sum((v * v).sum() for v in p.values())


def digit(p: Any, data: Any) -> Any:
    """W4."""
    return ((mlp(p, data["pixels"]).at[0].add(-1.0))**2).sum()


def lenet5(p: Any, data: Any) -> Any:
    """W5."""
    import jax
    import jax.numpy as np

    def layer(x: Any, name: str, padding: int) -> Any:
        """Convolution, tanh, the largest of each 2 x 2."""
        y = jax.lax.conv_general_dilated(x, p[f"{name}.weight"], (1, 1), [(padding, padding)] * 2)
        y = np.tanh(y + p[f"{name}.bias"][:, None, None])
        return jax.lax.reduce_window(y, -np.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    x = layer(layer(data["pixels"][None, None], "0", 2), "3", 0).ravel()
    for i in (7, 9, 11):
        x = p[f"{i}.weight"] @ x + p[f"{i}.bias"]
        x = np.tanh(x) if i < 11 else x
    return -jax.nn.log_softmax(x)[data["target"]]


def gpt(p: Any, data: Any) -> Any:
    """W6, for letters padded to the whole context; what is behind the end counts nothing."""
    import jax
    import jax.numpy as np

    def norm(x: Any) -> Any:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)
    letters, length = data["letters"], data["length"]
    x = norm(p["wte.weight"][letters[:-1]] + p["wpe.weight"])
    q, k, v = (norm(x) @ p["attention.in_proj_weight"].T).reshape(CONTEXT, 3, HEADS, -1).transpose(1, 2, 0, 3)
    scores = q @ k.swapaxes(1, 2) / (WIDTH / HEADS)**0.5
    shares = jax.nn.softmax(np.where(np.tri(CONTEXT, dtype=bool), scores, -np.inf), axis=-1)
    x = x + (shares @ v).swapaxes(0, 1).reshape(CONTEXT, WIDTH) @ p["attention.out_proj.weight"].T
    x = x + jax.nn.relu(norm(x) @ p["fc1.weight"].T) @ p["fc2.weight"].T
    surprise = -jax.nn.log_softmax(x @ p["head.weight"].T)[np.arange(CONTEXT), letters[1:]]
    return np.where(np.arange(CONTEXT) < length, surprise, 0.0).sum() / length


def lstm(p: Any, data: Any) -> Any:
    """The steps as a lax.scan. With unroll=4 it is a fifth faster and compiles twice as long; written out, slower."""
    import jax
    import jax.numpy as np

    def step(state: Any, x: Any) -> Any:
        h, c = state
        gates = p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]
        i, f, g, o = np.split(gates, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * np.tanh(g)
        h = jax.nn.sigmoid(o) * np.tanh(c)
        return (h, c), h
    _, outputs = jax.lax.scan(step, (np.zeros(16), np.zeros(16)), data["xs"])
    return ((outputs - data["targets"])**2).mean()


# Optimisers: the parameters, what is kept, the gradient, steps taken -> the parameters and what is kept -------------

def descent(p: Any, kept: Any, grads: Any, t: Any, steps: int) -> Any:
    """Plain gradient descent."""
    return {name: p[name] - RATE * g for name, g in grads.items()}, kept


def adam(p: Any, kept: Any, grads: Any, t: Any, steps: int) -> Any:
    """Adam, its rate falling to 0 in a straight line."""
    import jax.numpy as np
    (m, v), (b1, b2), lr = kept, BETAS, LR * (1 - t / steps)
    m = {name: b1 * m[name] + (1 - b1) * g for name, g in grads.items()}
    v = {name: b2 * v[name] + (1 - b2) * g * g for name, g in grads.items()}
    moved = {name: lr * (m[name] / (1 - b1**(t + 1))) / (np.sqrt(v[name] / (1 - b2**(t + 1))) + EPS) for name in p}
    return {name: p[name] - moved[name] for name in p}, (m, v)


# Solvers -----------------------------------------------------------------------------------------------------------

def arrays(numbers: dict[str, Any]) -> dict[str, Any]:
    """On the device beforehand: that is not timed."""
    import jax.numpy as np
    return {name: np.asarray(nest) for name, nest in numbers.items()}


def numbers(value: Any, parameters: dict[str, Any], names: Iterable[str]) -> list[float]:
    """A loss and a dict of arrays as plain numbers. A jitted function gives dicts in alphabetical order."""
    return flat([value.tolist(), *(parameters[name].tolist() for name in names)])


def seconds(f: Callable[[], Any]) -> float:
    """Until a jitted function has answered for the first time."""
    begin = time.perf_counter()
    f()
    return time.perf_counter() - begin


def gradient(loss: Loss) -> Solver:
    """The loss and its gradient: a run is a call."""
    def solve(problem: Problem) -> Solution:
        jax = start()
        parameters, data = arrays(problem.parameters), arrays(problem.data)
        f = jax.jit(jax.value_and_grad(loss))
        last: list[Any] = []

        def run(runs: int) -> None:
            for _ in range(runs):
                last[:] = jax.block_until_ready(f(parameters, data))
        return Solution(run, lambda: numbers(*last, problem.parameters), seconds(lambda: run(1)))
    return solve


def training(variant: str, loss: Loss, update: Callable[..., Any], keeps: int,
             batches: Callable[[Problem], dict[str, Any]]) -> Solver:
    """Steps of training, all in one call ("scan") or a call each ("calls").

    keeps       how many numbers the optimiser keeps for each parameter
    batches     gives the data of every step
    """
    def solve(problem: Problem) -> Solution:
        jax = start()
        count, data, last = len(problem.lengths), arrays(batches(problem)), []
        parameters = arrays(problem.parameters)
        zeros = {name: 0.0 * p for name, p in parameters.items()}
        begin = parameters, (zeros,) * keeps, 0.0

        def step(carried: Any, batch: Any) -> Any:
            p, kept, t = carried
            value, grads = jax.value_and_grad(loss)(p, batch)
            return (*update(p, kept, grads, t, count), t + 1), value

        one = jax.jit(step)
        whole = jax.jit(lambda carried, rows: jax.lax.scan(step, carried, rows))

        @cache
        def rows(steps: int) -> Any:
            some = {name: values[:steps] for name, values in data.items()}
            return some if variant == "scan" else [{name: v[i] for name, v in some.items()} for i in range(steps)]

        def run(steps: int) -> None:
            carried = begin
            if variant == "scan":
                carried, values = whole(carried, rows(steps))
                value = values[-1]
            else:
                for row in rows(steps):
                    carried, value = one(carried, row)
            last[:] = value, jax.block_until_ready(carried)[0]
        rows(count)
        return Solution(run, lambda: numbers(*last, problem.parameters), seconds(lambda: run(count)))
    return solve


def same(problem: Problem) -> dict[str, Any]:
    """All data in every step."""
    return {name: [nest] * len(problem.lengths) for name, nest in problem.data.items()}


def padded(problem: Problem) -> dict[str, Any]:
    """One name a step, filled up to the whole context."""
    names = problem.data["names"]
    return {"letters": [[*name, *[0] * (CONTEXT + 1 - len(name))] for name in names], "length": problem.lengths}


def solvers(variant: str) -> dict[str, Solver]:
    """All problems; as "calls" the training alone, the others are calls anyway."""
    train = partial(training, variant)
    found = dict(zip(PROBLEMS, (gradient(expression), gradient(neuron), train(moons, descent, 0, same), gradient(digit),
                                gradient(lenet5), train(gpt, adam, 2, padded), gradient(lstm)), strict=True))
    return found if variant == "scan" else {name: found[name] for name in ("W3 moons step", "W6 microgpt step")}
