"""Layout: where CPython keeps what in its objects, and numpy in its arrays; machine code reads them as C code does.

    >>> import ctypes
    >>> from microgradx.compiler.native.layout import NUMBER, is_known
    >>> x = 2.5
    >>> ctypes.c_double.from_address(id(x) + NUMBER).value if is_known() else x
    2.5
"""
import sys
from types import CellType

TYPE, NUMBER, SIZE, ITEMS = 8, 16, 16, 24       # bytes from the start of an object; a list has a pointer at ITEMS
CONTENTS = 16                                   # of a cell
DATA, DIMENSIONS, LENGTHS, DTYPE, FLAGS = 16, 24, 32, 56, 64        # of an array: PyArrayObject in numpy's headers
ORDERLY = 0x101                                 # flags NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED


def is_known() -> bool:
    """Whether this Python has the layout that is written here: 64-bit CPython 3.11 to 3.13, not free-threaded."""
    return (sys.implementation.name == "cpython" and (3, 11) <= sys.version_info < (3, 14)
            and tuple(x.__basicsize__ for x in (float, list, tuple, CellType)) == (24, 40, 24, 24))
