"""What works at the problems: libraries, hand-written C, our engine in its several ways. One module each.

    >>> from peers import PEERS
    >>> list(PEERS)[:5]
    ['C -O2', 'C -O3', 'C fast', 'kernel', 'native']

A module has solvers(variant): by problem, a function of the problem that makes a Solution.
"""
import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from problems import Problem


class Solution(NamedTuple):
    """A problem made ready to run."""

    run: Callable[[int], Any]                       # do it so many times; training starts anew and takes so many steps
    numbers: Callable[[], list[float]]              # what the last run arrived at
    first_seconds: float | None = None              # compilation and a first run, where something was compiled


Solver = Callable[[Problem], Solution]
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
    lacks: str = ""                                 # what to say where a problem has no figure

    @property
    def package(self) -> str:
        """What it is called in Python."""
        return self.install.partition("==")[0]

    @property
    def absence(self) -> str:
        """Why it is not here, "" if it is."""
        if self.package and importlib.util.find_spec(self.package) is None:
            return f"not installed, pip install {self.install}"
        if self.program and not shutil.which(self.program):
            return f"no program {self.program} here"
        if self.variable and not os.path.exists(os.environ.get(self.variable, "")):
            return f"not measured, {self.variable}=path/to/it was not given"
        return ""

    @property
    def name(self) -> str:
        """The title, with the version that was measured."""
        measured = self.package and self.module != "ours"
        return f"{self.title} {importlib.metadata.version(self.package)}" if measured else self.title

    def solvers(self) -> dict[str, Solver]:
        """Its solvers, by problem."""
        return import_module(self.module).solvers(self.variant)


def handwritten(flags: str) -> Peer:
    """C, compiled with these flags."""
    return Peer(f"C, {flags}", "peers.c", flags, program="cc")


PEERS = {
    "C -O2": handwritten("-O2"),
    "C -O3": handwritten("-O3"),
    "C fast": handwritten("-O3 -ffast-math"),
    "kernel": Peer("microgradx, native, without the call", "ours", "kernel", "llvmlite", "cc"),
    "native": Peer("microgradx, native", "ours", "native", "llvmlite"),
    "python": Peer("microgradx, generated Python", "ours", "python"),
    "eager": Peer("microgradx, eager", "ours", "eager", most=20),
    "JAX": Peer("JAX jit", "peers.jax", "scan", "jax"),
    "JAX calls": Peer("JAX jit, a call a step", "peers.jax", "calls", "jax"),
    "CasADi": Peer("CasADi SX", "peers.casadi", "", "casadi", lacks="has no convolution and no attention of scalars"),
    "torch": Peer("torch", "peers.eager", "torch", "torch==2.13.0"),
    "micrograd": Peer("micrograd", "peers.eager", "micrograd", "micrograd==0.1.0", most=1,
                      lacks="has no tanh, exp and log"),
    "microgpt": Peer("microgpt.py", "peers.microgpt", variable="MICROGPT", most=20, lacks="is a program for W6 alone"),
}
