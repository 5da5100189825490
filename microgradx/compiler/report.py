"""Report: the facts of a compilation.

    >>> from microgradx import jit
    >>> square = jit(lambda x: x * x, backend="python")
    >>> square(3.0)
    9.0
    >>> print(square.report())                                              # doctest: +ELLIPSIS
    python: 1 operations traced, 1 after simplification, a straight line, compiled in 0... s; 1 program so far
"""
from __future__ import annotations

from typing import NamedTuple


class Report(NamedTuple):
    """How a function was compiled for one structure of its arguments.

    backend     "native" or "python"
    traced      operations recorded
    kept        operations after simplification
    loops       loop nests found; 0 for a straight line
    seconds     from the call to the compiled program
    programs    how many structures the function was compiled for so far
    called_back names of the rows for which machine code calls back into Python, which is slow; () if there are none
    scans       loops of scan and its kin of which one step was recorded, with the loops that are their derivatives
    kept_bytes  memory for the numbers that these keep from step to step, for the derivatives and the results
    unrolled    why other such loops were written out step by step; () if none was

    >>> from microgradx import jit
    >>> square = jit(lambda x: x * x, backend="python")
    >>> square(3.0), square.report().backend, square.report().programs
    (9.0, 'python', 1)
    """

    backend: str
    traced: int
    kept: int
    loops: int
    seconds: float
    programs: int
    called_back: tuple[str, ...] = ()
    scans: int = 0
    kept_bytes: int = 0
    unrolled: tuple[str, ...] = ()

    def __str__(self) -> str:
        form = f"{self.loops} loops" if self.loops else "a straight line"
        back = f"; calls Python back for {', '.join(self.called_back)}" if self.called_back else ""
        scans = f"; {self.scans} scans keep {self.kept_bytes / 1e6:.1f} MB" if self.scans else ""
        back += scans + "".join(f"; a scan was unrolled: {why}" for why in self.unrolled)
        return (f"{self.backend}: {self.traced:,} operations traced, {self.kept:,} after simplification, {form}, "
                f"compiled in {self.seconds:.2f} s; {self.programs} program{'s' * (self.programs != 1)} so far{back}")
