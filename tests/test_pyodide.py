"""The core in WebAssembly, under node's Pyodide: it computes, and long graphs are freed."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from .budget import PATIENCE

ROOT = pathlib.Path(__file__).parent.parent
PYODIDE = pathlib.Path(os.environ.get("MICROGRADX_PYODIDE", ROOT / ".venv/node_modules/pyodide"))   # by .ci/run

pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    not (shutil.which("node") and (PYODIDE / "pyodide.mjs").exists()),
    reason="Pyodide is not installed: npm install --prefix .venv pyodide")]

RUN = """
const { loadPyodide } = await import(process.argv[1]);
const pyodide = await loadPyodide();
pyodide.FS.mkdir("/source");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: process.argv[2] }, "/source");
pyodide.runPython("import sys; sys.path.insert(0, '/source')");
console.log("found", JSON.stringify(pyodide.runPython(process.argv[3])));
"""
DOCTESTS = """
import doctest, importlib, pathlib
names = [path.stem for path in pathlib.Path("/source/microgradx").glob("*.py") if path.stem not in {WITHOUT}]
modules = [importlib.import_module("microgradx." + name) for name in sorted(names)]
found = {module.__name__: doctest.testmod(module, optionflags=doctest.ELLIPSIS) for module in modules}
" ".join(name for name, f in found.items() if f.failed) + f"; {sum(f.attempted for f in found.values())}"
"""
# Files of the core whose examples need more than Python alone: numpy, scipy, processes, files and their locks.
WITHOUT = {"__init__", "__main__", "arrays", "colouring", "conversion", "extras", "files", "jacobians", "locks",
           "moved", "sparse", "testing"}
CHAIN = """
from microgradx import Value, tape
def chain(n):
    y = x = Value(1.0)
    for _ in range(n):
        y = y + 1.0
    y.backward()
    return x, y
"""


def found(program):
    """The last expression of a program in Pyodide; None if it was the death of Python."""
    ran = subprocess.run(["node", "--input-type=module", "-e", RUN, PYODIDE / "pyodide.mjs", ROOT, program],
                         capture_output=True, text=True, timeout=PATIENCE, check=False)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("found ")]
    return json.loads(lines[-1][6:]) if lines else None


def test_an_engine_is_examined_without_processes():
    assert found("from microgradx import Value\nfrom microgradx.testing import examine\n"
                 "str(examine(Value, only='arith'))").endswith(" passed")


def test_the_core():
    assert found("from microgradx import grad, hessian, parse\n"
                 "y = parse('tanh(w*x)', w=0.0, x=2.0); y.backward()\n"
                 "y.args[0].args[0].grad + grad(lambda x: x**3)(2.0) + hessian(lambda x: x**3)(2.0)") == 2 + 12 + 12


def test_the_examples_of_the_core():
    """The docstrings of the files at the root of the package."""
    wrong, tried = found(DOCTESTS.replace("{WITHOUT}", repr(WITHOUT))).split("; ")
    assert wrong == "" and int(tried) > 200


@pytest.mark.parametrize("program", [
    "x, y = chain(100_000)\ndel y\nx.grad",
    "x = y = Value(1.0)\nfor _ in range(50_000): y = y*y + y.tanh()\ndel y\nx.data",
    "x = y = Value(1.0)\nfor _ in range(50_000): y = mg.sum([y, y, 1.0])\ndel y\nx.data",
], ids=["chain", "diamonds", "lists"])
def test_long_graphs_are_freed(program):
    assert found("import microgradx as mg\n" + CHAIN + program) == 1

