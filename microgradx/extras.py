"""Extras: what pictures, plots or machine code need beside the engine, and how it is installed.

    >>> from microgradx.extras import install
    >>> install("draw").endswith('[draw]"')
    True

In a clone that is the folder itself: what a registry has may be another version, or nothing.
"""
from pathlib import Path

CLONE = Path(__file__).parent.parent / "pyproject.toml"


def install(extra: str) -> str:
    """The command that installs an extra: pip install ".[draw]" in a clone, else pip install "microgradx[draw]"."""
    return f'pip install "{"." if CLONE.is_file() else "microgradx"}[{extra}]"'
