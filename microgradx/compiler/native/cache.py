"""Cache: machine code on disk, so that another process need not compile it again.

    >>> import os, tempfile
    >>> from microgradx.compiler.native.cache import Cache
    >>> cache = Cache(os.path.join(tempfile.mkdtemp(), "microgradx"))
    >>> cache.put("ab12", b"machine code")
    >>> cache.get("ab12"), cache.get("cd34"), oct(os.stat(cache.folder).st_mode & 0o777)
    (b'machine code', None, '0o700')

The environment variable MICROGRADX_CACHE names the folder, or is "off"; by default it is the user's folder for caches.
Machine code is found by a hash of its LLVM code, of this version, of LLVM's, and of the processor. A file counts only
if it and its folder are the user's own, nobody else may write there, and its checksum is right.
"""
from __future__ import annotations

import hashlib
import math
import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path

from ...files import replace

MOST = 256 * 2**20                      # bytes in the folder; the files that were used least lately are removed
ADDRESS = re.compile(r"inttoptr \(?i64 \d")     # an address of this process: its code is of no use to another one
SUFFIX = ".code"


def folder() -> str | None:
    """Where the cache is; None if it is off, or if the user has no folder for it."""
    chosen = os.environ.get("MICROGRADX_CACHE", "")
    if chosen:
        return None if chosen.lower() in ("off", "0", "no", "false") else chosen
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        with suppress(RuntimeError):                # no home
            base = base or str(Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache"))
    return os.path.join(base, "microgradx") if os.path.isabs(base) else None


class Cache:
    """The files of a folder, which is made if it is not there; nothing is ever raised: without a cache it compiles.

    size    bytes in the folder, as far as this process knows: it looks first, and where that is more than MOST
    """

    def __init__(self, folder: str) -> None:
        self.folder, self.size = folder, math.inf

    def get(self, key: str) -> bytes | None:
        """What was put there under this key; None if it is not there, or is not to be trusted."""
        path = os.path.join(self.folder, key + SUFFIX)
        try:
            with open(path, "rb", opener=_no_link) as file:
                if not (_is_private(os.stat(self.folder)) and _is_private(os.fstat(file.fileno()))):
                    return None
                content = file.read()
            os.utime(path)                          # used last now
        except OSError:
            return None
        checksum, code = content[:32], content[32:]
        return code if checksum == _checksum(key, code) else None

    def put(self, key: str, code: bytes) -> None:
        """Keep it under this key, whole or not at all."""
        with suppress(OSError):
            os.makedirs(self.folder, 0o700, exist_ok=True)
            if _is_private(os.stat(self.folder)):
                replace(os.path.join(self.folder, key + SUFFIX), _checksum(key, code) + code)
                self.size += 32 + len(code)
                if self.size > MOST:
                    self._trim()

    def _trim(self) -> None:
        """Remove the files that were used least lately, down to half, where there is more than MOST."""
        files = [(file.stat().st_mtime, file.stat().st_size, file.path)
                 for file in os.scandir(self.folder) if file.name.endswith(SUFFIX)]
        size = sum(bytes for _, bytes, _ in files)
        for _, bytes, path in sorted(files) if size > MOST else ():
            if size <= MOST // 2:
                break
            with suppress(OSError):
                os.remove(path)
            size -= bytes
        self.size = size


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _is_private(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user, and nobody else may write there."""
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid()
                                          and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _checksum(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + code).digest()


def key_of(text: str, *machine: object) -> str | None:
    """The key of a module's code for this machine; None if another process could not use it."""
    if ADDRESS.search(text):
        return None
    return hashlib.sha256("\0".join([text, *map(str, machine)]).encode()).hexdigest()
