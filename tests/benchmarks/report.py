"""Figures as a reader wants them: times in fitting units, Markdown tables, the machine they were measured on.

    >>> from report import table, duration
    >>> print(table(["", "W1"], [["microgradx", duration(5.25e-6)]]))
    | | W1 |
    |---|---|
    | microgradx | 5.25 µs |
"""
import os
import platform
from collections.abc import Sequence
from pathlib import Path

UNITS = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")]


def figure(x: float) -> str:
    """Three significant digits, never an exponent.

    >>> figure(2101.4), figure(317.0), figure(8.714), figure(0.30)
    ('2101', '317', '8.71', '0.30')
    """
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def duration(seconds: float) -> str:
    """A time in the largest unit that leaves it above 1."""
    unit, name = next((u for u in UNITS if seconds >= u[0]), UNITS[-1])
    return f"{figure(seconds / unit)} {name}"


def size(amount: int) -> str:
    """Bytes in the largest unit that leaves them above 1.

    >>> size(840), size(1_234_567)
    ('840 B', '1.23 MB')
    """
    unit, name = next(((n, name) for n, name in ((10**6, "MB"), (10**3, "kB")) if amount >= n), (1, "B"))
    return f"{amount} B" if unit == 1 else f"{figure(amount / unit)} {name}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, *rows]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([text[0].replace("|  |", "| |"), "|" + "---|" * len(head), *text[1:]])


def machine() -> str:
    """Processor, system and Python; nothing that tells whose machine it is."""
    return (f"{processor()}, {os.cpu_count()} cores, {platform.system()}, "
            f"{platform.python_implementation()} {platform.python_version()}")


def processor() -> str:
    """The model of the processor, as Linux tells it, else as Python knows it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
