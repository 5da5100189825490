"""Native code: C compiled at run time, and a loop in C that runs a kernel many times without coming back to Python.

    >>> from peers.native import run                                  # run(kernel, memory, 1000)

A kernel is a function void kernel(double *memory), given by its address, as is its memory.
"""
import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "c"


def build(name: str, *flags: str) -> ctypes.CDLL:
    """The library that cc makes of c/<name>.c."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / f"{name}.so"
        subprocess.run(["cc", *flags, "-march=native", "-shared", "-fPIC", SOURCES / f"{name}.c", "-o", library, "-lm"],
                       check=True)
        return ctypes.CDLL(str(library))


@cache
def loop() -> ctypes.CDLL:
    """The loop, in a library of its own: a compiler that saw the kernel would move work out of it."""
    library = build("repeat", "-O2")
    library.repeat.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long)
    library.repeat.restype = None
    return library


def run(kernel: int, memory: int, runs: int) -> None:
    """Run the kernel at this address, on the memory at this address, so many times."""
    loop().repeat(kernel, memory, runs)
