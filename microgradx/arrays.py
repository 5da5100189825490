"""Arrays at the door: what has a shape and numbers is taken wherever a nested list of numbers is.

    >>> from array import array
    >>> from microgradx.arrays import is_array, nested
    >>> is_array(array("d", [1.0, 2.0])), is_array([1.0, 2.0]), nested(array("d", [1.0, 2.0]))
    (True, False, [1.0, 2.0])

An array is numpy's, array.array, memoryview, or anything else with a length and __array__, such as a CPU tensor of
torch or a column of pandas. Inside, functions see nested lists; what comes back is numpy's array of float64. NumPy is
imported when an array asks for it.
"""
from array import array
from collections.abc import Sequence
from math import prod
from typing import Any

from .extras import install
from .ieee import short

NATIVE = frozenset("bBhHiIlLqQfd")          # formats of a buffer that Python reads by itself
REAL = frozenset("biuf")                    # kinds of numpy's dtypes: bool, int, unsigned int, float
FLOATS = frozenset((float, int, bool))


def is_array(x: Any) -> bool:
    """Whether x is an array, also one without dimensions; a numpy scalar is a number, a list is a list."""
    kind = x.__class__
    if kind is float or kind is list:                   # most often
        return False
    return kind is array or kind is memoryview or (
        hasattr(kind, "__array__") and hasattr(kind, "__len__") and hasattr(x, "shape") and not issubclass(kind, str))


def numpy() -> Any:
    """The module numpy. ImportError that says what to install."""
    try:
        import numpy
    except ImportError as error:
        raise ImportError(f"arrays come back as numpy's, and numpy is not installed: {install('jit')}") from error
    return numpy


def shape(x: Any) -> tuple[int, ...]:
    """The shape of an array; () if it has no dimensions."""
    return tuple(map(int, x.shape)) if hasattr(x, "shape") else (len(x),)


def nested(x: Any) -> Any:
    """The numbers of an array as nested lists, ints as ints. TypeError for complex numbers, text and other objects.

    >>> nested(memoryview(b"abcd").cast("B", (2, 2)))
    [[97, 98], [99, 100]]
    """
    return x.tolist() if is_plain(x) else as_numpy(x).tolist()


def flat(x: Any) -> list[Any]:
    """The numbers of an array as one list, row by row. TypeError as nested()."""
    found: list[Any] = x.tolist() if len(shape(x)) == 1 and is_plain(x) else as_numpy(x).reshape(-1).tolist()
    return found


def packed(x: Any) -> Any:
    """The numbers of an array as numpy's float64 in C order: the array itself if it is one, else a copy. TypeError as
    nested(), and for Values."""
    return numpy().asarray(as_numpy(x), dtype=float, order="C")


def shaped(numbers: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """A new numpy array of this shape from its numbers, row by row: of float64, or of objects if some are Values.
    ValueError if there are more or fewer.

    >>> shaped([1.0, 2.0, 3.0, 4.0], (2, 2)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if len(numbers) != prod(sizes):
        raise ValueError(f"expected {prod(sizes)} numbers for an array of shape {sizes}, got {len(numbers)}")
    if FLOATS.issuperset(map(type, numbers)):
        return numpy().array(numbers, float).reshape(sizes)
    found = numpy().empty(len(numbers), object)
    for i, x in enumerate(numbers):
        found[i] = x
    return found.reshape(sizes)


def as_numpy(x: Any) -> Any:
    """An array as numpy's: of bools, ints, float64, or of Values and numbers. TypeError for any other dtype, which it
    names."""
    np = numpy()
    found = np.asarray(x)
    if hasattr(x, "mask") and hasattr(x, "filled"):
        raise TypeError(f"expected an array of numbers, got a masked array of shape {found.shape}, in which some are "
                        "missing; write x.filled(...)")
    if found.dtype.kind in REAL:
        return found if found.dtype.kind != "f" or found.dtype == float else found.astype(float)
    if found.dtype.kind == "O" and _has_values(found.reshape(-1).tolist()):
        return found
    raise TypeError(f"expected an array of real numbers, got dtype {found.dtype}, shape {found.shape}: "
                    f"{short(x)}; {_advice(found.dtype.kind)}")


def is_plain(x: Any) -> bool:
    """Whether it is a buffer of Python's own, whose numbers need no numpy."""
    return (x.__class__ is array and x.typecode in NATIVE) or (x.__class__ is memoryview and x.format in NATIVE)


def _has_values(xs: list[Any]) -> bool:
    """Whether an array of objects holds Values, and beside them nothing but numbers."""
    kinds = set(map(type, xs))
    values = {kind for kind in kinds if hasattr(kind, "_apply")}
    return bool(values) and all(hasattr(kind, "__float__") and not hasattr(kind, "__len__") for kind in kinds - values)


def _advice(kind: str) -> str:
    if kind == "c":
        return "give real and imaginary part as two arrays"
    return "write x.astype(float) if they are numbers"
