"""Shards: the gradient of a loss over much data, parts of which are computed by other processes or machines.

    >>> from concurrent.futures import ThreadPoolExecutor           # or ProcessPoolExecutor, or dask.distributed.Client
    >>> from microgradx import jit, value_and_grad
    >>> step = jit(value_and_grad(lambda w, xs: sum((w * x - 1) ** 2 for x in xs)))
    >>> step(0.5, [1.0, 2.0])                                       # recorded here, for shards of two
    (0.25, -1.0)
    >>> with ThreadPoolExecutor() as executor:
    ...     gradient_of_shards(executor, step, 0.5, [([1.0, 2.0],), ([3.0, 4.0],)])
    (1.5, 10.0)

`python -m microgradx.compiler.shards` does it with a cluster of Dask's: workers on this machine, and, where the address
of a scheduler is given, on as many others as it has.
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
    """step(model, *shard) for each shard, added up in order: loss and gradient of a sum over all of them.

    executor    has submit(f, *args), whose result has result(): of concurrent.futures, or a Client of dask.distributed
    step        jit(value_and_grad(loss)), called before with shards as long as each of these
    model       parameters: numbers, nested lists of them, or a Module
    """
    futures = [executor.submit(step, model, *shard) for shard in shards]
    return added([future.result() for future in futures])


def added(parts: Sequence[Any]) -> Any:
    """The sum of nestings of numbers, all of one form."""
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
    """Squared errors, added up: a sum over shards is the sum over all."""
    return sum([(model(x)[0] - y) ** 2 for x, y in zip(xs, ys)])


def train(executor: Any, steps: int) -> tuple[list[float], float]:
    """The losses of so many steps over shards; and how far their last gradient is from one that eager code computes
    here, relative to its length."""
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
    """Train on a cluster of Dask's: the one of this scheduler, or workers on this machine."""
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
