"""How compilation grows: programs of a thousand to a million operations, one with a pattern and one with none.

    python tests/benchmarks/growth.py               two minutes; prints Markdown
    python tests/benchmarks/growth.py --quick       small programs; no figure worth quoting

The network's operations come back as a few loops, whatever its width. The tangle, in which each operation takes what it
likes of the last forty results, is the worst case. Time and memory for an operation are to stay what they are.
"""
import argparse
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from report import duration, machine, size, table

import microgradx as mg
from microgradx.compiler.loops import library
from microgradx.nn import Linear, Sequential, Tanh, cross_entropy

Made = tuple[Callable[..., Any], Sequence[Any]]


def network(operations: int) -> Made:
    """784-n-10: an operation for each weight, which makes its gradient, and a few for each unit."""
    random.seed(1)
    width = max(1, operations // 794)
    model = Sequential(Linear(784, width), Tanh(), Linear(width, 10))
    return lambda m, x: cross_entropy(m(x), 3), (model, [random.random() for _ in range(784)])


def tangle(operations: int) -> Made:
    """Five for each step: an operation, its tanh, and what carries the gradient back through both."""
    rng = random.Random(1)
    steps = range(operations // 5)
    plan = [(rng.choice([mg.add, mg.mul, mg.sub]), rng.randrange(40), rng.randrange(40)) for _ in steps]

    def f(xs: Sequence[Any]) -> Any:
        values = list(xs)
        for op, a, b in plan:
            values = [*values[1:], mg.tanh(op(values[a], values[b]))]
        return mg.sum(values)
    return f, ([rng.uniform(-1, 1) for _ in range(40)],)


PROGRAMS = {"network": network, "tangle": tangle}
SIZES = [1_000, 10_000, 100_000, 1_000_000]


def measured(name: str, operations: int) -> list[str]:
    """A row of the table."""
    f, args = PROGRAMS[name](operations)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    compiled = mg.jit(mg.value_and_grad(f))
    start = time.perf_counter()
    compiled(*args)
    seconds, report = time.perf_counter() - start, compiled.report()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    return [name, f"{report.kept:,}", duration(seconds), duration(seconds / report.kept), size(grown),
            f"{report.loops:,}", str(len(library._known))]


def main() -> None:
    """Each program in a process of its own, so that none finds what another has compiled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small programs only")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print("\t".join(measured(options.one[0], int(options.one[1]))))
        return
    rows = [subprocess.run([sys.executable, __file__, "--one", name, str(operations)], check=True, text=True,
                           capture_output=True).stdout.strip().split("\t")
            for name in PROGRAMS for operations in SIZES[:2 if options.quick else None]]
    print(machine() + "\n")
    print(table(["", "operations", "compilation and a first run", "for each operation", "memory", "loops", "functions"],
                rows))


if __name__ == "__main__":
    main()
