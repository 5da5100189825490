"""The notebooks: what they keep is what they print, they hold text and images only; and what is wrong is seen."""
import ast
import base64
import copy
import importlib
import json
import re
import sys

import pytest

from microgradx.table import TABLE

from . import notebooks
from .notebooks import METADATA, PATHS, code, complaints, dumps, executed, joined, load, texts

NEEDS = {"08": ("mlxtend", "sklearn"),                  # modules of the extra `examples`
         "10": ("llvmlite",), "12": ("llvmlite",), "15": ("llvmlite", "scipy")}     # of the extras `jit` and `sparse`


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_is_kept_is_what_the_cells_print(path):
    for module in ("matplotlib", "pygraphviz", *NEEDS.get(path.name[:2], ())):
        pytest.importorskip(module)
    import matplotlib.pyplot as plt
    plt.switch_backend("agg")
    kept = load(path)
    assert texts(executed(kept)) == texts(kept)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_holds_text_and_images_only(path):
    assert list(complaints(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_for_jupyter(path):
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))
    assert nbformat.writes(nbformat.read(path, as_version=4)) == path.read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_has_all_its_parts(path):
    """Formula, table row (or an optimiser's rule, from its source), steps, the page as an image, picture, check,
    exercise with a hidden answer that was executed."""
    cells = load(path)["cells"]
    told = "\n".join(joined(c["source"]) for c in cells if c["cell_type"] == "markdown")
    run = "\n".join(joined(c["source"]) for c in cells if c["cell_type"] == "code")
    shown = [output for c in cells for output in c.get("outputs", [])]
    kinds = {kind for output in shown for kind in output.get("data", {})}
    pages = [c["outputs"][0]["data"] for c in cells if re.fullmatch(r"stepper\([^\[\n]+\)", joined(c["source"]))]
    assert told.startswith("# ") and "$$" in told
    printed = "".join(joined(output["text"]) for output in shown if "text" in output)
    assert re.search(r"^    slope +dy/d", printed, re.M) or "getsource(" in run    # a row, or the rule of an optimiser
    assert pages and all(len(page["image/png"]) > 5000 and page["text/plain"] for page in pages)
    assert re.search(r"\bstep(s|per)\(", run) and "gradcheck(" in run
    assert kinds & {"text/html", "image/png"}
    assert re.search(r"## Exercise.*<details>\n<summary>Answer</summary>.*```text.*</details>$", told, re.S)


# Modules whose names in __all__ are public; beside these the examples of training, all of them
DOORS = ("microgradx", "microgradx.nn", "microgradx.training", "microgradx.testing", "microgradx.plots",
         "microgradx.estimators", "microgradx.export", "microgradx.compiler")
BUILTIN = ("sum", "max", "min", "abs", "pow")               # public, but not for `import *`


