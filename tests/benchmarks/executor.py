"""Training on the workers of an executor beside one process: fit(..., jit=True, executor=), the time of a step.

    python tests/benchmarks/executor.py             some minutes; prints Markdown
    python tests/benchmarks/executor.py --quick     seconds: a small network, without Dask; no figure worth quoting

A step is the loss of a batch, its gradient, and SGD. Each peer trains by itself from the same weights and samples,
which are arrays; after the first steps, which compile and send the samples to the workers, all must have the same
parameters to the last bit. They take turns, each at a priority that other programs on the machine do not disturb, if
the system permits that (priority.py); the figures are medians: of the time on the clock, and in brackets of the
processor's time in all processes. Where the executor does not pay, microgradx leaves it after a few steps, or makes
none on it, and all later steps are those of one process: so the first steps, with what they compile, are told apart.
"""
import argparse
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from batches import NETWORKS
from priority import first as ahead
from report import duration, figure, machine, table

from microgradx import nn
from microgradx.compiler.backends import backend
from microgradx.training import SGD

WORKERS = 2
ONE, TWO = "one process", "one process, two threads"
PAUSE = 0.2                                         # seconds between turns


class Task(NamedTuple):
    """What is trained: a model, the shape of a sample and of classes, samples in a batch, steps in a turn."""

    make: Callable[[], Any]
    sizes: tuple[int, ...]
    classes: int
    batch: int
    steps: int


TASKS = {
    "LeNet-5": Task(lambda: NETWORKS["LeNet-5"].make(nn, 0), (1, 28, 28), 10, 256, 6),
    "64-100-10": Task(lambda: nn.Sequential(nn.Linear(64, 100), nn.Tanh(), nn.Linear(100, 10)), (64,), 10, 256, 50),
    "moons": Task(lambda: nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2)), (2,), 2, 100, 200),
}


class Peer(NamedTuple):
    """A training run, and its model."""

    session: Any
    model: Any

    def run(self, batch: list[int], steps: int) -> None:
        """Make steps."""
        self.session.run([batch] * steps, [0.01] * steps)

    def stayed(self) -> bool:
        """Whether its steps are computed by workers."""
        return getattr(self.session, "executor", None) is not None


@contextmanager
def pools(quick: bool) -> Iterator[dict[str, Any]]:
    """The executors, and None for none."""
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(WORKERS, get_context("spawn")))
        found: dict[str, Any] = {ONE: None, TWO: None, "concurrent.futures": pool}
        if not quick:
            from dask.distributed import Client, LocalCluster
            cluster = stack.enter_context(LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None))
            found["dask.distributed"] = stack.enter_context(Client(cluster))
        yield found


def peers(task: Task, executors: dict[str, Any]) -> dict[str, Peer]:
    """The same training by each."""
    rng = np.random.default_rng(task.batch)
    xs, ys, found = rng.random((task.batch, *task.sizes)), rng.integers(0, task.classes, task.batch), {}
    numbers = task.make().state_dict()
    for name, executor in executors.items():
        model, options = task.make(), {"threads": 2 if name == TWO else 1}
        model.load_state_dict(numbers)
        session = backend("native").session(model, xs, ys, lambda m, x, y: nn.cross_entropy(m(x), y),
                                            SGD(model.parameters(), lr=0.01), executor=executor, **options)
        found[name] = Peer(session, model)
    return found


def processor() -> float:
    """Seconds of the processor in this process and its children."""
    import psutil  # comes with Dask
    me = psutil.Process()
    times = [one.cpu_times() for one in (me, *me.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def rows(name: str, task: Task, executors: dict[str, Any], turns: int) -> list[list[str]]:
    """The lines of a table. SystemExit if parameters differ."""
    runs, batch, first = peers(task, executors), list(range(task.batch)), {}
    for peer, one in runs.items():
        start = time.perf_counter()
        one.run(batch, task.steps)
        first[peer] = time.perf_counter() - start
    for peer, one in runs.items():
        if [p.data.hex() for p in one.model.parameters()] != [p.data.hex() for p in runs[ONE].model.parameters()]:
            raise SystemExit(f"{name}: {peer} has other parameters than {ONE}")
    times: dict[str, list[tuple[float, float]]] = {peer: [] for peer in runs}
    for _ in range(turns):
        for peer, one in runs.items():
            time.sleep(PAUSE)
            with ahead():
                clock, used = time.perf_counter(), processor()
                one.run(batch, task.steps)
                times[peer].append(((time.perf_counter() - clock) / task.steps, (processor() - used) / task.steps))
    found = {peer: [median(column) for column in zip(*times[peer])] for peer in runs}
    return [[name, str(task.batch), peer, duration(first[peer]), f"{duration(clock)} [{1e3 * used:.3g}]",
             figure(clock / found[ONE][0]), "the workers" if runs[peer].stayed() else "one process"]
            for peer, (clock, used) in found.items()]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few steps of a small network, without Dask")
    quick = parser.parse_args().quick
    with pools(quick) as executors:
        lines = [line for name, task in TASKS.items() if not quick or name == "64-100-10"
                 for line in rows(name, task, executors, 1 if quick else 5)]
    print(machine() + "\n")
    print(table(["a step", "batch", "trained by", "first steps", "a step", "times one process", "computed by"], lines))


if __name__ == "__main__":
    main()
