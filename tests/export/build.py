"""C source compiled by the compilers that are installed, loaded, and called with Python's numbers.

>>> set(COMPILERS) <= {"gcc", "clang"}
True
"""
import ctypes
import pathlib
import shutil
import subprocess

from microgradx import Value
from microgradx.nesting import leaves

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
FIRST = (*COMPILERS, "gcc")[0]
STRICTLY = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wshadow"]


def built(source, folder, compiler=FIRST, level="-O0"):
    """The shared library of a CSource, compiled without a warning."""
    *_, path = source.save(folder)
    out = pathlib.Path(folder) / f"{source.name}{compiler}{level}.so"
    subprocess.run([compiler, *STRICTLY, level, "-fPIC", "-shared", path, "-o", out, "-lm"], check=True)
    return ctypes.CDLL(str(out))


class Array:
    """Numbers that C reads or writes."""

    def __init__(self, numbers):
        self.numbers = (ctypes.c_double * len(numbers))(*numbers)

    def __iter__(self):
        return iter(self.numbers)


def passed(x):
    """An argument of a function of Python as one of C: a number, or the array of its numbers."""
    if isinstance(x, Array):
        return x.numbers
    if isinstance(x, (float, Value)):
        return ctypes.c_double(float(x.data) if isinstance(x, Value) else x)
    numbers = [v.data if isinstance(v, Value) else v for v in leaves(x) if not isinstance(v, int)]
    return Array(numbers).numbers


def call(library, name, args, results=()):
    """Call a function with these arguments and arrays for its results; what it returns. Arguments without a number
    are not passed."""
    f = library[name]
    f.restype = ctypes.c_double
    given = [x for x in args if isinstance(x, Array) or any(not isinstance(v, int) for v in leaves(x))]
    return f(*map(passed, given), *(r.numbers for r in results))


def state(library, name, size):
    """A copy of an exported struct, which the function may change."""
    return Array((ctypes.c_double * size).in_dll(library, f"{name}_exported"))
