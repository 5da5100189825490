"""What stands beside the package says the same as the package: version, paths, Python versions."""
import re
import tomllib
from pathlib import Path

import microgradx

ROOT = Path(microgradx.__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


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
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    for line in ('pip install --quiet ".[test]"', "-m pytest", "-m mypy", "-m ruff check"):
        assert line in text
    assert f'"{PROJECT["requires-python"].removeprefix(">=")}"' in text
    assert all(system in text for system in ("ubuntu", "macos", "windows"))
