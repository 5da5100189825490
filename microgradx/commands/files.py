"""Files that a command writes, or reads commands from."""
import os
import pathlib

from ..files import replace
from ..ieee import printable
from ..show.terminal.screen import say

OWN = 100_000                       # bytes at both ends of a file in which it says that microgradx wrote it


class UsageError(ValueError):
    """A command line that cannot be run; the message says what to write."""


def lines(path: str) -> list[str]:
    """The commands in a file, one on each line. UsageError if it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return [line for line in file if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the script {path!r}: {error}") from None


def may_write(path: str, force: bool) -> None:
    """UsageError if there is a file that microgradx did not write, unless --force is given."""
    if not os.path.isfile(path):        # there is none; or a pipe, which would be waited for, a device, a folder
        return
    try:
        with open(path, "rb") as file:
            start = file.read(OWN)
            file.seek(max(0, file.seek(0, os.SEEK_END) - OWN))
            ours = not start or b"microgradx" in start + file.read()
    except OSError:                     # it is none that is read
        return
    if not (ours or force):
        raise UsageError(f"{printable(path)} is there already, and microgradx did not write it; "
                         "choose another name, or overwrite it with --force")


def format_of(path: str) -> str:
    """The end of a file's name, such as png."""
    return os.path.splitext(path)[1][1:].lower()


def wrote(path: str) -> None:
    """Say that a file was written, and its size."""
    say(f"wrote {printable(path)}, {os.path.getsize(path) / 1000:.0f} kB")


def deliver(page: str, path: str, opened: bool) -> None:
    """Write a page to a file, say so, and open it in the browser where that is wanted."""
    import webbrowser
    replace(path, page.encode("ascii") + b"<!-- microgradx -->\n")        # see may_write()
    print(f"wrote {printable(path)}, {len(page) / 1000:.0f} kB: one file that works from disk, without a network")
    if opened and not webbrowser.open(pathlib.Path(path).resolve().as_uri()):
        print("no browser was found; open the file yourself")
