"""Shards: the gradient of a loss over much data; other processes or machines compute it, one shard of the data each.

    >>> from concurrent.futures import ThreadPoolExecutor           # or ProcessPoolExecutor, or dask.distributed.Client
    >>> from microgradx import jit, value_and_grad
    >>> step = jit(value_and_grad(lambda w, xs: sum((w * x - 1) ** 2 for x in xs)))
    >>> step(0.5, [1.0, 2.0])                                       # recorded here, for shards of two
    (0.25, -1.0)
    >>> with ThreadPoolExecutor() as executor:
    ...     gradient_of_shards(executor, step, 0.5, [([1.0, 2.0],), ([3.0, 4.0],)])
    (1.5, 10.0)

`python -m microgradx.compiler.shards` does this on a Dask cluster: on workers on this machine, or, given the address
of a scheduler, on the workers of that scheduler.
"""
from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from typing import Any

from ..derivatives import value_and_grad
from ..extras import install
from ..nn import Linear, Sequential, Tanh
from ..reductions import sum
from ..training import Adam
from .jit import jit
from .trace.arguments import rebuilt, results


def gradient_of_shards(executor: Any, step: Callable[..., Any], model: Any, shards: Sequence[tuple[Any, ...]]) -> Any:
    """The sum of step(model, *shard) over the shards, in order: loss and gradient over all the data.

    executor    an executor of concurrent.futures or a Client of dask.distributed: submit(f, *args) returns a future
    step        jit(value_and_grad(loss)), already called once with a shard of each length
    model       parameters: numbers, nested lists of them, or a Module
    """
    futures = [executor.submit(step, model, *shard) for shard in shards]
    return added([future.result() for future in futures])


def added(parts: Sequence[Any]) -> Any:
    """The element-wise sum of nested lists of numbers, all of the same shape."""
    return rebuilt(parts[0], iter([sum(numbers) for numbers in zip(*map(results, parts))]))


# The example -------------------------------------------------------------------------------------------------------

def parabola() -> tuple[Any, list[tuple[Any, ...]]]:
    """A small network, and 400 points of a parabola in four shards."""
    rng = random.Random(1)
    random.seed(1)
    model = Sequential(Linear(1, 16), Tanh(), Linear(16, 1))
    xs = [rng.uniform(-1, 1) for _ in range(400)]
    return model, [([[x] for x in xs[k::4]], [x * x for x in xs[k::4]]) for k in range(4)]


def loss(model: Any, xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """The sum of squared errors, so that the losses of the shards add up to the loss of all data."""
    return sum([(model(x)[0] - y) ** 2 for x, y in zip(xs, ys)])


def train(executor: Any, steps: int) -> tuple[list[float], float]:
    """The losses of `steps` steps over shards; and the distance of the last gradient from the one that eager code
    computes in this process, relative to its length."""
    model, shards = parabola()
    optimiser = Adam(model.parameters(), lr=0.02)
    step = jit(value_and_grad(loss))
    step(model, *shards[0])
    losses = []
    for _ in range(steps):
        total, gradient = gradient_of_shards(executor, step, model, shards)
        losses.append(total)
        for p, g in zip(optimiser.params, results(gradient)):
            p.grad = g
        optimiser.step()
    found = results(gradient_of_shards(executor, step, model, shards)[1])
    alone = results(added([value_and_grad(loss)(model, *shard) for shard in shards])[1])
    return losses, math.dist(found, alone) / math.hypot(*alone)


def main(scheduler: str | None = None) -> None:
    """Train on a Dask cluster: the one of this scheduler, or workers on this machine."""
    if not find_spec("distributed"):
        raise SystemExit(f"this example needs Dask; write {install('dask')}")
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) if scheduler is None else nullcontext(
            scheduler) as cluster, Client(cluster) as client:
        losses, difference = train(client, 50)
        print(f"loss {losses[0]:.2f} -> {losses[-1]:.4f}; the gradients of shards and of one process differ by "
              f"{difference:.1e}")


if __name__ == "__main__":
    main(*sys.argv[1:])
