"""One engine in a process of its own, so that no engine's garbage or memory slows another.

    worker = Worker("microgradx")
    worker.ask("start", "W1 README expression")
    worker.ask("time", 0.5)                         # seconds a run, over half a second of runs

The process reads a job a line, ["time", 0.5], and answers with a line, both JSON.
"""
import gc
import importlib
import json
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

from engines import Peer
from programs import Work, mixture

ROOT = Path(__file__).resolve().parents[2]          # the engine that is measured is the one in this tree


class Worker:
    """The caller's end: a process that runs `engine`, with programs cut down to a `share`-th of their size.

    The engine is one of the ENGINES in the module `peers`.
    """

    def __init__(self, engine: str, share: int = 1, peers: str = "engines") -> None:
        self.engine = engine
        self.process = subprocess.Popen([sys.executable, __file__, engine, str(share), peers],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "PYTHONPATH": str(ROOT)})

    def ask(self, job: str, *args: Any) -> Any:
        """The answer to a job, one of the methods of Jobs. RuntimeError if the process ended instead."""
        assert self.process.stdin and self.process.stdout
        print(json.dumps([job, *args]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.engine} ended at the job {job}{args}; its own message stands above")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


class Jobs:
    """The other end: what a process can be asked for."""

    def __init__(self, peer: Peer, share: int) -> None:
        self.peer, self.engine, self.programs, self.share = peer, peer.engine(), peer.programs(), share
        self.work: Work | None = None
        self.last: Any = None

    def result(self, program: str, steps: int) -> tuple[float, list[float]]:
        """Loss and gradients of a new run of the program, after so many steps."""
        work = self.programs[program](self.engine, self.share)
        for _ in range(steps):
            loss, leaves = work()
        return float(loss.data), [g for v in leaves for g in flat(v.grad)]

    def start(self, program: str) -> None:
        """Make ready to time the program: its parameters made, run once."""
        self.work = self.programs[program](self.engine, self.share)
        self.work()

    def collect(self, on: bool) -> None:
        """Python's garbage collection, on as it is by default or off; what is garbage by now is collected."""
        gc.collect()
        (gc.enable if on else gc.disable)()

    def time(self, least: float) -> float:
        """Seconds a run, over at least so many seconds of the processor's time: others on the machine do not count.

        The last loss lives until the next one is there, as in a training loop: the collector visits both graphs.
        """
        assert self.work
        if not gc.isenabled():
            gc.collect()                            # what the last sample left; a cost where collection is on
        runs, spent = 1, 0.0
        while spent < least:
            start = time.process_time()
            for _ in range(runs):
                self.last = self.work()
            runs, spent = 2 * runs, time.process_time() - start
        return 2 * spent / runs

    def held(self) -> int:
        """Bytes one run takes: the graph, the gradients and what else is there at its height."""
        assert self.work
        self.last = None
        gc.collect()
        return (self.peer.memory or peak)(self.work)

    def node(self, size: int, least: float) -> float:
        """Seconds a node of a mixture of so many nodes, built, sent backward and freed."""
        self.work = lambda: (mixture(self.engine, size).backward(), [])
        return self.time(least) / size

    def memory(self, size: int) -> tuple[float, float]:
        """Bytes a node of a mixture of so many nodes, as built and after backward."""
        tracemalloc.start()
        root = mixture(self.engine, size)
        built = tracemalloc.get_traced_memory()[0]
        root.backward()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return built / size, after / size


def peak(work: Work) -> int:
    """Bytes that Python holds at the height of one run, beyond those it held before."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def flat(grad: Any) -> list[float]:
    """A gradient as numbers: of a scalar one, of an array all."""
    return grad.flatten().tolist() if hasattr(grad, "flatten") else [float(grad)]


def serve(engine: str, share: int, peers: str) -> None:
    """Answer one job after the other until the input ends."""
    jobs = Jobs(importlib.import_module(peers).ENGINES[engine], share)
    for line in sys.stdin:
        job, *args = json.loads(line)
        print(json.dumps(getattr(jobs, job)(*args)), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
