"""A peer in a process of its own, on one core; as worker.py, for the problems of compiled.py.

    runner = Runner("JAX")
    runner.ask("start", "W2 tanh neuron")           # seconds to compile and run once, or None
    runner.ask("time", 0.5)                         # seconds a run, or a step of training
"""
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from peers import PEERS, Solution
from problems import PROBLEMS, Problem
from worker import ROOT, Worker


class Runner(Worker):
    """The caller's end: a process that runs a peer, with problems cut down to a `share`-th of their size."""

    def __init__(self, peer: str, share: int = 1) -> None:
        self.engine = peer
        self.process = subprocess.Popen([sys.executable, __file__, peer, str(share)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


class Jobs:
    """What a process can be asked for."""

    def __init__(self, peer: str, share: int) -> None:
        self.peer, self.solvers, self.share = PEERS[peer], PEERS[peer].solvers(), share
        self.problem: Problem | None = None
        self.solution: Solution | None = None

    def programs(self) -> list[str]:
        """The problems that it can solve."""
        return list(self.solvers)

    def start(self, program: str) -> float | None:
        """Make ready: the seconds to compile and run once, None where nothing is compiled."""
        self.problem = self.solution = None
        gc.collect()
        self.problem = PROBLEMS[program](self.share)
        self.solution = self.solvers[program](self.problem)
        return self.solution.first_seconds

    def result(self, steps: int) -> list[float]:
        """Loss and gradients; of training the last loss and the parameters after so many steps."""
        assert self.solution
        self.solution.run(steps)
        return self.solution.numbers()

    def time(self, least: float) -> float:
        """Seconds a run, or a step of training of average length."""
        assert self.problem and self.solution
        run, steps = self.solution.run, self.problem.steps(self.peer.most)
        if not steps:
            return sampled(run, least)

        def repeat(runs: int) -> None:
            for _ in range(runs):
                run(steps)
        return sampled(repeat, least) / self.problem.effort(steps)


def sampled(repeat: Callable[[int], Any], least: float) -> float:
    """Seconds a run, over at least so many seconds of the processor's time. repeat(n) makes n runs."""
    runs, spent = 1, 0.0
    while spent < least:
        start = time.process_time()
        repeat(runs)
        runs, spent = 2 * runs, time.process_time() - start
    return 2 * spent / runs


def serve(jobs: Jobs) -> None:
    """Answer one job after the other until the input ends."""
    for line in sys.stdin:
        job, *args = json.loads(line)
        print(json.dumps(getattr(jobs, job)(*args)), flush=True)


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):                # before a library counts the cores and makes threads for them
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    serve(Jobs(sys.argv[1], int(sys.argv[2])))
