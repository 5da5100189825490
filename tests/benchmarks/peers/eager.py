"""Engines that record as they go: micrograd on programs.py, torch on arrays.py."""
from functools import partial
from typing import Any

import arrays
import programs
from engines import ENGINES
from problems import PROBLEMS, Problem
from worker import flat as flat_array

from . import Solution, Solver

LARGER = dict(zip(list(PROBLEMS)[len(programs.PROGRAMS):], (arrays.lenet5, arrays.gpt_step, arrays.lstm), strict=True))


def solvers(engine: str) -> dict[str, Solver]:
    """What the engine of this name can do."""
    peer = ENGINES[engine]
    table = {**peer.programs(), **(LARGER if engine == "torch" else {})}
    return {name: partial(solve, peer.engine(), program) for name, program in table.items() if name not in peer.lacks}


def solve(engine: programs.Engine, program: Any, problem: Problem) -> Solution:
    """A run of training makes its parameters anew."""
    work, last = program(engine, problem.share), []

    def run(runs: int) -> None:
        do = program(engine, problem.share) if problem.lengths else work
        for _ in range(runs):
            last[:] = do()

    def numbers() -> list[float]:
        loss, leaves = last
        return [float(loss.data), *(x for v in leaves for x in flat_array(v.data if problem.lengths else v.grad))]
    return Solution(run, numbers)
