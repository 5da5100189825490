"""A peer in a process of its own, on one core; as worker.py, for the problems of compiled.py.

    worker = Worker("JAX", 1, script=runner.__file__)
    worker.ask("start", "W2 tanh neuron")           # seconds to compile and run once, or None
    worker.ask("time", 0.5)                         # seconds a run, or a step of training
"""
import gc
import os
import sys

from peers import PEERS, Solution
from problems import PROBLEMS, Problem
from worker import sampled, serve


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


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):                # before a library counts the cores and makes threads for them
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    serve(Jobs(sys.argv[1], int(sys.argv[2])))
