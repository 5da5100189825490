"""microgpt in batches of 16 names, in float32 and in float64, beside hand-written C: the time of a name.

    python tests/benchmarks/gpt_batches.py              a minute; prints Markdown
    python tests/benchmarks/gpt_batches.py --quick      some seconds: two batches of names of two lengths, float32; no
                                                        figure worth quoting

A step is the mean cross-entropy of 16 names of several lengths, its gradient, and Adam. C is c/gpt.c in the same type,
on one core as ours, the fastest of -O2, -O3 and -O3 -ffast-math. Losses must agree before anything is timed; they take
turns, and the figures are the least of several samples of the processor's time.
"""
import argparse
import ctypes
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import ours
import problems
from peers import c, native
from report import duration, figure, machine, table

from microgradx.compiler.backends import backend

BATCH, FLAGS, TYPES = 16, ("-O2", "-O3", "-O3 -ffast-math"), {"float32": "float", "float64": "double"}
Run = Callable[[], float]                           # all steps from the first parameters; the last loss


def written(problem: problems.Problem, flags: str, dtype: str) -> Run:
    """The program in C."""
    names = problem.data["names"]
    library = native.build("gpt", *flags.split(), f"-DREAL={TYPES[dtype]}", f"-DBATCH={BATCH}", f"-DNAMES={len(names)}")
    parameters = problems.flat(problem.parameters)
    first = np.zeros(ctypes.c_long.in_dll(library, "size").value, dtype)
    given = [0.0, *parameters, *[0.0] * len(parameters), *c.data(problem)]
    first[:len(given)] = given
    first[2 + 2 * len(parameters)] = len(names) // BATCH        # steps in all
    memory, kernel = first.copy(), ctypes.cast(library.kernel, ctypes.c_void_p).value
    assert kernel

    def run() -> float:
        memory[:] = first
        native.run(kernel, memory.ctypes.data, len(names) // BATCH)
        return float(memory[0])
    return run


def compiled(problem: problems.Problem, dtype: str) -> Run:
    """What fit(..., jit=True, batch_size=16, threads=1) runs."""
    plan, count = ours.gpt(problem), len(problem.data["names"]) // BATCH
    optimiser = plan.optimiser(plan.model.parameters())
    session: Any = backend("native").session(plan.model, plan.xs, plan.ys, plan.loss, optimiser, threads=1,
                                             dtype=dtype)
    order = [place for batch in plan.batches for place in batch]
    batches = [order[k * BATCH:(k + 1) * BATCH] for k in range(count)]
    rates = [problems.LR * (1 - t / count) for t in range(count)]
    numbers = np.asarray(session.home)
    begin = numbers.copy()

    def run() -> float:
        numbers[:], session.kept[:], optimiser.t = begin, 0.0, 0
        return float(session.run(batches, rates)[-1][0])
    return run


def times(runs: Sequence[Run], samples: int, names: int) -> list[float]:
    """Of each the seconds of processor time for a name."""
    least = [float("inf")] * len(runs)
    for _ in range(samples):
        for k, run in enumerate(runs):
            start = time.process_time()
            run()
            least[k] = min(least[k], (time.process_time() - start) / names)
    return least


def row(problem: problems.Problem, dtype: str, samples: int) -> list[str]:
    """A line of the table. SystemExit if the losses differ."""
    runs = [*(written(problem, flags, dtype) for flags in FLAGS), compiled(problem, dtype)]
    losses = [run() for run in runs]
    if not np.allclose(losses, losses[0], 1e-9 if dtype == "float64" else 1e-4, 0.0):
        raise SystemExit(f"{dtype}: the losses of C and of ours differ: {losses}")
    found = times(runs, samples, len(problem.data["names"]))
    return [dtype, *map(duration, found), figure(found[-1] / min(found[:-1]))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two batches, float32")
    quick = parser.parse_args().quick
    problem = problems.gpt_training(1)
    some = [tokens for tokens in problem.data["names"] if not quick or len(tokens) in (6, 7)]
    names = some[:2 * BATCH if quick else len(some) // BATCH * BATCH]
    problem = problem._replace(data={"names": names}, lengths=[len(tokens) - 1 for tokens in names])
    rows = [row(problem, dtype, 1 if quick else 20) for dtype in list(TYPES)[:1 if quick else None]]
    print(machine() + "\n")
    print(table(["a name", *(f"C, {flags}" for flags in FLAGS), "ours", "ours / C"], rows))


if __name__ == "__main__":
    main()
