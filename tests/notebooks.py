"""The notebooks, executed without Jupyter: every code cell in this process, its outputs as Jupyter would store them.

    python -m tests.notebooks               execute them all and tell which print something else than what is stored
    python -m tests.notebooks --write       and store what they print and draw; for pages needs chromium, chromedriver

    >>> from tests.notebooks import code, executed, texts
    >>> ran = executed({"cells": [code("six = 6"), code("print(six)\\nsix * 7")]})
    >>> texts(ran)
    [[], ['6\\n', '42']]

A cell shows what it prints, the value of its last line (none after a semicolon), and the figures it made. A page,
`stepper(y)` without commands, is stored as an image of it. Where a text cell holds a block of Python and below it a
block of what that prints, as the hidden answers do, it is executed too.
"""
import argparse
import ast
import base64
import contextlib
import copy
import io
import json
import pathlib
import re
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from microgradx.engine import tape
from microgradx.show.notebook import Stepper
from microgradx.table import TABLE

ROOT = pathlib.Path(__file__).parent.parent
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LIMIT = 320_000                             # bytes of a notebook
Notebook = dict[str, Any]                   # as nbformat 4.5 describes it
Cell = dict[str, Any]
Output = dict[str, Any]
Photo = Callable[[Stepper], bytes]          # a page in a browser, as PNG

METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"}}
PROGRAM = re.compile(r"(```python\n(.*?)```\n+```text\n)(.*?)(?=```)", re.S)
DATA = re.compile(r"data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+")
PAGE = re.compile(r"<div[^>]*><div[^>]*>(<img[^>]*>)</div><iframe.*</div>", re.S)     # stored without what runs scripts
IMAGES = re.compile(r'(<img( [a-z]+="[^"<>]*")+>\s*)+')
MACHINE = re.compile(r"/(home|root|Users|tmp|work|usr|opt|mnt|var)/|\b[A-Z]:\\|\b0x[0-9a-f]{6,}|\bfile:/")


# Reading and writing -------------------------------------------------------------------------------------------

def load(path: pathlib.Path) -> Notebook:
    """The notebook in a file."""
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def dumps(notebook: Notebook) -> str:
    """The notebook as nbformat writes it: plain to diff."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def code(source: str) -> Cell:
    """A code cell that was never run."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def joined(text: str | list[str]) -> str:
    """A text, which may be stored as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


# Executing -----------------------------------------------------------------------------------------------------

def unseen(page: Stepper) -> bytes:
    """No image: enough to compare, see texts()."""
    return b""


def executed(notebook: Notebook, photo: Photo = unseen) -> Notebook:
    """A copy with the outputs that its cells have now. Whatever a cell raises is raised."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")       # what others left open is no picture of this notebook
    ran, scope = copy.deepcopy(notebook), {"__name__": "__main__"}
    count = 0
    with _in_a_notebook():
        for cell in ran["cells"]:
            source = joined(cell["source"])
            if cell["cell_type"] == "code":
                count += 1
                cell["execution_count"] = count
                cell["outputs"] = list(_outputs(source, scope, count, photo))
            elif cell["cell_type"] == "markdown":
                cell["source"] = PROGRAM.sub(lambda m: m[1] + _played(m[2], scope), source).splitlines(keepends=True)
    return ran


@contextlib.contextmanager
def _in_a_notebook() -> Iterator[None]:
    """As in a notebook stepper() returns a page. Afterwards the rows that cells added to the table are gone."""
    rows, marimo = dict(TABLE), types.ModuleType("marimo")
    marimo.running_in_notebook = lambda: True  # type: ignore[attr-defined]
    sys.modules["marimo"] = marimo
    try:
        yield
    finally:
        del sys.modules["marimo"]
        TABLE.clear()
        TABLE.update(rows)