def not_public(source):
    """What a cell imports from inside this package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("microgradx.") and a.name not in DOORS)
        elif isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "microgradx":
            public = importlib.import_module(node.module).__all__ if node.module in DOORS else []
            yield from (f"{node.module}.{a.name}" for a in node.names
                        if not node.module.startswith("microgradx.training.examples")
                        and a.name not in (*public, *BUILTIN * (node.module == "microgradx")))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_imports_what_is_public(path):
    """But for 12, which looks into the compiler."""
    if path.stem.startswith("13"):
        pytest.importorskip("sklearn")
    found = {name for c in load(path)["cells"] if c["cell_type"] == "code" for name in not_public(joined(c["source"]))}
    inside = {name for name in found if name.startswith(("microgradx.compiler.", "microgradx.text."))}
    assert found == (inside if path.stem.startswith("12") else set())


# The checkers, checked -----------------------------------------------------------------------------------------

def small(*sources):
    cells = [{**code(source), "id": f"cell-{k}"} for k, source in enumerate(sources)]
    return executed({"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5})


def test_outputs_are_as_jupyter_has_them():
    ran = small("print('a')\nprint('b')", "x = 1", "x", "x;", "None", "'text'")
    assert texts(ran) == [["a\nb\n"], [], ["1"], [], [], ["'text'"]]
    assert ran["cells"][0]["outputs"][0]["text"] == ["a\n", "b\n"]
    assert list(complaints(dumps(ran))) == []


@pytest.mark.slow
def test_a_graph_and_a_figure_are_images():
    pytest.importorskip("matplotlib.pyplot").switch_backend("agg")
    pytest.importorskip("pygraphviz")
    ran = small("from microgradx import Value, draw, tanh\nfrom microgradx.plots import curve\n"
                "draw(Value(1.0) + 2)", "curve(tanh);")
    (graph,), (figure,) = (cell["outputs"] for cell in ran["cells"])
    assert graph["data"]["text/html"][0].startswith("<img") and "image/png" in figure["data"]
    assert texts(ran)[1] == ["image/png", "<Figure size 400x300 with 1 Axes>"]
    assert list(complaints(dumps(ran))) == []


def test_a_picture_whose_boxes_open_is_stored_as_an_image():
    pytest.importorskip("pygraphviz")
    ran = small("from microgradx import Value\ny = Value(0.5)\nfor k in range(99):\n    y = y * Value(1.0)\ny")
    assert list(complaints(dumps(ran))) == []


def test_an_answer_is_executed_after_the_cells():
    answer = {"cell_type": "markdown", "id": "answer", "metadata": {},
              "source": "```python\nprint(x)\n```\n\n```text\n1\n```\n"}
    notebook = small("x = 2")
    notebook["cells"].append(answer)
    assert texts(notebook) == [[], "1\n"] and texts(executed(notebook)) == [[], "2\n"]


@pytest.mark.parametrize("stored", ["3", "2.0", "2\n2"])
def test_a_stale_output_is_seen(stored):
    notebook = small("1 + 1")
    notebook["cells"][0]["outputs"][0]["data"]["text/plain"] = [stored]
    assert texts(notebook) != texts(executed(notebook))


def test_a_changed_source_and_a_lost_output_are_seen():
    notebook = small("print(1)")
    assert texts(executed({**notebook, "cells": [{**notebook["cells"][0], "source": "print(2)"}]})) != texts(notebook)
    notebook["cells"][0]["outputs"] = []
    assert texts(executed(notebook)) != texts(notebook)


def test_what_is_printed_may_be_stored_in_pieces():
    notebook, pieces = small("print(1)\nprint(2)"), small("print(1)\nprint(2)")
    pieces["cells"][0]["outputs"] = [{**pieces["cells"][0]["outputs"][0], "text": text} for text in ("1\n", "2\n")]
    assert texts(pieces) == texts(notebook)


def test_what_a_cell_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        small("1 / 0")


@pytest.mark.slow
def test_a_figure_whose_axes_have_no_names_is_refused():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.xlabel('x')\n"
    with pytest.raises(ValueError, match="set_ylabel"):
        small(plot)
    assert texts(small(f"{plot}plt.ylabel('y');"))[0][0] == "image/png"
    pyplot.close("all")


def test_lines_that_differ_in_colour_alone_are_refused():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    plot = ("from matplotlib import pyplot as plt\nplt.xlabel('x')\nplt.ylabel('y')\nplt.plot([1], '-', label='a')\n"
            "plt.plot([2], '{}', label='b');")
    for alone in ("-", "o-", "--"):
        with pytest.raises(ValueError, match="a dash and a marker"):
            small(plot.format(alone))
        pyplot.close("all")
    assert texts(small(plot.format("o--")))[0][0] == "image/png"


def test_a_page_is_an_image_beside_its_steps():
    source = "from microgradx import Value, stepper\nx = Value(2.0, 'x')\nstepper(x * x)"
    ran = executed({"cells": [code(source)]}, lambda page: page.html[:15].encode())
    data = ran["cells"][0]["outputs"][0]["data"]
    assert base64.b64decode(data["image/png"]) == b"<!doctype html>" and "forward" in joined(data["text/plain"])
    assert texts(ran) == texts(small(source)) and "marimo" not in sys.modules


@pytest.mark.parametrize("source, found", [
    ("from microgradx import Value, sum\nfrom microgradx.nn import init, mse\nimport microgradx", []),
    ("from microgradx.show.terminal.listing import entry", ["microgradx.show.terminal.listing.entry"]),
    ("from microgradx.nn import math", ["microgradx.nn.math"]), ("import microgradx.text", ["microgradx.text"]),
    ("from microgradx import engine, short", ["microgradx.engine", "microgradx.short"])])
def test_an_import_from_inside_is_seen(source, found):
    assert list(not_public(source)) == found


def test_rows_that_a_notebook_adds_are_taken_out_again():
    before = dict(TABLE)
    small("from microgradx import row\nrow('bump', lambda x: x, lambda y, x: 1)")
    assert before == TABLE


def output(**fields):
    """A damage: the output of the cell with other fields."""
    def damage(notebook):
        notebook["cells"][0]["outputs"][0].update(fields)
    return damage


def metadata(notebook):
    notebook["metadata"] = {**METADATA, "widgets": {"application/vnd.jupyter.widget-state+json": {}}}


def timing(notebook):
    notebook["cells"][0]["metadata"] = {"execution": {"iopub.execute_input": "2026-11-25T04:00:00Z"}}


def order(notebook):
    notebook["cells"][0]["execution_count"] = 7


def no_id(notebook):
    del notebook["cells"][0]["id"]


def large(notebook):
    notebook["cells"][0]["source"] = "#" * notebooks.LIMIT


def old(notebook):
    notebook["nbformat_minor"] = 4


def source(text):
    def damage(notebook):
        notebook["cells"][0]["source"] = text
    return damage


@pytest.mark.parametrize("damage, reason", [
    (metadata, "metadata"), (timing, "metadata"), (order, "top to bottom"), (no_id, "id"), (large, "bytes"),
    (old, "nbformat 4.5"),
    (source("open('/home/me/data')"), "path"), (source("open('C:\\\\data')"), "path"),
    (output(data={"text/plain": ["<object at 0x7f3a5c0d9e10>"]}), "path or an address"),
    (output(data={"image/svg+xml": ["<svg/>"]}), "no text"),
    (output(data={"application/vnd.jupyter.widget-view+json": {}}), "no text"),
    (output(data={"text/html": ["<script>alert(1)</script>"]}), "no text"),
    (output(data={"text/html": ['<img src="https://example.org/a.png">']}), "no text"),
    (output(data={"text/html": ['<iframe srcdoc="a"></iframe>']}), "no text"),
    (output(metadata={"needs_background": "light"}), "no text"),
    (output(output_type="stream", name="stderr", text="warning"), "no text"),
    (output(output_type="error", data={}), "no text"),
])
def test_what_does_not_belong_in_a_notebook_is_refused(damage, reason):
    notebook = copy.deepcopy(small("1 + 1"))
    damage(notebook)
    assert [told for told in complaints(dumps(notebook)) if reason in told] != []


@pytest.mark.parametrize("write", [json.dumps, lambda n: dumps(n).rstrip("\n"), lambda n: json.dumps(n, indent=2)])
def test_another_way_of_writing_is_refused(write):
    assert "not written as nbformat writes" in next(complaints(write(small("1 + 1"))))
