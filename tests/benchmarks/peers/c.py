"""Hand-written C, c/*.c: the limit. Plain loops over float64, compiled here for this machine.

The memory of a program is one array: loss, parameters, gradients, data, and what else the program keeps there.
"""
import ctypes
import time
from functools import partial

from problems import BETAS, CONTEXT, EPS, LR, PROBLEMS, Problem, flat

from . import Solution, Solver, native

FILES = dict(zip(PROBLEMS, ("expression", "neuron", "moons", "digit", "lenet5", "gpt", "lstm"), strict=True))


def data(problem: Problem) -> list[float]:
    """The data as C has them."""
    if "names" not in problem.data:
        return flat(problem.data)
    names = problem.data["names"]
    rows = [[len(tokens) - 1, *tokens, *[0] * (CONTEXT + 1 - len(tokens))] for tokens in names]
    return [0.0, len(names), LR, *BETAS, EPS, *flat(rows)]


def solvers(flags: str) -> dict[str, Solver]:
    """All programs, compiled with these flags."""
    return {problem: partial(solve, name, flags.split()) for problem, name in FILES.items()}


def solve(name: str, flags: list[str], problem: Problem) -> Solution:
    """By the program in c/<name>.c."""
    sizes = {"POINTS": 100 // problem.share, "PIXELS": 784 // problem.share, "NAMES": len(problem.lengths)}
    begin = time.perf_counter()
    library = native.build(name, *flags, *(f"-D{key}={count}" for key, count in sizes.items()))
    parameters = flat(problem.parameters)
    count = len(parameters)
    array = ctypes.c_double * ctypes.c_long.in_dll(library, "size").value
    first = array(0.0, *parameters, *[0.0] * count, *data(problem))
    memory = array(*first)
    kernel = ctypes.cast(library.kernel, ctypes.c_void_p).value

    def run(runs: int) -> None:
        if problem.lengths:
            ctypes.memmove(memory, first, ctypes.sizeof(first))
        native.run(kernel, ctypes.addressof(memory), runs)

    def numbers() -> list[float]:
        place = 1 if problem.lengths else 1 + count     # of the parameters as they have become, or of the gradients
        return [memory[0], *memory[place:place + count]]
    run(len(problem.lengths) or 1)
    return Solution(run, numbers, time.perf_counter() - begin)
