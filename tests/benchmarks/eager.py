"""The eager engine against its peers: time, memory, and what both become as graphs grow.

    python tests/benchmarks/eager.py                some minutes; prints Markdown
    python tests/benchmarks/eager.py --quick        seconds: everything runs once, small; no figure worth quoting

Each engine works in a process of its own, and they take turns: a busy moment of the machine meets all of them.
Before anything is timed, all engines must arrive at the same losses and gradients. Trust ratios, not single times.
"""
import argparse
import math
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from engines import ENGINES, Peer
from programs import PROGRAMS
from report import duration, figure, machine, table
from worker import Worker

OURS, REFERENCES, BY_OPERATORS = ["microgradx", "fused"], ["micrograd", "tuples"], ["micrograd", "tuples", "microgradx"]
TOLERANCE, ROUNDING, STEPS = 1e-9, 1e-15, 3


class Effort(NamedTuple):
    """How much is measured: one sample lasts at least `seconds`, a figure is the median of `rounds` samples."""

    rounds: int
    seconds: float
    share: int                                      # the programs are cut down to a share-th
    sizes: list[int]                                # of the growing graph, in nodes


FULL = Effort(7, 0.3, 1, [10**3, 10**4, 10**5, 10**6])
QUICK = Effort(1, 0.001, 10, [10**2, 10**3])

Workers = dict[str, Worker]
Peers = Mapping[str, Peer]
Times = dict[tuple[str, str, bool], float]          # by engine, program, and whether garbage is collected


# Agreement -------------------------------------------------------------------------------------------------------

def disagreement(a: Sequence[float], b: Sequence[float]) -> list[str]:
    """What is not the same number, up to rounding, in two lists: [] if nothing."""
    if len(a) != len(b):
        return [f"{len(a)} numbers against {len(b)}"]
    rest = ROUNDING * max(map(abs, b))               # what may be left of a sum that cancels, where the others leave 0
    return [f"number {i}: {x!r} against {y!r}" for i, (x, y) in enumerate(zip(a, b, strict=True))
            if not math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=rest)]


def agree(workers: Workers, peers: Peers, programs: Collection[str]) -> int:
    """How many numbers were compared. AssertionError if an engine arrives at another loss or gradient."""
    compared = 0
    for program in programs:
        results = {name: numbers(w, program) for name, w in workers.items() if program not in peers[name].lacks}
        for name, result in results.items():
            wrong = disagreement(result, results["tuples"])
            assert not wrong, f"{program}: {name} and tuples differ, {'; '.join(wrong[:3])}"
            compared += len(result)
    return compared


def numbers(worker: Worker, program: str) -> list[float]:
    """The loss after some steps, and all gradients."""
    loss, gradients = worker.ask("result", program, STEPS)
    return [loss, *gradients]


# Measuring -------------------------------------------------------------------------------------------------------

def medians(workers: Workers, rounds: int, *job: Any) -> dict[str, float]:
    """The same job for all workers in turn, round after round; each one's median answer."""
    answers = [{name: w.ask(*job) for name, w in workers.items()} for _ in range(rounds)]
    return {name: statistics.median(a[name] for a in answers) for name in workers}


def times(workers: Workers, peers: Peers, programs: Collection[str], effort: Effort) -> Times:
    """Seconds a run of every program, garbage collection on and off."""
    found: Times = {}
    for program in programs:
        able = {name: w for name, w in workers.items() if program not in peers[name].lacks}
        for w in able.values():
            w.ask("start", program)
        for collecting in (True, False):
            for w in able.values():
                w.ask("collect", collecting)
            for name, seconds in medians(able, effort.rounds, "time", effort.seconds).items():
                found[name, program, collecting] = seconds
    return found


# Tables ----------------------------------------------------------------------------------------------------------

def time_table(found: Times, peers: Peers, programs: Collection[str]) -> str:
    """One row an engine, one column a program."""
    def cell(name: str, program: str) -> str:
        if (name, program, True) not in found:
            return "–"
        return f"{duration(found[name, program, True])} [{duration(found[name, program, False])}]"
    names = dict.fromkeys(name for name, _, _ in found)
    return table(["", *programs], [[peers[name].name, *(cell(name, p) for p in programs)] for name in names])


def ratio_table(found: Times, peers: Peers, programs: Collection[str], pairs: Iterable[tuple[str, str]]) -> str:
    """How many times the time of the first of each pair the second needs."""
    def cell(fast: str, slow: str, program: str) -> str:
        if (fast, program, True) not in found or (slow, program, True) not in found:
            return "–"
        on, off = (found[slow, program, c] / found[fast, program, c] for c in (True, False))
        return f"{figure(on)}x [{figure(off)}x]"
    measured = {name for name, _, _ in found}
    rows = [[f"{peers[fast].title}, against {peers[slow].title}", *(cell(fast, slow, p) for p in programs)]
            for fast, slow in pairs if {fast, slow} <= measured]
    return table(["times faster", *programs], rows)


def node_table(workers: Workers, effort: Effort) -> str:
    """Bytes a node as built and after backward; time a node as the graph grows."""
    plain = {name: w for name, w in workers.items() if name in BY_OPERATORS}
    size = effort.sizes[-1] // 10
    bytes_ = {name: w.ask("memory", size) for name, w in plain.items()}
    for w in plain.values():
        w.ask("collect", True)
    seconds = [medians(plain, min(effort.rounds, 3), "node", n, effort.seconds) for n in effort.sizes]
    rows = [[ENGINES[name].name, *(f"{b:.0f}" for b in bytes_[name]), *(duration(s[name]) for s in seconds)]
            for name in plain]
    return table(["a node of + and *", "bytes, built", "bytes, after backward",
                  *(f"time at {n:,} nodes" for n in effort.sizes)], rows)


def gaps(peers: Collection[Peer]) -> list[str]:
    """What is missing from the tables, and why."""
    absent = [f"{p.title}: not installed, pip install {p.install}" for p in peers if not p.installed]
    unable = [f"{p.title}: not in {program}, it {why}" for p in peers for program, why in p.lacks.items()]
    return absent + unable


# The program -----------------------------------------------------------------------------------------------------

def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="run everything once, small")
    quick = parser.parse_args().quick
    effort = QUICK if quick else FULL
    print(machine() + ("; quick: a tenth of each program, one round, no figure to quote" if quick else "") + "\n")
    for line in gaps(ENGINES.values()):
        print(line + "\n")
    workers = {name: Worker(name, effort.share) for name, peer in ENGINES.items() if peer.installed}
    compared = agree(workers, ENGINES, PROGRAMS)
    print(f"All engines agree on losses and gradients: {compared} numbers, to {TOLERANCE:g} relative.\n")
    found = times(workers, ENGINES, PROGRAMS, effort)
    print(f"Time of one run, garbage collection on by default [off]:\n\n{time_table(found, ENGINES, PROGRAMS)}\n")
    print(f"{ratio_table(found, ENGINES, PROGRAMS, product(OURS, REFERENCES))}\n")
    print(node_table(workers, effort))
    for w in workers.values():
        w.close()


if __name__ == "__main__":
    main()
