"""How text reaches the terminal: wrapped at words to the width of the window, and in colour. A pipe gets it as it is.

    >>> from microgradx.show.terminal.screen import painted, wrapped
    >>> print(wrapped("    rule    dy/dw = x1 + x2 + x3 + x4", 24))
        rule    dy/dw = x1 +
                x2 + x3 + x4
    >>> painted("forward 1 of 2")
    '\\x1b[36mforward\\x1b[0m 1 of 2'

Colour adds nothing: without it the text is the same.
"""
import os
import re
import shutil
import sys
from textwrap import wrap

NARROW = 20                                 # columns; a narrower window is treated as this wide
GAP = re.compile(r"^( *\S.*? {2,})(?=\S)")  # the first column of a line, with the space behind it
CYAN, PURPLE, GREEN, RED, BOLD, DIM = "36", "35", "32", "1;31", "1", "2"
COLOURS = [                                 # what is coloured in a line: the first that fits counts
    (re.compile(r"^forward\b", re.M), CYAN), (re.compile(r"^backward\b", re.M), PURPLE),
    (re.compile(r"^(?:value|leaf|name) {2,}.*$", re.M), DIM),
    (re.compile(r"^    (?:rule|contribution|computed as|kinks?|pole|in textbooks|slope|domain)(?= {2,})", re.M), DIM),
    (re.compile(r"^>.*$", re.M), BOLD), (re.compile(r"^    grad\([^()]*\)(?= {2,})", re.M), BOLD),
    (re.compile(r"\bthey agree\b|\bcomplete\b|^Right:", re.M), GREEN),
    (re.compile(r"\bthey DISAGREE\b|\bnot finite\b|^Not quite:|\bat a kink\b", re.M), RED),
]
_when = "auto"


def colour(when: str) -> None:
    """Set whether text is coloured: "always", "never", or "auto": at a terminal, unless NO_COLOR is set."""
    global _when  # noqa: PLW0603
    _when = when


def is_coloured() -> bool:
    """Whether text is coloured now. https://no-color.org: NO_COLOR counts if it is not empty."""
    if _when != "auto":
        return _when == "always"
    return at_window() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def at_window() -> bool:
    """Whether what is printed goes to a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int | None:
    """The columns of the window; None where nothing is to be wrapped, as in a pipe."""
    return max(shutil.get_terminal_size().columns, NARROW) if at_window() else None


def say(text: str) -> None:
    """Print a text as it fits the window."""
    columns = width()
    text = wrapped(text, columns) if columns else text
    print(painted(text) if is_coloured() else text)


def wrapped(text: str, columns: int) -> str:
    """The text with no line longer than `columns`; what does not fit goes on below the second column of its line."""
    return "\n".join(line if len(line) <= columns else _folded(line, columns) for line in text.split("\n"))


def _folded(line: str, columns: int) -> str:
    first = GAP.match(line)
    before = len(line) - len(line.lstrip())                 # a paragraph has nothing before it
    indent = len(first[1]) if first and len(first[1]) <= columns // 2 else before + 4 * (before > 0)
    return "\n".join(wrap(line, columns, subsequent_indent=" " * min(indent, columns // 2), drop_whitespace=True,
                          replace_whitespace=False, break_on_hyphens=False))


def painted(text: str) -> str:
    """The text with colours."""
    for pattern, code in COLOURS:
        text = pattern.sub(lambda found, code=code: f"\x1b[{code}m{found[0]}\x1b[0m", text)  # type: ignore[misc]
    return text
