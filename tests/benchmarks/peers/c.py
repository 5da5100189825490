"""Hand-written C, c/*.c: the limit. Plain loops over float64, compiled here for this machine.

The memory of a program is one array: loss, parameters, gradients, data, and what else the program keeps there.
"""
import ctypes
import time

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


def solver(name: str) -> Solver:
    """For the program in c/<name>.c."""
    def solve(problem: Problem, flags: str) -> Solution:
        sizes = [f"-DPOINTS={100 // problem.share}", f"-DPIXELS={784 // problem.share}",
                 f"-DNAMES={len(problem.lengths)}"]
        start = time.perf_counter()
        library = native.build(name, *flags.split(), *sizes)
        seconds = time.perf_counter() - start
        parameters = flat(problem.parameters)
        count = len(parameters)
        initial = [0.0, *parameters, *[0.0] * count, *data(problem)]
        size = ctypes.c_long.in_dll(library, "size").value
        first = (ctypes.c_double * size)(*initial)
        memory = (ctypes.c_double * size)(*initial)
        kernel = ctypes.cast(library.kernel, ctypes.c_void_p).value

        def run(runs: int) -> None:
            if problem.lengths:
                ctypes.memmove(memory, first, ctypes.sizeof(first))
            native.run(kernel, ctypes.addressof(memory), runs)

        def numbers() -> list[float]:
            begin = 1 if problem.lengths else 1 + count
            return [memory[0], *memory[begin:begin + count]]
        return Solution(run, numbers, seconds)
    return solve


SOLVERS = {problem: solver(name) for problem, name in FILES.items()}
