"""A line on stderr with the progress of training; nothing if stderr is not a terminal: a pipe, a file, a notebook.

    >>> from microgradx.training.progress import progress
    >>> with progress(total=100) as show:
    ...     show(1, "loss 0.25")
"""
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

Show = Callable[[int, str], None]
PAUSE = 0.1                     # seconds between two writes, too few to slow down 10,000 steps a second


@contextmanager
def progress(total: int | None) -> Iterator[Show]:
    """A function show(step, text) that updates the line: by tqdm if it is installed, else by plain characters."""
    if not sys.stderr.isatty():
        yield lambda step, text: None
        return
    try:
        tqdm = import_module("tqdm").tqdm
    except ImportError:
        with _plain(total) as show:
            yield show
        return
    with tqdm(total=total, unit="step") as bar:
        def show(step: int, text: str) -> None:
            bar.set_postfix_str(text, refresh=False)
            bar.update(step - bar.n)
        yield show


@contextmanager
def _plain(total: int | None) -> Iterator[Show]:
    last, line = 0.0, ""

    def show(step: int, text: str) -> None:
        nonlocal last, line
        line = f"step {step}{f' of {total}' if total else ''}  {text}"
        if time.monotonic() - last > PAUSE:
            last = time.monotonic()
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
    try:
        yield show
    finally:
        print(f"\r{line}\x1b[K", file=sys.stderr)
