"""Arrays at the door: what has a shape and numbers is taken wherever a nested list of numbers is.

    >>> from array import array
    >>> from microgradx.arrays import is_array, nested
    >>> is_array(array("d", [1.0, 2.0])), is_array([1.0, 2.0]), nested(array("d", [1.0, 2.0]))
    (True, False, [1.0, 2.0])

An array is numpy's, array.array, memoryview, or anything else with a length and __array__, such as a CPU tensor of
torch or a column of pandas. One without dimensions is a number. Inside, functions see nested lists; what comes back is
numpy's array of float64. NumPy is imported when an array asks for it.
"""
from array import array
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from .extras import install
from .ieee import kind_of, short

NATIVE = frozenset("bBhHiIlLqQfd")          # formats of a buffer that Python reads by itself
REAL = frozenset("biuf")                    # kinds of numpy's dtypes: bool, int, unsigned int, float
FLOATS = frozenset((float, int, bool))


class FromArray(list[Any]):
    """The numbers of an array as nested lists, which remember that they were one: what has their nesting comes back as
    an array.

    sizes   the shape of the array, which an empty list does not tell
    """

    __slots__ = ("sizes",)

    def __init__(self, rows: Iterable[Any], sizes: tuple[int, ...]) -> None:
        super().__init__(rows)
        self.sizes = sizes

    def __reduce__(self) -> Any:
        return FromArray, (list(self), self.sizes)


def is_array(x: Any) -> bool:
    """Whether x is an array. A list is none, nor is a number of numpy's or an array without dimensions."""
    kind = x.__class__
    return kind is not float and kind is not list and may_be_array(kind) and shape(x) != ()


def may_be_array(kind: type) -> bool:
    """Whether objects of this class may be arrays."""
    return kind is array or kind is memoryview or (
        hasattr(kind, "__array__") and hasattr(kind, "__len__") and not issubclass(kind, str))


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


def nested(x: Any) -> FromArray:
    """The numbers of an array as nested lists, ints as ints. TypeError for complex numbers, text and other objects.

    >>> nested(memoryview(b"abcd").cast("B", (2, 2)))
    [[97, 98], [99, 100]]
    """
    return FromArray(x.tolist() if is_plain(x) else as_numpy(x).tolist(), shape(x))


def flat(x: Any) -> list[Any]:
    """The numbers of an array as one list, row by row. TypeError as nested()."""
    found: list[Any] = x.tolist() if len(shape(x)) == 1 and is_plain(x) else as_numpy(x).reshape(-1).tolist()
    return found


def packed(x: Any, dtype: str = "float64") -> Any:
    """The numbers of an array as numpy's float64 or float32 in C order: the array itself if it is one, else a copy.
    TypeError as nested(), and for Values."""
    found = rounded(as_numpy(x, dtype), dtype)
    return found if found.flags.aligned else found.copy()


def rounded(x: Any, dtype: str) -> Any:
    """Numbers as an array of float64 or float32 in C order, itself if it is one. Those out of range become infinite.

    >>> rounded([0.1, 1e39], "float32").tolist()
    [0.10000000149011612, inf]
    """
    np = numpy()
    if dtype == "float64":
        return np.asarray(x, dtype=float, order="C")
    with np.errstate(over="ignore"):
        return np.asarray(x, dtype=dtype, order="C")


def dtype_name(given: Any) -> str:
    """"float64" or "float32", from this name or from numpy's dtype of it. ValueError for any other dtype, TypeError for
    what is none.

    >>> dtype_name("float32")
    'float32'
    """
    name = getattr(given, "__name__", None) or getattr(given, "name", given)
    if not isinstance(name, str):
        raise TypeError(f"expected dtype 'float64' or 'float32', got {short(given)} ({kind_of(given)})")
    if name not in ("float64", "float32"):
        raise ValueError(f"expected dtype 'float64' or 'float32', got {short(given)}")
    return name


def shaped(numbers: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """A new numpy array of this shape from its numbers, row by row: of float64; of ints if all are, of objects if some
    are Values. ValueError if there are more or fewer.

    >>> shaped([1.0, 2.0, 3.0, 4.0], (2, 2)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if len(numbers) != prod(sizes):
        raise ValueError(f"expected {prod(sizes)} numbers for an array of shape {sizes}, got {len(numbers)}")
    kinds = set(map(type, numbers))
    if kinds <= FLOATS:
        return numpy().array(numbers, float if float in kinds or not kinds else None).reshape(sizes)
    found = numpy().empty(len(numbers), object)
    for i, x in enumerate(numbers):
        found[i] = x
    return found.reshape(sizes)


def nest(numbers: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """The numbers as nested lists of this shape; for () the one number.

    >>> nest("abcd", (2, 2))
    [['a', 'b'], ['c', 'd']]
    """
    if not sizes:
        return numbers[0]
    size = prod(sizes[1:])
    return [nest(numbers[i * size:(i + 1) * size], sizes[1:]) for i in range(sizes[0])] if sizes[1:] else list(numbers)


def as_numpy(x: Any, kept: str = "float64") -> Any:
    """An array as numpy's: of bools, ints, float64, or of Values and numbers. TypeError for any other dtype, which it
    names. kept: a dtype of floats that stays as it is, too."""
    np = numpy()
    if hasattr(x, "detach"):                            # torch's: NumPy knows no bfloat16, and no gradients
        x = x.detach().float() if "bfloat16" in str(x.dtype) else x.detach()
    found = np.asarray(x)
    if hasattr(x, "mask") and hasattr(x, "filled"):
        raise TypeError(f"expected an array of numbers, got a masked array of shape {found.shape}, in which some are "
                        "missing; write x.filled(...)")
    if found.dtype.kind in REAL:
        return found if found.dtype.kind != "f" or found.dtype in (float, kept) else found.astype(float)
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
