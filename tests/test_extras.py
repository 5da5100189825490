"""What a missing extra is said to need."""
import tomllib
from pathlib import Path

from microgradx import extras

from .guides import TEXT


def test_in_a_clone_it_is_the_folder_and_elsewhere_the_package(monkeypatch, tmp_path):
    assert extras.install("draw") == 'pip install ".[draw]"'
    monkeypatch.setattr(extras, "CLONE", tmp_path / "pyproject.toml")
    assert extras.install("draw") == 'pip install "microgradx[draw]"'


def test_all_extras_that_are_named_exist():
    root = Path(extras.__file__).parent
    known = tomllib.loads((root.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert all(f"| `{extra}` |" in TEXT for extra in known)
    sources = [path.read_text() for path in root.rglob("*.py")]
    used = {extra for extra in known for text in sources if f"install('{extra}')" in text.replace('"', "'")}
    assert used == {"draw", "plot", "jit", "examples", "sklearn", "sparse", "strategies", "sympy", "jax", "onnx"}
    assert known.keys() - used == {"dask", "docs", "notebooks", "test"}      # a Client of dask comes from its user
    assert not any('"microgradx[' in text.replace('"microgradx[draw]"', "", 1) for text in sources)
