"""Every public name says what it does: an example that runs, the errors that it raises, where it comes from."""
import ast
import doctest
import importlib
import inspect
import re
import textwrap

import pytest

import microgradx
from microgradx import Value, compiler, nn, row, strategies, training
from microgradx.table import TABLE, Op, Reduction

MODULES = [microgradx, nn, nn.init, training, strategies, compiler,
           *[importlib.import_module(f"microgradx.show.{name}") for name in ("session", "drawing", "diagnosis", "page")]]
HIDING = ["sum", "max", "min", "abs", "pow"]                        # public, but not for `import *`
METHODS = [microgradx.Value, nn.Module, training.Optimiser, compiler.Jitted]
SOURCE = re.compile(r"torch|micrograd\b|(18|19|20)\d\d")            # a name elsewhere, or the year of a paper
INNER = {"Jitted.variant"}          # asked by other modules of the compiler, part of no promise to users


def names_of(module):
    """The public names of a module: those that it lists, else what it defines itself without an underscore."""
    if hasattr(module, "__all__"):
        return [*module.__all__, *(HIDING if module is microgradx else [])]
    return [n for n, x in vars(module).items() if not n.startswith("_") and callable(x)
            and getattr(x, "__module__", "") == module.__name__ and not re.search(rf"^{n} = ", inspect.getsource(module), re.M)]
