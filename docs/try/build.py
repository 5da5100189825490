"""The notebooks in the browser, by JupyterLite: python3 docs/try/build.py FOLDER

    pip install jupyterlite-core jupyterlite-pyodide-kernel jupyter-server build
    python3 docs/try/build.py site/try
    python3 -m http.server --directory site/try

A wheel of this clone lies beside the page, and the first cell of each notebook installs it. The page needs the network
when a notebook runs: Pyodide, which is Python in WebAssembly, numpy, scipy and matplotlib come from Pyodide's address.
Graphviz and LLVM are not there: a cell that needs them, for draw or machine code, ends with an error that says so.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def prepared(notebook: dict) -> dict:
    """A notebook with a first cell that installs the wheel, and without saved outputs.

    >>> made = prepared({"cells": [{"cell_type": "code", "source": "1", "outputs": [2], "execution_count": 1}]})
    >>> [(c["source"], c["outputs"]) for c in made["cells"]]
    [('%pip install -q microgradx', []), ('1', [])]
    """
    first = {"cell_type": "code", "id": "install", "metadata": {}, "source": "%pip install -q microgradx"}
    cells = [first, *notebook["cells"]]
    return {**notebook, "cells": [{**c, "outputs": [], "execution_count": None} if c["cell_type"] == "code" else c
                                  for c in cells]}


def main(folder: str) -> None:
    """Build the page."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", place, ROOT], check=True)
        wheel, = Path(place).glob("*.whl")
        contents = Path(place, "contents")
        contents.mkdir()
        for path in sorted((ROOT / "notebooks").iterdir()):
            content = path.read_bytes()
            if path.suffix == ".ipynb":
                content = json.dumps(prepared(json.loads(content))).encode()
            (contents / path.name).write_bytes(content)
        subprocess.run([sys.executable, "-m", "jupyter", "lite", "build", "--contents", contents, "--output-dir",
                        Path(folder).resolve(), f"--piplite-wheels={wheel}"], check=True, cwd=place)


if __name__ == "__main__":
    main(*sys.argv[1:])
