"""Extras: the packages that pictures, plots or machine code need, and how to install them.

    >>> from microgradx.extras import install
    >>> install("draw").endswith('[draw]"')
    True

In a clone pip installs from the folder: a registry may have another version, or none.
"""
from pathlib import Path

CLONE = Path(__file__).parent.parent / "pyproject.toml"


def install(extra: str) -> str:
    """The command that installs an extra: pip install ".[draw]" in a clone, else pip install "microgradx[draw]"."""
    return f'pip install "{"." if CLONE.is_file() else "microgradx"}[{extra}]"'
