"""Training in batches beside torch: the time of a step, in one thread and in two, from the same weights and samples.

    python tests/benchmarks/batches.py              some minutes; prints Markdown
    python tests/benchmarks/batches.py --quick      seconds: few steps of the smaller network; no figure worth quoting

A step is the mean cross-entropy of a batch, its gradient, and SGD, in float32 and in float64. Their losses must agree
before anything is timed; they take turns, and the figures are medians: of the time on the clock, and in brackets of the
processor's time in all threads, which other programs on the machine change less. The last columns are ratios of these.
Before each turn there is a pause: torch's threads go on for some milliseconds after their work and would slow the next.
In its turn each is at a priority that other programs do not disturb, where the system permits that (priority.py).
Two threads are bound to a core each: where all cores are busy, Linux lets one that wakes share that of the other.
"""
import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from priority import first
from report import duration, figure, machine, table

from microgradx import nn
from microgradx.compiler.backends import backend
from microgradx.compiler.native.threads import pool
from microgradx.training import SGD

Run = Callable[[int], float]                        # so many steps; the last loss
TYPES = ("float32", "float64")
SAMPLES, PAUSE = 4096, 0.02                         # of an epoch; seconds


class Network(NamedTuple):
    """A network of torch.nn or microgradx.nn, and the shape of a sample. flatten: the first axis to flatten."""

    make: Callable[[Any, int], Any]
    sizes: tuple[int, ...]


NETWORKS = {
    "MLP 784-50-10": Network(lambda nn, flatten: nn.Sequential(
        nn.Linear(784, 50), nn.Tanh(), nn.Linear(50, 10)), (784,)),
    "LeNet-5": Network(lambda nn, flatten: nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.MaxPool2d(2),
        nn.Flatten(flatten), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
        (1, 28, 28)),
}


def ours(model: Any, xs: Any, ys: Any, threads: int, dtype: str) -> Run:
    """Steps of this engine in this type."""
    session = backend("native").session(model, xs.tolist(), ys.tolist(), lambda m, x, y: nn.cross_entropy(m(x), y),
                                        SGD(model.parameters(), lr=0.0), threads=threads, dtype=dtype)
    batch = list(range(len(xs)))
    return lambda steps: float(session.run([batch] * steps, [0.0] * steps)[-1][0])


def theirs(model: Any, xs: Any, ys: Any, threads: int, kind: Any) -> Run:
    """Steps of torch in this type."""
    import torch
    rule, x, y = torch.optim.SGD(model.to(kind).parameters(), lr=0.0), torch.tensor(xs, dtype=kind), torch.tensor(ys)

    def run(steps: int) -> float:
        torch.set_num_threads(threads)
        for _ in range(steps):
            rule.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            rule.step()
        return loss.item()
    return run


def peers(network: Network, batch: int, threads: int) -> dict[str, Run]:
    """The same steps by each."""
    import torch
    rng = np.random.default_rng(batch)
    xs, ys, model = rng.random((batch, *network.sizes)), rng.integers(0, 10, batch), network.make(nn, 0)
    numbers, found = model.state_dict(), {}
    for kind in TYPES:
        other, mine = network.make(torch.nn, 1).double(), network.make(nn, 0)
        other.load_state_dict({name: torch.tensor(np.array(x)) for name, x in numbers.items()})
        mine.load_state_dict(numbers)
        found[f"torch {kind}"] = theirs(other, xs, ys, threads, getattr(torch, kind))
        found[f"ours {kind}"] = ours(mine, xs, ys, threads, kind)
    return found


def bound() -> None:
    """Bind two threads of each peer to two cores, where the system can."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        one, two, *_ = sorted(os.sched_getaffinity(0))
        os.environ["GOMP_CPU_AFFINITY"] = f"{one} {two}"           # torch's
        import torch
        assert torch.get_num_threads() >= 1                             # they know of it now
        pool(1).submit(os.sched_setaffinity, 0, [two]).result()
        os.sched_setaffinity(0, [one])


def row(name: str, batch: int, threads: int, steps: int, turns: int) -> list[str]:
    """A line of the table. SystemExit if the losses differ."""
    runs = peers(NETWORKS[name], batch, threads)
    losses = {peer: run(1) for peer, run in runs.items()}
    for peer, loss in losses.items():
        if not np.isclose(loss, losses["ours float64"], 1e-9 if "64" in peer else 1e-5, 0.0):
            raise SystemExit(f"{name}: {peer} has a loss of {loss}, ours in float64 of {losses['ours float64']}")
    times: dict[str, list[tuple[float, float]]] = {peer: [] for peer in runs}
    for _ in range(turns):
        for peer, run in runs.items():
            time.sleep(PAUSE)
            with first():
                clock, processor = time.perf_counter(), time.process_time()
                run(steps)
                times[peer].append(((time.perf_counter() - clock) / steps, (time.process_time() - processor) / steps))
    found = {peer: [median(column) for column in zip(*times[peer])] for peer in runs}
    ratios = (figure(found[f"torch {kind}"][1] / found[f"ours {kind}"][1]) for kind in TYPES)
    return [name, str(batch), str(threads), *(f"{duration(a)} [{duration(b)}]" for a, b in found.values()), *ratios]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few steps of the smaller network")
    quick = parser.parse_args().quick
    cases = [(name, batch, threads) for name in list(NETWORKS)[:1 if quick else None]
             for batch in ((32,) if quick else (32, 256)) for threads in (1, 2)]
    bound()
    rows = [row(*case, *((1, 1) if quick else (SAMPLES // case[1], 7))) for case in cases]
    print(machine() + "\n")
    peers = [f"{who} {kind}" for kind in TYPES for who in ("torch", "ours")]
    print(table(["a step", "batch", "threads", *peers, *(f"torch / ours, {kind}" for kind in TYPES)], rows))


if __name__ == "__main__":
    main()
