"""The site: mkdocs builds it without a warning, and every public name, row and notebook has its place there."""
import html
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import microgradx
from microgradx import compiler, export, nn, plots, testing, training
from microgradx.table import TABLE

ROOT = Path(__file__).parent.parent
REFERENCE = {"index": microgradx, "nn": nn, "training": training, "compiler": compiler, "testing": testing,
             "export": export, "plots": plots}
NEEDS = ("mkdocs", "material", "mkdocstrings", "mkdocs_jupyter", "griffe")


@pytest.fixture(scope="module")
def hooks():
    """docs/site.py, which is no module of the package."""
    for name in NEEDS:
        pytest.importorskip(name, reason=f"the site needs {name}: pip install \".[docs]\"")
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(config, to):
    return subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "--site-dir", to],
                          cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
                          text=True, capture_output=True, check=False)


def anchors(page):
    return set(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_the_site_has_readme_the_notebooks_and_every_public_name(hooks, tmp_path):
    """One test, for it takes half a minute to build."""
    run = build(ROOT / "mkdocs.yml", tmp_path)
    assert run.returncode == 0, run.stderr
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "ten minutes" in index
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert (tmp_path / "notebooks" / f"{notebook.stem}.html").is_file() and f"{notebook.stem}.html" in index

    reference = tmp_path / "reference"
    for page, module in REFERENCE.items():
        told = {name for name in module.__all__ if not inspect.ismodule(getattr(module, name))
                and not isinstance(getattr(module, name), str)}
        rows = {name for name in told if getattr(module, name) is TABLE.get(name)}
        there = {path.removeprefix(f"{module.__name__}.") for path in anchors(reference / f"{page}.html")}
        assert {name for name in told - rows if not {name, f"{name}.{name}"} & there} == set()
        assert rows <= anchors(reference / "rows.html")
    assert not [name for page in reference.glob("*.html") for name in anchors(page)
                if name.startswith("microgradx.") and re.search(r"\._", name)]


@pytest.mark.slow
def test_a_dead_link_ends_the_build(hooks, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nothing](nowhere.md)")
    text = "site_name: one\nvalidation: {unrecognized_links: warn}\n"
    (tmp_path / "mkdocs.yml").write_text(text)
    run = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert run.returncode == 1 and "nowhere.md" in run.stderr


@pytest.mark.parametrize("docstring, is_there", [
    ("One (*, n) of a_b, `c_d`.", r"One (\*, n) of a\_b, `c_d`."),
    ("a, b    two\nc       one", "- `a, b` two\n- `c` one"),
    ("Sum.\n\n    >>> 1 + 1\n    2", "```pycon\n>>> 1 + 1\n2\n```"),
    ("Sum.\n\n>>> 1 + 1\n2", "```pycon\n>>> 1 + 1\n2\n```"),
    ("Rows.\n\n    a     b", "```text\na     b\n```"),
])
def test_docstrings_become_markdown(hooks, docstring, is_there):
    assert is_there in hooks.markdown(docstring)


def test_a_row_is_told_as_help_tells_it(hooks):
    text = html.unescape(hooks.rows())
    assert "## tanh\n" in text and "dy/dx = sech(x)**2" in text and ">>> value_and_grad(tanh)(0.5)" in text
    assert text.count("\n## ") == len([name for name in TABLE if getattr(microgradx, name, None) is TABLE[name]])
