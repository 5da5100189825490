"""The layers of microgradx.nn against torch eager, JAX and scalar engines: time and memory of one sample.

    python tests/benchmarks/layers.py               some minutes; prints Markdown
    python tests/benchmarks/layers.py --quick       seconds: everything runs once, small; no figure worth quoting

A run is the loss of one sample, forward, and all gradients, backward: of an MLP 784-50-10 and of LeNet-5. As in
eager.py each peer works in a process of its own, they take turns, and they must agree before anything is timed.
"""
import argparse

from eager import FULL, QUICK, TOLERANCE, Workers, agree, gaps, ratio_table, time_table, times
from networks import ENGINES, PROGRAMS
from report import machine, size, table
from worker import Worker

PAIRS = [("nn", "micrograd"), ("nn", "tuples"), ("torch", "nn"), ("jax", "nn")]       # the faster one first


def memory_table(workers: Workers) -> str:
    """What one sample takes at its height."""
    def cell(name: str, program: str) -> str:
        if program in ENGINES[name].lacks:
            return "–"
        workers[name].ask("start", program)
        return size(workers[name].ask("held"))
    return table(["memory of a sample", *PROGRAMS],
                 [[ENGINES[name].name, *(cell(name, p) for p in PROGRAMS)] for name in workers])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="run everything once, small")
    quick = parser.parse_args().quick
    effort = QUICK if quick else FULL
    print(machine() + ("; quick: small networks, one round, no figure to quote" if quick else "") + "\n")
    for line in gaps(ENGINES.values()):
        print(line + "\n")
    workers = {name: Worker(name, effort.share, "networks") for name, peer in ENGINES.items() if peer.installed}
    compared = agree(workers, ENGINES, PROGRAMS)
    print(f"All peers agree on losses and gradients: {compared} numbers, to {TOLERANCE:g} relative.\n")
    found = times(workers, ENGINES, PROGRAMS, effort)
    print(f"Time of one sample, garbage collection on by default [off]:\n\n{time_table(found, ENGINES, PROGRAMS)}\n")
    print(f"{ratio_table(found, ENGINES, PROGRAMS, PAIRS)}\n")
    print("Memory: graph, gradients and what else Python holds at the height of a run; for torch the tensors saved for "
          f"backward and the gradients, for JAX the buffers that XLA plans.\n\n{memory_table(workers)}")
    for w in workers.values():
        w.close()


if __name__ == "__main__":
    main()
