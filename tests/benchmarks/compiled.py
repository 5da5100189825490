"""Compiled programs against hand-written C, JAX and others: seven programs, from 14 numbers to a GPT's training.

    python tests/benchmarks/compiled.py             ten minutes; prints Markdown
    python tests/benchmarks/compiled.py --quick     everything runs once, small; no figure worth quoting
    MICROGPT=path/to/microgpt.py python ...         W6 by Karpathy's own script as well

Each peer works in a process of its own, on one core, and they take turns. Before anything is timed, all must arrive at
the same losses, gradients and, where they train, parameters. C is compiled here at -O2, -O3 and -O3 -ffast-math, all
with -march=native; the fastest of the three is the limit. Trust ratios, not single times.
"""
import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from eager import TOLERANCE, disagreement, medians
from peers import PEERS, Peer
from problems import PROBLEMS
from report import duration, figure, machine, table
from runner import Runner

C, OURS = ["C -O2", "C -O3", "C fast"], ["kernel", "native", "python", "eager"]
STEPS = 3                                           # of training, before parameters are compared


class Effort(NamedTuple):
    """How much is measured: one sample lasts at least `seconds`, a figure is the median of `rounds` samples."""

    rounds: int
    seconds: float
    share: int                                      # W3, W4 and W6 are cut down to a share-th


FULL, QUICK = Effort(7, 0.2, 1), Effort(1, 0.001, 10)
Workers = dict[str, Runner]
Times = dict[tuple[str, str], float]                # by peer and program


class Measured(NamedTuple):
    """Seconds a run, seconds until a run had ended for the first time, and how many numbers were compared."""

    times: Times
    first: Times
    compared: int


# Agreement and times ---------------------------------------------------------------------------------------------

def agree(program: str, workers: Workers) -> int:
    """How many numbers were compared. AssertionError if a peer arrives at another loss, gradient or parameter."""
    results = {name: worker.ask("result", STEPS) for name, worker in workers.items()}
    first, *others = results
    for name in others:
        wrong = disagreement(results[name], results[first])
        assert not wrong, f"{program}: {name} and {first} differ, {'; '.join(wrong[:3])}"
    return sum(map(len, results.values()))


def measure(workers: Workers, effort: Effort) -> Measured:
    """All peers on all problems."""
    can = {name: worker.ask("programs") for name, worker in workers.items()}
    times: Times = {}
    first: Times = {}
    compared = 0
    for program in PROBLEMS:
        able = {name: worker for name, worker in workers.items() if program in can[name]}
        begun = {name: worker.ask("start", program) for name, worker in able.items()}
        first |= {(name, program): seconds for name, seconds in begun.items() if seconds is not None}
        compared += agree(program, able)
        times |= {(name, program): t for name, t in medians(able, effort.rounds, "time", effort.seconds).items()}
    return Measured(times, first, compared)


# Tables ----------------------------------------------------------------------------------------------------------

def grid(title: str, names: Iterable[str], cell: Callable[[str, str], str]) -> str:
    """One row a peer, one column a program; no row without a figure."""
    rows = [[PEERS[name].name, *(cell(name, program) for program in PROBLEMS)] for name in names]
    return table([title, *PROBLEMS], [row for row in rows if set(row[1:]) != {"–"}])


def measured(found: Times) -> list[str]:
    """The peers that have a figure, in their order."""
    names = {name for name, _ in found}
    return [name for name in PEERS if name in names]


def seconds_table(title: str, found: Times) -> str:
    """Times as they are."""
    return grid(title, measured(found),
                lambda name, program: duration(found[name, program]) if (name, program) in found else "–")


def ratio_table(title: str, names: Iterable[str], times: Times, base: Mapping[str, float]) -> str:
    """How many times as long each of these peers takes as `base`, by program."""
    def cell(name: str, program: str) -> str:
        if program not in base or (name, program) not in times:
            return "–"
        return f"{figure(times[name, program] / base[program])}x"
    return grid(title, names, cell)


def fastest(names: Iterable[str], times: Times) -> dict[str, float]:
    """The time of the fastest of these peers, by program; none where none of them has one."""
    found = {program: [times[name, program] for name in names if (name, program) in times] for program in PROBLEMS}
    return {program: min(some) for program, some in found.items() if some}


def report(found: Measured) -> str:
    """All tables."""
    times, names = found.times, measured(found.times)
    others = [name for name in names if name not in (*C, *OURS)]
    return "\n\n".join([
        f"All peers agree on losses, gradients and trained parameters: {found.compared:,} numbers, to {TOLERANCE:g}.",
        seconds_table("one run; of W3 and W6 a step", times),
        ratio_table("times as long as the fastest C", [n for n in names if n not in C], times, fastest(C, times)),
        *(ratio_table(f"times as long as {PEERS[ours].title}", others, times, fastest([ours], times))
          for ours in ("native", "python") if ours in names),
        seconds_table("compilation and a first run; of W3 100 steps, of W6 1,000", found.first)])


def gaps(peers: Iterable[Peer]) -> list[str]:
    """What is missing from the tables, and why."""
    said = {peer.title: peer.absence or peer.lacks for peer in peers}
    return [f"{title}: {text}" for title, text in said.items() if text]


# The program -----------------------------------------------------------------------------------------------------

def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="run everything once, small")
    quick = parser.parse_args().quick
    effort = QUICK if quick else FULL
    print(machine() + ("; quick: small programs, one round, no figure to quote" if quick else "") + "\n")
    for line in gaps(PEERS.values()):
        print(line + "\n")
    workers = {name: Runner(name, effort.share) for name, peer in PEERS.items() if not peer.absence}
    print(report(measure(workers, effort)))
    for worker in workers.values():
        worker.close()


if __name__ == "__main__":
    main()
