"""Text in columns, for every front end of the terminal. Plain ASCII, so that it lines up on any of them.

    >>> from microgradx.show.terminal.columns import columns
    >>> print(columns(["value", "data"], [["x", "2"], ["n", "0.881374"]]))
    value    data
    x        2
    n        0.881374
"""
from collections.abc import Iterable, Sequence

GAP, WIDTH, HALF = 4, 100, 50              # between columns; characters of a rule, and of two formulas on a line


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: every column as wide as its widest cell."""
    lines = [header, *rows]
    widths = [max(map(len, column)) + GAP for column in zip(*lines)]
    return "\n".join("".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def fields(*pairs: tuple[str, str]) -> str:
    """Named lines under a heading, indented: `rule    dn/db = 1`."""
    widest = max(12, *(len(name) for name, _ in pairs)) + GAP
    return "\n".join(f"    {name.ljust(widest)}{text}" for name, text in pairs)


def cut(text: str, width: int = WIDTH) -> str:
    """A text that may be long, its middle left out."""
    half = (width - 5) // 2
    return text if len(text) <= width else f"{text[:half]} ... {text[-half:]}"