def _played(source: str, scope: dict[str, Any]) -> str:
    """What a program prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, "<answer>", "exec"), scope)
    return printed.getvalue()


def _outputs(source: str, scope: dict[str, Any], count: int, photo: Photo) -> Iterator[Output]:
    """The outputs of one code cell."""
    tree, result = ast.parse(source), None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, f"<cell {count}>", "exec"), scope)
        if isinstance(last, ast.Expr):
            result = eval(compile(ast.Expression(last.value), f"<cell {count}>", "eval"), scope)
    if printed.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(keepends=True)}
    if result is not None and not source.rstrip().endswith(";"):
        shown = getattr(result, "_repr_mimebundle_", lambda: {"text/plain": repr(result)})()
        if hasattr(result, "_repr_latex_"):
            shown["text/latex"] = result._repr_latex_()
        data = {kind: PAGE.sub(r"\1", text).splitlines(keepends=True) for kind, text in shown.items()}
        if isinstance(result, Stepper):
            data = {"image/png": base64.b64encode(photo(result)).decode(), "text/plain": data["text/plain"]}
        yield {"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"}
    yield from _figures()


def _figures() -> Iterator[Output]:
    """The figures that wait to be shown, as PNG; closed then, as by Jupyter. ValueError for one that is unreadable."""
    if "matplotlib.pyplot" not in sys.modules:
        return
    from matplotlib import pyplot
    for number in pyplot.get_fignums():
        figure, file = pyplot.figure(number), io.BytesIO()
        for complaint in unreadable(figure):
            raise ValueError(complaint)
        figure.savefig(file, format="png", bbox_inches="tight")
        yield {"data": {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": [repr(figure)]},
               "metadata": {}, "output_type": "display_data"}
    pyplot.close("all")


def unreadable(figure: Any) -> Iterator[str]:
    """What is missing in a figure: names of axes; of lines in the legend a dash and a marker of their own."""
    for ax in figure.axes:
        if ax.axison and not (ax.get_xlabel() and ax.get_ylabel()):
            yield "a figure has an axis without a name: write set_xlabel and set_ylabel"
        lines = [line for line in ax.lines if not line.get_label().startswith("_")]
        dashes = [line.get_linestyle() for line in lines if line.get_linestyle() != "None"]
        if len({line.get_marker() for line in lines}) < len(lines) or len(set(dashes)) < min(4, len(dashes)):
            yield "lines with names differ in colour alone: give each a dash and a marker, by microgradx.plots.style"


def photograph(page: Stepper) -> bytes:
    """The page in a browser at the second step backwards, as PNG in few colours."""
    from PIL import Image

    from .pictures import screenshots
    shots = screenshots(page.html, "", "next", len(tape(page.root)) + 2)
    with Image.open(io.BytesIO(next(shots))) as whole:
        file = io.BytesIO()
        whole.convert("RGB").resize((825, 600), Image.Resampling.LANCZOS).quantize(28).save(file, "PNG", optimize=True)
    shots.close()
    return file.getvalue()


def texts(notebook: Notebook) -> list[Any]:
    """What is compared of a notebook: all text; that there is an image, not how this machine's fonts draw it."""
    found: list[Any] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            printed = "".join(joined(output["text"]) for output in cell["outputs"] if "text" in output)
            shown = [text for output in cell["outputs"] for text in _compared(output)]
            found.append([printed, *shown] if printed else shown)       # Jupyter may store what is printed in pieces
        else:
            found += [m[3] for m in PROGRAM.finditer(joined(cell["source"]))]
    return found


def _compared(output: Output) -> Iterator[str]:
    for kind, content in sorted(output.get("data", {}).items()):
        yield kind if kind == "image/png" else DATA.sub("", joined(content))


# Refusing ------------------------------------------------------------------------------------------------------

def complaints(text: str) -> Iterator[str]:
    """What is wrong with the file of a notebook, a sentence each. (What is stale, only texts() can tell.)"""
    if len(text.encode()) > LIMIT:
        yield f"{len(text.encode()):,} bytes, {LIMIT:,} are allowed"
    notebook: Notebook = json.loads(text)
    if dumps(notebook) != text:
        yield "not written as nbformat writes: indent 1, sorted keys, a newline at the end"
    if (notebook.get("nbformat"), notebook.get("nbformat_minor")) != (4, 5):
        yield "not of nbformat 4.5"
    if notebook["metadata"] != METADATA or any(cell["metadata"] for cell in notebook["cells"]):
        yield "metadata, such as widget state, timing or the Python that ran it"
    ids = [cell.get("id") for cell in notebook["cells"]]
    if not all(ids) or len(set(ids)) < len(ids):
        yield "cells without an id of their own"
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if [cell["execution_count"] for cell in cells] != list(range(1, len(cells) + 1)):
        yield "cells not run once each from top to bottom"
    for found in MACHINE.finditer(DATA.sub("", _without_png(notebook))):
        yield f"a path or an address of a machine: {found[0]}"
    for output in (output for cell in cells for output in cell["outputs"]):
        if not _is_plain(output):
            yield f"an output that is no text and no image in a data URI: {json.dumps(output)[:80]}"


def _without_png(notebook: Notebook) -> str:
    bare = copy.deepcopy(notebook)
    for cell in bare["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
    return json.dumps(bare, ensure_ascii=False)


def _is_plain(output: Output) -> bool:
    """Text, an image, or HTML of nothing but images that are part of it."""
    if output["output_type"] == "stream":
        return bool(output["name"] == "stdout")
    data, known = output.get("data", {}), {"text/plain", "text/html", "text/latex", "image/png"}
    html = joined(data.get("text/html", ""))
    sources = re.findall(r'src="([^"]*)"', html)
    return (bool(data) and data.keys() <= known and not output["metadata"]
            and (not html or (IMAGES.fullmatch(html) is not None and all(map(DATA.fullmatch, sources)))))


# The program ---------------------------------------------------------------------------------------------------

def main() -> int:
    """Execute the notebooks named, or all; the exit code is 1 if one differs from what is stored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the outputs")
    parser.add_argument("paths", nargs="*", type=pathlib.Path, help="notebooks; without any, all of them")
    args = parser.parse_args()
    import matplotlib
    matplotlib.use("agg")
    stale = 0
    for path in args.paths or PATHS:
        before = load(path)
        after = executed(before, photograph if args.write else unseen)
        if args.write:
            path.write_text(dumps({**after, "metadata": METADATA}), encoding="utf-8")
        same = texts(before) == texts(after)
        stale += not same
        print(f"{path.name}: {'as stored' if same else 'written' if args.write else 'prints something else'}")
    return int(stale > 0 and not args.write)


if __name__ == "__main__":
    sys.exit(main())
