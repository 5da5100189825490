"""Files that are whole at any moment: what stands in them is the old content or the new one, never a part.

    >>> import os, tempfile
    >>> from microgradx.files import replace
    >>> folder = tempfile.mkdtemp()
    >>> path = os.path.join(folder, "page.html")
    >>> replace(path, b"old")
    >>> replace(path, b"new")
    >>> open(path, "rb").read(), os.listdir(folder)
    (b'new', ['page.html'])
"""
import os
import re
import stat
from contextlib import suppress
from typing import BinaryIO

try:
    import fcntl
except ImportError:                     # Windows, where nobody can remove a file that another one writes
    fcntl = None                        # type: ignore[assignment]

Path = str | os.PathLike[str]
PART = re.compile(r"\.[0-9a-f]{16}\.part")


def replace(path: Path, content: bytes) -> None:
    """Write a file beside it, then give that its name: a full disk or a power cut leaves the old file, or the new one.

    The new file has the mode and owner of the old one. A link stays; its target is replaced. A pipe or a device is
    written to. OSError from the disk; then the old file is as it was.
    """
    before = os.stat(path) if os.path.exists(path) else None
    if before and not stat.S_ISREG(before.st_mode):
        with open(path, "wb") as pipe:
            pipe.write(content)
        return
    target = os.path.realpath(path)
    _sweep(os.path.dirname(target))
    file = _part(os.path.dirname(target), private=before is not None)
    try:
        with file:
            if before:
                _like(file.name, before)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if fcntl:
                os.replace(file.name, target)       # while it is locked: see _sweep
        if not fcntl:
            os.replace(file.name, target)
    finally:
        if os.path.exists(file.name):
            os.remove(file.name)


def _like(path: str, before: os.stat_result) -> None:
    """Give a file the owner and the mode of another, the owner if that is allowed."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(path, before.st_uid, before.st_gid)
    os.chmod(path, stat.S_IMODE(before.st_mode))


def _part(folder: str, private: bool) -> BinaryIO:
    """A new file in this folder, locked, which is removed or renamed; private until it gets the mode of another."""
    mode = 0o600 if private else 0o666
    while True:
        name = os.path.join(folder, f".{os.urandom(8).hex()}.part")
        file = open(name, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
        with suppress(OSError):                     # a file system without locks
            _lock(file)
        if os.path.exists(name):                    # else another process swept it before it was locked
            return file
        file.close()


def _sweep(folder: str) -> None:
    """Remove what processes that were killed left: nobody has locked it any more."""
    for name in os.listdir(folder):
        if PART.fullmatch(name):
            path = os.path.join(folder, name)           # a regular file: to open a pipe would wait for another process
            with suppress(OSError):
                if stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, "rb") as file:
                        _lock(file)
                        os.remove(path)


def _lock(file: BinaryIO) -> None:
    """Lock a file until it is closed. OSError if another process has, or if the file system has no locks."""
    if fcntl:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
