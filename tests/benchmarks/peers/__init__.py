"""What works at the problems: libraries, hand-written C, our engine in its several ways. One module each.

    >>> from peers import PEERS
    >>> [peer.title for peer in PEERS.values()][:4]
    ['C, -O2', 'C, -O3', 'C, -O3 -ffast-math', 'JAX jit']

A module has SOLVERS, by problem: a function of the problem (and of the variant, where the peer has one) that makes a
Solution.
"""
import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple


class Solution(NamedTuple):
    """A problem made ready to run."""

    run: Callable[[int], Any]                       # do it so many times; training starts anew and takes so many steps
    numbers: Callable[[], list[float]]              # what the last run arrived at
    compile_seconds: float | None = None            # what it took to make ready, where something was compiled


Solver = Callable[..., Solution]
MANY = 10**9


class Peer(NamedTuple):
    """What the tables call a peer, where it is, what it needs."""

    title: str
    module: str
    variant: str = ""
    install: str = ""                               # what `pip install` is given
    program: str = ""                               # a program that must be there
    variable: str = ""                              # an environment variable that must name a file
    most: int = MANY                                # steps of training in a run: few for the slow
    native: bool = False                            # timed in native code, without the call from Python

    @property
    def absence(self) -> str:
        """Why it is not here, "" if it is."""
        package = self.install.partition("==")[0]
        if package and importlib.util.find_spec(package) is None:
            return f"not installed, pip install {self.install}"
        if self.program and not shutil.which(self.program):
            return f"no {self.program} on this machine"
        if self.variable and not os.path.exists(os.environ.get(self.variable, "")):
            return f"not measured, {self.variable}=path/to/the/file names it"
        return self.unfinished()

    def unfinished(self) -> str:
        """Why a module says itself that it cannot run, "" if it can."""
        return getattr(import_module(f"peers.{self.module}"), "ABSENCE", "") if self.module == "ours" else ""

    @property
    def name(self) -> str:
        """The title, with the version that was measured."""
        package = self.install.partition("==")[0]
        return f"{self.title} {importlib.metadata.version(package)}" if package else self.title

    def solvers(self) -> dict[str, Solver]:
        """Its solvers, by problem."""
        return import_module(f"peers.{self.module}").SOLVERS


C_FLAGS = ("-O2", "-O3", "-O3 -ffast-math")
PEERS = {
    **{f"C {flags}": Peer(f"C, {flags}", "c", flags, program="cc", native=True) for flags in C_FLAGS},
    "JAX": Peer("JAX jit", "jax", "scan", "jax"),
    "JAX calls": Peer("JAX jit, a call a step", "jax", "calls", "jax"),
}
